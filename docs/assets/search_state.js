/** The search as the address bar holds it: `?q=…&kind=…&topic=…&status=…`. Pure. */

/**
 * @typedef {{query: string, kind: string, topic: string, status: string}} State "" means: any.
 */

export const STATUSES = { open: "待回答", answered: "已回答" };
export const KINDS = ["概念", "问答", "讨论", "论文"];

/** Chinese filter values by the short names used in addresses. */
const KIND_NAMES = { concept: "概念", question: "问答", talk: "讨论", paper: "论文" };

/** @type {State} */
export const EMPTY = { query: "", kind: "", topic: "", status: "" };

/**
 * The state an address asks for, or null where it asks for no search. Unknown values are ignored.
 * @param {string} search `location.search`
 * @returns {State | null}
 */
export function fromAddress(search) {
  const given = new URLSearchParams(search);
  if (!["q", "kind", "topic", "status"].some((name) => given.has(name))) return null;
  const kind = given.get("kind") ?? "";
  const status = given.get("status") ?? "";
  return {
    query: given.get("q") ?? "",
    kind: Object.hasOwn(KIND_NAMES, kind) ? KIND_NAMES[/** @type {keyof typeof KIND_NAMES} */ (kind)] : "",
    topic: given.get("topic") ?? "",
    status: Object.hasOwn(STATUSES, status) ? status : "",
  };
}

/**
 * `href` with the state in it, other parameters and the anchor kept; a null state takes it out.
 * @param {string} href
 * @param {State | null} state
 * @returns {string}
 */
export function toAddress(href, state) {
  const url = new URL(href);
  for (const name of ["q", "kind", "topic", "status"]) url.searchParams.delete(name);
  if (state) {
    url.searchParams.set("q", state.query);
    const kind = Object.entries(KIND_NAMES).find(([, value]) => value === state.kind)?.[0];
    if (kind) url.searchParams.set("kind", kind);
    if (state.topic) url.searchParams.set("topic", state.topic);
    if (state.status) url.searchParams.set("status", state.status);
  }
  return url.href;
}

/**
 * Pagefind's filters for a state.
 * @param {State} state
 * @returns {Record<string, string>}
 */
export function filtersOf(state) {
  const { kind, topic, status } = state;
  return Object.fromEntries(Object.entries({ kind, topic, status }).filter(([, value]) => value));
}

/**
 * Whether the state asks for anything at all.
 * @param {State} state
 */
export const asksSomething = (state) => state.query.trim() !== "" || Object.keys(filtersOf(state)).length > 0;
