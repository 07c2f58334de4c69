"""A build after a change does what the change asks for, and leaves the bytes of a build from nothing."""

import dataclasses
import difflib
import os
import re
import shutil
import subprocess
import sys

import jinja2
import pytest
from mkdocstrings import Handlers

from ingest import guard
from ingest.forks import in_parallel
from ingest.memory import packed, recall, remember, unpacked
from ingest.pages.compiled import Compiled
from ingest.tree import Strange, Tree
from ingest.workspace import _program
from publish import cards
from publish.build import build
from publish.memory import Memory, Project
from tests.publish.conftest import NAVIGATION, PLAIN, ROOT, clean, content, made, settings, write

pytestmark = pytest.mark.slow


def replace(name, old, new):
    def change(root):
        text = (root / name).read_text("utf-8")
        assert old in text
        write(root, name, text.replace(old, new))

    return change


def write_new(name, text):
    return lambda root: write(root, name, text)


def rename(old, new):
    return lambda root: (root / old).rename(root / new)


def delete(name):
    return lambda root: (root / name).unlink()


ALL = None
CHANGES = {  # what is changed: how, pages that are built then (or all), and pages that are not
    "a note": (
        replace("talks/notes/007.md", "距离", "位置"),
        {"talks/007", "qa/talk-007-q1"},
        {"topics/plain", "people"},
    ),
    "a title in a note": (
        replace("talks/notes/007.md", "旋转位置编码为什么", "RoPE 为什么"),
        {"talks/007", "topics/rope"},
        {"topics/plain"},
    ),
    "a question": (
        replace("talks/questions/extrapolation.md", "要插值", "要内插"),
        {"qa/extrapolation"},
        {"topics/plain", "talks/007"},
    ),
    "a new question": (
        write_new("talks/questions/base.md", "# RoPE 的底数怎么选？\n\n看要多长。\n"),
        {"qa/base", "qa", "topics/rope", "en/topics"},
        {"topics/plain", "talks/007"},
    ),
    "a concept": (replace("docs/topics/plain.md", "见", "看"), {"topics/plain"}, {"topics/rope", "qa"}),
    "a concept's title": (
        replace("docs/topics/plain.md", "title: 平", "title: 直"),
        {"topics/plain", "topics"},
        {"qa"},
    ),
    "a concept's alias": (  # which a question names
        replace("docs/topics/plain.md", "aliases: [平的]", "aliases: [平的, 外推]"),
        {"qa/extrapolation", "topics/plain"},
        set(),
    ),
    "a question that repeats one of a note": (
        write_new("talks/questions/again.md", "---\nduplicate_of: talk-007-q1\n---\n\n# 旋转有什么用？\n\n编位置。\n"),
        {"qa/again", "qa/talk-007-q1"},
        {"topics/plain"},
    ),
    "a paper week": (
        replace("talks/papers/2024-W01.jsonl", '"RoPE"', '"RoPE again"'),
        {"papers/2024-w01"},
        {"topics/plain", "talks/007"},
    ),
    "a snippet": (
        replace("snippets/rope.py", "import torch\n", "import torch  # anew\n"),
        {"topics/rope", "reference/rope"},
        {"topics/plain", "talks/007"},
    ),
    "a file beside the pages": (write_new("docs/assets/picture.png", "GIF89a\2\0\1\0"), set(), {"", "topics/rope"}),
    "a deleted question": (delete("talks/questions/extrapolation.md"), {"qa", "topics/rope"}, {"topics/plain"}),
    "a deleted concept": (
        lambda root: (replace("docs/index.md", "# ", "# 新")(root), delete("docs/topics/plain.md")(root)),
        {"", "topics"},
        {"talks/007"},
    ),
    "a renamed note": (rename("talks/notes/007.md", "talks/notes/seven.md"), set(), {"topics/plain"}),
    "a renamed question": (
        rename("talks/questions/extrapolation.md", "talks/questions/longer.md"),
        {"qa/longer", "qa"},
        {"topics/plain"},
    ),
    "a setting": (replace("mkdocs.base.yml", "OpenLLM Wiki", "Another Wiki"), ALL, set()),
    "the navigation": (
        lambda root: write(root, "mkdocs.yml", settings("mkdocs.yml", NAVIGATION.replace("待回答", "没有回答"))),
        ALL,
        set(),
    ),
    "the head of a page in the navigation": (
        replace("docs/index.md", "# ", "---\ntitle: 又一站\nhide: [toc]\n---\n\n# "),
        {""},
        {"qa", "topics/plain"},
    ),
    "the theme": (replace("theme/main.html", "{% block extrahead %}", "{% block extrahead %}<!-- x -->"), ALL, set()),
    "a script in the theme": (
        replace("theme/main.html", "{% block extrahead %}", "{% block extrahead %}<script>x()</script>"),
        ALL,
        set(),
    ),
}


