// The kit: what a second start can take over from the first. A snapshot of Python's memory just after its own start,
// the files of site-packages with their bytecode, the standard library. The client holds it for the tab (a stop ends
// the worker), Cache Storage for the next visit. Whatever is wrong with a kept kit, the long way still works.

const PREFIX = "openllm-wiki-kit-";
const ADDRESS = new URL("kit", self.location.href).href; // a key, never requested

/**
 * @typedef {import("./protocol.js").Kit} Kit
 *
 * What is used of Pyodide's file system, and of a file's node in it.
 * @typedef {{mode: number, usedBytes: number, contents: Uint8Array}} Node
 * @typedef {object} FileSystem
 * @property {(folder: string) => string[]} readdir
 * @property {(path: string) => {node: Node}} lookupPath
 * @property {(mode: number) => boolean} isDir
 * @property {(path: string) => {mtime: Date}} stat
 * @property {(path: string) => {exists: boolean}} analyzePath
 * @property {(path: string) => void} mkdir
 * @property {(path: string, content: Uint8Array, options: {canOwn: boolean}) => void} writeFile
 * @property {(path: string, read: number, changed: number) => void} utime
 */

/**
 * Every file and folder below one, folders first.
 * @param {FileSystem} FS
 * @param {string} folder
 * @param {[path: string, node: Node][]} found Where they are added.
 */
function walk(FS, folder, found) {
  for (const name of FS.readdir(folder)) {
    if (name === "." || name === "..") continue;
    const path = `${folder}/${name}`;
    const { node } = FS.lookupPath(path);
    found.push([path, node]);
    if (FS.isDir(node.mode)) walk(FS, path, found);
  }
  return found;
}

/**
 * @param {FileSystem} FS
 * @param {string} folder Whose files a second start shall find: site-packages.
 * @param {Pick<Kit, "version" | "module" | "snapshot" | "stdlib">} parts
 * @returns {Kit}
 */
export function makeKit(FS, folder, parts) {
  const nodes = walk(FS, folder, []);
  const size = nodes.reduce((sum, [, node]) => sum + (FS.isDir(node.mode) ? 0 : node.usedBytes), 0);
  const image = new Uint8Array(size);
  let at = 0;
  /** @type {(found: [path: string, node: Node]) => Kit["entries"][number]} */
  const entry = ([path, node]) => {
    if (FS.isDir(node.mode)) return [path, 0, -1, 0];
    const start = at;
    if (node.usedBytes) image.set(node.contents.subarray(0, node.usedBytes), start);
    at += node.usedBytes;
    return [path, start, node.usedBytes, Number(FS.stat(path).mtime)];
  };
  const entries = nodes.map(entry); // which fills the image
  return { ...parts, image: image.buffer, entries };
}

/**
 * Put a kit's files where they were; times too, since Python trusts bytecode by them.
 * @param {FileSystem} FS
 * @param {Kit} kit
 */
export function restoreFiles(FS, kit) {
  for (const [path, start, length, time] of kit.entries) {
    if (length < 0) {
      if (!FS.analyzePath(path).exists) FS.mkdir(path);
      continue;
    }
    FS.writeFile(path, new Uint8Array(kit.image, start, length), { canOwn: true });
    FS.utime(path, time, time);
  }
}

/** Keep a kit for the next visit, and none of another version. @param {Kit} kit */
export async function keepKit(kit) {
  if (!self.caches || (await caches.match(ADDRESS, { cacheName: PREFIX + kit.version }))) return;
  for (const name of await caches.keys()) {
    if (name.startsWith(PREFIX) && name !== PREFIX + kit.version) await caches.delete(name);
  }
  const { snapshot, stdlib, image, entries } = kit;
  const head = new TextEncoder().encode(JSON.stringify([[snapshot, stdlib, image].map((part) => part.byteLength), entries]));
  const body = new Blob([new Uint32Array([head.length]), head, snapshot, stdlib, image]);
  await (await caches.open(PREFIX + kit.version)).put(ADDRESS, new Response(body));
}

/** The kit of a version, or null. @param {string} version @returns {Promise<Kit | null>} */
export async function storedKit(version) {
  try {
    const found = await self.caches?.match(ADDRESS, { cacheName: PREFIX + version });
    if (!found) return null;
    const buffer = await found.arrayBuffer();
    const length = new DataView(buffer).getUint32(0, true);
    const [sizes, entries] = /** @type {[number[], Kit["entries"]]} */ (JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length))));
    let at = 4 + length;
    const whole = sizes.reduce((sum, size) => sum + size, at);
    if (buffer.byteLength !== whole) throw new Error(`${buffer.byteLength} bytes are kept of ${whole}`);
    const [snapshot, stdlib, image] = sizes.map((size) => buffer.slice(at, (at += size)));
    return { version, snapshot, stdlib, image, entries };
  } catch (error) {
    console.warn("the kept start state cannot be read:", error);
    await dropKit(version);
    return null;
  }
}

/** Forget a kept kit that is of no use: a worker may have been stopped while it wrote. @param {string} version */
export async function dropKit(version) {
  await self.caches?.delete(PREFIX + version);
}
