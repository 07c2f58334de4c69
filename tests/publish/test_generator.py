"""What is built page by page is what `mkdocs build` builds; a new MkDocs that does otherwise is noticed here."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from publish.csp import META
from publish.pages import finished
from tests.publish.conftest import content, made, write

pytestmark = pytest.mark.slow
WRITTEN_BY_US = {"sitemap.xml", "sitemap.xml.gz", "en/sitemap.xml", "papers.jsonl", "questions.jsonl", "llms.txt"}
WRITTEN_BY_US |= {"assets/site.css"}


@pytest.fixture
def many(project):
    """A project with more pages than one process builds alone."""
    for number in range(60):
        write(
            project,
            f"talks/questions/q{number:02}.md",
            f"---\ntopics: [rope]\n---\n\n# 第 {number} 问？\n\n```python\nx = {number}\n```\n",
        )
    return project


def test_pages_are_those_of_mkdocs_as_they_are_finished_but_for_the_policy(many):
    assert made(many) == 0
    for config, folder in (("mkdocs.yml", ""), ("mkdocs.en.yml", "en/")):
        command = [Path(sys.executable).parent / "mkdocs", "build", "--quiet", "--strict", "--config-file", config]
        subprocess.run([*command, "--site-dir", many / "other"], cwd=many, check=True)
        theirs = {
            name: finished("", text.decode())[0].encode() if name.endswith(".html") else text
            for name, text in content(many / "other").items()
        }
        ours = {
            name: META.sub("", text.decode()).encode() if name.endswith(".html") else text
            for name, text in content(many / "site").items()
        }
        twins = {name.removesuffix("html") + "md" for name in theirs if name.endswith("index.html")}
        for files in (theirs, ours):
            for name in WRITTEN_BY_US | twins:
                files.pop(name, None)
        mine = {name for name in ours if name.startswith("en/") == bool(folder)}
        assert {name for name in theirs if name.startswith(folder)} == mine
        assert [name for name in sorted(mine) if ours[name] != theirs[name]] == []


def test_processes_give_the_bytes_of_one(many):
    """In a process of its own: to fork is for a process of one thread."""
    assert made(many) == 0
    alone = content(many / "site")
    (many / ".cache/publish").unlink()
    root = Path(__file__).parents[2]
    command = [
        sys.executable,
        "-m",
        "publish",
        "build",
        "--jobs",
        "3",
        "--without",
        "runtime",
        "--without",
        "snippets",
    ]
    environment = os.environ | {"PYTHONPATH": str(root)}
    done = subprocess.run([*command, "--without", "search"], cwd=many, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "built" in done.stdout
    assert content(many / "site") == alone


def test_navigation_without_a_title_is_warned_of(project, capsys):
    settings = (project / "mkdocs.yml").read_text("utf-8")
    write(project, "mkdocs.yml", settings.replace("- 首页: index.md", "- index.md"))
    assert made(project) == 1
    assert "index.md: the navigation gives it no title" in capsys.readouterr().err
