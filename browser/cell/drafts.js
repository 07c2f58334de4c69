/** Edited code, kept in the reader's browser by page and block. Where that is not allowed, it is kept for the tab. */

const PREFIX = "openllm-wiki-code ";
const MOST = 100; // drafts; the oldest go first
const LONGEST = 100_000; // characters of one

/** @type {Map<string, string>} */
const inTab = new Map();

/** @param {string} page @param {number} block */
const keyOf = (page, block) => `${PREFIX}${page} ${block}`;

/** The store, or null: even to ask for it may be refused. */
function store() {
  try {
    return globalThis.localStorage ?? null;
  } catch {
    return null;
  }
}

/** @param {string} page @param {number} block @returns {string | null} */
export function draftOf(page, block) {
  const key = keyOf(page, block);
  try {
    const text = store()?.getItem(key) ?? inTab.get(key) ?? null;
    const code = text === null ? null : JSON.parse(text).code;
    return typeof code === "string" ? code : null;
  } catch {
    return null;
  }
}

/** @param {string} page @param {number} block @param {string | null} code null forgets it. */
export function keepDraft(page, block, code) {
  const key = keyOf(page, block);
  if (code === null || code.length > LONGEST) inTab.delete(key);
  else inTab.set(key, JSON.stringify({ code, at: Date.now() }));
  try {
    const kept = store();
    if (!kept) return;
    const text = inTab.get(key);
    if (text === undefined) return kept.removeItem(key);
    kept.setItem(key, text);
    tidy(kept);
  } catch {
    // no room, or not allowed: the tab has it
  }
}

/** @param {Storage} kept */
function tidy(kept) {
  const keys = Object.keys(kept).filter((key) => key.startsWith(PREFIX));
  if (keys.length <= MOST) return;
  const age = (/** @type {string} */ key) => JSON.parse(kept.getItem(key) ?? "{}").at ?? 0;
  for (const key of keys.sort((one, other) => age(one) - age(other)).slice(0, keys.length - MOST)) kept.removeItem(key);
}
