/** Within what KaTeX renders a formula: nobody's covers the page or runs on for long. */

// KaTeX has no limit for sizes (in em), and none at all for negative ones.
const LIMITS = { maxSize: 40, maxExpand: 1000, throwOnError: true, trust: false, strict: "ignore" };
const LONGEST = 50_000; // letters of a formula whose own macros are put in: KaTeX counts how often that is done alone
const DEFINES = /\\(?:[egx]?def|(?:new|renew|provide)command)(?![A-Za-z])/;
const MULTIPLIES = /#|\\[ex]def(?![A-Za-z])/; // each time by what it was the time before

/**
 * The options for a formula. It may put in its own macros as often as makes no more than so many letters of it.
 * @param {string} tex
 */
export function limits(tex) {
  if (!DEFINES.test(tex)) return LIMITS;
  const most = MULTIPLIES.test(tex) ? 0 : Math.floor(LONGEST / tex.length);
  return { ...LIMITS, maxExpand: Math.min(LIMITS.maxExpand, most) };
}
