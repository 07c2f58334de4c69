/** Pagefind behind one function: a state of the search -> results in order, with counts for the filters. */

import { excerpt } from "./excerpt.js";
import { inEnglish } from "./labels.js";
import { PAGEFIND_RANKING, holds, isQuestion, looserTerms, mayBeTraditional, rank, setForms, subject, terms, words } from "./query.js";
import { FILTERS, filtersOf } from "./state.js";

/**
 * @typedef {import("./state.js").State} State
 * @typedef {{url: string, title: string, excerpt: import("./excerpt.js").Part[], kind: string, status: string,
 *   sections: {url: string, title: string}[]}} Result
 * @typedef {{total: number, partial: boolean, counts: Record<string, Record<string, number>>,
 *   more: (count: number) => Promise<Result[]>}} Found `more` gives the next results until none is left.
 */

const RANKED = 15; // pages whose text is looked at before the order is settled
const FEW = 5; // pages that have all terms of a question: too few to look no further
const SAMPLE = 8; // pages that are asked whether a term is known at all
const CONCEPTS = 5; // of the concept pages, however low they score

const siteRoot = new URL("../..", import.meta.url);

/** On English pages: concepts' English titles by their Chinese ones. @type {Record<string, string>} */
let titles = {};

/** What a page is called on pages of this language. @param {string} title As the index has it. */
export const called = (title) => titles[title] ?? title;

/**
 * What the index says of its pages, newest first: for each filter, each page's values.
 * @typedef {Record<string, string[][]>} Facets
 * @typedef {{page: number, score: number, data: () => Promise<any>}} Hit
 * @typedef {(term: string) => Promise<any>} Ask Pagefind's answer.
 * @typedef {{ask: Ask, answers: Map<string, Promise<any>>, facets: Facets, name: string, forms: Promise<void> | null}} Index
 *   `answers`: to the latest query's terms; `name`: of the folder of its texts.
 */

/**
 * Loads what is known of the pages; Pagefind comes when `prepare` asks for it, or else with the first words.
 * @param {number} attempt A browser keeps a failed import; another number asks anew.
 */
export async function open(attempt) {
  const names = ["pagefind-entry.json", "facets.json", ...(inEnglish ? ["english.json"] : [])];
  const [entry, columns, english = {}] = await Promise.all(names.map(json));
  titles = english;
  const facets = Object.fromEntries(FILTERS.map((name) => [name, ofPages(columns[name])]));
  /** @type {Promise<any> | null} */
  let pagefind = null;
  const prepare = () => (pagefind ??= loadPagefind(attempt));
  const ask = async (/** @type {string} */ term) => (await prepare()).search(term);
  /** @type {Index} */
  const index = { ask, answers: new Map(), facets, name: entry.languages.unknown.hash, forms: null };
  const pages = [...facets.kind.keys()].map((page) => ({ page }));
  return { find: (/** @type {State} */ state) => find(index, state), prepare, filters: sifted(facets, {}, pages).counts };
}

/** Pagefind's own script and index, from this site. @param {number} attempt */
async function loadPagefind(attempt) {
  const address = new URL("pagefind/pagefind.js", siteRoot);
  if (attempt) address.searchParams.set("attempt", String(attempt));
  const module = await import(address.href);
  const pagefind = withoutSegmenter(() => module.createInstance({ basePath: new URL("pagefind/", siteRoot).pathname }));
  await pagefind.init();
  await pagefind.options({ baseUrl: siteRoot.pathname, ranking: PAGEFIND_RANKING });
  return pagefind;
}

/**
 * A filter as publish/search/merge.py packs it: `0,0,1 4,,2` is for each page the numbers of its values.
 * @param {{values: string[], pages: string}} column
 */
const ofPages = ({ values, pages }) =>
  pages.split(",").map((own) => (own ? own.split(" ").map((number) => values[Number(number)]) : []));

/** @param {string} name Of a file of the index. */
async function json(name) {
  const answer = await fetch(new URL(`pagefind/${name}`, siteRoot), { cache: "no-cache" });
  if (!answer.ok) throw new Error(`${name}: HTTP ${answer.status}`);
  return answer.json();
}

/**
 * Pagefind cuts queries into words where the page's language has no blanks, and reads that language once, when an
 * instance is made. Our queries are cut already (see `query.js`): for that moment the page names no language.
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
 * @param {Index} index
 * @param {State} state
 * @returns {Promise<Found>}
 */
