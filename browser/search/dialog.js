/**
 * The search: a dialog on every page (a button in the header, `/` or Ctrl+K), and on the archive's page a part of it,
 * where an element with `data-wiki-archive` names the kind it starts with. The state is in the address.
 */

import { element } from "../page/dom.js";
import { labels } from "./labels.js";
import { EMPTY, VALUES, asksSomething, filtersOf, fromAddress, toAddress } from "./state.js";

/** @typedef {import("./state.js").State} State */
/** @typedef {import("./engine.js").Result} Result */

/** The index and the program that reads it, which a page without a query does not need. */
const open = async () => (await import("./engine.js")).open();

const PAGE = 10;
const PAUSE_MS = 150;
const LOW = 0.4; // of a query that the best result has: below, it may well be that nothing answers it
const MAGNIFIER =
  "M9.5 3a6.5 6.5 0 0 1 5.2 10.4l5.3 5.3-1.3 1.3-5.3-5.3A6.5 6.5 0 1 1 9.5 3m0 1.9a4.6 4.6 0 1 0 0 9.2 4.6 4.6 0 0 0 0-9.2";

function icon() {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", MAGNIFIER);
  svg.append(path);
  return svg;
}

/** What language a text is in, for those who hear it. @param {string} text */
const languageOf = (text) => (/\p{Script=Han}/u.test(text) ? "zh" : "en");

/** @param {Result} result @param {boolean} kinds Whether they differ. */
function badges(result, kinds) {
  const made = result.kind && kinds ? [element("span", { class: "wiki-badge wiki-badge--kind" }, labels.values[result.kind])] : [];
  if (result.status === "open") made.push(element("span", { class: "wiki-badge wiki-badge--open" }, labels.values.open));
  return made;
}

/** @param {Result} result @param {boolean} kinds */
function resultItem(result, kinds) {
  const marked = result.excerpt.map(({ text, mark }) => (mark ? element("mark", {}, text) : text));
  const title = element("span", { class: "wiki-search__title", lang: languageOf(result.title) }, result.title);
  const lang = languageOf(result.excerpt.map(({ text }) => text).join(""));
  const excerpt = element("span", { class: "wiki-search__excerpt", lang }, ...marked);
  const head = element("span", { class: "wiki-search__head" }, title, ...badges(result, kinds));
  const link = element("a", { href: result.url, class: "wiki-search__result" }, head, excerpt);
  if (result.away) link.rel = "noopener";
  const item = element("li", { class: result.card ? "wiki-search__card" : "" }, link);
  for (const section of result.sections) {
    const title = section.title || labels.week;
    item.append(element("a", { href: section.url, class: "wiki-search__section", lang: languageOf(title) }, title));
  }
  return item;
}

class Search {
  /** @type {State} */ state = EMPTY;
  /** @type {Promise<import("./engine.js").Engine> | null} */ index = null;
  /** @type {(title: string) => string} */ called = (title) => title;
  filtering = false; // whether the filters are shown
  latest = 0; // number of the newest search: answers to older ones are dropped
  timer = 0;
  leaving = false; // by a result that was chosen
  composing = false; // an input method is at work: pinyin on its way to characters

