"""Whatever an id, a number, a name or a file is called: one page, at a safe place that stays."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.cli import main
from ingest.model import Source
from ingest.pipeline import Inputs, build
from tests.ingest.conftest import NOTE

ODD = [
    "../../etc/passwd", "..", "/etc/passwd", "C:\\\\x", "a/b", "a\\0b", "a\\nb", "x" * 300, "长" * 300, "🏃", "🏃🏃",
    "ＦＡＱ", "faq", "FAQ", "Faq", "CON", "con", "aux", "nul.md", "com1", "index", "open", "page-2", ".hidden", "-",
    "a b", "a-b", "a  b", " a", "a.", "é", "e\\u0301", "\\u202egnp", "%2e%2e%2f", "?q", "#x", "talk-101-q9",
    "lpt¹", "İ", "ı", "ß", "ﬁ",
]  # fmt: skip
SAFE = re.compile(r"[\w-]{1,80}")
RESERVED = re.compile(r"con|prn|aux|nul|com\d|lpt\d", re.IGNORECASE)


def pages_of(ids):
    """Paths under `qa/` by the answer that stands on them."""
    sources = (
        Source(f"talks/questions/q{at}.md", f'---\nid: "{name}"\n---\n\n# 题？\n\n答{at}完\n')
        for at, name in enumerate(ids)
    )
    pages, _, problems = build(Inputs(questions=tuple(sources)))
    found = {
        at: [path for path, text in pages.items() if path.startswith("qa/") and f"答{at}完" in text]
        for at in range(len(ids))
    }
    return found, [problem for problem in problems if problem.code != "Q004"]


def check_path(path):
    folder, _, name = path.removesuffix(".md").partition("/")
    assert SAFE.fullmatch(name) and not RESERVED.fullmatch(name), path
    assert folder in {"qa", "talks", "people"}
    assert len(f"{name}.md".encode()) <= 255


def test_every_odd_id_gets_one_safe_page_of_its_own():
    found, problems = pages_of(ODD)
    assert problems == []
    for paths in found.values():
        [path] = paths
        check_path(path)
    assert len({path.casefold() for paths in found.values() for path in paths}) == len(ODD)


def test_page_of_an_id_does_not_depend_on_the_others():
    whole = pages_of(ODD)[0]
    for at, name in enumerate(ODD):
        assert pages_of([name])[0][0] == whole[at]


def test_two_titles_that_are_the_same_have_a_page_each():
    sources = (Source(f"talks/questions/{name}.md", "# 同一个题？\n\n答。\n") for name in ("a", "b"))
    assert {"qa/a.md", "qa/b.md"} <= build(Inputs(questions=tuple(sources)))[0].keys()


def test_second_id_with_the_page_of_another_is_reported():
    [(hashed,)] = [pages_of(["FAQ"])[0][0]]
    found, [problem] = pages_of(["FAQ", hashed.removeprefix("qa/").removesuffix(".md")])
    assert (problem.code, problem.path, found[0], found[1]) == ("Q001", "talks/questions/q1.md", [hashed], [])


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=90), min_size=1, max_size=8))
def test_any_names_of_people_and_files_give_safe_pages(names):
    sources = [
        Source(f"talks/notes/{name}.md", NOTE.replace("小河", name).replace("【编号】：101\n", "")) for name in names
    ]
    pages, _, _ = build(Inputs(notes=tuple(sources)))
    for path in pages:
        if path.startswith(("talks/", "qa/", "people/")) and "generated" not in path:
            check_path(path)


@pytest.mark.parametrize(
    "name", ["aux.md", "🏃.md", "１.md", "a b.md", "长" * 80 + ".md", "-x.md", "CON.md", "（b）.md"]
)
def test_file_of_any_name_is_built_on_a_disk(project, name):
    (project / "talks/questions" / name).write_text("# 独一无二的题？\n\n答。\n", "utf-8")
    before = {path.relative_to(project) for path in project.rglob("*")}
    places = [part for place in ("talks", "docs", "snippets") for part in (f"--{place}", str(project / place))]
    assert main(["build", *places]) == 0
    written = {path.relative_to(project) for path in project.rglob("*") if path.is_file()} - before
    assert [path for path in written if path.parts[0] not in ("docs", ".cache")] == []
    [page] = [
        path for path in written if path.parts[:2] == ("docs", "qa") and "# 独一" in (project / path).read_text("utf-8")
    ]
    check_path("/".join(page.parts[1:]))
