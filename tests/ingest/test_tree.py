"""Nothing in a checkout is followed out of it, whatever lies in its files' places, by whatever step, at any moment."""

import os
import socket
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from ingest import tree as trees
from ingest.addresses import OWNED
from ingest.cli import main
from ingest.guard import GENERATED, before_pages, shape
from ingest.tree import Strange, Synced, Tree, sync
from publish.runtime.build import write_folder
from snippets import _records
from snippets.__main__ import main as snippets
from snippets._site import copied


def bind(path):
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(os.path.relpath(path))  # its name has to be short


NOT_FILES = {
    "a link": lambda path: path.symlink_to("/etc/hostname"),
    "a FIFO": os.mkfifo,
    "a socket": bind,
    "a device": lambda path: os.mknod(path, 0o600 | 0o020000, os.makedev(1, 3)),
}


@pytest.fixture
def victim(tmp_path_factory):
    """A folder outside of the project with somebody's files in it."""
    folder = tmp_path_factory.mktemp("victim")
    (folder / "sub").mkdir()
    for name in ("a.md", "manifest.json", "sub/thesis.docx"):
        (folder / name).write_text("mine", "utf-8")
    return folder


def contents(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in folder.rglob("*") if path.is_file()
    }


FEED = '<rss version="2.0"><channel><title>a</title><item><title>a b</title><link>https://a.example/b</link></item></channel></rss>'
MINE = {"a.md": "mine", "manifest.json": "mine", "sub/thesis.docx": "mine"}


@pytest.fixture(autouse=True)
def few_snippets(monkeypatch):
    """All of them take seconds to write."""
    monkeypatch.setattr("snippets.__main__.names", lambda: ["lora", "rope"])


def places(project):
    return [part for place in ("talks", "docs", "snippets") for part in (f"--{place}", str(project / place))]


def run(step, project):
    """An exit code of a step that writes, 2 where it raises as its command line expects it to."""
    try:
        if step == "ingest":
            return main(["build", *places(project)])
        if step == "snippets":
            return snippets(["site", str(project / "docs")])
        return write_folder(project / "docs/runtime", {"manifest.json": b"{}", "cell/cell.js": b"1"}) * 0
    except OSError as error:
        sys.stderr.write(f"{error.filename}: {error.strerror}\n")
        return 2


STEPS = dict.fromkeys(OWNED, "ingest") | {"notebooks": "snippets", "records": "snippets", "runtime": "runtime"}


@pytest.mark.parametrize("name", STEPS)
def test_generated_folder_that_is_a_link_stops_its_step(project, victim, name, capfd):
    (project / "docs" / name).symlink_to(victim)
    assert run(STEPS[name], project) == 2
    said = capfd.readouterr()
    assert f"docs/{name}: a link" in (said.out + said.err)
    assert contents(victim) == MINE
    assert [problem.path for problem in shape(project)] == [f"docs/{name}"]


@pytest.mark.parametrize("name", [*STEPS, "."])
def test_link_above_or_below_a_generated_folder_is_not_followed(project, victim, name, capfd):
    run(STEPS.get(name, "ingest"), project)
    if name == ".":
        (project / "docs").rename(project.parent / "docs.real")
        (project / "docs").symlink_to(victim)
    else:
        (project / "docs" / name).mkdir(exist_ok=True)
        (project / "docs" / name / "deep").symlink_to(victim)
    run(STEPS.get(name, "ingest"), project)
    assert contents(victim) == MINE
    assert [problem.code for problem in shape(project)] == ["X001"]