  /** @param {HTMLElement | null} place Of the page; null for a dialog. */
  constructor(place = null) {
    this.input = element("input", {
      type: "search", placeholder: labels.placeholder, "aria-label": labels.search, autocomplete: "off",
      spellcheck: "false", enterkeyhint: "search", maxlength: "200",
    });
    this.chips = Object.entries(labels.groups).map(([name, label]) =>
      element("div", { class: "wiki-search__chips", role: "group", "aria-label": label, "data-name": name }),
    );
    this.lists = Object.entries(labels.lists).map(([name, label]) =>
      element("select", { "aria-label": label, "data-name": name }),
    );
    this.order = element(
      "select", { "aria-label": labels.order },
      element("option", { value: "" }, labels.byRelevance), element("option", { value: "date" }, labels.byDate),
    );
    this.message = element("p", { class: "wiki-search__message", role: "status", "aria-live": "polite" });
    this.results = element("ol", { class: "wiki-search__results", "aria-label": labels.results });
    this.more = element("button", { type: "button", class: "wiki-search__more", hidden: "" }, labels.more);
    const close = element("button", { type: "button", class: "wiki-search__close", "aria-label": labels.close }, "×");
    this.toggle = element("button", { type: "button", class: "wiki-search__toggle", "aria-expanded": "false" }, labels.filters);
    const form = element("form", { class: "wiki-search__form", role: "search" }, icon(), this.input, this.toggle, ...(place ? [] : [close]));
    this.filters = element("div", { class: "wiki-search__filters", hidden: "" }, ...this.chips, ...this.lists, this.order);
    this.suggestions = element("p", { class: "wiki-search__suggestions", "aria-label": labels.suggestions, hidden: "" });
    this.rest = element("button", { type: "button", class: "wiki-search__more", hidden: "" });
    this.ask = element("p", { class: "wiki-search__ask", hidden: "" });
    const body = element("div", { class: "wiki-search__body" }, this.results, this.more, this.rest, this.ask);
    /** The state that goes without saying. */
    this.first = { ...EMPTY, kind: place?.dataset.wikiArchive ?? "" };
    this.dialog = place ? null : element("dialog");
    /** @type {HTMLElement} */
    this.root = this.dialog ?? element("section");
    this.root.className = "wiki-search";
    this.root.setAttribute("aria-label", labels.searchSite);
    this.root.append(form, this.suggestions, this.message, this.filters, body);
    this.toggle.id = `wiki-search-filters-${place ? "page" : "dialog"}`;
    this.filters.setAttribute("aria-labelledby", this.toggle.id);
    this.filters.setAttribute("role", "group");
    (place ?? document.body).append(this.root);
    close.addEventListener("click", () => this.dialog?.close());
    form.addEventListener("submit", (event) => event.preventDefault());
    /** Whether it waits for a question, as its page lists them all by itself. */
    this.quiet = place?.dataset.wikiQuiet !== undefined;
    if (place && !this.quiet && matchMedia("(min-width: 45em)").matches) this.filter(true);
    this.listen();
  }

  /** Whether a reader sees it. */
  get shown() {
    return this.dialog ? this.dialog.open : this.root.isConnected;
  }

  /** Whether nothing is asked yet but what goes without saying. */
  get unasked() {
    return JSON.stringify(this.state) === JSON.stringify(this.first);
  }

  listen() {
    this.input.addEventListener("focus", () => this.prepare());
    this.input.addEventListener("compositionstart", () => (this.composing = true));
    this.input.addEventListener("compositionend", () => {
      this.composing = false;
      this.change({ query: this.input.value });
    });
    this.input.addEventListener("input", () => {
      if (!this.composing) this.change({ query: this.input.value });
    });
    for (const list of this.lists) {
      list.addEventListener("change", () => this.change({ [/** @type {string} */ (list.dataset.name)]: list.value }));
    }
    this.toggle.addEventListener("click", () => {
      this.filter(!this.filtering);
      this.show();
    });
    this.order.addEventListener("change", () => this.change({ sort: this.order.value }));
    this.root.addEventListener("keydown", (event) => this.key(event));
    this.dialog?.addEventListener("close", () => this.closed());
    this.dialog?.addEventListener("click", (event) => {
      const target = /** @type {Element} */ (event.target);
      if (target === this.dialog) this.dialog.close(); // the backdrop
      else if (target.closest(".wiki-search__results a, .wiki-search__suggestions a") && !(event.ctrlKey || event.metaKey || event.shiftKey)) this.leave();
    });
  }

  /** Shows the filters, or hides them. @param {boolean} shown */
  filter(shown) {
    this.filtering = shown;
    this.toggle.setAttribute("aria-expanded", String(shown));
    if (!shown) this.filters.hidden = true;
  }

