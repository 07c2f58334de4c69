/** What was printed against the verified output: the same, or the lines that differ. */

const LINE_ENDS = /\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/; // those of Python's splitlines
const LARGEST_TABLE = 250_000; // cells of the table of common lines; beyond, a stretch differs as a whole

/** Text as pages show it (`tidy` of tools/outputs.py): no blanks at line ends, no empty lines at the end. */
export function tidy(/** @type {string} */ text) {
  const lines = text.split(LINE_ENDS).map((line) => line.trimEnd());
  while (lines.length && lines.at(-1) === "") lines.pop();
  return lines;
}

/**
 * Lines that one text has and the other has not, in order.
 * @param {string} expected
 * @param {string} actual
 * @returns {{side: "expected" | "actual", line: number, text: string}[]} empty where the texts are the same;
 *   `line` counts from 1 in the text of that side.
 */
export function differences(expected, actual) {
  const [left, right] = [tidy(expected), tidy(actual)];
  let start = 0;
  while (start < left.length && start < right.length && left[start] === right[start]) start += 1;
  let [leftEnd, rightEnd] = [left.length, right.length];
  while (leftEnd > start && rightEnd > start && left[leftEnd - 1] === right[rightEnd - 1]) {
    leftEnd -= 1;
    rightEnd -= 1;
  }
  const common = commonLines(left.slice(start, leftEnd), right.slice(start, rightEnd));
  const found = /** @type {ReturnType<typeof differences>} */ ([]);
  let [at, to] = [start, start];
  for (const [l, r] of [...common, [leftEnd - start, rightEnd - start]]) {
    for (; at < start + l; at += 1) found.push({ side: "expected", line: at + 1, text: left[at] });
    for (; to < start + r; to += 1) found.push({ side: "actual", line: to + 1, text: right[to] });
    at += 1;
    to += 1;
  }
  return found;
}

/**
 * Pairs of indices of a longest common subsequence.
 * @param {string[]} left
 * @param {string[]} right
 * @returns {[number, number][]}
 */
function commonLines(left, right) {
  const width = right.length + 1;
  if (left.length * right.length > LARGEST_TABLE) return [];
  const longest = new Uint16Array((left.length + 1) * width); // of the rests that begin at [l, r]
  for (let l = left.length - 1; l >= 0; l -= 1) {
    for (let r = right.length - 1; r >= 0; r -= 1) {
      const skip = Math.max(longest[(l + 1) * width + r], longest[l * width + r + 1]);
      longest[l * width + r] = left[l] === right[r] ? longest[(l + 1) * width + r + 1] + 1 : skip;
    }
  }
  const pairs = /** @type {[number, number][]} */ ([]);
  for (let l = 0, r = 0; l < left.length && r < right.length; ) {
    if (left[l] === right[r]) pairs.push([l++, r++]);
    else if (longest[(l + 1) * width + r] >= longest[l * width + r + 1]) l += 1;
    else r += 1;
  }
  return pairs;
}