@pytest.mark.parametrize("name", STEPS)
def test_link_that_comes_between_looking_and_writing_is_not_followed(project, victim, name, monkeypatch):
    """As another program could put it there: in place of the folder that was just found to be one."""
    run(STEPS[name], project)
    folder = project / "docs" / name

    def swapped(self, names):
        require(self, names)
        if not folder.is_symlink():
            folder.rename(folder.with_name("aside"))
            folder.symlink_to(victim)

    require = Tree.require
    for file in folder.rglob("*"):
        if file.is_file():
            file.write_text("old", "utf-8")  # so that there is something to write
    monkeypatch.setattr(Tree, "require", swapped)
    monkeypatch.setattr("ingest.workspace.Workspace.last_counts", lambda *_: {})
    assert run(STEPS[name], project) == 2
    assert contents(victim) == MINE


def test_link_that_comes_between_finding_and_removing_is_not_followed(tmp_path, victim, monkeypatch):
    tree = Tree(tmp_path)
    sync(tree, "x", {"out/a.md": b"mine", "out/keep.md": b""}, ["out"])

    def swapped(self, name):
        (tmp_path / "out").rename(tmp_path / "aside")
        (tmp_path / "out").symlink_to(victim)
        remove(self, name)

    remove = Tree.remove
    monkeypatch.setattr(Tree, "remove", swapped)
    with pytest.raises(Strange, match="a link"):
        sync(tree, "x", {"out/keep.md": b""}, ["out"])
    assert contents(victim) == MINE


def test_folder_opened_before_a_swap_is_the_one_that_is_written(tmp_path, victim, monkeypatch):
    """Between opening the folder and naming the file in it."""
    (tmp_path / "out").mkdir()

    def swapped(*arguments, **places):
        if not (tmp_path / "out").is_symlink():
            (tmp_path / "out").rename(tmp_path / "aside")
            (tmp_path / "out").symlink_to(victim)
        return replace(*arguments, **places)

    replace = os.replace
    monkeypatch.setattr(trees.os, "replace", swapped)
    assert Tree(tmp_path).write("out/a.md", b"ours")
    assert (tmp_path / "aside/a.md").read_text() == "ours"
    assert contents(victim) == MINE


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", ""])
def test_name_that_leads_out_is_refused(tmp_path, name):
    tree = Tree(tmp_path / "root")
    (tmp_path / "root").mkdir()
    for act in (tree.read, tree.remove, lambda name: tree.write(name, b"")):
        with pytest.raises(OSError, match="leads out"):
            act(name)


@pytest.mark.parametrize("what", NOT_FILES)
@pytest.mark.parametrize("name", ["talks/questions/x.md", "talks/notes/x.md", "talks/papers/2026-W01.jsonl",
                                  "docs/topics/x.md", "docs/guide/x.md", "docs/assets/x.css", "docs/x.png",
                                  "talks/notes/101/1.png", "snippets/x.py", "theme/x.html",
                                  "browser/x.js"])  # fmt: skip
def test_input_that_is_no_file_is_refused_and_never_opened(project, monkeypatch, name, what, capsys):
    """A FIFO that was opened would hang."""
    monkeypatch.chdir(project)
    path = project / name
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        NOT_FILES[what](path)
    except PermissionError:
        pytest.skip("may not make a device")
    assert [(problem.path, problem.code, problem.message) for problem in before_pages(project)] == [
        (name, "X001", what)
    ]
    if name.split("/")[0] in ("talks", "docs", "snippets"):
        assert main(["check", *places(project)]) == 1
        assert f"{name}:1:1: X001 {what}; expected a file or folder of this checkout" in capsys.readouterr().err
        main(["build", *places(project)])


@pytest.mark.parametrize("name", ["talks", "talks/questions", "talks/notes", "talks/papers", "docs/topics", "snippets"])
def test_folder_of_inputs_that_is_a_link_is_not_read(project, tmp_path_factory, name, capsys):
    outside = tmp_path_factory.mktemp("outside")
    (outside / "x.md").write_text("# secret？\n\nsecret\n", "utf-8")
    if (project / name).exists():
        (project / name).rename(outside / "aside")
    (project / name).symlink_to(outside)
    assert main(["check", *places(project)]) == 1
    assert f"{name}:1:1: X001 a link" in capsys.readouterr().err
    main(["build", *places(project)])
    assert not any("secret" in path.read_text("utf-8") for path in (project / "docs/qa").rglob("*.md"))
    assert [problem.path for problem in shape(project)] == [name]


