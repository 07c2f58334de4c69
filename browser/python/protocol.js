// What client and worker say to each other. Pure: no worker, no page, no Pyodide.

/**
 * A request, before it has a number.
 * @typedef {{type: "load", base: string, manifest: Manifest, kit?: Kit | null, modules?: Modules}} Load
 * @typedef {{type: "run", page: string, block: string, code: string, setup?: string}} Run
 * @typedef {{type: "reset", page?: string}} Reset All pages where none is named.
 * @typedef {{type: "complete", page: string, code: string, at: number}} Complete At a place in a text that is being written.
 * @typedef {{type: "variables", page: string}} Variables
 * @typedef {Load | Run | Reset | Complete | Variables} Asked
 * @typedef {Asked & {id: number}} Request
 *
 * What answers it.
 * @typedef {{version: string, python: string, seconds: number}} Loaded
 * @typedef {{seconds: number, truncated: boolean, figures: number}} Ran
 * @typedef {{name: string, kind: string}} Name
 * @typedef {{from: number, names: Name[], signature: string}} Completed `signature` is of the call that the place lies in.
 * @typedef {{name: string, type: string, value: string}} Variable
 * @typedef {{load: Loaded, run: Ran, reset: {}, complete: Completed, variables: {variables: Variable[]}}} Results
 * @typedef {{id: number | null, result: object} | {id: number | null, error: Failure}} Reply
 *
 * What is told before the answer; a block's `output`, `truncated` and `figure` come from run_cell.py.
 * @typedef {"idle" | "loading" | "ready" | "running" | "failed"} State `idle` is a client without a worker.
 * @typedef {{event: "progress", stage: string, loaded: number, total: number}} Progress
 * @typedef {{format: "svg", text: string, alt: string}} Drawing
 * @typedef {{format: "png", bytes: ArrayBuffer, width: number, height: number, alt: string}} Image
 * @typedef {Drawing | Image} Picture
 * @typedef {{event: "output", stream: "stdout" | "stderr" | "value", text: string} | {event: "truncated", limit: number}
 *   | ({event: "figure"} & Picture)} Printed `value` is what the last line stands for.
 * @typedef {{event: "input", prompt: string}} Wanted The code waits for a line; the client sends `{answer: string}`; `turn` is the client's own: nothing runs before this any more.
 * @typedef {{event: "status", state: State} | Progress | Printed | Wanted | {event: "turn"} | {event: "kit", kit: Kit} | {event: "compiled", modules: Modules}} Told
 * @typedef {Told & {id: number}} Event
 *
 * An error: of the reader's code (`python`, `memory`), of what runs it, or (`missing`, `stopped`) the client's own.
 * @typedef {"python" | "memory" | "crash" | "load" | "protocol" | "missing" | "stopped"} Kind
 * @typedef {{block: string, line: number, name: string, code: string, earlier?: boolean}} Frame `earlier`: of a run before.
 * @typedef {{name: string, shape: string, dtype: string}} Array
 * @typedef {{about: string, name?: string, more?: string[]}} Advice What is not here, or what was meant; labels.js words it.
 * @typedef {{kind: Kind, message: string, type?: string, line?: number | null, frames?: Frame[], traceback?: string,
 *   arrays?: Array[], advice?: Advice | null, file?: string | null,
 *   cause?: "network" | "status" | "size" | "hash" | "start" | "outdated", hint?: string}} Failure
 *
 * What publish/runtime/pack.py writes: a test holds the two equal.
 * @typedef {{installed: boolean, bytes: number, gzip: number, files: string[]}} Group
 * @typedef {{installed: boolean, reason: string, hint: string, version: string, runtime: string, index: string,
 *   sitePackages: string, archives: string[], packages: string[], warm: string[], imports: Record<string, string>,
 *   groups: Record<string, Group>, files: Record<string, {bytes: number, sha256: string, at: string}>}} Manifest
 *
 * What a second start can take over, see kit.js.
 * @typedef {{version: string, snapshot: ArrayBuffer, stdlib: ArrayBuffer, image: ArrayBuffer,
 *   entries: [path: string, start: number, length: number, time: number][]}} Kit
 *   Each entry of `image`: its length is -1 for a folder; time of change in ms.
 * @typedef {Map<string, WebAssembly.Module>} Modules What a tab has compiled, Pyodide's own by its path: browsers keep the
 *   machine code for as long as somebody holds the module.
 */

/** Fields that a request of each type must have, with their types. @type {Record<string, Record<string, string>>} */
const REQUESTS = {
  load: { base: "string", manifest: "object" },
  run: { page: "string", block: "string", code: "string" },
  reset: {},
  complete: { page: "string", code: "string", at: "number" },
  variables: { page: "string" },
};

let last = 0;

/**
 * A request with an id of its own.
 * @param {Asked} asked
 * @returns {Request}
 */
export function request(asked) {
  return { ...asked, id: ++last };
}

/** What went wrong, in words: JavaScript throws anything. @param {any} error */
export const messageOf = (error) => String(error?.message ?? error);

/** An error that is part of the protocol: `kind` and more fields reach the client. */
export class Fault extends Error {
  /**
   * @param {Kind} kind
   * @param {string} message
   * @param {Omit<Failure, "kind" | "message">} more
   */
  constructor(kind, message, more = {}) {
    super(message);
    this.kind = kind;
    this.more = more;
  }
}

/**
 * Why a message is no request, or null.
 * @param {any} message
 * @returns {string | null}
 */
export function flaw(message) {
  const needed = Object.hasOwn(REQUESTS, message?.type ?? "") ? REQUESTS[message.type] : null;
  if (!needed) return `no request of type ${JSON.stringify(message?.type)}`;
  for (const [name, type] of Object.entries(needed)) {
    const value = message[name];
    if (typeof value !== type || value === null) return `${message.type} needs ${name}: ${type}`;
  }
  return null;
}

/**
 * Answer one request: exactly one reply, whatever happens.
 * @param {Request} message
 * @param {{[Type in Asked["type"]]: (message: any) => Promise<Results[Type]>}} actions
 * @returns {Promise<Reply>}
 */
export async function handleMessage(message, actions) {
  const id = message?.id ?? null;
  try {
    const wrong = flaw(message);
    if (wrong) throw new Fault("protocol", wrong);
    const act = /** @type {(message: Asked) => Promise<object>} */ (actions[message.type]);
    return { id, result: await act(message) };
  } catch (error) {
    if (error instanceof Fault) return { id, error: { kind: error.kind, message: error.message, ...error.more } };
    const traceback = error instanceof Error ? (error.stack ?? "") : "";
    return { id, error: { kind: "crash", message: messageOf(error), traceback } };
  }
}
