/** Pagefind behind one function: a state of the search -> results in order, with counts for the filters. */

import { excerpt } from "./search_excerpt.js";
import { inEnglish } from "./search_labels.js";
import { PAGEFIND_RANKING, holds, isQuestion, looserTerms, plain, rank, setForms, subject, terms, words } from "./search_query.js";
import { FILTERS, filtersOf } from "./search_state.js";

/**
 * @typedef {import("./search_state.js").State} State
 * @typedef {{url: string, title: string, excerpt: import("./search_excerpt.js").Part[], kind: string, status: string,
 *   sections: {url: string, title: string}[]}} Result
 * @typedef {{total: number, partial: boolean, counts: Record<string, Record<string, number>>,
 *   more: (count: number) => Promise<Result[]>}} Found `more` gives the next results until none is left.
 */

const RANKED = 15; // pages whose text is looked at before the order is settled
const FEW = 5; // pages that have all terms of a question: too few to look no further
const SAMPLE = 8; // pages that are asked whether a term is known at all
const CONCEPTS = 5; // of the concept pages, however low they score

const siteRoot = new URL("..", import.meta.url);

/** On English pages: concepts' English titles by their Chinese ones. @type {Record<string, string>} */
let titles = {};

/** What a page is called on pages of this language. @param {string} title As the index has it. */
export const called = (title) => titles[title] ?? title;

/**
 * Loads Pagefind's own script and index from this site.
 * @param {number} attempt A browser keeps a failed import; another number asks anew.
 */
export async function open(attempt) {
  const address = new URL("pagefind/pagefind.js", siteRoot);
  if (attempt) address.searchParams.set("attempt", String(attempt));
  const names = ["pagefind-entry.json", "traditional.json", ...(inEnglish ? ["english.json"] : [])];
  const [module, , forms, english = {}] = await Promise.all([import(address.href), ...names.map(json)]);
  setForms(forms);
  titles = english;
  const pagefind = withoutSegmenter(() => module.createInstance({ basePath: new URL("pagefind/", siteRoot).pathname }));
  await pagefind.init();
  await pagefind.options({ baseUrl: siteRoot.pathname, ranking: PAGEFIND_RANKING });
  const filters = await pagefind.filters();
  return { find: (/** @type {State} */ state) => find(pagefind, state), filters };
}

/** @param {string} name Of a file of the index. */
async function json(name) {
  const answer = await fetch(new URL(`pagefind/${name}`, siteRoot), { cache: "no-cache" });
  if (!answer.ok) throw new Error(`${name}: HTTP ${answer.status}`);
  return answer.json();
}

/**
 * Pagefind cuts queries into words where the page's language has no blanks, and reads that language once, when an
 * instance is made. Our queries are cut already (see `search_query.js`): for that moment the page names no language.
 * @template T
 * @param {() => T} make
 * @returns {T}
 */
function withoutSegmenter(make) {
  const root = document.documentElement;
  const language = root.lang;
  root.lang = "und";
  try {
    return make();
  } finally {
    root.lang = language;
  }
}

/**
 * @param {any} pagefind
 * @param {State} state
 * @returns {Promise<Found>}
 */
async function find(pagefind, state) {
  const filters = filtersOf(state);
  const { searches, partial, whole } = await searchesFor(pagefind, state.query);
  const found = searches.map(({ term }) => term);
  const answers = await Promise.all(found.map((term) => pagefind.search(term, { filters })));
  const hits = merged(answers.map(({ results }, i) => results.map((/** @type {any} */ hit) => weighed(hit, searches[i].weight))));
  const newest = state.sort === "date";
  if (newest) await sortByDate(pagefind, hits);
  const first = newest ? [] : await ranked(pagefind, state, found, hits, partial);
  const chosen = new Set(first.map(({ hit }) => hit.id));
  const rest = hits.filter((hit) => !chosen.has(hit.id));
  const marked = [...subject(state.query), ...terms(state.query), ...words(looserTerms(state.query) ?? "")];
  const ready = first.map(({ data }) => data);
  return {
    total: hits.length,
    partial: partial && !whole,
    counts: await countsFor(pagefind, found, filters, answers),
    async more(count) {
      const head = ready.splice(0, count);
      const tail = await Promise.all(rest.splice(0, count - head.length).map((hit) => hit.data()));
      return [...head, ...tail].map((data) => resultOf(data, marked));
    },
  };
}

/**
 * The searches to make: one for all terms, and one with compounds in parts. Where no page has them all, or few have all
 * of a question, one for each term, which weighs the more the fewer pages have it. An empty query is `null`: Pagefind
 * then lists all that the filters leave.
 * @param {any} pagefind
 * @param {string} query
 * @returns {Promise<{searches: {term: string | null, weight: number}[], partial: boolean, whole: boolean}>} `partial`:
 *   each term by itself; `whole`: some page has them all.
 */
async function searchesFor(pagefind, query) {
  const asked = terms(query);
  if (asked.length === 0) return { searches: [{ term: null, weight: 0 }], partial: false, whole: true };
  const loose = looserTerms(query);
  const [strict, side] = await Promise.all([
    pagesWith(pagefind, asked),
    loose ? pagefind.search(loose).then((/** @type {any} */ answer) => answer.results.length) : 0,
  ]);
  const whole = strict + side > 0;
  if (whole && !(isQuestion(query) && strict + side < FEW)) {
    const good = [strict ? asked.join(" ") : null, side ? loose : null].filter((term) => term !== null);
    return { searches: good.map((term) => ({ term, weight: 0 })), partial: false, whole };
  }
  const pages = (await pagefind.search(null)).results.length;
  const single = await Promise.all(asked.map(async (term) => ({ term, count: await pagesWith(pagefind, [term]) })));
  const known = single.filter(({ count }) => count > 0);
  return { searches: known.map(({ term, count }) => ({ term, weight: Math.log(1 + pages / count) })), partial: true, whole };
}

