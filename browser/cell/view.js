/** A cell as it stands on the page: the block's code and output, and the buttons, progress and notes around them. */

import { element, outputOf, textOf } from "../page/dom.js";
import { labels } from "./labels.js";

/** @typedef {"run" | "stop" | "reset" | "copy" | "above" | "share"} Action */

export class View {
  /**
   * @param {HTMLElement} block
   * @param {number} number From 1, on its page.
   * @param {Record<Action, () => void>} actions What the buttons do.
   * @param {AbortSignal} left The page is gone.
   */
  constructor(block, number, actions, left) {
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
    this.tools = element("div", { class: "wiki-cell__tools" }, this.runButton, this.stopButton, button("reset"), button("copy"));
    if (number > 1) this.tools.append(button("above"));
    if ("CompressionStream" in globalThis) this.tools.append(button("share"));
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
    block.append(this.tools, this.progress, this.status, this.notice);
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

  showVerified() {
    this.caption.textContent = this.label.verified;
    this.result.textContent = this.verified ?? "";
    this.output.hidden = this.verified === null;
    this.after.replaceChildren();
  }

  /** A run has begun: Stop in place of Run, and the progress. */
  begin() {
    this.after.replaceChildren();
    this.say("");
    this.block.dataset.state = "running";
    exchange(this.stopButton, this.runButton);
    this.stage.textContent = this.label.preparing;
    this.progress.hidden = false;
  }

  /** It is over. */
  end() {
    this.progress.hidden = true;
    exchange(this.runButton, this.stopButton);
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

/** One button in place of the other, with the focus if that had it. @param {HTMLElement} shown @param {HTMLElement} hidden */
function exchange(shown, hidden) {
  const focused = document.activeElement === hidden;
  shown.hidden = false;
  hidden.hidden = true;
  if (focused) shown.focus();
}
