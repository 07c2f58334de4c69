/** What one visit keeps for the next: the kit, in Cache Storage. A browser may refuse it (cookies blocked, private, full). */

const PREFIX = "openllm-wiki-kit-";
const ADDRESS = new URL("kit", import.meta.url).href; // a key, never requested

/** @typedef {import("./protocol.js").Kit} Kit */

/** A convenience never takes down what it makes easier. @template T @param {() => Promise<T>} act @param {T} otherwise */
async function attempted(act, otherwise) {
  try {
    return await act();
  } catch (error) {
    console.info("nothing can be kept in this browser:", error);
    return otherwise;
  }
}

/** Whether the kit of a version is kept. @param {string} version */
export const hasKit = (version) => attempted(async () => (await globalThis.caches?.has(PREFIX + version)) ?? false, false);

/** Forget a kept kit. @param {string} version */
export const dropKit = (version) => attempted(async () => void (await globalThis.caches?.delete(PREFIX + version)), undefined);

/** Keep a kit for the next visit, and none of another version. @param {Kit} kit */
export const keepKit = (kit) => attempted(() => put(kit), undefined);

/** @param {Kit} kit */
async function put({ version, snapshot, stdlib, image, entries }) {
  if (!globalThis.caches || (await caches.match(ADDRESS, { cacheName: PREFIX + version }))) return;
  for (const name of await caches.keys()) {
    if (name.startsWith(PREFIX) && name !== PREFIX + version) await caches.delete(name);
  }
  const head = new TextEncoder().encode(JSON.stringify([[snapshot, stdlib, image].map((part) => part.byteLength), entries]));
  const body = new Blob([new Uint32Array([head.length]), head, snapshot, stdlib, image]);
  await (await caches.open(PREFIX + version)).put(ADDRESS, new Response(body));
}

/** The kit of a version, or null; one that cannot be read is forgotten. @param {string} version @returns {Promise<Kit | null>} */
export async function storedKit(version) {
  try {
    const found = await globalThis.caches?.match(ADDRESS, { cacheName: PREFIX + version });
    return found ? unpacked(version, await found.arrayBuffer()) : null;
  } catch (error) {
    console.info("the kept start state cannot be read:", error);
    await dropKit(version);
    return null;
  }
}

/** @param {string} version @param {ArrayBuffer} buffer @returns {Kit} */
function unpacked(version, buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  const head = new TextDecoder().decode(new Uint8Array(buffer, 4, length));
  const [sizes, entries] = /** @type {[number[], Kit["entries"]]} */ (JSON.parse(head));
  let at = 4 + length;
  const whole = sizes.reduce((sum, size) => sum + size, at);
  if (buffer.byteLength !== whole) throw new Error(`${buffer.byteLength} bytes are kept of ${whole}`);
  const [snapshot, stdlib, image] = sizes.map((size) => buffer.slice(at, (at += size)));
  return { version, snapshot, stdlib, image, entries };
}
