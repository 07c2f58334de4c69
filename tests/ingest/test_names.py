"""What a stranger's branch can call its files, and where it can put them: nothing acts, hangs or hides the rest."""

import json
import os
import subprocess

import pytest

from ingest import guard
from ingest.cli import main
from ingest.guard import before_pages, shape
from ingest.tree import DEEPEST
from tests.ingest.conftest import CONCEPT
from tests.ingest.hostile import repository_that_runs

ACTS = [
    b"x\n::error file=README.md::forged.md",
    b"x\r\n::add-mask::a.md",
    b"\x1b]0;evil\x07.md",
    b"a\x00b.md".replace(b"\x00", b"\x7f"),
    "\u202egpj.md".encode(),
    "\u2028x.md".encode(),
    b"\xff\xfe.md",
]


def places(project):
    return [part for place in ("talks", "docs", "snippets") for part in (f"--{place}", str(project / place))]


@pytest.fixture(params=ACTS, ids=ascii)
def name(request):
    return os.fsdecode(request.param)


@pytest.mark.parametrize("form", ["text", "github", "json"])
def test_name_of_a_file_says_nothing_but_itself(project, capsys, name, form):
    (project / "talks/questions" / name).write_text("# 问？\n\n答。\n", "utf-8")
    assert main(["check", *places(project), "--format", form]) == 1
    said = "".join(capsys.readouterr())
    assert said.isprintable() or said.replace("\n", "").isprintable()
    if form == "json":
        assert [problem["code"] for problem in json.loads(said)] == ["X008"]
    else:
        [line] = said.splitlines()
        assert "X008" in line and line.startswith("::error file=talks" if form == "github" else "talks/questions/")


def test_problem_names_its_place_in_a_command_for_github(project, capsys):
    (project / "talks/questions/a,line=9::b%0A.md").write_text("x", "utf-8")
    assert main(["check", *places(project), "--format", "github"]) == 1
    for line in capsys.readouterr().out.splitlines():
        place, _, said = line.removeprefix("::").partition("::")
        assert "file=talks/questions/a%2Cline=9%3A%3Ab%250A.md,line=1" in place
        assert "%0A" not in said


def test_build_leaves_such_a_file_out_and_the_pages_stop(project, name, capsys):
    (project / "talks/questions" / name).write_text("# 问？\n\n答。\n", "utf-8")
    (project / "talks/notes" / f"{name}.gif").write_bytes(b"GIF89a\1\0\1\0")
    assert main(["build", *places(project)]) == 1
    assert "X008" in capsys.readouterr().err
    assert {problem.code for problem in shape(project)} == {"X008"}


def test_folders_nested_without_end_are_told_in_a_line(project):
    subprocess.run(["mkdir", "-p", project / "talks/notes" / "/".join("d" * 1000)], check=True)
    try:
        [problem] = shape(project)
        assert (problem.code, problem.message.partition(",")[0]) == ("X001", f"a folder below {DEEPEST} others")
        assert problem in before_pages(project)
        assert main(["check", *places(project)]) == 1
    finally:
        subprocess.run(["rm", "-r", project / "talks/notes/d"], check=True)  # which pytest cannot


@pytest.mark.parametrize("name", ["docs/guide/x.md", "snippets/x.py"])
@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"<script>alert(1)</script>" + b"a" * 1_000_000, "L001"),
        (b"<script>alert(1)</script>" + b"-" * 100_001, "L005"),
        (b"caf\xe9 <script>alert(1)</script>", "F002"),
    ],
    ids=["large", "marks", "latin"],
)
def test_text_that_was_not_looked_at_is_not_published(project, name, content, code):
    (project / name).parent.mkdir(exist_ok=True)
    (project / name).write_bytes(content)
    assert code in {problem.code for problem in before_pages(project) if problem.path == name}


@pytest.mark.parametrize(
    "name",
    [
        "search.md",
        "Search/a.md",
        "sitemap.xml.md",
        "topics/LORA.md",
        "topics/lora/index.md",
        "qa.md",
        "topics/ｌora.md",
        "topics/lora/readme.md",
        "sitemap.xml/index.md",
        "guide/index.html/a.md",
        "assets/license.md",
        "templates/a.md",
        "topics/pictures/a.md",
    ],
)
def test_page_has_an_address_of_its_own(project, name):
    """It took another page's, without a word, or that of a file which then could not be written, or had none."""
    (project / "docs" / name).parent.mkdir(exist_ok=True, parents=True)
    (project / "docs/assets").mkdir(exist_ok=True)
    (project / "docs/assets/LICENSE").write_text("MIT", "utf-8")
    (project / "docs" / name).write_text("---\ntitle: T\n---\n\n# T\n", "utf-8")
    (project / "docs/snippets.md").write_text("---\ntitle: T\n---\n\n# T\n", "utf-8")
    assert [problem.code for problem in before_pages(project)] == ["X008"]


