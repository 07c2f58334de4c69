/**
 * What a letter stands for has one colour, in formulas and in the code that has their letters: the head of a concept page
 * says `data-symbols="query Q q; key K k"`. Pictures are drawn so (pictures/__main__.py).
 */

// KaTeX stacks a subscript below an exponent, and what reaches below the line is a table of two rows.
const SUBSCRIPT = ":scope.msupsub > .vlist-t2 > .vlist-r > .vlist > span";

/** @typedef {[string, string][]} Table names with their roles, the longest name first */

/** @returns {Table} */
export function symbols() {
  const said = /** @type {HTMLElement | null} */ (document.querySelector("[data-symbols]"))?.dataset.symbols ?? "";
  return said
    .split(";")
    .flatMap((line) => {
      const [role, ...names] = line.trim().split(/\s+/);
      return names.map((name) => /** @type {[string, string]} */ ([name, role]));
    })
    .sort(([a], [b]) => b.length - a.length);
}

/** The role of a letter with its subscript (`K`, `K_j`, `π_ref`): that of the longest name it is or begins with.
 * @param {string} name @param {Table} table */
export function roleOf(name, table) {
  return table.find(([known]) => name === known || name.startsWith(`${known}_`));
}

/** KaTeX makes one element of neighbouring letters. Each is a variable of its own here.
 * @param {Element} element */
function letters(element) {
  const all = [...(element.textContent ?? "")];
  if (all.length < 2) return [element];
  const parts = all.map((letter) => {
    const part = element.cloneNode(false);
    part.textContent = letter;
    return /** @type {Element} */ (part);
  });
  element.replaceChildren(...parts);
  return parts;
}

/** @param {Element} place a formula that is typeset @param {Table} table */
export function paintFormula(place, table) {
  if (table.length === 0) return;
  for (const element of place.querySelectorAll(".katex-html .mathnormal")) {
    for (const letter of letters(element)) {
      const base = letter.textContent ?? "";
      const below = letter.nextElementSibling?.querySelector(SUBSCRIPT)?.textContent;
      const found = roleOf(below ? `${base}_${below.replace(/\u200b/g, "")}` : base, table);
      if (!found) continue;
      // A name with a subscript is coloured with it.
      const whole = found[0].includes("_") && letter.parentElement ? letter.parentElement : letter;
      whole.classList.add(`wiki-${found[1]}`);
    }
  }
}

/** @param {Table} table */
export function paintCode(table) {
  if (table.length === 0) return;
  for (const name of document.querySelectorAll(".essence .n")) {
    const found = roleOf(name.textContent ?? "", table);
    if (found) name.classList.add(`wiki-${found[1]}`);
  }
}
