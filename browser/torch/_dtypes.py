"""Types of elements: what they are called, how NumPy stores them, and which of two a result takes.

NumPy has no bfloat16: such a tensor is stored as float32 whose low 16 bits are zero, rounded after every operation
(to nearest, ties to even), which is what torch computes. float16 is stored as such and computed in float32.
"""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np


class dtype:
    """The type of a tensor's elements, such as `torch.float32`; there is one object of each."""

    __module__ = __package__

    def __init__(self, name: str, stored: Any, itemsize: int, rank: int) -> None:
        self.name = name
        self.np = np.dtype(stored)
        self.itemsize = itemsize
        self.rank = rank  # 0 bool, 1 integers, 2 floating point, 3 complex
        self.is_floating_point = rank == 2
        self.is_complex = rank == 3
        self.is_signed = name not in ("bool", "uint8")

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def __reduce__(self) -> str:
        return self.name  # pickled and copied by name: always the one object

    @property
    def title(self) -> str:
        """What torch's messages call it."""
        return TITLES.get(self.name, self.name)

    def to_complex(self) -> "dtype":
        """The complex type of the same precision."""
        return complex128 if self is float64 else complex64

    def to_real(self) -> "dtype":
        """The real type of the same precision."""
        return {complex64: float32, complex128: float64}.get(self, self)


class _Named:
    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def __reduce__(self) -> str:
        return self.name


class layout(_Named):
    """How elements lie in memory; there are names of the sparse ones, and no such tensors."""


class memory_format(_Named):
    """In which order dimensions lie in memory."""


LAYOUTS = {
    name: kind(name)
    for kind, names in {
        layout: "strided sparse_coo sparse_csr sparse_csc sparse_bsr sparse_bsc jagged _mkldnn",
        memory_format: "contiguous_format preserve_format channels_last channels_last_3d",
    }.items()
    for name in names.split()
}
bool_ = dtype("bool", np.bool_, 1, 0)
uint8 = dtype("uint8", np.uint8, 1, 1)
int8 = dtype("int8", np.int8, 1, 1)
int16 = short = dtype("int16", np.int16, 2, 1)
int32 = dtype("int32", np.int32, 4, 1)
int64 = long = dtype("int64", np.int64, 8, 1)
uint16 = dtype("uint16", np.uint16, 2, 1)
uint32 = dtype("uint32", np.uint32, 4, 1)
uint64 = dtype("uint64", np.uint64, 8, 1)
float16 = half = dtype("float16", np.float16, 2, 2)
bfloat16 = dtype("bfloat16", np.float32, 2, 2)
float32 = dtype("float32", np.float32, 4, 2)
float64 = double = dtype("float64", np.float64, 8, 2)
complex64 = cfloat = dtype("complex64", np.complex64, 8, 3)
complex128 = cdouble = dtype("complex128", np.complex128, 16, 3)

TITLES = {
    "bool": "Bool", "uint8": "Byte", "int8": "Char", "int16": "Short", "int32": "Int", "int64": "Long",
    "uint16": "UInt16", "uint32": "UInt32", "uint64": "UInt64", "float16": "Half", "bfloat16": "BFloat16",
    "float32": "Float", "float64": "Double", "complex64": "ComplexFloat", "complex128": "ComplexDouble",
}  # fmt: skip
ALL = (
    bool_,
    uint8,
    int8,
    int16,
    int32,
    int64,
    uint16,
    uint32,
    uint64,
    float16,
    bfloat16,
    float32,
    float64,
    complex64,
    complex128,
)
FROM_NUMPY = {kind.np: kind for kind in ALL if kind is not bfloat16}
SCALARS = (bool, int, float, complex)
OF_PYTHON = {bool: bool_, int: int64, float: float64, complex: complex128}  # `dtype=int`

_default = float32


def get_default_dtype() -> dtype:
    """The type of `torch.tensor(1.0)`."""
    return _default


def set_default_dtype(d: dtype) -> None:
    """Set the type that floating-point tensors get when none is asked for."""
    global _default
    if not d.is_floating_point:
        raise TypeError("only floating-point types are supported as the default type")
    _default = d


def of_scalar(value: Any) -> dtype:
    """The type a Python number has on its own."""
    if isinstance(value, bool):
        return bool_
    if isinstance(value, int):
        return int64
    return _default.to_complex() if isinstance(value, complex) else _default


def promote_types(type1: dtype, type2: dtype) -> dtype:
    """The smallest type that holds both, as torch sees it: any integer and float16 give float16."""
    if type1 is type2:
        return type1
    low, high = sorted((type1, type2), key=lambda kind: kind.rank)
    if low.rank == high.rank == 2:
        return float64 if float64 in (low, high) else float32  # also of float16 and bfloat16
    if high.rank == 3:
        return complex128 if low in (float64, complex128) or high is complex128 else complex64
    if low.rank != high.rank:
        return high
    return FROM_NUMPY[np.promote_types(low.np, high.np)]


def combined(stronger: dtype | None, weaker: dtype | None) -> dtype | None:
    """The result of a stronger class of operands (tensors) with a weaker one (0-d tensors, numbers)."""
    if stronger is None or weaker is None:
        return stronger or weaker
    if stronger.rank >= weaker.rank:
        return stronger
    if stronger.rank == 2:
        return stronger.to_complex()
    return promote_types(stronger, weaker)


def result_type(*operands: Any) -> dtype:
    """The type that an operation between tensors and numbers gives."""
    classes: list[dtype | None] = [None, None, None]  # tensors with dimensions, without, Python numbers
    for operand in operands:
        number = isinstance(operand, SCALARS)
        kind = of_scalar(operand) if number else operand.dtype
        place = 2 if number else (0 if operand.ndim else 1)
        known = classes[place]
        classes[place] = kind if known is None else promote_types(known, kind)
    return combined(combined(classes[0], classes[1]), classes[2])


