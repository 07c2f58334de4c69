// The worker: Pyodide, loaded from the site alone, and the reader's code in it. What is said is in protocol.js.

import { Fault, handleMessage, messageOf } from "./protocol.js";
import { makeKit, restoreFiles } from "./kit.js";
import { counted, files, intercept } from "./download.js";
import { closeWalls, namesOf } from "./walls.js";

/**
 * @typedef {import("./protocol.js").Kit} Kit
 * @typedef {import("./protocol.js").Manifest} Manifest
 *
 * What is used of Pyodide, and of run_cell.py in it.
 * @typedef {{toJs: (options: object) => any, destroy: () => void}} Proxy A Python object.
 * @typedef {object} Cells
 * @property {Runner & {callPromising: (...fields: Parameters<Runner>) => Promise<Proxy>}} run
 * @property {(page: string | null) => void} reset
 * @property {(code: string) => Proxy} imports
 * @property {(group: string) => void} came
 * @property {(page: string, code: string, at: number) => Proxy} complete
 * @property {(page: string) => Proxy} variables
 * @typedef {(page: string, block: string, code: string, setup: string, emit: (event: string, fields: Proxy) => void,
 *   ask: ((prompt: string) => Promise<string>) | null) => Proxy} Runner
 * @typedef {object} Pyodide
 * @property {string} version
 * @property {import("./kit.js").FileSystem} FS
 * @property {Record<string, string>} loadedPackages
 * @property {(stream: {batched: (text: string) => void}) => void} setStdout
 * @property {(stream: {batched: (text: string) => void}) => void} setStderr
 * @property {(stream: {stdin: () => null}) => void} setStdin
 * @property {(code: string) => unknown} runPython
 * @property {() => Uint8Array<ArrayBuffer>} makeMemorySnapshot
 * @property {(names: string[], options: object) => Promise<unknown>} loadPackage
 * @property {(archive: ArrayBuffer, format: "zip", options: {extractDir: string}) => void} unpackArchive
 * @property {(name: string) => {Cells: () => Cells, destroy: () => void}} pyimport
 */

