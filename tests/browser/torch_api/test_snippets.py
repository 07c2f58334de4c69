"""The snippets' own tests, run unchanged on the browser's torch. The pages' blocks run on it in test_cell.py.

Where Chromium is, they run in test_snippets_in_chromium.py, as for readers. Here they run where there is none, and
where WIKI_SNIPPETS names some: a failed assertion says here what it compared.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter

import pytest

from ingest.lessons import parse_challenge
from ingest.model import Source
from snippets.__main__ import names
from tests.browser.conftest import NAMES
from tests.browser.torch_api import foreign
from tests.browser.torch_api.pair import PACKAGE, ROOT

TESTS = ROOT / "tests" / "snippets"
WANTED = os.environ.get("WIKI_SNIPPETS", "").split() or names()  # `make records NAMES=...` asks for some
FILES = [f"test_{name}.py" for name in WANTED if (TESTS / f"test_{name}.py").is_file()]
OPTIONS = ("-p", "tests.browser.torch_api.foreign", "-p", "no:cacheprovider", "-rap", "--tb=short")
PASSED = re.compile(r"^PASSED .*?(test_\w+\.py)::(\w+)", re.MULTILINE)
FAULT = re.compile(r"^(?:FAILED|ERROR|INTERNALERROR|E  ).*", re.MULTILINE)


def run_in_chromium() -> bool:
    """Whether they can run in the browser, as far as is known before: it is there, and what it runs was built."""
    manifest = ROOT / "site" / "runtime" / "manifest.json"
    return (
        any(map(shutil.which, NAMES))
        and manifest.is_file()
        and bool(json.loads(manifest.read_text(encoding="utf-8"))["installed"])
    )


def environment() -> dict[str, str]:
    """Ours, with the browser's torch found first."""
    return {**os.environ, "PYTHONPATH": f"{PACKAGE.parent}{os.pathsep}{ROOT}"}


def verdict(report: str) -> dict[str, int]:
    """Assert that pytest's report has every test of all files passed, but for those that need another library.

    Returns:
        By snippet, how many passed.
    """
    assert FAULT.findall(report) == []
    sources = {name: (TESTS / name).read_text(encoding="utf-8") for name in FILES}
    written = {(name, test) for name, source in sources.items() for test in foreign.tests_of(source)}
    left_out = {(name, test) for name, source in sources.items() for test in foreign.left_out(source)}
    passed = PASSED.findall(report)
    assert set(passed) == written - left_out
    if names() == WANTED:
        assert len(left_out) < 0.2 * len(written)  # the proof is of most of the tests, not of a few
    return Counter(name.removeprefix("test_").removesuffix(".py") for name, _ in passed)


@pytest.mark.slow
@pytest.mark.skipif(
    "WIKI_SNIPPETS" not in os.environ and run_in_chromium(), reason="test_snippets_in_chromium.py runs them"
)
def test_snippets_own_tests_pass():
    """One test for all files: pytest starts once."""
    command = [sys.executable, "-m", "pytest", *OPTIONS, "-p", "no:randomly", *(str(TESTS / name) for name in FILES)]
    run = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, encoding="utf-8", timeout=600)
    verdict(run.stdout + run.stderr)


CHALLENGES = """
import json, sys
for name, task, answer, check in json.load(sys.stdin):
    exec(answer + chr(10) * 2 + check, {"__name__": "__main__"})
    try:
        exec(task + chr(10) * 2 + check, {"__name__": "__main__"})
    except AssertionError as error:
        print("told of", name, error)
"""


def test_challenges_and_their_answers_do_there_what_they_do_here():
    paths = sorted((ROOT / "snippets/challenges").glob("*.py"))
    found = [parse_challenge(Source(path.name, path.read_text("utf-8")))[0] for path in paths]
    given = json.dumps([(one.name, one.task, one.answer, one.check) for one in found])
    command = [sys.executable, "-c", CHALLENGES]
    run = subprocess.run(
        command, input=given, cwd=ROOT, env=environment(), capture_output=True, encoding="utf-8", timeout=300
    )
    assert run.returncode == 0, run.stderr
    assert re.findall(r"^told of (\w+) .", run.stdout, re.MULTILINE) == [one.name for one in found] != []


def test_it_is_the_browsers_torch_that_runs():
    command = [sys.executable, "-c", "import torch; print(torch.__file__, end='')"]
    assert subprocess.check_output(command, env=environment(), text=True) == str(PACKAGE / "__init__.py")


FOREIGN = """
import pytest
import torch
import transformers as tf
from peft import LoraConfig
from torch import distributed as dist

np = pytest.importorskip("scipy")
ORACLE = tf.something(1)
PLAIN = torch.ones(1)

@pytest.fixture
def reference():
    return LoraConfig(3)

@pytest.fixture
def second(reference):
    return reference

def helper(x):
    return ORACLE(x)

def test_direct(): tf.run()
def test_fixture(reference): pass
def test_fixture_of_a_fixture(second): pass
def test_helper(): helper(1)
def test_inside():
    import tiktoken
def test_skip(): np.array(1)
def test_processes(): dist.barrier()
def test_of_torch_distributed():
    from torch.distributed import init_process_group
@pytest.mark.parametrize("x", [ORACLE])
def test_parameter(x): pass
def test_attribute(): torch.multiprocessing.get_context("spawn")
def test_plain(): assert PLAIN.sum() == 1
def test_standard_library():
    import json, math
def test_attribute_of_the_same_name(): PLAIN.tf = 1
"""


def test_tests_of_other_libraries_are_told_from_the_source():
    kept = {"test_plain", "test_standard_library", "test_attribute_of_the_same_name"}
    assert foreign.tests_of(FOREIGN) - foreign.left_out(FOREIGN) == kept


def test_stand_ins_can_be_imported_and_nothing_else():
    finder = foreign.StandIns({"peft", "torch.distributed.nn"})
    assert finder.find_spec("peft") is not None
    assert finder.find_spec("torch.distributed") is not None
    assert finder.find_spec("torch") is None
    assert finder.find_spec("numpy") is None


def test_variants_that_are_kept_go_from_the_first_to_the_last():
    assert foreign.spread(9, 3) == {0, 4, 8}
    assert foreign.spread(4, 3) == {0, 1, 3}
    assert foreign.spread(3, 3) == {0, 1, 2}
    assert foreign.spread(1, 3) == {0}
