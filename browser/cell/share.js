/**
 * Edited code in a link: `#run=<block>.<code>`, the code as UTF-8, deflated, in base64url. It never runs by itself.
 * `#run=<block>` is the block alone, with the code that the page has by then.
 */

const FRAGMENT = /^#run=(\d{1,4})(?:\.([\w-]+))?(?![\w-])/; // what stands behind it is the sentence's that had the link
export const LONG = 8000; // characters; longer ones are cut off by many a chat
const LARGEST = 200_000; // bytes of code; a small fragment could unpack to gigabytes

/** @param {ReadableStream<Uint8Array<ArrayBuffer>>} stream @param {number} limit */
async function collect(stream, limit) {
  const parts = [];
  let size = 0;
  for (const reader = stream.getReader(); ; ) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.length;
    if (size > limit) {
      await reader.cancel();
      throw new RangeError(`more than ${limit} bytes`);
    }
    parts.push(value);
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

/** @param {Uint8Array<ArrayBuffer>} bytes @param {CompressionFormat} format */
const deflate = (bytes, format = "deflate-raw") =>
  collect(new Blob([bytes]).stream().pipeThrough(new CompressionStream(format)), Infinity);

/** @param {Uint8Array<ArrayBuffer>} bytes @param {CompressionFormat} format */
const inflate = (bytes, format = "deflate-raw") =>
  collect(new Blob([bytes]).stream().pipeThrough(new DecompressionStream(format)), LARGEST);

/**
 * Address that shows a block with other code.
 * @param {string} page Address of the page; its fragment is dropped.
 * @param {number} block
 * @param {string | null} code null for the page's own.
 * @throws {RangeError} The code is too long.
 */
export async function toLink(page, block, code) {
  if (code === null) return `${page.split("#")[0]}#run=${block}`;
  const bytes = new TextEncoder().encode(code);
  if (bytes.length > LARGEST) throw new RangeError(`${bytes.length} bytes of code; the limit is ${LARGEST}`);
  let text = "";
  for (const byte of await deflate(bytes)) text += String.fromCharCode(byte);
  const packed = btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  return `${page.split("#")[0]}#run=${block}.${packed}`;
}

/**
 * What a fragment carries.
 * @param {string} fragment
 * @returns {Promise<{block: number, code: string | null} | null>} null where it is no such fragment.
 * @throws {Error} It is damaged, or too long.
 */
export async function fromFragment(fragment) {
  const match = FRAGMENT.exec(fragment);
  if (!match) return null;
  if (!match[2]) return { block: Number(match[1]), code: null };
  const text = atob(match[2].replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = await inflate(Uint8Array.from(text, (character) => character.charCodeAt(0)));
  return { block: Number(match[1]), code: new TextDecoder("utf-8", { fatal: true }).decode(bytes) };
}
