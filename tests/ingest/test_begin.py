"""What `new` begins: a file whose every place to be written the checker finds, and nothing that was there before."""

import re
import shutil
from pathlib import Path

import pytest

from ingest.cli import main

ROOT = Path(__file__).parents[2]
FILES = {"note": "talks/notes/005.md", "question": "talks/questions/why-warmup.md", "concept": "docs/topics/warmup.md"}
NAMES = {"note": "005", "question": "why-warmup", "concept": "warmup"}


@pytest.fixture
def begin(project):
    shutil.copy(ROOT / "talks/TEMPLATE.md", project / "talks")

    def run(*what):
        return main(["new", *what, "--talks", str(project / "talks"), "--docs", str(project / "docs")])

    return run


def lines_of(code, said):
    return {int(line) for line in re.findall(rf":(\d+):\d+: {code} ", said)}


@pytest.mark.parametrize("kind", FILES)
def test_what_was_begun_passes_nowhere_until_every_place_is_written(begin, project, kind, capsys):
    assert begin(kind, NAMES[kind]) == 0
    path = project / FILES[kind]
    assert str(path) in capsys.readouterr().out
    places = [f"--{name}={project / name}" for name in ("talks", "docs", "snippets")]
    assert main(["check", *places, str(path)]) == 1
    marked = {
        at for at, line in enumerate(path.read_text("utf-8").split("\n"), 1) if "✎" in line or line.startswith("> 提示")
    }
    assert marked
    assert marked <= lines_of("M015", capsys.readouterr().err)


def test_number_alone_begins_a_note(begin, project):
    assert begin("005") == 0
    assert "【编号】：005" in (project / "talks/notes/005.md").read_text("utf-8")


@pytest.mark.parametrize("kind", FILES)
def test_what_is_there_stays(begin, project, kind, capsys):
    (project / FILES[kind]).write_text("mine", "utf-8")
    assert begin(kind, NAMES[kind]) == 1
    assert "exists" in capsys.readouterr().err
    assert (project / FILES[kind]).read_text("utf-8") == "mine"


@pytest.mark.parametrize(
    "what",
    [("question", "../x"), ("question", "Why"), ("question", "为什么"), ("concept", "a-b"), ("concept", "A"),
     ("concept", "../../x"), ("snippet", "x"), ("question",), ("note", "005", "6"), ("note", "five")],
    ids=" ".join,
)  # fmt: skip
def test_name_that_makes_no_address_is_refused(begin, project, what, capsys):
    before = sorted(project.rglob("*"))
    assert begin(*what) == 2
    assert sorted(project.rglob("*")) == before
    assert capsys.readouterr().err


def test_a_talk_can_be_begun_with_a_weeks_picks(begin, project, capsys):
    week = project / "talks/papers/2026-W48.jsonl"
    week.parent.mkdir(exist_ok=True)
    rows = [
        '{"title": "On [Good] Things", "url": "https://arxiv.org/abs/2611.10001", "votes": 9}',
        '{"title": "Nothing speaks for it", "url": "https://arxiv.org/abs/2611.10002", "published": "2026-11-23"}',
    ]
    week.write_text("\n".join(rows), "utf-8")
    assert begin("005", "--from-papers", "2026-W48") == 0
    text = (project / "talks/notes/005.md").read_text("utf-8")
    item = r"- [On \[Good\] Things](https://arxiv.org/abs/2611.10001)：✎ 一句自己的话 —✎ 署名"
    assert f"### 学术\n\n{item}\n\n### 项目" in text
    assert "Nothing speaks" not in text and "Attention Is All You Need" not in text


@pytest.mark.parametrize("week", ["2026-W01", "48", "../../etc/passwd"])
def test_a_week_without_papers_begins_nothing(begin, project, week, capsys):
    assert begin("005", "--from-papers", week) == 2
    assert "such as 2026-W48" in capsys.readouterr().err
    assert not (project / "talks/notes/005.md").exists()
