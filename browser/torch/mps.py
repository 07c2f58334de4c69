"""`torch.mps`: Apple's GPUs; there is none."""

from ._absent import lacking as _lacking


def is_available() -> bool:
    """False."""
    return False


def device_count() -> int:
    """0."""
    return 0


def manual_seed(seed: int) -> None:
    """Nothing to seed."""


def synchronize() -> None:
    """Nothing to wait for."""


def empty_cache() -> None:
    """Nothing to empty."""


__getattr__ = _lacking(__name__, "torch.mps")
