"""What is built page by page is what `mkdocs build` builds; a new MkDocs that does otherwise is noticed here."""

import os
import subprocess
import sys
from pathlib import Path

import markdown
import pytest
import yaml
from mkdocs_autorefs import AutorefsExtension, fix_refs

from ingest.guard import Looked
from publish import generator
from publish.csp import META
from publish.pages import finished
from tests.publish.conftest import content, made, write
from tests.site.conftest import ROOT

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


def test_page_repeats_no_more_than_so_many_letters_by_their_names(monkeypatch):
    """Whatever the guard lets pass: 600 kB with a long address became a page of gigabytes."""
    monkeypatch.setattr(generator, "REFERRED", 100)
    made = generator._Markdown()
    text = f"[a]: https://b.c/{'d' * 30} 'e'\n\n" + "[a]\n\n" * 2
    for _ in range(2):  # each page anew
        assert made.Markdown(extensions=[]).convert(text).count("<a ") == 2
    with pytest.raises(ValueError, match="more than 100 letters"):
        made.Markdown(extensions=[]).convert(f"{text}[a]")


@pytest.mark.parametrize(
    "text", ["[x][&lt;b onclick=y&gt;]", "[`<b onclick=y>`][]", "[&#60;b onclick=y>][]", "[\\]][]"]
)
def test_reference_to_nothing_becomes_no_element(text):
    """Its name was written as it reads, without the entities that it needs."""
    made = markdown.Markdown(extensions=[AutorefsExtension()]).convert(text)
    assert "<b" not in fix_refs(made, {}.__getitem__)[0]


def test_converter_of_one_project_includes_nothing_of_another(tmp_path, monkeypatch):
    """Their settings are the same: a build that ended early left its converter to the next project's."""
    made, settings = generator._Markdown(), {"extension_configs": {"pymdownx.snippets": {"base_path": ["."]}}}
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "part.md").write_text(name, "utf-8")
        monkeypatch.chdir(tmp_path / name)
        monkeypatch.setattr(generator, "_site", Looked(tmp_path / name, {}))
        text = made.Markdown(extensions=["pymdownx.snippets"], **settings).convert('--8<-- "part.md"')
        assert text == f"<p>{name}</p>"


def test_page_shows_its_contents_nowhere():
    """The theme does; 26 kB of headings and marks for them became 163 MB."""
    base = yaml.load((ROOT / "mkdocs.base.yml").read_text("utf-8"), yaml.BaseLoader)
    [options] = [one["toc"] for one in base["markdown_extensions"] if "toc" in one]
    made = markdown.Markdown(extensions=["toc"], extension_configs={"toc": {"marker": options["marker"]}})
    assert "<ul>" not in made.convert("# a\n\n[TOC]\n")
