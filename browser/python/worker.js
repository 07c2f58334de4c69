// The worker: Pyodide, loaded from the site alone, and the reader's code in it. What is said is in protocol.js.

import { Fault, handleMessage } from "./protocol.js";
import { SITE_PACKAGES, dropKit, keepKit, makeKit, restoreFiles, storedKit } from "./kit.js";
import { counted, files, intercept } from "./download.js";

const PROGRESS = 200; // ms between two reports of a download
const ENV = { HOME: "/home/reader", MPLBACKEND: "Agg" };
// What numpy, torch and the cell import beyond what Pyodide has itself: in the snapshot, so a restart finds it in memory.
const PRELOAD = "import __future__, ctypes, datetime, numbers, pickle, platform";

/** @type {any} */ let pyodide = null;
/** @type {any} */ let cells = null; // proxy of run_cell.Cells, for as long as the worker lives
/** @type {import("./protocol.js").Manifest | null} */ let manifest = null;
let base = "";
let unsaved = null; // a kit that is not yet in Cache Storage
let current = 0; // id of the request being answered
let wheels = {}; // pyodide-lock.json: name -> package
const present = new Set(["core", "editor"]); // groups that need no loading

/** @param {string} event @param {object} fields @param {Transferable[]} moved */
const post = (event, fields, moved = []) => postMessage({ id: current, event, ...fields }, moved);
const status = (state) => post("status", { state });

/** The plain value of a Python object, which is gone after. */
function taken(proxy) {
  try {
    return proxy.toJs({ dict_converter: Object.fromEntries });
  } finally {
    proxy.destroy();
  }
}

/** Run a function while its downloads are reported; the sum over all of them. */
async function reported(stage, paths, read) {
  const total = paths.reduce((sum, path) => sum + manifest.files[path].bytes, 0);
  const state = { loaded: 0 };
  const report = () => post("progress", { stage, loaded: Math.min(state.loaded, total), total });
  const timer = setInterval(report, PROGRESS);
  report();
  try {
    return await read((bytes) => (state.loaded += bytes));
  } finally {
    clearInterval(timer);
    report();
  }
}

/** Download what a start needs and has not; the compiled module. */
async function download(kit) {
  const at = (name) => manifest.index + name;
  const scripts = [at("pyodide.mjs"), at("pyodide.asm.js")];
  const data = kit ? [at("pyodide-lock.json")] : manifest.groups.core.files.filter((path) => !scripts.includes(path));
  const plain = data.filter((path) => !path.endsWith(".wasm"));
  const wasm = kit?.module ? [] : [at("pyodide.asm.wasm")];
  return reported("download", [...plain, ...wasm, ...scripts], async (count) => {
    const module = wasm.length ? counted.module(base, wasm[0], manifest, count) : kit.module;
    const parts = plain.map((path) => counted.bytes(base, path, manifest, count));
    const code = scripts.map((path) => counted.script(base, path, manifest, count));
    const [compiled, [{ loadPyodide }]] = await Promise.all([module, Promise.all(code), Promise.all(parts)]);
    return { compiled, loadPyodide };
  });
}

/** Start Python: from a kit where there is one, else from the beginning. */
async function start(kit) {
  const { compiled, loadPyodide } = await download(kit);
  const stdlib = new URL(manifest.index + "python_stdlib.zip", base).href;
  if (kit) {
    files.set(stdlib, kit.stdlib);
    kit.module = compiled;
  }
  const lock = new TextDecoder().decode(files.get(new URL(manifest.index + "pyodide-lock.json", base).href));
  wheels = JSON.parse(lock).packages;

  post("progress", { stage: "start", loaded: 1, total: 1 });
  const indexURL = new URL(manifest.index, base).href;
  const options = { indexURL, packageBaseUrl: indexURL, lockFileContents: lock, env: ENV, checkAPIVersion: true };
  const memory = kit ? { _loadSnapshot: kit.snapshot } : { _makeSnapshot: true };
  const { restore, failure } = intercept(compiled);
  try {
    pyodide = await Promise.race([loadPyodide({ ...options, ...memory }), failure]);
    const say = (stream) => ({ batched: (text) => post("output", { stream, text: `${text}\n` }) });
    pyodide.setStdout(say("stdout"));
    pyodide.setStderr(say("stderr"));
    pyodide.setStdin({ stdin: () => null }); // input() ends with EOFError
    let snapshot = null;
    if (!kit) {
      pyodide.runPython(PRELOAD);
      snapshot = pyodide.makeMemorySnapshot();
    }
    await packages(kit);
    if (!kit) unsaved = makeKit(pyodide, manifest.version, compiled, snapshot, files.get(stdlib));
  } finally {
    restore();
    files.clear();
  }
}

