/**
 * What a reader typed -> the searches worth trying, and the order of what they find. Pure: no page, no network.
 *
 * Pagefind cuts Chinese with one dictionary when it indexes (注意力 is stored as 注意 + 力, 显存 as 显存), browsers cut
 * with another (注意力 whole, 显存 as 显 + 存), and all terms must match. So the query is cut here, in every plausible
 * way, and the cut that the index answers best is used.
 */

/** The ranking: points added to Pagefind's score, which is scaled to 0…1. Names say what earns them. */
export const RANKING = {
  named: 3, // the query is made of the page's title or aliases
  inName: 1, // it is part of one of them
  allWordsInName: 0.5,
  inText: 0.3, // it stands in the text as typed
  concept: 1, // a page that explains it comes before pages that mention it
  listing: -2, // pages without a kind only list others
};

/** Passed to Pagefind's `options({ranking})`. */
export const PAGEFIND_RANKING = {
  termFrequency: 0.6, // a page that repeats a word is not more about it
  pageLength: 0.4, // long talks neither drown short answers nor vanish
  termSimilarity: 2, // whole words before words that only begin alike
  metaWeights: { title: 5, aliases: 5 },
};

const MOST_VARIANTS = 12;
const HAN = /\p{Script=Han}/u;

/** Words that shape a question and say nothing of its subject. */
const FILLERS = new Set(
  (
    "的 了 吗 呢 吧 啊 是 在 有 要 和 与 请问 怎么 怎样 如何 什么 为什么 为何 哪些 哪个 是否 可以 能 会 " +
    "a an the of is are in to how what why"
  ).split(" "),
);

/**
 * @typedef {{score: number, title: string, aliases: string[], text: string, kind: string}} Candidate `text` as Pagefind stores it.
 */

/**
 * Runs of one script, in lower case: `Top_p采样` -> `["top", "p", "采样"]`.
 * @param {string} text
 * @returns {string[]}
 */
export function words(text) {
  const plain = text.normalize("NFKC").toLowerCase();
  return plain.match(/\p{Script=Han}+|(?:(?!\p{Script=Han})[\p{L}\p{M}\p{N}])+/gu) ?? [];
}

/**
 * The ways to write `n` as a sum of ones, twos and threes, fewest parts first.
 * @param {number} n
 * @returns {number[][]}
 */
function sums(n) {
  if (n === 0) return [[]];
  const ends = [2, 1, 3].filter((last) => last <= n);
  return ends.flatMap((last) => sums(n - last).map((parts) => [...parts, last])).sort((a, b) => a.length - b.length);
}

/**
 * @param {string} text
 * @param {number[]} lengths
 */
function cut(text, lengths) {
  const characters = [...text];
  return lengths.map((length) => characters.splice(0, length).join(""));
}

/**
 * Every choice of one list from each group, joined; at most `MOST_VARIANTS`, fewest pieces first.
 * @param {string[][][]} groups
 * @returns {string[][]}
 */
function combine(groups) {
  let rows = [/** @type {string[]} */ ([])];
  for (const choices of groups) {
    rows = rows.flatMap((row) => choices.map((choice) => [...row, ...choice]));
    rows.sort((a, b) => a.length - b.length);
    rows = rows.slice(0, MOST_VARIANTS);
  }
  return rows;
}

/**
 * The platform's words of a Chinese run; without a segmenter, the run itself.
 * @param {string} run
 * @returns {string[]}
 */
function segment(run) {
  if (typeof Intl.Segmenter === "undefined") return [run];
  return [...new Intl.Segmenter("zh", { granularity: "word" }).segment(run)].map((part) => part.segment);
}

/**
 * The words of a Chinese run as the platform sees them, single characters in a row kept together:
 * `大模型的显存` -> `["大", "模型", "的显存"]`. Fillers stand alone, so that they can be left out.
 * @param {string} run
 * @returns {string[]}
 */
function roughWords(run) {
  /** @type {string[]} */
  const rough = [];
  let loose = false; // whether the last entry is a run of single characters that may grow
  for (const word of segment(run)) {
    const single = [...word].length === 1 && !FILLERS.has(word);
    if (single && loose) rough[rough.length - 1] += word;
    else rough.push(word);
    loose = single;
  }
  return rough;
}

