/** A runnable block as a cell: code to edit, buttons, progress, and the output beside the verified one. */

import { labels } from "./labels.js";

/** @typedef {import("./editor.js").Editor} Editor */
/** @typedef {{key: string, cells: Cell[], setup: string, left: boolean}} PageOfCells */

const TICK_MS = 150;

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

class Cell {
  /** @type {Editor | null} */ editor = null;
  /** @type {Promise<Editor> | null} */ opening = null;
  /** @type {Promise<boolean> | null} */ running = null;
  /** @type {import("./client.js").runtime | null} */ runtime = null;
  /** @type {typeof import("./output.js") | null} */ view = null;
  /** @type {import("./output.js").Stream | null} */ stream = null;
  stopAsked = false;
  started = false; // its code runs, after the download and the cells before it
  begun = 0; // when that was, or when Run was pressed
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
      made.addEventListener("click", act);
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
    let pressed = false; // a click opens the editor where it fell, unless text was selected
    this.pre.addEventListener("pointerdown", () => (pressed = true));
    this.pre.addEventListener("focusin", () => pressed || this.edit());
    this.pre.addEventListener("click", (event) => {
      pressed = false;
      if (getSelection()?.isCollapsed) this.edit({ x: event.clientX, y: event.clientY });
    });
    for (const sign of ["pointerenter", "focusin"]) {
      this.block.addEventListener(sign, () => this.announceSize().catch(() => {}), { once: true });
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
    if (!this.page.left) editor.focus(point);
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
    if (this.page.left) editor.destroy();
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
    const clock = setInterval(() => this.tick(), TICK_MS);
    this.begin();
    try {
      await this.fetchParts();
      if (this.stopAsked || this.page.left) return false;
      await this.announceSize();
      void this.open();
      const { key, setup } = this.page;
      const fields = { page: key, block: String(this.number), code: this.text(), ...(setup && { setup }) };
      const result = await this.runtime?.run(fields, (event) => this.receive(event));
      await this.completed(result);
      return true;
    } catch (error) {
      if (!this.page.left) await this.failed(error);
      return false;
    } finally {
      clearInterval(clock);
      this.finish();
    }
  }

  begin() {
    [this.stopAsked, this.started, this.begun] = [false, false, performance.now()];
    this.stream = null;
    this.figures = /** @type {Promise<void>[]} */ ([]);
    this.editor?.mark(null);
    this.after.replaceChildren();
    this.say("");
    const focused = document.activeElement === this.runButton;
    this.runButton.hidden = true;
    this.stopButton.hidden = false;
    if (focused) this.stopButton.focus();
    this.block.dataset.state = "running";
    this.tick();
    this.progress.hidden = false;
  }

  finish() {
    const focused = document.activeElement === this.stopButton;
    this.runButton.hidden = false;
    this.stopButton.hidden = true;
    if (focused) this.runButton.focus();
    this.progress.hidden = true;
  }

  async fetchParts() {
    const [{ runtime }, view] = await Promise.all([import("./client.js"), import("./output.js")]);
    if (!this.runtime) runtime.addEventListener("lost", () => this.lost(), { signal: leaving(this.page) });
    this.runtime = runtime;
    this.view = view;
  }

  /** What the first Run downloads, said before it begins. */
  async announceSize() {
    await this.fetchParts();
    const size = await this.runtime?.toDownload();
    if (size) this.say(this.label.size(size.bytes, size.gzip));
  }

  stop() {
    this.stopAsked = true;
    this.runtime?.stop();
  }

  /** The line beside the progress bar; on a clock of its own, since a worker that starts Python says nothing. */
  tick() {
    const { label, runtime } = this;
    const now = runtime?.progress;
    const bytes = now && (now.stage === "download" || now.stage === "matplotlib") && now.loaded < now.total;
    if (bytes) [this.bar.max, this.bar.value] = [now.total, now.loaded];
    else this.bar.removeAttribute("value");
    let text = label.preparing;
    if (bytes) text = label[/** @type {"download" | "matplotlib"} */ (now.stage)](now.loaded, now.total);
    else if (this.started) text = label.running;
    else if (runtime?.state === "running") text = label.queued;
    else if (now?.stage === "packages") text = label.packages;
    else if (now) text = label.start;
    this.bar.setAttribute("aria-label", text);
    this.stage.textContent = `${text} · ${label.seconds(((performance.now() - this.begun) / 1000).toFixed(1))}`;
  }

  /** @param {any} event The protocol's events of a run. */
  receive(event) {
    if (event.event === "status" && event.state === "running") this.startedRunning();
    else if (event.event === "output") this.outputStream().write(event.stream, event.text);
    else if (event.event === "truncated") this.outputStream().write("note", `\n${this.label.truncated(event.limit)}\n`);
    else if (event.event === "figure") this.figures?.push(this.showFigure(event));
  }

  startedRunning() {
    this.started = true;
    this.begun = performance.now();
    this.say(this.label.running);
    this.tick();
  }

  outputStream() {
    if (this.stream) return this.stream;
    this.output.hidden = false;
    this.caption.textContent = this.label.output;
    this.stream = new /** @type {typeof import("./output.js")} */ (this.view).Stream(this.result);
    return this.stream;
  }

  /** @param {any} event */
  async showFigure(event) {
    const shown = await this.view?.figure(event);
    if (!shown) return;
    this.output.hidden = false;
    this.after.append(shown);
  }

