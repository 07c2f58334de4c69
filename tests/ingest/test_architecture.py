"""Who may import whom: model <- parsers, link, render <- pipeline <- cli; edges import model and problems alone."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CORE = {"model", "problems"}
ALLOWED = {
    "__init__": set(),
    "__main__": {"cli"},
    "model": set(),
    "problems": set(),
    "rules": {"problems"},
    "mend": {"markup", "urls"},
    "urls": set(),
    "pictures": set(),
    "markup": CORE | {"pictures", "urls"},
    "notes": CORE | {"markup"},
    "questions": CORE | {"markup", "notes"},
    "topics": CORE | {"markup"},
    "feed_text": CORE | {"urls"},
    "feed_xml": set(),
    "feeds": CORE | {"urls", "feed_text", "feed_xml"},
    "archive": CORE | {"urls"},
    "duplicates": CORE | {"topics"},
    "link": CORE | {"duplicates", "markup", "topics"},
    "atom": {"markup"},
    "chart": set(),
    "learning_map": {"model"},
    "render": CORE | {"atom", "chart", "learning_map", "markup", "pictures"},
    "pipeline": CORE
    | {"archive", "duplicates", "link", "markup", "notes", "pictures", "questions", "render", "sources", "topics"},
    "files": CORE | {"pictures"},
    "canonical": CORE | {"markup", "notes"},
    "pdf": {"markup"},
    "collected": CORE | {"markup"},
    "convert": {"markup", "pdf", "pictures"},
    "sources": CORE,
    "web": set(),
    "sandbox": {"feeds"},
    "links": CORE | {"files", "markup", "web"},
    "fetch_state": {"files"},
    "fetch": CORE | {"archive", "feeds", "fetch_state", "files", "sandbox", "sources", "web"},
    "cli": CORE
    | {
        "canonical",
        "collected",
        "convert",
        "feeds",
        "fetch",
        "files",
        "links",
        "markup",
        "mend",
        "notes",
        "pictures",
        "pipeline",
        "questions",
        "render",
        "rules",
        "web",
    },
}
EFFECTS = {"os", "socket", "httpx", "urllib.request", "subprocess", "tempfile", "time", "random"}
EDGES = {"files", "fetch", "fetch_state", "links", "sandbox", "web", "convert", "cli"}


def imports(path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (
                (f"{node.module}.{alias.name}" for alias in node.names) if node.module == "ingest" else [node.module]
            )


@pytest.mark.parametrize("path", sorted((ROOT / "ingest").glob("*.py")), ids=lambda path: path.stem)
def test_ingest_module_imports_only_what_lies_before_it(path):
    local = {name.split(".")[1] for name in imports(path) if name.startswith("ingest.")}
    assert local <= ALLOWED[path.stem]
    if path.stem not in EDGES:
        assert not EFFECTS & set(imports(path))


@pytest.mark.parametrize("path", sorted((ROOT / "snippets").glob("[!_]*.py")), ids=lambda path: path.stem)
def test_snippet_needs_torch_and_the_standard_library_alone(path):
    outside = {name.split(".")[0] for name in imports(path)} - set(sys.stdlib_module_names)
    assert outside <= {"torch"}
