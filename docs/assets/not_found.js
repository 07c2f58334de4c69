/** The page for addresses that are not there, which the theme brings in English: what to do now, and a search. */

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
  const form = document.createElement("form");
  form.className = "wiki-missing";
  form.action = new URL("..", import.meta.url).href; // the home page opens the search it finds in its address
  const input = document.createElement("input");
  Object.assign(input, { type: "search", name: "q", value: words() });
  input.setAttribute("aria-label", "搜索");
  const button = document.createElement("button");
  button.textContent = "搜索";
  form.append(input, button);
  const text = document.createElement("p");
  text.textContent = "页面可能改了名，或者地址抄漏了一段。搜一搜，或者从上面的导航走。";
  heading.textContent = "没有这个页面";
  document.title = "没有这个页面 - OpenLLM Wiki";
  heading.after(text, form);
}
