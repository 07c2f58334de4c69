/**
 * A widget: its form, what its code shows at the form's values, and the way there.
 *
 *     at rest (the verified default) -> waiting (Python starts) -> running -> shown; the newest values win: what runs
 *     comes to its end, and then the values of that moment run
 *
 * Before Python is there, widgets that know a way without it (quick/) are shown at once, and download nothing.
 */

import { element, textOf, toClipboard } from "../page/dom.js";
import { keep } from "../offline/offline.js";
import { runtime, RuntimeFailure } from "../python/client.js";
import { messageOf } from "../python/protocol.js";
import { figure, keyOf } from "../cell/output.js";
import { Control, filled, fromFragment, toFragment } from "./controls.js";
import { labels } from "./labels.js";
import { quick } from "./quick/quick.js";

const TICK_MS = 150; // of the line that tells of a start
const PLAY_MS = 140; // of one step that plays
const SMALL = 250; // CSS pixels, as in widgets/_pages.py
const READY = "wiki-widget-ready"; // localStorage: Python may start by itself

export class Widget {
  busy = false;
  again = false;
  walked = NaN; // how far a slider that is walked has come
  /** @type {(() => void) | null} */ closeCell = null;
  /** @type {Control | null} */ playing = null;
  timer = 0;
  shown = 0; // runs that have come to their end
  /** @type {Map<string, {place: HTMLElement, source: string}>} */ placed = new Map(); // pictures by their keys
  forced = false; // the reader wants Python's numbers
  /** @type {HTMLElement | undefined} */ python; // a button that gives them

  /** @param {HTMLElement} block @param {AbortSignal} left */
  constructor(block, left) {
    this.block = block;
    this.left = left;
    this.label = labels();
    this.name = block.dataset.widget ?? "";
    this.page = `widget:${this.name}`;
    /** @param {string} part @returns {HTMLElement} */
    const find = (part) => /** @type {HTMLElement} */ (block.querySelector(`.wiki-widget__${part}`));
    this.form = find("controls");
    this.state = find("state");
    this.quick = quick(this.name).catch(() => null); // then Python answers, as for all others
    this.details = /** @type {HTMLDetailsElement} */ (block.querySelector("details.wiki-widget__code"));
    this.fence = /** @type {HTMLElement} */ (this.details.querySelector(".highlight"));
    this.code = textOf(/** @type {HTMLElement} */ (this.fence.querySelector("code")));
    this.controls = [...block.querySelectorAll("[data-kind]")].map((one) => new Control(/** @type {HTMLElement} */ (one)));
    this.walk = this.controls.find((control) => control.play === 2) ?? null;
    this.pictures = element("div", { class: "wiki-widget__pictures", "data-live": "" });
    this.numbers = element("p", { class: "wiki-widget__numbers", "data-live": "", role: "status", "aria-live": "polite" });
    find("pictures").after(this.pictures);
    find("numbers").after(this.numbers);
    this.said = element("span", { class: "wiki-widget__said", role: "status" });
    this.addFoot(find("shown"));
    this.listen();
    this.receive();
    if (!this.atDefault() && !block.dataset.state) this.changed(this.form); // moved before this script came
  }

  /** @param {HTMLElement} shown */
  addFoot(shown) {
    const { label } = this;
    /** @param {string} text @param {() => void} act */
    const button = (text, act) => {
      const made = element("button", { type: "button" }, text);
      made.addEventListener("click", act, { signal: this.left });
      return made;
    };
    const share = button(label.share, () => this.share());
    this.resetButton = button(label.reset, () => this.reset());
    this.resetButton.hidden = true;
    this.foot = element("div", { class: "wiki-widget__foot" }, this.resetButton, share, this.said);
    shown.after(this.foot);
    for (const control of this.controls.filter(({ play }) => play)) {
      const play = button(`▶ ${label.play}`, () => (this.playing ? this.pause() : this.startPlaying(control)));
      play.className = "wiki-widget__play";
      control.place.append(play);
      this.playButton = play;
    }
  }

  listen() {
    const signal = this.left;
    this.form.addEventListener("input", (event) => this.changed(/** @type {Element} */ (event.target)), { signal });
    for (const sign of ["pointerdown", "focusin"]) {
      this.form.addEventListener(sign, () => this.wake(), { once: true, signal });
    }
    // not pointerover: a picture that is drawn anew, or scrolled, under a mouse that rests picks nothing
    this.block.addEventListener("pointermove", (event) => event.pointerType === "mouse" && this.pick(event), { signal });
    this.block.addEventListener("click", (event) => this.pick(event), { signal });
    this.details.addEventListener("toggle", () => this.toggleCode(), { signal });
    addEventListener("hashchange", () => this.receive(), { signal });
  }

