/** Code to take: a button that copies a whole file, the same that is served for download. */

import { element, toClipboard } from "./dom.js";

const zh = { copy: "复制整个文件", short: "复制", copied: "已复制", failed: "浏览器不允许复制，请下载" };
const en = { copy: "Copy the whole file", short: "Copy", copied: "Copied", failed: "The browser does not allow it; please download" };

/**
 * The text into the clipboard. A browser allows it right after a click alone, so it is promised the text at once.
 * @param {string} address
 */
async function copy(address) {
  const text = fetch(address).then((answer) => {
    if (!answer.ok) throw new Error(`${answer.status}`);
    return answer.text();
  });
  try {
    const blob = text.then((said) => new Blob([said], { type: "text/plain" }));
    await navigator.clipboard.write([new ClipboardItem({ "text/plain": blob })]);
    return true;
  } catch {
    return toClipboard(await text);
  }
}

/** Give each row of ways to take code its button. @param {ParentNode} [within] */
export function begin(within = document) {
  const label = document.documentElement.lang.toLowerCase().startsWith("zh") ? zh : en;
  const rows = within.querySelectorAll(".wiki-take:not(:has(.wiki-take__copy))");
  for (const row of rows) {
    const file = /** @type {HTMLAnchorElement | null} */ (row.querySelector('a[href$=".py"]'));
    if (!file) continue;
    const name = row.hasAttribute("data-short") ? label.short : label.copy;
    const button = element("button", { type: "button", class: "wiki-take__copy wiki-way" }, name);
    const said = element("span", { class: "wiki-take__said", role: "status" });
    button.addEventListener("click", async () => {
      const done = await copy(file.href).catch(() => false);
      said.textContent = done ? label.copied : label.failed;
    });
    file.before(button);
    file.parentElement?.append(said);
  }
}
