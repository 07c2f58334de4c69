"""The walls of the house: who may import whom, and who may reach out to disk, network, clock and chance.

`model <- parsers, link, pages <- pipeline <- edges <- cli`. The core of `ingest` is pure; its edges are named here.
A new module, or a new import, is a line in this table: the table equals the imports, both ways.
"""

import pytest

from tests.walls import ROOT, breaches, foreign, imports, module_name, rooms_of

# Modules of ingest, and the modules of ingest that each imports, late imports included.
ALLOWED = {
    # ingest itself
    "": "",
    "__main__": "cli",
    "addresses": "",
    "begin": "feeds.records files limits model notes.commands pages.ranking reporting",
    "bilingual": "",
    "cli": "begin commands feeds.commands files importing.commands importing.document tree workspace",
    "commands": (
        "files generate guard importing.document link links model notes.mend notes.parse pipeline reporting rules show"
        " web workspace"
    ),
    "concepts": "front_matter invisible lessons limits model problems symbols",
    "costly": "limits model problems sure_code",
    "descriptors": "",
    "encodings": "",
    "forks": "kept",
    "files": "limits model pictures problems tree",
    "front_matter": "model problems",
    "generate": "addresses feeds.weeks files forks pages.ways pipeline problems reporting tree wiki workspace",
    "guard": "addresses files limits model pictures problems safety tree workspace",
    "heads": "",
    "invisible": "model problems",
    "kept": "",
    "learning_path": "front_matter invisible limits model problems",
    "lessons": "bilingual front_matter markup model problems sure_code",
    "limits": "model",
    "link": "concepts feeds.weeks kept matching model questions.duplicates related wiki",
    "links": "files markup model problems tree web",
    "markup": "model urls",
    "marks": "markup",
    "matching": "concepts front_matter markup model",
    "memory": "lessons model pages.digest problems tree",
    "model": "",
    "pictures": "",
    "pipeline": (
        "addresses concepts feeds.listed feeds.records feeds.weeks front_matter invisible kept learning_path"
        " lessons link matching model notes.parse pages.render pages.ways pictures problems"
        " questions.duplicates questions.parse slips.notes slips.questions slips.slip synonyms wiki"
    ),
    "plain": "markup",
    "problems": "slips.all_rules",
    "reach": "",
    "related": "kept matching model",
    "reporting": "markup model problems",
    "rule_examples": "slips.all_rules",
    "rules": "invisible problems rule_examples slips.all_rules",
    "safe_html": "invisible markup pictures safe_math urls",
    "safe_math": "",
    "searched": "addresses feeds.records invisible model",
    "show": "markup model pictures slips.slip slips.texts wiki",
    "safe_addresses": "invisible",
    "safety": "costly front_matter invisible limits model problems safe_addresses sure_code",
    "sure_code": "",
    "symbols": "front_matter model problems",
    "synonyms": "concepts limits model problems",
    "tree": "descriptors",
    "unpacking": "",
    "urls": "",
    "web": "heads reach unpacking",
    "wiki": "feeds.info learning_path lessons model",
    "workspace": "addresses files kept limits memory pictures pipeline problems tree",
    # notes
    "notes": "",
    "notes.commands": "files reporting",
    "notes.lines": "marks markup model notes.names notes.sections questions.rows",
    "notes.mend": "markup urls",
    "notes.names": "markup",
    "notes.parse": (
        "front_matter limits marks markup model notes.lines notes.names notes.sections notes.times plain problems"
    ),
    "notes.sections": "markup",
    "notes.times": "",
    "notes.write": "marks markup model notes.lines notes.names notes.parse problems",
    # questions
    "questions": "",
    "questions.collected": "front_matter invisible marks markup model plain problems questions.forms questions.rows",
    "questions.discussions": "model questions.parse",
    "questions.duplicates": "concepts kept model problems",
    "questions.forms": "marks markup",
    "questions.rows": "",
    "questions.parse": "front_matter invisible limits markup model notes.names notes.times plain problems",
    "questions.write": "markup model questions.parse",
    # slips
    "slips": "",
    "slips.all_rules": "slips.notes_rules slips.questions_rules slips.texts_rules",
    "slips.codes": "",
    "slips.head": "markup model notes.lines notes.names notes.sections slips.slip",
    "slips.marks": "model notes.lines notes.sections slips.slip",
    "slips.notes": "model notes.parse slips.head slips.marks slips.signatures slips.slip slips.texts",
    "slips.notes_rules": "slips.codes",
    "slips.questions": "front_matter model notes.names questions.parse slips.slip slips.texts",
    "slips.questions_rules": "slips.codes",
    "slips.signatures": "markup model slips.slip",
    "slips.slip": "markup model problems",
    "slips.texts": "markup model notes.sections slips.slip urls",
    "slips.texts_rules": "slips.codes",
    # feeds
    "feeds": "",
    "feeds.archive": "feeds.records limits model urls",
    "feeds.catch_up": "limits",
    "feeds.commands": "concepts feeds.fetch feeds.gist feeds.outcome feeds.store files guard matching reporting web",
    "feeds.coverage": "feeds.catch_up feeds.info feeds.outcome feeds.state feeds.store files problems",
    "feeds.entry": "problems",
    "feeds.fetch": (
        "feeds.catch_up feeds.coverage feeds.info feeds.listed feeds.outcome feeds.read feeds.sandbox feeds.state"
        " feeds.store files problems web"
    ),
    "feeds.from_json": "feeds.entry urls",
    "feeds.from_xml": "feeds.entry feeds.text feeds.xml problems",
    "feeds.gist": "",
    "feeds.index": "feeds.state files",
    "feeds.info": "",
    "feeds.listed": "feeds.catch_up feeds.info limits model problems",
    "feeds.names": "feeds.text",
    "feeds.outcome": "feeds.info feeds.listed feeds.parse feeds.state problems",
    "feeds.parse": "feeds.entry feeds.from_json feeds.from_xml feeds.names feeds.text feeds.when model problems urls",
    "feeds.read": "feeds.catch_up feeds.outcome feeds.parse feeds.sandbox feeds.state heads problems web",
    "feeds.records": "model problems urls",
    "feeds.sandbox": "feeds.parse feeds.wire",
    "feeds.state": "files tree",
    "feeds.store": (
        "feeds.archive feeds.gist feeds.index feeds.outcome feeds.parse feeds.records files limits model problems"
    ),
    "feeds.text": "encodings",
    "feeds.weeks": "kept model",
    "feeds.when": "",
    "feeds.wire": "feeds.parse model problems",
    "feeds.xml": "feeds.entry",
    # importing
    "importing": "",
    "importing.addresses": "",
    "importing.census": "importing.radicals",
    "importing.commands": (
        "addresses descriptors feeds.sandbox files importing.census importing.document importing.html limits model"
        " notes.commands notes.parse notes.write problems questions.write reporting tree"
    ),
    "importing.convert": (
        "descriptors importing.census importing.decode importing.docx importing.html importing.markdown importing.pdf"
        " importing.tidy importing.unzip limits pictures tree"
    ),
    "importing.decode": "encodings",
    "importing.document": (
        "descriptors importing.census importing.decode importing.footnotes importing.html importing.sandbox limits"
        " marks model notes.parse problems questions.collected questions.discussions questions.parse"
        " slips.head"
    ),
    "importing.docx": (
        "importing.decode importing.docx_html importing.docx_lines importing.docx_package"
        " importing.docx_styles importing.html invisible limits"
    ),
    "importing.dialect_tags": "importing.escape markup",
    "importing.dialects": "importing.dialect_tags importing.escape markup",
    "importing.docx_charts": "importing.docx_package limits",
    "importing.docx_html": "importing.docx_styles",
    "importing.docx_lines": (
        "importing.docx_charts importing.docx_html importing.docx_package importing.docx_styles importing.omml"
        " importing.signs"
    ),
    "importing.docx_package": "importing.decode",
    "importing.docx_styles": "importing.docx_package limits",
    "importing.escape": "plain",
    "importing.footnotes": "markup",
    "importing.html": (
        "importing.decode importing.html_code importing.html_lists importing.html_math importing.html_notes"
        " importing.html_tables importing.html_tree importing.tidy importing.writer markup pictures"
    ),
    "importing.html_code": "importing.html_tree",
    "importing.html_lists": "importing.html_tree",
    "importing.html_math": "importing.addresses importing.html_tree importing.mathematics",
    "importing.html_notes": "importing.html_tree",
    "importing.html_tables": "limits",
    "importing.html_tree": "importing.signs",
    "importing.feishu": "",
    "importing.logseq": "importing.dialects marks",
    "importing.markdown": (
        "importing.addresses importing.dialects importing.feishu importing.html importing.escape importing.logseq"
        " markup marks plain"
    ),
    "importing.mathematics": "",
    "importing.omml": "importing.mathematics",
    "importing.pdf": (
        "importing.addresses importing.escape importing.pdf_columns importing.pdf_footnotes importing.pdf_furniture"
        " importing.pdf_lines importing.pdf_loose importing.pdf_notes importing.pdf_pictures importing.pdf_ruled"
        " importing.pdf_tables importing.pdf_text importing.pdf_turned importing.radicals importing.signs"
    ),
    "importing.pdf_columns": "importing.pdf_lines",
    "importing.pdf_footnotes": "importing.escape importing.pdf_furniture importing.pdf_lines",
    "importing.pdf_furniture": "importing.pdf_lines",
    "importing.pdf_inline": "importing.escape importing.pdf_lines",
    "importing.pdf_lines": "markup",
    "importing.pdf_lists": "importing.pdf_lines",
    "importing.pdf_loose": "importing.pdf_inline importing.pdf_lines importing.pdf_tables",
    "importing.pdf_notes": "",
    "importing.pdf_pictures": "",
    "importing.pdf_ruled": "importing.pdf_inline importing.pdf_lines importing.pdf_tables",
    "importing.pdf_tables": "importing.pdf_inline importing.pdf_lines markup",
    "importing.pdf_text": (
        "importing.pdf_columns importing.pdf_inline importing.pdf_lines importing.pdf_lists importing.torn"
    ),
    "importing.pdf_turned": "importing.pdf_furniture importing.pdf_lines",
    "importing.radicals": "",
    "importing.sandbox": "importing.census importing.convert importing.decode",
    "importing.signs": "",
    "importing.tidy": "importing.radicals importing.torn markup",
    "importing.torn": "",
    "importing.unzip": "importing.decode",
    "importing.writer": "importing.addresses importing.escape",
    # pages
    "pages": "",
    "pages.atom": "invisible",
    "pages.learning_map": "model pages.path safe_html",
    "pages.days": "",
    "pages.lessons": "model pages.path wiki",
    "pages.lines": "addresses kept model pages.records searched wiki",
    "pages.compiled": "",
    "pages.digest": "model pages.ranking",
    "pages.papers": (
        "addresses feeds.info feeds.records feeds.weeks feeds.when kept model pages.atom pages.days pages.digest"
        " pages.ranking pages.records searched"
    ),
    "pages.path": "learning_path model pages.records",
    "pages.people": "addresses model",
    "pages.ranking": "model",
    "pages.records": "addresses invisible model pages.atom safe_html",
    "pages.talks": "addresses model",
    "pages.ways": "",
    "pages.render": (
        "addresses feeds.weeks kept markup model pages.atom pages.compiled pages.days pages.learning_map pages.lessons"
        " pages.lines pages.papers pages.path pages.people pages.records pages.talks pages.ways pictures safe_html wiki"
    ),
}
TABLE = {module: set(names.split()) for module, names in ALLOWED.items()}
# The modules that may reach out. No other module may import one of them.
EDGES = set(
    "__main__ begin cli commands descriptors files forks generate guard heads links memory reach reporting tree"
    " web workspace feeds.commands feeds.coverage feeds.fetch feeds.index feeds.outcome feeds.read feeds.sandbox"
    " feeds.state feeds.store importing.commands importing.convert importing.document importing.sandbox importing.unzip"
    " notes.commands".split()
)
# Libraries that compute and nothing else, which the core may use; and those that the edges may use besides.
LIBRARIES = set(
    "autocorrect_py brotli bs4 charset_normalizer feedparser imagesize jinja2 justhtml markdown_it markdownify"
    " mdit_py_plugins nh3 pdfminer yaml".split()
)
EDGE_LIBRARIES = {"httpx", "stamina"}
# What each room imports of the others. Nobody imports publish but tests and tools.
ROOM_IMPORTS = {
    "browser": set(),
    "ingest": set(),
    "pictures": {"browser", "snippets"},
    "publish": {"browser", "ingest", "snippets", "widgets"},
    "snippets": set(),
    "widgets": {"browser", "snippets"},
}
# Tools of snippets and pictures write into the checkout as everybody does, by the one module that follows no link.
TREE, BY_TREE = "ingest.tree", {"pictures.__main__", "snippets._new", "snippets._notebook", "snippets._site"}
# A notebook shows the widget of its snippet's page; what widgets show of themselves needs no snippet.
BESIDE = {"snippets._notebook": {"widgets"}, "snippets._records": {"ingest"}}  # titles, as the guard reads them

