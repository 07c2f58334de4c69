"""What a run that is killed, has no room or may not write leaves behind: each file old or new, never torn."""

import contextlib
import functools
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from multiprocessing import get_context
from pathlib import Path

import pytest

from ingest.cli import main
from tests.ingest.conftest import QUESTION

resource = pytest.importorskip("resource")  # Windows has none
pytestmark = pytest.mark.slow
MOMENTS = 2  # at which a run is killed by the clock
KILLS = 6  # before steps that it takes
STEPS = {"os.rename", "os.remove", "os.rmdir"}  # that change the disk; opening a new file is one, too

# Every run is a copy of one process in which everything is loaded and compiled already.
CONTEXT = get_context("forkserver")
CONTEXT.set_forkserver_preload(["tests.ingest.warmed", __name__])


def run(project, command, *arguments, limit=None, most=None):
    """One command on a project, what it prints in `output`; in a process of its own.

    Args:
        limit: Bytes that a file may have.
        most: How many steps it may take that change the disk: it is killed before another.
    """
    os.chdir(project)
    sys.stdout = sys.stderr = Path("output").open("w", encoding="utf-8", buffering=1)
    if limit:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    taken = []

    def watch(event, given):
        if event in STEPS or (event == "open" and given[2] & os.O_CREAT):
            if len(taken) == most:
                os.kill(os.getpid(), signal.SIGKILL)
            taken.append(event)

    sys.addaudithook(watch)
    places = ["--talks", "talks"] + (["--docs", "docs", "--snippets", "snippets"] if command == "build" else [])
    code = main([command, *places, *arguments])
    steps = len(taken)
    Path("steps").write_text(str(steps))
    sys.exit(code)


def start(*what, **how):
    child = CONTEXT.Process(target=run, args=what, kwargs=how)
    child.start()
    return child


def exit_code(*what, **how):
    child = start(*what, **how)
    child.join()
    return child.exitcode


def killed(seconds, *what):
    """Kill a run at a random moment of the time it takes."""
    child = start(*what)
    time.sleep(random.uniform(0, seconds))
    child.kill()
    child.join()


