"""`torch.onnx`: nothing is exported from a page."""

from collections.abc import Callable
from typing import Any

from ._absent import lacking as _lacking


def is_in_onnx_export() -> bool:
    """False."""
    return False


__getattr__: Callable[[str], Any] = _lacking(__name__, "torch.onnx")