// Held here, and exported to nobody: the walls (walls.js) take them out of the scope before the reader's code runs.
const send = /** @type {(message: object, moved?: Transferable[]) => void} */ (self.postMessage.bind(self));
const origin = self.location.origin;
const before = namesOf(self);
// Whether Python can wait for a promise in the midst of a call: then `input()` can ask the page.
const canWait = "Suspending" in WebAssembly;
const ASKS = /\binput\s*\(|\bstdin\b|\bbreakpoint\s*\(|\bpdb\b/; // waiting costs a stack of its own, so only what asks is run so

const PROGRESS = 200; // ms between two reports of a download
const ENV = { HOME: "/home/reader", MPLBACKEND: "module://wiki_backend" };
// What numpy, torch and the cell import beyond what Pyodide has itself: in the snapshot, so a restart finds it in memory.
const PRELOAD = "import __future__, ctypes, dataclasses, datetime, importlib.metadata, numbers, pickle, platform";

/** @type {Pyodide} */ let pyodide;
/** @type {Manifest} */ let manifest; // of the last request to load, which comes first
/** @type {Cells | null} */ let cells = null; // for as long as the worker lives
let base = "";
/** @type {Kit | null} */ let made = null; // a kit that the client has not got
/** @type {import("./protocol.js").Modules} */ let modules = new Map();
/** @type {((text: string) => void) | null} */ let answered = null; // by which code goes on that waits for a line
let walled = false;
let current = 0; // id of the request being answered
/** @type {Record<string, {file_name: string}>} */ let wheels = {}; // pyodide-lock.json: name -> package
const present = new Set(["core"]); // groups that need no loading

/** @param {import("./protocol.js").Told} told @param {Transferable[]} moved */
const post = (told, moved = []) => send({ ...told, id: current }, moved);
/** @param {import("./protocol.js").State} state */
const status = (state) => post({ event: "status", state });
/** @param {string} stage */
const reached = (stage) => post({ event: "progress", stage, loaded: 1, total: 1 });
/** A file that was downloaded. @param {string} path */
const downloaded = (path) => /** @type {ArrayBuffer} */ (files.get(new URL(path, base).href));

/** The plain value of a Python object, which is gone after. @param {Proxy} proxy */
function taken(proxy) {
  try {
    return proxy.toJs({ dict_converter: Object.fromEntries });
  } finally {
    proxy.destroy();
  }
}

/**
 * Run a function while its downloads are reported; the sum over all of them.
 * @template T
 * @param {string} stage
 * @param {string[]} paths
 * @param {(count: import("./download.js").Count) => Promise<T>} read
 */
async function reported(stage, paths, read) {
  const total = paths.reduce((sum, path) => sum + manifest.files[path].bytes, 0);
  const state = { loaded: 0 };
  const report = () => post({ event: "progress", stage, loaded: Math.min(state.loaded, total), total });
  const timer = setInterval(report, PROGRESS);
  report();
  try {
    return await read((bytes) => void (state.loaded += bytes));
  } finally {
    clearInterval(timer);
    report();
  }
}

/** Download what a start needs and has not; the compiled module. @param {Kit | null} kit */
async function download(kit) {
  const at = (/** @type {string} */ name) => manifest.index + name;
  const scripts = [at("pyodide.mjs"), at("pyodide.asm.js")];
  const data = kit ? [at("pyodide-lock.json")] : manifest.groups.core.files.filter((path) => !scripts.includes(path));
  const plain = data.filter((path) => !path.endsWith(".wasm"));
  const wasm = at("pyodide.asm.wasm");
  const had = modules.get(wasm);
  return reported("download", [...plain, ...(had ? [] : [wasm]), ...scripts], async (count) => {
    const module = had ?? counted.module(base, wasm, manifest, count);
    const parts = plain.map((path) => counted.bytes(base, path, manifest, count));
    const code = scripts.map((path) => counted.script(base, path, manifest, count, !had));
    const [compiled, [{ loadPyodide }]] = await Promise.all([module, Promise.all(code), Promise.all(parts)]);
    modules.set(wasm, compiled);
    return { compiled, loadPyodide };
  });
}

/** Start Python: from a kit where there is one, else from the beginning. @param {Kit | null} kit */
async function start(kit) {
  const { compiled, loadPyodide } = await download(kit);
  const stdlib = `${manifest.index}python_stdlib.zip`;
  if (kit) files.set(new URL(stdlib, base).href, kit.stdlib);
  const lock = new TextDecoder().decode(downloaded(`${manifest.index}pyodide-lock.json`));
  wheels = JSON.parse(lock).packages;

  reached("start");
  const indexURL = new URL(manifest.index, base).href;
  const options = { indexURL, packageBaseUrl: indexURL, lockFileContents: lock, env: ENV, checkAPIVersion: true };
  const memory = kit ? { _loadSnapshot: kit.snapshot } : { _makeSnapshot: true };
  const { restore, failure } = intercept(compiled, modules);
  try {
    pyodide = await Promise.race([loadPyodide({ ...options, ...memory }), failure]);
    /** @param {"stdout" | "stderr"} stream */
    const say = (stream) => ({
      batched: (/** @type {string} */ text) => post({ event: "output", stream, text: `${text}\n` }),
    });
    pyodide.setStdout(say("stdout"));
    pyodide.setStderr(say("stderr"));
    pyodide.setStdin({ stdin: () => null }); // input() ends with EOFError
    if (kit) await packages(kit);
    else {
      pyodide.runPython(PRELOAD);
      const snapshot = pyodide.makeMemorySnapshot().buffer;
      await packages(null);
      const parts = { version: manifest.version, snapshot, stdlib: downloaded(stdlib).slice(0) };
      made = makeKit(pyodide.FS, manifest.sitePackages, parts);
    }
  } finally {
    restore();
    files.clear();
  }
}

/** Put the packages and our own Python in place and import what every page needs. @param {Kit | null} kit */
async function packages(kit) {
  reached("packages");
  if (kit) {
    restoreFiles(pyodide.FS, kit);
    for (const name of manifest.packages) pyodide.loadedPackages[name] = "default channel";
  } else {
    await pyodide.loadPackage(manifest.packages, { messageCallback() {}, checkIntegrity: false });
    for (const path of manifest.archives) {
      pyodide.unpackArchive(downloaded(path), "zip", { extractDir: manifest.sitePackages });
    }
  }
  pyodide.runPython("import importlib, random; importlib.invalidate_caches(); random.seed()");
  for (const name of manifest.warm) pyodide.pyimport(name).destroy();
  const module = pyodide.pyimport("run_cell");
  try {
    cells = module.Cells();
  } finally {
    module.destroy();
  }
}

/** The runtime is there, or a Fault says why not. @param {import("./protocol.js").Load} message */
async function load(message) {
  if (cells) return { version: manifest.version, python: pyodide.version, seconds: 0 };
  const began = performance.now();
  manifest = message.manifest;
  base = new URL(message.base).href;
  if (!manifest.installed) throw new Fault("load", manifest.reason, { file: null, cause: "start" });
  if (new URL(base).origin !== origin) throw new Fault("protocol", `${base} is another origin`);
  status("loading");
  const given = message.kit?.version === manifest.version ? message.kit : null;
  modules = message.modules ?? modules;
  try {
    await begin(given);
  } catch (error) {
    cells = null;
    status("failed");
    if (error instanceof Fault) throw error;
    throw new Fault("load", messageOf(error), { file: null, cause: "start" });
  }
  if (made) post({ event: "kit", kit: made }, [made.snapshot, made.stdlib, made.image]);
  made = null;
  post({ event: "compiled", modules });
  status("ready");
  return { version: manifest.version, python: pyodide.version, seconds: (performance.now() - began) / 1000 };
}

/** Start with a kit; one that does not fit this browser any more is no reason to fail. @param {Kit | null} kit */
async function begin(kit) {
  if (!kit) return start(null);
  try {
    await start(kit);
  } catch (error) {
    if (error instanceof Fault) throw error;
    console.warn("the kept start state cannot be used:", error);
    await start(null);
  }
}

/** Load the optional groups that a code imports. @param {string[]} names */
async function need(names) {
  const groups = new Set(names.map((name) => (Object.hasOwn(manifest.imports, name) ? manifest.imports[name] : "core")));
  for (const group of groups) {
    if (present.has(group)) continue;
    const paths = manifest.groups[group].files;
    await reported(group, paths, (count) => Promise.all(paths.map((path) => counted.bytes(base, path, manifest, count))));
    const { restore } = intercept(null);
    try {
      for (const path of paths.filter((name) => name.endsWith(".zip"))) {
        pyodide.unpackArchive(downloaded(path), "zip", { extractDir: manifest.sitePackages });
      }
      const wanted = Object.keys(wheels).filter((name) => paths.includes(manifest.index + wheels[name].file_name));
      await pyodide.loadPackage(wanted, { messageCallback() {}, checkIntegrity: false });
      for (const path of paths.filter((name) => name.endsWith(".ttf"))) {
        pyodide.FS.writeFile(`${manifest.sitePackages}/${path.split("/").at(-1)}`, new Uint8Array(downloaded(path)), { canOwn: true });
      }
      cells?.came(group);
      present.add(group);
    } finally {
      restore();
      files.clear();
    }
  }
}

/** Nothing of the site is left in reach, from here on. Not earlier: Pyodide starts with what browsers have. */
function wall() {
  if (walled) return;
  walled = true;
  const own = [...namesOf(self)].filter((name) => !before.has(name));
  const left = closeWalls(self, own);
  if (left.length) console.warn("the worker keeps:", left.join(" "));
}

/** A line from the reader. @param {string} prompt @returns {Promise<string>} */
function ask(prompt) {
  return new Promise((resolve) => {
    answered = resolve;
    post({ event: "input", prompt });
  });
}

/** Run a block; what it printed has been sent by then. @param {import("./protocol.js").Run} message */
async function run(message) {
  if (!cells) throw new Fault("protocol", "run before load");
  await need(taken(cells.imports(message.code)));
  wall();
  status("running");
  const emit = (/** @type {string} */ event, /** @type {Proxy} */ fields) => {
    const plain = fields.toJs({ dict_converter: Object.fromEntries });
    if (plain.bytes) plain.bytes = plain.bytes.slice().buffer;
    post({ event, ...plain }, plain.bytes ? [plain.bytes] : []);
  };
  const { page, block, code, setup = "" } = message;
  let answer;
  try {
    const waits = canWait && (ASKS.test(code) || ASKS.test(setup));
    answer = taken(
      waits ? await cells.run.callPromising(page, block, code, setup, emit, ask) : cells.run(page, block, code, setup, emit, null),
    );
  } catch (error) {
    cells = null;
    status("failed");
    const text = messageOf(error);
    const traceback = error instanceof Error ? error.stack : text;
    throw new Fault("crash", text.split("\n", 1)[0], { traceback });
  }
  status("ready");
  if (answer.error) {
    const { kind, message: text, ...more } = answer.error;
    throw new Fault(kind, text, more);
  }
  return answer.result;
}

/** @param {import("./protocol.js").Reset} message */
async function reset(message) {
  cells?.reset(message.page ?? null);
  return {};
}

/** @param {import("./protocol.js").Complete} message */
async function complete({ page, code, at }) {
  return cells ? taken(cells.complete(page, code, at)) : { from: at, names: [], signature: "" };
}

/** @param {import("./protocol.js").Variables} message */
async function variables({ page }) {
  return { variables: cells ? taken(cells.variables(page)) : [] };
}

const actions = { load, run, reset, complete, variables };
let queue = Promise.resolve();
self.addEventListener("message", (/** @type {MessageEvent} */ { data, isTrusted }) => {
  if (!isTrusted) return; // made by the reader's code
  if (typeof data?.answer === "string") {
    answered?.(data.answer);
    answered = null;
    return;
  }
  queue = queue.then(async () => {
    current = data?.id ?? 0;
    send(await handleMessage(data, actions));
  });
});
