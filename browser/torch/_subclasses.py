"""`torch._subclasses`: tensors that stand for others while code is compiled, which never happens here."""

from typing import Any

from ._absent import lacking as _lacking


class FakeTensor:
    """Such a tensor."""


class FakeTensorConverter:
    """What makes them."""


class FakeTensorMode:
    """Where they are made."""


def is_fake(x: Any) -> bool:
    """False."""
    return False


__getattr__ = _lacking(__name__, "torch._subclasses")
