"""What the repository itself holds: the talks, questions, papers, feeds and concepts that make up the site.

What is asked of files that anybody may add or change are rules; what is known of the talks that were committed names
them. No other test reads these files, so that a contribution can be tried on a copy of the project (WIKI_PROJECT).
"""

import json
import os
import re
import runpy
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import fields
from pathlib import Path

import pytest

from ingest import pipeline
from ingest.cli import main
from ingest.feeds.gist import LONGEST
from ingest.feeds.listed import read_opml
from ingest.link import link
from ingest.model import Paper, Source
from ingest.notes.parse import parse_note
from ingest.notes.write import format_note
from ingest.problems import ERROR
from ingest.workspace import Workspace
from tests.ingest.notes.test_write import same_talk

HERE = Path(__file__).parents[2]
ROOT = Path(os.environ.get("WIKI_PROJECT", HERE))
# Files that were on the site at the last release: what somebody adds may deserve a warning, and turns no test red.
ADDRESSES = [Path(address) for address in (HERE / "tests/site/published.txt").read_text("utf-8").split()]
PUBLISHED = {f"talks/notes/{number}.md" for number in ("000", "004")}
PUBLISHED |= {f"talks/questions/{at.name}.md" for at in ADDRESSES if at.parent.name == "qa"}
OVERLAP = HERE.parent / "shared" / "tools" / "overlap.py"
PASSAGE = 20  # Chinese letters, or three times as many Latin ones


@pytest.fixture(scope="module")
def parsed():
    inputs, _, problems = Workspace.at(ROOT).read()
    records, more = pipeline.parse(inputs)
    return records, [*problems, *more]


@pytest.fixture(scope="module")
def wiki(parsed):
    return link(parsed[0])


def test_repository_has_no_error(parsed):
    assert [str(problem) for problem in parsed[1] if problem.severity == ERROR] == []


def test_notes_of_talks_000_and_004_and_the_questions_beside_them_deserve_no_warning(parsed):
    """False alarms would teach people not to read them."""
    assert [str(problem) for problem in parsed[1] if problem.path in PUBLISHED] == []


def test_talks_000_and_004_are_whole(wiki):
    talks = {talk.number: talk for talk in wiki.records.talks}
    assert [q.id.rpartition("-")[2] for q in talks["000"].questions] == ["q1", "q2", "q3", "q4", "q5", "q6", "q11"]
    still_open = {q.id.rpartition("-")[2] for q in talks["000"].questions if q.status == "open"}
    assert still_open <= {"q1", "q2", "q11"}  # anybody may answer them
    assert [(q.id.rpartition("-")[2], q.status) for q in talks["004"].questions] == [
        (f"q{number}", "answered") for number in range(1, 11)
    ]
    asked = {q.asker for q in talks["000"].questions}
    assert {"羡鱼", "群友", "yuhan", "qingwang", "Dark Flame Master"} <= asked
    assert len([link for section in talks["004"].sections for link in section.links]) >= 30
    assert talks["004"].editors == ("羡鱼", "suc16")


def test_at_least_45_questions_are_answered_with_sources_and_concepts(wiki):
    written = [q for q in wiki.records.questions if not q.talk]
    assert len([q for q in written if q.answers and q.sources and q.topics]) >= 45


def test_question_of_a_concept_that_others_ask_about_lists_related_ones(wiki):
    first = Counter(question.topics[0] for question in wiki.records.questions if question.topics)
    asked = {q.id: q.topics for q in wiki.records.questions}
    alone = [name for name, alike in wiki.related.items() if not alike]
    assert [name for name in alone if asked[name] and first[asked[name][0]] > 1] == []
    assert len(alone) <= len(asked) / 10


