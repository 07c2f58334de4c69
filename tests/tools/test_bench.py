"""What benchmarks are made of: a project in order, and peers that are asked alike."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip("torch")  # the table of results names its version
pytest.importorskip("playwright")

from ingest.pipeline import parse
from ingest.workspace import Workspace
from tests.site.queries import Query
from tools.bench.bench_queries import ASKED, WORDS, _rows, sample
from tools.bench.corpus import make_project

ROOT = Path(__file__).parents[2]


def test_made_project_has_nothing_wrong(tmp_path):
    make_project(tmp_path, 3, 2, 5)
    inputs, _, unread = Workspace.at(tmp_path).read()
    assert [*unread, *parse(inputs)[1]] == []


def test_peers_that_take_their_time_are_asked_of_the_whole_set_evenly_and_ours_is_counted_on_the_same():
    own = [Query(f"q{number}", (f"{number}/",), False) for number in range(4 * ASKED)]
    asked = sample(own)
    assert asked == own[::4] and sample(own[:3]) == own[:3]
    right = {query.text: list(query.best) for query in own}
    pages = SimpleNamespace(
        said={f"{number}/": ("", "") for number in range(4 * ASKED)},
        relevant=lambda query, own=True: {*query.best},
    )
    half = {query.text: right[query.text] if at % 2 else [] for at, query in enumerate(asked)}
    first, *_, precision = _rows({WORDS: own}, {"本站": right, "甲": {text: [] for text in right}}, {"乙": half}, pages)
    assert first.figure == f"本站 {4 * ASKED}，甲 0；均匀取的 {ASKED} 个：本站 {ASKED}，乙 {ASKED // 2}" and first.met
    assert precision.figure == f"本站 1.000，甲 0.000；均匀取的 {ASKED} 个：本站 1.000，乙 0.500"
    better = {query.text: right[query.text] for query in asked}
    missed = right | {asked[0].text: []}
    assert not _rows({WORDS: own}, {"本站": missed}, {"乙": better}, pages)[0].met


# In a process of its own: Playwright cannot start twice in one, and here it may have.
WAITS = """
import socket
from playwright.sync_api import sync_playwright
from tools.bench.step import step
with sync_playwright() as playwright, socket.create_server(("127.0.0.1", 0)) as silent:
    request = playwright.request.new_context()
    with step("restarts", limit=0.2):
        request.get(f"http://127.0.0.1:{silent.getsockname()[1]}/", timeout=0)
"""


def test_a_step_of_a_benchmark_that_waits_for_what_never_comes_ends_with_its_name():
    done = subprocess.run([sys.executable, "-c", WAITS], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "restarts: no end after 0.2 s" in done.stderr.splitlines()
