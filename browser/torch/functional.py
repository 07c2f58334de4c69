"""`torch.functional`: functions of torch, by the file that holds them there."""

import sys
from typing import Any

from .nn import functional as F  # noqa: F401 - public


def __getattr__(name: str) -> Any:
    return getattr(sys.modules[__package__], name)
