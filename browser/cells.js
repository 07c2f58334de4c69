/** What every page loads: it looks for runnable blocks, and fetches the cells' code only where there are some. */

const BLOCKS = ".runnable.highlight:not(.wiki-cell)";

/** @type {(() => void) | null} */
let leave = null;

async function pageShown() {
  leave?.();
  leave = null;
  const blocks = /** @type {HTMLElement[]} */ ([...document.querySelectorAll(BLOCKS)]);
  if (blocks.length === 0) return;
  const { upgrade } = await import("./cell.js");
  if (blocks.every((block) => block.isConnected)) leave = upgrade(blocks);
}

// With instant navigation the theme announces each page, this one included; without it, there is only this one.
const pages = /** @type {any} */ (globalThis).document$;
if (pages) pages.subscribe(pageShown);
else pageShown();
