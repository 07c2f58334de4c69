/**
 * The ranking: a query and the index -> documents, best first. Pure: the browser and Node run the same.
 *
 * A query is cut into *units*: what it names (a concept, or words of talks/synonyms.txt), and the words and runs of
 * characters that are left when those are taken out that only ask. A document scores for each unit by where it has it and
 * how much of the unit; its title counts by how much of the query it has, and how much of it the query has.
 */

import { Matcher, asks, isHan, isLittle, key, mayBeTraditional, narrow, nearlySame, onlyAsks, pairs, partsOf, setForms, stem, tokens, whole, withoutAsking } from "./words.js";
import { unpacked } from "./reader.js";

/**
 * @typedef {import("./reader.js").Reader} Reader
 * @typedef {import("./reader.js").Postings} Postings
 * @typedef {{words: string[], places: number[][], prefix: boolean, parts?: boolean}} Way Terms that a document has to have;
 *   `places`: of each the characters or the Latin word of the text that it holds; `prefix`: or longer ones; `parts`: of a compound.
 * @typedef {{text: string, sense: string, page: boolean, ways: Way[], against?: boolean}} Unit `against`: what another is compared with.
 * @typedef {{units: Unit[], question: boolean, hints: Map<number, number>, concepts: string[], corrected: string[]}} Plan
 *   `corrected`: words that stand for what was typed.
 * @typedef {{values: Float32Array, titles: Float32Array, shares: Float32Array, whole: Uint8Array, weight: number, any: boolean}} Scored
 *   Of a unit, by document: how much of it the text has, whether the title has it, how much of the title it is, whether all
 *   its words are there.
 * @typedef {{document: number, score: number, whole: boolean}} Hit
 * @typedef {{hits: Hit[], others: Hit[], whole: number, plan: Plan, marks: string[], best: number, card: number, list: string}} Found `others`: what is shown on demand; `whole`: how many
 *   hits have all words; `best`: 0…1, how much of the query the first one has; `card`: the concept that the
 *   query is, or -1; `list`: the address of a list of papers that is asked for, or "".
 */

/** What ranks, and by how much. */
export const RANKING = {
  page: 1.5, // a concept weighs more than other words
  sense: 1.15, // and so do words that have synonyms,
  rare: 4, // but those at most so much: few documents have what is no concept
  part: 0.4, // who has a part of a unit has so much less of it: the power of that part
  lacking: 0.6, // the title of a document that has not all of a unit
  synonym: 0.85, // a document that says it in other words
  longer: 0.8, // one that has a longer word
  code: 0.6, // one whose code alone has it, where code is what is asked for
  title: 0.5, // the share of the query that stands in the title
  titled: 0.5, // the share of the title that stands in the query, where all of the query does
  concept: 0.55, // the page of a concept that is asked for, by its share of the query
  hint: 0.7, // one that helps who asks so, by what share of the query that is,
  hinted: 0.3, // and by so much more where it is all that a question asks
  against: 0.5, // what is asked for is compared with it: 相比 AdamW, Muon 好在哪
  paper: -0.2, // a paper or a week of them
  other: -0.08, // neither that nor a concept or a question
  least: 0.35, // of the best score: below, a hit is none
  nothing: 0.12, // nor is it below this
};
const LEVELS = 16;
const TITLE = 8; // the first level of titles
const WORTH = [0.08, ...Array.from({ length: 7 }, (_, level) => 0.28 + (0.6 * level) / 7), ...Array(LEVELS - TITLE).fill(1)]; // of levels
/** What a document's best level of a word is worth, as `together` writes it, and in its title. */
const WORTHS = [0, ...WORTH.map((worth) => worth * RANKING.longer), ...WORTH];
const WORTHS_OF_CODE = WORTHS.map((worth, at) => (worth && at % LEVELS === 1 ? (RANKING.code * worth) / WORTHS[LEVELS + 1] : worth));
const CODE = /[\p{L}\d][._]\p{L}|\p{Ll}\p{Lu}/u; // `torch.topk`, `LoraConfig`
const TITLES = [...Array(TITLE + 1).fill(0), ...Array(LEVELS - TITLE).fill(RANKING.longer), ...Array(TITLE).fill(0), ...Array(LEVELS - TITLE).fill(1)];
const SHARES = [0.05, 0.09, 0.13, 0.2, 0.25, 1 / 3, 0.5, 1];
const FILES = 3; // that are looked through for longer words
const LONG = 4; // characters: the pairs of a longer Chinese name are found apart, too
const FEW = 5; // documents that have all words: too few to look no further
const LIST = "papers/list/"; // see browser/page/papers.js
const PAPERS = /论文|文献|papers?|arxiv/; // what asks for papers, and what may be said beside it but for a concept
// What stands before a name and after it, where another is compared with that: 比 A 好, 和 A 相比.
const BEFORE = /(?:相比于?|相较于?|相对于?|(?<!对)比起?|compared (?:with|to)|than|instead of)\s*$/;
const AFTER = /^\s*(?:相比|比起来)/;
const NEWEST = /^(?:论文|文献|papers?|arxiv|[本这上]周|[本这上]一?个?[星礼]期|本月|这个月|今[天年]|最近|近期|最新|新|发布|发表|精选|this|week|month|today|year|weekly|latest|recent|recently|newest|new|last|published|s)+$/;

