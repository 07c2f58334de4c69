/** A cell as it stands on the page: the block's code and output, and the buttons, progress and notes around them. */

import { element, outputOf, textOf } from "../page/dom.js";
import { labels } from "./labels.js";

/** @typedef {"run" | "stop" | "restart" | "reset" | "copy" | "above" | "all" | "share" | "colab"} Action */

const INERT_MS = 500; // Stop comes where Run was: the second click of a double click shall not end what the first began

export class View {
  timer = 0; // until Stop acts
  focused = false; // Run had the focus when it went

  /**
   * @param {HTMLElement} block
   * @param {number} number From 1, on its page.
   * @param {Record<Action, () => void>} actions What the buttons do.
   * @param {AbortSignal} left The page is gone.
   * @param {boolean} several Whether the page has more cells.
   */
  constructor(block, number, actions, left, several = false) {
    this.block = block;
    this.number = number;
    this.label = labels();
    this.pre = /** @type {HTMLElement} */ (block.querySelector("pre"));
    this.code = /** @type {HTMLElement} */ (block.querySelector("code"));
    this.output = outputOf(block);
    this.result = /** @type {HTMLElement} */ (this.output.querySelector("code"));
    this.verified = this.output.classList.contains("wiki-cell__output--none") ? null : textOf(this.result);
    /** @param {Action} name */
    const button = (name) => {
      const made = element("button", { type: "button", class: `wiki-cell__${name}` }, this.label[name]);
      made.addEventListener("click", actions[name], { signal: left });
      return made;
    };
    this.runButton = button("run");
    this.stopButton = button("stop");
    this.stopButton.hidden = true;
    this.stopButton.addEventListener("keydown", (event) => event.repeat && event.preventDefault(), { signal: left });
    const tools = [this.runButton, this.stopButton, button("restart"), button("reset"), button("copy")];
    if (number > 1) tools.push(button("above"));
    if (number > 1 || several) tools.push(button("all"));
    if ("CompressionStream" in globalThis) tools.push(button("share"));
    tools.push(button("colab"));
    this.hint = element("span", { class: "wiki-cell__hint" }, this.label.hint, element("span", { class: "wiki-cell__keys" }, this.label.keys));
    this.tools = element("div", { class: "wiki-cell__tools" }, ...tools, this.hint);
    this.numbers = element("span", { class: "wiki-cell__numbers", "aria-hidden": "true" });
    this.status = element("p", { class: "wiki-cell__status", role: "status", "aria-live": "polite" });
    this.bar = element("progress", { "aria-label": this.label.preparing });
    this.stage = element("span");
    this.progress = element("div", { class: "wiki-cell__progress", hidden: "" }, this.bar, this.stage);
    this.notice = element("div", { class: "wiki-cell__notice", hidden: "" });
    this.caption = element("p", { class: "wiki-cell__caption" });
    this.after = element("div", { class: "wiki-cell__after" });
    this.assemble();
    this.showVerified();
  }

  assemble() {
    const { block, label, number, output, pre } = this;
    block.classList.add("wiki-cell");
    block.setAttribute("role", "group");
    block.setAttribute("aria-label", label.cell(number));
    pre.tabIndex = 0;
    pre.setAttribute("aria-label", label.code(number));
    pre.setAttribute("role", "group");
    pre.prepend(this.numbers);
    block.append(this.tools, this.progress, this.status, this.notice); // shown above the code (cell.css); Tab goes from it to Run
    output.prepend(this.caption);
    output.append(this.after);
    output.classList.add("wiki-cell__output");
  }

  /** @param {string} text */
  say(text) {
    if (this.status.textContent !== text) this.status.textContent = text;
  }

  /** @param {...(Node | string)} notes Where there are none, the place for them goes. */
  note(...notes) {
    this.notice.replaceChildren(...notes);
    this.notice.hidden = notes.length === 0;
  }

  /** Numbers beside the code, as many as it has lines. @param {string} code */
  countLines(code) {
    this.numbers.textContent = code.split("\n").map((_, at) => at + 1).join("\n");
  }

  /** @param {string} text @param {() => void} act @param {string} [name] A class. */
  action(text, act, name = "wiki-cell__action") {
    const made = element("button", { type: "button", class: name }, text);
    made.addEventListener("click", act);
    return made;
  }

  showVerified() {
    this.clear();
    this.result.textContent = this.verified ?? "";
    this.output.hidden = this.verified === null;
  }

  /** Nothing stands below. */
  clear() {
    this.output.querySelectorAll(":scope > .wiki-cell__more").forEach((piece) => piece.remove());
    this.result.replaceChildren();
    this.after.replaceChildren();
  }

  /** What stands below is of this. @param {import("./states.js").State} state @param {import("./states.js").Shown | null} shown */
  captioned(state, shown) {
    const { caption, label, output } = this;
    output.dataset.shown = state;
    if (state === "verified") {
      const [before, after] = label.verified.split(label.verifiedLink);
      const why = element("a", { href: new URL(label.verifiedPage, new URL("../..", import.meta.url)).href }, label.verifiedLink);
      caption.replaceChildren(before, why, after);
      return;
    }
    const was = shown?.of === "verified" ? label.earlierVerified : label.earlierRun;
    const texts = {
      none: label.output, waiting: label.waitingOutput, running: label.runningOutput, earlier: was,
      ran: label.printed(shown?.seconds ?? ""), failed: label.failedAfter, stopped: label.stoppedAfter,
    };
    if (caption.textContent !== texts[state]) caption.textContent = texts[state];
  }

  /** A run has begun, or a series of them: Stop in place of Run, and the progress. @param {boolean} [series] */
  begin(series = false) {
    this.say("");
    if (this.stopButton.hidden) this.offerStop();
    if (series) return;
    this.block.dataset.state = "running";
    this.stage.textContent = this.label.preparing;
    this.progress.hidden = false;
  }

  offerStop() {
    this.focused = document.activeElement === this.runButton;
    this.stopButton.disabled = true;
    exchange(this.stopButton, this.runButton);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.stopButton.disabled = false;
      if (this.focused && nothingFocused()) this.stopButton.focus();
    }, INERT_MS);
  }

  /** It is over. @param {boolean} [series] More is to come. */
  end(series = false) {
    this.progress.hidden = true;
    if (series) return;
    clearTimeout(this.timer);
    const lost = this.focused && nothingFocused();
    exchange(this.runButton, this.stopButton);
    if (lost) this.runButton.focus();
  }

  /** Something else than the code failed; the output stays as it is. @param {Element} shown @param {string} said */
  fail(shown, said) {
    this.block.dataset.state = "failed";
    this.output.hidden = false;
    this.after.replaceChildren(element("div", { class: "wiki-cell__error" }, shown));
    this.say(said);
  }

  /** Bring the cell into sight, out of what is folded around it. */
  reveal() {
    for (let at = this.block.closest("details"); at; at = at.parentElement?.closest("details") ?? null) at.open = true;
    this.block.scrollIntoView({ block: "center" });
  }

  /** The page is gone; its theme may yet hold the elements, so they let go of the editor and of what was printed. */
  dismantle() {
    this.block.replaceChildren();
    this.output.replaceChildren();
  }
}

/** A button that is hidden or inert has lost the focus to the page. */
const nothingFocused = () => !document.activeElement || document.activeElement === document.body;

/** One button in place of the other, with the focus if that had it. @param {HTMLElement} shown @param {HTMLElement} hidden */
function exchange(shown, hidden) {
  const focused = document.activeElement === hidden;
  shown.hidden = false;
  hidden.hidden = true;
  if (focused) shown.focus();
}