def ways(project, *what):
    """Ways to run a command that kill it: before steps that it takes on its way, and by the clock.

    Args:
        project: Where it has just run and left in `steps` how many it took.
    """
    steps = int((project / "steps").read_text())
    assert steps > 10
    # A file takes two, to be opened and to be renamed: an odd distance meets both.
    for most in range(0, steps, steps // KILLS | 1):
        yield functools.partial(exit_code, project, *what, most=most)
    for _ in range(MOMENTS):
        yield functools.partial(killed, 0.3, project, *what)


def contents(folder):
    """Bytes by path; a temporary file is none of the site's or the archive's."""
    files = (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def mixed(found, old, new):
    """The files that are neither as they were nor as they should become."""
    names = {*found, *old, *new}
    return [name for name in names if found.get(name) not in (old.get(name), new.get(name))]


@pytest.fixture
def here(project):
    """A project that is built."""
    assert exit_code(project, "build") == 0
    return project


def ask(project, version):
    """Eight questions; each version says something else and has one question of its own."""
    folder = project / "talks/questions"
    for path in folder.iterdir():
        path.unlink()
    for at in range(8):
        title = chr(ord("天") + at) * 8  # nothing alike: a warning would keep the build from being remembered
        text = QUESTION.replace("能，", f"{version}，" * 200).replace("LoRA 合并之后还能拆开吗", title)
        (folder / f"q{at}.md").write_text(text, "utf-8")
    (folder / f"only-{version}.md").write_text(QUESTION, "utf-8")


def test_killed_build_leaves_whole_pages_and_the_next_one_finishes(here):
    states = {}
    for version in ("one", "two", "one", "two"):
        ask(here, version)
        assert exit_code(here, "build") == 0
        states[version] = contents(here / "docs")
    assert "qa/only-one.md" in states["one"] and "qa/only-one.md" not in states["two"]
    old, between = "two", 0
    for kill in ways(here, "build"):
        new = "two" if old == "one" else "one"
        ask(here, new)
        kill()
        found = contents(here / "docs")
        between += found not in states.values()
        assert mixed(found, states[old], states[new]) == []
        assert exit_code(here, "build") == 0
        assert contents(here / "docs") == states[new]
        assert not list((here / "docs").rglob(".tmp-*"))
        old = new
    assert between > 3, "hardly a run was killed while it wrote"


def test_killed_fetch_leaves_a_whole_archive_and_the_next_one_finishes(here):
    papers = [
        {"paper": {"id": f"24{month:02}.{at:05}", "title": f"Paper {at}", "publishedAt": f"2024-{month:02}-02"}}
        for at in range(1, 400)
        for month in (at % 12 + 1,)
    ]
    (here / "first.json").write_text(json.dumps(papers[:200]))
    (here / "all.json").write_text(json.dumps(papers))
    assert exit_code(here, "fetch", "first.json") == 0
    archive = here / "talks/papers"
    old = contents(archive)
    assert exit_code(here, "fetch", "all.json") == 0
    new = contents(archive)
    assert old.keys() <= new.keys() and old != new
    between = 0
    for kill in ways(here, "fetch", "all.json"):
        for path in archive.iterdir():
            path.unlink()
        for name, content in old.items():
            (archive / name).write_bytes(content)
        kill()
        found = contents(archive)
        between += found not in (old, new)
        assert mixed(found, old, new) == []
    assert exit_code(here, "fetch", "all.json") == 0
    assert contents(archive) == new
    assert between > 2


@contextlib.contextmanager
def mounted(place, *how):
    """A file system at a place, which takes root's rights: the tests beside do the same without."""
    if os.geteuid() or subprocess.run(["mount", *how, place], capture_output=True).returncode:
        pytest.skip("may not mount")
    try:
        yield
    finally:
        subprocess.run(["umount", place], check=True)


def test_full_disk_is_exit_code_2_and_the_next_build_loses_nothing(here):
    shutil.move(here / "docs", here / "before")
    (here / "docs").mkdir()
    with mounted(here / "docs", "-t", "tmpfs", "-o", "size=512k", "tmpfs"):
        shutil.copytree(here / "before", here / "docs", dirs_exist_ok=True)
        refused_then_finished(here, "No space left on device")


def test_refused_write_is_exit_code_2_and_the_next_build_loses_nothing(here):
    """The kernel refuses what goes beyond a limit on the size of files, as it does on a full disk."""
    refused_then_finished(here, "File too large", limit=8192)


def refused_then_finished(here, reason, **how):
    question, page = here / "talks/questions/unmerge-lora.md", here / "docs/qa/unmerge-lora.md"
    before = contents(here / "docs")
    question.write_text(QUESTION.replace("能，", "能，" * 100_000), "utf-8")
    assert exit_code(here, "build", **how) == 2
    # What holds all questions, for programs and for the search, is as large as the largest.
    said = (here / "output").read_text("utf-8")
    assert re.search(rf"cannot write docs/(qa/unmerge-lora\.md|generated/\w+\.jsonl): {reason}", said)
    assert contents(here / "docs").keys() == before.keys() and page.read_bytes() == before["qa/unmerge-lora.md"]
    assert not list((here / "docs").rglob(".tmp-*"))
    question.write_text(QUESTION.replace("能，", "能，" * 1000), "utf-8")
    assert exit_code(here, "build") == 0
    assert page.read_text("utf-8").count("能，") >= 1000


def test_read_only_disk_is_exit_code_2_and_loses_nothing(here):
    with mounted(here / "docs/qa", "--bind", "-o", "ro", here / "docs/qa"):
        refused(here, "Read-only file system")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_read_only_folder_is_exit_code_2_and_loses_nothing(here):
    (here / "docs/qa").chmod(0o555)
    try:
        refused(here, "Permission denied")
    finally:
        (here / "docs/qa").chmod(0o755)


def refused(here, reason):
    before = contents(here / "docs")
    (here / "talks/questions/unmerge-lora.md").write_text(QUESTION.replace("能，", "可以，"), "utf-8")
    assert exit_code(here, "build") == 2
    assert f"cannot write docs/qa/unmerge-lora.md: {reason}" in (here / "output").read_text("utf-8")
    after = contents(here / "docs")
    assert after.keys() == before.keys()
    assert all(after[name] == text for name, text in before.items() if not name.endswith(".jsonl"))