async function find(index, state) {
  const { facets } = index;
  const search = remembering(index);
  if (mayBeTraditional(state.query)) await (index.forms ??= json("traditional.json").then(setForms));
  const { searches, partial, whole } = await searchesFor(search, facets, state.query);
  if (partial) await online(); // Pagefind takes words that it could not fetch for words on no page
  const lists = await Promise.all(searches.map(async ({ term, weight }) => {
    if (term === null) return facets.kind.map((_, page) => ({ page, score: 0, data: () => text(index, page) }));
    return (await search(term)).results.map((/** @type {any} */ hit) => weighed(hit, weight));
  }));
  const { kept, counts } = sifted(facets, filtersOf(state), merged(lists));
  const newest = state.sort === "date";
  if (newest) kept.sort((a, b) => a.page - b.page);
  const first = newest ? [] : await ranked(facets, state, lists, kept, partial);
  const chosen = new Set(first.map(({ hit }) => hit.page));
  const rest = kept.filter((hit) => !chosen.has(hit.page));
  const marked = [...subject(state.query), ...terms(state.query), ...words(looserTerms(state.query) ?? "")];
  return {
    total: kept.length,
    partial: partial && !whole,
    counts,
    async more(count) {
      const head = first.splice(0, count);
      const tail = await Promise.all(rest.splice(0, count - head.length).map(loaded));
      return [...head, ...tail].map(({ hit, data }) => resultOf(facets, hit.page, data, marked));
    },
  };
}

/**
 * For one query: asks for a term once, and not at all where the query before has asked, as when only a filter changes.
 * Pagefind takes some 35 ms for each thousand pages that have a term.
 * @param {Index} index
 * @returns {Ask}
 */
function remembering(index) {
  const before = index.answers;
  const answers = (index.answers = new Map());
  return (term) => {
    const answer = answers.get(term) ?? before.get(term) ?? index.ask(term);
    answers.set(term, answer);
    return answer;
  };
}

/** @param {Hit} hit */
const loaded = async (hit) => ({ hit, data: await hit.data() });

/**
 * A page's text, where Pagefind is not asked: for a search without words it would fetch the whole index.
 * @param {Index} index
 * @param {number} page
 */
async function text({ name }, page) {
  const file = new URL(`pagefind/fragment/${name}/${String(page).padStart(5, "0")}.pf_fragment`, siteRoot);
  const answer = await fetch(file);
  if (!answer.ok || !answer.body) throw new Error(`${file.pathname}: HTTP ${answer.status}`);
  const stored = await new Response(answer.body.pipeThrough(new DecompressionStream("gzip"))).text();
  const data = JSON.parse(stored.slice(stored.indexOf("{")));
  return { ...data, url: siteRoot.pathname + data.url.slice(1), sub_results: [] };
}

/** Fails where the site cannot be reached. The service worker leaves requests for a range alone: a kept copy says nothing. */
const online = () => fetch(new URL("pagefind/pagefind-entry.json", siteRoot), { cache: "no-store", headers: { range: "bytes=0-0" } });

/**
 * The searches to make: one for all terms, and one with compounds in parts. Where no page has them all, or few have all
 * of a question, one for each term, which weighs the more the fewer pages have it. An empty query is `null`:
 * every page.
 * @param {Ask} search
 * @param {Facets} facets
 * @param {string} query
 * @returns {Promise<{searches: {term: string | null, weight: number}[], partial: boolean, whole: boolean}>} `partial`:
 *   each term by itself; `whole`: some page has them all.
 */
async function searchesFor(search, facets, query) {
  const asked = terms(query);
  if (asked.length === 0) return { searches: [{ term: null, weight: 0 }], partial: false, whole: true };
  const loose = looserTerms(query);
  const [strict, side] = await Promise.all([
    pagesWith(search, asked),
    loose ? search(loose).then((/** @type {any} */ answer) => answer.results.length) : 0,
  ]);
  const whole = strict + side > 0;
  if (whole && !(isQuestion(query) && strict + side < FEW)) {
    const good = [strict ? asked.join(" ") : null, side ? loose : null].filter((term) => term !== null);
    return { searches: good.map((term) => ({ term, weight: 0 })), partial: false, whole };
  }
  const pages = facets.kind.length;
  const single = await Promise.all(asked.map(async (term) => ({ term, count: await pagesWith(search, [term]) })));
  const known = single.filter(({ count }) => count > 0);
  return { searches: known.map(({ term, count }) => ({ term, weight: Math.log(1 + pages / count) })), partial: true, whole };
}

