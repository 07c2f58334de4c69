// A query a line on stdin -> a JSON list a line of the addresses that the page would show, in order. Run by ask.py.
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const [scripts, index, language] = process.argv.slice(2);
const { Reader } = await import(pathToFileURL(`${scripts}/reader.js`).href);
const { Finder } = await import(pathToFileURL(`${scripts}/find.js`).href);
const reader = await Reader.open((name) => readFile(`${index}/${name}`));
const finder = await Finder.of(reader);
for await (const query of createInterface({ input: process.stdin })) {
  const { hits, list } = await finder.find(query, language);
  const pages = await Promise.all(hits.map(async ({ document }) => (await reader.shown(document)).at));
  console.log(JSON.stringify([...new Set([...(list ? [list] : []), ...pages])]));
}
