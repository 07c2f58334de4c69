// The kit: what a second start can take over from the first. A snapshot of Python's memory just after its own start,
// the files of site-packages with their bytecode, the standard library. The client holds it for the tab (a stop ends
// the worker), store.js for the next visit. Whatever is wrong with a kept kit, the long way still works.

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
 * @param {Pick<Kit, "version" | "snapshot" | "stdlib">} parts
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
