"""`torch.futures`: results that come later; here they are there at once."""

from collections.abc import Callable
from typing import Any

from ._absent import lacking as _lacking


class Future:
    """A result."""

    def __init__(self, *, devices: Any = None) -> None:
        self._found: list[Any] = []

    def __class_getitem__(cls, item: Any) -> type:
        return cls

    def set_result(self, result: Any) -> None:
        """It is there."""
        self._found.append(result)

    def done(self) -> bool:
        """Whether it is there."""
        return bool(self._found)

    def value(self) -> Any:
        """It, once it is there."""
        return self._found[0]

    wait = value

    def then(self, callback: Callable[["Future"], Any]) -> "Future":
        """What a function makes of it."""
        later = Future()
        later.set_result(callback(self))
        return later


def collect_all(futures: list[Future]) -> Future:
    """Several as one."""
    whole = Future()
    whole.set_result(futures)
    return whole


def wait_all(futures: list[Future]) -> list[Any]:
    """What they give."""
    return [one.wait() for one in futures]


__getattr__ = _lacking(__name__, "torch.futures")
