/** The search dialog of every page: a button in the header, `/` or Ctrl+K, and the state in the address. */

import * as engine from "./search_engine.js";
import { EMPTY, KINDS, STATUSES, asksSomething, fromAddress, toAddress } from "./search_state.js";

/** @typedef {import("./search_state.js").State} State */
/** @typedef {import("./search_engine.js").Result} Result */

const PAGE = 10;
const PAUSE_MS = 150;
const MAGNIFIER =
  "M9.5 3a6.5 6.5 0 0 1 5.2 10.4l5.3 5.3-1.3 1.3-5.3-5.3A6.5 6.5 0 1 1 9.5 3m0 1.9a4.6 4.6 0 1 0 0 9.2 4.6 4.6 0 0 0 0-9.2";

/**
 * An element with attributes and children. Strings become text, never HTML.
 * @param {string} tag
 * @param {Record<string, string>} attributes
 * @param {(Node | string)[]} children
 */
function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function icon() {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", MAGNIFIER);
  svg.append(path);
  return svg;
}

/** @param {Result} result */
function badges(result) {
  const made = result.kind ? [element("span", { class: "wiki-badge wiki-badge--kind" }, result.kind)] : [];
  if (result.status === "open" || result.status === "answered") {
    made.push(element("span", { class: `wiki-badge wiki-badge--${result.status}` }, STATUSES[result.status]));
  }
  return made;
}

/** @param {Result} result */
function resultItem(result) {
  const marked = result.excerpt.map(({ text, mark }) => (mark ? element("mark", {}, text) : text));
  const title = element("span", { class: "wiki-search__title" }, result.title);
  const excerpt = element("span", { class: "wiki-search__excerpt" }, ...marked);
  const head = element("span", { class: "wiki-search__head" }, title, ...badges(result));
  const item = element("li", {}, element("a", { href: result.url, class: "wiki-search__result" }, head, excerpt));
  for (const section of result.sections) {
    item.append(element("a", { href: section.url, class: "wiki-search__section" }, section.title));
  }
  return item;
}

class Search {
  /** @type {State} */ state = EMPTY;
  /** @type {Promise<Awaited<ReturnType<typeof engine.open>>> | null} */ index = null;
  attempts = 0;
  latest = 0; // number of the newest search: answers to older ones are dropped
  timer = 0;
  composing = false; // an input method is at work: pinyin on its way to characters

  constructor() {
    this.input = /** @type {HTMLInputElement} */ (
      element("input", {
        type: "search", placeholder: "搜索概念、问答、讨论、论文", "aria-label": "搜索", autocomplete: "off",
        spellcheck: "false", enterkeyhint: "search", maxlength: "200",
      })
    );
    this.kinds = element("div", { class: "wiki-search__chips", role: "group", "aria-label": "类别" });
    this.statuses = element("div", { class: "wiki-search__chips", role: "group", "aria-label": "问答的状态" });
    this.topics = /** @type {HTMLSelectElement} */ (element("select", { "aria-label": "主题" }));
    this.message = element("p", { class: "wiki-search__message", role: "status", "aria-live": "polite" });
    this.results = element("ol", { class: "wiki-search__results", "aria-label": "搜索结果" });
    this.more = element("button", { type: "button", class: "wiki-search__more", hidden: "" }, "加载更多");
    const close = element("button", { type: "button", class: "wiki-search__close", "aria-label": "关闭搜索" }, "×");
    const form = element("form", { class: "wiki-search__form", role: "search" }, icon(), this.input, close);
    const filters = element("div", { class: "wiki-search__filters" }, this.kinds, this.statuses, this.topics);
    const body = element("div", { class: "wiki-search__body" }, this.message, this.results, this.more);
    this.dialog = /** @type {HTMLDialogElement} */ (
      element("dialog", { class: "wiki-search", "aria-label": "搜索本站" }, form, filters, body)
    );
    document.body.append(this.dialog);
    close.addEventListener("click", () => this.dialog.close());
    form.addEventListener("submit", (event) => event.preventDefault());
    this.listen();
  }

