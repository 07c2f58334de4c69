"""What the repository itself holds: the talks, questions, papers and concepts that make up the site."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ingest import pipeline
from ingest.link import link
from ingest.workspace import Workspace

ROOT = Path(__file__).parents[2]
OVERLAP = ROOT.parent / "shared" / "tools" / "overlap.py"


@pytest.fixture(scope="module")
def parsed():
    inputs, _, problems = Workspace.at(ROOT).read()
    assert problems == []
    return pipeline.parse(inputs)


@pytest.fixture(scope="module")
def wiki(parsed):
    return link(parsed[0])


def test_repository_has_no_problem(parsed):
    assert [str(problem) for problem in parsed[1]] == []


def test_talks_000_and_004_are_whole(wiki):
    talks = {talk.number: talk for talk in wiki.records.talks}
    assert [q.id.rpartition("-")[2] for q in talks["000"].questions] == ["q1", "q2", "q3", "q4", "q5", "q6", "q11"]
    assert [q.id.rpartition("-")[2] for q in talks["000"].questions if q.status == "open"] == ["q1", "q2", "q11"]
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


def test_every_question_lists_related_ones(wiki):
    assert [name for name, alike in wiki.related.items() if not alike] == []


def test_archive_holds_no_abstract():
    keys = {
        key
        for path in (ROOT / "talks" / "papers").glob("*.jsonl")
        for line in path.read_text("utf-8").splitlines()
        for key in json.loads(line)
    }
    assert keys <= {"id", "title", "url", "arxiv_id", "doi", "authors", "published", "feed", "topics"}
    longest = max(
        len(json.loads(line)["title"])
        for path in (ROOT / "talks" / "papers").glob("*.jsonl")
        for line in path.read_text("utf-8").splitlines()
    )
    assert longest < 300


@pytest.mark.skipif(not OVERLAP.is_file(), reason="../shared is not here")
def test_no_passage_of_the_source_documents_was_carried_over():
    done = subprocess.run([sys.executable, OVERLAP], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
