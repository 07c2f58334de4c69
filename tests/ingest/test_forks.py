"""Processes do what one does; one that is killed is told of."""

import os
import signal
from multiprocessing import get_all_start_methods

import pytest

from ingest import forks
from ingest.kept import Kept
from ingest.pipeline import build
from tests.ingest.test_kept import inputs

pytestmark = pytest.mark.skipif("fork" not in get_all_start_methods(), reason="no system to fork on")


def test_processes_give_what_one_gives(monkeypatch):
    monkeypatch.setattr(forks, "LONG", 2)  # milliseconds: there are few questions here
    alone, shared = Kept(), Kept(each=forks.each_by(2))
    assert build(inputs(), shared) == build(inputs(), alone)
    assert shared.results == alone.results and shared.made_of == alone.made_of


def test_few_functions_are_called_by_this_process():
    assert {*forks.each_by(2)([os.getpid] * 3, 1)} == {os.getpid()}
    assert os.getpid() not in [*forks.each_by(2)([os.getpid] * 3, forks.LONG)][1:]


def test_process_that_is_killed_is_told_in_a_line():
    def killed(_):
        os.kill(os.getpid(), signal.SIGKILL)

    with pytest.raises(OSError, match="ended before its work was done"):
        list(forks.in_parallel(killed, [1, 2], 2))
