/**
 * What a reader has read: kept in this browser alone, shown on the home page, the path, the map and the concept pages.
 * A concept's page is done when its reader says so, or passes its challenge (`wiki-passed`, see the cell).
 */

import { element } from "./dom.js";

const KEY = "wiki-progress"; // concept -> "done"
const FRESH = 60 * 24 * 60 * 60 * 1000; // ms: what is older is no news; see `fresh` in ingest/pages/path.py

/** @type {Record<string, string>} What this visit knows, where the browser keeps nothing. */
let visit = Object.create(null);
let keeps = true;

/** @returns {Record<string, string>} */
function read() {
  if (!keeps) return visit;
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    if (kept && typeof kept === "object" && !Array.isArray(kept)) return Object.assign(Object.create(null), kept);
  } catch {
    return visit; // storage is blocked, or holds what is none of ours
  }
  return Object.create(null); // no concept's name is one that objects have, such as `constructor`
}

/** @param {Record<string, string>} progress */
function write(progress) {
  visit = progress;
  try {
    if (Object.keys(progress).length) localStorage.setItem(KEY, JSON.stringify(progress));
    else localStorage.removeItem(KEY);
  } catch {
    keeps = false; // storage is blocked, or full
  }
}

/** @param {string} name @param {boolean} done */
function mark(name, done) {
  const progress = read();
  if (done) progress[name] = "done";
  else delete progress[name];
  write(progress);
  show();
}

const WORDS = {
  zh: {
    mark: "标为读完",
    unmark: "已读完，取消",
    clear: "全部清除",
    next: "接着读：",
    all: "都读完了。",
    count: (/** @type {number} */ done, /** @type {number} */ all) => `读完 ${done} / ${all} 页`,
    done: "已读完",
    due: "接着读这一页",
  },
  en: {
    mark: "Mark as read",
    unmark: "Read; take back",
    clear: "Clear all",
    next: "Next: ",
    all: "All of it is read.",
    count: (/** @type {number} */ done, /** @type {number} */ all) => `${done} of ${all} pages read`,
    done: "read",
    due: "read this next",
  },
};
const words = () => (document.documentElement.lang === "en" ? WORDS.en : WORDS.zh);
const goal = () => new URLSearchParams(location.search).get("goal") ?? "";

/** @param {string} selector @returns {HTMLElement[]} */
const all = (selector) => [...document.querySelectorAll(selector)].map((found) => /** @type {HTMLElement} */ (found));

/** The pages of the path in order, as the page that shows progress names them; a goal's way alone where one is chosen. */
function pages() {
  const wanted = goal();
  return /** @type {HTMLAnchorElement[]} */ (all("[data-wiki-page]")).filter(
    (link) => !wanted || (link.dataset.wikiGoals ?? "").split(" ").includes(wanted),
  );
}

/** The first page of the path that is not read yet. */
function due() {
  const progress = read();
  return pages().find((link) => !progress[link.dataset.wikiPage ?? ""]);
}

/** How far the reader is, what comes next, and a way to forget it. @param {HTMLElement} place */
function showProgress(place) {
  const progress = read();
  const path = pages();
  const done = path.filter((link) => progress[link.dataset.wikiPage ?? ""]).length;
  const next = due();
  const status = place.querySelector(".wiki-progress__status") ?? element("p", { class: "wiki-progress__status", role: "status" });
  place.hidden = Object.keys(progress).length === 0;
  status.replaceChildren(words().count(done, path.length), " · ");
  if (next) status.append(words().next, element("a", { href: next.href }, next.textContent ?? ""));
  else status.append(words().all);
  place.prepend(status);
  if (!place.querySelector("button")) {
    const clear = element("button", { type: "button", class: "wiki-way" }, words().clear);
    clear.addEventListener("click", () => {
      write({});
      show();
    });
    place.append(clear);
  }
}

