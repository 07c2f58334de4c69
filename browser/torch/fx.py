"""`torch.fx`: functions run as they are; there is no graph to look at."""

from typing import Any

from ._absent import lacking as _lacking


def wrap(fn_or_name: Any) -> Any:
    """The same function."""
    return fn_or_name


class Proxy:
    """What stands for a value while a graph is made: never here."""


def get_proxy_mode() -> None:
    """None: nothing is traced (`torch.fx.experimental.proxy_tensor`)."""


__getattr__ = _lacking(__name__, "torch.fx")
