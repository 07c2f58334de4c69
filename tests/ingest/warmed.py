"""Imported by the server from which `test_killed` forks: all is loaded there, and templates and patterns compiled."""

import contextlib
import io
import os
import tempfile
from pathlib import Path

import ingest.feeds.fetch  # noqa: F401 - what `fetch` waits for
from ingest.cli import main
from tests.ingest.conftest import CONCEPT, NOTE, QUESTION

with tempfile.TemporaryDirectory() as _name, contextlib.redirect_stdout(io.StringIO()):
    _texts = {"talks/notes/101.md": NOTE, "talks/questions/a.md": QUESTION, "docs/topics/lora.md": CONCEPT}
    for _path, _text in _texts.items():
        (Path(_name) / _path).parent.mkdir(parents=True, exist_ok=True)
        (Path(_name) / _path).write_text(_text, "utf-8")
    main(["build", *(f"--{place}={os.path.join(_name, place)}" for place in ("talks", "docs", "snippets"))])  # noqa: PTH118