PATHS = {module_name(path): path for room in ROOM_IMPORTS for path in sorted((ROOT / room).rglob("*.py"))}
INGEST = {name.removeprefix("ingest").removeprefix("."): path for name, path in PATHS.items() if name[:6] == "ingest"}


def ingest_breaches(module, text):
    return breaches(module, text, TABLE, EDGES, LIBRARIES, EDGE_LIBRARIES)


def test_table_names_every_module_of_ingest():
    assert set(TABLE) == set(INGEST)
    assert EDGES <= set(TABLE)


@pytest.mark.parametrize("module", INGEST, ids=str)
def test_module_of_ingest_keeps_to_its_place(module):
    assert ingest_breaches(module, INGEST[module].read_text("utf-8")) == []


def test_ingest_has_no_import_circle():
    from graphlib import TopologicalSorter

    TopologicalSorter(TABLE).prepare()


def test_no_file_of_ingest_is_too_long_to_read():
    long = {name: len(path.read_text("utf-8").splitlines()) for name, path in INGEST.items()}
    assert {name: lines for name, lines in long.items() if lines > (270 if name == "cli" else 300)} == {}


@pytest.mark.parametrize("room", ROOM_IMPORTS)
def test_room_imports_only_what_it_stands_on(room):
    found = {
        name: rooms_of(name, path.read_text("utf-8"))
        - ROOM_IMPORTS[room]
        - BESIDE.get(name, set())
        - ({"ingest"} if name in BY_TREE else set())
        for name, path in PATHS.items()
        if name.split(".")[0] == room
    }
    assert {name: rooms for name, rooms in found.items() if rooms} == {}


