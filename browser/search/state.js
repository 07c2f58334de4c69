/** The search as the address bar holds it: `?q=…&kind=…&topic=…&status=…`. Pure. */

import { SHARED } from "./shared.js";

/**
 * @typedef {{query: string, kind: string, topic: string, status: string, talk: string, person: string, code: string,
 *   lang: string, sort: string}} State "" means: any; of `sort`: by relevance.
 */

/** Filters with few values, and the values as the index names them. */
export const VALUES = {
  kind: Object.values(SHARED.kinds).map(([name]) => name),
  status: ["open", "answered"],
  code: ["yes"],
  lang: ["zh", "en"],
};
/** @typedef {Exclude<keyof State, "query" | "sort">} Filter */
/** What narrows a search, as the index names it. */
export const FILTERS = /** @type {Filter[]} */ (SHARED.filters);

/** Chinese filter values by the short names used in addresses. @type {Record<string, string>} */
const KIND_NAMES = Object.fromEntries(Object.entries(SHARED.kinds).map(([short, [name]]) => [short, name]));
/** The values that a parameter may have; others take any. @type {Record<string, string[]>} */
const KNOWN = { ...VALUES, kind: Object.keys(KIND_NAMES), sort: ["date"] };
const PARAMETERS = [...FILTERS, "sort"];

/** @type {State} */
export const EMPTY = { query: "", kind: "", topic: "", status: "", talk: "", person: "", code: "", lang: "", sort: "" };

/**
 * The state an address asks for, or null where it asks for no search. Unknown values are ignored.
 * @param {string} search `location.search`
 * @returns {State | null}
 */
export function fromAddress(search) {
  const given = new URLSearchParams(search);
  if (!["q", ...PARAMETERS].some((name) => given.has(name))) return null;
  const known = PARAMETERS.map((name) => [name, given.get(name) ?? ""]).filter(
    ([name, value]) => value && (!(name in KNOWN) || KNOWN[name].includes(value)),
  );
  const state = { ...EMPTY, query: given.get("q") ?? "", ...Object.fromEntries(known) };
  if (state.kind) state.kind = KIND_NAMES[state.kind];
  return state;
}

/**
 * `href` with the state in it, other parameters and the anchor kept; a null state takes it out.
 * @param {string} href
 * @param {State | null} state
 * @returns {string}
 */
export function toAddress(href, state) {
  const url = new URL(href);
  for (const name of ["q", ...PARAMETERS]) url.searchParams.delete(name);
  if (state) {
    const kind = Object.entries(KIND_NAMES).find(([, value]) => value === state.kind)?.[0] ?? "";
    const wanted = { ...state, kind };
    url.searchParams.set("q", state.query);
    for (const name of PARAMETERS) {
      const value = wanted[/** @type {keyof State} */ (name)];
      if (value) url.searchParams.set(name, value);
    }
  }
  return url.href;
}

/**
 * The filters of a state that are set.
 * @param {State} state
 * @returns {Record<string, string>}
 */
export const filtersOf = (state) =>
  Object.fromEntries(FILTERS.map((name) => [name, state[name]]).filter(([, value]) => value));

/**
 * Whether the state asks for anything at all.
 * @param {State} state
 */
export const asksSomething = (state) => state.query.trim() !== "" || Object.keys(filtersOf(state)).length > 0;
