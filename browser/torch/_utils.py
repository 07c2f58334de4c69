"""How pickled tensors are made again, under torch's names for it: files go from one torch to the other."""

from typing import Any

import numpy as np

from ._core import PUBLIC, Tensor, wrap
from ._dtypes import ALL, bfloat16, dtype, uint8


class Storage:
    """The memory of tensors; subclasses say the type of its elements."""

    dtype: dtype

    def __init__(self, memory: np.ndarray) -> None:
        self.memory = memory

    def nbytes(self) -> int:
        """How many bytes."""
        return len(self) * self.dtype.itemsize

    def size(self) -> int:
        """How many elements."""
        return len(self)

    def data_ptr(self) -> int:
        """Address of the first."""
        address: int = self.memory.__array_interface__["data"][0]
        return address

    def tolist(self) -> list[Any]:
        """The elements."""
        found: list[Any] = self.memory.tolist()
        return found

    def __len__(self) -> int:
        return self.memory.size

    def __sizeof__(self) -> int:
        return object.__sizeof__(self) + self.nbytes()

    def __getitem__(self, place: int) -> Any:
        return self.memory[place].item()

    def to_bytes(self) -> bytes:
        """As torch writes it: bfloat16 in two bytes."""
        if self.dtype is bfloat16:
            return (self.memory.view(np.uint32) >> 16).astype("<u2").tobytes()
        return self.memory.tobytes()

    @classmethod
    def of_bytes(cls, content: bytes) -> "Storage":
        """From what `to_bytes` gave."""
        if cls.dtype is bfloat16:
            return cls((np.frombuffer(content, "<u2").astype(np.uint32) << 16).view(np.float32))
        return cls(np.frombuffer(content, cls.dtype.np).copy())


STORAGES = {kind: type(f"{kind.title}Storage", (Storage,), {"dtype": kind, "__module__": __package__}) for kind in ALL}
globals().update({storage.__name__: storage for storage in STORAGES.values()})


class UntypedStorage(Storage):
    """Memory as bytes."""

    dtype = uint8


def _rebuild_tensor_v2(
    storage: Storage,
    storage_offset: int,
    size: Any,
    stride: Any,
    requires_grad: bool,
    backward_hooks: Any = None,
    metadata: Any = None,
) -> Tensor:
    width = storage.memory.itemsize
    part = storage.memory[storage_offset:]
    data = np.lib.stride_tricks.as_strided(part, tuple(size), [step * width for step in stride])
    out = wrap(data, storage.dtype)
    return out.requires_grad_() if requires_grad else out


def _rebuild_parameter(data: Tensor, requires_grad: bool, backward_hooks: Any = None) -> Tensor:
    return PUBLIC["Parameter"](data, requires_grad)