/** Put the packages and our own Python in place and import what every page needs. */
async function packages(kit) {
  post("progress", { stage: "packages", loaded: 1, total: 1 });
  if (kit) {
    restoreFiles(pyodide, kit);
    for (const name of manifest.packages) pyodide.loadedPackages[name] = "default channel";
  } else {
    await pyodide.loadPackage(manifest.packages, { messageCallback() {}, checkIntegrity: false });
    for (const path of manifest.archives) {
      pyodide.unpackArchive(files.get(new URL(path, base).href), "zip", { extractDir: SITE_PACKAGES });
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

/** The runtime is there, or a Fault says why not. */
async function load(message) {
  if (cells) return { version: manifest.version, python: pyodide.version, seconds: 0 };
  const began = performance.now();
  manifest = message.manifest;
  base = new URL(message.base).href;
  if (!manifest.installed) throw new Fault("load", manifest.reason, { file: null, cause: "start" });
  if (new URL(base).origin !== self.location.origin) throw new Fault("protocol", `${base} is another origin`);
  status("loading");
  const own = message.kit?.version === manifest.version;
  const given = own ? message.kit : await storedKit(manifest.version);
  try {
    await begin(given);
  } catch (error) {
    cells = null;
    status("failed");
    if (error instanceof Fault) throw error;
    throw new Fault("load", String(error?.message ?? error), { file: null, cause: "start" });
  }
  if (unsaved) post("kit", { kit: unsaved });
  else if (own) unsaved = given; // the stopped worker may not have come to it
  else if (given) post("kit", { kit: given });
  status("ready");
  return { version: manifest.version, python: pyodide.version, seconds: (performance.now() - began) / 1000 };
}

/** Start with a kit; one that does not fit this browser any more is no reason to fail. */
async function begin(kit) {
  if (!kit) return start(null);
  try {
    await start(kit);
  } catch (error) {
    if (error instanceof Fault) throw error;
    console.warn("the kept start state cannot be used:", error);
    await dropKit(kit.version);
    await start(null);
  }
}

/** Load the optional groups that a code imports. */
async function need(code) {
  const names = taken(cells.imports(code));
  const groups = new Set(names.map((name) => (Object.hasOwn(manifest.imports, name) ? manifest.imports[name] : "core")));
  for (const group of groups) {
    if (present.has(group)) continue;
    const paths = manifest.groups[group].files;
    await reported(group, paths, (count) => Promise.all(paths.map((path) => counted.bytes(base, path, manifest, count))));
    const { restore } = intercept(null);
    try {
      const wanted = Object.keys(wheels).filter((name) => paths.includes(manifest.index + wheels[name].file_name));
      await pyodide.loadPackage(wanted, { messageCallback() {}, checkIntegrity: false });
      present.add(group);
    } finally {
      restore();
      files.clear();
    }
  }
}

/** Run a block; what it printed has been sent by then. */
async function run(message) {
  if (!cells) throw new Fault("protocol", "run before load");
  await need(message.code);
  status("running");
  const emit = (event, fields) => {
    const plain = fields.toJs({ dict_converter: Object.fromEntries });
    if (plain.bytes) plain.bytes = plain.bytes.slice().buffer;
    post(event, plain, plain.bytes ? [plain.bytes] : []);
  };
  let answer;
  try {
    answer = taken(cells.run(message.page, message.block, message.code, message.setup ?? "", emit));
  } catch (error) {
    cells = null;
    status("failed");
    const text = String(error?.message ?? error);
    throw new Fault("crash", text.split("\n", 1)[0], { traceback: String(error?.stack ?? text) });
  }
  status("ready");
  if (answer.error) {
    const { kind, message: text, ...more } = answer.error;
    throw new Fault(kind, text, more);
  }
  return answer.result;
}

async function reset(message) {
  cells?.reset(message.page ?? null);
  return {};
}

async function check(message) {
  if (!cells) throw new Fault("protocol", "check before load");
  return taken(cells.check(message.code));
}

const actions = { load, run, reset, check };
let queue = Promise.resolve();
self.onmessage = ({ data }) => {
  queue = queue.then(async () => {
    current = data?.id ?? 0;
    postMessage(await handleMessage(data, actions));
    if (unsaved && data?.type === "run") {
      const kit = unsaved;
      unsaved = null;
      keepKit(kit).catch((error) => console.warn("the start state is not kept:", error)); // no room: the next visit is slower
    }
  });
};
