"""Fixtures of the snippets' tests."""

import json
import multiprocessing
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]


@pytest.fixture(params=DEVICES)
def device(request: pytest.FixtureRequest) -> torch.device:
    """Every device present, with torch's random numbers seeded."""
    torch.manual_seed(0)
    return torch.device(request.param)


@pytest.fixture
def bfloat16_by_default() -> Iterator[None]:
    """Torch's default dtype as it is while transformers loads a model in half precision."""
    torch.set_default_dtype(torch.bfloat16)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.fixture(scope="session")
def trl() -> dict[str, Any]:
    """What trl 0.11.4 computes; written by tools/oracles/make_trl.py."""
    path = Path(__file__).with_name("trl.json")
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.fixture
def over_processes(tmp_path: Path) -> Callable[[Callable[..., None], int], dict[int, Any]]:
    """Calls a function in as many processes at once, and returns what each puts into a queue, by its rank.

    The function is given its rank, the path of a file by which they find each other, and the queue. The processes are
    forked from one that has imported torch, which takes longer than what they do.
    """
    forks = multiprocessing.get_context("forkserver")
    forks.set_forkserver_preload(["torch"])

    def answers_of(work: Callable[..., None], ranks: int) -> dict[int, Any]:
        answers = forks.Queue()
        given = [(rank, str(tmp_path / "store"), answers) for rank in range(ranks)]
        processes = [forks.Process(target=work, args=each, daemon=True) for each in given]
        for process in processes:
            process.start()
        try:
            return dict(answers.get(timeout=90) for _ in processes)
        finally:
            for process in processes:
                process.join(timeout=10)
                process.kill()

    return answers_of
