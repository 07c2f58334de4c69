/** A runnable block as a cell: code to edit, buttons, progress, and the output beside the verified one. */

import { element, textOf, toClipboard } from "../page/dom.js";
import { labels } from "./labels.js";
import { View } from "./view.js";

/** @typedef {import("./editor.js").Editor} Editor */
/** @typedef {{key: string, cells: Cell[], setup: string, left: AbortSignal}} PageOfCells */

export class Cell {
  /** @type {Editor | null} */ editor = null;
  /** @type {Promise<Editor> | null} */ opening = null;
  /** @type {Promise<boolean> | null} */ running = null;
  /** @type {import("../python/client.js").runtime | null} */ runtime = null;
  stopAsked = false;
  hasState = false; // it has run in the Python that is alive

  /**
   * @param {HTMLElement} block
   * @param {number} number From 1, on its page.
   * @param {PageOfCells} page
   */
  constructor(block, number, page) {
    this.number = number;
    this.page = page;
    this.label = labels();
    const actions = {
      run: () => this.run(), stop: () => this.stop(), reset: () => this.reset(), copy: () => this.copy(),
      above: () => this.runAbove(), share: () => this.share(),
    };
    this.view = new View(block, number, actions, page.left);
    this.original = textOf(this.view.code);
    this.highlighted = [...this.view.code.childNodes];
    this.listen();
  }

  listen() {
    const { block, pre } = this.view;
    const signal = this.page.left;
    let pressed = false; // a click opens the editor where it fell, unless text was selected
    pre.addEventListener("pointerdown", () => (pressed = true), { signal });
    pre.addEventListener("focusin", () => pressed || this.edit(), { signal });
    const click = (/** @type {MouseEvent} */ event) => {
      pressed = false;
      if (getSelection()?.isCollapsed) this.edit({ x: event.clientX, y: event.clientY });
    };
    pre.addEventListener("click", click, { signal });
    for (const sign of ["pointerenter", "focusin"]) {
      block.addEventListener(sign, () => this.announceSize().catch(() => {}), { once: true, signal });
    }
  }

  text() {
    return this.editor ? this.editor.text() : textOf(this.view.code);
  }

  /** @param {string} text */
  setText(text) {
    if (this.editor) this.editor.setText(text);
    else if (text === this.original) this.view.code.replaceChildren(...this.highlighted);
    else this.view.code.textContent = text;
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
    };
    const editor = await codeMirror(place, options).catch(() => textField(place, options));
    if (this.page.left.aborted) editor.destroy();
    else this.view.pre.replaceWith(place);
    this.editor = editor;
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
      return await new Run(this).execute();
    } catch (error) {
      this.failLoading(error instanceof Error ? error.message : String(error));
      return false;
    } finally {
      this.view.end();
    }
  }

  stop() {
    this.stopAsked = true;
    this.runtime?.stop();
  }

  async findRuntime() {
    const { runtime } = await import("../python/client.js");
    if (!this.runtime) runtime.addEventListener("lost", () => this.lost(), { signal: this.page.left });
    this.runtime = runtime;
    return runtime;
  }

  /** What the first Run downloads, said before it begins. */
  async announceSize() {
    const size = await (await this.findRuntime()).toDownload();
    if (size) this.say(this.label.size(size.bytes, size.gzip));
  }

  /** Python is gone, and with it what this cell had defined. */
  lost() {
    if (this.hasState && !this.running) this.say(this.label.lost);
    this.hasState = false;
  }

  /** @param {string} reason */
  failLoading(reason) {
    const { label } = this;
    const again = element("button", { type: "button", class: "wiki-cell__retry" }, label.retry);
    again.addEventListener("click", () => this.run());
    this.view.fail(element("p", {}, `${label.loadFailed}${label.because}${reason} `, again), label.loadFailed);
  }

  // ---- the other buttons

  reset() {
    if (this.running) this.stop();
    this.setText(this.original);
    this.editor?.mark(null);
    this.view.note();
    this.view.showVerified();
    this.say(this.label.wasReset);
    delete this.view.block.dataset.state;
    if (location.hash.startsWith(`#run=${this.number}.`)) history.replaceState(history.state, "", location.pathname + location.search);
  }

  async copy() {
    this.say((await toClipboard(this.text())) ? this.label.copied : this.label.copyFailed);
  }

  async runAbove() {
    for (const cell of this.page.cells.slice(0, this.number - 1)) {
      this.say(`${this.label.cell(cell.number)} …`);
      if (!(await cell.run())) return this.say(this.label.aboveFailed(cell.number));
    }
    this.say(this.label.aboveDone);
  }

  async share() {
    try {
      const { toLink } = await import("./share.js");
      const field = element("input", { readonly: "", value: await toLink(location.href, this.number, this.text()) });
      field.setAttribute("aria-label", this.label.shareLink);
      field.addEventListener("focus", () => field.select());
      this.view.note(field);
      const copied = await toClipboard(field.value);
      this.say(copied ? this.label.shared : this.label.shareLink);
      if (!copied) field.focus();
    } catch (error) {
      this.say(`${this.label.shareFailed}${this.label.because}${error instanceof Error ? error.message : error}`);
    }
  }

  /** Code from a link: shown, never run. @param {string} code */
  receiveCode(code) {
    this.setText(code);
    this.view.note(this.label.received);
    this.view.reveal();
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
  if (cell) cell.receiveCode(found.code);
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
  page.cells = shown.map((block, at) => new Cell(block, at + 1, page));
  addEventListener("hashchange", () => receive(page), { signal: leaving.signal });
  void receive(page);
  return () => {
    leaving.abort();
    page.cells.find((cell) => cell.runtime)?.runtime?.leave(page.key);
    for (const cell of page.cells) cell.dismantle();
    page.cells = [];
  };
}