/** What depends on the index and not on the query. */
export class Finder {
  /** @type {Promise<void> | null} */
  #forms = null;

  /**
   * @param {Reader} reader
   * @param {import("./reader.js").Names} names
   */
  constructor(reader, names) {
    this.reader = reader;
    this.names = names;
    this.matcher = new Matcher(names.senses.map(([id, own]) => [id, own]));
    this.hints = new Matcher(names.hints.map(([own], i) => [String(i), own]));
    /** @type {Map<string, number>} Concepts by their id, with the number of their document. */
    this.pages = new Map(names.senses.filter(([, , page]) => page !== undefined).map(([id, , page]) => [id, Number(page)]));
    /** @type {Map<number, number>} Documents with their English ones. */
    this.twins = new Map(names.twins);
    const words = names.senses.flatMap(([, own]) => own.flatMap((name) => name.split(" ")));
    this.vocabulary = [...new Set(words.filter((word) => /^[a-z]{4,}$/.test(word)))];
    /** @type {[string, string, number, number][]} Kind, language, first and end of a run of documents. */
    this.runs = [];
    let at = 0;
    for (const [kind, language, size] of reader.entry.runs) {
      this.runs.push([kind, language, at, at + size]);
      at += size;
    }
  }

  /** @param {Reader} reader */
  static async of(reader) {
    return new Finder(reader, await reader.names());
  }

  /** @param {number} document */
  runOf(document) {
    return this.runs.find(([, , from, end]) => from <= document && document < end) ?? this.runs[0];
  }

