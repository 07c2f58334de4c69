/**
 * The tab's one worker: made on the first Run, kept across pages, ended by Stop.
 *
 *     idle -> loading -> ready <-> running        stop(), crash: back to idle, with the state of Python lost
 *               \-> failed -> loading (the next Run, or Retry)
 */

import { messageOf, request } from "./protocol.js";

/**
 * @typedef {import("./protocol.js").Asked} Asked
 * @typedef {import("./protocol.js").Failure} Failure
 * @typedef {import("./protocol.js").Manifest} Manifest
 * @typedef {import("./protocol.js").State} State
 * @typedef {(event: import("./protocol.js").Told) => void} Listener what a request tells before its result
 */

export const BASE = new URL("..", import.meta.url).href;

/** A request that did not give a result. */
export class RuntimeFailure extends Error {
  /** @param {Failure} failure */
  constructor(failure) {
    super(failure.message);
    this.failure = failure;
  }
}

/** Event `lost` (detail: why): Python was ended, and its variables are gone. */
class Client extends EventTarget {
  /** @type {State} */ state = "idle";
  /** @type {import("./protocol.js").Progress | null} */ progress = null; // the newest progress event, for cells that join in later
  /** @type {Worker | null} */ worker = null;
  /** @type {Promise<import("./protocol.js").Loaded> | null} */ loading = null;
  /** @type {Promise<Manifest> | null} */ fetching = null;
  /** @type {Map<number, {type: string, resolve: (value: any) => void, reject: (error: Error) => void, listen: Listener}>} */
  waiting = new Map();
  /** @type {import("./protocol.js").Kit | null} */ kit = null; // what a worker gives for the next one: it starts without network
  visit = 0; // counts the pages left
  stops = 0;

  /** What is installed, about 3 kB; a failure is tried again by the next call. */
  manifest() {
    this.fetching ??= fetchManifest().catch((error) => {
      this.fetching = null;
      throw error;
    });
    return this.fetching;
  }

  /**
   * What a Run will download first, or null where Python is here: in this tab, or kept by the worker from a visit before.
   * @returns {Promise<{bytes: number, gzip: number} | null>}
   */
  async toDownload() {
    const { installed, version, groups } = await this.manifest();
    const here = !installed || this.worker || this.kit || (await globalThis.caches?.has(`openllm-wiki-kit-${version}`));
    return here ? null : groups.core;
  }

  /** Have Python ready. @throws {RuntimeFailure} */
  load() {
    if (!this.loading) {
      const loading = this.start();
      this.loading = loading;
      loading.catch(() => {
        if (this.loading === loading) this.end("failed"); // else it was stopped, and maybe begun anew
      });
    }
    return this.loading;
  }

  async start() {
    this.become("loading");
    const stops = this.stops;
    const manifest = await this.manifest();
    if (stops !== this.stops) throw stopped();
    if (!manifest.installed) throw new RuntimeFailure({ kind: "missing", message: manifest.reason, hint: manifest.hint });
    this.worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
    this.worker.addEventListener("message", (message) => this.receive(message.data));
    this.worker.addEventListener("error", (error) => this.died(error));
    const result = await this.ask({ type: "load", base: BASE, manifest, kit: this.kit }, () => {});
    this.become("ready");
    return result;
  }

  /**
   * Run a block; blocks run one after the other.
   * @param {{page: string, block: string, code: string, setup?: string}} fields
   * @param {Listener} listen
   * @returns {Promise<import("./protocol.js").Ran>}
   * @throws {RuntimeFailure}
   */
  async run(fields, listen) {
    const visit = this.visit;
    await this.load();
    if (visit !== this.visit) throw stopped();
    try {
      return await this.ask({ type: "run", ...fields }, listen);
    } catch (error) {
      if (error instanceof RuntimeFailure && error.failure.kind === "crash") this.lose("crash");
      throw error;
    }
  }

  /** End Python at once, whatever it does. Variables are lost; runs that wait or are under way fail as `stopped`. */
  stop() {
    this.lose("stop");
  }

  /**
   * A page was left: what runs is stopped, since nobody can any more; its variables go. A download goes on.
   * @param {string} page
   */
  leave(page) {
    this.visit += 1;
    if ([...this.waiting.values()].some(({ type }) => type === "run")) this.stop();
    else if (this.worker) this.ask({ type: "reset", page }, () => {}).catch(() => {});
  }

  /** @param {"stop" | "crash"} why */
  lose(why) {
    this.stops += 1;
    this.end("idle");
    this.dispatchEvent(new CustomEvent("lost", { detail: why }));
  }

  /** @param {State} state */
  end(state) {
    this.worker?.terminate();
    this.worker = null;
    this.loading = null;
    const unanswered = [...this.waiting.values()];
    this.waiting.clear();
    for (const { reject } of unanswered) reject(stopped());
    this.become(state);
  }

  /** The worker's script is missing, or failed outside of any request. @param {ErrorEvent} event */
  died(event) {
    const message = event.message || "worker.js could not be loaded";
    const failed = [...this.waiting.values()];
    this.waiting.clear();
    for (const { type, reject } of failed) {
      const kind = type === "run" ? "crash" : "load";
      reject(new RuntimeFailure({ kind, message, file: "python/worker.js", cause: "start" }));
    }
  }

  /**
   * @template {Asked} A
   * @param {A} asked
   * @param {Listener} listen
   * @returns {Promise<import("./protocol.js").Results[A["type"]]>}
   */
  ask(asked, listen) {
    const worker = this.worker;
    if (!worker) return Promise.reject(stopped());
    const message = request(asked);
    return new Promise((resolve, reject) => {
      this.waiting.set(message.id, { type: asked.type, resolve, reject, listen });
      worker.postMessage(message);
    });
  }

  /** @param {import("./protocol.js").Event | (import("./protocol.js").Reply & {id: number})} reply */
  receive(reply) {
    const asked = this.waiting.get(reply.id);
    if (!asked) return; // of a worker that was stopped meanwhile
    if ("event" in reply) {
      if (reply.event === "kit") this.kit = reply.kit;
      else if (reply.event === "progress") this.progress = reply;
      else if (reply.event === "status") this.become(reply.state);
      return asked.listen(reply);
    }
    this.waiting.delete(reply.id);
    if ("error" in reply) asked.reject(new RuntimeFailure(reply.error));
    else asked.resolve(reply.result);
  }

  /** @param {State} state */
  become(state) {
    this.state = state;
    if (state !== "loading") this.progress = null;
  }
}

function stopped() {
  return new RuntimeFailure({ kind: "stopped", message: "stopped" });
}

/** @returns {Promise<Manifest>} */
async function fetchManifest() {
  /** @param {Failure["cause"]} cause @param {string} message */
  const failure = (cause, message) => new RuntimeFailure({ kind: "load", file: "manifest.json", cause, message });
  const answer = await fetch(`${BASE}manifest.json`, { cache: "no-cache" }).catch((error) => {
    throw failure("network", messageOf(error));
  });
  if (!answer.ok) throw failure("status", `manifest.json: ${answer.status} ${answer.statusText}`);
  return answer.json().catch(() => {
    throw failure("status", "manifest.json is no JSON");
  });
}

export const runtime = new Client();
