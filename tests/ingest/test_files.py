"""The disk's edge."""

import os

import pytest

from ingest.files import CannotWrite, read, write, write_text
from ingest.limits import LARGEST
from ingest.tree import Synced


def test_files_are_read_in_order_whatever_their_line_ends(tmp_path):
    (tmp_path / "b.md").write_bytes("\ufeff甲\r\n乙\r丙".encode())
    (tmp_path / "a.md").write_bytes(b"")
    sources, problems = read([tmp_path / "b.md", tmp_path / "a.md"], tmp_path)
    assert [(source.path, source.text) for source in sources] == [("a.md", ""), ("b.md", "甲\n乙\n丙")]
    assert problems == []


def test_bytes_that_are_no_utf8_are_a_problem_where_they_stand(tmp_path):
    (tmp_path / "gbk.md").write_bytes("# ok\n说".encode() + "讨论".encode("gbk"))
    (tmp_path / "ok.md").write_text("好", "utf-8")
    sources, [problem] = read(tmp_path.iterdir(), tmp_path)
    assert [source.path for source in sources] == ["ok.md"]
    assert str(problem) == "gbk.md:2:2: F002 byte 0xcc is not UTF-8; expected UTF-8 text"


def test_file_that_cannot_be_read_is_a_problem(tmp_path):
    (tmp_path / "folder.md").mkdir()
    sources, [problem] = read([tmp_path / "folder.md"], tmp_path)
    assert sources == ()
    assert (problem.code, problem.path) == ("F001", "folder.md")


def test_same_bytes_are_not_written_again(tmp_path):
    path = tmp_path / "a" / "page.md"
    assert write_text(path, "甲")
    before = path.stat().st_mtime_ns
    assert not write_text(path, "甲")
    assert path.stat().st_mtime_ns == before
    assert write_text(path, "乙")
    assert sorted(entry.name for entry in path.parent.iterdir()) == ["page.md"]


def test_failed_write_leaves_the_old_page_and_no_rest(tmp_path, monkeypatch):
    path = tmp_path / "page.md"
    write_text(path, "old")

    def full_disk(descriptor, mode):
        os.close(descriptor)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fdopen", full_disk)
    with pytest.raises(CannotWrite, match=r"page\.md: No space left"):
        write_text(path, "new")
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["page.md"]


def test_stale_pages_go_and_hand_written_ones_stay(tmp_path):
    docs = tmp_path / "docs"
    (docs / "topics").mkdir(parents=True)
    (docs / "topics" / "lora.md").write_text("by hand")
    assert write(docs, {"qa/a.md": "1", "qa/b.md": "2"}, ["qa"]) == Synced(2, 0)
    assert write(docs, {"qa/b.md": "2"}, ["qa"]) == Synced(0, 1)
    assert sorted(path.name for path in docs.rglob("*.md")) == ["b.md", "lora.md"]


def test_a_large_file_is_text_when_it_is_asked_for(tmp_path):
    """Held as text, one letter beyond the basic plane has every letter take four bytes."""
    path = tmp_path / "2026-W48.jsonl"
    path.write_bytes("\ufeff\U0001d6fc\r\na\rb\n".encode())
    (source,), problems = read([path], tmp_path, LARGEST + 1)
    assert (source.path, source.text, problems) == ("2026-W48.jsonl", "\U0001d6fc\na\nb\n", [])
    assert source.text is not source.text
