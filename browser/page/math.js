/** Formulas: every `.arithmatex` element by KaTeX, which is loaded from this site and only where a page has some. */

import { element } from "./dom.js";
import { limits } from "./limits.js";
import { paintCode, paintFormula, symbols } from "./symbols.js";

const TURN = 8; // ms of work before others have theirs: 32 on a phone, which nobody feels
const FONTS = ["1em KaTeX_Main", "italic 1em KaTeX_Math"];
// What may move something out of its place is cut off at its edges.
const MOVES =
  /\\(?:m?kern|m?skip|hskip|mspace|hspace|raise|lower|rule|[rlc]lap|math[rlc]lap|smash|arraystretch|above)|\\\\\*?\s*\[/;
const CLOSING = /^[，。；：、？！）」』】》”’…％,.;:?!)\]]/; // no line begins with them
const DEEPEST = 300; // elements in each other: at 900 a browser lays out no more, but ends the page
const katexFolder = new URL("../../assets/vendor/katex/", import.meta.url);

/** @type {Promise<any> | null} */
let loading = null;

/** The style sheet, and the fonts that nearly every formula needs: those that come later move the text once more. */
async function looks() {
  const href = new URL("katex.min.css", katexFolder).href;
  const known = [...document.fonts].some((font) => font.family.includes("KaTeX_Main")); // publish/styles.py
  if (known) return void (await Promise.allSettled(FONTS.map((font) => document.fonts.load(font))));
  const link = Object.assign(document.createElement("link"), { rel: "stylesheet", href });
  const loaded = new Promise((done) => (link.onload = link.onerror = done));
  document.head.append(link);
  await loaded;
  await Promise.allSettled(FONTS.map((font) => document.fonts.load(font)));
}

/** KaTeX's bundle sets a global, wherever it is loaded from. */
function load() {
  loading ??= import(new URL("katex.min.js", katexFolder).href).then(() => /** @type {any} */ (globalThis).katex);
  return loading;
}

/** KaTeX gives the pieces of tall braces a `style` attribute, which the policy forbids; the same as a property is allowed. */
SVGSVGElement.prototype.setAttribute = function (/** @type {string} */ name, /** @type {string} */ value) {
  if (name === "style") this.style.cssText = value;
  else Element.prototype.setAttribute.call(this, name, value);
};

/**
 * The formula without the delimiters of `pymdownx.arithmatex` (generic), and whether it stands on its own lines.
 * @param {string} text
 * @returns {{tex: string, display: boolean} | null} null where there are no such delimiters.
 */
export function formula(text) {
  const match = /^\s*(?:\\\(([\s\S]*)\\\)|\\\[([\s\S]*)\\\])\s*$/.exec(text);
  return match && { tex: (match[1] ?? match[2]).trim(), display: match[1] === undefined };
}

/**
 * A faulty formula as it was written. KaTeX would do so by itself, but with an inline style that the policy forbids.
 * @param {Element} place @param {string} tex @param {string} reason
 */
function showSource(place, tex, reason) {
  const source = document.createElement("span");
  source.className = "katex-error";
  source.title = reason;
  source.textContent = tex;
  place.replaceChildren(source);
}

/**
 * Whether elements stand in each other deeper than is safe to show.
 * @param {Element} root
 */
function isDeep(root) {
  let level = [root];
  for (let depth = 0; level.length; depth++) {
    if (depth > DEEPEST) return true;
    level = level.flatMap((inner) => [...inner.children]);
  }
  return false;
}

/**
 * No line begins with the comma behind a formula. A browser would break it there, as beside every inline block, unless what
 * is around the block says otherwise: that is said for the last one alone, so that a long formula still breaks between.
 * @param {Element} place
 */
function hold(place) {
  const next = place.nextSibling;
  const last = place.querySelector(".katex-html > .base:last-child");
  if (!last || !(next instanceof Text) || !CLOSING.test(next.data)) return;
  const held = element("span", { class: "wiki-held" });
  last.replaceWith(held);
  held.append(last);
}

/** A formula that is wider than its place can be scrolled by keys too. */
const widths = new ResizeObserver((changes) => {
  for (const { target } of changes) {
    if (target.scrollWidth > target.clientWidth) target.setAttribute("tabindex", "0");
    else target.removeAttribute("tabindex");
  }
});

async function renderAll() {
  widths.disconnect();
  const table = symbols();
  paintCode(table);
  const waiting = [...document.querySelectorAll(".arithmatex:not([data-math])")];
  if (waiting.length === 0) return;
  const [katex] = await Promise.all([load(), looks()]).catch((error) => {
    for (const place of waiting) place.setAttribute("data-math", "source"); // seen as written
    throw error;
  });
  let began = -TURN; // the first formula waits its turn too: KaTeX itself has just taken one
  for (const place of waiting) {
    if (performance.now() - began > TURN) {
      await new Promise((done) => setTimeout(done)); // a page with hundreds of formulas stays at hand meanwhile
      began = performance.now();
    }
    const found = formula(place.textContent ?? "");
    if (!found || place.hasAttribute("data-math")) continue;
    place.setAttribute("data-math", found.display ? "display" : "inline");
    try {
      place.classList.toggle("wiki-kept", !found.display && MOVES.test(found.tex));
      const made = element("div");
      katex.render(found.tex, made, { displayMode: found.display, ...limits(found.tex) });
      if (isDeep(made)) throw new Error(`more than ${DEEPEST} elements in each other`);
      place.replaceChildren(...made.childNodes);
      paintFormula(place, table);
      if (found.display) widths.observe(place);
      else hold(place);
    } catch (error) {
      showSource(place, found.tex, error instanceof Error ? error.message : String(error));
    }
  }
}

const pages = /** @type {any} */ (globalThis).document$;
if (pages) pages.subscribe(renderAll);
else renderAll();