/**
 * The pieces a word may be stored as, the likeliest first. A word of the platform's dictionary is taken whole, one of
 * three characters also in two; a row of loose characters in every way.
 * @param {string} word
 * @returns {string[][]}
 */
function pieces(word) {
  const length = [...word].length;
  if (!HAN.test(word) || length === 1) return [[word]];
  const known = segment(word).length === 1;
  if (length === 3) return sums(3).map((lengths) => cut(word, lengths)).slice(0, known ? 3 : 4);
  if (known) return length === 4 ? [[word], cut(word, [2, 2])] : [[word]];
  if (length > 6) return [cut(word, Array(Math.ceil(length / 2)).fill(2))];
  return sums(length).map((lengths) => cut(word, lengths));
}

/**
 * The subject words of a query, question words left out where anything else remains.
 * @param {string} query
 * @returns {string[]}
 */
export function subject(query) {
  const rough = [...new Set(words(query).flatMap((word) => (HAN.test(word) ? roughWords(word) : [word])))];
  const telling = rough.filter((word) => !FILLERS.has(word));
  return telling.length ? telling : rough;
}

/**
 * The ways to cut a query into terms of the index, fewest pieces first.
 * @param {string} query
 * @returns {string[][]}
 */
export function variants(query) {
  return combine(subject(query).map(pieces));
}

/**
 * The variants that found pages, the likeliest first: many pages, few pieces (single characters match too much).
 * @param {string[][]} rows
 * @param {number[]} counts Pages found by each.
 * @returns {number[]} Indices.
 */
export function likeliest(rows, counts) {
  const worth = rows.map((row, i) => counts[i] / 2 ** row.length);
  return [...rows.keys()].filter((i) => counts[i] > 0).sort((i, j) => worth[j] - worth[i]);
}

/** Without the marks that Pagefind leaves between words. @param {string} text */
export const plain = (text) => text.replaceAll("\u200b", "");

/** @param {string} text */
const key = (text) => words(text).join(" ");

/**
 * Whether the words of `query` are exactly some of the `names`, one after the other.
 * @param {string} query Joined by blanks.
 * @param {string[]} names The same.
 * @returns {boolean}
 */
function madeOf(query, names) {
  if (query === "") return true;
  return names.some((name) => query === name || (query.startsWith(`${name} `) && madeOf(query.slice(name.length + 1), names)));
}

/**
 * Whether each term begins a word of the page. Pagefind leaves a mark between the words it stored.
 * @param {Candidate} page
 * @param {string[]} terms
 * @returns {boolean}
 */
export function holds(page, terms) {
  const stored = [page.title, ...page.aliases, page.text].flatMap(words);
  return terms.every((term) => stored.some((word) => word.startsWith(term)));
}

/**
 * Names a page goes by: its title, the title's parts, its aliases.
 * @param {Candidate} page
 * @returns {string[]}
 */
function names(page) {
  const parts = page.title.split(/[：:、，（）()]/u);
  return [...new Set([page.title, ...parts, ...page.aliases].map(key))].filter(Boolean);
}

/**
 * @param {string} query
 * @param {Candidate} page
 * @param {number} top The highest score among the candidates.
 * @returns {number}
 */
export function points(query, page, top) {
  const wanted = key(query);
  const known = names(page);
  const everything = known.join(" ");
  let sum = top > 0 ? page.score / top : 0;
  if (page.kind === "概念") sum += RANKING.concept;
  if (page.kind === "") sum += RANKING.listing;
  if (wanted === "") return sum;
  if (madeOf(wanted, known)) sum += RANKING.named;
  else if (known.some((name) => name.includes(wanted))) sum += RANKING.inName;
  else if (subject(query).every((word) => everything.includes(word))) sum += RANKING.allWordsInName;
  if (key(plain(page.text)).includes(wanted)) sum += RANKING.inText;
  return sum;
}

/**
 * The candidates' indices, best first; equal points keep the order given.
 * @param {string} query
 * @param {Candidate[]} pages
 * @returns {number[]}
 */
export function rank(query, pages) {
  const top = Math.max(0, ...pages.map((page) => page.score));
  const scored = pages.map((page, i) => ({ i, value: points(query, page, top) }));
  return scored.sort((a, b) => b.value - a.value || a.i - b.i).map(({ i }) => i);
}
