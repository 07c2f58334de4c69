"""What the server builds after a change is what a build of everything gives."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ingest.cli import main as ingest
from publish import languages
from publish.csp import write_policy
from publish.serve import refresh, update
from publish.sitemaps import name_counterparts
from tests.site.conftest import ROOT

pytestmark = pytest.mark.slow
NOTE = """# OpenLLM Talk 007

【编号】：007
【时间】：2024-05-11 21:00
【主持人】：甲

## Free Talk

### Q1：旋转位置编码为什么有用？ —乙

A1：它让分数只看相对的距离。 —丙
"""
QUESTION = "# 旋转位置编码能外推吗？\n\n不直接能，要插值。\n"
REPOSITORY = "https://github.com/somebody/wiki"
TIMES = {"sitemap.xml.gz"}  # a gzip file holds when it was written


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A small project with the site's own configuration, built."""
    for name, value in (("NO_MKDOCS_2_WARNING", "1"), ("REPO_URL", REPOSITORY), ("EDIT_URI", "edit/main/docs/")):
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)  # what pages include is found from there
    for path in ROOT.glob("mkdocs*.yml"):
        shutil.copy(path, tmp_path)
    shutil.copytree(ROOT / "theme", tmp_path / "theme")
    for name in ("docs/topics", "snippets", "talks/notes", "talks/questions"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("docs/index.md", "docs/topics/index.md", "docs/topics/rope.md", "snippets/rope.py"):
        shutil.copy(ROOT / name, tmp_path / name)
    shutil.copytree(ROOT / "docs/topics/pictures", tmp_path / "docs/topics/pictures")
    (tmp_path / "talks/notes/007.md").write_text(NOTE, "utf-8")
    (tmp_path / "talks/questions/extrapolation.md").write_text(QUESTION, "utf-8")
    whole(tmp_path)
    return tmp_path


def whole(root: Path) -> None:
    """Build all, as `make site` does, but for the search index."""
    ingest(["build", *(f"--{name}={root / name}" for name in ("talks", "docs", "snippets"))])
    subprocess.run([Path(sys.executable).parent / "mkdocs", "build", "--quiet"], cwd=root, check=True)
    if (root / "docs/en").is_dir():
        languages.make(root, root / "site")
    name_counterparts(root / "site")
    write_policy(root / "site")


def content(site: Path) -> dict[str, bytes]:
    files = (path for path in site.rglob("*") if path.is_file() and path.name not in TIMES)
    return {path.relative_to(site).as_posix(): path.read_bytes() for path in files}


def test_changed_note_builds_its_pages_alone_to_the_same_bytes(project):
    english = project / "docs/en/topics/index.md"
    english.parent.mkdir(parents=True)
    english.write_text('# Concepts\n\n--8<-- "generated/en/topics.md"\n', "utf-8")
    before = content(project / "site")
    note = NOTE.replace("相对的距离", "相对的位置").replace("旋转位置编码为什么有用", "旋转位置编码（RoPE）为什么有用")
    (project / "talks/notes/007.md").write_text(note, "utf-8")
    (project / "talks/questions/base.md").write_text("# RoPE 的底数怎么选？\n\n看要多长。\n", "utf-8")
    pages = {path.relative_to(project / "site").as_posix() for path in refresh(project)}
    after = content(project / "site")
    assert "相对的位置" in after["qa/talk-007-q1/index.html"].decode()
    assert "qa/base/index.html" in after
    assert "底数怎么选" in after["topics/rope/index.html"].decode()  # by what it includes
    assert ">3 questions<" in after["en/topics/index.html"].decode()
    assert "guide/contributing/index.html" not in pages and "people/index.html" not in pages
    assert pages < {name for name in after if name.endswith(".html")}
    whole(project)
    assert content(project / "site") == after != before


def test_nothing_is_built_where_nothing_changed(project):
    assert [path.name for path in refresh(project)] == ["404.html"]  # MkDocs writes it each time


def test_page_that_goes_has_all_built(project, monkeypatch):
    built = []
    monkeypatch.setattr("publish.serve.make", built.append)
    (project / "talks/questions/extrapolation.md").unlink()
    update(project, {project / "talks/questions/extrapolation.md"})
    assert built == [project]


@pytest.mark.parametrize(
    "name", ["mkdocs.yml", "theme/main.html", "snippets/rope.py", "docs/assets/wiki.css", "talks/papers/2024-W01.jsonl"]
)
def test_change_that_may_touch_every_page_has_all_built(tmp_path, monkeypatch, name):
    built = []
    monkeypatch.setattr("publish.serve.make", built.append)
    update(tmp_path, {tmp_path / name})
    assert built == [tmp_path]


def test_page_that_does_not_build_is_said_and_the_old_one_stays(project, capsys):
    before = (project / "site/topics/rope/index.html").read_bytes()
    page = project / "docs/topics/rope.md"
    page.write_text(page.read_text("utf-8") + '\n--8<-- "nowhere.py"\n', "utf-8")
    update(project, {page})
    assert "nowhere.py" in capsys.readouterr().err
    assert (project / "site/topics/rope/index.html").read_bytes() == before
