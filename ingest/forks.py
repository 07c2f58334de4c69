"""Shares of a work, done by processes that begin with all that this one knows.

An edge: it starts processes. The core gets what it calls many functions by (`Each`), and knows nothing of it.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from multiprocessing import get_all_start_methods, get_context
from typing import Any, TypeVar

from ingest.kept import Each, in_turn

LONG = 1_000  # milliseconds of work from which it does
ENDED = "ended before its work was done, as where memory is short"

Share = TypeVar("Share")
Result = TypeVar("Result")
_work: Callable[[Any], Any]  # of a process that does shares


def shares_of(items: Sequence[Share], share: int) -> list[Sequence[Share]]:
    """What processes take at a time of a list."""
    return [items[at : at + share] for at in range(0, len(items), share)]


def in_parallel(work: Callable[[Share], Result], shares: Sequence[Share], jobs: int) -> Iterator[Result]:
    """The results of all shares, in their order; by one process where the system cannot fork.

    Raises:
        OSError: A process was ended.
    """
    global _work
    _work = work
    if jobs == 1 or "fork" not in get_all_start_methods():
        yield from map(work, shares)
        return
    from concurrent.futures.process import BrokenProcessPool, ProcessPoolExecutor  # as small sites need none

    try:
        with ProcessPoolExecutor(jobs, get_context("fork")) as pool:
            yield from pool.map(_do, shares)
    except BrokenProcessPool as error:
        raise OSError(None, ENDED, "a process of this build") from error


def _do(share: Any) -> Any:
    return _work(share)


def each_by(jobs: int) -> Each:
    """Calls many functions in so many processes. The first one is called here: what it loads, all of them have then."""

    def each(functions: Sequence[Callable[[], Any]], cost: int) -> Iterable[Any]:
        if jobs == 1 or len(functions) * cost < LONG:
            return in_turn(functions)
        shares = shares_of(range(1, len(functions)), len(functions) // (16 * jobs) + 1)
        work = in_parallel(lambda share: [functions[at]() for at in share], shares, jobs)
        return chain([functions[0]()], chain.from_iterable(work))

    return each
