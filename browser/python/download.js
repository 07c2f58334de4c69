// Files of the runtime: fetched with their bytes counted, and handed to Pyodide when it asks for them.

import { Fault, messageOf } from "./protocol.js";

/**
 * @typedef {import("./protocol.js").Manifest} Manifest
 * @typedef {import("./protocol.js").Modules} Modules
 * @typedef {(bytes: number) => void} Count Told of every piece that came.
 */

/** @type {Map<string, ArrayBuffer>} What has been downloaded and not yet been used, by address. */
export const files = new Map();

// Held here: the walls (walls.js) take them out of the worker's scope.
const { fetch, Request, Response } = self;
const digest = self.crypto?.subtle?.digest.bind(self.crypto.subtle); // absent without TLS: then bytes are counted, and no more
const CACHES = /** @type {RequestCache[]} */ (["default", "reload"]); // what does not fit is asked for once more, past the cache

/** @param {string} path @param {"network" | "status" | "size" | "hash"} cause @param {string} message */
const lost = (path, cause, message) => new Fault("load", `${path}: ${message}`, { file: path, cause });

/** @param {string} base @param {string} path @param {Manifest} manifest @param {RequestInit} options */
async function answer(base, path, manifest, options) {
  let response;
  try {
    response = await fetch(new URL(manifest.files[path].at, base), options);
  } catch (error) {
    throw lost(path, "network", messageOf(error));
  }
  if (!response.ok) throw lost(path, "status", `status ${response.status}`);
  return response;
}

/**
 * The bytes of a response, counted as they come; they have to be the manifest's.
 * @param {Response} response
 * @param {string} path
 * @param {Manifest} manifest
 * @param {Count} count
 */
async function drain(response, path, manifest, count) {
  const { bytes, sha256 } = manifest.files[path];
  const whole = new Uint8Array(bytes);
  let at = 0;
  try {
    const body = /** @type {ReadableStream<Uint8Array>} */ (response.body);
    for (const reader = body.getReader(); ; ) {
      const { done, value } = await reader.read();
      if (done) break;
      if (at + value.length <= whole.length) whole.set(value, at);
      at += value.length;
      count(value.length);
    }
  } catch (error) {
    count(-at);
    throw lost(path, "network", messageOf(error));
  }
  const wrong = at !== bytes ? lost(path, "size", `${at} bytes came instead of ${bytes}`) : await altered(whole, path, sha256);
  if (!wrong) return whole.buffer;
  count(-at);
  throw wrong;
}

/** @param {Uint8Array<ArrayBuffer>} content @param {string} path @param {string} sha256 */
async function altered(content, path, sha256) {
  if (!digest) return null;
  const found = Array.from(new Uint8Array(await digest("SHA-256", content)), (byte) => byte.toString(16).padStart(2, "0"));
  return found.join("") === sha256 ? null : lost(path, "hash", "other bytes came than belong to this page");
}

/** As the attribute `integrity` has it. @param {string} sha256 In hex. */
const integrity = (sha256) =>
  `sha256-${btoa(String.fromCharCode(...(sha256.match(/../g) ?? []).map((byte) => Number.parseInt(byte, 16))))}`;

/**
 * Once out of the cache, and where that has given something else than it should, once past it.
 * @template T
 * @param {(cache: RequestCache) => Promise<T>} read
 */
async function twice(read) {
  try {
    return await read(CACHES[0]);
  } catch (error) {
    const cause = error instanceof Fault ? error.more.cause : null;
    if (cause === "network") throw error; // a status may be kept as well: "not there" of a deploy that was half done
    return read(CACHES[1]);
  }
}

