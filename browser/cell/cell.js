/** A runnable block as a cell: code to edit, buttons, progress, and the output beside the verified one. */

import { element, textOf, toClipboard } from "../page/dom.js";
import { isOutdated } from "../python/newer.js";
import { sizes } from "../python/sizes.js";
import { draftOf, keepDraft } from "./drafts.js";
import { labels } from "./labels.js";
import { stateOf } from "./states.js";
import { View } from "./view.js";

/** @typedef {import("./editor.js").Editor} Editor */
/** @typedef {{key: string, cells: Cell[], setup: string, left: AbortSignal}} PageOfCells */

const COLOURS_MS = 1000; // code out of a link can be read at once, and gets its colours from the editor

/** @type {import("../python/client.js").runtime | null} */
let known = null; // once a page of this tab has needed it

export class Cell {
  /** @type {Editor | null} */ editor = null;
  /** Where the code is being pressed. @type {{x: number, y: number} | null} */ pressed = null;
  /** @type {Promise<Editor> | null} */ opening = null;
  /** @type {Promise<boolean> | null} */ running = null;
  /** @type {import("./run.js").Run | null} */ current = null;
  /** @type {AbortController | null} */ series = null; // of the runs that were asked for here, one after the other
  /** @type {import("../python/client.js").runtime | null} */ runtime = null;
  /** @type {import("./states.js").Shown | null} */ shown = null;
  /** @type {{code: string, stdout: string} | null} */ lastRun = null; // the newest that came to its end
  stopAsked = false;
  hasState = false; // it has run in the Python that is alive

  /**
   * @param {HTMLElement} block
   * @param {number} number From 1, on its page.
   * @param {PageOfCells} page
   * @param {boolean} several Whether the page has more.
   */
  constructor(block, number, page, several = false) {
    this.number = number;
    this.page = page;
    this.label = labels();
    const actions = {
      run: () => this.run(), stop: () => this.stop(), restart: () => this.restart(), reset: () => this.reset(), copy: () => this.copy(),
      above: () => this.runSeries(this.page.cells.slice(0, this.number - 1), this.label.aboveDone),
      all: () => this.runSeries(this.page.cells, this.label.allDone), share: () => this.share(), colab: () => this.toColab(),
    };
    this.view = new View(block, number, actions, page.left, several);
    this.original = textOf(this.view.code);
    this.highlighted = [...this.view.code.childNodes];
    if (this.view.verified !== null) this.shown = { of: "verified", code: this.original };
    this.view.countLines(this.original);
    this.relabel();
    this.listen();
    this.bringDraft();
    if (block.matches(".challenge")) import("./challenge.js").then(({ challenge }) => page.left.aborted || challenge(this));
  }

  listen() {
    const { pre } = this.view;
    const signal = this.page.left;
    // A click opens the editor where it fell, unless text was selected.
    const point = (/** @type {MouseEvent} */ event) => ({ x: event.clientX, y: event.clientY });
    pre.addEventListener("pointerdown", (event) => (this.pressed = point(event)), { signal });
    for (const end of ["click", "pointercancel"]) addEventListener(end, () => (this.pressed = null), { signal });
    pre.addEventListener("focusin", () => this.pressed || this.edit(), { signal });
    pre.addEventListener("click", (event) => getSelection()?.isCollapsed && this.edit(point(event)), { signal });
  }

  text() {
    return this.editor ? this.editor.text() : textOf(this.view.code);
  }

  /** @param {string} text */
  setText(text) {
    if (this.editor) this.editor.setText(text);
    else if (text === this.original) this.view.code.replaceChildren(...this.highlighted);
    else this.view.code.textContent = text;
    if (!this.editor) this.view.countLines(text);
    this.relabel();
  }

  /** The reader has changed the code. */
  changed() {
    const text = this.text();
    keepDraft(this.page.key, this.number, text === this.original ? null : text);
    if (this.relabel() === "earlier" && !this.running) this.say(""); // what was said of the output is said of another code
  }

  /** Label what stands below by what it is of. @param {"waiting" | "running" | null} [run] */
  relabel(run = this.current && (this.current.started ? "running" : "waiting")) {
    const state = stateOf(this.shown, this.text(), run);
    this.view.captioned(state, this.shown);
    return state;
  }

  // ---- what the reader wrote before

  bringDraft() {
    const draft = draftOf(this.page.key, this.number);
    if (draft === null || draft === this.original) return;
    this.setText(draft);
    this.view.note(`${this.label.restored} `, this.view.action(this.label.useOriginal, () => this.reset()));
    void this.open().catch(() => {}); // it has the colours
  }

  /** Offer to bring a code back. @param {string} said @param {string} code */
  offer(said, code) {
    if (code === this.text()) return this.view.note();
    const back = this.view.action(this.label.restore, () => {
      this.setText(code);
      keepDraft(this.page.key, this.number, code === this.original ? null : code);
      this.view.note();
    });
    this.view.note(`${said} `, back);
  }

