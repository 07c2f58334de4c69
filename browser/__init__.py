"""What runs in the reader's browser: Python and its torch, the cell, the search, and what pages do besides.

`python/` starts Pyodide in a worker and runs code there, `torch/` and `plot.py` are what that code imports, `cell/` is
what a reader sees of it, `search/` and `page/` serve every page, `offline/` keeps what was loaded. Scripts are
published below `runtime/` as they lie here; the service worker lies at the site's root.
"""