export const counted = {
  /** Download a file into `files`. @param {string} base @param {string} path @param {Manifest} manifest @param {Count} count */
  async bytes(base, path, manifest, count) {
    const content = await twice(async (cache) => drain(await answer(base, path, manifest, { cache }), path, manifest, count));
    files.set(new URL(path, base).href, content);
  },

  /** Compile a module while it comes. @param {string} base @param {string} path @param {Manifest} manifest @param {Count} count */
  module(base, path, manifest, count) {
    return twice(async (cache) => {
      const response = await answer(base, path, manifest, { cache });
      const copy = response.clone();
      const typed = response.headers.get("Content-Type")?.startsWith("application/wasm");
      const source = typed ? response : new Response(response.body, { headers: { "Content-Type": "application/wasm" } });
      const compiled = WebAssembly.compileStreaming(source);
      compiled.catch(() => {}); // a broken download is reported by the count below
      await drain(copy, path, manifest, count);
      return compiled;
    });
  },

  /**
   * Import a script; the browser tells its bytes only at the end, and itself holds them against the hash. A worker that
   * takes over what one of this tab has compiled takes its scripts as checked, too: to read them twice is 40 ms.
   * @param {string} base
   * @param {string} path
   * @param {Manifest} manifest
   * @param {Count} count
   * @param {boolean} unchecked
   */
  async script(base, path, manifest, count, unchecked) {
    const { at, bytes, sha256 } = manifest.files[path];
    const options = { integrity: integrity(sha256) };
    if (unchecked) {
      await answer(base, path, manifest, options).catch(() => answer(base, path, manifest, { ...options, cache: "reload" }));
    }
    try {
      const module = await import(new URL(at, base).href);
      count(bytes);
      return module;
    } catch (error) {
      throw lost(path, "network", messageOf(error));
    }
  },
};

/** Tells a build's modules from one another, the small ones that Python makes too. @param {Uint8Array | ArrayBuffer} source */
function identity(source) {
  const bytes = source instanceof ArrayBuffer ? new Uint8Array(source) : source;
  const step = (bytes.length >> 12) + 1; // of a large one some thousand bytes are enough
  let sum = 0;
  for (let at = 0; at < bytes.length; at += step) sum = (Math.imul(sum, 31) + bytes[at]) | 0;
  return `${bytes.length} ${sum}`;
}

/**
 * Let Pyodide find what has been downloaded: its own requests are answered from `files`, its module is `compiled`.
 * @param {WebAssembly.Module | null} compiled
 * @param {Modules} modules Those of packages are taken from here, and put here.
 * @returns {{restore: () => void, failure: Promise<never>}} What puts everything back; what fails if the module cannot
 *   be instantiated (no memory, a snapshot that does not fit): Pyodide only warns, and would wait for ever.
 */
export function intercept(compiled, modules = new Map()) {
  const before = Object.getOwnPropertyDescriptor(self, "fetch");
  const { Module, instantiate, instantiateStreaming } = WebAssembly;
  self.fetch = async (resource) => {
    const url = new URL(resource instanceof Request ? resource.url : resource, self.location.href).href;
    if (files.has(url)) return new Response(files.get(url));
    if (compiled && url.endsWith("/pyodide.asm.wasm")) return new Response(null);
    throw new TypeError(`${url} is no part of the runtime`);
  };
  /** @type {(error: unknown) => void} */
  let fail;
  const failure = /** @type {Promise<never>} */ (new Promise((_, reject) => (fail = reject)));
  failure.catch(() => {}); // may come when nobody listens any more
  if (compiled) {
    WebAssembly.instantiateStreaming = async (response, imports) => {
      await response;
      try {
        return { module: compiled, instance: await instantiate(compiled, imports) };
      } catch (error) {
        fail(error);
        throw error;
      }
    };
    /** @param {Parameters<typeof identity>[0]} source @param {() => WebAssembly.Module} make */
    const kept = (source, make) => {
      const key = identity(source);
      const module = modules.get(key) ?? make();
      modules.set(key, module);
      return module;
    };
    WebAssembly.Module = new Proxy(Module, { construct: (Made, [bytes]) => kept(bytes, () => new Made(bytes)) });
    WebAssembly.instantiate = /** @type {typeof instantiate} */ (
      async (/** @type {any} */ source, /** @type {WebAssembly.Imports} */ imports) => {
        const made = await instantiate(source, imports);
        if (made.module) kept(source, () => made.module);
        return made;
      }
    );
  }
  const restore = () => {
    if (before) Object.defineProperty(self, "fetch", before);
    else Reflect.deleteProperty(self, "fetch");
    Object.assign(WebAssembly, { Module, instantiate, instantiateStreaming });
  };
  return { restore, failure };
}
