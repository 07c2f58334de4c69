"""What is made of the same is not made again, and the rest is: as if nothing were remembered."""

import pickle
from datetime import date
from functools import cache

import pytest

from ingest.cli import main
from ingest.kept import Kept
from ingest.memory import recall, remember
from ingest.model import Source
from ingest.pages.render import _Renderer
from ingest.pages.ways import Ways
from ingest.pictures import Picture
from ingest.pipeline import Inputs, build
from ingest.questions.parse import parse_question
from ingest.tree import Tree
from ingest.workspace import Workspace
from tests.ingest.test_lessons import CHALLENGE, ESSENCE

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
    return Kept({name: (made_of, pages[name]) for name, made_of in kept.made_of.items()}, kept.results)


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


NOTE = """# OpenLLM Talk 007

【编号】：007
【时间】：2024-05-11 21:00
【主持人】：甲

## 本周新闻

[甲](https://example.org/a)

## 本周推荐

## Free Talk

### Q1：旋转的角度怎么取？ —乙

A1：按位置。 —丙
"""


def project(note=NOTE, day=None, pictures=(), **questions):
    """Inputs with a note and a question that may show a picture."""
    asked = QUESTIONS | {"e": "# 图里是什么？\n\n![图](e/1.png)\n", **questions}
    given = {"pictures": {name: Picture(name, 1, 1) for name in pictures}, "day": day}
    return inputs(asked, notes=(Source("talks/notes/007.md", note),), **given)


ASKED = parse_question(Source("talks/questions/f.md", "# 新的？\n\n对。\n"))[0]
PICTURE, DAY = "talks/questions/e/1.png", date(2024, 6, 1)
OTHER_INPUTS = {
    "an alias of a concept": inputs(concept=CONCEPT.replace("[RoPE]", "[RoPE, 旋转的角度, 显存]")),
    "a concept is gone": Inputs(questions=inputs().questions),
    "a title that another question has": project(f="# 显存不够了怎么办？\n\n加。\n"),
    "a title in a note that a question has": project(NOTE.replace("旋转的角度怎么取", "显存不够怎么办")),
    "a line in a note": project(NOTE.replace("## Free", "一行。\n\n## Free")),
    "an id that a note's question has": project(f="---\nid: talk-007-q1\n---\n\n# 新的？\n"),
    "a picture comes": project(pictures=(PICTURE,)),
    "a note of tomorrow": project(NOTE.replace("2024-05-11", "2024-06-20"), DAY),
    "the day comes": project(NOTE.replace("2024-05-11", "2024-06-20"), date(2024, 6, 21)),
    "another day": project(day=DAY),
    "a note that is broken": project("没有编号\n"),
}


@cache
def built(name):
    return build(OTHER_INPUTS[name])


@pytest.mark.parametrize("first", ["an alias of a concept", "a picture comes", "a note of tomorrow"])
@pytest.mark.parametrize("then", OTHER_INPUTS)
def test_everything_is_as_if_nothing_were_remembered(first, then):
    """Pages, records and problems, whatever was built before."""
    assert build(OTHER_INPUTS[then], after(OTHER_INPUTS[first])) == built(then)


def test_little_is_read_again(monkeypatch):
    kept, parsed = after(project()), []
    monkeypatch.setattr("ingest.pipeline.parse_question", lambda source: parsed.append(source.path) or (ASKED, []))
    monkeypatch.setattr("ingest.pipeline.parse_note", lambda source: parsed.append(source.path) or (None, []))
    monkeypatch.setattr("ingest.link.Matcher.find", lambda _, *texts: parsed.append("named") or ())
    monkeypatch.setattr("ingest.link.related", lambda *_: parsed.append("related") or {})
    monkeypatch.setattr("ingest.questions.duplicates._alike", lambda titles: parsed.append("alike") or ())
    build(project(), kept)
    assert parsed == []
    with pytest.raises(KeyError):  # nobody knows what the new one is related to
        build(project(f="# 新的？\n\n对。\n"), kept)
    assert parsed == ["talks/questions/f.md", "alike", "named", "related"]


def test_what_waits_for_an_answer_is_listed_again_where_that_changed():
    lists = {"qa/open.md", "generated/en/open.md"}
    for note, waiting, stand in (
        (NOTE.replace("## Free", "一行。\n\n## Free"), "谁知道", lists),
        (NOTE, "谁懂", set()),
    ):
        kept = after(project(f="# 谁知道？\n"))
        assert build(project(note, f=f"# {waiting}？\n"), kept)[0] == build(project(note, f=f"# {waiting}？\n"))[0]
        assert kept.standing & lists == stand