@pytest.mark.parametrize("name", ["site", ".cache", ".cache/written", "docs/guide", "docs/assets", "mkdocs.yml"])
def test_other_parts_that_are_links_stop_a_build(project, victim, name):
    (project / name).parent.mkdir(exist_ok=True)
    (project / name).symlink_to(victim)
    assert [(problem.path, problem.code) for problem in shape(project)] == [(name, "X001")]
    main(["build", *places(project)])
    assert contents(victim) == MINE


def test_check_does_not_mend_through_a_link(project, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside")
    (project / "talks/notes/101.md").rename(outside / "101.md")
    text = (outside / "101.md").read_text("utf-8").replace("example.org/lora", "example.org/lora?utm_source=x")
    (outside / "101.md").write_text(text, "utf-8")
    (project / "talks/notes/101.md").symlink_to(outside / "101.md")
    for paths in ([], [str(project / "talks/notes/101.md")]):
        main(["check", "--fix", *paths, *places(project)])
        assert (outside / "101.md").read_text("utf-8") == text


def test_what_no_build_wrote_is_told_and_stays(project, capsys):
    assert main(["build", *places(project)]) == 0
    mine, edited = project / "docs/qa/mine.md", project / "docs/qa/unmerge-lora.md"
    mine.write_text("mine", "utf-8")
    (project / "talks/questions/unmerge-lora.md").unlink()
    edited.write_text("edited by hand", "utf-8")
    assert main(["build", *places(project)]) == 1
    said = capsys.readouterr().err
    assert "docs/qa/mine.md:1:1: X002 " in said and "docs/qa/unmerge-lora.md:1:1: X002 " in said
    assert mine.exists() and edited.exists()
    assert {problem.path for problem in before_pages(project)} == {"docs/qa/mine.md", "docs/qa/unmerge-lora.md"}
    mine.unlink(), edited.unlink()
    assert main(["build", *places(project)]) == 0
    assert before_pages(project) == []


def test_lost_list_removes_nothing(tmp_path):
    tree = Tree(tmp_path)
    sync(tree, "x", {"out/a.md": b"1", "out/b.md": b"2"}, ["out"])
    (tmp_path / ".cache/written/x").unlink()
    assert sync(tree, "x", {"out/b.md": b"2"}, ["out"]) == Synced(0, 0, ["out/a.md"])


def test_what_a_killed_run_left_goes(tmp_path):
    tree = Tree(tmp_path)
    sync(tree, "x", {"out/a.md": b"1"}, ["out"])
    for name in ("out/.tmp-0123456789abcdef", "out/.tmp-mine"):
        (tmp_path / name).write_text("")
    assert sync(tree, "x", {"out/a.md": b"1"}, ["out"]) == Synced(0, 1, ["out/.tmp-mine"])


def test_git_ignores_what_is_generated_as_links_too():
    lines = (Path(__file__).parents[2] / ".gitignore").read_text("utf-8").splitlines()
    assert {f"docs/{name}" for name in GENERATED if name != "notebooks"} | {"/site", ".cache", ".venv"} <= set(lines)
    assert [line for line in lines if line.endswith("/")] == []


@pytest.mark.parametrize("what", [["question", "why"], ["concept", "rope"], ["909"]])
def test_what_people_begin_is_begun_through_no_link(project, victim, what, capsys):
    (project / "talks/TEMPLATE.md").write_text("# NNN\n", "utf-8")
    for name in ("talks/questions", "talks/notes", "docs/topics"):
        (project / name).rename(project / f"{name}.aside")
        (project / name).symlink_to(victim)
    places = [f"--{place}={project / place}" for place in ("talks", "docs")]
    assert main(["new", *what, *places]) == 2
    assert "a link" in capsys.readouterr().err
    assert contents(victim) == MINE


def test_tools_write_the_checkouts_files_through_no_link(project, victim, monkeypatch):
    pytest.importorskip("torch")  # which the benchmarks name among what they ran on
    from tools import permalinks
    from tools.bench import __main__ as bench

    for name in ("lists", "bench"):
        (project / name).symlink_to(victim)
    monkeypatch.setattr(permalinks, "ROOT", project)
    monkeypatch.setattr(permalinks, "LIST", project / "lists/a.md")
    monkeypatch.setattr(bench, "ROOT", project)
    monkeypatch.setattr(bench, "PAGE", project / "bench/a.md")
    monkeypatch.setattr(bench, "RESULTS", project / "bench/manifest.json")
    (victim / "manifest.json").write_text("{}", "utf-8")
    for write in (permalinks.main, lambda: bench.main(["scale"])):
        monkeypatch.setitem(sys.modules, "tools.bench.bench_scale", SimpleNamespace(TITLE="T", measure=list))
        with pytest.raises(OSError, match="a link"):
            write()
    assert contents(victim) == MINE | {"manifest.json": "{}"}


def test_link_that_comes_while_a_build_runs_is_a_line_and_no_traceback(project, victim, monkeypatch, capsys):
    def swapped(self, *_):
        (project / "docs/qa").rename(project / "docs/aside")
        (project / "docs/qa").symlink_to(victim)

    monkeypatch.setattr("ingest.workspace.Workspace.keep", swapped)
    assert main(["build", *places(project)]) == 2
    assert "docs/qa: a link, where" in capsys.readouterr().err
    assert contents(victim) == MINE


def test_pictures_of_an_earlier_import_are_removed_through_no_link(project, victim, capsys):
    (victim / "909").mkdir()
    (victim / "909/1.png").write_text("mine", "utf-8")
    (project / "talks/notes").rename(project / "talks/aside")
    (project / "talks/notes").symlink_to(victim)
    (project / "a.md").write_text(
        "# OpenLLM Talk 909\n\n【编号】：909\n\n## Free Talk\n\n### Q1：a？\n\nA1：b\n", "utf-8"
    )
    assert main(["import", str(project / "a.md"), "--talks", str(project / "talks")]) == 2
    assert "a link" in capsys.readouterr().err
    assert contents(victim) == MINE | {"909/1.png": "mine"}


@pytest.mark.parametrize(
    ("name", "what"),
    [(".papers.sqlite-journal", "a link"), (".feeds.sqlite", "a link"), ("papers/2026-W47.jsonl", "a FIFO")],
)
def test_feeds_are_brought_into_a_folder_of_files_alone(project, victim, name, what, capsys):
    (project / "talks/papers").mkdir(exist_ok=True)
    (project / "talks" / name).unlink(missing_ok=True)
    NOT_FILES["a FIFO"](project / "talks" / name) if what == "a FIFO" else (project / "talks" / name).symlink_to(
        victim / "new"
    )
    (project / "a.xml").write_text(FEED, "utf-8")
    for more in (["--status"], ["--relink"], [str(project / "a.xml")]):
        assert main(["fetch", *more, "--talks", str(project / "talks"), "--docs", str(project / "docs")]) == 2
        assert f"talks/{name}:1:1: X001 {what}" in capsys.readouterr().err
    assert contents(victim) == MINE


@pytest.mark.parametrize("what", ["a link", "a FIFO"])
def test_snippet_that_is_swapped_after_it_was_looked_at_is_not_copied(project, monkeypatch, what):
    place = project / "snippets/swapped.py"
    NOT_FILES[what](place)
    monkeypatch.setattr(_records, "ROOT", project)
    with pytest.raises(Strange, match=what):
        copied("swapped")
