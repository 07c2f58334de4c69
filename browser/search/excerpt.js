/** The pieces of a document that show best why it was found: one to read, and sections to go to. Pure. */

const LENGTH = 120;
const LEAD = 24; // characters before the first match
const SECTIONS = 3;

/** @typedef {{text: string, mark: boolean}} Part */
/** @typedef {[anchor: string, heading: string, text: string]} Section */

/** What kind of question wants what kind of section. @type {[RegExp, RegExp][]} */
const WANTED = [
  [/公式|怎么算|如何计算|推导|formula|equation|compute[ds]?\b|calculat/i, /公式|怎样算|怎么算|损失|目标|梯度|formula|loss/i],
  [/代码|实现|怎么用|如何使用|使用方法|配置|code|implement|how to use/i, /代码|动手|实现|用法|怎么用|code|try/i],
  [/缺点|不足|局限|问题|注意|坑|limitation|drawback|disadvantage|challenge|problem/i, /坑|易错|注意|代价|局限|问题|pitfall|limit/i],
  [/优点|优势|好处|为什么要|为什么需要|advantage|benefit|why/i, /为什么|好处|优点|回答的问题|想法|效果|why/i],
  [/区别|不同|异同|比较|对比|差异|difference|compare|versus|\bvs\b/i, /区别|比较|对比|不同|哪一种|怎么选|之前|后来|difference/i],
  [/什么是|是什么|是啥|介绍|原理|思路|what is|what are|explain|idea/i, /想法|是什么|回答的问题|怎样|做法|idea/i],
];

/**
 * Finds any of the marks, long ones first; one in Latin letters only where a word begins, and with the marks inside that
 * the index leaves out: `topp` is found in `top_p`.
 * @param {string[]} marks
 */
function matcher(marks) {
  const quoted = (/** @type {string} */ text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const latin = (/** @type {string} */ mark) => `(?<![a-z0-9])${[...mark.replace(/[-_.\s]/g, "")].map(quoted).join("[-_. ]?")}`;
  const patterns = marks.map((mark) => (/\p{Script=Han}/u.test(mark) ? quoted(mark) : latin(mark)));
  return new RegExp(patterns.sort((a, b) => b.length - a.length).join("|") || "(?!)", "giu");
}

/**
 * Where the window with the most different marks begins; marks side by side, as a phrase, count once more.
 * @param {RegExpMatchArray[]} found
 */
function densest(found) {
  let best = { start: 0, value: 0 };
  for (const { index: start = 0 } of found) {
    const inside = found.filter(({ index = 0 }) => index >= start && index < start + LENGTH - LEAD);
    const different = new Set(inside.map(([word]) => word.toLowerCase())).size;
    const value = different + (inside.length > 1 && inside[1].index === start + inside[0][0].length ? 1 : 0);
    if (value > best.value) best = { start, value };
  }
  return best;
}

/** Whether a place is inside a character, or a word of Latin letters. @param {string} text @param {number} at */
const halves = (text, at) => /[\udc00-\udfff]/.test(text[at] ?? "") || /^[A-Za-z0-9]{2}$/.test(text.slice(Math.max(0, at - 1), at + 1));

/** A place in a text, or one shortly before it that halves nothing. @param {string} text @param {number} at */
function whole(text, at) {
  let before = at;
  while (before > Math.max(0, at - LEAD) && halves(text, before)) before -= 1;
  return halves(text, before) ? at : before;
}

/**
 * A text's window: from its beginning where that says it, or else from the sentence before the marks.
 * @param {string} text
 * @param {string[]} marks
 * @returns {Part[]}
 */
export function excerpt(text, marks) {
  const found = [...text.matchAll(matcher(marks))];
  const { start } = densest(found);
  let from = 0;
  if (start > LENGTH - LEAD) {
    const sentence = Math.max(...["。", "；", "？", "！", ". "].map((end) => text.lastIndexOf(end, start - 1) + end.length * Number(text.includes(end))));
    from = whole(text, sentence > start - 2 * LEAD && sentence <= start ? sentence : start - LEAD);
  }
  const to = whole(text, Math.min(text.length, from + LENGTH));
  /** @type {Part[]} */
  const parts = from > 0 ? [{ text: "…", mark: false }] : [];
  let at = from;
  for (const { index = 0, 0: word } of found) {
    if (index < at || index + word.length > to) continue;
    if (index > at) parts.push({ text: text.slice(at, index), mark: false });
    const last = parts.at(-1);
    if (last?.mark) last.text += word;
    else parts.push({ text: word, mark: true });
    at = index + word.length;
  }
  if (at < to) parts.push({ text: text.slice(at, to), mark: false });
  if (to < text.length && !text.slice(0, to).endsWith("…")) parts.push({ text: "…", mark: false });
  return parts;
}

/**
 * The section to show, and those to go to.
 * @param {string} query
 * @param {string} lead What the document says in short, "" where its first section does.
 * @param {Section[]} sections
 * @param {string[]} marks
 * @returns {{text: string, sections: Section[]}}
 */
export function chosen(query, lead, sections, marks) {
  const pattern = matcher(marks);
  const wanted = WANTED.filter(([asked]) => asked.test(query)).map(([, heading]) => heading);
  const value = (/** @type {Section} */ [, heading, text]) => {
    const distinct = new Set([...`${heading} ${text}`.matchAll(pattern)].map(([word]) => word.toLowerCase()));
    const said = [...distinct].reduce((sum, word) => sum + Math.min(4, word.length), 0);
    return said + (wanted.some((one) => one.test(heading)) ? 5 : 0);
  };
  const ranked = sections.map((section, i) => ({ section, i, value: value(section) })).filter((one) => one.value > 0);
  ranked.sort((a, b) => b.value - a.value || a.i - b.i);
  const first = /** @type {Section} */ (["", "", lead || sections[0]?.[2] || ""]);
  const best = ranked[0]?.section;
  const text = !best || value(first) >= 0.6 * ranked[0].value ? first[2] : best[2];
  return { text, sections: ranked.filter(({ section }) => section[0]).slice(0, SECTIONS).map(({ section }) => section) };
}
