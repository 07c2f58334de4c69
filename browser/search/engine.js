/** The search behind one function: a state of it -> results in order, with counts for the filters. */

import { chosen, excerpt } from "./excerpt.js";
import { Finder } from "./find.js";
import { inEnglish, labels } from "./labels.js";
import { Reader } from "./reader.js";
import { FILTERS, filtersOf } from "./state.js";

/**
 * @typedef {import("./state.js").State} State
 * @typedef {{url: string, title: string, excerpt: import("./excerpt.js").Part[], kind: string, status: string,
 *   sections: {url: string, title: string}[], card: boolean, away: boolean}} Result `away`: it leads to another site.
 * @typedef {{total: number, others: number, whole: number, question: boolean, best: number, corrected: string[],
 *   counts: Record<string, Record<string, number>>, more: (count: number) => Promise<Result[]>, rest: () => void}} Found
 *   `more` gives the next results until none is left; after `rest` also those that are shown on demand.
 * @typedef {Record<string, string[][]>} Columns For each filter, each document's values.
 * @typedef {{title: string, url: string, concept: boolean}} Suggestion
 */

const SUGGESTIONS = 6;
const siteRoot = new URL("../..", import.meta.url);
const language = inEnglish ? "en" : "zh";

/** @param {string} name Of a file of the index. */
async function read(name) {
  const answer = await fetch(new URL(`search/${name}`, siteRoot), name === "index.json" ? { cache: "no-cache" } : {});
  if (!answer.ok) throw new Error(`${name}: HTTP ${answer.status}`);
  return new Uint8Array(await answer.arrayBuffer());
}

export async function open() {
  const reader = await Reader.open(read);
  return new Engine(reader, await Finder.of(reader));
}

/** A filter as publish/search/index.py packs it: `0,0,1 4,,2`. @param {{values: string[], of: string}} column */
const unpacked = ({ values, of }) => of.split(",").map((own) => (own ? own.split(" ").map((number) => values[Number(number)]) : []));

export class Engine {
  /** @type {Columns | null} */
  columns = null;

  /** @param {Reader} reader @param {Finder} finder */
  constructor(reader, finder) {
    this.reader = reader;
    this.finder = finder;
  }

  /** What a concept is called on pages of this language. @param {string} title As the index has it. */
  called(title) {
    const found = inEnglish ? this.finder.names.senses.find(([, , , own]) => own === title) : undefined;
    return found?.[4] ?? title;
  }

  /** What only filters and the order by date need. */
  async prepareFilters() {
    if (this.columns) return;
    const stored = await this.reader.filters();
    /** @type {Columns} */
    const columns = { date: stored.date.map((/** @type {string} */ day) => [day]) };
    for (const name of FILTERS) if (name !== "kind") columns[name] = unpacked(stored[name]);
    this.columns = columns;
  }

  /** @param {string} name @param {number} document @returns {string[]} */
  valuesOf(name, document) {
    if (name === "kind") return [this.finder.runOf(document)[0]].filter(Boolean);
    return this.columns?.[name][document] ?? [];
  }

  /** All documents of this language, by the filters alone. */
  everything() {
    const runs = this.finder.runs.filter(([kind, of]) => kind && (!of || of === language));
    return runs.flatMap(([, , from, end]) => Array.from({ length: end - from }, (_, i) => ({ document: from + i, score: 0, whole: true })));
  }

  /** @param {State} state @returns {Promise<Found>} */
  async find(state) {
    const filters = filtersOf(state);
    const byDate = state.sort === "date" || !state.query.trim();
    if (byDate || Object.keys(filters).some((name) => name !== "kind")) await this.prepareFilters();
    const asked = state.query.trim() ? await this.finder.find(state.query, language) : null;
    const [said, otherwise] = [asked?.hits ?? this.everything(), asked?.others ?? []];
    let { kept, counts } = this.sifted(filters, said);
    let others = this.sifted(filters, otherwise).kept;
    if (kept.length === 0 && others.length) { // of those that are left nobody says it so
      ({ kept, counts } = this.sifted(filters, [...said, ...otherwise]));
      others = [];
    }
    if (byDate) {
      const day = (/** @type {{document: number}} */ { document }) => this.columns?.date[document][0] ?? "";
      kept.sort((a, b) => (day(a) < day(b) ? 1 : day(a) > day(b) ? -1 : a.document - b.document));
    }
    const left = [...kept];
    const lists = asked?.list && Object.entries(filters).every(([name, value]) => name === "kind" && value === "论文") ? [this.listOf(asked.list)] : [];
    const marks = asked?.marks ?? [];
    return {
      total: kept.length + lists.length,
      others: others.length,
      whole: kept.filter((hit) => hit.whole).length,
      question: asked?.plan.question ?? false,
      best: asked?.best ?? 1,
      corrected: asked?.plan.corrected ?? [],
      counts,
      more: async (count) => {
        const next = left.slice(0, count);
        const shown = await Promise.all(next.map(({ document }) => this.reader.shown(document)));
        left.splice(0, next.length); // not before they came: what fails is asked for again
        return [...lists.splice(0), ...shown.map((one, i) => this.resultOf(state.query, next[i].document, one, marks, next[i].document === asked?.card))];
      },
      rest: () => left.push(...others.splice(0)),
    };
  }