def test_archive_holds_no_abstract():
    records = [
        json.loads(line)
        for path in (ROOT / "talks" / "papers").glob("*.jsonl")
        for line in path.read_text("utf-8").splitlines()
    ]
    keys = {field.name for field in fields(Paper)} - {"abstract"}
    assert all(record.keys() <= keys for record in records)
    # A sentence of arXiv's is free to be kept, anybody else's is not.
    assert all(record["authority"].startswith("arXiv") for record in records if "line" in record)
    assert max((len(record.get("line", "")) for record in records), default=0) <= LONGEST
    assert max((len(record["title"]) for record in records), default=0) < 600  # an abstract is twice as long


def test_list_of_feeds_names_web_addresses_each_once():
    path = ROOT / "talks" / "feeds.opml"
    feeds, problems = read_opml(path.read_bytes(), path.name)
    assert problems == ()
    assert len({feed.url for feed in feeds}) == len(feeds) == path.read_text("utf-8").count("xmlUrl=") > 0


@pytest.mark.parametrize(("number", "questions"), [("000", 7), ("004", 10)])
def test_notes_of_talks_000_and_004_lose_nothing_when_written_anew(number, questions):
    source = Source(f"talks/notes/{number}.md", (ROOT / f"talks/notes/{number}.md").read_text("utf-8"))
    note, talk, _, gone = format_note(source)
    assert (gone, same_talk(talk, parse_note(Source(source.path, note))[0])) == ("", True)
    assert len(talk.questions) == questions


def test_fix_leaves_what_is_published_as_it_is(tmp_path, capsys):
    """Whoever mends all texts with `check --fix` shall not find others' changed."""
    shutil.copytree(ROOT / "talks", tmp_path / "talks")
    shutil.copytree(ROOT / "docs/topics", tmp_path / "docs/topics")
    shutil.copytree(ROOT / "snippets", tmp_path / "snippets", ignore=shutil.ignore_patterns("__pycache__"))
    main(["check", "--fix", *(f"--{name}={tmp_path / name}" for name in ("talks", "docs", "snippets"))])
    mended = {line.partition(":")[0] for line in capsys.readouterr().out.splitlines() if line.endswith(": mended")}
    assert mended & PUBLISHED == set()


def test_no_other_test_reads_what_contributors_write():
    """It would turn red on somebody's contribution, and no copy of the project could be given to it."""
    reads = re.compile(r"Workspace\.at\(ROOT\)|(?:ROOT|HERE|parents\[\d\])\s*/\s*\"talks(?!/TEMPLATE)")
    found = {path.name for path in (HERE / "tests").rglob("*.py") if reads.search(path.read_text("utf-8"))}
    assert found == {"test_content.py", "test_contributions.py"}


@pytest.mark.slow
@pytest.mark.skipif(HERE != ROOT or not OVERLAP.is_file(), reason="../shared is not here")
def test_no_passage_of_the_source_documents_was_carried_over():
    """The tool compares every text with every document letter by letter; it is given the texts of which it can find
    anything: those with as many letters in common with any document as a passage has at least."""
    tool = runpy.run_path(str(OVERLAP))

    def runs(text):
        letters, _ = tool["normalise"](text)
        return {letters[at : at + PASSAGE] for at in range(len(letters) - PASSAGE + 1)}

    def blanks(fact):
        return " " * len(fact[0])

    inputs = (path for path in (OVERLAP.parents[1] / "inputs").rglob("*") if path.suffix in (".md", ".txt", ".tsv"))
    theirs = set().union(*(runs(path.read_text("utf-8", "replace")) for path in inputs))
    command = ["git", "ls-files", "-co", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=True).stdout.split("\0")
    ours = (name for name in listed if Path(name).suffix in tool["TEXT"] and (HERE / name).is_file())
    texts = ((name, (HERE / name).read_text("utf-8", "replace")) for name in ours)
    alike = [name for name, text in texts if not theirs.isdisjoint(runs(tool["FACTS"].sub(blanks, text)))]
    command = [sys.executable, OVERLAP, "--min-cjk", str(PASSAGE), "--min-latin", str(3 * PASSAGE), *alike]
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
