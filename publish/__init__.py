"""How the site is made of its pages: `python -m publish`.

`runtime/` makes `docs/runtime/`, what runs in the reader's browser; `search/` the index; the other modules are the last
steps of a build, and the server. Nothing imports this package.
"""
