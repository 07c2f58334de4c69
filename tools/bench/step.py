"""Steps of a benchmark that may hang: each has a name, and an end."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

LIMIT = 240  # seconds; the longest step takes a fifth of them on a quiet machine


@contextmanager
def step(name: str, limit: float = LIMIT) -> Iterator[None]:
    """End the program, with the step's name, where it waits for what never comes. There is no step within a step.

    Raises:
        SystemExit: It took too long. (An event loop hands no other exception on.)
    """

    def hangs(*_: Any) -> None:
        raise SystemExit(f"{name}: no end after {limit} s")

    before = signal.signal(signal.SIGALRM, hangs)
    signal.setitimer(signal.ITIMER_REAL, limit)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
