/** What cells and the search do with the page's elements, small enough for every page. */

/**
 * An element with attributes and children. Strings become text, never HTML.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Record<string, string>} attributes
 * @param {(Node | string)[]} children
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** Text of a code element without the line end that every fence has. @param {Element} code */
export const textOf = (code) => (code.textContent ?? "").replace(/\n$/, "");

/** The output block after a runnable one; an empty, hidden one where there is none. @param {HTMLElement} block */
export function outputOf(block) {
  const next = block.nextElementSibling;
  if (next instanceof HTMLElement && next.matches(".output.highlight")) return next;
  const pre = element("pre", {}, element("code"));
  const made = element("div", { class: "output highlight wiki-cell__output--none", hidden: "" }, pre);
  block.after(made);
  return made;
}

/** @param {string} text @returns {Promise<boolean>} whether the browser took it */
export async function toClipboard(text) {
  try {
    await navigator.clipboard.writeText(text); // absent where the page is not served over TLS
    return true;
  } catch {
    const field = element("textarea", { class: "wiki-cell__clipboard" }, text);
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    return done;
  }
}
