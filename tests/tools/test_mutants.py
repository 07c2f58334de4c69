"""The mutants themselves: what is mutated, what is not, and that a mutant dies of a test and of nothing else."""

import os

import pytest
import torch

pytest.importorskip("resource")  # Windows has none

from tools.mutants import __main__ as tool
from tools.mutants.__main__ import ROOT, Mutant, fork, main, mutants

SOURCE = '''\
OUTSIDE = 1 + 2
# --8<-- [start:core]
def mean(x: "Tensor | 1", n: int) -> float:
    """One docstring, 1 + 1."""
    if n < 1:
        raise ValueError("below " + str(1))
    return x.sum(0) / n


# --8<-- [end:core]
print(1)
'''


def test_formulas_are_broken_one_place_at_a_time():
    found = {(mutant.line, mutant.mutant) for mutant in mutants(SOURCE)}
    assert found == {
        ("if n < 1:", "if n <= 1:"),
        ("if n < 1:", "if n < 2:"),
        ("return x.sum(0) / n", "return x.sum(1) / n"),
        ("return x.sum(0) / n", "return x.mean(0) / n"),
        ("return x.sum(0) / n", "return x.sum(0) * n"),
    }


@pytest.fixture
def one_thread():
    """A pool of threads does not survive a fork."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.slow
@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize(("after", "lives"), [("weight", True), ("weight.exp()", False)])
def test_a_mutant_lives_where_all_tests_pass(tmp_path, after, lives):
    source = (ROOT / "snippets/rms_norm.py").read_text(encoding="utf-8")
    assert "y * weight" in source
    report = tmp_path / "seconds.json"
    process = fork("rms_norm", source.replace("y * weight", f"y * {after}"), {}, report)
    assert (os.waitpid(process, 0)[1] == 0, report.exists()) == (lives, lives)


EXCUSE = '[[rope]]\nline = "{}"\nmutant = "a - b"\nreason = "because"\n'


@pytest.mark.parametrize(
    ("excuses", "code", "words"),
    [
        ("", 1, "1 of them without a reason"),
        (EXCUSE.format("a + b"), 0, "0 of them without a reason"),
        (EXCUSE.format("a + b") + EXCUSE.format("was here once"), 1, "stale: was here once"),
    ],
)
def test_every_mutant_that_lives_needs_a_reason_and_every_reason_a_mutant(
    tmp_path, monkeypatch, capsys, excuses, code, words
):
    (tmp_path / "survivors.toml").write_text(excuses, encoding="utf-8")
    monkeypatch.setattr(tool, "SURVIVORS", tmp_path / "survivors.toml")
    monkeypatch.setattr(tool, "survivors", lambda name, found, jobs: [Mutant("a + b", "a - b", "")])
    monkeypatch.setattr("sys.argv", ["mutants", "rope"])
    monkeypatch.setattr("torch.set_num_interop_threads", lambda count: None)  # torch takes it once in a process
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # main sets it for its process
    assert main() == code
    assert words in capsys.readouterr().out
