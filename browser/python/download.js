// Files of the runtime: fetched with their bytes counted, and handed to Pyodide when it asks for them.

import { Fault, messageOf } from "./protocol.js";

/**
 * @typedef {import("./protocol.js").Manifest} Manifest
 * @typedef {(bytes: number) => void} Count Told of every piece that came.
 */

/** @type {Map<string, ArrayBuffer>} What has been downloaded and not yet been used, by address. */
export const files = new Map();

/** @param {string} path @param {"network" | "status" | "size"} cause @param {string} message */
const lost = (path, cause, message) => new Fault("load", `${path}: ${message}`, { file: path, cause });

/** @param {string} base @param {string} path */
async function answer(base, path) {
  let response;
  try {
    response = await fetch(new URL(path, base));
  } catch (error) {
    throw lost(path, "network", messageOf(error));
  }
  if (!response.ok) throw lost(path, "status", `status ${response.status}`);
  return response;
}

/**
 * The bytes of a response, counted as they come; their number has to be the manifest's.
 * @param {Response} response
 * @param {string} path
 * @param {Manifest} manifest
 * @param {Count} count
 */
async function drain(response, path, manifest, count) {
  const whole = new Uint8Array(manifest.files[path].bytes);
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
    throw lost(path, "network", messageOf(error));
  }
  if (at !== whole.length) throw lost(path, "size", `${at} bytes came instead of ${whole.length}`);
  return whole.buffer;
}

export const counted = {
  /** Download a file into `files`. @param {string} base @param {string} path @param {Manifest} manifest @param {Count} count */
  async bytes(base, path, manifest, count) {
    files.set(new URL(path, base).href, await drain(await answer(base, path), path, manifest, count));
  },

  /** Compile a module while it comes. @param {string} base @param {string} path @param {Manifest} manifest @param {Count} count */
  async module(base, path, manifest, count) {
    const response = await answer(base, path);
    const copy = response.clone();
    const typed = response.headers.get("Content-Type")?.startsWith("application/wasm");
    const source = typed ? response : new Response(response.body, { headers: { "Content-Type": "application/wasm" } });
    const compiled = WebAssembly.compileStreaming(source);
    compiled.catch(() => {}); // a broken download is reported by the count below
    await drain(copy, path, manifest, count);
    return compiled;
  },

  /**
   * Import a script; the browser tells its bytes only at the end.
   * @param {string} base
   * @param {string} path
   * @param {Manifest} manifest
   * @param {Count} count
   */
  async script(base, path, manifest, count) {
    try {
      const module = await import(new URL(path, base).href);
      count(manifest.files[path].bytes);
      return module;
    } catch (error) {
      throw lost(path, "network", messageOf(error));
    }
  },
};

/**
 * Let Pyodide find what has been downloaded: its own requests are answered from `files`, its module is `compiled`.
 * @param {WebAssembly.Module | null} compiled
 * @returns {{restore: () => void, failure: Promise<never>}} What puts everything back; what fails if the module cannot
 *   be instantiated (no memory, a snapshot that does not fit): Pyodide only warns, and would wait for ever.
 */
export function intercept(compiled) {
  const { fetch } = self;
  const { instantiateStreaming } = WebAssembly;
  self.fetch = async (resource, options) => {
    const url = new URL(resource instanceof Request ? resource.url : resource, self.location.href).href;
    if (files.has(url)) return new Response(files.get(url));
    if (compiled && url.endsWith("/pyodide.asm.wasm")) return new Response(null);
    return fetch(resource, options);
  };
  /** @type {(error: unknown) => void} */
  let fail;
  const failure = /** @type {Promise<never>} */ (new Promise((_, reject) => (fail = reject)));
  failure.catch(() => {}); // may come when nobody listens any more
  if (compiled) {
    WebAssembly.instantiateStreaming = async (response, imports) => {
      await response;
      try {
        return { module: compiled, instance: await WebAssembly.instantiate(compiled, imports) };
      } catch (error) {
        fail(error);
        throw error;
      }
    };
  }
  const restore = () => {
    self.fetch = fetch;
    WebAssembly.instantiateStreaming = instantiateStreaming;
  };
  return { restore, failure };
}