  /** Python may start: a reader touched the form, and there is no other way to its numbers. */
  async wake() {
    if ((await this.quick)?.(this.values(), this.label.zh)) return;
    if (runtime.state !== "idle" && runtime.state !== "failed") return;
    runtime.load().then(() => this.busy || this.say(""), (error) => this.fail(error));
    this.tell();
  }

  /** The line that tells how a start or a wait goes on. */
  tell() {
    clearInterval(this.timer);
    const tick = () => {
      const { label } = this;
      const now = runtime.progress;
      if (runtime.state === "ready" || runtime.state === "failed" || this.left.aborted) return clearInterval(this.timer);
      if (runtime.state === "running") this.state.textContent = label.running;
      else if (now?.stage === "download" && now.loaded < now.total) this.state.textContent = label.download(now.loaded, now.total);
      else if (runtime.state === "loading") this.state.textContent = label.start;
      this.block.dataset.state = "waiting";
    };
    this.timer = setInterval(tick, TICK_MS);
    tick();
  }

  /** @param {Event} event */
  pick(event) {
    const target = event.target instanceof Element ? event.target.closest("[data-pick]") : null;
    if (!target || (event.type === "pointermove" && !this.shown)) return; // a mouse that passes by downloads nothing
    const [name, value] = (target.getAttribute("data-pick") ?? "").split(":");
    const control = this.controls.find((one) => one.name === name);
    if (!control || control.value() === Number(value)) return;
    control.set(Number(value));
    this.changed(control.input);
  }

  /** @param {Element} input */
  changed(input) {
    const control = this.controls.find(({ place }) => place.contains(input));
    for (const one of this.controls) one.show();
    if (control && control === this.playing) this.pause();
    if (control && control !== this.walk) this.walked = NaN; // it begins anew
    if (this.resetButton) this.resetButton.hidden = this.atDefault();
    void this.update();
  }

  /** Of the form. */
  values() {
    return Object.fromEntries(this.controls.map((control) => [control.name, control.value()]));
  }

  atDefault() {
    return this.controls.every((control) => control.value() === control.initial);
  }

  /** Run the newest values, and once more if they changed meanwhile. */
  async update() {
    if (this.busy) return void (this.again = true);
    this.busy = true;
    try {
      do {
        this.again = false;
        await this.step();
      } while (!this.left.aborted && (this.again || this.behind()));
    } catch (error) {
      this.fail(error);
    } finally {
      this.busy = false;
    }
  }

  /** Whether a slider that is walked has further to go. */
  behind() {
    return this.walk !== null && this.walked < Number(this.walk.value());
  }

  /** One run, at the form's values of this moment. */
  async step() {
    if (this.atDefault() && !this.walk) return this.rest();
    if (runtime.state !== "ready" && !this.forced && (await this.showQuick())) return;
    /** @type {Map<string, string>} */
    const literals = new Map(this.controls.map((control) => [control.name, control.literal()]));
    if (this.walk) {
      const aim = Number(this.walk.value());
      const from = this.walked <= aim ? this.walked : this.walk.low;
      this.walked = Math.min(aim, from + this.walk.step);
      literals.set(this.walk.name, this.walk.literal(this.walked));
    }
    if (runtime.state !== "ready") this.tell();
    let began = performance.now();
    let text = "";
    /** @type {{key: string, event: import("../python/protocol.js").Picture}[]} */
    const drawn = [];
    await runtime.run({ page: this.page, block: "1", code: filled(this.code, literals) }, (event) => {
      if (event.event === "status" && event.state === "running") began = performance.now();
      else if (event.event === "output") text += event.text;
      else if (event.event === "figure") drawn.push({ key: event.format === "svg" ? keyOf(event.text) : "", event });
    });
    if (this.left.aborted) return;
    const ms = Math.max(1, Math.round(performance.now() - began));
    await this.show(drawn, text);
    this.live(this.label.live(ms));
    if (!this.shown++) void this.afterFirst();
  }

