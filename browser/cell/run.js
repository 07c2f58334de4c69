/** One run of a cell: what it tells while it lasts, and what it shows at its end. */

import { element } from "../page/dom.js";
import { keep } from "../offline/offline.js";
import { RuntimeFailure } from "../python/client.js";
import { messageOf } from "../python/protocol.js";
import { Stream, codeError, comparison, edited, figure, keyOf } from "./output.js";

/**
 * @typedef {import("./cell.js").Cell} Cell
 * @typedef {import("../python/protocol.js").Failure} Failure
 * @typedef {import("../python/protocol.js").Told} Told
 */

const TICK_MS = 150;

export class Run {
  /** @type {Stream | null} */ stream = null;
  /** @type {Promise<void>[]} */ figures = [];
  /** @type {Map<string, Promise<Element>>} */ keyed = new Map(); // the newest picture of each key, once it is there
  cancel = new AbortController();
  turn = false; // nothing runs before it any more
  started = false; // the code itself runs, after the download and the cells before it
  began = performance.now(); // when that was, or when Run was pressed

  /** @param {Cell} cell */
  constructor(cell) {
    this.cell = cell;
    this.label = cell.label;
    this.code = cell.text();
    this.runtime = /** @type {NonNullable<Cell["runtime"]>} */ (cell.runtime);
  }

  /** @returns {Promise<boolean>} Whether the code came to its end. */
  async execute() {
    const { cell } = this;
    const clock = setInterval(() => this.tick(), TICK_MS);
    this.tick();
    try {
      const size = await this.runtime.toDownload();
      if (size) cell.say(this.label.size(size.bytes, size.gzip));
      if (cell.stopAsked) return await this.failed({ kind: "stopped", message: "" });
      const { key, setup } = cell.page;
      const fields = { page: key, block: String(cell.number), code: this.code, ...(setup && { setup }) };
      await this.completed(await this.runtime.run(fields, (event) => this.receive(event), this.cancel.signal));
      return true;
    } catch (error) {
      if (error instanceof RuntimeFailure && error.failure.cause !== "outdated") return await this.failed(error.failure);
      throw error;
    } finally {
      clearInterval(clock);
      if (!cell.page.left.aborted) void cell.open(); // not earlier: it would compete with the first start
    }
  }

  /** Stop: Python, where this is what it does; else this alone, which waits. */
  stop() {
    if (this.turn) this.runtime.stop();
    else this.cancel.abort();
  }

  /** The line beside the progress bar; on a clock of its own, since a worker that starts Python says nothing. */
  tick() {
    const { label, runtime } = this;
    const { bar, stage } = this.cell.view;
    const now = runtime.progress;
    const bytes = now && now.stage !== "start" && now.stage !== "packages" && now.loaded < now.total;
    if (bytes) [bar.max, bar.value] = [now.total, now.loaded];
    else bar.removeAttribute("value");
    let text = label.preparing;
    if (bytes) text = label.download(now.stage === "download" ? "" : `${now.stage} `, now.loaded, now.total);
    else if (this.started) text = label.running;
    else if (runtime.state === "running") text = label.queued;
    else if (now?.stage === "packages") text = label.packages;
    else if (now) text = label.start;
    bar.setAttribute("aria-label", text);
    stage.textContent = `${text} · ${label.seconds(((performance.now() - this.began) / 1000).toFixed(1))}`;
  }

  /** @param {Told} event */
  receive(event) {
    if (event.event === "turn") this.turn = true;
    else if (event.event === "status" && event.state === "running") this.startedRunning();
    else if (event.event === "input") this.askFor(event.prompt);
    else if (event.event === "output") this.output().write(event.stream, event.text);
    else if (event.event === "truncated") this.output().write("note", `\n${this.label.truncated(event.limit)}\n`);
    else if (event.event === "figure") this.figures.push(this.showFigure(event));
  }

  startedRunning() {
    const { view } = this.cell;
    this.started = true;
    this.began = performance.now();
    const height = view.output.hidden ? 0 : view.result.offsetHeight;
    view.clear();
    view.output.hidden = false;
    view.result.style.minHeight = `${Math.min(height, 300)}px`; // what is below keeps its place until there is output
    this.cell.shown = null;
    this.cell.relabel();
    this.cell.say(this.label.running);
    this.tick();
  }

  /** The stream of this run's output. */
  output() {
    this.stream ??= new Stream(this.cell.view.result);
    return this.stream;
  }

