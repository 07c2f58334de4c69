/**
 * A challenge: a cell whose code is to be changed until a check passes. The check runs after the code, in the same
 * Python; what it asserts is shown in the page's words. Who passes is told of by the event `wiki-passed`, whose detail
 * is the concept's name.
 */

import { element, textOf } from "../page/dom.js";
import { messageOf } from "../python/protocol.js";

/** @typedef {import("./cell.js").Cell} Cell */

const zh = {
  check: "检查",
  stop: "停止检查",
  checking: "检查中……",
  passed: "通过了：这段代码做到了题目要的。",
  not: "还没有：",
  failed: "检查时出错了：",
  first: "代码没有运行完，没有检查。",
};

/** @type {typeof zh} */
const en = {
  check: "Check",
  stop: "Stop the check",
  checking: "Checking …",
  passed: "Passed: the code does what was asked.",
  not: "Not yet: ",
  failed: "An error during the check: ",
  first: "The code did not come to its end, so nothing was checked.",
};

const isChinese = () => document.documentElement.lang.toLowerCase().startsWith("zh");

/** What an assert says, in the page's language where it says it in two. @param {string} message */
function told(message) {
  const said = message.replace(/^AssertionError:?\s*/, "");
  const [chinese, english] = said.split(" ‖ ");
  return isChinese() ? chinese : (english ?? chinese);
}

/** Give a cell its button 检查. @param {Cell} cell */
export function challenge(cell) {
  const { block } = cell.view;
  const place = /** @type {HTMLElement | null} */ (block.closest(".wiki-challenge"));
  const code = place?.querySelector("details.check code");
  if (!place || !code) return;
  const label = isChinese() ? zh : en;
  const check = textOf(code);
  const button = element("button", { type: "button", class: "wiki-cell__check" }, label.check);
  const verdict = element("div", { class: "wiki-cell__verdict", role: "status", "aria-live": "polite" });
  let checking = false;
  let checked = "";

  /** @param {string} state @param {...(Node | string)} said */
  const show = (state, ...said) => {
    verdict.dataset.state = state;
    verdict.replaceChildren(...said);
  };

  const attempt = async () => {
    checked = cell.text();
    show("checking", label.checking);
    if (!(await cell.run())) return show("failed", label.first);
    try {
      const runtime = /** @type {NonNullable<Cell["runtime"]>} */ (cell.runtime);
      await runtime.run({ page: cell.page.key, block: `${cell.number}.check`, code: check }, () => {});
      show("passed", label.passed);
      const name = place.dataset.concept ?? "";
      document.dispatchEvent(new CustomEvent("wiki-passed", { detail: name, bubbles: true }));
    } catch (error) {
      const { RuntimeFailure } = await import("../python/client.js"); // not before: a page that is only read needs neither
      const { codeError } = await import("./output.js");
      const failure = error instanceof RuntimeFailure ? error.failure : null;
      if (failure?.type === "AssertionError") show("not", label.not, told(failure.message));
      else if (failure?.kind === "python" || failure?.kind === "memory") {
        show("failed", label.failed, codeError(failure, String(cell.number)));
      } else show("failed", label.failed, messageOf(error));
    }
  };

  button.addEventListener("click", async () => {
    if (checking) return cell.stop();
    checking = true;
    button.textContent = label.stop;
    await attempt();
    checking = false;
    button.textContent = label.check;
  }, { signal: cell.page.left });

  // A verdict is one on the code that was checked, and on no other.
  for (const sign of ["input", "keyup", "click"]) {
    place.addEventListener(sign, () => setTimeout(() => {
      if (!checking && verdict.dataset.state && cell.text() !== checked) {
        delete verdict.dataset.state;
        verdict.replaceChildren();
      }
    }), { signal: cell.page.left });
  }
  cell.view.runButton.after(button);
  block.append(verdict);
}