  /** What is known without Python, with a way to Python's own. @returns {Promise<boolean>} Whether there was any. */
  async showQuick() {
    const found = (await this.quick)?.(this.values(), this.label.zh);
    if (!found) return false;
    const drawn = found.pictures.map((text) => ({ key: keyOf(text), event: /** @type {const} */ ({ event: "figure", format: "svg", text, alt: "" }) }));
    await this.show(drawn, found.text);
    this.python ??= await this.starter(this.label.python, () => (this.forced = true));
    this.live(this.label.quick, this.python);
    return true;
  }

  /** A button that starts Python, and says what that downloads. @param {string} text @param {() => void} [before] */
  async starter(text, before) {
    const size = await runtime.toDownload().catch(() => null);
    const made = element("button", { type: "button" }, text + (size ? this.label.size(size.gzip) : ""));
    const start = () => {
      before?.();
      void this.update();
    };
    made.addEventListener("click", start, { signal: this.left });
    return made;
  }

  /**
   * Each picture in the place of the one with its key, and the printed text.
   * @param {{key: string, event: import("../python/protocol.js").Picture}[]} drawn
   * @param {string} text
   */
  async show(drawn, text) {
    const newest = new Map(drawn.map(({ key, event }, at) => [key || String(at), event]));
    const places = [];
    for (const [key, event] of newest) {
      const { place, source } = this.placed.get(key) ?? { place: element("figure", { "data-key": key }), source: "" };
      const now = event.format === "svg" ? event.text : "";
      const made = now && now === source ? place.firstChild : (await figure(event))?.firstChild;
      if (!(made instanceof Element)) continue;
      if (made !== place.firstChild) place.replaceChildren(made); // what has not changed is left alone
      place.className = `wiki-widget__picture${Number(made.getAttribute("width")) < SMALL ? " wiki-widget__picture--small" : ""}`;
      this.placed.set(key, { place, source: now });
      places.push(place);
    }
    const stand = [...this.pictures.children];
    if (stand.length !== places.length || places.some((place, at) => place !== stand[at])) this.pictures.replaceChildren(...places);
    this.numbers.replaceChildren(...text.trim().split("\n").flatMap((line, at) => (at ? [element("br"), line] : [line])));
  }

  /** @param {string} text @param {HTMLElement[]} ways What else the reader may do. */
  live(text, ...ways) {
    clearInterval(this.timer);
    this.block.dataset.state = "live";
    this.state.textContent = text;
    delete this.state.dataset.verified;
    this.said.replaceChildren(...ways);
  }

  /** The default, as tests checked it. */
  rest() {
    clearInterval(this.timer);
    delete this.block.dataset.state;
    this.state.textContent = this.label.verified;
    this.state.dataset.verified = "";
    this.said.replaceChildren();
  }

  /** @param {string} text */
  say(text) {
    if (this.block.dataset.state === "waiting") this.atDefault() ? this.rest() : (this.state.textContent = text);
  }

  /** @param {unknown} error */
  fail(error) {
    if (this.left.aborted) return;
    this.pause();
    clearInterval(this.timer);
    const failure = error instanceof RuntimeFailure ? error.failure : { kind: "load", message: messageOf(error) };
    this.walked = NaN;
    this.block.dataset.state = "failed";
    delete this.state.dataset.verified;
    this.state.textContent = "";
    const again = element("button", { type: "button" }, this.label.retry);
    again.addEventListener("click", () => this.update());
    this.said.replaceChildren(this.label.failed, failure.message.slice(0, 300), " ", again);
  }

  // ---- the other buttons

  reset() {
    this.pause();
    for (const control of this.controls) control.set(control.initial);
    this.walked = NaN;
    if (this.resetButton) this.resetButton.hidden = true;
    if (location.hash.startsWith("#w=")) history.replaceState(history.state, "", location.pathname + location.search);
    this.rest();
  }

  async share() {
    const link = location.pathname + location.search + toFragment(this.name, this.controls);
    history.replaceState(history.state, "", link);
    this.said.textContent = (await toClipboard(location.href)) ? this.label.shared : this.label.shareFailed;
  }

  /** Values from the address; nothing is downloaded for them by itself. */
  receive() {
    const fields = fromFragment(location.hash, this.name);
    if (!fields) return;
    for (const control of this.controls) {
      control.set(control.initial);
      const value = fields.get(control.name);
      if (value !== null) control.set(value);
    }
    this.walked = NaN;
    if (this.resetButton) this.resetButton.hidden = this.atDefault();
    this.block.scrollIntoView({ block: "center" });
    if (this.atDefault()) return this.rest();
    if (runtime.state === "ready") return void this.update();
    void this.offer();
  }

