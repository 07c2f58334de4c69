"""`torch.utils.benchmark`: a stopwatch."""

import timeit
from typing import Any

from .._absent import lacking as _lacking


class Measurement:
    """Times of several runs, in seconds."""

    def __init__(self, times: list[float], number: int, label: str) -> None:
        self.times, self.number_per_run, self.label = [one / number for one in times], number, label

    @property
    def mean(self) -> float:
        """The mean."""
        return sum(self.times) / len(self.times)

    @property
    def median(self) -> float:
        """The middle one."""
        return sorted(self.times)[len(self.times) // 2]

    def __repr__(self) -> str:
        return f"<torch.utils.benchmark.utils.common.Measurement object>\n{self.label}\n  {self.median * 1e6:.2f} us"


class Timer:
    """Runs a statement again and again."""

    def __init__(
        self, stmt: str = "pass", setup: str = "pass", globals: dict[str, Any] | None = None, label: str = "", **kw: Any
    ) -> None:
        self.label = label or stmt
        self.timer = timeit.Timer(stmt, setup, globals=globals)

    def timeit(self, number: int = 1_000_000) -> Measurement:
        """So many runs."""
        return Measurement([self.timer.timeit(number)], number, self.label)

    def blocked_autorange(self, min_run_time: float = 0.2, **kwargs: Any) -> Measurement:
        """As many runs as take a while."""
        number, taken = self.timer.autorange()
        count = max(1, int(min_run_time / taken)) if taken else 1
        return Measurement([taken, *self.timer.repeat(count, number)], number, self.label)


__getattr__ = _lacking(__name__, "torch.utils.benchmark")