SIGNS = [sign for sign in map(chr, range(32, 127)) if not (sign.isalnum() or sign in " +-./_")]


def test_name_of_a_text_holds_no_sign_that_a_page_would_act_on(project, capsys):
    """Pages repeat the names of concepts in attributes, and those of notes and questions in code."""
    names = [f"{place}/a{sign}b.md" for place in ("talks/questions", "docs/topics") for sign in SIGNS]
    for name in names:
        (project / name).write_text(CONCEPT if name.startswith("docs") else "# 问？\n\n答。\n", "utf-8")
    assert main(["build", *places(project)]) == 1
    told = capsys.readouterr().err
    assert [name for name in names if f"{name}:1:1: X008" not in told] == []
    assert {problem.code for problem in before_pages(project)} == {"X008"}
    pages = [path.read_text("utf-8") for path in (project / "docs/generated").rglob("*.md")]
    assert [sign for sign in SIGNS if any(f"a{sign}b" in page for page in pages)] == []


def test_name_of_a_text_may_be_in_any_script(project):
    for name in ("第五期 笔记", "a+b_c-d", "questão"):
        (project / f"talks/questions/{name}.md").write_text(f"# {name}？\n\n答。\n", "utf-8")
    assert main(["build", *places(project)]) == 0


MADE = [
    "ingest/__pycache__/cli.cpython-311.pyc",
    "yaml.PYC",
    ".gitmodules",
    "ingest/guard.abi3.so",
    ".Cache/written/runtime",
    "DOCS/Runtime/x.html",
    ".cache/publish.json",
    ".cache/written/runtime",
    "docs/runtime/page/math.js",
    "docs/qa/x.md",
    "site/.memory",
]


@pytest.mark.parametrize("name", MADE)
def test_branch_cannot_say_that_all_is_built_already(project, name):
    """Whoever commits the memory of a build, its lists and what it made, would have his own scripts published."""
    (project / name).parent.mkdir(parents=True, exist_ok=True)
    (project / name).write_text("mine", "utf-8")
    assert shape(project) == []
    subprocess.run(["git", "init", "--quiet"], cwd=project, check=True)
    subprocess.run(["git", "add", "--force", name], cwd=project, check=True)
    assert [(problem.path, problem.code) for problem in shape(project)] == [(name, "X002")]


@pytest.mark.parametrize("name", ["x.pyc", ".cache/publish.json"])
def test_checkout_of_another_user_is_asked_too(project, name, monkeypatch):
    """In a container git takes it for somebody else's, and said nothing; nor did the guard."""
    (project / name).parent.mkdir(parents=True, exist_ok=True)
    (project / name).write_text("mine", "utf-8")
    subprocess.run(["git", "init", "--quiet"], cwd=project, check=True)
    subprocess.run(["git", "add", "--force", name], cwd=project, check=True)
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    assert [(problem.path, problem.code) for problem in shape(project)] == [(name, "X002")]


@pytest.mark.parametrize("bare", [False, True])
def test_no_program_runs_that_a_repository_names(project, bare):
    repository_that_runs(project, bare)
    shape(project)
    assert not (project / "ran").exists()


def test_git_that_waits_for_ever_is_told(project, monkeypatch):
    """The settings that came in an archive may name a FIFO."""
    subprocess.run(["git", "init", "--quiet"], cwd=project, check=True)
    os.mkfifo(project / ".git/more")
    subprocess.run(["git", "config", "include.path", "more"], cwd=project, check=True)
    monkeypatch.setattr(guard, "PATIENCE", 0.3)
    [problem] = shape(project)
    assert (problem.path, problem.code) == (".git", "X002") and "within 0.3 seconds" in problem.message


def test_git_that_does_not_answer_is_told(project):
    (project / ".git").mkdir()
    assert [(problem.path, problem.code) for problem in shape(project)] == [(".git", "X002")]
