"""`torch.nn.attention`: which of torch's ways to compute attention; here there is one."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import Any

from ..._absent import lacking as _lacking


class SDPBackend(IntEnum):
    """Torch's ways."""

    ERROR, MATH, FLASH_ATTENTION, EFFICIENT_ATTENTION, CUDNN_ATTENTION, OVERRIDEABLE = range(-1, 5)


@contextmanager
def sdpa_kernel(backends: Any, set_priority: bool = False) -> Iterator[None]:
    """A `with` that changes nothing."""
    yield


__getattr__ = _lacking(__name__, "torch.nn.attention")
