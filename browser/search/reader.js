/**
 * Reads the index that publish/search/index.py writes: see docs/guide/search.md. Pure but for the function that it is
 * given to read files with, so that a browser and Node read the same way.
 */

/**
 * @typedef {{documents: Int32Array, levels: Uint8Array}} Postings Numbers of documents in order, and of each the level.
 * @typedef {{at: string, title: string, english?: string, status?: string, url?: string, anchor?: string, lead?: string,
 *   parts?: [string, string, string][]}} Shown What is shown of a document; `parts`: anchor, heading, text.
 * @typedef {{senses: [string, string[], number?, string?, string?][], hints: [string[], number[]][], twins: [number, number][]}} Names
 * @typedef {{format: number, count: number, runs: [string, string, number][], firsts: string[], shards: string[],
 *   packs: number[], groups: string[], names: string, suggested: string, filters: string, forms: string, pinyin: string}} Entry
 */

const FORMAT = 3;
const TOGETHER = 64; // files of texts that share a name
const NONE = { documents: new Int32Array(0), levels: new Uint8Array(0) };

/** @param {Uint8Array} bytes */
async function unzipped(bytes) {
  const stream = new Blob([/** @type {any} */ (bytes)]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** @param {Uint8Array} bytes */
const parsed = (bytes) => JSON.parse(new TextDecoder().decode(bytes));

/** @param {Uint8Array} bytes @returns {Names} */
function namesOf(bytes) {
  const { senses, hints, twins } = parsed(bytes);
  const apart = (/** @type {[any, string, ...any]} */ [id, words, ...page]) => [id || words.split("=")[0], words.split("="), ...page];
  return { senses: senses.map(apart), hints: hints.map((/** @type {[string, number[]]} */ [words, of]) => [words.split("="), of]), twins };
}

export class Reader {
  /** @type {Map<string, Promise<any>>} */
  #kept = new Map();

  /**
   * @param {(name: string) => Promise<Uint8Array>} read
   * @param {Entry} entry
   */
  constructor(read, entry) {
    this.read = read;
    this.entry = entry;
    /** @type {number[]} The first document of each pack. */
    this.starts = [];
    let at = 0;
    for (const size of entry.packs) {
      this.starts.push(at);
      at += size;
    }
  }

  /** @param {(name: string) => Promise<Uint8Array>} read From a file's name to its bytes. */
  static async open(read) {
    const entry = parsed(await read("index.json"));
    if (entry.format !== FORMAT) throw new Error(`index.json: format ${entry.format}, not ${FORMAT}`);
    return new Reader(read, entry);
  }

  get count() {
    return this.entry.count;
  }

  /**
   * A file once: what failed is read anew when it is asked for again.
   * @template T
   * @param {string} name
   * @param {(bytes: Uint8Array) => T} parse
   * @returns {Promise<T>}
   */
  file(name, parse) {
    let kept = this.#kept.get(name);
    if (!kept) {
      kept = this.read(name).then(unzipped).then(parse);
      kept.catch(() => this.#kept.delete(name));
      this.#kept.set(name, kept);
    }
    return kept;
  }

  /** @returns {Promise<Names>} */
  names() {
    return this.file(`names-${this.entry.names}.bin`, namesOf);
  }

  /** @returns {Promise<[string, string][]>} Titles and addresses. */
  suggested() {
    return this.file(`suggested-${this.entry.suggested}.bin`, parsed);
  }

  /** @returns {Promise<string[]>} */
  forms() {
    return this.file(`forms-${this.entry.forms}.bin`, parsed);
  }

  /** @returns {Promise<Record<string, string[]>>} Of concepts, by their names. */
  pinyin() {
    return this.file(`pinyin-${this.entry.pinyin}.bin`, parsed);
  }

  /** @returns {Promise<Record<string, any>>} */
  filters() {
    return this.file(`filters-${this.entry.filters}.bin`, parsed);
  }

  /** Which file has a term, if any has. @param {string} term */
  #shardOf(term) {
    const { firsts } = this.entry;
    let [low, high] = [0, firsts.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (firsts[middle] <= term) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** @param {number} number @returns {Promise<Map<string, Uint8Array>>} */
  #shard(number) {
    return this.file(`terms/${this.entry.shards[number]}.bin`, termsOf);
  }

  /** @param {string} term @returns {Promise<Postings>} */
  async postings(term) {
    const number = this.#shardOf(term);
    const found = number < 0 ? undefined : (await this.#shard(number)).get(term);
    return found ? unpacked(found) : NONE;
  }

  /**
   * Terms that begin so, in as many files at most.
   * @param {string} beginning
   * @param {number} files
   * @returns {Promise<[string, Uint8Array][]>} Terms and their postings as stored.
   */
  async beginning(beginning, files) {
    const from = Math.max(0, this.#shardOf(beginning));
    const to = Math.min(this.#shardOf(`${beginning}\uffff`), from + files - 1);
    const shards = await Promise.all(Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => this.#shard(from + i)));
    return shards.flatMap((shard) => [...shard].filter(([term]) => term.startsWith(beginning)));
  }

  /** All terms of the file that would have this one: what is written nearly the same may be among them. @param {string} term */
  async around(term) {
    const number = this.#shardOf(term);
    return number < 0 ? [] : [...(await this.#shard(number)).keys()];
  }

  /** @param {number} number Of a document. @returns {Promise<Shown>} */
  async shown(number) {
    let [low, high] = [0, this.starts.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.starts[middle] <= number) low = middle + 1;
      else high = middle;
    }
    const pack = low - 1;
    const name = `texts/${this.entry.groups[Math.floor(pack / TOGETHER)]}/${pack % TOGETHER}.bin`;
    const documents = await this.file(name, parsed);
    return documents[number - this.starts[pack]];
  }
}

/** The terms of a file of the index, with their postings as stored. @param {Uint8Array} bytes */
function termsOf(bytes) {
  const decoder = new TextDecoder();
  /** @type {Map<string, Uint8Array>} */
  const found = new Map();
  let before = new Uint8Array(0);
  let at = 0;
  const number = () => {
    let [value, shift] = [0, 0];
    for (;;) {
      const byte = bytes[at++];
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
      shift += 7;
    }
  };
  while (at < bytes.length) {
    const same = number();
    const more = number();
    const written = new Uint8Array(same + more);
    written.set(before.subarray(0, same));
    written.set(bytes.subarray(at, at + more), same);
    at += more;
    const length = number();
    found.set(decoder.decode(written), bytes.subarray(at, at + length));
    at += length;
    before = written;
  }
  return found;
}

/** @param {Uint8Array} bytes @returns {Postings} */
export function unpacked(bytes) {
  const documents = new Int32Array(bytes.length);
  const levels = new Uint8Array(bytes.length);
  let [size, document, value, shift] = [0, -1, 0, 0];
  for (const byte of bytes) {
    value += (byte & 127) * 2 ** shift;
    shift += 7;
    if (byte > 127) continue;
    document += Math.floor(value / 16);
    documents[size] = document;
    levels[size] = value % 16;
    size += 1;
    [value, shift] = [0, 0];
  }
  return { documents: documents.subarray(0, size), levels: levels.subarray(0, size) };
}
