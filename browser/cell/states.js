/**
 * What stands below a cell, and how it is labelled. The label is worked out from what stands there each time the code
 * changes, and kept nowhere: it cannot outlive what it labels. The picture is in the guide (docs/guide/running.md).
 *
 * @typedef {"verified" | "ran" | "failed" | "stopped"} Ending What it is of: the page, or a run, by how that ended.
 * @typedef {{of: Ending, code: string, seconds?: string}} Shown Output that stands there, and the code that it belongs to.
 * @typedef {"none" | "waiting" | "running" | "earlier" | Ending} State
 */

/**
 * @param {Shown | null} shown null where nothing stands there.
 * @param {string} code What is in the editor now.
 * @param {"waiting" | "running" | null} run What goes on; while it waits, what stands there is of before.
 * @returns {State}
 */
export function stateOf(shown, code, run) {
  if (run === "running") return "running";
  if (run === "waiting") return shown ? "waiting" : "none";
  if (!shown) return "none";
  return shown.code === code ? shown.of : "earlier";
}

/**
 * How one line became another, as in `rank = 4 → 8`; "" where more than one line was changed.
 * @param {string} before
 * @param {string} after
 */
export function changeOf(before, after) {
  const [left, right] = [before.split("\n"), after.split("\n")];
  if (left.length !== right.length) return "";
  const at = left.map((line, index) => (line === right[index] ? -1 : index)).filter((index) => index >= 0);
  if (at.length !== 1) return "";
  const [one, other] = [words(left[at[0]]), words(right[at[0]])];
  let start = 0;
  while (start < Math.min(one.length, other.length) && one[start] === other[start]) start += 1;
  let end = 0;
  while (end < Math.min(one.length, other.length) - start && one.at(-1 - end) === other.at(-1 - end)) end += 1;
  const old = one.slice(start, one.length - end).join("").trim();
  const now = other.slice(start, other.length - end).join("").trim();
  const name = /([\w.]+\s*[=:]?\s*|\w+\()$/.exec(one.slice(0, start).join("").slice(-NEAR))?.[0].trim().replace(/\s*=$/, "") ?? "";
  return `${name} ${old || "∅"} → ${now || "∅"}`.trim().slice(0, 120);
}

const NEAR = 120; // letters before a change, in which its name stands

/** @param {string} line */
const words = (line) => line.match(/\w[\w.]*|\s+|[^\w\s]/g) ?? [];
