"""Fixtures of the snippets' tests."""

import json
from collections.abc import Iterator
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
