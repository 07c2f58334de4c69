/**
 * What a reader typed -> words, by the rules by which publish/search/terms.py and names.py cut what pages say. Pure.
 */

import { ASKING } from "./asking.js";
import { SHARED } from "./shared.js";

const HAN = SHARED.han;
const LATIN = `(?:(?![${HAN}])[\\p{L}\\p{M}\\p{N}])`;
const TOKEN = new RegExp(`[${HAN}]+|${LATIN}+(?:[-_.]${LATIN}+)*`, "gu");
const IS_HAN = new RegExp(`^[${HAN}]`, "u");
const PHRASES = ASKING.phrases.join(" ").split(" ").sort((a, b) => b.length - a.length);
const ASKS = new RegExp(PHRASES.join("|"), "gu");
const LITTLE = new Set(ASKING.english.join(" ").split(" "));

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

/** @type {Set<string> | null} Made with the first query. */
let everyday = null;

/** Whether the table of traditional characters may have something to say of a query. @param {string} query */
export function mayBeTraditional(query) {
  const simple = (everyday ??= everydayOnes());
  return [...query.normalize("NFKC")].some((one) => IS_HAN.test(one) && !simple.has(one));
}

/** In one width, in simplified characters; case as it was. @param {string} text */
export const narrow = (text) => [...text.normalize("NFKC")].map((one) => simplified.get(one) ?? one).join("");

/** @param {string} text */
export const isHan = (text) => IS_HAN.test(text);

/** Runs of one script, in a text from `narrow`: `Top_p采样` -> `["Top_p", "采样"]`. @param {string} text */
export const tokens = (text) => text.match(TOKEN) ?? [];

/** @param {string} word Of Latin letters. */
export const whole = (word) => word.replace(/[-_.]/g, "").toLowerCase();

/** Overlapping pairs of a run of characters; a single one stands for itself. @param {string} run */
export function pairs(run) {
  const characters = [...run];
  return characters.length === 1 ? characters : characters.slice(1).map((character, i) => characters[i] + character);
}

/**
 * The parts of a compound: `kv-cache` and `KVCache` are kv and cache; none of what is but the letters of a name: LoRA.
 * @param {string} word
 * @returns {string[]}
 */
export function partsOf(word) {
  const apart = word.replace(/(\p{Lu})(\p{Lu}\p{Ll})|(\p{Ll})(\p{Lu})/gu, "$1$3 $2$4").replace(/[-_.]/g, " ").split(" ");
  return apart.length > 1 && apart.every((part) => part.length > 1 && !/^\p{Lu}\p{Ll}$/u.test(part)) ? apart.map((part) => part.toLowerCase()) : [];
}

/** The beginning that a word's other forms share: hallucinations, hallucinate -> hallucinat. @param {string} word */
export function stem(word) {
  if (word.length < 5 || !/^[a-z]+$/.test(word)) return word;
  for (const ending of [/i[sz](?:ing|ed|es?|ations?)$/, /(?:ings?|ed|ies|y|(?<=ss|x|ch|sh)es|(?<!s)s)$/, /(?<=at|ut|uc|iv)e$/]) {
    const cut = word.replace(ending, "");
    if (cut !== word && cut.length >= 4) return cut;
  }
  return word;
}

/** Whether a word of Latin letters says little of a subject. @param {string} word */
export const isLittle = (word) => LITTLE.has(word.toLowerCase());

/**
 * A run of characters without what asks: `["思路", …]` is left out of it.
 * @param {string} run
 * @returns {string[]} What is left, in order.
 */
export const withoutAsking = (run) => run.replace(ASKS, " ").split(" ").filter((piece) => piece && !(piece.length === 1 && ASKING.joining.includes(piece)));

/** Whether a text has nothing but words that ask. @param {string} text */
export const onlyAsks = (text) => tokens(text).every((token) => (isHan(token) ? withoutAsking(token).length === 0 : isLittle(token)));

/** Whether a text has words that ask. @param {string} text */
export const asks = (text) => /[?？]/.test(text) || text.search(ASKS) >= 0;

/** How names are compared: without blanks, hyphens and the plural's `s`. @param {string} name */
export const key = (name) => name.replace(/[-_\s]+/g, "").replace(/(?<=[a-z]{3})s$/, "");

/** @param {string} text */
const quoted = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/**
 * Where a text names a sense.
 * @typedef {{id: string, start: number, end: number, text: string}} Named
 */

