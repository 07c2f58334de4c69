/** One run of a cell: what it tells while it lasts, and what it shows at its end. */

import { element } from "../page/dom.js";
import { keep } from "../offline/offline.js";
import { RuntimeFailure } from "../python/client.js";
import { messageOf } from "../python/protocol.js";
import { Stream, codeError, comparison, figure } from "./output.js";

/**
 * @typedef {import("./cell.js").Cell} Cell
 * @typedef {import("../python/protocol.js").Failure} Failure
 * @typedef {import("../python/protocol.js").Told} Told
 */

const TICK_MS = 150;

export class Run {
  /** @type {Stream | null} */ stream = null;
  /** @type {Promise<void>[]} */ figures = [];
  started = false; // the code itself runs, after the download and the cells before it
  began = performance.now(); // when that was, or when Run was pressed

  /** @param {Cell} cell */
  constructor(cell) {
    this.cell = cell;
    this.label = cell.label;
    this.runtime = /** @type {NonNullable<Cell["runtime"]>} */ (cell.runtime);
  }

  /** @returns {Promise<boolean>} Whether the code came to its end. */
  async execute() {
    const { cell } = this;
    const clock = setInterval(() => this.tick(), TICK_MS);
    this.tick();
    try {
      await cell.announceSize();
      if (cell.stopAsked) return await this.failed({ kind: "stopped", message: "" });
      const { key, setup } = cell.page;
      const fields = { page: key, block: String(cell.number), code: cell.text(), ...(setup && { setup }) };
      await this.completed(await this.runtime.run(fields, (event) => this.receive(event)));
      return true;
    } catch (error) {
      return await this.failed(error instanceof RuntimeFailure ? error.failure : { kind: "load", message: messageOf(error) });
    } finally {
      clearInterval(clock);
      if (!cell.page.left.aborted) void cell.open(); // not earlier: it would compete with the first start
    }
  }

  /** The line beside the progress bar; on a clock of its own, since a worker that starts Python says nothing. */
  tick() {
    const { label, runtime } = this;
    const { bar, stage } = this.cell.view;
    const now = runtime.progress;
    const bytes = now && (now.stage === "download" || now.stage === "matplotlib") && now.loaded < now.total;
    if (bytes) [bar.max, bar.value] = [now.total, now.loaded];
    else bar.removeAttribute("value");
    let text = label.preparing;
    if (bytes) text = label[/** @type {"download" | "matplotlib"} */ (now.stage)](now.loaded, now.total);
    else if (this.started) text = label.running;
    else if (runtime.state === "running") text = label.queued;
    else if (now?.stage === "packages") text = label.packages;
    else if (now) text = label.start;
    bar.setAttribute("aria-label", text);
    stage.textContent = `${text} · ${label.seconds(((performance.now() - this.began) / 1000).toFixed(1))}`;
  }

  /** @param {Told} event */
  receive(event) {
    if (event.event === "status" && event.state === "running") this.startedRunning();
    else if (event.event === "output") this.output().write(event.stream, event.text);
    else if (event.event === "truncated") this.output().write("note", `\n${this.label.truncated(event.limit)}\n`);
    else if (event.event === "figure") this.figures.push(this.showFigure(event));
  }

  startedRunning() {
    this.started = true;
    this.began = performance.now();
    this.cell.say(this.label.running);
    this.tick();
  }

  /** The stream of this run's output; what was shown before goes with its first text. */
  output() {
    if (this.stream) return this.stream;
    const { caption, output, result } = this.cell.view;
    output.hidden = false;
    caption.textContent = this.label.output;
    this.stream = new Stream(result);
    return this.stream;
  }

  /** @param {import("../python/protocol.js").Picture} event */
  async showFigure(event) {
    const shown = await figure(event);
    if (!shown) return;
    this.cell.view.output.hidden = false;
    this.cell.view.after.append(shown);
  }

  /** @param {{seconds: number}} result */
  async completed(result) {
    const { cell, label } = this;
    const stream = this.output();
    await Promise.all([stream.settled(), ...this.figures]);
    if (!cell.view.result.textContent && !cell.view.after.firstChild) stream.write("note", label.nothing);
    cell.view.caption.textContent = label.printed(result.seconds.toFixed(result.seconds < 10 ? 2 : 0));
    const verdict = cell.view.verified === null ? null : comparison(cell.view.verified, stream.stdout, cell.text() !== cell.original);
    if (verdict) cell.view.after.append(verdict);
    cell.hasState = true;
    cell.view.block.dataset.state = "done";
    cell.say(verdict?.querySelector("summary")?.textContent ?? verdict?.textContent ?? label.done);
    this.keepOffline().catch((error) => console.warn("no offline copy:", error));
  }

  async keepOffline() {
    const note = await keep(await this.runtime.manifest());
    if (note && !this.cell.page.left.aborted) this.cell.view.after.append(note);
  }

  /** @param {Failure} failure @returns {Promise<false>} */
  async failed(failure) {
    const { cell, label } = this;
    if (cell.page.left.aborted) return false;
    cell.view.block.dataset.state = "failed";
    await this.stream?.settled();
    if (this.stream) cell.view.caption.textContent = label.failedAfter;
    if (failure.kind === "python" || failure.kind === "memory") await this.codeFailed(failure);
    else if (failure.kind === "stopped") cell.say(label.stopped);
    else if (failure.kind === "crash") cell.say(label.crashed);
    else if (failure.kind === "missing") this.runtimeMissing(failure);
    else if (!failure.file || failure.message.includes(failure.file)) cell.failLoading(failure.message);
    else cell.failLoading(`${failure.message} (${failure.file})`);
    return false;
  }

  /** @param {Failure} failure */
  async codeFailed(failure) {
    const { cell, label } = this;
    this.output();
    cell.view.caption.textContent = label.failedAfter;
    await Promise.all(this.figures);
    const shown = codeError(failure, String(cell.number));
    const above = cell.page.cells.slice(0, cell.number - 1);
    if (failure.type === "NameError" && above.some((other) => !other.hasState)) {
      shown.append(element("p", {}, label.runAboveHint));
    }
    cell.view.after.append(shown);
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
