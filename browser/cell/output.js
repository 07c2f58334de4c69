/** What a run shows: the stream of its output, figures, the comparison with the verified output, errors. Text only. */

import { differences } from "./compare.js";
import { element } from "../page/dom.js";
import { labels } from "./labels.js";
import { changeOf } from "./states.js";
import { cleanSvg } from "./svg.js";

const SLICE = 16_000; // characters put into the page at a time: a larger piece could hold up the page
const CHUNK = 4_000; // characters of one element, a long one; the browser skips the layout of those out of sight
const LONGEST_LINE = 20_000;
const SHOWN_DIFFERENCES = 20;

const CONTROL = /\r\n|[\r\b]|\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b|[^\r\b\x1b]+/g;

/** Text that streams into a `<code>`, a slice at a time; `\r` and `\b` go back over the line as in a terminal. */
export class Stream {
  /** @type {{stream: string, text: string}[]} */ pending = [];
  /** @type {HTMLElement | null} */ last = null;
  lastLength = 0;
  /** @type {number | null} */ column = null; // in the line that has not ended, where the next text goes; null for its end
  stdout = "";
  timer = 0;
  empty = true;
  /** @type {(() => void)[]} */ onEmpty = [];

  /** @param {HTMLElement} place Its content goes. */
  constructor(place) {
    this.place = place; // it scrolls
    place.replaceChildren();
  }

  /** @param {string} stream @param {string} text */
  write(stream, text) {
    if (stream === "stdout") this.stdout += text;
    if (stream !== "note") this.empty = false;
    this.pending.push({ stream, text });
    this.timer ||= setTimeout(() => this.flush(), 0);
  }

  /** All text is in the page. @returns {Promise<void>} */
  settled() {
    return this.timer ? new Promise((resolve) => this.onEmpty.push(resolve)) : Promise.resolve();
  }

  /** What comes next stands below something. @template {HTMLElement} E @param {E} thing */
  breakFor(thing) {
    this.empty = false;
    while (this.pending.length) this.flush();
    const more = element("code");
    const pre = element("pre", { class: "wiki-cell__more" }, more);
    /** @type {HTMLElement} */ (this.place.parentElement).after(thing, pre);
    pre.hidden = true; // until there is text
    this.place = more;
    this.last = this.column = null;
    this.lastLength = 0;
    return thing;
  }

  flush() {
    const { place } = this;
    const pinned = place.scrollHeight - place.scrollTop - place.clientHeight < 8;
    let room = SLICE;
    while (room > 0 && this.pending.length) {
      const next = this.pending[0];
      const text = next.text.slice(0, room);
      this.put(next.stream, text);
      room -= text.length;
      next.text = next.text.slice(text.length);
      if (!next.text) this.pending.shift();
    }
    if (place.parentElement?.hidden && place.firstChild) place.parentElement.hidden = false;
    if (pinned) place.scrollTop = place.scrollHeight;
    clearTimeout(this.timer);
    this.timer = this.pending.length ? setTimeout(() => this.flush(), 16) : 0;
    if (!this.timer) this.onEmpty.splice(0).forEach((resolve) => resolve());
  }

