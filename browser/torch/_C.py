"""`torch._C`: what code asks of torch's own machinery, of which there is none here."""

from typing import Any

from ._absent import lacking as _lacking


class ScriptMethod:
    """A compiled method."""


class Value:
    """A value in a compiled function."""


def _log_api_usage_once(event: Any) -> None:
    """Nothing."""


def _are_functorch_transforms_active() -> bool:
    """False."""
    return False


def _get_tracing_state() -> None:
    """None."""


__getattr__ = _lacking(__name__, "torch._C")
_disabled_torch_function_impl = None
