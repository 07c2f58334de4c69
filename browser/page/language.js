/**
 * The header stays when the theme brings in another page: its language switch is led to that page's counterpart. And
 * what hardly any page needs is brought where one does.
 */

const root = new URL("../..", import.meta.url).href;

function pageShown() {
  const page = (location.origin + location.pathname).slice(root.length).replace(/^en\//, "");
  const both = document.querySelector("meta[name=languages]"); // see theme/main.html
  for (const link of /** @type {NodeListOf<HTMLAnchorElement>} */ (document.querySelectorAll("a.md-select__link"))) {
    link.href = root + (link.hreflang === "en" ? "en/" : "") + (both ? page : "");
  }
  const list = document.getElementById("paper-list");
  if (list) import("./papers.js").then(({ begin }) => begin(list));
}

// With instant navigation the theme announces each page; without it, the switch is right as it was built.
/** @type {any} */ (globalThis).document$?.subscribe(pageShown);