def differences(one, other):
    """The lines in which files differ, with their names: a page is too long to be shown whole."""
    names = sorted(name for name in {*one, *other} if one.get(name) != other.get(name))
    lines = (
        [content.get(name, b"").decode("utf-8", "replace").split("\n") for content in (one, other)] for name in names
    )
    return [line for name, (a, b) in zip(names, lines, strict=True) for line in difflib.unified_diff(a, b, name, n=0)]


def pages(files):
    return {name.removesuffix("index.html").rstrip("/") for name in files if name.endswith(".html")}


def touched(site):
    """Pages that were written since this was asked last."""
    files = (path for path in site.rglob("*") if path.is_file() and path.stat().st_mtime)
    found = {path.relative_to(site).as_posix() for path in files}
    for name in found:
        os.utime(site / name, (0, 0))
    return found


@pytest.mark.parametrize("name", CHANGES)
def test_change_builds_what_it_touches_to_the_bytes_of_a_build_from_nothing(built, name):
    change, expected, others = CHANGES[name]
    touched(built / "site")
    before = content(built / "site")
    change(built)
    assert made(built) == 0
    after = content(built / "site")
    written = pages(touched(built / "site"))
    assert written >= (pages(after) if expected is ALL else expected)
    assert not written & others
    assert differences(after, clean(built)) == []
    assert after != before or name == "a renamed note"
    assert made(built) == 0 and touched(built / "site") <= {".built", ".memory"}


def test_only_english_pages_and_the_first_of_each_depth_are_written_twice(project, capsys):
    assert made(project) == 0
    again = re.search(r"pages: (\d+) built, (\d+) put under another policy", capsys.readouterr().out)
    pages = [path for path in content(project / "site") if path.endswith(".html")]
    depths = {path.count("/") for path in pages}
    english = [path for path in pages if path.startswith("en/")]
    most = len(english) + len(depths) + 1  # 404.html, whose scripts have the whole address
    assert int(again[2]) <= most < int(again[1]) == len(pages)


def test_nothing_is_written_where_nothing_changed_though_times_did(built, capsys):
    """A checkout and a restored cache change times."""
    for path in built.rglob("*"):
        os.utime(path, (0, 0))
    assert made(built) == 0
    assert "up to date" in capsys.readouterr().out
    assert touched(built / "site") <= {".built", ".memory"}


@pytest.mark.parametrize(
    "what", ["site", "site/qa/extrapolation", "site/assets", "site/objects.inv", ".cache", "docs/qa"]
)
def test_what_was_lost_is_built_again(built, what):
    before = content(built / "site")
    path = built / what
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert made(built) == 0
    assert content(built / "site") == before


def test_next_build_compiles_no_template_and_loads_what_documents_modules_for_these_alone(project, monkeypatch):
    """They took a third of a build after a changed note."""
    compiled, loaded = [], []
    compile_, get_handler = jinja2.Environment.compile, Handlers.get_handler
    monkeypatch.setattr(
        jinja2.Environment, "compile", lambda self, *of, **more: compiled.append(of) or compile_(self, *of, **more)
    )
    monkeypatch.setattr(Handlers, "get_handler", lambda self, *of: loaded.append(of) or get_handler(self, *of))
    monkeypatch.setattr(Compiled, "__init__", lambda self, code: setattr(self, "_code", code))  # as without the fixture

    def build_anew():
        compiled.clear(), loaded.clear()
        monkeypatch.setattr("ingest.pages.render._code", {})  # as another process
        assert made(project) == 0
        return bool(compiled), bool(loaded)

    assert build_anew() == (True, True)
    CHANGES["a note"][0](project)
    assert build_anew() == (False, False)
    CHANGES["a snippet"][0](project)
    assert build_anew()[1]
    template = project / "theme/main.html"
    write(project, "theme/main.html", template.read_text("utf-8") + "{# anew #}")
    assert build_anew()[0]


def test_build_loads_no_other_command():
    """They take a tenth of a second, which a build that has little to do notices."""
    said = "import sys, publish.build; print([name for name in sys.modules if name.startswith('ingest.')])"
    loaded = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True).stdout
    assert "'ingest.generate'" in loaded
    assert not re.search(r"'ingest\.(?:cli|begin|commands|importing|rules|show)\b", loaded)


