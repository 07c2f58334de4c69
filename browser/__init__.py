"""Python in the reader's browser: the runtime's files, the worker and the cell.

`assets.py` fetches what `assets.lock.json` pins, `bytecode.py` compiles what of it is Python, `pack.py` makes the rest
(the torch shim and the snippets as archives, the editor's modules, the manifest), `python -m browser build` writes all
to `docs/runtime/`. `torch/`, `run_cell.py`, `plot.py` and the scripts run in the browser.
"""
