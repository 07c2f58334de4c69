/** What a run shows: the stream of its output, figures, the comparison with the verified output, errors. Text only. */

import { differences } from "./compare.js";
import { element } from "../page/dom.js";
import { labels } from "./labels.js";
import { cleanSvg } from "./svg.js";

const SLICE = 16_000; // characters put into the page at a time: a larger piece could hold up the page
const CHUNK = 4_000; // characters of one element; the browser skips the layout of those out of sight
const LONGEST_LINE = 20_000;
const SHOWN_DIFFERENCES = 20;

/** Text that streams into a `<code>`, a slice at a time. */
export class Stream {
  /** @type {{stream: string, text: string}[]} */ pending = [];
  /** @type {HTMLElement | null} */ last = null;
  lastLength = 0;
  stdout = "";
  timer = 0;
  /** @type {(() => void)[]} */ onEmpty = [];

  /** @param {HTMLElement} place Its content is replaced by the first text. */
  constructor(place) {
    this.place = place; // it scrolls
    place.replaceChildren();
  }

  /** @param {string} stream @param {string} text */
  write(stream, text) {
    if (stream === "stdout") this.stdout += text;
    this.pending.push({ stream, text });
    this.timer ||= setTimeout(() => this.flush(), 0);
  }

  /** All text is in the page. @returns {Promise<void>} */
  settled() {
    return this.timer ? new Promise((resolve) => this.onEmpty.push(resolve)) : Promise.resolve();
  }

  flush() {
    const { place } = this;
    const pinned = place.scrollHeight - place.scrollTop - place.clientHeight < 8;
    let room = SLICE;
    while (room > 0 && this.pending.length) {
      const next = this.pending[0];
      const text = next.text.slice(0, room);
      this.append(next.stream, text);
      room -= text.length;
      next.text = next.text.slice(text.length);
      if (!next.text) this.pending.shift();
    }
    if (pinned) place.scrollTop = place.scrollHeight;
    this.timer = this.pending.length ? setTimeout(() => this.flush(), 16) : 0;
    if (!this.timer) this.onEmpty.splice(0).forEach((resolve) => resolve());
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
      this.last = this.lastLength >= CHUNK && part.endsWith("\n") ? null : place;
      text = text.slice(part.length);
    }
  }
}

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
    return element("div", { class: "wiki-cell__figure" }, svg);
  }
  const image = await createImageBitmap(new Blob([event.bytes], { type: "image/png" }));
  const canvas = element("canvas", { role: "img", "aria-label": alt });
  [canvas.width, canvas.height] = [image.width, image.height];
  if (event.width) canvas.style.width = `${event.width}px`;
  canvas.getContext("2d")?.drawImage(image, 0, 0);
  image.close();
  return element("div", { class: "wiki-cell__figure" }, canvas);
}

/**
 * The verdict on a run's output.
 * @param {string} verified
 * @param {string} printed
 * @param {boolean} edited Whether the code is no longer the page's.
 */
export function comparison(verified, printed, edited) {
  const label = labels();
  const found = differences(verified, printed);
  if (found.length === 0) return element("p", { class: "wiki-cell__same" }, label.same);
  const lines = Math.max(...["expected", "actual"].map((side) => found.filter((one) => one.side === side).length));
  const details = element(
    "details",
    { class: "wiki-cell__differs" },
    element("summary", {}, (edited ? label.edited : "") + label.differs(lines)),
    difference(found),
  );
  details.toggleAttribute("open", !edited);
  return details;
}

/** @param {ReturnType<typeof differences>} found */
function difference(found) {
  const label = labels();
  const rows = found.slice(0, SHOWN_DIFFERENCES).map(({ side, line, text }) => {
    const name = side === "expected" ? label.expectedLine : label.actualLine;
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
  if (failure.frames?.length) {
    const items = failure.frames.slice(-SHOWN_DIFFERENCES).map((frame) => {
      const where = String(frame.block) === block ? "wiki-cell__frame" : "wiki-cell__frame wiki-cell__frame--other";
      return element("li", { class: where }, `${label.frame(frame.block, frame.line, frame.name)} `, element("code", {}, frame.code ?? ""));
    });
    made.append(element("ol", { class: "wiki-cell__frames" }, ...items));
  }
  if (failure.traceback) {
    const text = element("pre", { tabindex: "0" }, element("code", {}, failure.traceback));
    made.append(element("details", { class: "wiki-cell__traceback" }, element("summary", {}, label.traceback), text));
  }
  return made;
}
