/** A runnable block as a cell: code to edit, buttons, progress, and the output beside the verified one. */

import { element, outputOf, textOf, toClipboard } from "../page/dom.js";
import { labels } from "./labels.js";

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
    this.block = block;
    this.number = number;
    this.page = page;
    this.label = labels();
    this.pre = /** @type {HTMLElement} */ (block.querySelector("pre"));
    this.code = /** @type {HTMLElement} */ (block.querySelector("code"));
    this.original = textOf(this.code);
    this.highlighted = [...this.code.childNodes];
    this.output = outputOf(block);
    this.result = /** @type {HTMLElement} */ (this.output.querySelector("code"));
    this.verified = this.output.classList.contains("wiki-cell__output--none") ? null : textOf(this.result);
    this.build();
    this.listen();
  }

  build() {
    const { label } = this;
    /** @param {string} name @param {string} text @param {() => void} act */
    const button = (name, text, act) => {
      const made = /** @type {HTMLButtonElement} */ (element("button", { type: "button", class: `wiki-cell__${name}` }, text));
      made.addEventListener("click", act, { signal: this.page.left });
      return made;
    };
    this.runButton = button("run", label.run, () => this.run());
    this.stopButton = button("stop", label.stop, () => this.stop());
    this.stopButton.hidden = true;
    this.status = element("p", { class: "wiki-cell__status", role: "status", "aria-live": "polite" });
    this.bar = /** @type {HTMLProgressElement} */ (element("progress", { "aria-label": label.preparing }));
    this.stage = element("span");
    this.progress = element("div", { class: "wiki-cell__progress", hidden: "" }, this.bar, this.stage);
    this.notice = element("div", { class: "wiki-cell__notice", hidden: "" });
    this.caption = element("p", { class: "wiki-cell__caption" });
    this.after = element("div", { class: "wiki-cell__after" });
    const tools = element("div", { class: "wiki-cell__tools" }, this.runButton, this.stopButton);
    tools.append(button("reset", label.reset, () => this.reset()), button("copy", label.copy, () => this.copy()));
    if (this.number > 1) tools.append(button("above", label.above, () => this.runAbove()));
    if ("CompressionStream" in globalThis) tools.append(button("share", label.share, () => this.share()));
    this.block.classList.add("wiki-cell");
    this.block.setAttribute("role", "group");
    this.block.setAttribute("aria-label", label.cell(this.number));
    this.pre.tabIndex = 0;
    this.pre.setAttribute("aria-label", label.code(this.number));
    this.pre.setAttribute("role", "group");
    this.block.append(tools, this.progress, this.status, this.notice);
    this.output.prepend(this.caption);
    this.output.append(this.after);
    this.output.classList.add("wiki-cell__output");
    this.showVerified();
  }

  listen() {
    const signal = this.page.left;
    let pressed = false; // a click opens the editor where it fell, unless text was selected
    this.pre.addEventListener("pointerdown", () => (pressed = true), { signal });
    this.pre.addEventListener("focusin", () => pressed || this.edit(), { signal });
    const click = (/** @type {MouseEvent} */ event) => {
      pressed = false;
      if (getSelection()?.isCollapsed) this.edit({ x: event.clientX, y: event.clientY });
    };
    this.pre.addEventListener("click", click, { signal });
    for (const sign of ["pointerenter", "focusin"]) {
      this.block.addEventListener(sign, () => this.announceSize().catch(() => {}), { once: true, signal });
    }
  }

  text() {
    return this.editor ? this.editor.text() : textOf(this.code);
  }

  /** @param {string} text */
  setText(text) {
    if (this.editor) this.editor.setText(text);
    else if (text === this.original) this.code.replaceChildren(...this.highlighted);
    else this.code.textContent = text;
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
      text: textOf(this.code),
      label: this.label.code(this.number),
      onRun: () => void this.run(),
      onChange: () => {},
    };
    const editor = await codeMirror(place, options).catch(() => textField(place, options));
    if (this.page.left.aborted) editor.destroy();
    else this.pre.replaceWith(place);
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
    this.after.replaceChildren();
    this.say("");
    this.block.dataset.state = "running";
    this.show(this.stopButton, this.runButton);
    this.stage.textContent = this.label.preparing;
    this.progress.hidden = false;
    try {
      const { Run } = await import("./run.js");
      await this.findRuntime();
      return await new Run(this).execute();
    } catch (error) {
      this.failLoading(error instanceof Error ? error.message : String(error));
      return false;
    } finally {
      this.progress.hidden = true;
      this.show(this.runButton, this.stopButton);
    }
  }

  /** One button in place of the other, with the focus if that had it. @param {HTMLElement} shown @param {HTMLElement} hidden */
  show(shown, hidden) {
    const focused = document.activeElement === hidden;
    shown.hidden = false;
    hidden.hidden = true;
    if (focused) shown.focus();
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
    this.fail(element("p", {}, `${label.loadFailed}${label.because}${reason} `, again), label.loadFailed);
  }

  /** Something else than the code failed; the output stays as it is. @param {Element} shown @param {string} said */
  fail(shown, said) {
    this.block.dataset.state = "failed";
    this.output.hidden = false;
    this.after.replaceChildren(element("div", { class: "wiki-cell__error" }, shown));
    this.say(said);
  }

  // ---- the other buttons

  reset() {
    if (this.running) this.stop();
    this.setText(this.original);
    this.editor?.mark(null);
    this.notice.replaceChildren();
    this.notice.hidden = true;
    this.showVerified();
    this.say(this.label.wasReset);
    delete this.block.dataset.state;
    if (location.hash.startsWith(`#run=${this.number}.`)) history.replaceState(history.state, "", location.pathname + location.search);
  }

  showVerified() {
    this.caption.textContent = this.label.verified;
    this.result.textContent = this.verified ?? "";
    this.output.hidden = this.verified === null;
    this.after.replaceChildren();
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
      field.addEventListener("focus", () => /** @type {HTMLInputElement} */ (field).select());
      this.notice.replaceChildren(field);
      this.notice.hidden = false;
      const copied = await toClipboard(/** @type {HTMLInputElement} */ (field).value);
      this.say(copied ? this.label.shared : this.label.shareLink);
      if (!copied) field.focus();
    } catch (error) {
      this.say(`${this.label.shareFailed}${this.label.because}${error instanceof Error ? error.message : error}`);
    }
  }

  /** Code from a link: shown, never run. @param {string} code */
  receiveCode(code) {
    this.setText(code);
    this.notice.replaceChildren(this.label.received);
    this.notice.hidden = false;
    this.openAround();
    this.block.scrollIntoView({ block: "center" });
  }

  openAround() {
    for (let at = this.block.closest("details"); at; at = at.parentElement?.closest("details") ?? null) at.open = true;
  }

  /** The page is gone; its theme may yet hold the elements, so they let go of the editor and of what was printed. */
  dismantle() {
    this.editor?.destroy();
    this.block.replaceChildren();
    this.output.replaceChildren();
  }

  /** @param {string} text */
  say(text) {
    if (this.status.textContent !== text) this.status.textContent = text;
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