  /** @param {State} state */
  open(state) {
    this.state = state;
    if (Object.keys(filtersOf({ ...state, kind: "" })).length || state.sort) this.filter(true);
    this.input.value = state.query;
    this.leaving = false;
    if (this.dialog) {
      if (!this.dialog.open) this.dialog.showModal();
      this.input.focus();
      this.input.select();
    }
    this.show();
  }

  /** A result was chosen: the address keeps the search, so that Back returns to it. */
  leave() {
    this.leaving = true;
    this.dialog?.close();
  }

  closed() {
    if (this.dialog?.open) return; // the event comes late: the dialog is open again
    clearTimeout(this.timer);
    this.latest += 1;
    if (!this.leaving) this.writeAddress(null);
  }

  /** @param {Partial<State>} changes */
  change(changes) {
    this.state = { ...this.state, ...changes };
    if (this.state.kind && this.state.kind !== "问答") this.state.status = ""; // only questions have one
    clearTimeout(this.timer);
    this.latest += 1; // the answer under way is to an older query
    this.results.ariaBusy = "true";
    if ("query" in changes) this.suggest();
    this.timer = setTimeout(() => this.show(), "query" in changes ? PAUSE_MS : 0);
  }

  /** @param {State | null} state */
  writeAddress(state) {
    const said = !this.dialog && state && this.unasked ? null : state;
    const address = toAddress(location.href, said);
    if (address !== location.href) history.replaceState(history.state, "", address);
  }

  async show() {
    if (!this.shown) return; // the page was left meanwhile
    this.latest += 1;
    const number = this.latest;
    this.writeAddress(this.state);
    const waits = this.quiet && this.unasked;
    this.root.classList.toggle("wiki-search--waits", waits);
    if (waits && !this.filtering) return;
    try {
      const index = await this.load();
      this.called = (title) => index.called(title);
      if (this.filtering) await index.prepareFilters();
      const wanted = asksSomething(this.state) ? await index.find(this.state) : null;
      const first = wanted ? await wanted.more(PAGE) : [];
      if (number !== this.latest) return;
      this.drawFilters(wanted?.counts ?? index.sifted({}, index.everything()).counts);
      this.draw(wanted, first);
    } catch (error) {
      if (number === this.latest) this.fail(error);
    }
  }

  load() {
    if (this.index) return this.index;
    this.message.textContent = labels.loading;
    this.index = open();
    return this.index;
  }

  /** Words are about to come: what tells where they stand loads meanwhile. A failure is told when there is something to find. */
  async prepare() {
    try {
      await (this.index ??= open());
    } catch {
      this.index = null;
    }
  }

  /** What goes on as one has begun to type; of no weight where it cannot be had. */
  async suggest() {
    const typed = this.input.value;
    try {
      const found = (await (await (this.index ??= open())).suggestions(typed)) ?? [];
      if (typed !== this.input.value) return;
      const links = found.map(({ title, url, concept }) => element("a", { href: url, class: concept ? "wiki-search__name" : "", lang: languageOf(title) }, title));
      this.suggestions.replaceChildren(...links);
      this.suggestions.hidden = links.length === 0;
    } catch {
      this.suggestions.hidden = true;
    }
  }

  /** @param {unknown} error */
  fail(error) {
    this.index = null;
    this.results.ariaBusy = "false";
    const reason = error instanceof Error ? error.message : String(error);
    const again = element("button", { type: "button" }, labels.retry);
    again.addEventListener("click", () => this.show());
    this.results.replaceChildren();
    for (const part of [this.more, this.rest, this.ask]) part.hidden = true;
    this.message.replaceChildren(labels.failed(reason), again);
  }

  /**
   * @param {import("./engine.js").Found | null} found
   * @param {Result[]} first
   */
  draw(found, first) {
    this.results.ariaBusy = "false";
    if (this.results.contains(document.activeElement)) this.input.focus(); // not lost with what it stood on
    this.results.replaceChildren(...first.map((result) => resultItem(result, !this.state.kind)));
    this.message.replaceChildren(this.summary(found));
    this.drawAsk(found);
    this.drawMore(found);
  }

