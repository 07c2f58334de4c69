/** What every page loads: it looks for widgets, and fetches their code only where there are some. */

/** @type {(() => void) | null} */
let leave = null;

async function pageShown() {
  leave?.();
  leave = null;
  const blocks = /** @type {HTMLElement[]} */ ([...document.querySelectorAll(".wiki-widget")]);
  if (blocks.length === 0) return;
  const { begin } = await import("./widget.js");
  if (blocks.every((block) => block.isConnected)) leave = begin(blocks);
}

// As in cells.js: with instant navigation the theme announces each page; without it, there is only this one.
const pages = /** @type {any} */ (globalThis).document$;
if (pages) pages.subscribe(pageShown);
else pageShown();

export {}; // a module, whose names are its own