def can_cast(from_: dtype, to: dtype) -> bool:
    """Whether an in-place operation may store a result of the first type in a tensor of the second."""
    return from_.rank <= to.rank and not (from_.is_signed and from_.rank == 1 and to is bool_)


def round_bfloat16(values: np.ndarray) -> np.ndarray:
    """Round float32 to the nearest bfloat16, ties to even; the result is float32 again."""
    bits = np.asarray(values, np.float32).view(np.uint32)
    rounded = (bits + (((bits >> 16) & 1) + 0x7FFF)) & 0xFFFF0000  # the carry may run into the exponent: that is right
    return np.where(np.isnan(values), np.float32(np.nan), rounded.astype(np.uint32).view(np.float32))


def fit(data: Any, kind: dtype) -> np.ndarray:
    """What was computed, as an array that stores the given type."""
    if data.__class__ is not np.ndarray:
        data = np.asarray(data)
    if kind is bfloat16:
        return round_bfloat16(data)
    return data if data.dtype is kind.np else data.astype(kind.np)


class Size(tuple):
    """The shape of a tensor."""

    __module__ = __package__

    def __repr__(self) -> str:
        return f"torch.Size([{', '.join(map(str, self))}])"

    def numel(self) -> int:
        """How many elements a tensor of this shape has."""
        return math.prod(self)

    def __getitem__(self, index: Any) -> Any:
        found = tuple.__getitem__(self, index)
        return Size(found) if isinstance(index, slice) else found

    def __add__(self, other: Iterable[int]) -> "Size":
        return Size((*self, *other))

    def __radd__(self, other: Iterable[int]) -> "Size":
        return Size((*other, *self))


class device:
    """Where a tensor lies: here always the CPU."""

    __module__ = __package__

    def __init__(self, type: Any, index: int | None = None) -> None:
        name = type.type if isinstance(type, device) else str(type)
        self.type, _, number = name.partition(":")
        self.index = int(number) if number else index
        if self.type not in ("cpu", "cuda", "mps", "meta"):
            raise RuntimeError(f"Expected one of cpu, cuda, mps, meta device type at start of device string: {name}")

    def __repr__(self) -> str:
        return f"device(type='{self.type}'" + ("" if self.index is None else f", index={self.index}") + ")"

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, device) and (self.type, self.index) == (other.type, other.index)

    def __hash__(self) -> int:
        return hash((self.type, self.index))

    def __enter__(self) -> "device":
        chosen_device(self)
        _places.append(self)
        return self

    def __exit__(self, *error: object) -> None:
        _places.pop()


CPU, META = device("cpu"), device("meta")
_places = [CPU]  # the last one is where new tensors go


def chosen_device(place: Any) -> device:
    """Where a new tensor goes: the CPU, or `meta`, where there are shapes and no values.

    Raises:
        AssertionError: For a GPU, as torch without CUDA does.
        NotImplementedError: For what else a browser does not have.
    """
    kind = _places[-1] if place is None else place if isinstance(place, device) else device(place)
    if kind.type == "cuda":
        raise AssertionError("Torch not compiled with CUDA enabled")
    if kind.type not in ("cpu", "meta"):
        raise NotImplementedError(f"device {kind} is not in the browser's torch: there is cpu")
    return kind


def check_device(place: Any) -> None:
    """Accept the CPU alone, for tensors that have values."""
    if chosen_device(place).type == "meta":
        raise NotImplementedError("moving values to the device meta is not in the browser's torch; create them there")


class Shadow(np.ndarray):
    """The memory of a tensor on `meta`: a shape, and one zero that all places share."""

    def __array_ufunc__(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError("tensors on meta can only be counted in the browser's torch: they have no values")

    __array_function__ = __array_ufunc__

    def copy(self, order: str = "C") -> "Shadow":
        """Itself: nothing can change it."""
        return self


def shadow(shape: tuple[int, ...], kind: dtype) -> Shadow:
    """Memory for a tensor on `meta`."""
    return np.broadcast_to(np.zeros((), kind.np), shape).view(Shadow)


class finfo:
    """Limits of a floating-point type."""

    def __init__(self, kind: dtype | None = None) -> None:
        kind = kind or _default
        if kind.rank < 2:
            raise TypeError(f"torch.finfo() requires a floating point input type. Use torch.iinfo to handle '{kind}'")
        self.dtype = kind.to_real().name
        if kind is bfloat16:
            self.bits, self.eps, self.tiny = 16, 2.0**-7, 2.0**-126
            self.max = (2 - 2.0**-7) * 2.0**127
            self.smallest_normal, self.resolution = self.tiny, 0.01
        else:
            info = np.finfo(kind.np)
            self.bits, self.eps, self.max = int(info.bits), float(info.eps), float(info.max)
            self.tiny = self.smallest_normal = float(info.tiny)
            self.resolution = float(info.resolution)
        self.min = -self.max

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={getattr(self, name):g}" for name in ("resolution", "min", "max", "eps"))
        return f"finfo({values}, smallest_normal={self.tiny:g}, tiny={self.tiny:g}, dtype={self.dtype})"


class iinfo:
    """Limits of an integer type."""

    def __init__(self, kind: dtype) -> None:
        if kind.rank != 1:
            raise TypeError(f"torch.iinfo() requires an integer input type. Use torch.finfo to handle '{kind}'")
        info = np.iinfo(kind.np)
        self.bits, self.min, self.max, self.dtype = int(info.bits), int(info.min), int(info.max), kind.name

    def __repr__(self) -> str:
        return f"iinfo(min={self.min}, max={self.max}, dtype={self.dtype})"