  /** @param {string} query @returns {Promise<Plan>} */
  async plan(query) {
    if (mayBeTraditional(query)) await (this.#forms ??= this.reader.forms().then(setForms));
    const text = narrow(query);
    const first = planOf(this, text);
    const letters = text.toLowerCase().replace(/[\s']+/g, "");
    if (/^[a-z]{2,30}$/.test(letters) && first.units.every(({ sense }) => !sense)) {
      const spelled = Object.entries(await this.reader.pinyin()).find(([, all]) => all.includes(letters));
      if (spelled) return planOf(this, text, spelled[0]);
    }
    const better = await corrected(this, first);
    return better.size === 0 ? first : { ...planOf(this, replaced(text, better)), corrected: [...better.values()] };
  }

  /**
   * @param {string} query
   * @param {"zh" | "en"} language Whose pages.
   * @returns {Promise<Found>}
   */
  async find(query, language = "zh") {
    const asked = await this.plan(query);
    const papers = asksForPapers(asked);
    const list = papers ? await listOf(this, asked.concepts[0]) : "";
    const plan = papers && asked.concepts.length ? { ...asked, units: asked.units.filter(({ page }) => page) } : asked;
    const scored = await Promise.all(plan.units.map((unit) => scoreOf(this.reader, unit)));
    return { ...ranked(this, plan, scored, language), list };
  }
}

/** Whether a query asks for papers, and says nothing beside but when, and of what concept. @param {Plan} plan */
function asksForPapers({ units, concepts }) {
  const others = units.filter(({ page }) => !page).map(({ text }) => text.trim().toLowerCase());
  return concepts.length < 2 && others.some((text) => PAPERS.test(text)) && others.every((text) => NEWEST.test(text));
}

/**
 * The address of a list of papers: of all, or of a concept's; "" where there is none.
 * @param {Finder} finder
 * @param {string | undefined} concept
 */
async function listOf({ reader, names, runs }, concept) {
  const papers = runs.filter(([kind]) => kind === "论文");
  if (papers.length === 0 || !concept) return papers.length ? LIST : "";
  const { values, of } = (await reader.filters()).topic;
  const place = String(values.indexOf(names.senses.find(([id]) => id === concept)?.[3]));
  const held = of.split(",");
  const any = papers.some(([, , from, end]) => held.slice(from, end).some((/** @type {string} */ own) => own.split(" ").includes(place)));
  return any ? `${LIST}?concept=${concept}` : "";
}

/** @param {string} text @param {Map<string, string>} better */
const replaced = (text, better) => [...better].reduce((now, [wrong, right]) => now.replaceAll(wrong, right), text.toLowerCase());

/**
 * @param {Finder} finder
 * @param {string} text From `narrow`.
 * @param {string} spelled The concept whose name the text is in pinyin, or "".
 * @returns {Plan}
 */
function planOf(finder, text, spelled = "") {
  const lower = text.toLowerCase();
  const named = spelled ? [{ id: spelled, start: 0, end: text.length, text: "" }] : finder.matcher.find(lower);
  const parts = named.length ? [] : finder.matcher.findParts(text);
  /** @type {Unit[]} */
  const units = [];
  const name = (/** @type {string} */ id, /** @type {string} */ said, against = false) => units.push({ text: said, sense: id, page: finder.pages.has(id), ways: waysOf(spelled ? "" : said), against });
  let at = 0;
  for (const [i, { id, start, end }] of [...named, { id: "", start: text.length, end: text.length }].entries()) {
    units.push(...plainUnits(text.slice(at, start)));
    at = end;
    if (id) name(id, text.slice(start, end), isAgainst(lower, named, i));
  }
  for (const { id, text: said } of parts) name(id, said); // beside the whole identifier
  const all = units.length ? units : tokens(text).map((word) => ({ text: word, sense: "", page: false, ways: waysOf(word) }));
  const different = distinct(all);
  const length = different.reduce((sum, unit) => sum + sizeOf(unit.text), 0) || 1;
  /** @type {Map<number, number>} */
  const hints = new Map();
  for (const { id, text: said } of finder.hints.find(lower, true)) {
    // What everybody says asks for something only where nothing else is said: 什么是大模型幻觉 asks for no 大模型.
    const inPassing = onlyAsks(said);
    if (inPassing && units.length) continue;
    const share = inPassing ? 1 : sizeOf(said) / length;
    for (const document of finder.names.hints[Number(id)][1]) hints.set(document, Math.min(1, (hints.get(document) ?? 0) + share));
  }
  const around = named.reduceRight((rest, { start, end }) => `${rest.slice(0, start)} ${rest.slice(end)}`, text);
  const question = asks(around) || tokens(text).length > 3 || tokens(text).some((word) => isHan(word) && [...word].length > 9);
  return { units: different, question, hints, concepts: different.filter(({ page }) => page).map(({ sense }) => sense), corrected: [] };
}

/**
 * Whether one of those that are named is what another one is compared with.
 * @param {string} text
 * @param {import("./words.js").Named[]} named
 * @param {number} i
 */
function isAgainst(text, named, i) {
  if (named.length < 2) return false;
  const { start, end } = named[i];
  return BEFORE.test(text.slice(0, start)) || (AFTER.test(text.slice(end)) && !BEFORE.test(text.slice(end, named[i + 1]?.start)));
}

/** How long a text is: a letter is half a character. @param {string} text */
const sizeOf = (text) => [...key(text)].reduce((sum, one) => sum + (isHan(one) ? 1 : 0.5), 0);

/** Units, each once; what names a sense again is but its words: of one page, top-k and top-p are not the same. @param {Unit[]} units */
function distinct(units) {
  const senses = new Set();
  /** @type {Map<string, Unit>} */
  const made = new Map();
  for (const unit of units) {
    const said = key(unit.text.toLowerCase());
    if (made.has(said) || !(unit.sense || unit.ways.length)) continue;
    made.set(said, senses.has(unit.sense) ? { ...unit, sense: "", page: false } : unit);
    if (unit.sense) senses.add(unit.sense);
  }
  return [...made.values()];
}

/** Units of a text that names nothing. @param {string} text @returns {Unit[]} */
function plainUnits(text) {
  return tokens(text).flatMap((token) => {
    const pieces = isHan(token) ? withoutAsking(token) : isLittle(token) ? [] : [token];
    // A single character that is left between words that ask is mostly one of theirs.
    const telling = pieces.filter((piece) => piece.length > 1 || piece === token);
    return telling.map((piece) => ({ text: piece, sense: "", page: false, ways: waysOf(piece) }));
  });
}

/**
 * How a document may have the words of a piece of text: all of them, or a compound's parts.
 * @param {string} piece
 * @returns {Way[]}
 */
function waysOf(piece) {
  const all = tokens(piece);
  if (all.length === 0) return [];
  /** @type {string[]} */
  const words = [];
  /** @type {number[][]} */
  const places = [];
  let at = 0;
  for (const token of all) {
    const own = isHan(token) ? pairs(token) : [whole(token)];
    const last = isHan(token) ? [...token].length - 1 : 0;
    words.push(...own);
    places.push(...own.map((_, i) => (last ? [at + i, at + i + 1] : [at])));
    at += last + 1;
  }
  const ways = [{ words, places, prefix: true }];
  const joined = all.length > 1 && all.every((token) => !isHan(token)) ? [{ words: [words.join("")], places: [[0]], prefix: false }] : [];
  const parts = all.length === 1 && !isHan(piece) ? partsOf(all[0]) : [];
  return [...ways, ...joined, ...(parts.length ? [{ words: parts, places: parts.map((_, i) => [i]), prefix: false, parts: true }] : [])];
}

/**
 * Words of Latin letters that no document has -> what is written nearly the same.
 * @param {Finder} finder
 * @param {Plan} plan
 * @returns {Promise<Map<string, string>>}
 */
async function corrected({ reader, vocabulary }, { units }) {
  const found = new Map();
  for (const { sense, ways } of units) {
    const [way] = ways;
    if (sense || way?.words.length !== 1 || !/^[a-z]{4,}$/.test(way.words[0])) continue;
    const [word] = way.words;
    const near = await reader.around(word);
    if (near.some((term) => term.startsWith(stem(word)) && term.length - word.length < 4)) continue;
    const right = vocabulary.find((one) => nearlySame(word, one)) ?? near.find((one) => nearlySame(word, one));
    if (right) found.set(word, right);
  }
  return found;
}

/** @param {number} count Of all documents. @param {number} having */
const rarity = (count, having) => Math.log(1 + (count - having + 0.5) / (having + 0.5));

/**
 * The postings of a word, of longer ones too where `prefix`.
 * @param {Reader} reader
 * @param {string} word
 * @param {boolean} prefix
 * @returns {Promise<{exact: Postings, longer: Postings[]}>}
 */
async function postingsOf(reader, word, prefix) {
  const single = isHan(word) && [...word].length === 1;
  if (!prefix || (isHan(word) && !single) || (!isHan(word) && word.length < 2)) return { exact: await reader.postings(word), longer: [] };
  const beginning = single ? word : stem(word);
  const found = await reader.beginning(beginning, FILES);
  // A short beginning is that of other words, too: `scal` of `scalar`.
  const akin = (/** @type {string} */ term) => (beginning.length > 4 ? term.length <= word.length + 3 : stem(term) === beginning);
  const longer = found.filter(([term]) => term !== word && (single || term.startsWith(word) || word.startsWith(term) || akin(term)));
  const exact = found.find(([term]) => term === word);
  return { exact: unpacked(exact?.[1] ?? new Uint8Array(0)), longer: longer.map(([, bytes]) => unpacked(bytes)) };
}

/** @param {Reader} reader @param {Unit} unit @returns {Promise<Scored>} */
async function scoreOf(reader, { text, sense, page, ways, against }) {
  const { count } = reader;
  /** @type {Scored} */
  const made = {
    values: new Float32Array(count), titles: new Float32Array(count), shares: new Float32Array(count),
    whole: new Uint8Array(count), weight: 0, any: false,
  };
  const apart = new Uint8Array(count); // who has a name's parts has it where it says that name: `min` and `hash` are no MinHash
  const worths = !sense && CODE.test(text) ? WORTHS_OF_CODE : WORTHS;
  const inParts = sense !== "" && isHan(text) && text.length > LONG; // who says 旋转位置, and 位置编码, need not say the name
  for (const way of ways) await addWay(reader, made, way, inParts || (sense && way.parts) ? apart : made.whole, worths);
  if (!sense) return made;
  const { documents, levels } = await reader.postings(`@${sense}`);
  documents.forEach((document, i) => {
    const level = levels[i];
    if (apart[document]) made.whole[document] = 1;
    const value = RANKING.synonym * WORTH[level];
    made.values[document] = Math.max(made.values[document], made.whole[document] ? value / RANKING.synonym : value);
    if (level < TITLE) return;
    made.titles[document] = 1;
    made.shares[document] = Math.max(made.shares[document], SHARES[level - TITLE]);
  });
  if (documents.length) made.any = true;
  const own = Math.max(2.5, rarity(count, documents.length)) * (page ? RANKING.page : RANKING.sense);
  if (documents.length) made.weight = page ? own : Math.min(own, RANKING.rare);
  if (against) made.weight *= RANKING.against;
  return made;
}

/**
 * Adds what documents have of a unit, by one way of saying it.
 * @param {Reader} reader
 * @param {Scored} made
 * @param {Way} way
 * @param {Uint8Array} whole Told which documents have all of it.
 * @param {number[]} worths
 */
async function addWay(reader, made, { words, places, prefix }, whole, worths) {
  const found = await Promise.all(words.map((word) => postingsOf(reader, word, prefix)));
  const { count } = reader;
  const had = found.map(({ exact, longer }) => together(count, exact, longer));
  const having = new Uint8Array(count);
  /** @type {number[]} Documents that have any of the words. */
  const touched = [];
  /** @type {[number, number][][]} Of each place the words that hold it, with their rarities. */
  const held = [];
  let any = false;
  had.forEach(({ best, size }, i) => {
    any ||= size > 0;
    for (let document = 0; document < count; document += 1) {
      if (best[document] === 0) continue;
      if (having[document] === 0) touched.push(document);
      having[document] += 1;
    }
    for (const place of places[i]) (held[place] ??= []).push([i, rarity(count, size)]);
  });
  if (!any) return;
  made.any = true;
  const [value, title, share, part] = Array.from({ length: 4 }, () => new Float32Array(count));
  let [sum, weight] = [0, 0];
  for (const holding of held) {
    const rare = Math.min(...holding.map(([, one]) => one));
    const [first, second] = [had[holding[0][0]].best, had[holding[holding.length - 1][0]].best];
    sum += rare;
    weight = Math.max(weight, rare);
    for (const document of touched) {
      const one = first[document];
      const other = second[document];
      if (one + other === 0) continue;
      part[document] += rare;
      value[document] += rare * Math.max(worths[one], worths[other]);
      title[document] += rare * Math.max(TITLES[one], TITLES[other]);
    }
  }
  for (const { best } of had) {
    for (const document of touched) {
      const own = best[document] - LEVELS - 1;
      if (own >= TITLE) share[document] += SHARES[own - TITLE];
    }
  }
  made.weight = Math.max(made.weight, weight * Math.min(1.75, 1 + 0.2 * (words.length - 1)));
  for (const document of touched) {
    const all = having[document] === words.length;
    made.values[document] = Math.max(made.values[document], (value[document] / sum) * (part[document] / sum) ** RANKING.part);
    made.titles[document] = Math.max(made.titles[document], (title[document] / sum) * (all ? 1 : RANKING.lacking));
    made.shares[document] = Math.max(made.shares[document], Math.min(1, share[document]));
    if (all) whole[document] = 1;
  }
}

/**
 * For each document 0, or its best level and 1, with `LEVELS` added where it has the word itself and no longer one.
 * @param {number} count
 * @param {Postings} exact
 * @param {Postings[]} longer
 */
function together(count, exact, longer) {
  const best = new Uint8Array(count);
  let size = 0;
  for (const { documents, levels } of longer) {
    for (let i = 0; i < documents.length; i += 1) {
      const document = documents[i];
      if (best[document] === 0) size += 1;
      if (best[document] < levels[i] + 1) best[document] = levels[i] + 1;
    }
  }
  for (let i = 0; i < exact.documents.length; i += 1) {
    if (best[exact.documents[i]] === 0) size += 1;
    best[exact.documents[i]] = LEVELS + exact.levels[i] + 1;
  }
  return { best, size };
}

/**
 * @param {Finder} finder
 * @param {Plan} plan
 * @param {Scored[]} scored
 * @param {"zh" | "en"} language
 * @returns {Omit<Found, "list">}
 */
function ranked(finder, plan, scored, language) {
  const { count } = finder.reader;
  const own = (/** @type {number} */ document) => (language === "en" ? finder.twins.get(document) : undefined) ?? document;
  const known = scored.filter(({ any }) => any);
  const total = scored.reduce((sum, { weight, any }) => sum + (any ? weight : 1), 0) || 1;
  const weights = known.reduce((sum, { weight }) => sum + weight, 0) || 1;
  /** @type {Map<number, number>} What documents are asked for by name. */
  const asked = new Map();
  plan.units.forEach(({ sense, page }, i) => {
    if (page) asked.set(own(Number(finder.pages.get(sense))), RANKING.concept * (scored[i].weight / weights));
  });
  for (const [document, share] of plan.hints) {
    const helps = RANKING.hint * share * (1 + (plan.question ? RANKING.hinted * share ** 4 : 0));
    asked.set(own(document), (asked.get(own(document)) ?? 0) + helps);
  }
  /** @type {Hit[]} */
  const hits = [];
  let [best, top] = [0, 0];
  for (const [kind, of, from, end] of finder.runs) {
    if (of && of !== language) continue;
    const prior = kind === "概念" || kind === "问答" ? 0 : kind === "论文" ? RANKING.paper : RANKING.other;
    for (let document = from; document < end; document += 1) {
      const named = asked.get(document) ?? 0;
      let [text, title, share] = [0, 0, 0];
      let all = known.length === scored.length && known.length > 0;
      for (const unit of known) {
        text += unit.weight * unit.values[document];
        title += unit.weight * unit.titles[document];
        share += unit.shares[document];
        all &&= unit.whole[document] === 1;
      }
      if (text === 0 && named === 0) continue;
      const titled = title / weights;
      const score = text / weights + RANKING.title * titled + RANKING.titled * Math.min(1, share) * titled * titled + named + prior;
      if (text / total > best) best = text / total;
      if (score > top) top = score;
      hits.push({ document, score, whole: all });
    }
  }
  const least = Math.max(RANKING.least * top, RANKING.nothing);
  const near = hits.filter(({ score, whole: all }) => all || score >= least).sort((a, b) => b.score - a.score || a.document - b.document);
  const shown = listed(plan, near.filter((hit) => hit.whole).length);
  const chosen = near.filter(shown);
  if (!plan.question) chosen.sort((a, b) => Number(b.whole) - Number(a.whole)); // and otherwise as they were
  return {
    hits: chosen, others: near.filter((hit) => !shown(hit)), whole: chosen.filter((hit) => hit.whole).length,
    plan, marks: marksOf(finder, plan), best, card: cardOf(plan, chosen, (sense) => own(Number(finder.pages.get(sense)))),
  };
}

/**
 * What is shown at once: of a question whatever comes near the best; of words the documents that have them all, and where
 * those are few, others below. One word is said or not: who says it otherwise is shown on demand.
 * @param {Plan} plan
 * @param {number} whole How many have all.
 * @returns {(hit: Hit) => boolean}
 */
function listed({ question, units }, whole) {
  const strict = !question && (units.length === 1 ? whole > 0 : whole >= FEW);
  return (hit) => !strict || hit.whole;
}

/**
 * The concept that a query is and asks nothing else of.
 * @param {Plan} plan
 * @param {Hit[]} hits
 * @param {(sense: string) => number} pageOf
 */
function cardOf({ units }, hits, pageOf) {
  if (units.length !== 1 || !units[0].page) return -1;
  const document = pageOf(units[0].sense);
  return hits[0]?.document === document ? document : -1;
}

/** What excerpts mark: what was typed, and other names of what it names. @param {Finder} finder @param {Plan} plan */
function marksOf({ names }, { units }) {
  const found = units.flatMap(({ text, sense, ways }) => {
    const own = sense ? names.senses.find(([id]) => id === sense)?.[1] ?? [] : [];
    return [text.trim(), ...own, ...ways.flatMap(({ words }) => words)];
  });
  return [...new Set(found)].filter((mark) => key(mark));
}
