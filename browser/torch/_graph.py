"""`torch.autograd.graph`: hooks for what is saved between forward and backward."""

from collections.abc import Callable
from contextlib import ContextDecorator
from typing import Any

from ._absent import lacking as _lacking
from ._core import Handle as RemovableHandle  # noqa: F401 - public
from ._core import Tensor
from ._engine import Mode, Node

__all__ = ["Node", "save_on_cpu", "saved_tensors_hooks"]


class saved_tensors_hooks(ContextDecorator):
    """Inside, `pack(tensor)` is kept of each tensor that backward needs, which then gets what `unpack` makes of it."""

    def __init__(self, pack_hook: Callable[[Tensor], Any], unpack_hook: Callable[[Any], Tensor]) -> None:
        self.pair = pack_hook, unpack_hook

    def __enter__(self) -> None:
        Mode.packing = (*Mode.packing, self.pair)

    def __exit__(self, *error: object) -> None:
        Mode.packing = Mode.packing[:-1]


class save_on_cpu(saved_tensors_hooks):
    """Everything lies there anyway."""

    def __init__(self, pin_memory: bool = False, device_type: str = "cuda") -> None:
        super().__init__(lambda tensor: tensor, lambda kept: kept)


__getattr__ = _lacking(__name__, "torch.autograd.graph")