@pytest.mark.parametrize("name", sorted(BY_TREE))
def test_such_a_tool_takes_nothing_of_ingest_but_what_writes(name):
    found = imports(name, PATHS[name].read_text("utf-8"), PATHS)
    assert {module for module in found if module.split(".")[0] == "ingest"} == {TREE}
    assert TABLE[TREE.partition(".")[2]] == {"descriptors"} and TABLE["descriptors"] == set()


@pytest.mark.parametrize("path", sorted((ROOT / "snippets").glob("[!_]*.py")), ids=lambda path: path.stem)
def test_snippet_needs_torch_and_the_standard_library_alone(path):
    assert foreign(module_name(path), path.read_text("utf-8")) <= {"torch"}


BREACHES = {
    "a sibling room": ("notes.parse", "from browser import csp"),
    "a snippet": ("notes.parse", "import snippets.lora"),
    "the site's maker": ("notes.parse", "import publish.csp"),
    "torch": ("notes.parse", "import torch"),
    "torch in an edge": ("files", "import torch"),
    "a file read": ("pages.render", "X = Path('/etc/hosts').read_text()"),
    "a file opened": ("pages.render", "X = open('/etc/hosts')"),
    "a file opened by another name": ("pages.render", "see = open\nX = see('/etc/hosts')"),
    "a file opened by an imported name": ("pages.render", "from io import open as see"),
    "a file opened by reflection": ("pages.render", "X = getattr(Path('/etc/hosts'), 'read_text')()"),
    "the clock": ("pages.render", "TODAY = date.today()"),
    "the clock by another name": ("pages.render", "from datetime import datetime as when\nNOW = when.now"),
    "a database": ("pages.render", "import sqlite3"),
    "a folder's copy": ("pages.render", "import shutil"),
    "chance and sockets": ("pages.render", "import asyncio, secrets"),
    "chance alone": ("pages.render", "def f():\n    import secrets"),
    "an edge": ("pages.render", "from ingest.feeds import fetch"),
    "an edge by the package": ("pages.render", "from ingest import files"),
    "an edge relatively": ("pages.render", "from ..files import read"),
    "what is gone": ("pages.render", "from ingest import fetch"),
    "the system": ("notes.parse", "import os"),
    "a room above, relatively": ("model", "from . import cli"),
    "an import by name": ("model", "X = __import__('os')"),
    "an import by library": ("model", "from importlib import import_module"),
    "a core module that is not in the table": ("urls", "from ingest.model import Link"),
}