  /** What a link asks for: at once where that costs nothing, else a button that computes it. */
  async offer() {
    const { label } = this;
    this.block.dataset.state = "linked"; // before anything is waited for
    if ((await this.quick)?.(this.values(), label.zh)) return void this.update();
    const compute = await this.starter(label.compute);
    compute.className = "wiki-widget__compute";
    if (this.block.dataset.state !== "linked") return; // meanwhile the reader moved something
    delete this.state.dataset.verified;
    this.state.textContent = label.linked;
    this.said.replaceChildren(compute);
  }

  /** @param {Control} control */
  startPlaying(control) {
    this.playing = control;
    if (this.playButton) this.playButton.textContent = `❚❚ ${this.label.pause}`;
    if (Number(control.value()) >= control.high) {
      control.set(control.low);
      this.walked = NaN;
    }
    void this.playOn(control);
  }

  /** @param {Control} control */
  async playOn(control) {
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches; // then each press is one step
    while (this.playing === control && !this.left.aborted) {
      control.set(Number(control.value()) + control.step);
      const began = performance.now();
      if (this.resetButton) this.resetButton.hidden = this.atDefault();
      await this.update();
      while (this.busy) await new Promise((resolve) => setTimeout(resolve, 20));
      if (still || Number(control.value()) >= control.high) break;
      const wait = control.play === 2 ? 0 : PLAY_MS - (performance.now() - began);
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, wait)));
    }
    if (this.playing === control) this.pause();
  }

  pause() {
    this.playing = null;
    if (this.walk && this.walked < Number(this.walk.value())) this.walk.set(this.walked);
    if (this.playButton) this.playButton.textContent = `▶ ${this.label.play}`;
  }

  /** The same code with the values of now, as a cell. */
  async toggleCode() {
    if (!this.details.open || this.closeCell) return;
    const literals = new Map(this.controls.map((control) => [control.name, control.literal()]));
    const code = /** @type {HTMLElement} */ (this.fence.querySelector("code"));
    if (!this.atDefault()) code.textContent = `${filled(this.code, literals)}\n`;
    this.fence.classList.add("runnable");
    const { upgrade } = await import("../cell/cell.js");
    if (!this.left.aborted && !this.closeCell) this.closeCell = upgrade([this.fence]);
  }

  /** After the first result: what the next visit can do without. */
  async afterFirst() {
    const note = await keep(await runtime.manifest(), runtime.groups).catch((error) => console.warn("no offline copy:", error));
    const box = element("input", { type: "checkbox" });
    box.checked = stored() === "yes";
    box.addEventListener("change", () => store(box.checked ? "yes" : "no"), { signal: this.left });
    this.foot?.append(element("label", { class: "wiki-widget__idle" }, box, this.label.idle));
    if (note) this.foot?.append(note);
  }

  dismantle() {
    clearInterval(this.timer);
    this.closeCell?.();
    if (this.shown || this.busy) runtime.leave(this.page);
    this.pictures.replaceChildren();
  }
}

/** What the reader chose; a browser may forbid to remember it. */
function stored() {
  try {
    return localStorage.getItem(READY);
  } catch {
    return null;
  }
}

/** @param {string} value */
function store(value) {
  try {
    localStorage.setItem(READY, value);
  } catch {
    // then it holds for this page alone
  }
}

/** Start Python while nothing else happens, where the reader chose so and the network costs nothing. @param {AbortSignal} left */
function prepare(left) {
  const network = /** @type {any} */ (navigator).connection;
  const metered = !network || network.saveData || (network.type ? !["wifi", "ethernet"].includes(network.type) : network.effectiveType !== "4g");
  if (metered || stored() !== "yes" || runtime.state !== "idle") return;
  const later = globalThis.requestIdleCallback ?? ((/** @type {() => void} */ act) => setTimeout(act, 1500));
  later(() => left.aborted || runtime.load().catch(() => {}));
}

/**
 * Bring widgets of a page to life.
 * @param {HTMLElement[]} blocks
 * @returns {() => void} To be called when the page is left.
 */
export function begin(blocks) {
  const leaving = new AbortController();
  const widgets = blocks.map((block) => new Widget(block, leaving.signal));
  prepare(leaving.signal);
  return () => {
    leaving.abort();
    for (const widget of widgets) widget.dismantle();
  };
}