REMEMBERED = ("ingest", "ingest-pages", "ingest-results", "guard", "publish")


@pytest.mark.parametrize("content_of_it", [b"", b"\x80\x05}.", b"{}"], ids=["empty", "unsigned", "text"])
def test_memory_that_is_broken_is_none(built, content_of_it):
    for name in REMEMBERED:
        (built / ".cache" / name).write_bytes(content_of_it)
    CHANGES["a note"][0](built)
    assert made(built) == 0
    assert content(built / "site") == clean(built)


def test_what_a_branch_says_was_read_and_built_is_not_believed(built, monkeypatch, tmp_path_factory):
    """A memory that says of a question what its file does not, and which fits in all else."""
    tree, question = Tree(built), "talks/questions/extrapolation.md"
    results, _ = recall(tree, ".cache/ingest-results", _program())
    made_of, (record, problems) = results[question][0], unpacked(results[question][1])
    results[question] = made_of, packed((dataclasses.replace(record, title="假的？"), problems))
    CHANGES["a note"][0](built)
    with monkeypatch.context() as stranger:
        stranger.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("stranger")))
        remember(tree, ".cache/ingest-results", results, _program())
    assert made(built) == 0
    assert content(built / "site") == clean(built)
    remember(tree, ".cache/ingest-results", results, _program())  # as this user himself, it would be
    CHANGES["a concept's alias"][0](built)
    assert made(built) == 0
    assert "假的" in (built / "site/qa/extrapolation/index.html").read_text("utf-8")


def test_what_does_not_belong_to_the_site_goes_and_nothing_outside_it(built, tmp_path_factory, capsys):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "kept.txt").write_text("kept", "utf-8")
    before = content(built / "site")
    write(built / "site", "old/page/index.html", "old")
    assert made(built) == 0
    assert content(built / "site") == before and not (built / "site/old").exists()
    (built / "site/linked").symlink_to(elsewhere, target_is_directory=True)
    assert made(built) == 2
    assert "site/linked:1:1: X001 a link" in capsys.readouterr().err
    assert (elsewhere / "kept.txt").read_text("utf-8") == "kept"


def test_site_that_is_a_link_is_refused(project, tmp_path_factory, capsys):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (project / "site").symlink_to(elsewhere, target_is_directory=True)
    assert made(project) == 2
    assert "a link" in capsys.readouterr().err and not list(elsewhere.iterdir())