  /**
   * The hits that all filters leave, and how many each value of each filter would leave, the filter's own present choice
   * set aside.
   * @template {{document: number}} T
   * @param {Record<string, string>} filters
   * @param {T[]} hits
   */
  sifted(filters, hits) {
    /** @type {Record<string, Record<string, number>>} */
    const counts = Object.fromEntries(FILTERS.map((name) => [name, Object.create(null)])); // somebody may be `constructor`
    const kept = hits.filter(({ document }) => {
      const against = Object.keys(filters).filter((name) => !this.valuesOf(name, document).includes(filters[name]));
      if (against.length > 1) return false;
      for (const name of against.length ? against : FILTERS) {
        for (const value of this.valuesOf(name, document)) counts[name][value] = (counts[name][value] ?? 0) + 1;
      }
      return against.length === 0;
    });
    return { kept, counts };
  }

  /**
   * @param {string} query
   * @param {number} document
   * @param {import("./reader.js").Shown} shown
   * @param {string[]} marks
   * @param {boolean} card Whether the query is this concept.
   * @returns {Result}
   */
  resultOf(query, document, shown, marks, card) {
    const [kind] = this.finder.runOf(document);
    const page = new URL(shown.at, siteRoot).href;
    const parts = shown.parts ?? [];
    const { text, sections } = chosen(query, shown.lead ?? "", parts, marks);
    const linked = card ? parts.filter(([anchor]) => anchor).slice(0, 6) : sections;
    const away = /^https?:/.test(shown.url ?? "");
    return {
      url: away ? String(shown.url) : page,
      title: (inEnglish && shown.english) || shown.title,
      excerpt: excerpt(card ? shown.lead ?? text : text, card ? [] : marks),
      kind,
      status: shown.status ?? "",
      sections: away ? [{ url: `${page}#${shown.anchor}`, title: "" }] : linked.map(([anchor, title]) => ({ url: `${page}#${anchor}`, title })),
      card,
      away,
    };
  }

  /** A list of papers. @param {string} address @returns {Result} */
  listOf(address) {
    const concept = new URLSearchParams(address.split("?")[1]).get("concept");
    const title = this.finder.names.senses.find(([id]) => id === concept)?.[3] ?? "";
    return {
      url: new URL(address, siteRoot).href, title: labels.papers(this.called(title).split(/[：:]/)[0]),
      excerpt: [{ text: labels.filtered, mark: false }], kind: "论文", status: "", sections: [], card: false, away: false,
    };
  }

  /**
   * Concepts and questions that go on as somebody has begun to type; needs no index but lists of names.
   * @param {string} typed
   * @returns {Promise<Suggestion[]>}
   */
  async suggestions(typed) {
    const names = this.finder.names;
    const titles = await this.reader.suggested();
    const wanted = typed.trim().toLowerCase();
    if (!wanted) return [];
    const begins = (/** @type {string[]} */ all) => all.some((name) => name.startsWith(wanted));
    const pages = names.senses.filter(([, , page]) => page !== undefined);
    let begun = pages.filter(([, own, , title = ""]) => begins([title.toLowerCase(), ...own]));
    if (begun.length === 0 && /^[a-z' ]+$/.test(wanted)) {
      const spelled = new Map(Object.entries(await this.reader.pinyin()));
      begun = pages.filter(([id]) => begins(spelled.get(id) ?? []));
    }
    const concepts = begun.filter(([, own, , title = ""]) => title.toLowerCase() !== wanted && !own.includes(wanted));
    const asked = wanted.length < 2 ? [] : titles.filter(([title]) => title.toLowerCase().includes(wanted) && title.toLowerCase() !== wanted);
    const found = [
      ...concepts.slice(0, SUGGESTIONS - Math.min(2, asked.length)).map(([id, , , title = "", english = ""]) => ({ title: inEnglish ? english : title, url: `topics/${id}/`, concept: true })),
      ...asked.map(([title, url]) => ({ title, url, concept: false })),
    ];
    return found.slice(0, SUGGESTIONS).map((one) => ({ ...one, url: new URL(one.url, siteRoot).href }));
  }
}