/** All names, and where a query has them; of two at one place the longer counts. */
export class Matcher {
  /** @type {Map<string, RegExp>} Of a first character; made for the first text that has it. */
  #patterns = new Map();

  /** @param {[string, string[]][]} senses Their ids and folded names. */
  constructor(senses) {
    /** @type {Map<string, string>} */
    this.ids = new Map(senses.flatMap(([id, names]) => names.map((name) => /** @type {[string, string]} */ ([key(name), id]))));
    /** @type {Map<string, string[]>} Names by their first character: one pattern of thousands of names is slow. */
    this.beginning = new Map();
    for (const name of senses.flatMap(([, own]) => own).sort((a, b) => key(b).length - key(a).length)) {
      const same = this.beginning.get(name[0]);
      if (same) same.push(name);
      else this.beginning.set(name[0], [name]);
    }
  }

  /**
   * @param {string} text From `narrow`, in lower case.
   * @param {boolean} overlapping Whether one may begin within another that ends before it: 大模型推理, 推理性能.
   * @returns {Named[]}
   */
  find(text, overlapping = false) {
    /** @type {Named[]} */
    const all = [];
    for (let at = 0; at < text.length; at = overlapping ? at + 1 : Math.max(at + 1, all.at(-1)?.end ?? 0)) {
      const pattern = this.#patternFor(text[at]);
      if (!pattern) continue;
      pattern.lastIndex = at;
      const found = pattern.exec(text)?.[0];
      if (found && at + found.length > (all.at(-1)?.end ?? 0)) all.push({ id: this.ids.get(key(found)) ?? this.ids.get(key(found.replace(BETWEEN, ""))) ?? "", start: at, end: at + found.length, text: found });
    }
    return all;
  }

  /** @param {string} first */
  #patternFor(first) {
    const names = this.beginning.get(first);
    if (names && !this.#patterns.has(first)) this.#patterns.set(first, new RegExp(names.map(patternOf).join("|"), "uy"));
    return this.#patterns.get(first);
  }

  /**
   * Names that are a part of an identifier: `LoraConfig`, `PPOTrainer`.
   * @param {string} text From `narrow`, its case as it was.
   * @returns {Named[]}
   */
  findParts(text) {
    return [...text.matchAll(/(?<=\p{Ll})\p{Lu}\p{L}*|(?<!\p{Lu})\p{Lu}+(?=\p{Lu}\p{Ll})|\p{Lu}\p{Ll}+(?=\p{Lu})/gu)].flatMap(({ 0: found, index = 0 }) => {
      const id = found.length > 2 ? this.ids.get(key(found.toLowerCase())) : undefined;
      return id ? [{ id, start: index, end: index + found.length, text: found }] : [];
    });
  }
}

const BETWEEN = /了|后?的/gu; // what may be said between the words of a Chinese name: 修改后的词表

/** A word's letters, with what may stand between two; not before one that it could be itself: 的的的 would be read in each way. @param {string} word */
const stretched = (word) => [...word].map((one, at) => (at && !/[了后的]/.test(one) ? `(?:${BETWEEN.source})?` : "") + quoted(one)).join("");

/** @param {string} name */
function patternOf(name) {
  const words = name.split(" ").map((word) => (isHan(word) && word.length > 3 ? stretched(word) : quoted(word)));
  const inner = words.join("[-_ ]?");
  const before = /^[a-z0-9]/.test(name) ? "(?<![a-z0-9])" : "";
  const plural = /[a-z]{3}$/.test(name) ? "s?" : "";
  return before + inner + (/[a-z0-9]$/.test(name) ? `${plural}(?![a-z0-9])` : "");
}

/** Whether two words differ by one letter: changed, added, left out, or two that changed places. @param {string} a @param {string} b */
export function nearlySame(a, b) {
  if (a === b || Math.abs(a.length - b.length) > 1) return false;
  let from = 0;
  while (from < a.length && a[from] === b[from]) from += 1;
  let end = 0;
  while (end < Math.min(a.length, b.length) - from && a.at(-1 - end) === b.at(-1 - end)) end += 1;
  const [x, y] = [a.slice(from, a.length - end), b.slice(from, b.length - end)];
  return Math.max(x.length, y.length) <= 1 || (x.length === 2 && x[0] === y[1] && x[1] === y[0]);
}
