"""Who may import whom: model <- parsers, link, render <- pipeline <- cli; edges import model and problems alone."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = {f"ingest{room}" for room in ("", ".notes", ".questions", ".feeds", ".importing", ".pages")}
CORE = {"model", "problems"}
ALLOWED = {
    "__init__": set(),
    "__main__": {"cli"},
    "model": set(),
    "addresses": set(),
    **{key: set() for key in ("notes", "questions", "feeds", "importing", "pages")},
    "problems": set(),
    "rules": {"problems"},
    "notes.mend": {"markup", "urls"},
    "urls": set(),
    "pictures": set(),
    "markup": CORE | {"pictures", "urls"},
    "notes.parse": CORE | {"markup"},
    "questions.parse": CORE | {"markup", "notes.parse"},
    "concepts": CORE | {"markup"},
    "feeds.text": CORE | {"urls"},
    "feeds.xml": set(),
    "feeds.parse": CORE | {"urls", "feeds.text", "feeds.xml"},
    "feeds.archive": CORE | {"urls"},
    "questions.duplicates": CORE | {"concepts"},
    "link": CORE | {"questions.duplicates", "markup", "concepts"},
    "pages.atom": {"markup"},
    "pages.chart": set(),
    "pages.learning_map": {"model"},
    "pages.render": CORE | {"addresses", "pages.atom", "pages.chart", "pages.learning_map", "markup", "pictures"},
    "pipeline": CORE
    | {
        "addresses",
        "feeds.archive",
        "questions.duplicates",
        "link",
        "markup",
        "notes.parse",
        "pictures",
        "questions.parse",
        "pages.render",
        "feeds.listed",
        "concepts",
    },
    "files": CORE | {"pictures"},
    "notes.write": CORE | {"markup", "notes.parse"},
    "importing.pdf": {"markup"},
    "questions.collected": CORE | {"markup"},
    "importing.convert": {"markup", "importing.pdf", "pictures"},
    "feeds.listed": CORE,
    "web": set(),
    "feeds.sandbox": {"feeds.parse"},
    "links": CORE | {"files", "markup", "web"},
    "feeds.state": {"files"},
    "feeds.fetch": CORE
    | {"feeds.archive", "feeds.parse", "feeds.state", "files", "feeds.sandbox", "feeds.listed", "web"},
    "cli": CORE
    | {
        "addresses",
        "notes.write",
        "questions.collected",
        "importing.convert",
        "feeds.parse",
        "feeds.fetch",
        "files",
        "links",
        "markup",
        "notes.mend",
        "notes.parse",
        "pictures",
        "pipeline",
        "questions.parse",
        "pages.render",
        "rules",
        "web",
    },
}
EFFECTS = {"os", "socket", "httpx", "urllib.request", "subprocess", "tempfile", "time", "random"}
EDGES = {"files", "feeds.fetch", "feeds.state", "links", "feeds.sandbox", "web", "importing.convert", "cli"}


def module(path):
    return ".".join(path.relative_to(ROOT / "ingest").with_suffix("").parts).removesuffix(".__init__")


def imports(path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (
                (f"{node.module}.{alias.name}" for alias in node.names) if node.module in ROOMS else [node.module]
            )


@pytest.mark.parametrize("path", sorted((ROOT / "ingest").rglob("*.py")), ids=module)
def test_ingest_module_imports_only_what_lies_before_it(path):
    local = {name.removeprefix("ingest.") for name in imports(path) if name.startswith("ingest.")}
    assert local <= ALLOWED[module(path)]
    if module(path) not in EDGES:
        assert not EFFECTS & set(imports(path))


@pytest.mark.parametrize("path", sorted((ROOT / "snippets").glob("[!_]*.py")), ids=lambda path: path.stem)
def test_snippet_needs_torch_and_the_standard_library_alone(path):
    outside = {name.split(".")[0] for name in imports(path)} - set(sys.stdlib_module_names)
    assert outside <= {"torch"}
