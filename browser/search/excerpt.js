/** The piece of a page's text that shows best why it was found. Pure. */

const LENGTH = 110;
const LEAD = 18; // characters before the first match

/** @typedef {{text: string, mark: boolean}} Part */

/**
 * Finds any of the terms, long ones first; one in Latin letters only where a word begins, as the index does, and with
 * the marks inside that the index leaves out: `topp` is found in `top_p`.
 * @param {string[]} terms Letters and digits, joined by `-_.` maybe.
 */
function matcher(terms) {
  const latin = (/** @type {string} */ term) => `(?<![a-z0-9])${[...term.replace(/[-_.]/g, "")].join("[-_.]?")}`;
  const patterns = terms.map((term) => (/\p{Script=Han}/u.test(term) ? term : latin(term)));
  return new RegExp(patterns.sort((a, b) => b.length - a.length).join("|"), "giu");
}

/**
 * Where the window with the most different terms begins; terms side by side, as a phrase, count once more.
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
  return best.start;
}

/**
 * @param {string} content Plain text of a page; it opens with the title, which is shown elsewhere.
 * @param {string} title
 * @param {string[]} terms What to mark.
 * @returns {Part[]}
 */
export function excerpt(content, title, terms) {
  const rest = content.startsWith(title) ? content.slice(title.length) : content;
  const text = rest.replace(/\\[()[\]]/g, "").replace(/^[\s.。]+/, "");
  const found = terms.length ? [...text.matchAll(matcher(terms))] : [];
  const from = Math.max(0, densest(found) - LEAD);
  const to = Math.min(text.length, from + LENGTH);
  /** @type {Part[]} */
  const parts = from > 0 ? [{ text: "…", mark: false }] : [];
  let at = from;
  for (const { index = 0, 0: word } of found) {
    if (index < from || index + word.length > to) continue;
    if (index > at) parts.push({ text: text.slice(at, index), mark: false });
    const last = parts.at(-1);
    if (last?.mark) last.text += word;
    else parts.push({ text: word, mark: true });
    at = index + word.length;
  }
  if (at < to) parts.push({ text: text.slice(at, to), mark: false });
  if (to < text.length) parts.push({ text: "…", mark: false });
  return parts;
}