  /** A field for the line that the code waits for. @param {string} prompt */
  askFor(prompt) {
    const { label, cell } = this;
    const field = element("input", { type: "text", "aria-label": prompt || label.input, placeholder: label.input });
    const give = () => {
      asked.remove();
      this.runtime.answer(field.value);
    };
    const asked = element("div", { class: "wiki-cell__input" }, field, cell.view.action(label.give, give));
    field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.isComposing) return;
      event.preventDefault();
      give();
    });
    cell.view.after.append(asked);
    cell.say(label.waits);
    field.focus();
  }

  /**
   * A figure, in its place among the text, or in the place of the one before it with its key.
   * @param {import("../python/protocol.js").Picture} event
   */
  async showFigure(event) {
    const key = event.format === "svg" ? keyOf(event.text) : "";
    const before = this.keyed.get(key) ?? this.output().breakFor(element("div", { class: "wiki-cell__more" }));
    const put = async () => {
      const [place, shown] = [await before, await figure(event)];
      if (shown) place.replaceWith(shown);
      else if (!key) place.remove();
      return shown ?? place;
    };
    const done = put();
    if (key) this.keyed.set(key, done);
    await done;
  }

  /** @param {import("./states.js").Ending} of @param {string} [seconds] */
  shows(of, seconds) {
    this.cell.shown = { of, code: this.code, seconds };
    this.cell.view.result.style.minHeight = "";
    this.cell.view.after.querySelector(".wiki-cell__input")?.remove();
  }

  /** @param {{seconds: number}} result */
  async completed(result) {
    const { cell, label } = this;
    const { view } = cell;
    const stream = this.output();
    await Promise.all([stream.settled(), ...this.figures]);
    if (stream.empty) stream.write("note", label.nothing);
    this.shows("ran", result.seconds.toFixed(result.seconds < 10 ? 2 : 0));
    let verdict = null;
    if (this.code === cell.original) verdict = view.verified === null ? null : comparison(view.verified, stream.stdout);
    else verdict = edited({ code: this.code, stdout: stream.stdout }, cell.lastRun, { code: cell.original, stdout: view.verified });
    if (verdict) view.after.append(verdict);
    cell.lastRun = { code: this.code, stdout: stream.stdout };
    cell.hasState = true;
    view.block.dataset.state = "done";
    view.after.append(this.variables());
    cell.say(verdict?.querySelector("summary")?.textContent ?? verdict?.textContent ?? label.done);
    this.keepOffline().catch((error) => console.info("no offline copy:", error));
  }

  /** What the page's code has defined, asked for when somebody looks. */
  variables() {
    const { label, cell } = this;
    const body = element("tbody");
    const made = element("details", { class: "wiki-cell__variables" }, element("summary", {}, label.variables), element("table", { tabindex: "0" }, body));
    made.addEventListener("toggle", async () => {
      const found = made.open ? await this.runtime.variables(cell.page.key) : [];
      if (!made.open) return;
      const rows = (found ?? []).map(({ name, type, value }) =>
        element("tr", {}, element("th", { scope: "row" }, name), element("td", {}, type), element("td", {}, value)));
      body.replaceChildren(...(rows.length ? rows : [element("tr", {}, element("td", {}, found ? label.noVariables : label.running))]));
    });
    return made;
  }

  async keepOffline() {
    const note = await keep(await this.runtime.manifest(), this.runtime.groups);
    if (note && !this.cell.page.left.aborted) this.cell.view.after.append(note);
  }

  /** @param {Failure} failure @returns {Promise<false>} */
  async failed(failure) {
    const { cell, label } = this;
    if (cell.page.left.aborted) return false;
    cell.view.block.dataset.state = "failed";
    if (this.started) {
      const stream = this.output();
      await Promise.all([stream.settled(), ...this.figures]);
      this.shows(failure.kind === "stopped" ? "stopped" : "failed");
    }
    if (failure.kind === "stopped") {
      cell.stopAsked = true;
      cell.say(this.turn || this.started ? label.stopped : label.notRun);
      if (this.started && this.output().empty) this.output().write("note", label.nothing);
      cell.hasState = false;
    } else if (failure.kind === "python" || failure.kind === "memory") await this.codeFailed(failure);
    else if (failure.kind === "crash") {
      cell.view.fail(element("p", {}, label.crashed), label.crashed);
      cell.hasState = false;
    } else if (failure.kind === "missing") this.runtimeMissing(failure);
    else await cell.failLoading(failure.message);
    return false;
  }

  /** @param {Failure} failure */
  async codeFailed(failure) {
    const { cell, label } = this;
    const shown = codeError(failure, String(cell.number));
    const above = cell.page.cells.slice(0, cell.number - 1);
    if (failure.type === "NameError" && above.some((other) => !other.hasState)) {
      shown.append(element("p", {}, label.runAboveHint));
    }
    cell.view.after.append(shown, this.variables());
    cell.hasState = true;
    const where = failure.line ? label.line(failure.line) + label.because : "";
    cell.say(`${label.failed} · ${where}${failure.type ?? failure.message}`);
    if (failure.line) (await cell.open()).mark(failure.line);
  }

  /** @param {Failure} failure */
  runtimeMissing(failure) {
    const { cell, label } = this;
    const reason = failure.message ? ` (${failure.message})` : "";
    const command = element("code", {}, failure.hint || "python -m publish runtime");
    cell.view.fail(element("p", {}, `${label.missing}${reason}${label.install} `, command), label.missing);
  }
}
