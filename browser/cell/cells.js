/** What every page loads: it looks for runnable blocks, and fetches the cells' code only where there are some. */

const BLOCKS = ".runnable.highlight:not(.wiki-cell)";

/** @type {(() => void) | null} */
let leave = null;
/** @type {Element | null} */
let container = null;

/**
 * The theme never lets go of some nodes of the pages it has replaced, and one node keeps alive its whole tree, some
 * 4,000 nodes each time. So the trees are taken apart.
 */
function takeLeftPageApart() {
  const left = container;
  container = document.querySelector("[data-md-component=container]");
  if (!left || left.isConnected) return;
  for (const node of left.querySelectorAll("*")) node.remove();
}

/** The cells of the newest build, where those of this one are gone: it was built anew while the page came. */
async function newest() {
  const runtime = new URL("..", import.meta.url).href;
  const answer = await fetch(`${runtime}manifest.json`, { cache: "no-cache" });
  return import(runtime + (await answer.json()).scripts["cell/cell.js"]);
}

async function pageShown() {
  leave?.();
  leave = null;
  takeLeftPageApart();
  const blocks = /** @type {HTMLElement[]} */ ([...document.querySelectorAll(BLOCKS)]);
  if (blocks.length === 0) return;
  const { upgrade } = await import("./cell.js").catch(newest);
  if (blocks.every((block) => block.isConnected)) leave = upgrade(blocks);
}

// With instant navigation the theme announces each page, this one included; without it, there is only this one.
const pages = /** @type {any} */ (globalThis).document$;
if (pages) pages.subscribe(pageShown);
else pageShown();
