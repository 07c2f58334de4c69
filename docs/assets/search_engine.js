/** Pagefind behind one function: a state of the search -> results in order, with counts for the filters. */

import { excerpt } from "./search_excerpt.js";
import { PAGEFIND_RANKING, holds, likeliest, plain, rank, subject, variants } from "./search_query.js";
import { filtersOf } from "./search_state.js";

/**
 * @typedef {import("./search_state.js").State} State
 * @typedef {{url: string, title: string, excerpt: import("./search_excerpt.js").Part[], kind: string, status: string,
 *   sections: {url: string, title: string}[]}} Result
 * @typedef {{total: number, partial: boolean, counts: Record<string, Record<string, number>>,
 *   more: (count: number) => Promise<Result[]>}} Found `more` gives the next results until none is left.
 */

const RANKED = 15; // pages whose text is looked at before the order is settled
const TRIED = 4; // variants whose answer is looked at
const SAMPLE = 8; // pages of it
const CONCEPTS = 5; // of the concept pages, however low they score

const siteRoot = new URL("..", import.meta.url);

/**
 * Loads Pagefind's own script and index from this site.
 * @param {number} attempt A browser keeps a failed import; another number asks anew.
 */
export async function open(attempt) {
  const address = new URL("pagefind/pagefind.js", siteRoot);
  if (attempt) address.searchParams.set("attempt", String(attempt));
  const module = await import(address.href);
  const entry = await fetch(new URL("pagefind/pagefind-entry.json", siteRoot), { cache: "no-cache" });
  if (!entry.ok) throw new Error(`pagefind-entry.json: HTTP ${entry.status}`);
  const pagefind = withoutSegmenter(() => module.createInstance({ basePath: new URL("pagefind/", siteRoot).pathname }));
  await pagefind.init();
  await pagefind.options({ baseUrl: siteRoot.pathname, ranking: PAGEFIND_RANKING });
  const filters = await pagefind.filters();
  return { find: (/** @type {State} */ state) => find(pagefind, state), filters };
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
  const { terms, partial } = await termsFor(pagefind, state.query);
  const answers = await Promise.all(terms.map((term) => pagefind.search(term, { filters })));
  const hits = merged(answers.map((answer) => answer.results));
  const first = await ranked(pagefind, state, terms, hits);
  const chosen = new Set(first.map(({ hit }) => hit.id));
  const rest = hits.filter((hit) => !chosen.has(hit.id));
  const marked = terms.flatMap((term) => term?.split(" ") ?? []);
  const ready = first.map(({ data }) => data);
  return {
    total: hits.length,
    partial,
    counts: await countsFor(pagefind, terms, filters),
    async more(count) {
      const head = ready.splice(0, count);
      const tail = await Promise.all(rest.splice(0, count - head.length).map((hit) => hit.data()));
      return [...head, ...tail].map((data) => resultOf(data, marked));
    },
  };
}

/**
 * The terms to search for: one that holds all words; where no page has them all, one for each word.
 * An empty query is `null`: Pagefind then lists all that the filters leave.
 * @param {any} pagefind
 * @param {string} query
 * @returns {Promise<{terms: (string | null)[], partial: boolean}>}
 */
async function termsFor(pagefind, query) {
  const rows = variants(query);
  if (rows[0].length === 0) return { terms: [null], partial: false };
  const whole = await answerable(pagefind, rows);
  if (whole) return { terms: [whole], partial: false };
  const single = await Promise.all(subject(query).map((word) => answerable(pagefind, variants(word))));
  return { terms: single.filter((term) => term !== null), partial: true };
}

/**
 * The likeliest variant, or null. Where the index lacks a word, Pagefind answers with words that merely begin alike:
 * so one of the best pages has to hold the terms indeed.
 * @param {any} pagefind
 * @param {string[][]} rows
 * @returns {Promise<string | null>}
 */
async function answerable(pagefind, rows) {
  const answers = await Promise.all(rows.map((row) => pagefind.search(row.join(" "))));
  const order = likeliest(rows, answers.map((answer) => answer.results.length));
  for (const i of order.slice(0, TRIED)) {
    const best = answers[i].results.slice(0, SAMPLE);
    const pages = await Promise.all(best.map((/** @type {any} */ hit) => hit.data()));
    if (pages.some((data) => holds(candidateOf(0, data), rows[i]))) return rows[i].join(" ");
  }
  return null;
}

/**
 * Hits of several searches as one list, scores of the same page added, best first.
 * @param {any[][]} lists
 */
function merged(lists) {
  if (lists.length === 1) return lists[0];
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
 */
async function countsFor(pagefind, terms, filters) {
  /** @type {Record<string, Record<string, number>>} */
  const counts = {};
  for (const name of ["kind", "topic", "status"]) {
    const { [name]: _, ...others } = filters;
    const answers = await Promise.all(terms.map((term) => pagefind.search(term, { filters: others })));
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
 */
async function ranked(pagefind, state, terms, hits) {
  const filters = { ...filtersOf(state), kind: "概念" };
  const concepts = state.kind ? [] : await Promise.all(terms.map((term) => pagefind.search(term, { filters })));
  const wanted = new Set(concepts.flatMap((answer) => answer.results.slice(0, CONCEPTS).map((/** @type {any} */ hit) => hit.id)));
  const chosen = hits.filter((hit, i) => i < RANKED || wanted.has(hit.id));
  const loaded = await Promise.all(chosen.map(async (hit) => ({ hit, data: await hit.data() })));
  const order = rank(state.query, loaded.map(({ hit, data }) => candidateOf(hit.score, data)));
  return order.map((i) => loaded[i]);
}

/**
 * @param {number} score
 * @param {any} data
 * @returns {import("./search_query.js").Candidate}
 */
function candidateOf(score, data) {
  const aliases = (data.meta.aliases ?? "").split(" | ");
  return { score, title: data.meta.title ?? "", aliases, text: data.raw_content, kind: data.filters.kind?.[0] ?? "" };
}

/**
 * @param {any} data
 * @param {string[]} marked Terms to mark in the excerpt.
 * @returns {Result}
 */
function resultOf(data, marked) {
  const text = data.content.replace(data.meta.aliases ?? "", "");
  const kind = data.filters.kind?.[0] ?? "";
  const parts = kind === "问答" ? [] : data.sub_results; // a question's headings say nothing of it
  const sections = parts.filter((/** @type {any} */ part) => part.url.includes("#") && plain(part.title) !== data.meta.title);
  return {
    url: data.url,
    title: data.meta.title ?? data.url,
    excerpt: excerpt(text, data.meta.title ?? "", marked),
    kind,
    status: data.filters.status?.[0] ?? "",
    sections: sections.slice(0, 3).map((/** @type {any} */ { url, title }) => ({ url, title: plain(title) })),
  };
}
