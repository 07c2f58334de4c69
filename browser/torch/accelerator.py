"""`torch.accelerator`: there is none."""

from typing import Any

from ._absent import lacking as _lacking


def is_available() -> bool:
    """False."""
    return False


def device_count() -> int:
    """0."""
    return 0


def current_accelerator(check_available: bool = False) -> None:
    """None."""
    return


def synchronize(device: Any = None) -> None:
    """Nothing to wait for."""


def empty_cache() -> None:
    """Nothing to empty."""


def current_device_index() -> int:
    """There is none.

    Raises:
        RuntimeError: Always.
    """
    raise RuntimeError("Cannot access accelerator device when none is available.")


__getattr__ = _lacking(__name__, "torch.accelerator")
