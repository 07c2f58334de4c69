"""`torch.profiler`: a `with` that measures nothing and says so."""

from contextlib import nullcontext
from typing import Any

from ._absent import lacking as _lacking
from ._notice import once


class ProfilerActivity:
    """What could be measured."""

    CPU, CUDA, XPU = "CPU", "CUDA", "XPU"


class EventList(list[Any]):
    """What was measured."""


class profile:
    """Measures nothing."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        once("torch.profiler", "nothing is measured in the browser")

    def __enter__(self) -> "profile":
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def step(self) -> None:
        """The next step."""

    def key_averages(self, *args: Any, **kwargs: Any) -> "profile":
        """No times."""
        return self

    def table(self, *args: Any, **kwargs: Any) -> str:
        """Says that there are none."""
        return "(torch.profiler measures nothing in the browser)"


def record_function(name: str, args: Any = None) -> Any:
    """A `with` that changes nothing."""
    return nullcontext()


def schedule(**kwargs: Any) -> Any:
    """When to measure: never."""
    return lambda step: None


def tensorboard_trace_handler(*args: Any, **kwargs: Any) -> Any:
    """Nothing to write."""
    return lambda profiler: None


__getattr__ = _lacking(__name__, "torch.profiler")
