// What client and worker say to each other. Pure: no worker, no page, no Pyodide.

/** States of the runtime as the client shows them; `idle` is a client without a worker. */
export const STATES = ["idle", "loading", "ready", "running", "failed"];

/** Kinds of `error` in a reply. */
export const ERROR_KINDS = ["python", "memory", "crash", "load", "protocol"];

/** Bytes that a block may print; `run_cell.py` holds the same number. */
export const LIMIT = 1_000_000;

/** Fields that a request of each type must have, with their types. */
const REQUESTS = {
  load: { base: "string", manifest: "object" },
  run: { page: "string", block: "string", code: "string" },
  reset: {},
  check: { code: "string" },
};

/**
 * @typedef {{id: number, type: "load"|"run"|"reset"|"check"} & Record<string, any>} Request
 * @typedef {{kind: string, message: string} & Record<string, any>} Failure
 * @typedef {{id: number, result: object} | {id: number, error: Failure}} Reply
 * @typedef {{id: number, event: "status"|"progress"|"output"|"truncated"|"figure"|"kit"} & Record<string, any>} Event
 * @typedef {{installed: boolean, reason: string, hint: string, version: string, runtime: string, index: string,
 *   archives: string[], packages: string[], imports: Record<string, string>,
 *   groups: Record<string, {installed: boolean, bytes: number, gzip: number, files: string[]}>,
 *   files: Record<string, {bytes: number, sha256: string}>}} Manifest
 */

let last = 0;

/**
 * A request with an id of its own.
 * @param {string} type
 * @param {object} fields
 * @returns {Request}
 */
export function request(type, fields = {}) {
  return { ...fields, id: ++last, type };
}

/** An error that is part of the protocol: `kind` and more fields reach the client. */
export class Fault extends Error {
  /**
   * @param {string} kind One of `ERROR_KINDS`.
   * @param {string} message
   * @param {object} more
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
 * @param {Record<string, (message: Request) => Promise<object>>} actions One for each type of request.
 * @returns {Promise<Reply>}
 */
export async function handleMessage(message, actions) {
  const id = message?.id ?? null;
  try {
    const wrong = flaw(message);
    if (wrong) throw new Fault("protocol", wrong);
    return { id, result: await actions[message.type](message) };
  } catch (error) {
    if (error instanceof Fault) return { id, error: { kind: error.kind, message: error.message, ...error.more } };
    return { id, error: { kind: "crash", message: String(error?.message ?? error), traceback: String(error?.stack ?? "") } };
  }
}
