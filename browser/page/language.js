/**
 * What each page is given when it is shown. The header stays when the theme brings in another page: its language switch is led to that page's counterpart. And
 * what hardly any page needs is brought where one does.
 */

const root = new URL("../..", import.meta.url).href;

/** The page that a reader left for the English home page, as it has no English one; never one of another site. */
function left() {
  const from = new URLSearchParams(location.search).get("from") ?? "";
  const place = from && new URL(from, root);
  return place && place.href.startsWith(root) && place.pathname !== location.pathname ? place.href : "";
}

/** Whether the reader comes from, or reads in, another language than Chinese. */
function readsEnglish() {
  return document.referrer.startsWith(`${root}en/`) || !navigator.languages.some((language) => /^zh\b/i.test(language));
}

function pageShown() {
  const page = (location.origin + location.pathname).slice(root.length).replace(/^en\//, "");
  const both = document.querySelector("meta[name=languages]"); // see theme/main.html
  for (const link of /** @type {NodeListOf<HTMLAnchorElement>} */ (document.querySelectorAll("a.md-select__link"))) {
    link.href = root + (link.hreflang === "en" ? "en/" : "") + (both ? page : "");
    // A page in Chinese alone: the way to English leads back to it.
    if (!both && link.hreflang === "en" && page) link.href += `?from=${encodeURIComponent(page)}`;
    if (link.hreflang === "zh" && left()) link.href = left();
  }
  const notice = /** @type {HTMLElement | null} */ (document.querySelector(".wiki-english"));
  const back = /** @type {HTMLAnchorElement | null} */ (notice?.querySelector("a[hreflang=zh]") ?? null);
  if (back) back.href = left() || root;
  if (notice) notice.hidden = back ? !left() : !readsEnglish();
  if (document.querySelector("[data-wiki-concept], [data-wiki-step], [data-wiki-turn], [data-wiki-fresh]")) {
    import("./progress.js").then(({ begin }) => begin());
  }
  const map = document.querySelector(".wiki-map");
  if (map) import("./map.js").then(({ begin }) => begin(/** @type {HTMLElement} */ (map)));
  const list = document.getElementById("paper-list");
  if (list) import("./papers.js").then(({ begin }) => begin(list));
  const gallery = /** @type {HTMLElement | null} */ (document.querySelector(".wiki-gallery"));
  if (gallery) import("./gallery.js").then(({ begin }) => begin(gallery));
  else if (document.querySelector(".wiki-take")) import("./take.js").then(({ begin }) => begin());
}

// With instant navigation the theme announces each page; without it, there is only this one.
const pages = /** @type {any} */ (globalThis).document$;
if (pages) pages.subscribe(pageShown);
else pageShown();