  // ---- the editor

  /** Bring the editor and put the cursor into it. @param {{x: number, y: number}} [point] */
  async edit(point) {
    const editor = await this.open();
    if (!this.page.left.aborted) editor.focus(point);
  }

  /** The editor in place of the code. */
  open() {
    this.opening ??= this.makeEditor();
    return this.opening;
  }

  async makeEditor() {
    const { codeMirror, textField } = await import("./editor.js");
    const place = element("div", { class: "wiki-cell__editor" });
    const options = {
      text: textOf(this.view.code),
      label: this.label.code(this.number),
      onRun: () => void this.run(),
      onChange: () => this.changed(),
      complete: async (/** @type {string} */ code, /** @type {number} */ at) =>
        (await this.runtime?.complete({ page: this.page.key, code, at })) ?? null,
    };
    const editor = await codeMirror(place, options).catch((error) => {
      console.info("no editor:", error);
      return textField(place, options);
    });
    if (this.page.left.aborted) editor.destroy();
    else this.view.pre.replaceWith(place);
    this.editor = editor;
    if (this.pressed) editor.focus(this.pressed); // there will be no click on what is gone
    const now = textOf(this.view.code); // what came while the editor did
    if (now !== options.text) editor.setText(now);
    return editor;
  }

  // ---- running

  /** Run the cell. @returns {Promise<boolean>} Whether its code came to its end. */
  run() {
    this.running ??= this.attempt().finally(() => (this.running = null));
    return this.running;
  }

  async attempt() {
    this.stopAsked = false;
    this.editor?.mark(null);
    this.view.begin();
    try {
      const { Run } = await import("./run.js");
      await this.findRuntime();
      this.current = new Run(this);
      this.relabel();
      return await this.current.execute();
    } catch (error) {
      await this.failLoading(error instanceof Error ? error.message : String(error), error);
      return false;
    } finally {
      this.current = null;
      this.relabel();
      this.view.end(this.series !== null);
    }
  }

  stop() {
    this.stopAsked = true;
    const runs = this.series ? this.page.cells.find((cell) => cell.running) : this;
    this.series?.abort();
    if (runs && runs !== this) runs.stop();
    else if (this.current) this.current.stop();
    else this.runtime?.stop(); // what others have run here: a check
  }

  async findRuntime() {
    const { runtime } = await import("../python/client.js");
    if (!this.runtime) runtime.addEventListener("lost", () => this.lost(), { signal: this.page.left });
    this.runtime = known = runtime;
    return runtime;
  }

  /** What the first Run downloads, said before anybody asks for it. */
  async announceSize() {
    if (!sizes.installed || known) return;
    const { hasKit } = await import("../python/store.js");
    if ((await hasKit(sizes.version)) || this.running || this.view.status.textContent) return;
    this.say(this.label.size(sizes.bytes, sizes.gzip));
  }

  /** Python is gone, and with it what this cell had defined. */
  lost() {
    if (this.hasState && !this.running) this.say(this.label.lost);
    this.hasState = false;
  }

  /** @param {string} reason @param {unknown} [error] */
  async failLoading(reason, error) {
    const { label } = this;
    const cause = /** @type {any} */ (error)?.failure?.cause;
    if (cause === "outdated" || (cause !== "network" && (await isOutdated(import.meta.url)))) {
      const reload = this.view.action(label.reload, () => location.reload());
      return this.view.fail(element("p", {}, `${label.outdated} `, reload), label.outdated);
    }
    const again = this.view.action(label.retry, async () => {
      const [script] = /https?:\S+\.js/.exec(reason) ?? [];
      if (script) await fetch(script, { cache: "reload" }).catch(() => {}); // that it was not there may be kept
      await this.run();
    }, "wiki-cell__retry");
    this.view.fail(element("p", {}, `${label.loadFailed}${label.because}${reason} `, again), label.loadFailed);
  }

  /** Run cells in their order, until one fails. @param {Cell[]} cells @param {string} done What is said when all have run. */
  async runSeries(cells, done) {
    if (this.series) return;
    const series = (this.series = new AbortController());
    this.view.begin(true);
    let said = done;
    for (const cell of cells) {
      this.say(`${this.label.cell(cell.number)} …`);
      const ran = await cell.run();
      if (series.signal.aborted || (!ran && cell.stopAsked)) said = this.label.seriesStopped(cell.number);
      else if (!ran) said = this.label.aboveFailed(cell.number);
      if (said !== done) break;
    }
    this.series = null;
    this.view.end();
    this.say(said);
  }

  // ---- the other buttons

