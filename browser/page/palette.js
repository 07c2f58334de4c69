/**
 * The switch of colours: as the system, light, dark. The theme's own does the same, and to do so has every page styled
 * three times anew (a `meta` of colours comes and goes), which is most of what a phone does at a visit. What it keeps of
 * the reader's choice is kept in the same place, where the theme's line in the page's head looks for it.
 */

const SYSTEM = "(prefers-color-scheme)";
const NAMES = ["scheme", "primary", "accent"];
const theme = /** @type {any} */ (globalThis);
const inputs = /** @type {HTMLInputElement[]} */ ([...document.querySelectorAll("[data-wiki-palette] input")]);
const dark = matchMedia("(prefers-color-scheme: dark)");

/** @param {Element} input */
const mediaOf = (input) => input.getAttribute("data-md-color-media") ?? "";

/** Shows the colours of a choice, and the button that leads to the next. @param {HTMLInputElement} chosen */
function show(chosen) {
  const system = `(prefers-color-scheme: ${dark.matches ? "dark" : "light"})`;
  const meant = mediaOf(chosen) === SYSTEM ? inputs.find((input) => mediaOf(input) === system) : chosen;
  const colours = NAMES.map((name) => [name, meant?.getAttribute(`data-md-color-${name}`) ?? ""]);
  for (const [name, value] of colours) document.body.setAttribute(`data-md-color-${name}`, value);
  chosen.checked = true;
  for (const input of inputs) /** @type {HTMLElement} */ (input.nextElementSibling).hidden = input !== chosen;
  return { index: inputs.indexOf(chosen), color: { media: mediaOf(chosen), ...Object.fromEntries(colours) } };
}

if (inputs.length > 0) {
  show(inputs[theme.__md_get("__palette")?.index ?? 0] ?? inputs[0]);
  dark.addEventListener("change", () => show(inputs.find((input) => input.checked) ?? inputs[0]));
  for (const [index, input] of inputs.entries()) {
    input.addEventListener("change", () => theme.__md_set("__palette", show(input)));
    input.addEventListener("keydown", (event) => {
      const next = inputs[(index + 1) % inputs.length];
      if (event.key !== "Enter") return;
      event.preventDefault();
      next.click();
      next.focus();
    });
  }
}
