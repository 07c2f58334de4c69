"""Shares of a work, done by processes that begin with all that this one knows."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_all_start_methods, get_context
from typing import Any, TypeVar

SHARE = 16  # items that a process takes at a time
ALONE = 48  # items for which it does not pay to start processes

Share = TypeVar("Share")
Result = TypeVar("Result")
_work: Callable[[Any], Any]  # of a process that does shares


def shares_of(items: Sequence[Share]) -> list[Sequence[Share]]:
    """What processes take at a time of a list."""
    return [items[at : at + SHARE] for at in range(0, len(items), SHARE)]


def in_parallel(work: Callable[[Share], Result], shares: Sequence[Share], jobs: int) -> Iterator[Result]:
    """The results of all shares, in their order; by one process where the system cannot fork."""
    global _work
    _work = work
    if jobs == 1 or "fork" not in get_all_start_methods():
        yield from map(work, shares)
        return
    with ProcessPoolExecutor(jobs, get_context("fork")) as pool:
        yield from pool.map(_do, shares)


def _do(share: Any) -> Any:
    return _work(share)