/** Newest first, those without a date last. @param {any} pagefind @param {any[]} hits */
async function sortByDate(pagefind, hits) {
  const { results } = await pagefind.search(null, { sort: { date: "desc" } });
  const places = new Map(results.map((/** @type {any} */ hit, /** @type {number} */ i) => [hit.id, i]));
  const place = (/** @type {any} */ hit) => places.get(hit.id) ?? results.length;
  hits.sort((a, b) => place(a) - place(b));
}

/** A hit whose score counts `weight` for being found at all, and a little for how well. @param {any} hit @param {number} weight */
function weighed(hit, weight) {
  return { id: hit.id, score: weight ? weight + Math.min(hit.score, 1) / 10 : hit.score, data: () => hit.data() };
}

/**
 * How many pages have all terms. Where the index lacks a word, Pagefind answers with words that merely begin alike: so
 * one of the best pages has to hold the terms indeed.
 * @param {any} pagefind
 * @param {string[]} asked
 * @returns {Promise<number>}
 */
async function pagesWith(pagefind, asked) {
  const { results } = await pagefind.search(asked.join(" "));
  for (const hit of results.slice(0, SAMPLE)) {
    const data = await hit.data(); // one by one: nearly always the first one holds them
    if (holds(`${plain(data.meta.title ?? "")} ${plain(data.raw_content)}`, asked)) return results.length;
  }
  return 0;
}

/**
 * Hits of several searches as one list, scores of the same page added, best first.
 * @param {any[][]} lists
 */
function merged(lists) {
  /** @type {Map<string, any>} */
  const byId = new Map();
  for (const hit of lists.flat()) {
    const known = byId.get(hit.id);
    // Pagefind forgets the text of a hit that nobody holds any more: the new object holds it by its `data`.
    byId.set(hit.id, { id: hit.id, score: hit.score + (known?.score ?? 0), data: () => hit.data() });
  }
  return [...byId.values()].sort((a, b) => b.score - a.score);
}

/**
 * How many pages each value of each filter would leave, the filter's own present choice set aside.
 * @param {any} pagefind
 * @param {(string | null)[]} terms
 * @param {Record<string, string>} filters
 * @param {any[]} given The terms' answers under all filters.
 */
async function countsFor(pagefind, terms, filters, given) {
  /** @type {Record<string, Record<string, number>>} */
  const counts = {};
  for (const name of FILTERS) {
    const { [name]: _, ...others } = filters;
    const answers =
      name in filters ? await Promise.all(terms.map((term) => pagefind.search(term, { filters: others }))) : given;
    counts[name] = {};
    for (const [value, count] of answers.flatMap((answer) => Object.entries(answer.filters[name] ?? {}))) {
      counts[name][value] = Math.max(count, counts[name][value] ?? 0); // one term's count: pages are not counted twice
    }
  }
  return counts;
}

/**
 * The best-scoring hits and the best concept pages, in the order of `rank`.
 * @param {any} pagefind
 * @param {State} state
 * @param {(string | null)[]} terms
 * @param {any[]} hits
 * @param {boolean} partial
 */
async function ranked(pagefind, state, terms, hits, partial) {
  const filters = { ...filtersOf(state), kind: "概念" };
  const concepts = state.kind || partial ? [] : await Promise.all(terms.map((term) => pagefind.search(term, { filters })));
  const wanted = new Set(concepts.flatMap((answer) => answer.results.slice(0, CONCEPTS).map((/** @type {any} */ hit) => hit.id)));
  const chosen = hits.filter((hit, i) => i < RANKED || wanted.has(hit.id));
  const loaded = await Promise.all(chosen.map(async (hit) => ({ hit, data: await hit.data() })));
  const order = rank(state.query, loaded.map(({ hit, data }) => candidateOf(hit.score, data)), partial);
  return order.map((i) => loaded[i]);
}

/**
 * @param {number} score
 * @param {any} data
 * @returns {import("./search_query.js").Candidate}
 */
function candidateOf(score, data) {
  const aliases = plain(data.meta.aliases ?? "").split(" | ");
  return { score, title: plain(data.meta.title ?? ""), aliases, text: plain(data.raw_content), kind: data.filters.kind?.[0] ?? "" };
}

/**
 * @param {any} data
 * @param {string[]} marked Terms to mark in the excerpt.
 * @returns {Result}
 */
function resultOf(data, marked) {
  const title = plain(data.meta.title ?? data.url);
  const text = plain(data.content.replace(data.meta.aliases ?? "", ""));
  const kind = data.filters.kind?.[0] ?? "";
  const parts = kind === "问答" ? [] : data.sub_results; // a question's headings say nothing of it
  const sections = parts.filter((/** @type {any} */ part) => part.url.includes("#") && plain(part.title) !== title);
  return {
    url: data.url,
    title: called(title),
    excerpt: excerpt(text, title, marked),
    kind,
    status: data.filters.status?.[0] ?? "",
    sections: sections.slice(0, 3).map((/** @type {any} */ { url, title }) => ({ url, title: plain(title) })),
  };
}