  /** @param {import("./engine.js").Found | null} found */
  drawMore(found) {
    const shown = this.results.children.length;
    this.more.hidden = !found || found.total <= shown;
    this.more.onclick = () => found && this.append(found).catch((error) => this.fail(error));
    this.rest.hidden = !found || !this.more.hidden || found.others === 0;
    this.rest.textContent = found ? labels.others(found.others) : "";
    this.rest.onclick = () => {
      found?.rest();
      if (found) this.append(found).catch((error) => this.fail(error));
    };
  }

  /** The way on for whom nothing here answers: below the results, and above them where those hardly touch the query. @param {import("./engine.js").Found | null} found */
  drawAsk(found) {
    const low = Boolean(found && (found.total === 0 || found.best < LOW));
    const link = element("a", { href: askAddress(this.state.query) }, labels.ask);
    this.ask.hidden = !found || !this.state.query.trim();
    this.ask.className = `wiki-search__ask${low ? " wiki-search__ask--much" : ""}`;
    this.ask.replaceChildren(low && found?.total ? labels.missingMuch : labels.missing, " ", link);
    if (low) this.results.before(this.ask);
    else this.rest.after(this.ask);
  }

  /** @param {import("./engine.js").Found} found */
  async append(found) {
    const number = this.latest;
    const next = (await found.more(PAGE)).map((result) => resultItem(result, !this.state.kind));
    if (number !== this.latest) return;
    this.results.append(...next);
    this.drawMore(found);
    next[0]?.querySelector("a")?.focus();
  }

  /** @param {import("./engine.js").Found | null} found */
  summary(found) {
    if (!found) return labels.start;
    const corrected = found.corrected.length ? labels.corrected(found.corrected.join(" ")) : "";
    if (found.total === 0) return labels.nothing;
    if (found.question) return corrected + labels.near(found.total);
    return corrected + (found.whole ? labels.found(found.total) : labels.partial(found.total));
  }

  /** @param {Record<string, Record<string, number>>} counts */
  drawFilters(counts) {
    for (const place of this.chips) this.drawChips(place, counts[/** @type {string} */ (place.dataset.name)] ?? {});
    for (const list of this.lists) {
      const name = /** @type {keyof typeof labels.any} */ (list.dataset.name);
      const found = counts[name] ?? {};
      const chosen = this.state[name];
      const values = Object.keys(found).filter((value) => found[value] || value === chosen);
      if (chosen && !values.includes(chosen)) values.push(chosen);
      values.sort((a, b) => (found[b] ?? 0) - (found[a] ?? 0) || a.localeCompare(b, "zh"));
      const options = values.map((value) => element("option", { value }, labels.count(this.called(value), found[value] ?? 0)));
      list.replaceChildren(element("option", { value: "" }, labels.any[name]), ...options);
      list.value = chosen;
      list.hidden = values.length < 2 && !chosen;
    }
    this.order.value = this.state.sort;
    this.filters.hidden = !this.filtering;
  }