  /** A fresh Python; the code stays. */
  restart() {
    this.say(this.runtime?.restart() ?? known?.restart() ? this.label.restarted : this.label.notStarted);
  }

  /** The page's own code, its own output, and a fresh Python. */
  reset() {
    const mine = this.text();
    if (this.running) this.stop();
    (this.runtime ?? known)?.restart();
    this.setText(this.original);
    keepDraft(this.page.key, this.number, null);
    this.editor?.mark(null);
    this.shown = this.view.verified === null ? null : { of: "verified", code: this.original };
    this.lastRun = null;
    this.view.showVerified();
    this.relabel();
    this.view.note();
    if (mine !== this.original) this.offer(this.label.putAway, mine);
    this.say(this.label.wasReset);
    delete this.view.block.dataset.state;
    if (location.hash.startsWith(`#run=${this.number}.`)) history.replaceState(history.state, "", location.pathname + location.search);
  }

  async copy() {
    this.say((await toClipboard(this.text())) ? this.label.copied : this.label.copyFailed);
  }

  /** An empty notebook of Colab's, and the code to paste into it: Colab takes no code from an address. */
  async toColab() {
    const copied = await toClipboard(this.text());
    open("https://colab.research.google.com/#create=true", "_blank", "noopener");
    this.say(copied ? this.label.inColab : this.label.copyFailed);
  }

  async share() {
    try {
      const { toLink, LONG } = await import("./share.js");
      const text = this.text();
      const link = await toLink(location.href, this.number, text === this.original ? null : text);
      const field = element("input", { readonly: "", value: link });
      field.setAttribute("aria-label", this.label.shareLink);
      field.addEventListener("focus", () => field.select());
      this.view.note(field);
      const copied = await toClipboard(field.value);
      const said = copied ? (text === this.original ? this.label.sharedPlace : this.label.shared) : this.label.shareLink;
      this.say(link.length > LONG ? `${said}${this.label.longLink(link.length)}` : said);
      if (!copied) field.focus();
    } catch (error) {
      this.say(`${this.label.shareFailed}${this.label.because}${error instanceof Error ? error.message : error}`);
    }
  }

  /** Code from a link: shown, never run, and never in place of what the reader wrote. @param {string} code */
  receiveCode(code) {
    const mine = this.text();
    this.view.reveal();
    if (code === mine) return;
    if (mine !== this.original) {
      const look = this.view.action(this.label.showReceived, () => {
        this.setText(code);
        this.offer(this.label.received, mine);
      });
      this.view.note(`${this.label.receivedBeside} `, look);
      return;
    }
    this.setText(code);
    this.view.note(`${this.label.received} `, this.view.action(this.label.useOriginal, () => this.reset()));
    setTimeout(() => this.page.left.aborted || this.open().catch(() => {}), COLOURS_MS);
  }

  /** @param {string} text */
  say(text) {
    this.view.say(text);
  }

  /** The page is gone. */
  dismantle() {
    this.editor?.destroy();
    this.view.dismantle();
  }
}

/** A runnable block of class `setup` is hidden, and runs by itself before the others. @param {HTMLElement} block */
function hide(block) {
  const details = element("details", { class: "wiki-cell__setup" }, element("summary", {}, labels().setup));
  block.classList.add("wiki-cell");
  block.replaceWith(details);
  details.append(block);
  return textOf(/** @type {HTMLElement} */ (block.querySelector("code")));
}

/** Code that the address carries goes into its cell. @param {PageOfCells} page */
async function receive(page) {
  if (!location.hash.startsWith("#run=")) return;
  const { fromFragment } = await import("./share.js");
  const found = await fromFragment(location.hash).catch(() => null);
  const cell = found && page.cells[found.block - 1];
  if (cell && found.code === null) cell.view.reveal();
  else if (cell && found.code !== null) cell.receiveCode(found.code);
  else page.cells[0]?.say(labels().receivedBroken);
}

/**
 * Make blocks of a page into cells.
 * @param {HTMLElement[]} blocks
 * @returns {() => void} To be called when the page is left.
 */
export function upgrade(blocks) {
  const leaving = new AbortController();
  /** @type {PageOfCells} */
  const page = { key: location.pathname, cells: [], setup: "", left: leaving.signal };
  page.setup = blocks.filter((block) => block.matches(".setup")).map(hide).join("\n");
  const shown = blocks.filter((block) => !block.matches(".setup"));
  page.cells = shown.map((block, at) => new Cell(block, at + 1, page, shown.length > 1));
  addEventListener("hashchange", () => receive(page), { signal: leaving.signal });
  void receive(page);
  known?.warm();
  void page.cells[0]?.announceSize();
  return () => {
    leaving.abort();
    page.cells.find((cell) => cell.runtime)?.runtime?.leave(page.key);
    for (const cell of page.cells) cell.dismantle();
    page.cells = [];
  };
}
