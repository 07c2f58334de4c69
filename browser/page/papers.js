/** The list of papers, filtered by week, concept, source and code; each week's data are fetched when they are wanted. */

import { element } from "./dom.js";

/**
 * What papers/weeks.json says: concepts by name and title, sources, and of each week the name, the number of papers, the
 * places of its concepts and its days.
 * @typedef {{concepts: [string, string][], feeds: string[], weeks: [string, number, number[], string][], undated: number}} Index
 * Of a paper: day, title, arXiv id or address, concepts, places of its sources, code, votes, and 1 for a pick, 2 for one
 * that was withdrawn, or their sum.
 * @typedef {[string, string, string, string[], number[], string, number, number]} Row
 * @typedef {{week: string, feeds: string[], papers: Row[]}} Week
 * @typedef {{week: string, concept: string, source: string, code: boolean}} Wanted
 */

const AT_ONCE = 100; // papers shown before one asks for more
const data = new URL("../../papers/", import.meta.url);
/** @type {Map<string, Promise<any>>} */
const fetched = new Map();

/** @param {string} name @returns {Promise<any>} */
function json(name) {
  const known = fetched.get(name) ?? fetch(new URL(name, data)).then((answer) => {
    if (!answer.ok) throw new Error(`${answer.status} ${name}`);
    return answer.json();
  });
  fetched.set(name, known);
  known.catch(() => fetched.delete(name)); // may be there the next time
  return known;
}

/** Whether a paper is wanted. @param {Row} row @param {Week} week @param {Wanted} wanted */
export function fits(row, week, wanted) {
  return (
    (!wanted.concept || row[3].includes(wanted.concept)) &&
    (!wanted.source || row[4].some((place) => week.feeds[place] === wanted.source)) &&
    (!wanted.code || row[5] !== "")
  );
}

/** The weeks in which there may be any, newest first. @param {Index} index @param {Wanted} wanted */
export function weeksOf(index, wanted) {
  const place = index.concepts.findIndex(([name]) => name === wanted.concept);
  return index.weeks
    .filter(([name, , inside]) => (!wanted.week || name === wanted.week) && (!wanted.concept || inside.includes(place)))
    .map(([name]) => name);
}

/** @param {string} text @returns {string} an address of the web, or "" */
const address = (text) => {
  const whole = /^[\w.-]+(?:\/\d+)?$/.test(text) ? `https://arxiv.org/abs/${text}` : text;
  return /^https?:\/\//.test(whole) ? whole : "";
};

/** @param {Row} row @param {Week} week @param {Map<string, string>} titles */
function item(row, week, titles) {
  const [day, title, where, concepts, feeds, code, votes, marks] = row;
  const said = [feeds.map((place) => week.feeds[place]).join("、"), votes ? `${votes} 票` : "", marks > 1 ? "已撤回" : ""];
  const made = element("li", {});
  if (marks % 2) made.append(element("span", { class: "wiki-badge" }, "精选"), " ");
  made.append(element("a", { href: address(where) }, title), " ");
  const date = day ? [element("time", { class: "wiki-held" }, day), " · "] : [];
  made.append(element("span", { class: "wiki-list__meta" }, ...date, said.filter(Boolean).join(" · ")));
  if (address(code)) made.append(" ", element("a", { href: address(code), class: "wiki-tag" }, "代码"));
  for (const name of concepts) {
    made.append(" ", element("a", { class: "wiki-tag", href: new URL(`../topics/${name}/`, data).href }, titles.get(name) ?? name));
  }
  return made;
}

/** @param {string} label @param {string} value @param {[string, string][]} options */
function choice(label, value, options) {
  const select = element("select", {}, ...options.map(([name, shown]) => element("option", { value: name }, shown)));
  select.value = value;
  return { select, row: element("label", {}, label, select) };
}

/** @param {HTMLElement} place */
async function start(place) {
  place.dataset.started = "";
  const asked = new URLSearchParams(location.search);
  /** @type {Index} */
  const index = await json("weeks.json");
  const titles = new Map(index.concepts);
  const inside = new Set(index.weeks.flatMap(([, , places]) => places));
  const week = choice("哪一周", asked.get("week") ?? "", [["", "全部"], ...index.weeks.map(([name, count, , days]) => /** @type {[string, string]} */ ([name, `${days}（${count}）`]))]);
  const concepts = index.concepts.filter(([name], at) => inside.has(at) || name === asked.get("concept"));
  const concept = choice("概念", asked.get("concept") ?? "", [["", "全部"], ...concepts]);
  const source = choice("来源", asked.get("source") ?? "", [["", "全部"], ...index.feeds.map((name) => /** @type {[string, string]} */ ([name, name]))]);
  const code = element("input", { type: "checkbox" });
  code.checked = asked.get("code") === "1";
  const form = element("form", { class: "wiki-filter" }, week.row, concept.row, source.row, element("label", {}, code, "有代码"));
  const status = element("p", { role: "status", class: "wiki-list__meta" });
  const list = element("ul", {});
  const more = element("button", { type: "button", class: "md-button" }, "再看一些");
  place.replaceChildren(form, status, list, more);
  let turn = 0; // a later choice makes an earlier one's answers void

  async function show() {
    const mine = ++turn;
    /** @type {Wanted} */
    const wanted = { week: week.select.value, concept: concept.select.value, source: source.select.value, code: code.checked };
    const query = new URLSearchParams(Object.entries({ ...wanted, code: wanted.code ? "1" : "" }).filter(([, value]) => value));
    history.replaceState(history.state, "", `${location.pathname}${query.size ? `?${query}` : ""}`);
    list.replaceChildren();
    const names = weeksOf(index, wanted);
    let shown = 0;
    let limit = AT_ONCE;
    /** @type {HTMLLIElement[]} */
    let waiting = [];
    async function fill() {
      while (shown < limit && (waiting.length || names.length)) {
        if (!waiting.length) {
          /** @type {Week} */
          const found = await json(`${names.shift()?.toLowerCase()}.json`);
          if (mine !== turn) return;
          waiting = found.papers.filter((row) => fits(row, found, wanted)).map((row) => item(row, found, titles));
        }
        const now = waiting.splice(0, limit - shown);
        shown += now.length;
        list.append(...now);
      }
      more.hidden = !waiting.length && !names.length;
      status.textContent = shown ? `列出 ${shown} 篇${more.hidden ? "" : "，还有"}` : "没有符合的论文。";
    }
    more.onclick = () => {
      limit = shown + AT_ONCE;
      fill().catch(failed);
    };
    status.textContent = "正在找……";
    await fill();
  }

  /** @param {unknown} error */
  function failed(error) {
    status.textContent = `没有取到数据：${error instanceof Error ? error.message : error}`;
  }
  form.addEventListener("change", () => show().catch(failed));
  await show().catch(failed);
}

/** Where the index cannot be had, what the page was built with stays. @param {HTMLElement} place */
export function begin(place) {
  if (place.dataset.started === undefined) start(place).catch(() => {});
}