  /**
   * Toggle buttons for one filter; the one with the focus keeps it when they are drawn anew.
   * @param {HTMLElement} place
   * @param {Record<string, number>} counts
   */
  drawChips(place, counts) {
    const name = /** @type {keyof typeof VALUES} */ (place.dataset.name);
    const focused = place.contains(document.activeElement) ? document.activeElement?.getAttribute("data-value") : null;
    const all = VALUES[name].filter((value) => counts[value] || this.state[name] === value);
    const shown = name === "lang" && all.length < 2 && !this.state.lang ? [] : all; // one language needs no choice
    const made = shown.map((value) => {
      const pressed = this.state[name] === value;
      const count = element("span", { class: "wiki-search__count" }, String(counts[value] ?? 0));
      const chip = element("button", { type: "button", "aria-pressed": String(pressed), "data-value": value }, labels.values[value], " ", count);
      chip.addEventListener("click", () => this.change({ [name]: pressed ? "" : value }));
      return chip;
    });
    place.replaceChildren(...made);
    made.find((chip) => chip.dataset.value === focused)?.focus();
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.isComposing) return;
    const items = [...this.results.children].map((item) => /** @type {HTMLElement[]} */ ([...item.querySelectorAll("a")]));
    const active = /** @type {HTMLElement} */ (document.activeElement);
    const at = items.findIndex((links) => links.includes(active));
    const across = items[at]?.indexOf(active) ?? 0;
    const inInput = active === this.input;
    if (event.key === "Escape" && this.dialog) this.dialog.close();
    else if (event.key === "ArrowDown" && (inInput || at >= 0)) items[at + 1]?.[0].focus();
    else if (event.key === "ArrowUp" && at >= 0) (items[at - 1]?.[0] ?? this.input).focus();
    else if (event.key === "ArrowRight" && at >= 0) items[at][across + 1]?.focus();
    else if (event.key === "ArrowLeft" && at >= 0) items[at][across - 1]?.focus();
    else if (event.key === "Enter" && inInput) items[0]?.[0].click();
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
  !(search?.root.contains(target) && !search.shown); // just closed, and still in focus

/** @param {State} state */
function openSearch(state) {
  search ??= new Search();
  search.open(state);
}

/**
 * Where to ask what nothing answers yet: the repository's form with the words filled in, as ingest/pages/ways.py names its
 * parts, or else the page about asking.
 * @param {string} query
 */
function askAddress(query) {
  const repository = (/** @type {HTMLAnchorElement | null} */ (document.querySelector(".md-source"))?.href ?? "").replace(/\/$/, "");
  const title = labels.asked(query);
  /** @type {Record<string, Record<string, string>>} */
  const forms = {
    "https://github.com": { template: "question.yml", title, question: query },
    "https://gitee.com": { "issue[title]": title, "issue[description]": `### 问题\n\n${query}\n\n### 背景\n\n### 提问者` },
  };
  const words = Object.entries(forms).find(([host]) => repository.startsWith(`${host}/`))?.[1];
  return words ? `${repository}/issues/new?${new URLSearchParams(words)}` : new URL(`../../${labels.askPage(query)}`, import.meta.url).href;
}

/** The button, put back where a theme has drawn its header anew. */
function addButton() {
  const header = document.querySelector(".md-header__inner");
  if (!header || header.querySelector(".wiki-search-button")) return;
  const shortcut = element("kbd", { "aria-hidden": "true" }, "/");
  const button = element("button", { type: "button", class: "wiki-search-button" }, icon(), element("span", {}, labels.search), shortcut);
  button.setAttribute("aria-haspopup", "dialog");
  button.setAttribute("aria-keyshortcuts", "/ Control+K");
  button.setAttribute("aria-label", labels.search); // on phones the word is not shown
  button.addEventListener("click", () => openSearch(EMPTY));
  header.append(button);
}

/** @type {Search | null} Of the archive's page. */
let archive = null;

function pageShown() {
  addButton();
  const asked = fromAddress(location.search);
  const place = /** @type {HTMLElement | null} */ (document.querySelector("[data-wiki-archive]"));
  if (place) {
    if (archive?.root.parentElement !== place) archive = new Search(place);
    archive.open(asked ?? archive.first);
  } else if (asked) openSearch(asked);
  if ((place || !asked) && search?.shown) search.leave();
}

// Caught before a theme's own search sees the key.
document.addEventListener("keydown", (event) => {
  const slash = event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && !isTyping(event.target);
  const command = event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !isTyping(event.target);
  if (!(slash || command) || event.isComposing) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (archive?.shown) archive.input.focus();
  else if (!search?.shown) openSearch(EMPTY);
}, true);

// With instant navigation the theme announces each page, this one included; without it, there is only this one.
const pages = /** @type {any} */ (globalThis).document$;
if (pages) pages.subscribe(pageShown);
else pageShown();
