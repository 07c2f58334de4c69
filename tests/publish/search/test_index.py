"""The index as it is written, and as it answers."""

import gzip
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ingest.guard import Looked
from ingest.model import Concept
from ingest.tree import Tree
from publish.search import SCRIPTS, documents
from publish.search.ask import node
from publish.search.index import build
from publish.search.names import Names
from tests.publish.search.conftest import CONCEPT, RECORDS, question, write


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
        ("judge net", "topics/reward/"),
        ("judgenet", "topics/reward/"),
        ("复读机 怎么办", "qa/loop/"),
        ("repetition", "qa/loop/"),
        ("rewrd model", "topics/reward/"),
        ("旋轉位置編碼", "topics/rope/"),
        ("ＲｏＰＥ", "topics/rope/"),
        ("xuanzhuanweizhibianma", "topics/rope/"),
        ("kvcache", "qa/rank/"),
        ("LoraConfig 怎么配置", "topics/lora/"),
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


def test_what_pages_include_is_no_page(asked):
    assert asked("实验里的字") == [[]]


def test_few_strict_matches_hide_no_good_partial_ones(asked):
    (found,) = asked("LoRA 显存 秩")
    assert {"topics/lora/", "qa/rank/"} <= set(found)


def test_english_pages_are_found_from_english_ones_and_chinese_from_chinese(asked):
    english, chinese = asked("notes", language="en") + asked("notes 笔记")
    assert english == ["en/guide/notes/"]
    assert chinese == ["guide/notes/"]


def test_command_prints_a_list_a_line(project):
    build(Tree(project))
    command = [sys.executable, "-m", "publish", "search", "--json", f"--site={project / 'site'}"]
    done = subprocess.run(command, input="LoRA\n\n熵\n", capture_output=True, text=True, check=True)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line[:1] for line in lines] == [["topics/lora/"], [], ["qa/open/"]]
    done = subprocess.run([*command[:-1], "--site=nowhere"], input="x\n", capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "has no index" in done.stderr


def test_files_are_named_by_what_is_in_them(project):
    build(Tree(project))
    entry = json.loads(files(project)["index.json"])
    assert entry["count"] == 9 and sum(entry["packs"]) == 9
    assert entry["runs"] == [["概念", "", 3], ["问答", "", 3], ["论文", "", 1], ["", "en", 1], ["", "zh", 1]]
    before = set(files(project))
    records = project / "docs" / "generated" / "search.jsonl"
    records.write_text(RECORDS.replace("从 8 试起", "从 16 试起"), "utf-8")
    build(Tree(project))
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
        build(Tree(project))
        build(Tree(other))
        assert files(project) == files(other)


def test_broken_memory_is_no_harm(project):
    build(Tree(project))
    wanted = files(project)
    (project / ".cache" / "search.bin").write_bytes(b"no memory of ours")
    build(Tree(project))
    assert files(project) == wanted


@pytest.mark.parametrize("table", [b"\xff = \xfe", "字".encode() * 400_000])
def test_table_that_no_check_could_read_is_left_out(project, table):
    (project / "talks" / "synonyms.txt").unlink()
    wanted = build(Tree(project)), files(project)
    (project / "talks" / "synonyms.txt").write_bytes(table)
    assert (build(Tree(project)), files(project)) == wanted


@pytest.mark.parametrize("title", ["[](x)", "https://example.org", " "])
def test_concept_whose_title_says_nothing_is_called_as_its_file(project, title):
    page = CONCEPT.format(title=f'"{title}"', english="E", aliases="Foo", summary="S", text="")
    (project / "docs" / "topics" / "bare.md").write_text(page, "utf-8")
    build(Tree(project))  # in which each concept has a document
    assert documents.document_of(page, "topics/bare.md", {}).title == "bare"


def test_name_that_is_longer_written_out_is_searched_by_its_letters_alone():
    """Of one letter NFKC makes eighteen; and each letter of a name is looked for within the one before."""
    concept = Concept("a", "T", ("\ufdfa" * 200, "LoRA"), "组", "一句", "", False, "docs/topics/a.md")
    assert [sense.names for sense in Names([concept], []).senses] == [["t", "lora"]]


def test_memory_is_written_through_no_link(project, tmp_path):
    build(Tree(project))
    (project / ".cache" / "search.bin").unlink()
    (tmp_path / "other").write_bytes(b"kept")
    (project / ".cache" / "search.bin").symlink_to(tmp_path / "other")
    build(Tree(project))
    assert (tmp_path / "other").read_bytes() == b"kept"


def test_texts_hold_the_answer_first_and_no_markup(project):
    build(Tree(project))
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


def test_page_that_the_guard_saw_otherwise_is_not_indexed(project):
    with pytest.raises(OSError, match="changed while the site was built"):
        build(Looked(project, {"docs/topics/lora.md": "of another text"}))


def test_sections_of_code_are_found_in_linear_time():
    """Code of 20 kB that begins sections and ends none took minutes."""
    code = "# --8<-- [start:core]\n" * 40_000

    class Code:
        kind = staticmethod(lambda name: "file")
        read = staticmethod(lambda name: code.encode())

    began = time.process_time()
    assert documents._whole('--8<-- "lora.py:core"', Code()) == code
    assert time.process_time() - began < 1


ENGINE = """
import { readFile } from "node:fs/promises";
globalThis.document = { documentElement: { lang: "zh" } };
const { Engine } = await import("./engine.js");
const { Finder } = await import("./find.js");
const { Reader } = await import("./reader.js");
const reader = await Reader.open((name) => readFile(`${process.argv[2]}/${name}`));
const engine = new Engine(reader, await Finder.of(reader));
await engine.prepareFilters();
const { counts } = engine.sifted({}, engine.everything());
console.log(JSON.stringify([await engine.suggestions("constr"), counts.person.constructor]));
"""


def test_concept_and_person_may_be_called_as_every_object_of_javascript_has_it(project, tmp_path_factory):
    page = CONCEPT.format(title="Constructor", english="Constructor", aliases="constructor", summary="a", text="b")
    (project / "docs/topics/constructor.md").write_text(page, "utf-8")
    (project / "docs/generated/search.jsonl").write_text(question("a", "问？", "答", people=["constructor"]), "utf-8")
    build(Tree(project))
    folder = tmp_path_factory.mktemp("scripts")
    for script in SCRIPTS.glob("*.js"):
        shutil.copy(script, folder)
    (folder / "package.json").write_text('{"type": "module"}', "utf-8")
    (folder / "run.js").write_text(ENGINE, "utf-8")
    done = subprocess.run(
        [*node(), str(folder / "run.js"), str(project / "site/search")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    suggested, count = json.loads(done.stdout)
    assert ([one["title"] for one in suggested], count) == (["Constructor"], 1)


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("本周奖励模型论文", "papers/list/?concept=reward"),
        ("最近有什么讲 RM 的新论文？", "papers/list/?concept=reward"),
        ("This week's papers on reward models", "papers/list/?concept=reward"),
        ("latest papers", "papers/list/"),
        ("LoRA papers", "topics/lora/"),  # of which there are none
        ("论文里的奖励模型怎么打分", "topics/reward/"),
    ],
)
def test_list_of_a_concepts_papers_is_what_asks_for_them_finds_first(asked, query, first):
    assert asked(query)[0][0] == first
