/**
 * Keeps pages that were visited, and the runtime once it has run, for visits without network. It answers from the
 * network whenever there is one, so nothing on show is ever old; registered by the first Run, never by a mere visit.
 *
 * Two caches for each site of an origin (the scope is part of the name): pages, and the runtime of one version, which is
 * complete or absent.
 */

const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));
const SCOPE = new URL(worker.registration.scope);
const PAGES = `openllm-wiki-pages-1 ${SCOPE.pathname}`;
const RUNTIME = `openllm-wiki-runtime-1 ${SCOPE.pathname} `; // + version
const MOST_PAGES = 600; // pages and what they load; the oldest go first
const PATIENCE_MS = 4000; // a page that is kept is shown after this, on a network that is there but says nothing

worker.addEventListener("install", () => worker.skipWaiting());
worker.addEventListener("activate", (event) => event.waitUntil(activate()));
worker.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  const ours = url.origin === SCOPE.origin && url.pathname.startsWith(SCOPE.pathname);
  if (ours && event.request.method === "GET" && !event.request.headers.has("range")) event.respondWith(answer(event));
});
worker.addEventListener("message", (event) => {
  if (event.data?.type === "keep") event.waitUntil(keep(event.data).then((result) => event.ports[0]?.postMessage(result)));
});

/** Caches of older forms of this file go; so does nothing of other sites. */
async function activate() {
  for (const name of await caches.keys()) {
    const mine = /^openllm-wiki-(pages|runtime)-/.test(name) && name.split(" ")[1] === SCOPE.pathname;
    if (mine && name !== PAGES && !name.startsWith(RUNTIME)) await caches.delete(name);
  }
  await worker.clients.claim();
}

/** @param {string} url */
const isRuntime = (url) => new URL(url).pathname.startsWith(`${SCOPE.pathname}runtime/`);

/** @param {FetchEvent} event */
async function answer(event) {
  const { request } = event;
  const network = fetch(request);
  try {
    const response = await (request.mode === "navigate" ? patiently(network, request) : network);
    if (response.ok && response.status === 200 && !isRuntime(request.url)) {
      event.waitUntil(keepPage(event, response.clone()).catch(() => {})); // no room: it is not there offline
    }
    return response;
  } catch (error) {
    return (await kept(request)) ?? (request.mode === "navigate" ? notKept() : Promise.reject(error));
  }
}

/**
 * The network's answer, unless it is slow and the page is kept.
 * @param {Promise<Response>} network
 * @param {Request} request
 * @returns {Promise<Response>}
 */
async function patiently(network, request) {
  const copy = await kept(request);
  if (!copy) return network;
  const slow = new Promise((resolve) => setTimeout(() => resolve(copy), PATIENCE_MS));
  return Promise.race([network, slow]);
}

/** @param {Request} request */
async function kept(request) {
  const options = { ignoreVary: true, ignoreSearch: request.mode === "navigate" };
  for (const name of await caches.keys()) {
    if (name !== PAGES && !name.startsWith(RUNTIME)) continue;
    const found = await (await caches.open(name)).match(request, options);
    if (found) return found;
  }
  return null;
}

/**
 * Keep what a page asked for. Not what a worker did: the reader's code runs there, and by `import()` could have the pages
 * crowded out.
 * @param {FetchEvent} event
 * @param {Response} response
 */
async function keepPage({ request, clientId }, response) {
  if ((await worker.clients.get(clientId))?.type === "worker") return;
  const cache = await caches.open(PAGES);
  await cache.put(request, response);
  const requests = await cache.keys();
  for (const old of requests.slice(0, Math.max(0, requests.length - MOST_PAGES))) await cache.delete(old);
}

/**
 * Keep the pages and the runtime that a visit has loaded; most of it comes out of the browser's own cache.
 * @param {{version: string, runtime: string[], pages: string[]}} asked Addresses, of the runtime and others.
 */
async function keep({ version, runtime, pages }) {
  const name = RUNTIME + version;
  try {
    await fill(await caches.open(name), runtime);
    for (const old of await caches.keys()) if (old.startsWith(RUNTIME) && old !== name) await caches.delete(old);
  } catch (error) {
    await caches.delete(name);
    return { ok: false, reason: reasonOf(error) };
  }
  try {
    await fill(await caches.open(PAGES), pages);
    return { ok: true };
  } catch (error) {
    return { ok: false, reason: reasonOf(error) };
  }
}

/** @param {any} error JavaScript throws anything. */
const reasonOf = (error) => (error?.name === "QuotaExceededError" ? "quota" : String(error?.message ?? error));

/** @param {Cache} cache @param {string[]} addresses */
async function fill(cache, addresses) {
  await Promise.all(
    addresses.map(async (address) => {
      if (await cache.match(address)) return;
      const response = await fetch(address);
      if (!response.ok) throw new Error(`${address}: ${response.status}`);
      await cache.put(address, response);
    }),
  );
}

function notKept() {
  const text = "没有网络，这一页还没有存过。\nNo network, and this page has not been kept.\n";
  return new Response(text, { status: 503, headers: { "Content-Type": "text/plain; charset=utf-8" } });
}