/**
 * A hit whose score counts `weight` for being found at all, and a little for how well.
 * @param {any} hit
 * @param {number} weight
 * @returns {Hit}
 */
function weighed(hit, weight) {
  const score = weight ? weight + Math.min(hit.score, 1) / 10 : hit.score;
  // Pagefind forgets the text of a hit that nobody holds any more: the new object holds it by its `data`.
  return { page: Number(hit.id.split("/")[1]), score, data: () => hit.data() };
}

/**
 * How many pages have all terms. Where the index lacks a word, Pagefind answers with words that merely begin alike: so
 * one of the best pages has to hold the terms indeed.
 * @param {Ask} search
 * @param {string[]} asked
 * @returns {Promise<number>}
 */
async function pagesWith(search, asked) {
  const { results } = await search(asked.join(" "));
  for (const hit of results.slice(0, SAMPLE)) {
    const data = await hit.data(); // one by one: nearly always the first one holds them
    if (holds(`${data.meta.title ?? ""} ${data.content}`, asked)) return results.length;
  }
  return 0;
}

/**
 * Hits of several searches as one list, scores of the same page added, best first.
 * @param {Hit[][]} lists
 */
function merged(lists) {
  /** @type {Map<number, Hit>} */
  const byPage = new Map();
  for (const hit of lists.flat()) byPage.set(hit.page, { ...hit, score: hit.score + (byPage.get(hit.page)?.score ?? 0) });
  return [...byPage.values()].sort((a, b) => b.score - a.score);
}

/**
 * The hits that all filters leave, and how many each value of each filter would leave, the filter's own present choice
 * set aside.
 * @template {{page: number}} T
 * @param {Facets} facets
 * @param {Record<string, string>} filters
 * @param {T[]} hits
 */
function sifted(facets, filters, hits) {
  /** @type {Record<string, Record<string, number>>} */
  const counts = Object.fromEntries(FILTERS.map((name) => [name, {}]));
  const kept = hits.filter(({ page }) => {
    const against = Object.keys(filters).filter((name) => !facets[name][page].includes(filters[name]));
    if (against.length > 1) return false;
    for (const name of against.length ? against : FILTERS) {
      for (const value of facets[name][page]) counts[name][value] = (counts[name][value] ?? 0) + 1;
    }
    return against.length === 0;
  });
  return { kept, counts };
}

/**
 * The best-scoring hits and the best concept pages, in the order of `rank`.
 * @param {Facets} facets
 * @param {State} state
 * @param {Hit[][]} lists What each search found.
 * @param {Hit[]} hits What the filters leave of it.
 * @param {boolean} partial
 */
async function ranked(facets, state, lists, hits, partial) {
  const isConcept = (/** @type {Hit} */ { page }) => facets.kind[page].includes("概念");
  const concepts = state.kind || partial ? [] : lists.map((list) => sifted(facets, filtersOf(state), list.filter(isConcept)).kept);
  const wanted = new Set(concepts.flatMap((list) => list.slice(0, CONCEPTS).map(({ page }) => page)));
  const chosen = await Promise.all(hits.filter((hit, i) => i < RANKED || wanted.has(hit.page)).map(loaded));
  const candidates = chosen.map(({ hit, data }) => candidateOf(facets, hit, data));
  return rank(state.query, candidates, partial).map((i) => chosen[i]);
}

/**
 * @param {Facets} facets
 * @param {Hit} hit
 * @param {any} data
 * @returns {import("./query.js").Candidate}
 */
function candidateOf(facets, { page, score }, { meta, content }) {
  const aliases = (meta.aliases ?? "").split(" | ");
  return { score, title: meta.title ?? "", aliases, text: content, kind: facets.kind[page][0] ?? "" };
}

/**
 * @param {Facets} facets
 * @param {number} page
 * @param {any} data
 * @param {string[]} marked Terms to mark in the excerpt.
 * @returns {Result}
 */
function resultOf(facets, page, data, marked) {
  const title = data.meta.title ?? data.url;
  const text = data.content.replace(data.meta.aliases ?? "", "");
  const kind = facets.kind[page][0] ?? "";
  const parts = kind === "问答" ? [] : data.sub_results; // a question's headings say nothing of it
  const sections = parts.filter((/** @type {any} */ part) => part.url.includes("#") && part.title !== title);
  return {
    url: data.url,
    title: called(title),
    excerpt: excerpt(text, title, marked),
    kind,
    status: facets.status[page][0] ?? "",
    sections: sections.slice(0, 3).map((/** @type {any} */ { url, title }) => ({ url, title })),
  };
}
