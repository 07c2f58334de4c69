/** The offline copy: a service worker that keeps what was loaded, and the way to be rid of it. */

import { labels } from "../cell/labels.js";

const RUNTIME = new URL("../", import.meta.url);
const ROOT = new URL("../", RUNTIME);
const CACHES = "openllm-wiki-"; // the worker's kept start state is one of them

const REFUSED = "openllm-wiki-offline"; // in localStorage: the reader wants no copy

/** @type {Promise<{ok: boolean, reason?: string}> | null} */
let keeping = null;
/** @type {Set<string>} */
const keptGroups = new Set();

/** Whether the reader has cleared the copy and wants none. @param {boolean} [now] Remember this. */
function refused(now) {
  try {
    if (now === false) localStorage.removeItem(REFUSED);
    else if (now) localStorage.setItem(REFUSED, "no");
    return localStorage.getItem(REFUSED) !== null;
  } catch {
    return now ?? false; // nothing can be remembered in this browser
  }
}

/**
 * Keep this page and the runtime for the next visit without network; once for the tab, and again for a group that came later.
 * @param {import("../python/protocol.js").Manifest} manifest
 * @param {Iterable<string>} groups Those that were used.
 * @returns {Promise<HTMLElement | null>} What to tell the reader the first time; null later, and where browsers offer no such thing.
 */
export async function keep(manifest, groups) {
  const more = [...groups].filter((group) => !keptGroups.has(group));
  if (!more.length || !("serviceWorker" in navigator)) return null;
  const first = !keptGroups.size;
  for (const group of more) keptGroups.add(group);
  if (refused()) return first ? refusedNote(manifest, groups) : null;
  const before = keeping;
  keeping = Promise.resolve(before).then(() => askWorker(manifest, keptGroups));
  const answer = await keeping.catch((error) => ({ ok: false, reason: String(error?.message ?? error) }));
  if (!first && answer.ok) return null;
  return answer.ok ? keptNote(manifest, await used()) : failedNote(answer.reason ?? "");
}

/** Bytes that the site takes here; 0 where a browser does not say. */
async function used() {
  const estimate = await navigator.storage?.estimate?.().catch(() => null);
  return estimate?.usage ?? 0;
}

/** @param {import("../python/protocol.js").Manifest} manifest @param {Iterable<string>} groups */
async function askWorker(manifest, groups) {
  const answer = await fetch(new URL("manifest.json", RUNTIME), { cache: "no-cache" });
  const { scripts = {} } = await answer.json();
  const files = [...groups].flatMap((group) => manifest.groups[group]?.files ?? []).map((path) => manifest.files[path].at);
  const loaded = performance.getEntriesByType("resource").map(({ name }) => name);
  const ours = loaded.filter((address) => address.startsWith(ROOT.href));
  const named = ["manifest.json", ...Object.keys(scripts).filter((path) => ours.includes(new URL(path, RUNTIME).href))];
  const paths = [...named, ...Object.values(scripts), ...files].map((path) => new URL(path, RUNTIME).href);
  const runtime = [...new Set([...paths, ...ours.filter((address) => address.startsWith(RUNTIME.href))])];
  const registration = await navigator.serviceWorker.register(new URL("service_worker.js", ROOT), { scope: ROOT.pathname });
  const worker = registration.active ?? (await activated(registration));
  const pages = new Set([location.href.split("#")[0], ...ours.filter((address) => !address.startsWith(RUNTIME.href))]);
  return ask(worker, { type: "keep", version: manifest.version, runtime, pages: [...pages] });
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

/** Remove everything that was kept, and keep no more. */
export async function clear() {
  refused(true);
  const registration = await navigator.serviceWorker.getRegistration(ROOT.href);
  await registration?.unregister();
  for (const name of await caches.keys()) if (name.startsWith(CACHES)) await caches.delete(name);
  keeping = null;
  keptGroups.clear();
}

/** @param {string} text @param {string} action @param {(note: HTMLElement) => Promise<void>} act */
function noteWith(text, action, act) {
  const button = document.createElement("button");
  const note = document.createElement("p");
  button.type = "button";
  button.textContent = action;
  button.addEventListener("click", () => act(note));
  note.className = "wiki-cell__offline";
  note.setAttribute("role", "status");
  note.append(text, " · ", button);
  return note;
}

/** @param {import("../python/protocol.js").Manifest} manifest @param {number} bytes @returns {HTMLElement} */
function keptNote(manifest, bytes) {
  const label = labels();
  return noteWith(label.kept(bytes), label.clear, async (note) => {
    const groups = [...keptGroups];
    await clear();
    note.replaceChildren(label.cleared);
    for (const group of groups) keptGroups.add(group);
  });
}

/** @param {import("../python/protocol.js").Manifest} manifest @param {Iterable<string>} groups */
function refusedNote(manifest, groups) {
  const label = labels();
  return noteWith(label.keptNot, label.keepAgain, async (note) => {
    refused(false);
    keptGroups.clear();
    note.replaceWith((await keep(manifest, groups)) ?? "");
  });
}

/** @param {string} reason */
function failedNote(reason) {
  const label = labels();
  const note = document.createElement("p");
  note.className = "wiki-cell__offline";
  note.textContent = `${label.keptFailed}${label.because}${reason === "quota" ? label.quota : reason}`;
  return note;
}