  listen() {
    this.input.addEventListener("compositionstart", () => (this.composing = true));
    this.input.addEventListener("compositionend", () => {
      this.composing = false;
      this.change({ query: this.input.value });
    });
    this.input.addEventListener("input", () => {
      if (!this.composing) this.change({ query: this.input.value });
    });
    this.topics.addEventListener("change", () => this.change({ topic: this.topics.value }));
    this.dialog.addEventListener("keydown", (event) => this.key(event));
    this.dialog.addEventListener("close", () => this.closed());
    this.dialog.addEventListener("click", (event) => {
      const target = /** @type {Element} */ (event.target);
      if (target === this.dialog) this.dialog.close(); // the backdrop
      else if (target.closest("ol a") && !(event.ctrlKey || event.metaKey || event.shiftKey)) this.leave();
    });
  }

  /** @param {State} state */
  open(state) {
    this.state = state;
    this.input.value = state.query;
    this.leaving = false;
    if (!this.dialog.open) this.dialog.showModal();
    this.input.focus();
    this.input.select();
    this.show();
  }

  /** A result was chosen: the address keeps the search, so that Back returns to it. */
  leave() {
    this.leaving = true;
    this.dialog.close();
  }

  closed() {
    if (this.dialog.open) return; // the event comes late: the dialog is open again
    clearTimeout(this.timer);
    this.latest += 1;
    if (!this.leaving) this.writeAddress(null);
  }

  /** @param {Partial<State>} changes */
  change(changes) {
    this.state = { ...this.state, ...changes };
    if (this.state.kind && this.state.kind !== "问答") this.state.status = ""; // only questions have one
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.show(), "query" in changes ? PAUSE_MS : 0);
  }

  /** @param {State | null} state */
  writeAddress(state) {
    const address = toAddress(location.href, state);
    if (address !== location.href) history.replaceState(history.state, "", address);
  }

  async show() {
    this.latest += 1;
    const number = this.latest;
    this.writeAddress(this.state);
    try {
      const index = await this.load();
      const wanted = asksSomething(this.state) ? await index.find(this.state) : null;
      const first = wanted ? await wanted.more(PAGE) : [];
      if (number !== this.latest) return;
      this.drawFilters(wanted?.counts ?? index.filters);
      this.draw(wanted, first);
    } catch (error) {
      if (number === this.latest) this.fail(error);
    }
  }

  load() {
    if (this.index) return this.index;
    this.message.textContent = "正在加载索引……";
    this.index = engine.open(this.attempts);
    this.attempts += 1;
    return this.index;
  }

  /** @param {unknown} error */
  fail(error) {
    this.index = null;
    const reason = error instanceof Error ? error.message : String(error);
    const again = element("button", { type: "button" }, "重试");
    again.addEventListener("click", () => this.show());
    this.results.replaceChildren();
    this.more.hidden = true;
    this.message.replaceChildren(`搜索索引没能加载，现在无法搜索。原因：${reason} `, again);
  }

  /**
   * @param {import("./search_engine.js").Found | null} found
   * @param {Result[]} first
   */
  draw(found, first) {
    this.results.replaceChildren(...first.map(resultItem));
    this.message.textContent = this.summary(found);
    this.more.hidden = !found || found.total <= first.length;
    this.more.onclick = () => found && this.append(found).catch((error) => this.fail(error));
  }

  /** @param {import("./search_engine.js").Found} found */
  async append(found) {
    const number = this.latest;
    const next = (await found.more(PAGE)).map(resultItem);
    if (number !== this.latest) return;
    this.results.append(...next);
    this.more.hidden = this.results.children.length >= found.total;
    next[0]?.querySelector("a")?.focus();
  }

  /** @param {import("./search_engine.js").Found | null} found */
  summary(found) {
    if (!found) return "输入要找的词，中文英文都可以；也可以只选上面的条件，例如“待回答”。";
    if (found.total === 0) return "没有找到。换一个说法，或减少条件试试。";
    if (found.partial) return `没有哪一页包含所有的词；包含其中一部分的有 ${found.total} 页。`;
    return `找到 ${found.total} 页。`;
  }

  /** @param {Record<string, Record<string, number>>} counts */
  drawFilters(counts) {
    const { kind, status, topic } = this.state;
    const kinds = KINDS.filter((value) => counts.kind?.[value] || value === kind);
    const statuses = Object.keys(STATUSES).filter((value) => counts.status?.[value] || value === status);
    this.chips(this.kinds, "kind", kinds, (value) => value, counts.kind ?? {});
    this.chips(this.statuses, "status", statuses, (value) => STATUSES[/** @type {"open"} */ (value)], counts.status ?? {});
    const topics = Object.keys(counts.topic ?? {}).filter((name) => counts.topic[name] || name === topic);
    if (topic && !topics.includes(topic)) topics.push(topic);
    topics.sort((a, b) => (counts.topic?.[b] ?? 0) - (counts.topic?.[a] ?? 0) || a.localeCompare(b, "zh"));
    const options = topics.map((name) => element("option", { value: name }, `${name}（${counts.topic?.[name] ?? 0}）`));
    this.topics.replaceChildren(element("option", { value: "" }, "所有主题"), ...options);
    this.topics.value = topic;
  }

  /**
   * Toggle buttons for one filter; the one with the focus keeps it when they are drawn anew.
   * @param {HTMLElement} place
   * @param {"kind" | "status"} name
   * @param {string[]} values
   * @param {(value: string) => string} label
   * @param {Record<string, number>} counts
   */
  chips(place, name, values, label, counts) {
    const focused = place.contains(document.activeElement) ? document.activeElement?.getAttribute("data-value") : null;
    const made = values.map((value) => {
      const pressed = this.state[name] === value;
      const count = element("span", { class: "wiki-search__count" }, String(counts[value] ?? 0));
      const attributes = { type: "button", "aria-pressed": String(pressed), "data-value": value };
      const chip = element("button", attributes, label(value), " ", count);
      chip.addEventListener("click", () => this.change({ [name]: pressed ? "" : value }));
      return chip;
    });
    place.replaceChildren(...made);
    made.find((chip) => chip.dataset.value === focused)?.focus();
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.isComposing) return;
    const links = /** @type {HTMLElement[]} */ ([...this.results.querySelectorAll("a")]);
    const at = links.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    const inInput = document.activeElement === this.input;
    if (event.key === "Escape") this.dialog.close();
    else if (event.key === "ArrowDown" && (inInput || at >= 0)) links[at + 1]?.focus();
    else if (event.key === "ArrowUp" && at >= 0) (links[at - 1] ?? this.input).focus();
    else if (event.key === "Enter" && inInput) links[0]?.click();
    else return;
    event.preventDefault();
  }
}

