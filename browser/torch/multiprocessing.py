"""`torch.multiprocessing`: a page has one process; what would run in others runs here."""

from collections.abc import Callable, Sequence
from multiprocessing import *  # noqa: F403 - as torch does
from typing import Any

from ._absent import lacking as _lacking
from ._notice import once


def spawn(
    fn: Callable[..., Any],
    args: Sequence[Any] = (),
    nprocs: int = 1,
    join: bool = True,
    daemon: bool = False,
    start_method: str = "spawn",
) -> None:
    """`fn(0, *args)` in this process; with more than one process there is no way.

    Raises:
        NotImplementedError: `nprocs` is more than 1.
    """
    if nprocs != 1:
        raise NotImplementedError(
            f"a page has one process: torch.multiprocessing.spawn(nprocs={nprocs}) cannot run here"
        )
    once("torch.multiprocessing.spawn", "the function runs in the page's own process")
    fn(0, *args)


def set_start_method(method: str | None, force: bool = False) -> None:
    """Nothing to start."""


def get_start_method(allow_none: bool = False) -> str:
    """What torch says on Linux."""
    return "fork"


def cpu_count() -> int:
    """1."""
    return 1


def set_sharing_strategy(new_strategy: str) -> None:
    """Nothing to share."""


__getattr__ = _lacking(__name__, "torch.multiprocessing")
