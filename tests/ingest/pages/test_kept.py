"""Pages that are made of the same are not rendered again, and the others are."""

import pytest

from ingest.cli import main
from ingest.model import Source
from ingest.pages.kept import Kept
from ingest.pages.render import _Renderer
from ingest.pages.ways import Ways
from ingest.pipeline import Inputs, build
from ingest.workspace import Workspace

CONCEPT = "---\ntitle: RoPE\nenglish: RoPE\naliases: [RoPE]\ngroup: 位置编码\nsummary: 转。\n---\n\n# RoPE\n"
QUESTIONS = {
    "a": "# RoPE 怎样外推？\n\n要插值。\n",
    "b": "# RoPE 怎样插值？\n\n除以倍数。\n",
    "c": "---\nduplicate_of: b\n---\n\n# RoPE 如何插值？\n\n见前。\n",
    "d": "# 显存不够怎么办？\n\n换大的。\n",
}


def inputs(questions=QUESTIONS, concept=CONCEPT, **other):
    asked = tuple(Source(f"talks/questions/{name}.md", text) for name, text in questions.items())
    return Inputs(questions=asked, concepts=(Source("docs/topics/rope.md", concept),), **other)


def after(first):
    """What a build leaves for the next."""
    kept = Kept()
    pages = build(first, kept)[0]
    assert kept.made_of
    return Kept({name: (made_of, pages[name]) for name, made_of in kept.made_of.items()})


CHANGES = {
    "a question": (inputs(QUESTIONS | {"a": "# RoPE 怎样外推？\n\n要内插。\n"}), {"a", "b"}, {"d"}),
    "a related one's title": (inputs(QUESTIONS | {"a": "# RoPE 怎样外推到更长？\n\n要插值。\n"}), {"a", "b"}, {"d"}),
    "a repeated one": (inputs(QUESTIONS | {"c": QUESTIONS["c"].replace("见前", "见上")}), {"b"}, {"d"}),
    "a concept": (inputs(concept=CONCEPT.replace("title: RoPE", "title: 旋转")), {"a", "b", "d"}, set()),
    "the repository": (inputs(ways=Ways("https://github.com/a/b")), {"a", "b", "d"}, set()),
    "nothing": (inputs(), set(), {"a", "b", "d"}),
}


@pytest.mark.parametrize("change", CHANGES)
def test_pages_are_those_of_a_build_from_nothing_and_few_are_rendered(change, monkeypatch):
    second, rendered, spared = CHANGES[change]
    kept, done, page = after(inputs()), [], _Renderer._page

    def watched(self, template, **values):
        done.extend([values["question"].id] if template == "question" else [])
        return page(self, template, **values)

    expected = build(second)
    monkeypatch.setattr(_Renderer, "_page", watched)
    assert build(second, kept) == expected
    assert rendered <= {*done} and not spared & {*done}


@pytest.fixture
def space(tmp_path):
    for name, text in QUESTIONS.items():
        path = tmp_path / f"talks/questions/{name}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    found = Workspace.at(tmp_path)
    main(["build", "--talks", str(found.talks), "--docs", str(found.docs), "--snippets", str(found.snippets)])
    return found


def test_pages_on_the_disk_are_kept_as_they_were_written(space):
    assert {*space.kept().pages} == {"qa/a.md", "qa/b.md", "qa/d.md"}
    (space.docs / "qa/a.md").write_text("another", "utf-8")
    (space.docs / "qa/b.md").unlink()
    assert {*space.kept().pages} == {"qa/d.md"}


def test_nothing_is_kept_of_another_program(space, monkeypatch):
    monkeypatch.setattr("ingest.workspace._program", lambda: "another")
    assert not space.kept().pages


@pytest.mark.parametrize("text", ["", "[]", '{"program": 1}', '{"pages": {"qa/a.md": 3}}'])
def test_memory_that_is_broken_is_none(space, text):
    (space.docs.parent / ".cache/ingest-pages.json").write_text(text, "utf-8")
    assert not space.kept().pages
