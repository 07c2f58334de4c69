"""The archive's folder with its index: the same as merging everything, and no week is read that is not touched."""

import random
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from ingest.feeds import store
from ingest.feeds.archive import merge_all
from ingest.feeds.outcome import Outcome
from ingest.feeds.parse import Feed
from ingest.feeds.records import decode, encode
from ingest.feeds.state import FeedState
from ingest.feeds.store import add_to_archive, fingerprint_of, relink
from ingest.model import Paper, Source, Week
from ingest.urls import paper_id

TODAY = date(2026, 11, 28)


def paper(number: int, chance: random.Random) -> Paper:
    """One of a hundred papers, told of in one of many ways."""
    arxiv = f"2611.{number:05}"
    url, arxiv, doi = chance.choice(
        [
            (f"https://arxiv.org/abs/{arxiv}", arxiv, ""),
            (f"https://arxiv.org/abs/{arxiv}", arxiv, f"10.5555/{number}"),
            (f"https://doi.org/10.5555/{number}", "", f"10.5555/{number}"),
            (f"https://a.example/{number}?s={chance.random()}", "", ""),
        ]
    )
    return Paper(
        paper_id(url, arxiv, doi), f"A Title That Is Long Enough {number}", url, arxiv, doi, ("Ada Roe",),
        chance.choice([None, date(2026, 11, 1) + timedelta(days=number % 28)]), chance.choice(["A", "B"]),
        authority=chance.choice(["", "arXiv v1"]) if arxiv else "", guid="" if arxiv or doi else f"guid-{number}",
    )  # fmt: skip


def add(talks: Path, *papers: Paper) -> list[str]:
    outcome = Outcome("f", FeedState("f"), Feed("f", papers))
    _, problems = add_to_archive((outcome,), talks / "papers", TODAY, lambda title, abstract: ())
    return [problem.code for problem in problems]


def weeks_of(talks: Path) -> tuple[Week, ...]:
    paths = sorted((talks / "papers").glob("*.jsonl"))
    return tuple(decode(Source(path.name, path.read_text()))[0] for path in paths)


@pytest.mark.parametrize("seed", range(8))
def test_the_archive_by_its_index_is_the_archive_merged_whole(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    whole: tuple[Week, ...] = ()
    for turn in range(8):
        papers = tuple(paper(chance.randrange(100), chance) for _ in range(20))
        if turn == 5:  # the index is lost, and somebody edits a week
            (tmp_path / ".papers.sqlite").unlink()
        add(tmp_path, *papers)
        whole, _ = merge_all(whole, [(papers, ())], TODAY)
        assert weeks_of(tmp_path) == whole


def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    read: list[str] = []

    def counting(source: Source) -> Any:
        read.append(Path(source.path).stem)
        return decode(source)

    monkeypatch.setattr(store, "decode", counting)
    return read


def dated(number: int, day: date) -> Paper:
    url = f"https://a.example/{number}"
    return Paper(paper_id(url), f"Post {number}", url, published=day, feed="A")


def test_a_fetch_reads_the_weeks_that_it_touches_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    days = [TODAY - timedelta(weeks=at) for at in range(30)]
    add(tmp_path, *(dated(at, day) for at, day in enumerate(days)))
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "papers").iterdir()}
    read = counted(monkeypatch)
    add(tmp_path, dated(100, days[3]), dated(7, days[7]))
    assert len(read) == 2
    after = {path: path.stat().st_mtime_ns for path in (tmp_path / "papers").iterdir()}
    assert len(before.items() ^ after.items()) == 2  # one file changed
    read.clear()
    add(tmp_path, dated(100, days[3]))
    assert len(read) == 1


def test_what_others_changed_is_learned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add(tmp_path, dated(1, TODAY), dated(2, TODAY - timedelta(weeks=9)))
    path = tmp_path / "papers" / "2026-W20.jsonl"
    path.write_text(encode(Week("2026-W20", (dated(3, date(2026, 5, 13)),))))
    read = counted(monkeypatch)
    moved = Paper(
        dated(3, TODAY).id, "Post 3", "https://a.example/3", feed="B"
    )  # undated: its week is found by the index
    add(tmp_path, moved)
    assert [one.also for week in weeks_of(tmp_path) for one in week.papers if one.title == "Post 3"] == [("B",)]
    assert sorted(set(read)) == ["2026-W20"]
    path.unlink()
    add(tmp_path, moved)
    assert [week.name for week in weeks_of(tmp_path) for one in week.papers if one.title == "Post 3"] == ["undated"]


@pytest.mark.parametrize("content", [b"no database", b"SQLite format 3\0" + bytes(100)])
def test_a_damaged_index_is_made_anew(content: bytes, tmp_path: Path) -> None:
    add(tmp_path, dated(1, TODAY))
    (tmp_path / ".papers.sqlite").write_bytes(content)
    assert add(tmp_path, dated(1, TODAY), dated(2, TODAY)) == []
    assert len([one for week in weeks_of(tmp_path) for one in week.papers]) == 2


def test_an_index_that_is_a_link_is_left_alone(tmp_path: Path) -> None:
    target = tmp_path / "elsewhere"
    target.write_bytes(b"mine")
    (tmp_path / "talks").mkdir()
    (tmp_path / "talks" / ".papers.sqlite").symlink_to(target)
    add(tmp_path / "talks", dated(1, TODAY))
    assert target.read_bytes() == b"mine"
    assert len(weeks_of(tmp_path / "talks")) == 1


def test_a_broken_file_is_told_each_time_and_never_written(tmp_path: Path) -> None:
    add(tmp_path, dated(1, TODAY))
    path = tmp_path / "papers" / "2026-W48.jsonl"
    path.write_text(path.read_text() + "<<<<<<< ours\n")
    before = path.read_bytes()
    for _ in range(2):
        assert set(add(tmp_path, dated(2, TODAY - timedelta(weeks=3)))) == {"P001"}
        assert path.read_bytes() == before
    path.write_text(path.read_text().replace("<<<<<<< ours\n", ""))
    assert add(tmp_path, dated(3, TODAY)) == []


def test_the_fingerprint_is_that_of_the_files(tmp_path: Path) -> None:
    add(tmp_path, dated(1, TODAY))
    one = fingerprint_of(tmp_path / "papers")
    assert one == fingerprint_of(tmp_path / "papers")
    add(tmp_path, dated(2, TODAY))
    assert fingerprint_of(tmp_path / "papers") != one


def test_old_papers_are_linked_to_concepts_that_were_written_since(tmp_path: Path) -> None:
    chance = random.Random(1)
    add(tmp_path, *(paper(number, chance) for number in range(6)))
    before = weeks_of(tmp_path)

    def find(title: str, line: str) -> tuple[str, ...]:
        return ("awq",) if title.endswith(("2", "4")) else ()

    assert relink(tmp_path / "papers", find) == (2, [])
    named = [one.topics for week in weeks_of(tmp_path) for one in week.papers if one.title.endswith(("2", "4"))]
    assert named == [("awq",), ("awq",)]
    assert relink(tmp_path / "papers", find) == (0, [])
    bare = [(one.id, one.title) for week in before for one in week.papers]
    assert [(one.id, one.title) for week in weeks_of(tmp_path) for one in week.papers] == bare
    name = next((tmp_path / "papers").glob("2026-*.jsonl"))
    name.write_text(name.read_text() + "{")
    problems = relink(tmp_path / "papers", lambda title, line: ("lora",))[1]
    assert [problem.code for problem in problems][:1] == ["P001"] and name.read_text().endswith("{")
    assert "lora" not in name.read_text()
