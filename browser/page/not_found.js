/** The page for addresses that are not there, in the language of the part of the site: what to do now, and a search. */

const root = new URL("../..", import.meta.url);
const zh = {
  title: "没有这个页面",
  text: "页面可能改了名，或者地址抄漏了一段。搜一搜，或者从上面的导航走。",
  search: "搜索",
};
const en = {
  title: "There is no such page",
  text: "It may have another name now, or the address lost a part on its way. Search for it, or use the menu above.",
  search: "Search",
};
const heading = document.querySelector("article > h1");

/** Words of the address that may lead on: `/qa/why-scale-attention/` says "why scale attention". */
function words() {
  const last = location.pathname.split("/").filter(Boolean).at(-1) ?? "";
  try {
    return decodeURIComponent(last).replace(/\.html?$/, "").replace(/[-_+]+/g, " ").trim();
  } catch {
    return "";
  }
}

if (heading?.textContent?.startsWith("404")) {
  const english = location.pathname.startsWith(`${root.pathname}en/`);
  const said = english ? en : zh;
  if (english) document.documentElement.lang = "en";
  const form = document.createElement("form");
  form.className = "wiki-missing";
  form.action = root.href + (english ? "en/" : ""); // the home page opens the search it finds in its address
  const input = document.createElement("input");
  Object.assign(input, { type: "search", name: "q", value: words() });
  input.setAttribute("aria-label", said.search);
  const button = document.createElement("button");
  button.textContent = said.search;
  form.append(input, button);
  const text = document.createElement("p");
  text.textContent = said.text;
  heading.textContent = said.title;
  document.title = `${said.title} - OpenLLM Wiki`;
  heading.after(text, form);
}