/** @type {Search | null} */
let search = null;

/** @param {EventTarget | null} target */
const isTyping = (target) =>
  target instanceof HTMLElement &&
  (target.isContentEditable || target.matches("input, textarea, select")) &&
  !(search?.dialog.contains(target) && !search.dialog.open); // just closed, and still in focus

/** @param {State} state */
function openSearch(state) {
  search ??= new Search();
  search.open(state);
}

/** The button, put back where a theme has drawn its header anew. */
function addButton() {
  const header = document.querySelector(".md-header__inner");
  if (!header || header.querySelector(".wiki-search-button")) return;
  const shortcut = element("kbd", { "aria-hidden": "true" }, "/");
  const button = element("button", { type: "button", class: "wiki-search-button" }, icon(), element("span", {}, "搜索"), shortcut);
  button.setAttribute("aria-haspopup", "dialog");
  button.setAttribute("aria-keyshortcuts", "/ Control+K");
  button.setAttribute("aria-label", "搜索"); // on phones the word is not shown
  button.addEventListener("click", () => openSearch(EMPTY));
  header.append(button);
}

function pageShown() {
  addButton();
  const asked = fromAddress(location.search);
  if (asked) openSearch(asked);
  else if (search?.dialog.open) search.leave();
}

// Caught before a theme's own search sees the key.
document.addEventListener("keydown", (event) => {
  const slash = event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && !isTyping(event.target);
  const command = event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !isTyping(event.target);
  if (!(slash || command) || event.isComposing) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (!search?.dialog.open) openSearch(EMPTY);
}, true);

// With instant navigation the theme announces each page, this one included; without it, there is only this one.
const pages = /** @type {any} */ (globalThis).document$;
if (pages) pages.subscribe(pageShown);
else pageShown();
