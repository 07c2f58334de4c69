/** The offline copy: a service worker that keeps what was loaded, and the way to be rid of it. */

import { labels } from "../cell/labels.js";

const RUNTIME = new URL("../", import.meta.url);
const ROOT = new URL("../", RUNTIME);
const CACHES = "openllm-wiki-"; // the worker's kept start state is one of them

/** @type {Promise<{ok: boolean, reason?: string}> | null} */
let keeping = null;

/**
 * Keep this page and the runtime for the next visit without network; once for the tab.
 * @param {import("../python/protocol.js").Manifest} manifest
 * @returns {Promise<HTMLElement | null>} What to tell the reader the first time; null later, and where browsers offer no such thing.
 */
export async function keep(manifest) {
  if (keeping || !("serviceWorker" in navigator)) return null;
  keeping = askWorker(manifest);
  const answer = await keeping.catch((error) => ({ ok: false, reason: String(error?.message ?? error) }));
  return answer.ok ? keptNote() : failedNote(answer.reason ?? "");
}

/** @param {import("../python/protocol.js").Manifest} manifest */
async function askWorker(manifest) {
  const { core, editor } = manifest.groups;
  const grouped = new Set(Object.values(manifest.groups).flatMap(({ files }) => files));
  const scripts = Object.keys(manifest.files).filter((path) => /\.(js|css)$/.test(path) && !grouped.has(path));
  const paths = ["manifest.json", ...scripts, ...core.files, ...(editor?.installed ? editor.files : [])];
  const loaded = performance.getEntriesByType("resource").map(({ name }) => name);
  const pages = [location.href.split("#")[0], ...loaded.filter((address) => address.startsWith(ROOT.href))];
  const runtime = [...new Set(paths)].map((path) => new URL(path, RUNTIME).href);
  const registration = await navigator.serviceWorker.register(new URL("service_worker.js", ROOT), { scope: ROOT.pathname });
  const worker = registration.active ?? (await activated(registration));
  return ask(worker, {
    type: "keep",
    version: manifest.version,
    runtime,
    pages: [...new Set(pages)].filter((address) => !address.startsWith(RUNTIME.href)),
  });
}

/** @param {ServiceWorkerRegistration} registration @returns {Promise<ServiceWorker>} */
function activated(registration) {
  return new Promise((resolve, reject) => {
    const worker = registration.installing ?? registration.waiting;
    if (!worker) return reject(new Error("no service worker"));
    const look = () => {
      if (worker.state === "activated") resolve(worker);
      else if (worker.state === "redundant") reject(new Error("the service worker was rejected"));
    };
    worker.addEventListener("statechange", look);
    look();
  });
}

/** @param {ServiceWorker} worker @param {object} message @returns {Promise<{ok: boolean, reason?: string}>} */
function ask(worker, message) {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = (answer) => {
      port1.close();
      resolve(answer.data);
    };
    worker.postMessage(message, [port2]);
  });
}

/** Remove everything that was kept. */
export async function clear() {
  const registration = await navigator.serviceWorker.getRegistration(ROOT.href);
  await registration?.unregister();
  for (const name of await caches.keys()) if (name.startsWith(CACHES)) await caches.delete(name);
  keeping = null;
}

function keptNote() {
  const label = labels();
  const button = document.createElement("button");
  const note = document.createElement("p");
  button.type = "button";
  button.textContent = label.clear;
  button.addEventListener("click", async () => {
    await clear();
    note.replaceChildren(label.cleared);
  });
  note.className = "wiki-cell__offline";
  note.setAttribute("role", "status");
  note.append(`${label.kept} · `, button);
  return note;
}

/** @param {string} reason */
function failedNote(reason) {
  const label = labels();
  const note = document.createElement("p");
  note.className = "wiki-cell__offline";
  note.textContent = `${label.keptFailed}${label.because}${reason === "quota" ? label.quota : reason}`;
  return note;
}
