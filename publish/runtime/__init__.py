"""What is published below `runtime/`.

`assets.py` fetches what `assets.lock.json` pins; `compile.py` has pyodide-build compile what of it is Python;
`packages.py` makes torch a wheel, writes Pyodide's lock and packs the snippets with the cell; `pack.py` makes the rest
(the editor's modules, the manifest); `build.py` puts all together.
"""