  /** @param {any} result */
  async completed(result) {
    const { label, verified } = this;
    const stream = this.outputStream();
    await Promise.all([stream.settled(), ...(this.figures ?? [])]);
    if (!this.result.textContent && !this.after.firstChild) stream.write("note", label.nothing);
    this.caption.textContent = label.printed(result.seconds.toFixed(result.seconds < 10 ? 2 : 0));
    if (verified !== null) {
      const edited = this.text() !== this.original;
      this.after.append(/** @type {any} */ (this.view).comparison(verified, stream.stdout, edited));
    }
    this.hasState = true;
    this.block.dataset.state = "done";
    this.say(this.after.querySelector(".wiki-cell__same, .wiki-cell__differs > summary")?.textContent ?? label.done);
    this.keepOffline().catch(() => {});
  }

  // ---- what can go wrong

  /** @param {any} error */
  async failed(error) {
    const { label } = this;
    const failure = error.failure ?? { kind: "load", message: String(error.message ?? error) };
    this.block.dataset.state = "failed";
    await this.stream?.settled();
    if (this.stream) this.caption.textContent = label.failedAfter;
    if (failure.kind === "python" || failure.kind === "memory") await this.codeFailed(failure);
    else if (failure.kind === "stopped") this.say(label.stopped);
    else if (failure.kind === "crash") this.say(label.crashed);
    else if (failure.kind === "missing") this.showMissing(failure);
    else this.showLoadFailure(failure);
  }

  /** @param {any} failure */
  async codeFailed(failure) {
    const { label } = this;
    this.outputStream();
    this.caption.textContent = label.failedAfter;
    await Promise.all(this.figures ?? []);
    const shown = /** @type {any} */ (this.view).codeError(failure, String(this.number));
    if (failure.type === "NameError" && this.page.cells.some((cell) => cell.number < this.number && !cell.hasState)) {
      shown.append(element("p", {}, label.runAboveHint));
    }
    this.after.append(shown);
    this.hasState = true;
    const where = failure.line ? `${label.line(failure.line)}: ` : "";
    this.say(`${label.failed} · ${where}${failure.type ?? failure.message}`);
    if (failure.line) (await this.open()).mark(failure.line);
  }

  /** @param {any} failure */
  showLoadFailure(failure) {
    const { label } = this;
    const again = element("button", { type: "button", class: "wiki-cell__retry" }, label.retry);
    again.addEventListener("click", () => this.run());
    const where = failure.file && !failure.message.includes(failure.file) ? ` (${failure.file})` : "";
    const text = element("p", {}, `${label.loadFailed}：${failure.message}${where} `, again);
    this.showInstead(text);
    this.say(label.loadFailed);
  }

  /** @param {any} failure */
  showMissing(failure) {
    const { label } = this;
    const command = element("code", {}, failure.hint || "python -m browser build");
    this.showInstead(element("p", {}, `${label.missing}${failure.message ? ` (${failure.message})` : ""}。${label.install} `, command));
    this.say(label.missing);
  }

  /** @param {Element} shown */
  showInstead(shown) {
    this.output.hidden = false;
    this.after.replaceChildren(element("div", { class: "wiki-cell__error" }, shown));
  }

  /** Python is gone, and with it what this cell had defined. */
  lost() {
    if (this.hasState && !this.running) this.say(this.label.lost);
    this.hasState = false;
  }

  // ---- the other buttons

  reset() {
    if (this.running) this.stop();
    this.setText(this.original);
    this.editor?.mark(null);
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
      this.say(`${this.label.cell(cell.number)}……`);
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
      this.say(`${this.label.shareFailed}：${error instanceof Error ? error.message : error}`);
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

  async keepOffline() {
    const { keep } = await import("./offline.js");
    const note = await keep(await /** @type {any} */ (this.runtime).manifest());
    if (note && !this.page.left) this.after.append(note);
  }

  /** @param {string} text */
  say(text) {
    if (this.status.textContent !== text) this.status.textContent = text;
  }
}

/** Text of a code element without what themes put into it. @param {HTMLElement} code */
function textOf(code) {
  return (code.textContent ?? "").replace(/\n$/, "");
}

/** The output block after a runnable one; an empty, hidden one where there is none. @param {HTMLElement} block */
function outputOf(block) {
  const next = block.nextElementSibling;
  if (next instanceof HTMLElement && next.matches(".output.highlight")) return next;
  const pre = element("pre", {}, element("code"));
  const made = element("div", { class: "output highlight wiki-cell__output--none", hidden: "" }, pre);
  block.after(made);
  return made;
}

/** @param {string} text @returns {Promise<boolean>} */
async function toClipboard(text) {
  try {
    await navigator.clipboard.writeText(text); // absent where the page is not served over TLS
    return true;
  } catch {
    const field = /** @type {HTMLTextAreaElement} */ (element("textarea", { class: "wiki-cell__clipboard" }, text));
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    return done;
  }
}

/** @type {WeakMap<PageOfCells, AbortController>} */
const controllers = new WeakMap();

/** @param {PageOfCells} page */
function leaving(page) {
  const controller = controllers.get(page) ?? new AbortController();
  controllers.set(page, controller);
  return controller.signal;
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
  /** @type {PageOfCells} */
  const page = { key: location.pathname, cells: [], setup: "", left: false };
  page.setup = blocks.filter((block) => block.matches(".setup")).map(hide).join("\n");
  const shown = blocks.filter((block) => !block.matches(".setup"));
  page.cells = shown.map((block, at) => new Cell(block, at + 1, page));
  const signal = leaving(page);
  addEventListener("hashchange", () => receive(page), { signal });
  void receive(page);
  return () => {
    page.left = true;
    controllers.get(page)?.abort();
    for (const { editor } of page.cells) editor?.destroy();
    page.cells.find((cell) => cell.runtime)?.runtime?.leave(page.key);
  };
}
