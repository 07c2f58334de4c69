// `node gpt.mjs RUNTIME TORCH GPT STEPS`: gpt.py in Pyodide, under the engine that Chromium has. Prints what it prints.
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [runtime, torch, program, steps] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(path.join(runtime, "pyodide.mjs")).href);
const python = await loadPyodide({ indexURL: runtime });
await python.loadPackage("numpy", { messageCallback: () => {} });
const target = "/lib/python3.13/site-packages/torch";
for (const name of fs.readdirSync(torch, { recursive: true }).filter((name) => name.endsWith(".py"))) {
  python.FS.mkdirTree(path.posix.dirname(`${target}/${name}`));
  python.FS.writeFile(`${target}/${name}`, fs.readFileSync(path.join(torch, name)));
}
python.FS.writeFile("/home/pyodide/gpt.py", fs.readFileSync(program));
// Emscripten's clock of the process is that of the wall: ask Node for its own.
python.globals.set("spent", () => process.cpuUsage().user / 1e6 + process.cpuUsage().system / 1e6);
await python.runPythonAsync(`import time\ntime.process_time = spent\nimport gpt\nprint(*gpt.measure(${Number(steps)}))`);
