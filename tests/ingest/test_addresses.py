"""The table of kinds of pages, and all that must agree with it."""

import json
import re
from pathlib import Path

import pytest

from ingest.addresses import GENERATED, KINDS, OWNED
from publish.search.documents import KIND_ORDER

ROOT = Path(__file__).parents[2]
TEMPLATES = ROOT / "ingest" / "pages" / "templates"


def test_owned_folders_are_those_of_generated_kinds():
    assert OWNED == ("qa", "talks", "papers", "people", "changes", "reference", GENERATED)
    assert KINDS["concept"].folder not in OWNED  # people write those pages


@pytest.mark.parametrize("folder", OWNED)
def test_git_ignores_what_a_build_writes_and_make_clean_removes_it(folder):
    assert f"docs/{folder}" in (ROOT / ".gitignore").read_text("utf-8").splitlines()
    cleaned = re.search(r"(?m)^clean:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text("utf-8"))[1]
    assert re.search(rf"\bdocs/{folder}(?=\s|$)", cleaned)


@pytest.mark.parametrize("kind", KINDS)
def test_kind_has_a_name_in_both_languages_and_its_template(kind):
    assert re.search(r"[\u4e00-\u9fff]", KINDS[kind].name)
    assert KINDS[kind].english.isascii()
    assert not KINDS[kind].template or (TEMPLATES / f"{KINDS[kind].template}.md.j2").is_file()


def test_kinds_that_are_searched_are_those_that_the_index_tells_apart():
    assert {kind for kind in KIND_ORDER if kind} == {name for name, kind in KINDS.items() if kind.searched}


def test_search_knows_the_kinds_of_the_table():
    script = (ROOT / "browser" / "search" / "shared.js").read_text("utf-8")
    shared = json.loads(script[script.index("{\n") :].rstrip().removesuffix(";"))
    assert shared["kinds"] == {name: [kind.name, kind.english] for name, kind in KINDS.items() if kind.searched}
