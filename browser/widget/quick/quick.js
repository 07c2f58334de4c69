/**
 * What two widgets show before Python is there: the same numbers and pictures by the same formulas, in some milliseconds
 * and without a download. A test compares them with Python's at hundreds of positions.
 *
 * @typedef {{text: string, pictures: string[]}} Shown The printed text, and SVG.
 * @typedef {(values: Record<string, any>, zh: boolean) => Shown | null} Quick null for what only Python computes.
 */

/** @type {Record<string, () => Promise<{shown: Quick}>>} */
const KNOWN = {
  memory: () => import("./memory.js"),
  sampling: () => import("./sampling.js"),
};

/** @param {string} name Of a widget. @returns {Promise<Quick | null>} */
export const quick = async (name) => (Object.hasOwn(KNOWN, name) ? (await KNOWN[name]()).shown : null);
