/** What the search says, in Chinese and English. */

import { SHARED } from "./shared.js";

const kinds = Object.values(SHARED.kinds);

const zh = {
  search: "搜索",
  searchSite: "搜索本站",
  close: "关闭搜索",
  placeholder: "搜索概念、问答、讨论、论文",
  results: "搜索结果",
  more: "加载更多",
  retry: "重试",
  loading: "正在加载索引……",
  failed: (/** @type {string} */ reason) => `搜索索引没能加载，现在无法搜索。原因：${reason} `,
  start: "输入要找的词，中文英文都可以；也可以只选下面的条件，例如“待回答”。",
  nothing: "没有找到。换一个说法，或减少条件试试。",
  missing: "没有找到想要的？",
  missingMuch: "好像还没有哪一页回答这个问题。",
  ask: "写成一个问题，请大家来答",
  suggestions: "你可能想找",
  filters: "筛选",
  week: "收在这一周的论文里",
  away: "（站外）",
  papers: (/** @type {string} */ concept) => (concept ? `讲「${concept}」的论文` : "论文"),
  filtered: "新的在前，还可以按周、来源、有没有代码再筛。",
  corrected: (/** @type {string} */ words) => `按「${words}」查找。`,
  others: (/** @type {number} */ pages) => `再看 ${pages} 页意思相近、说法不同的`,
  asked: (/** @type {string} */ query) => `问题：${query}`,
  askPage: (/** @type {string} */ query) => `qa/ask/?${new URLSearchParams({ q: query, kind: "question" })}`,
  partial: (/** @type {number} */ pages) => `没有哪一页包含所有的词；包含其中一部分的有 ${pages} 页。`,
  near: (/** @type {number} */ pages) => `最接近的 ${pages} 条。`,
  found: (/** @type {number} */ pages) => `找到 ${pages} 页。`,
  count: (/** @type {string} */ name, /** @type {number} */ pages) => `${name}（${pages}）`,
  groups: { kind: "类别", status: "问答的状态", code: "代码", lang: "语言" },
  lists: { topic: "主题", talk: "讨论", person: "谁" },
  any: { topic: "所有主题", talk: "所有讨论", person: "所有人" },
  order: "排序",
  byRelevance: "按相关度",
  byDate: "按日期",
  /** Of the filters; the index names kinds of pages in Chinese. @type {Record<string, string>} */
  values: {
    ...Object.fromEntries(kinds.map(([name]) => [name, name])),
    open: "待回答", answered: "已回答", yes: "有可运行的代码", zh: "中文", en: "English",
  },
};

/** @type {typeof zh} */
const en = {
  search: "Search",
  searchSite: "Search this site",
  close: "Close the search",
  placeholder: "Search concepts, Q&A, talks, papers",
  results: "Search results",
  more: "More results",
  retry: "Retry",
  loading: "Loading the index …",
  failed: (reason) => `The search index could not be loaded, so there is no search now. Reason: ${reason} `,
  start: "Type what you look for, in Chinese or English; or only choose a filter below, such as Open.",
  nothing: "Nothing found. Try other words or fewer filters.",
  missing: "Not what you were looking for?",
  missingMuch: "It seems that no page answers this yet.",
  ask: "Ask it as a question for others to answer",
  suggestions: "You may be looking for",
  filters: "Filters",
  week: "Among the papers of this week",
  away: " (another site)",
  papers: (concept) => (concept ? `Papers on ${concept}` : "Papers"),
  filtered: "The newest first; filter them by week, source and code, too.",
  corrected: (words) => `Showing results for “${words}”.`,
  others: (pages) => `Show ${pages} more that say it in other words`,
  asked: (query) => `Question: ${query}`,
  askPage: () => "en/guide/questions/",
  partial: (pages) => `No page has all the words; ${pages} ${pages === 1 ? "page comes" : "pages come"} near.`,
  near: (pages) => `The ${pages} that come nearest.`,
  found: (pages) => `${pages} ${pages === 1 ? "page" : "pages"} found.`,
  count: (name, pages) => `${name} (${pages})`,
  groups: { kind: "Kind", status: "State of the question", code: "Code", lang: "Language" },
  lists: { topic: "Concept", talk: "Talk", person: "Person" },
  any: { topic: "All concepts", talk: "All talks", person: "Everybody" },
  order: "Order",
  byRelevance: "By relevance",
  byDate: "By date",
  values: {
    ...Object.fromEntries(kinds),
    open: "Open", answered: "Answered", yes: "With code that runs", zh: "中文", en: "English",
  },
};

export const inEnglish = document.documentElement.lang === "en";
export const labels = inEnglish ? en : zh;