@pytest.mark.parametrize("module, line", BREACHES.values(), ids=BREACHES)
def test_breach_is_found(module, line):
    assert ingest_breaches(module, f"{INGEST[module].read_text('utf-8')}\n{line}\n")


def test_import_that_the_table_promises_and_nobody_makes_is_found():
    text = INGEST["link"].read_text("utf-8")
    assert ingest_breaches("link", text.replace("from ingest.questions.duplicates import join\n", "join = None\n"))


@pytest.mark.parametrize(
    "module, line, room",
    [
        ("browser.plot", "from ingest import files", "ingest"),
        ("browser.torch.nn.layers", "from publish.csp import policy", "publish"),
        ("snippets.lora", "def f():\n    from snippets.dpo import x\n    import ingest.urls", "ingest"),
    ],
)
def test_import_from_another_room_is_found(module, line, room):
    assert room in rooms_of(module, line) - ROOM_IMPORTS[module.split(".")[0]]


def test_relative_imports_are_told_in_full():
    modules = {"ingest.notes", "ingest.notes.parse", "ingest.files"}
    assert set(imports("ingest.notes.write", "from . import parse\nfrom ..files import read", modules)) == {
        "ingest.notes.parse",
        "ingest.files",
    }
    assert set(imports("ingest.notes", "from .parse import parse_note", modules, package=True)) == {
        "ingest.notes.parse"
    }
