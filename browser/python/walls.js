// What the worker's scope loses before the reader's code runs: everything but what computes. Python reaches JavaScript
// (`import js`), and a link may bring code that somebody else wrote; the site's caches, its storage, its workers and the
// page behind `postMessage` are none of its business. A list of what stays, so that what browsers add is gone too.
//
// The scripts of the worker hold what they need of it in variables that they export to nobody: code can import them.

const KEPT = new Set(
  (
    // of the language
    "Infinity NaN undefined eval isFinite isNaN parseFloat parseInt decodeURI decodeURIComponent encodeURI " +
    "encodeURIComponent escape unescape globalThis Object Function Boolean Symbol Error AggregateError EvalError " +
    "RangeError ReferenceError SuppressedError SyntaxError TypeError URIError Number BigInt Math Date String RegExp " +
    "Array Int8Array Uint8Array Uint8ClampedArray Int16Array Uint16Array Int32Array Uint32Array BigInt64Array " +
    "BigUint64Array Float16Array Float32Array Float64Array Map Set WeakMap WeakSet WeakRef FinalizationRegistry " +
    "ArrayBuffer SharedArrayBuffer DataView Atomics JSON Iterator Promise Reflect Proxy Intl WebAssembly Temporal " +
    // of browsers: what Pyodide computes with
    "self location navigator console performance crypto setTimeout clearTimeout setInterval clearInterval " +
    "queueMicrotask structuredClone atob btoa TextDecoder TextEncoder URL URLSearchParams Blob DOMException Event " +
    "EventTarget MessageChannel MessagePort MessageEvent AbortController AbortSignal ErrorEvent PromiseRejectionEvent " +
    "addEventListener removeEventListener WorkerGlobalScope DedicatedWorkerGlobalScope WorkerNavigator WorkerLocation " +
    "ReadableStream Response Headers Request ImageData TEMPORARY PERSISTENT"
  ).split(" "),
);
const OF_NAVIGATOR = new Set(["constructor", "userAgent", "platform", "language", "languages", "hardwareConcurrency", "onLine"]);

/** @param {any} object @param {(name: string) => boolean} stays @param {string[]} left Where what cannot go is named. */
function strip(object, stays, left) {
  for (let at = object; at && at !== Object.prototype && at !== EventTarget.prototype; at = Object.getPrototypeOf(at)) {
    for (const name of Object.getOwnPropertyNames(at)) {
      if (name === "constructor" || stays(name)) continue;
      if (!Reflect.deleteProperty(at, name) && !Reflect.defineProperty(at, name, { value: undefined })) left.push(name);
    }
  }
}

/**
 * Close the walls.
 * @param {any} scope The worker's.
 * @param {Iterable<string>} own Names that Pyodide has put there.
 * @returns {string[]} What could not be taken away.
 */
export function closeWalls(scope, own) {
  const [left, added] = [/** @type {string[]} */ ([]), new Set(own)];
  strip(scope.navigator, (name) => OF_NAVIGATOR.has(name), left);
  strip(scope, (name) => KEPT.has(name) || added.has(name), left);
  return left;
}

/** Names of a scope, before something is put into it. @param {object} scope */
export function namesOf(scope) {
  const names = new Set(/** @type {string[]} */ ([]));
  for (let at = scope; at; at = Object.getPrototypeOf(at)) Object.getOwnPropertyNames(at).forEach((name) => names.add(name));
  return names;
}
