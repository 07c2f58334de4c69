"""`torch.cuda`: there is none."""

from typing import Any

from ._absent import lacking as _lacking


def is_available() -> bool:
    """False."""
    return False


def device_count() -> int:
    """0."""
    return 0


def manual_seed(seed: int) -> None:
    """Nothing to seed."""


manual_seed_all = manual_seed


def synchronize(device: Any = None) -> None:
    """There is no GPU."""
    raise AssertionError("Torch not compiled with CUDA enabled")


__getattr__ = _lacking(__name__, "torch.cuda")
