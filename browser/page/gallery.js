/** The page of all snippets: a filter, and each example run in its place, brought from its concept's page. */

import { element } from "./dom.js";
import { begin as take } from "./take.js";

const zh = {
  filter: "按名字找",
  found: (/** @type {number} */ count) => `找到 ${count} 个`,
  close: "收起例子",
  loading: "正在取例子……",
  failed: "没有取到例子",
};
/** @type {typeof zh} */
const en = {
  filter: "Find by name",
  found: (count) => `${count} found`,
  close: "Close the example",
  loading: "Fetching the example …",
  failed: "The example could not be fetched",
};

/** @type {(() => void)[]} */
let leave = []; // the cells of the page that is shown

/** @param {HTMLElement} gallery @param {typeof zh} label */
function addFilter(gallery, label) {
  const field = element("input", { type: "search", "aria-label": label.filter, placeholder: label.filter });
  const status = element("span", { role: "status", class: "wiki-list__meta" });
  const groups = /** @type {HTMLDetailsElement[]} */ ([...gallery.querySelectorAll(".wiki-gallery__group")]);
  const opened = groups.map((group) => group.open);
  field.addEventListener("input", () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const [at, group] of groups.entries()) {
      const pieces = /** @type {HTMLElement[]} */ ([...group.querySelectorAll(".wiki-piece")]);
      for (const piece of pieces) {
        piece.hidden = !words.every((word) => piece.dataset.find?.includes(word));
        count += piece.hidden ? 0 : 1;
      }
      group.hidden = pieces.every((piece) => piece.hidden);
      group.open = words.length ? !group.hidden : opened[at];
    }
    status.textContent = words.length ? label.found(count) : "";
  });
  gallery.prepend(element("div", { class: "wiki-filter" }, field, status));
}

/** @param {HTMLAnchorElement} link @param {HTMLElement} piece @param {typeof zh} label */
async function open(link, piece, label) {
  const place = element("div", { class: "wiki-piece__cell" }, label.loading);
  piece.append(place);
  try {
    const answer = await fetch(link.href);
    if (!answer.ok) throw new Error(`${answer.status}`);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const block = page.querySelector(".runnable.highlight:not(.setup, .challenge)");
    if (!(block instanceof HTMLElement)) throw new Error("no example");
    const output = block.nextElementSibling;
    place.replaceChildren(document.adoptNode(block));
    if (output?.matches(".output.highlight")) place.append(document.adoptNode(output));
    const { upgrade } = await import("../cell/cell.js");
    leave.push(upgrade([block]));
    place.querySelector("button")?.focus();
  } catch (error) {
    place.replaceChildren(`${label.failed}${error instanceof Error ? ` (${error.message})` : ""}`);
  }
}

/** @param {HTMLElement} gallery */
export function begin(gallery) {
  if (gallery.dataset.started !== undefined) return;
  gallery.dataset.started = "";
  for (const end of leave) end();
  leave = [];
  const label = document.documentElement.lang.toLowerCase().startsWith("zh") ? zh : en;
  addFilter(gallery, label);
  take(gallery);
  for (const link of /** @type {NodeListOf<HTMLAnchorElement>} */ (gallery.querySelectorAll("a.wiki-piece__run"))) {
    const piece = /** @type {HTMLElement} */ (link.closest(".wiki-piece"));
    const said = link.textContent ?? "";
    link.setAttribute("role", "button");
    link.setAttribute("aria-expanded", "false");
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return; // into a tab of its own
      event.preventDefault();
      event.stopPropagation(); // the theme would bring in the page
      let place = /** @type {HTMLElement | null} */ (piece.querySelector(".wiki-piece__cell"));
      const shown = !place || Boolean(place.hidden);
      if (!place) void open(link, piece, label);
      else place.hidden = !shown;
      piece.toggleAttribute("data-open", shown);
      link.setAttribute("aria-expanded", String(shown));
      link.textContent = shown ? label.close : said;
    });
  }
}
