"""`torch.utils.hooks`."""

from .._core import Handle as RemovableHandle

__all__ = ["RemovableHandle"]
