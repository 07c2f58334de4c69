/**
 * What a reader typed -> the terms of the index, and the order of what they find. Pure: no page, no network.
 *
 * The index holds Chinese as overlapping pairs of characters, see publish/search/index.py; both sides agree on the rules.
 */

import { SHARED } from "./shared.js";

/**
 * A page that may answer, with what ranks it.
 * @typedef {{score: number, title: string, aliases: string[], text: string, kind: string}} Candidate `score` is the
 *   index's own; `kind` is "" for pages that only list others.
 */

/** The ranking: points added to Pagefind's score, which is scaled to 0…1. Names say what earns them. */
export const RANKING = {
  named: 3, // the query is made of the page's title or aliases
  inName: 1, // it is part of one of them
  shareInName: 1, // the share of the query's terms that its title and aliases have, squared
  inText: 0.3, // it stands in the text as typed
  concept: 1, // a page that explains it comes before pages that mention it
  partial: 4, // how much of a question a page has
  conceptInPart: 0.3,
  listing: -2, // pages without a kind only list others
};

/** Passed to Pagefind's `options({ranking})`. */
export const PAGEFIND_RANKING = {
  termFrequency: 0.6, // a page that repeats a word is not more about it
  pageLength: 0.4, // long talks neither drown short answers nor vanish
  termSimilarity: 2, // whole words before words that only begin alike
  metaWeights: { title: 5, aliases: 5 },
};

const HAN = SHARED.han;
const WORD = new RegExp(`[${HAN}]+|(?:(?![${HAN}])[\\p{L}\\p{M}\\p{N}])+(?:[-_.](?:(?![${HAN}])[\\p{L}\\p{M}\\p{N}])+)*`, "gu");
const IS_HAN = new RegExp(`^[${HAN}]`, "u");

/** What shapes a question and says nothing of its subject. */
const ASKING =
  /请问|为什么|为何|什么是|是什么|什么时候|什么|怎么样|怎么办|怎么|怎样|如何|哪些|哪个|哪种|是否|可以|能不能|有没有|需要|应该|多少|一般|到底|[的了吗呢吧啊]/gu;
const JOINING = "和与或是在有要会能用让把被对从到比跟及而就都也很更还没";
const LITTLE = new Set("a an the of is are in to how what why do does and or for with between difference".split(" "));

/** @type {Map<string, string>} Traditional characters -> simplified, as the index has them. */
let simplified = new Map();

/** @param {string[]} forms Traditional characters in a row, and their simplified forms. */
export function setForms([old, now]) {
  const forms = [...now];
  simplified = new Map([...old].map((character, i) => [character, forms[i]]));
}

/**
 * The characters of GB 2312, the everyday ones of simplified Chinese; the few among them that are also the traditional
 * form of another are left out. The standard has rows and columns of 94, stored as two bytes from 0xA1 on.
 */
function everydayOnes() {
  const bytes = Array.from({ length: 72 * 94 }, (_, i) => [0xb0 + Math.floor(i / 94), 0xa1 + (i % 94)]).flat();
  const all = new Set(new TextDecoder("gbk").decode(new Uint8Array(bytes)));
  for (const also of "乾吒夥後徵拚捱摺於榘菸薹袷醣麴麽") all.delete(also);
  return all;
}

/** @type {Set<string> | null} Made with the first query: every page loads this file, few search. */
let everyday = null;

/** Whether the table of traditional characters may have something to say of a query. @param {string} query */
export function mayBeTraditional(query) {
  const simple = (everyday ??= everydayOnes());
  return [...query.normalize("NFKC")].some((one) => IS_HAN.test(one) && !simple.has(one));
}

/** In the form of the index: no full width, simplified, lower case. @param {string} text */
const folded = (text) => [...text.normalize("NFKC")].map((one) => simplified.get(one) ?? one).join("").toLowerCase();

/**
 * Runs of one script: `Top_p采样` -> `["top_p", "采样"]`.
 * @param {string} text
 * @returns {string[]}
 */
export function words(text) {
  return folded(text).match(WORD) ?? [];
}

/**
 * The subject words of a query, question words left out where anything else remains.
 * @param {string} query
 * @returns {string[]}
 */
