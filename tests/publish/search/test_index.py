"""The index as it is written, and as it answers."""

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest

from publish.search.index import build
from tests.publish.search.conftest import RECORDS, write


def files(root: Path) -> dict[str, bytes]:
    folder = root / "site" / "search"
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("LoRA", "topics/lora/"),
        ("介绍一下 LoRA 的优点", "topics/lora/"),
        ("LoRA 的秩取多大", "qa/rank/"),
        ("what is a reward model", "topics/reward/"),
        ("打分模型是啥", "topics/reward/"),
        ("RM", "topics/reward/"),
        ("复读机 怎么办", "qa/loop/"),
        ("repetition", "qa/loop/"),
        ("rewrd model", "topics/reward/"),
        ("旋轉位置編碼", "topics/rope/"),
        ("ＲｏＰＥ", "topics/rope/"),
        ("xuanzhuanweizhibianma", "topics/rope/"),
        ("kvcache", "qa/rank/"),
        ("torch.topk", "qa/rank/"),
        ("熵", "qa/open/"),
        ("Reward Hacking", "papers/2026-w01/"),
        ("笔记的写法", "guide/notes/"),
    ],
)
def test_page_that_answers_comes_first(asked, query, first):
    assert asked(query)[0][:1] == [first]


def test_single_character_finds_all_that_have_it(asked):
    (found,) = asked("的")
    assert {"qa/rank/", "qa/loop/", "topics/lora/", "guide/notes/"} <= set(found)


def test_what_nobody_says_finds_nothing(asked):
    assert asked("qzxwvqzxwv", "") == [[], []]


def test_few_strict_matches_hide_no_good_partial_ones(asked):
    (found,) = asked("LoRA 显存 秩")
    assert {"topics/lora/", "qa/rank/"} <= set(found)


def test_english_pages_are_found_from_english_ones_and_chinese_from_chinese(asked):
    english, chinese = asked("notes", language="en") + asked("notes 笔记")
    assert english == ["en/guide/notes/"]
    assert chinese == ["guide/notes/"]


def test_command_prints_a_list_a_line(project):
    build(project)
    command = [sys.executable, "-m", "publish", "search", "--json", f"--site={project / 'site'}"]
    done = subprocess.run(command, input="LoRA\n\n熵\n", capture_output=True, text=True, check=True)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line[:1] for line in lines] == [["topics/lora/"], [], ["qa/open/"]]
    done = subprocess.run([*command[:-1], "--site=nowhere"], input="x\n", capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "has no index" in done.stderr


def test_files_are_named_by_what_is_in_them(project):
    build(project)
    entry = json.loads(files(project)["index.json"])
    assert entry["count"] == 9 and sum(entry["packs"]) == 9
    assert entry["runs"] == [["概念", "", 3], ["问答", "", 3], ["论文", "", 1], ["", "en", 1], ["", "zh", 1]]
    before = set(files(project))
    records = project / "docs" / "generated" / "search.jsonl"
    records.write_text(RECORDS.replace("从 8 试起", "从 16 试起"), "utf-8")
    build(project)
    after = set(files(project))
    assert before - after and after - before and "index.json" in before & after


def test_changed_question_gives_the_bytes_of_a_build_from_nothing(project, tmp_path_factory):
    """Its postings are patched; a new question shifts the numbers of others, and a lost one too."""
    other = write(tmp_path_factory.mktemp("other"))
    changed = RECORDS.replace("从 8 试起", "矩阵的秩从 16 试起")
    lines = RECORDS.splitlines(keepends=True)
    for text in (RECORDS, changed, lines[1] + lines[2], changed):
        for root in (project, other):
            (root / "docs" / "generated" / "search.jsonl").write_text(text, "utf-8")
        (other / ".cache" / "search.bin").unlink(missing_ok=True)
        build(project)
        build(other)
        assert files(project) == files(other)


def test_broken_memory_is_no_harm(project):
    build(project)
    wanted = files(project)
    (project / ".cache" / "search.bin").write_bytes(b"no memory of ours")
    build(project)
    assert files(project) == wanted


def test_memory_is_written_through_no_link(project, tmp_path):
    build(project)
    (project / ".cache" / "search.bin").unlink()
    (tmp_path / "other").write_bytes(b"kept")
    (project / ".cache" / "search.bin").symlink_to(tmp_path / "other")
    build(project)
    assert (tmp_path / "other").read_bytes() == b"kept"


def test_texts_hold_the_answer_first_and_no_markup(project):
    build(project)
    shown = [
        one
        for name, content in files(project).items()
        if name.startswith("texts/")
        for one in json.loads(gzip.decompress(content))
    ]
    by_title = {one["title"]: one for one in shown}
    assert by_title["LoRA 的秩取多大？"]["parts"][0] == ["", "", "从 8 试起。torch.topk 与 KV-Cache 无关。"]
    assert ["loss", "公式", "a/b"] in by_title["奖励模型"]["parts"]
    assert by_title["On Reward Hacking"]["url"] == "https://example.org/p"
