/**
 * The tab's one worker: made on the first Run; a new one, from what the first has left, after a stop and on each page.
 *
 *     idle -> loading -> ready <-> running        stop(), restart(), crash: back to idle, with the state of Python lost
 *               \-> failed -> loading (the next Run, or Retry)
 */

import { isOutdated } from "./newer.js";
import { messageOf, request } from "./protocol.js";
import { sizes } from "./sizes.js";
import { dropKit, hasKit, keepKit, storedKit } from "./store.js";

/**
 * @typedef {import("./protocol.js").Asked} Asked
 * @typedef {import("./protocol.js").Failure} Failure
 * @typedef {import("./protocol.js").Manifest} Manifest
 * @typedef {import("./protocol.js").State} State
 * @typedef {(event: import("./protocol.js").Told) => void} Listener what a request tells before its result
 */

export const BASE = new URL("..", import.meta.url).href;

const STAGES = ["download", "start", "packages"]; // of a start; others are groups that code imports
const WORKER = new URL("worker.js", import.meta.url).href;

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
  /** @type {import("./protocol.js").Modules} */ modules = new Map(); // what a worker of this tab has compiled
  /** @type {Promise<boolean> | null} */ checking = null;
  visit = 0; // counts the pages left
  stops = 0;
  /** @type {Promise<unknown>} */ turn = Promise.resolve(); // that of the last run that was asked for
  /** @type {RuntimeFailure | null} */ fault = null; // this worker's script is missing
  used = false; // this worker has run code
  kept = false; // the kit needs no keeping any more
  /** @type {Set<string>} */ groups = new Set(["core"]); // that were downloaded

  /** What is installed, about 6 kB; a failure is tried again by the next call. */
  manifest() {
    this.fetching ??= fetchManifest().catch((error) => {
      this.fetching = null;
      throw error;
    });
    return this.fetching;
  }

  /**
   * What a Run will download first, or null where Python is here: in this tab, or kept by a visit before.
   * @returns {Promise<{bytes: number, gzip: number} | null>}
   */
  async toDownload() {
    const here = !sizes.installed || this.worker || this.kit || (await hasKit(sizes.version));
    return here ? null : sizes;
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
    const older = this.checked();
    const manifest = await this.manifest();
    if (stops !== this.stops) throw stopped();
    if (!manifest.installed) throw new RuntimeFailure({ kind: "missing", message: manifest.reason, hint: manifest.hint });
    if (this.fault) await fetch(WORKER, { cache: "reload" }).catch(() => {}); // that it was not there may be kept
    if (stops !== this.stops) throw stopped();
    this.worker = new Worker(WORKER, { type: "module" });
    this.worker.addEventListener("message", (message) => this.receive(message.data));
    this.worker.addEventListener("error", (error) => this.died(error));
    this.used = false;
    this.fault = null;
    if (!this.kit) {
      this.kit = await storedKit(manifest.version);
      this.kept = this.kit !== null;
      if (stops !== this.stops) throw stopped();
    }
    try {
      const result = await this.ask({ type: "load", base: BASE, manifest, kit: this.kit, modules: this.modules }, () => {});
      if (await older) throw lost("manifest.json", "outdated", "the site has a new version");
      this.become("ready");
      return result;
    } catch (error) {
      throw await reasonFor(error);
    }
  }

  /** Whether a page of an older build runs here; asked once, when Python first starts. */
  checked() {
    this.checking ??= isOutdated(import.meta.url);
    return this.checking;
  }

  /** Have Python ready before somebody asks, where that takes no download. */
  warm() {
    if (this.kit && !this.loading) this.load().catch(() => {});
  }

  /**
   * Run a block; blocks run one after the other.
   * @param {{page: string, block: string, code: string, setup?: string}} fields
   * @param {Listener} listen
   * @param {AbortSignal} [cancelled] While it waits for others, it leaves alone.
   * @returns {Promise<import("./protocol.js").Ran>}
   * @throws {RuntimeFailure}
   */
  run(fields, listen, cancelled) {
    const [before, visit, stops] = [this.turn, this.visit, this.stops];
    const gone = new Promise((_, reject) => cancelled?.addEventListener("abort", () => reject(stopped())));
    const turn = Promise.race([before, gone]).then(() => {
      if (visit !== this.visit || stops !== this.stops || cancelled?.aborted) throw stopped();
      return this.runNow(fields, listen);
    });
    this.turn = Promise.allSettled([before, turn]);
    return turn;
  }

  /** @param {Parameters<Client["run"]>[0]} fields @param {Listener} listen */
  async runNow(fields, listen) {
    const visit = this.visit;
    listen({ event: "turn" });
    await this.load();
    if (visit !== this.visit) throw stopped();
    this.used = true;
    try {
      const ran = await this.ask({ type: "run", ...fields }, listen);
      this.keep();
      return ran;
    } catch (error) {
      if (error instanceof RuntimeFailure && error.failure.kind === "crash") this.lose("crash");
      throw error instanceof RuntimeFailure && error.failure.kind === "load" ? await reasonFor(error) : error;
    }
  }

  /** What the next visit starts from; when there is time. */
  keep() {
    if (this.kept || !this.kit) return;
    this.kept = true;
    void keepKit(this.kit);
  }

  /** Nothing runs, and Python is there to be asked. */
  get resting() {
    return this.state === "ready" && this.waiting.size === 0;
  }

  /** Names that fit at a place of a code; nothing while something runs. @param {{page: string, code: string, at: number}} fields */
  async complete(fields) {
    return this.resting ? this.ask({ type: "complete", ...fields }, () => {}) : null;
  }

  /** What a page's code has defined. @param {string} page */
  async variables(page) {
    return this.resting ? (await this.ask({ type: "variables", page }, () => {})).variables : null;
  }

  /** A line for code that waits for one. @param {string} text */
  answer(text) {
    this.worker?.postMessage({ answer: text });
  }

  /** A fresh Python, its variables gone. Whether there was one to end. */
  restart() {
    if (!this.worker) return false;
    this.lose("restart");
    this.warm();
    return true;
  }

  /** End Python at once, whatever it does. Variables are lost; runs that wait or are under way fail as `stopped`. */
  stop() {
    this.lose("stop");
  }

  /**
   * A page was left: what runs is stopped, since nobody can any more, and the next page has a Python of its own. A
   * download goes on.
   * @param {string} [_page]
   */
  leave(_page) {
    this.visit += 1;
    if (this.used) this.stop();
  }

  /** @param {"stop" | "crash" | "restart"} why */
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
    this.used = false;
    const unanswered = [...this.waiting.values()];
    this.waiting.clear();
    for (const { reject } of unanswered) reject(stopped());
    this.become(state);
  }

  /** The worker's script is missing, or failed outside of any request. @param {ErrorEvent} event */
  died(event) {
    const message = event.message || "worker.js could not be loaded";
    const failed = [...this.waiting.values()];
    const told = (/** @type {string} */ type) =>
      new RuntimeFailure({ kind: type === "run" ? "crash" : "load", message, file: "python/worker.js", cause: "start" });
    this.waiting.clear();
    for (const { type, reject } of failed) reject(told(type));
    if (!this.used) this.fault = told("load"); // before it was asked for anything
  }

  /**
   * @template {Asked} A
   * @param {A} asked
   * @param {Listener} listen
   * @returns {Promise<import("./protocol.js").Results[A["type"]]>}
   */
  ask(asked, listen) {
    const worker = this.worker;
    if (this.fault || !worker) return Promise.reject(this.fault ?? stopped());
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
      if (reply.event === "kit") this.take(reply.kit);
      else if (reply.event === "compiled") this.modules = this.used ? this.modules : reply.modules;
      else if (reply.event === "progress") {
        this.progress = reply;
        if (!STAGES.includes(reply.stage)) this.groups.add(reply.stage);
      } else if (reply.event === "status") this.become(reply.state);
      return asked.listen(reply);
    }
    this.waiting.delete(reply.id);
    if ("error" in reply) asked.reject(new RuntimeFailure(reply.error));
    else asked.resolve(reply.result);
  }

  /** A worker had none that was of use, and has made one; its code had not yet run any of the reader's. @param {import("./protocol.js").Kit} kit */
  take(kit) {
    if (this.used) return;
    if (this.kept) void dropKit(kit.version);
    this.kit = kit;
    this.kept = false;
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

/** @param {string} file @param {Failure["cause"]} cause @param {string} message */
const lost = (file, cause, message) => new RuntimeFailure({ kind: "load", file, cause, message });

/** The manifest of the build that this script is of. @returns {Promise<Manifest>} */
async function fetchManifest() {
  const address = new URL("../manifest.json", import.meta.url);
  const answer = await fetch(address).catch((error) => {
    throw lost("manifest.json", "network", messageOf(error));
  });
  if (!answer.ok) throw await reasonFor(lost("manifest.json", "status", `manifest.json: ${answer.status} ${answer.statusText}`));
  return answer.json().catch(() => {
    throw lost("manifest.json", "status", "manifest.json is no JSON");
  });
}

/** Why something could not be loaded: maybe since the site was built anew. @param {any} error @returns {Promise<any>} */
async function reasonFor(error) {
  const cause = error instanceof RuntimeFailure ? error.failure.cause : "";
  if (cause === "outdated" || cause === "network" || !(await isOutdated(import.meta.url))) return error;
  return lost("manifest.json", "outdated", "the site has a new version");
}

export const runtime = new Client();
