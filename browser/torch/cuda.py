"""`torch.cuda`: there is none. What asks or only measures works; what needs a GPU says so."""

from typing import Any

from ._absent import lacking as _lacking
from ._dtypes import chosen_device


def is_available() -> bool:
    """False."""
    return False


is_bf16_supported = is_initialized = is_available


_initialized = False


def device_count() -> int:
    """0."""
    return 0


def manual_seed(seed: int) -> None:
    """Nothing to seed."""


manual_seed_all = manual_seed


def empty_cache() -> None:
    """Nothing to empty."""


def max_memory_allocated(device: Any = None) -> int:
    """0."""
    return 0


memory_allocated = memory_reserved = max_memory_reserved = max_memory_allocated


def reset_peak_memory_stats(device: Any = None) -> None:
    """Nothing to reset."""


reset_max_memory_allocated = reset_peak_memory_stats


def _without(*args: Any, **kwargs: Any) -> Any:
    """There is no GPU."""
    raise AssertionError("Torch not compiled with CUDA enabled")


synchronize = current_device = get_device_name = get_device_properties = get_device_capability = _without
current_stream = get_rng_state = set_rng_state = _without


def set_device(device: Any) -> None:
    """There is no GPU to choose."""
    chosen_device(f"cuda:{device}" if isinstance(device, int) else device)


class Stream:
    """There is no device that has any."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        """None is made."""
        raise RuntimeError(f"Tried to instantiate dummy base class {cls.__name__}")


class Event(Stream):
    """The same."""


__getattr__ = _lacking(__name__, "torch.cuda")
