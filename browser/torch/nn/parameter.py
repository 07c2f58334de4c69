"""`nn.Parameter`: a tensor that a module trains."""

from typing import Any

from .._core import PUBLIC, Tensor
from .._create import tensor


class Parameter(Tensor):
    """A leaf that requires a gradient, and that modules register."""

    def __new__(cls, data: Any = None, requires_grad: bool = True) -> "Parameter":
        """Share the memory of `data`."""
        out = object.__new__(cls)
        source = tensor([]) if data is None else data
        out._data, out.dtype = source._data, source.dtype
        if requires_grad:
            out.requires_grad_()
        return out

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass


class Buffer(Tensor):
    """A tensor that a module keeps and does not train."""

    def __new__(cls, data: Tensor, persistent: bool = True) -> "Buffer":
        """Share the memory of `data`."""
        out = object.__new__(cls)
        out._data, out.dtype, out.persistent = data._data, data.dtype, persistent
        return out

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass


PUBLIC["Parameter"] = Parameter