def lesson(questions=QUESTIONS, concept="", path="rope", note=NOTE, day=2, **other):
    """Inputs whose concept has all that its page shows."""
    head = f"{concept or 'summary: 转。'}\nsnippet: rope\ntranslated: true\nlearn: [一, 二, 三]"
    steps = f"---\nsteps:\n  - name: 起步\n    english: Start\n    concepts: [{path}]\n---\n"
    paper = f'{{"title": "RoPE", "url": "https://example.org/p", "published": "2024-05-{day:02}", "feed": "甲"}}\n'
    parts = {
        "notes": (Source("talks/notes/007.md", note),),
        "papers": (Source("talks/papers/2024-W18.jsonl", paper),),
        "snippets": (Source("snippets/rope.py", '"""RoPE."""\n'),),
        "essences": (Source("snippets/essence/rope.py", ESSENCE),),
        "challenges": (Source("snippets/challenges/rope.py", CHALLENGE),),
        "english_concepts": (Source("docs/en/topics/rope.md", "---\ntitle: RoPE\nlearn: [a, b, c]\n---\n\n# RoPE\n"),),
        "path": (Source("docs/topics/path.yml", steps),),
    }
    return inputs(questions, CONCEPT.replace("summary: 转。", head), **parts | other)


ASKED_TOO = "---\ninterview: true\ntopics: [rope]\n---\n\n# RoPE 是什么？\n\n转。\n"
TOLD = NOTE.replace("【主持人】", "【本期提要】：RoPE\n【主持人】")
LESSONS = {
    "nothing": lesson(),
    "its summary": lesson(concept="summary: 转圈。"),
    "its code": lesson(essences=(Source("snippets/essence/rope.py", ESSENCE.replace("降维", "升维")),)),
    "its challenge": lesson(challenges=(Source("snippets/challenges/rope.py", CHALLENGE.replace("改这里", "改")),)),
    "its English page": lesson(english_concepts=()),
    "the path": lesson(path=""),
    "a question for interviews": lesson(QUESTIONS | {"g": ASKED_TOO}),
    "its title": lesson(QUESTIONS | {"g": ASKED_TOO.replace("是什么", "是啥")}),
    "it waits for an answer": lesson(QUESTIONS | {"g": ASKED_TOO.removesuffix("\n转。\n")}),
    "a talk on it": lesson(note=TOLD),
    "the day of that talk": lesson(note=TOLD.replace("05-11", "05-12")),
    "a paper's day": lesson(day=3),
}


@cache
def anew(name):
    return build(LESSONS[name])[0]


@pytest.mark.parametrize("first", LESSONS)
def test_parts_of_concept_pages_are_as_if_nothing_were_remembered(first):
    kept = after(LESSONS[first])
    assert "generated/topics/rope.md" in kept.pages and "generated/en/before/rope.md" in anew("nothing")
    for then, second in LESSONS.items():
        assert build(second, kept)[0] == anew(then), then


def places(space):
    return ["--talks", str(space.talks), "--docs", str(space.docs), "--snippets", str(space.snippets)]


@pytest.fixture
def space(tmp_path):
    for name, text in QUESTIONS.items():
        path = tmp_path / f"talks/questions/{name}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    found = Workspace.at(tmp_path)
    main(["build", *places(found)])
    return found


def test_pages_on_the_disk_are_kept_as_they_were_written(space):
    before = {*space.kept().pages}
    assert before >= {"qa/a.md", "qa/b.md", "qa/d.md"}
    (space.docs / "qa/a.md").write_text("another", "utf-8")
    (space.docs / "qa/b.md").unlink()
    assert {*space.kept().pages} == before - {"qa/a.md", "qa/b.md"}


def test_nothing_is_kept_of_another_program(space, monkeypatch):
    monkeypatch.setattr("ingest.workspace._program", lambda: "another")
    assert not space.kept().pages


@pytest.mark.parametrize("name", ["ingest-pages", "ingest-results"])
def test_file_that_is_not_as_it_was_left_is_as_if_it_were_not_there(space, name):
    path = space.docs.parent / ".cache" / name
    whole = path.read_bytes()
    for content in (
        b"",
        whole[:50],
        whole[:-1],
        whole + b" ",
        whole[:80] + bytes([whole[80] ^ 1]) + whole[81:],
        b"\xff" * 200,
    ):
        path.write_bytes(content)
        kept = space.kept()
        assert not (kept.pages if name == "ingest-pages" else kept.last)


class Opens:
    def __reduce__(self):
        return open, ("opened", "w")


def test_what_another_user_left_is_not_believed(space, monkeypatch, tmp_path_factory):
    assert space.kept().last
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("other")))
    assert not space.kept().last and not space.kept().pages
    assert main(["build", *places(space)]) == 0
    assert space.kept().last


def test_nothing_but_records_is_ever_made_of_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    remember(Tree(tmp_path), "memory", [Opens()])  # though it is signed
    with pytest.raises(pickle.UnpicklingError):
        recall(Tree(tmp_path), "memory")
    assert not (tmp_path / "opened").exists()


def test_user_without_a_folder_of_his_own_builds_all_the_same(space, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "/proc/nowhere")
    assert main(["build", *places(space)]) == 0
    assert not space.kept().last