BROKEN = {
    "an include that is not there": ('--8<-- "generated/nowhere.md"', "nowhere.md"),
    "a link that leads nowhere": ("[x](nowhere.md)", "nowhere.md"),
    "a link to no place of a page": ("[x](rope.md#nowhere)", "#nowhere"),
    "a reference to no module": ("[x][snippets.nowhere]", "snippets.nowhere"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_page_fails_every_build_until_it_is_mended_and_the_others_are_built(built, name, capsys):
    text, said = BROKEN[name]
    good = (built / "docs/topics/plain.md").read_text("utf-8")
    write(built, "docs/topics/plain.md", f"{good}\n{text}\n")
    write(built, "talks/questions/base.md", "# RoPE 的底数怎么选？\n\n看要多长。\n")
    for _ in range(2):
        assert made(built) == 1
        assert said in capsys.readouterr().err and not (built / "site/.built").exists()
        assert (built / "site/qa/base/index.html").is_file() and (built / "site/topics/plain/index.html").is_file()
    write(built, "docs/topics/plain.md", good)
    assert made(built) == 0
    assert content(built / "site") == clean(built)


@pytest.mark.slow
def test_make_site_fails_on_a_broken_internal_link(project):
    for name in ("Makefile", "constraints.txt", "pyproject.toml"):
        shutil.copy2(ROOT / name, project)  # with its time, so that the stamps in .venv stay newer
    for name in ("browser", "ingest", "publish", "tests/snippets", "widgets"):
        shutil.copytree(ROOT / name, project / name, ignore=shutil.ignore_patterns("__pycache__"))
    for path in (ROOT / "snippets").glob("_*.py"):
        shutil.copy(path, project / "snippets")
    for name in ("notebooks", "records"):  # which make writes
        shutil.rmtree(project / "docs" / name)
    (project / ".venv").symlink_to(sys.prefix)
    write(project, "docs/index.md", "# 甲站\n\n[nowhere](topics/nowhere.md)\n")
    done = subprocess.run(["make", "site"], capture_output=True, text=True)
    assert done.returncode != 0
    assert done.stderr.count("WARNING") == 1
    assert "contains a link 'topics/nowhere.md'" in done.stderr


@pytest.mark.parametrize(
    "change", [delete("docs/topics/plain.md"), replace("docs/topics/plain.md", "# 平", "# 直 { #straight }")]
)
def test_page_that_takes_a_links_target_away_fails_the_build_though_the_link_is_elsewhere(built, change, capsys):
    write(built, "docs/about.md", "# 关于\n\n[平](topics/plain.md#_1)\n")
    write(
        built,
        "docs/topics/plain.md",
        (built / "docs/topics/plain.md").read_text("utf-8").replace("# 平", "# 平 { #_1 }"),
    )
    assert made(built) == 0
    change(built)
    for _ in range(2):
        assert made(built) == 1
        assert "about.md" in capsys.readouterr().err


def test_note_with_an_error_leaves_exit_code_1_and_the_rest_is_built(project):
    write(project, "talks/notes/008.md", "# OpenLLM Talk 008\n\n没有编号\n")
    assert made(project) == 1
    assert (project / "site/talks/007/index.html").is_file() and (project / "site/.built").exists()


def test_navigation_to_no_page_fails_every_build(project, capsys):
    write(project, "mkdocs.yml", settings("mkdocs.yml", f"{NAVIGATION}  - 无: nowhere.md\n"))
    for _ in range(2):
        assert made(project) == 1
        assert "nowhere.md" in capsys.readouterr().err


def test_interrupted_build_goes_on_where_it_was(built, monkeypatch):
    from publish.generator import Generator

    write(built, "talks/questions/base.md", "# RoPE 的底数怎么选？\n\n看要多长。\n")
    with monkeypatch.context() as patch:
        patch.setattr(Generator, "_write", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            made(built)
    assert made(built) == 0
    assert content(built / "site") == clean(built)


@pytest.mark.parametrize("how", ["text", "link"])
def test_file_that_is_swapped_after_it_was_looked_at_is_not_published(project, monkeypatch, tmp_path, capsys, how):
    """As another program could do while this one builds."""
    names = ["docs/topics/plain.md", "snippets/rope.py", "docs/qa/extrapolation.md"]
    secret = tmp_path / "secret"
    secret.write_text('"""swapped"""\n', "utf-8")  # a page, and a module

    def looked_at(*arguments):
        problems = before_pages(*arguments)
        for path in (project / name for name in names):
            path.unlink()
            path.symlink_to(secret) if how == "link" else path.write_bytes(secret.read_bytes())
        return problems

    before_pages = guard.before_pages
    monkeypatch.setattr(guard, "before_pages", looked_at)
    assert made(project) == 1
    assert not [path for path, text in content(project / "site").items() if b"swapped" in text]
    said = capsys.readouterr().err
    assert [name for name in names if ("a link" if how == "link" else "changed while") not in said] == []


@pytest.mark.parametrize("name", ["theme/main.html", "mkdocs.base.yml", "docs/guide/away"])
def test_link_that_comes_after_all_was_looked_at_leads_nowhere(project, monkeypatch, tmp_path, capsys, name):
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "swapped.md").write_text("swapped: {{ page.content }}\n", "utf-8")
    walked = []

    def looked_at(*arguments):
        problems = before_pages(*arguments)
        (project / name).unlink(missing_ok=True)
        (project / name).symlink_to(secret if name.endswith("away") else secret / "swapped.md")
        return problems

    def scandir(place):
        walked.append(os.path.realpath(f"/proc/self/fd/{place}" if isinstance(place, int) else place))
        return scan(place)

    before_pages, scan = guard.before_pages, os.scandir
    monkeypatch.setattr(guard, "before_pages", looked_at)
    monkeypatch.setattr(os, "scandir", scandir)
    assert made(project) == (0 if name.endswith("away") else 2)
    assert not [path for path, text in content(project / "site").items() if b"swapped" in text]
    assert str(secret) not in walked
    assert name.endswith("away") or f"{name}:1:1: X001 a link" in capsys.readouterr().err


@pytest.mark.parametrize("heading", ["`{}`", "&#60;{}"])
def test_heading_stays_in_the_title(project, heading):
    """As the text that it is: it could end the title and send readers elsewhere, which no policy forbids."""
    acts = "</title><meta http-equiv=refresh content=0;url=//evil.example>"
    text = heading.format(acts).replace("<", "&#60;") if "`" not in heading else heading.format(acts)
    write(project, "docs/guide/notes.md", f"# A {text}\n")
    assert made(project) == 0
    head = (project / "site/guide/notes/index.html").read_text("utf-8").partition("</head>")[0]
    assert head.count("</title>") == 1 and "&lt;/title&gt;&lt;meta http-equiv" in head
    assert "<meta http-equiv=refresh" not in head


def test_page_documents_modules_in_the_reference_alone(project, monkeypatch, capsys):
    """Whatever the guard lets pass: by its options a directive imports a module."""
    monkeypatch.setattr(guard, "texts_of", lambda sources: [])
    write(project, "snippets/evil.py", f'"""Evil."""\nopen({str(project / "ran")!r}, "w")\n')
    write(
        project,
        "docs/guide/notes.md",
        "# N\n\n- ::: snippets.evil\n      options:\n        force_inspection: true\n        allow_inspection: true\n",
    )
    assert made(project) == 0
    assert not (project / "ran").exists()
    assert "::: snippets.evil" in (project / "site/guide/notes/index.html").read_text("utf-8")


def test_page_that_includes_too_much_is_told_and_not_made(project, monkeypatch, capsys):
    """Also where the guard, which counts the includes beforehand, lets it pass."""
    monkeypatch.setattr(guard, "texts_of", lambda sources: [])
    monkeypatch.setattr(guard, "_included", lambda root, texts: [])
    section = "# N\n\n<!-- --8<-- [start:example] -->\n{}\n<!-- --8<-- [end:example] -->\n"
    for name, other, times in (
        ("notes", "a", 150),
        ("a", "b", 6),
        ("b", "c", 6),
        ("c", "", 0),
    ):  # 5 MB, the others little
        text = f'--8<-- "guide/{other}.md:example"\n\n' * times if other else "x " * 500
        write(project, f"docs/guide/{name}.md", section.format(text))
    assert made(project) == 1
    assert "includes more than" in capsys.readouterr().err
    assert sum(path.stat().st_size for path in (project / "site").rglob("*.md")) < 20_000_000


def test_link_that_comes_during_a_step_is_a_line_and_no_traceback(project, monkeypatch, capsys):
    def look(self):
        raise Strange("docs/qa", "a link")

    monkeypatch.setattr(Project, "look", look)
    assert made(project) == 2
    assert "docs/qa:1:1: X001 a link" in capsys.readouterr().err


def test_link_that_a_process_of_a_build_finds_is_told_by_the_one_that_began_it():
    def found(share):
        raise Strange(f"site/{share}", "a link")

    with pytest.raises(Strange, match="a link") as told:
        list(in_parallel(found, ["qa", "topics"], 2))
    assert (told.value.filename, told.value.what) == ("site/qa", "a link")


def test_disk_that_refuses_during_a_step_is_a_line_and_no_traceback(project, monkeypatch, capsys):
    def look(self):
        raise OSError(28, "No space left on device", "site/a")

    monkeypatch.setattr(Project, "look", look)
    assert made(project) == 2
    assert "error: site/a: No space left on device" in capsys.readouterr().err


def test_site_below_a_folder_of_its_host_is_built_without_a_warning(project, monkeypatch):
    """As a project's site on GitHub Pages is: its 404.html says where the site begins."""
    monkeypatch.setenv("SITE_URL", "https://owner.github.io/NAME/")
    assert made(project) == 0
    page = (project / "site/404.html").read_text("utf-8")
    assert '"/NAME/"' in page and page.count("sha256-") >= 2


def test_texts_are_looked_at_before_anything_is_made_of_them(project, monkeypatch, capsys):
    """Notebooks and records are made of concept pages."""
    monkeypatch.setattr("snippets._site.write_site", lambda *_: pytest.fail("read before it was looked at"))
    write(project, "docs/topics/plain.md", PLAIN + "\n<script>1</script>\n")
    assert build(project, without={"runtime", "search"}) == 2
    assert "docs/topics/plain.md:13:1: X006" in capsys.readouterr().err


def test_card_that_is_swapped_for_a_link_is_not_published(project, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("secret", "utf-8")
    (project / "docs/assets/cards").mkdir(parents=True, exist_ok=True)
    (project / "docs/assets/cards/site.png").symlink_to(secret)
    write(project, "site/assets/cards/site.png", "card")  # copied when it was still a picture
    built = Project(project, Memory(project / ".cache/publish", project / "site"))
    assert cards.write(built, ["assets/cards/site.png"], ["topics/plain/index.html"]) == {"assets/cards/plain.png"}
    assert (project / "site/assets/cards/plain.png").read_text("utf-8") == "card"