export function subject(query) {
  const all = words(query);
  const telling = all.flatMap((word) => (IS_HAN.test(word) ? word.replace(ASKING, " ").split(" ") : [word]));
  const kept = [...new Set(telling.filter((word) => word && !LITTLE.has(word) && !JOINING.includes(word)))];
  return kept.length ? kept : [...new Set(all)];
}

/** The terms of the index that stand for a word. @param {string} word */
function termsOf(word) {
  if (!IS_HAN.test(word)) return [word.replace(/[-_.]/g, "")];
  const characters = [...word];
  return characters.length === 1 ? characters : characters.slice(1).map((character, i) => characters[i] + character);
}

/**
 * The terms a query asks for.
 * @param {string} query
 * @returns {string[]}
 */
export const terms = (query) => [...new Set(subject(query).flatMap(termsOf))];

/**
 * Compounds in parts, side by side, for pages that write `kv-cache` or `KVCache` as two words; null where there are none,
 * or where they are but the letters of a name: LoRA, RoPE, ReLU.
 * @param {string} query
 * @returns {string | null} Of Pagefind: in quotation marks.
 */
export function looserTerms(query) {
  const whole = query.normalize("NFKC").trim();
  const apart = whole.replace(/(\p{Lu})(\p{Lu}\p{Ll})|(\p{Ll})(\p{Lu})/gu, "$1$3 $2$4").replace(/[-_.]/g, " ");
  const parts = apart.split(/\s+/);
  const tells = parts.length > whole.split(/\s+/).length && parts.every((part) => /^(?!\p{Lu}\p{Ll}$)\p{ASCII}{2,}$/u.test(part));
  return tells ? `"${words(apart).join(" ")}"` : null;
}

/** Whether somebody asks in a sentence, so that pages with most of its terms are welcome. @param {string} query */
export function isQuestion(query) {
  const all = words(query);
  return /[?？]/.test(query) || query.search(ASKING) >= 0 || all.length > 3 || all.some((word) => IS_HAN.test(word) && [...word].length > 9);
}

/**
 * Whether a text has each term, where a word begins.
 * @param {string} text As on the page.
 * @param {string[]} asked
 */
export function holds(text, asked) {
  const have = folded(text);
  const stored = [...new Set(have.match(WORD) ?? [])].filter((word) => !IS_HAN.test(word));
  const forms = stored.flatMap((word) => [word.replace(/[-_.]/g, ""), ...word.split(/[-_.]/)]);
  return asked.every((term) => (IS_HAN.test(term) ? have.includes(term) : forms.some((word) => word.startsWith(term))));
}

/** @param {string} text */
const key = (text) => words(text).map((word) => word.replace(/[-_.]/g, " ")).join(" ");

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
 * @param {boolean} partial Whether the score says how much of the query a page has.
 * @returns {number}
 */
export function points(query, page, top, partial) {
  const wanted = key(query);
  const known = names(page);
  const everything = known.join(" ");
  let sum = (top > 0 ? page.score / top : 0) * (partial ? RANKING.partial : 1);
  if (page.kind === "概念") sum += partial ? RANKING.conceptInPart : RANKING.concept;
  if (page.kind === "") sum += RANKING.listing;
  if (wanted === "") return sum;
  if (madeOf(wanted, known)) sum += RANKING.named;
  else if (known.some((name) => name.includes(wanted))) sum += RANKING.inName;
  const asked = terms(query);
  const compact = everything.replaceAll(" ", "");
  sum += RANKING.shareInName * (asked.filter((term) => compact.includes(term)).length / asked.length) ** 2;
  if (key(page.text).includes(wanted)) sum += RANKING.inText;
  return sum;
}

/**
 * The candidates' indices, best first; equal points keep the order given.
 * @param {string} query
 * @param {Candidate[]} pages
 * @param {boolean} partial As in `points`.
 * @returns {number[]}
 */
export function rank(query, pages, partial) {
  const top = Math.max(0, ...pages.map((page) => page.score));
  const scored = pages.map((page, i) => ({ i, value: points(query, page, top, partial) }));
  return scored.sort((a, b) => b.value - a.value || a.i - b.i).map(({ i }) => i);
}
