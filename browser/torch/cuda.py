"""`torch.cuda`: there is none."""

from typing import Any


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


def __getattr__(name: str) -> Any:
    if name.startswith("_"):
        raise AttributeError(name)
    raise NotImplementedError(f"torch.cuda.{name} is not in the browser's torch: there is no GPU")
