"""What the site shows of the snippets: notebooks, and what each was tested with."""

import json
import re
import shutil

import pytest
import yaml

from snippets import _notebook, _records, _site
from snippets.__main__ import main, names
from tests.ingest.test_growth import grows_too_fast

OLD = {
    "content": "",
    "date": "2026-01-02",
    "machine": "torch 2",
    "browser": "Chromium 1",
    "passed": {"cpu": 7, "browser": 5},
}
ROW = re.compile(r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)


@pytest.fixture
def project(tmp_path):
    """A project with two snippets, one of which has no page."""
    for name in ("snippets", "tests/snippets", "docs/topics"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("lora", "gae"):
        shutil.copy(_records.ROOT / "snippets" / f"{name}.py", tmp_path / "snippets")
        shutil.copy(_records.ROOT / "tests" / "snippets" / f"test_{name}.py", tmp_path / "tests" / "snippets")
    shutil.copy(_records.ROOT / "docs" / "topics" / "lora.md", tmp_path / "docs" / "topics")
    return tmp_path


def recorded(project, name="lora", **values):
    return {name: {**OLD, "content": _records.content_of(name, project), **values}}


def test_record_is_shown_with_its_day_and_environment(project):
    made = _records.pages(["lora"], recorded(project), project)
    assert made["lora.md"].startswith("测试记录：2026-01-02 通过 CPU 上 7 项、浏览器里 5 项。[")
    assert "\n1. 2026-01-02：torch 2；浏览器 Chromium 1\n" in made["index.md"]
    assert ROW.findall(made["index.md"])[1:] == [("[LoRA：低秩适配](topics/lora.md)", "7", "未跑", "5", "1")]
    assert ROW.findall(made["index.en.md"])[1:] == [
        ("[LoRA: low-rank adaptation](../topics/lora.md)", "7", "not run", "5", "1")
    ]
    assert not re.search("[\u4e00-\u9fff]", made["index.en.md"])


def test_environments_are_told_apart_the_newest_first(project):
    records = recorded(project) | recorded(project, "gae", date="2026-03-04", browser="")
    made = _records.pages(["gae", "lora"], records, project)["index.en.md"]
    assert re.findall(r"^\d\. .*", made, re.MULTILINE) == [
        "1. 2026-03-04: torch 2; browser not run",
        "2. 2026-01-02: torch 2; browser Chromium 1",
    ]
    assert [row[-1] for row in ROW.findall(made)[1:]] == ["1", "2"]


@pytest.mark.parametrize("changed", ["snippets/lora.py", "tests/snippets/test_lora.py"])
def test_record_of_other_code_or_tests_is_shown_as_stale_and_without_numbers(project, changed):
    records = recorded(project)
    (project / changed).write_text("1", "utf-8")
    made = _records.pages(["lora"], records, project)
    assert made["lora.md"].startswith("测试记录：已过时，2026-01-02 之后代码或测试改过。")
    assert ROW.findall(made["index.en.md"])[1][1:] == ("–", "–", "–", "stale")
    assert "Chromium 1" not in made["index.en.md"]


def test_record_holds_where_only_the_line_ends_differ(project):
    records = recorded(project)
    path = project / "snippets" / "lora.py"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert "已过时" not in _records.pages(["lora"], records, project)["lora.md"]


def test_snippet_without_a_record_or_a_page_is_shown_all_the_same(project):
    made = _records.pages(["gae"], {}, project)
    assert made["gae.md"].startswith("测试记录：尚无记录。")
    assert ROW.findall(made["index.en.md"])[1:] == [("`gae`", "–", "–", "–", "not recorded yet")]


def test_titles_are_those_of_the_pages():
    made = _records.pages(names(), {}, _records.ROOT)["index.en.md"]
    for name in names():
        page = (_records.ROOT / "docs" / "topics" / f"{name}.md").read_text("utf-8")
        title = yaml.safe_load(page.split("---\n")[1])["english"]
        assert f"| [{title}](../topics/{name}.md) |" in made


def test_file_of_records_is_in_its_canonical_form():
    """What `make records` would write, so that one snippet's record changes no other line."""
    text = _records.FILE.read_text("utf-8")
    assert _records.dump(_records.load()) == text
    for record in json.loads(text).values():
        assert record.keys() == OLD.keys()
        assert record["passed"].keys() <= set(_records.PLACES) and all(record["passed"].values())


def test_folders_hold_what_belongs_to_the_snippets_and_are_written_once(tmp_path, monkeypatch, capsys):
    docs = tmp_path / "docs"
    docs.mkdir()
    with monkeypatch.context() as before:
        before.setattr("snippets.__main__.names", lambda: ["lora", "gae"])
        assert main(["site", str(docs)]) == 0
    (docs / "records" / "mine.md").write_text("", "utf-8")
    monkeypatch.setattr("snippets.__main__.names", lambda: ["lora"])
    assert main(["site", str(docs)]) == 0
    assert [path.name for path in (docs / "notebooks").iterdir()] == ["lora.ipynb"]
    assert {path.name for path in (docs / "records").iterdir()} == {"index.md", "index.en.md", "lora.md", "mine.md"}
    assert capsys.readouterr().err == "docs/records/mine.md: no build wrote this file, so it stays\n"
    times = {path: path.stat().st_mtime_ns for path in docs.rglob("*.*")}
    assert main(["site", str(docs)]) == 0
    assert {path: path.stat().st_mtime_ns for path in docs.rglob("*.*")} == times
    assert json.loads((docs / "notebooks" / "lora.ipynb").read_text("utf-8"))["nbformat"] == 4


def test_snippet_without_a_page_or_an_example_is_a_line_and_no_failure(tmp_path, monkeypatch, capsys):
    def notebook(name):
        if name == "gae":
            raise FileNotFoundError(2, "No such file", str(_records.ROOT / "docs" / "topics" / "gae.md"))
        if name == "lora":
            raise LookupError("docs/topics/lora.md has no runnable example")
        return "{}"

    monkeypatch.setattr(_site, "notebook", notebook)
    assert main(["site", str(tmp_path)]) == 0
    assert capsys.readouterr().err.splitlines() == [
        "snippets/gae.py has no page: docs/topics/gae.md is not there, so the site does not show it",
        "docs/topics/lora.md has no runnable example, so there is no notebook of it",
    ]
    assert {path.stem for path in (tmp_path / "notebooks").iterdir()} == {*names()} - {"gae", "lora"}


@pytest.mark.parametrize("folder", ["notebooks", "records"])
def test_nothing_is_written_or_removed_through_a_link(tmp_path, folder, capsys):
    outside, docs = tmp_path / "outside", tmp_path / "docs"
    outside.mkdir()
    docs.mkdir()
    for name in ("mine.ipynb", "mine.md"):
        (outside / name).write_text("mine", "utf-8")
    (docs / folder).symlink_to(outside)
    assert main(["site", str(docs)]) == 2
    assert f"docs/{folder}: a link, where a file or folder of this checkout is expected" in capsys.readouterr().err
    assert {path.name for path in outside.iterdir()} == {"mine.ipynb", "mine.md"}


def test_a_link_in_a_files_place_is_replaced(tmp_path):
    outside, notebooks = tmp_path / "mine", tmp_path / "docs" / "notebooks"
    outside.write_text("mine", "utf-8")
    notebooks.mkdir(parents=True)
    (notebooks / "lora.ipynb").symlink_to(outside)
    assert main(["site", str(tmp_path / "docs")]) == 0
    assert outside.read_text("utf-8") == "mine"
    assert not (notebooks / "lora.ipynb").is_symlink()


@pytest.mark.parametrize("field", ["title", "english"])
def test_title_is_that_of_the_front_matter_and_no_line_of_the_page_stands_for_it(project, field):
    """A page may say anything in its code; nobody looks at what the table is made of again."""
    page = project / "docs/topics/lora.md"
    text = page.read_text("utf-8").replace(f"\n{field}:", f'\n"{field}":')
    page.write_text(f"{text}\n```text\n{field}: <div class=md-header>\n```\n", "utf-8")
    table = _records.pages(["lora"], {}, project)["index.md" if field == "title" else "index.en.md"]
    assert "md-header" not in table and "| [LoRA" in table


@pytest.mark.parametrize("content", [b"\xff", None, b"```\n" * 9], ids=["another encoding", "a folder", "no example"])
def test_page_that_cannot_be_read_is_a_line(project, monkeypatch, content):
    page = project / "docs/topics/lora.md"
    page.unlink()
    page.mkdir() if content is None else page.write_bytes(content)
    for module in (_records, _notebook):
        monkeypatch.setattr(module, "ROOT", project)
    [said] = _site.write_site(["lora"], project / "docs")
    assert "lora" in said and (project / "docs/records/index.md").is_file()


def test_examples_are_found_in_linear_time():
    """A page of 40 kB that begins examples and ends none took a second, one of 1 MB ten minutes, before any check."""
    for unit in ("``` { .python .runnable }\n", "``` { .python .runnable }\na\n```\n", "```\n"):
        assert not list(_notebook.EXAMPLE.finditer(unit * 9))
        assert not grows_too_fast(
            lambda text: list(_notebook.EXAMPLE.finditer(text)), lambda size, unit=unit: unit * (size // len(unit))
        )


@pytest.mark.parametrize(
    "record",
    [{"machine": '<b class="md-nav">'}, {"date": 'x\n--8<-- "topics/path.yml"'}, {"passed": {"cpu": "[x](y)"}}],
)
def test_record_says_no_more_than_names_and_numbers(tmp_path, record):
    (tmp_path / "records.json").write_text(json.dumps({"lora": OLD | record}), "utf-8")
    with pytest.raises(ValueError, match="of lora"):
        _records.load(tmp_path / "records.json")


def test_records_that_cannot_be_read_are_a_line_and_not_shown(tmp_path, monkeypatch):
    load = _records.load
    for text in ("{", "[1]", '{"lora": {}}', "[" * 100_000):
        (tmp_path / "records.json").write_text(text, "utf-8")
        with pytest.raises(ValueError):
            load(tmp_path / "records.json")
    monkeypatch.setattr(_records, "load", lambda: load(tmp_path / "records.json"))
    (tmp_path / "docs").mkdir()
    (line,) = _site.write_site([], tmp_path / "docs")
    assert line.startswith("snippets/records.json:1:1: ")