  /** @param {string} stream @param {string} text */
  put(stream, text) {
    if (this.column === null && !/[\r\b\x1b]/.test(text)) return this.append(stream, text);
    for (const [part] of text.matchAll(CONTROL)) {
      const line = this.last?.dataset.stream === stream ? this.lineOf(this.last) : "";
      if (part === "\r\n") this.append(stream, "\n");
      else if (part === "\r") this.column = line ? 0 : null;
      else if (part === "\b") this.column = Math.max(0, (this.column ?? line.length) - 1);
      else if (part.startsWith("\x1b")) {
        if (/^\x1b\[[012]?K$/.test(part)) this.rewrite(part.includes("2") ? "" : line.slice(0, this.column ?? line.length), line);
      } else if (this.column === null) this.append(stream, part);
      else this.over(stream, line, part);
    }
    if (this.column !== null && this.last === null) this.column = null;
  }

  /** What stands on the line that has not ended. @param {HTMLElement} place */
  lineOf(place) {
    return (place.textContent ?? "").split("\n").at(-1) ?? "";
  }

  /** @param {string} stream @param {string} line @param {string} text */
  over(stream, line, text) {
    const at = this.column ?? line.length;
    const [here, ...below] = text.split("\n");
    this.rewrite(line.slice(0, at) + here + line.slice(at + here.length), line);
    this.column = at + here.length;
    if (below.length) {
      this.column = null;
      this.append(stream, `\n${below.join("\n")}`);
    }
  }

  /** @param {string} now @param {string} before The line that has not ended. */
  rewrite(now, before) {
    if (!this.last) return;
    this.last.textContent = (this.last.textContent ?? "").slice(0, (this.last.textContent ?? "").length - before.length) + now;
    this.lastLength += now.length - before.length;
  }

  /** Into chunks that end with a line, but for very long lines. @param {string} stream @param {string} text */
  append(stream, text) {
    while (text) {
      const open = this.last?.dataset.stream === stream && this.lastLength < LONGEST_LINE ? this.last : null;
      const full = open && this.lastLength >= CHUNK;
      const lineEnd = text.indexOf("\n", full ? 0 : CHUNK - (open ? this.lastLength : 0)) + 1;
      const part = text.slice(0, Math.min(lineEnd || text.length, LONGEST_LINE));
      const place = open ?? element("span", { class: "wiki-cell__chunk", "data-stream": stream });
      if (!open) this.place.append(place);
      place.append(part);
      this.lastLength = open ? this.lastLength + part.length : part.length;
      const long = this.lastLength >= CHUNK;
      place.classList.toggle("wiki-cell__chunk--long", long);
      this.last = long && part.endsWith("\n") ? null : place;
      text = text.slice(part.length);
    }
  }
}

/** By which a picture takes the place of an earlier one. @param {string} svg */
export const keyOf = (svg) => / data-key="([\w-]*)"/.exec(svg)?.[1] ?? "";

/**
 * @param {import("../python/protocol.js").Picture} event
 * @returns {Promise<Element | null>}
 */
export async function figure(event) {
  const alt = event.alt || labels().figure;
  if (event.format === "svg") {
    const svg = cleanSvg(event.text);
    if (!svg) return null;
    svg.setAttribute("role", "img");
    if (!svg.hasAttribute("aria-label")) svg.setAttribute("aria-label", alt);
    return element("div", { class: "wiki-cell__figure wiki-cell__more" }, svg);
  }
  const image = await createImageBitmap(new Blob([event.bytes], { type: "image/png" }));
  const canvas = element("canvas", { role: "img", "aria-label": alt });
  [canvas.width, canvas.height] = [image.width, image.height];
  if (event.width) canvas.style.width = `${event.width}px`;
  canvas.getContext("2d")?.drawImage(image, 0, 0);
  image.close();
  return element("div", { class: "wiki-cell__figure wiki-cell__figure--picture wiki-cell__more" }, canvas);
}

/**
 * The verdict on what the page's own code has printed.
 * @param {string} verified
 * @param {string} printed
 */
export function comparison(verified, printed) {
  const label = labels();
  const found = differences(verified, printed);
  if (found.length === 0) return element("p", { class: "wiki-cell__same" }, label.same);
  const names = /** @type {[string, string]} */ ([label.expectedLine, label.actualLine]);
  return element(
    "details",
    { class: "wiki-cell__differs", open: "" },
    element("summary", {}, label.differs(linesOf(found))),
    difference(found, names),
  );
}

/**
 * What a change of the code has done to the output: no verdict, since it was meant.
 * @param {{code: string, stdout: string}} now
 * @param {{code: string, stdout: string} | null} before The run before.
 * @param {{code: string, stdout: string | null}} page The page's own.
 */
export function edited(now, before, page) {
  const label = labels();
  const parts = [];
  const told = [];
  const pairs = /** @type {const} */ ([
    [before, label.lastRun],
    [page.stdout === null ? null : /** @type {{code: string, stdout: string}} */ (page), label.pageRun],
  ]);
  for (const [other, name] of pairs) {
    if (!other || (other === before && before.code === page.code && before.stdout === page.stdout)) continue;
    const found = differences(other.stdout, now.stdout);
    const change = changeOf(other.code, now.code);
    const said = `${change ? `${change}${label.because}` : ""}${label.against(name, linesOf(found))}`;
    if (!told.length || other !== before) told.push(said);
    if (found.length) parts.push(element("p", {}, said), difference(found, [name, label.actualLine]));
  }
  if (!told.length) return null;
  const summary = element("summary", {}, told.join(label.and));
  return parts.length ? element("details", { class: "wiki-cell__compared" }, summary, ...parts) : element("p", { class: "wiki-cell__compared" }, told.join(label.and));
}

/** @param {ReturnType<typeof differences>} found */
const linesOf = (found) => Math.max(...["expected", "actual"].map((side) => found.filter((one) => one.side === side).length));

/** @param {ReturnType<typeof differences>} found @param {[string, string]} names Of the sides. */
function difference(found, names) {
  const label = labels();
  const rows = found.slice(0, SHOWN_DIFFERENCES).map(({ side, line, text }) => {
    const name = side === "expected" ? names[0] : names[1];
    const where = element("span", { class: "wiki-cell__side" }, `${side === "expected" ? "−" : "+"} ${name} ${line} `);
    return element("span", { class: `wiki-cell__difference wiki-cell__difference--${side}` }, where, `${text.slice(0, 500)}\n`);
  });
  const rest = found.length - rows.length;
  if (rest > 0) rows.push(element("span", { class: "wiki-cell__side" }, label.moreLines(rest)));
  return element("pre", { tabindex: "0" }, element("code", {}, ...rows));
}

/**
 * An error of the reader's code: what, where in their own lines, and the full traceback one click away.
 * @param {import("../python/protocol.js").Failure} failure
 * @param {string} block The block that ran.
 */
export function codeError(failure, block) {
  const label = labels();
  const made = element("div", { class: "wiki-cell__error" });
  if (failure.kind === "memory") made.append(element("p", {}, label.memory));
  made.append(element("pre", { class: "wiki-cell__message", tabindex: "0" }, element("code", {}, failure.message)));
  if (failure.arrays?.length) {
    const shapes = failure.arrays.map(({ name, shape, dtype }) => element("li", {}, element("code", {}, name), ` ${shape} ${dtype}`));
    made.append(element("div", { class: "wiki-cell__arrays" }, element("span", {}, label.arrays), element("ul", {}, ...shapes)));
  }
  const advice = failure.advice && label.advice(failure.advice);
  if (advice) made.append(element("p", { class: "wiki-cell__advice" }, advice));
  if (failure.frames?.length) {
    const items = failure.frames.slice(-SHOWN_DIFFERENCES).map((frame) => {
      const where = String(frame.block) === block ? "wiki-cell__frame" : "wiki-cell__frame wiki-cell__frame--other";
      return element("li", { class: where }, `${label.frame(frame.block, frame.line, frame.name, frame.earlier ?? false)} `, element("code", {}, frame.code ?? ""));
    });
    made.append(element("ol", { class: "wiki-cell__frames" }, ...items));
  }
  if (failure.traceback) {
    const text = element("pre", {}, element("code", { tabindex: "0" }, failure.traceback)); // what scrolls
    made.append(element("details", { class: "wiki-cell__traceback" }, element("summary", {}, label.traceback), text));
  }
  return made;
}