/** @param {HTMLElement} place @param {string} name @param {boolean} isDone */
function showSwitch(place, name, isDone) {
  let button = place.querySelector("button");
  if (!button) {
    button = element("button", { type: "button", class: "wiki-tick" });
    button.addEventListener("click", () => mark(name, !read()[name]));
    if (place.matches("li")) place.prepend(button);
    else place.append(button);
  }
  const title = place.querySelector("a")?.textContent ?? "";
  const said = isDone ? words().unmark : words().mark;
  button.setAttribute("aria-pressed", String(isDone));
  if (place.matches("li")) {
    button.textContent = isDone ? "✓" : "";
    button.setAttribute("aria-label", `${words().mark}：${title}`);
    button.title = said;
  } else {
    button.textContent = isDone ? `✓ ${said}` : said;
  }
}

function show() {
  const progress = read();
  const next = due()?.dataset.wikiPage;
  const wanted = goal();
  for (const card of all("[data-wiki-step]")) {
    const bar = card.querySelector("progress");
    const names = (card.dataset.wikiStep ?? "").split(" ");
    if (bar) bar.value = names.filter((name) => progress[name]).length;
    card.classList.toggle("wiki-here", next !== undefined && names.includes(next) && Object.keys(progress).length > 0);
  }
  for (const one of all("[data-wiki-concept]")) {
    const name = one.dataset.wikiConcept ?? "";
    const isOut = wanted !== "" && !(one.dataset.wikiGoals ?? "").split(" ").includes(wanted);
    one.classList.toggle("wiki-done", Boolean(progress[name]));
    one.classList.toggle("wiki-due", name === next);
    if (one.dataset.wikiGoals === undefined) continue;
    one.classList.toggle("wiki-out", isOut);
    const item = one.closest("li");
    if (item) {
      item.hidden = isOut;
      showSwitch(item, name, Boolean(progress[name]));
    } else {
      // A box of the map: its colours say it to the eye.
      const state = progress[name] ? `，${words().done}` : name === next ? `，${words().due}` : "";
      one.setAttribute("aria-label", (one.querySelector("text")?.textContent ?? "") + state);
    }
  }
  // A step of which the goal wants nothing: its heading, the line below it, and its list.
  for (const list of all("ol:has(> li > [data-wiki-goals])")) {
    const isOut = [...list.children].every((item) => /** @type {HTMLElement} */ (item).hidden);
    for (const part of [list.previousElementSibling?.previousElementSibling, list.previousElementSibling, list]) {
      /** @type {HTMLElement} */ (part).hidden = isOut;
    }
  }
  for (const place of all("[data-wiki-turn]")) {
    const name = place.dataset.wikiTurn ?? "";
    showSwitch(place, name, Boolean(progress[name]));
  }
  for (const choice of all("[data-wiki-goal]")) {
    if (choice.dataset.wikiGoal === wanted) choice.setAttribute("aria-current", "true");
    else choice.removeAttribute("aria-current");
  }
  for (const place of all(".wiki-progress")) showProgress(place);
}

/** A goal is chosen without leaving the page, and its address can be shared. @param {MouseEvent} event */
function choose(event) {
  const link = /** @type {HTMLAnchorElement} */ (event.currentTarget);
  event.preventDefault();
  event.stopPropagation(); // the theme would fetch the page
  history.replaceState(history.state, "", link.dataset.wikiGoal ? link.href : location.pathname);
  show();
}

/** Whatever a page shows of progress. It is called for each page that is shown. */
export function begin() {
  for (const box of all(".wiki-goals")) {
    box.hidden = false;
    for (const link of all("[data-wiki-goal]")) link.addEventListener("click", choose);
  }
  for (const card of all("[data-wiki-fresh]")) {
    card.hidden = Date.now() - Date.parse(card.dataset.wikiFresh ?? "") > FRESH;
  }
  show();
}

// At the window, and on the way down: wherever it is said, and whether it bubbles or not.
addEventListener(
  "wiki-passed",
  (event) => {
    const name = /** @type {CustomEvent} */ (event).detail;
    if (typeof name === "string" && name) mark(name, true);
  },
  true,
);
addEventListener("storage", (event) => {
  if (event.key === KEY || event.key === null) show();
});
