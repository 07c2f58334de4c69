"""What is published below `runtime/`.

`assets.py` fetches what `assets.lock.json` pins, `bytecode.py` compiles what of it is Python, `pack.py` makes the rest
(torch and the snippets as archives, the editor's modules, the manifest), `build.py` puts all together.
"""
