"""Tensors out of nothing, and out of Python and NumPy values."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ._core import PUBLIC, Tensor, function, method, of_array, wrap
from ._dtypes import (
    FROM_NUMPY,
    bfloat16,
    chosen_device,
    dtype,
    fit,
    float16,
    get_default_dtype,
    int64,
    of_scalar,
    shadow,
)
from ._pointwise import fit_scalar
from ._shape import _TYPES as TYPES
from ._shape import sizes

DTYPES = dtype


def finished(data: np.ndarray, kind: dtype, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A new leaf."""
    place = chosen_device(device)
    out = wrap(shadow(data.shape, kind) if place.type == "meta" else data, kind)
    if requires_grad and kind.rank < 2:
        raise RuntimeError("Only Tensors of floating point and complex dtype can require gradients")
    return out.requires_grad_() if requires_grad else out


@function
def tensor(
    data: Any, *, dtype: dtype | None = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False
) -> Tensor:
    """A tensor with a copy of the given values."""
    if isinstance(data, Tensor):
        out = data.detach().clone().to(dtype or data.dtype)
        return finished(out._data, out.dtype, device, requires_grad)
    if isinstance(data, np.ndarray | np.generic):
        copied = of_array(np.array(data))
        kind = dtype or copied.dtype
        return finished(fit(copied._data, kind), kind, device, requires_grad)
    shape = _shape_of(data)
    kind = dtype or _type_of(data)
    plain = _plain(data)
    if kind.rank == 1:
        array = np.array(plain)
        array = array.astype(kind.np) if array.size else np.zeros(shape, kind.np)
    else:
        array = fit(np.array(plain, np.float32 if kind in (float16, bfloat16) else kind.np), kind)
    return finished(array.reshape(shape), kind, device, requires_grad)


def _shape_of(data: Any) -> tuple[int, ...]:
    """The shape of nested sequences.

    Raises:
        ValueError: If they are ragged.
    """
    if isinstance(data, Tensor | np.ndarray):
        return tuple(data.shape)
    if not isinstance(data, Sequence) or isinstance(data, str):
        if not isinstance(data, (bool, int, float, complex, np.generic)):
            if isinstance(data, str):
                raise TypeError("new(): invalid data type 'str'")
            raise RuntimeError(f"Could not infer dtype of {type(data).__name__}")
        return ()
    inner = [_shape_of(one) for one in data]
    for place, shape in enumerate(inner):
        if shape != inner[0]:
            want, have = (inner[0] or (0,))[0], (shape or (0,))[0]
            if shape and inner[0]:
                raise ValueError(f"expected sequence of length {want} at dim 1 (got {have})")
            raise (
                TypeError(f"not a sequence at position {place}")
                if inner[0]
                else ValueError("only one element tensors can be converted to Python scalars")
            )
    return (len(data), *(inner[0] if inner else ()))


def _type_of(data: Any) -> dtype:
    """The type that torch gives nested sequences."""
    if isinstance(data, Tensor):
        return data.dtype
    if isinstance(data, np.ndarray | np.generic):
        return FROM_NUMPY[np.asarray(data).dtype]
    if not isinstance(data, Sequence):
        return of_scalar(data)
    kinds = {_type_of(one) for one in data}
    best = None
    for kind in kinds:
        best = kind if best is None else PUBLIC["promote_types"](best, kind)
    return best or get_default_dtype()


def _plain(data: Any) -> Any:
    """Nested sequences without tensors."""
    if isinstance(data, Tensor):
        return data.tolist()
    return [_plain(one) for one in data] if isinstance(data, Sequence) else data


@function
def as_tensor(data: Any, dtype: dtype | None = None, device: Any = None) -> Tensor:
    """The same tensor, the same memory of an array, or a copy of other values."""
    if isinstance(data, Tensor):
        return data.to(dtype or data.dtype)
    if isinstance(data, np.ndarray):
        return from_numpy(data).to(dtype or FROM_NUMPY[data.dtype])
    return tensor(data, dtype=dtype, device=device)


PUBLIC["asarray"] = as_tensor


@function
def from_numpy(ndarray: np.ndarray) -> Tensor:
    """A tensor that shares an array's memory."""
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {type(ndarray).__name__})")
    return of_array(ndarray)


@function
def frombuffer(buffer: Any, *, dtype: dtype, count: int = -1, offset: int = 0, requires_grad: bool = False) -> Tensor:
    """A tensor that shares the memory of bytes."""
    if dtype.name == "bfloat16":
        raise NotImplementedError("frombuffer of bfloat16 is not in the browser's torch: it is stored as float32")
    return finished(np.frombuffer(buffer, dtype.np, count, offset), dtype, requires_grad=requires_grad)


def _construct(*args: Any, dtype: DTYPES | None = None, **kwargs: Any) -> Tensor:
    """`torch.Tensor(...)`: sizes of an uninitialised tensor, or values."""
    kind = dtype or get_default_dtype()
    if len(args) == 1 and isinstance(args[0], Tensor):
        return args[0].detach().to(kind)
    if args and not isinstance(args[0], int) and not isinstance(args[0], PUBLIC["Size"]):
        return tensor(args[0], dtype=kind)
    return empty(*(args or (0,)), dtype=kind)


PUBLIC["_construct"] = _construct


class _Typed(type):
    """The type of `torch.FloatTensor` and its like: calling them makes a tensor, and tensors of that type are
    theirs."""

    kind: DTYPES

    def __call__(cls, *args: Any, **kwargs: Any) -> Tensor:
        return _construct(*args, dtype=cls.kind)

    def __instancecheck__(cls, value: Any) -> bool:
        return isinstance(value, Tensor) and value.dtype is cls.kind


for _name, _kind in TYPES.items():
    PUBLIC[_name] = _Typed(_name, (), {"kind": _kind, "__module__": __package__})


@method
def new(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """A tensor of this type, by sizes or values."""
    return _construct(*args, dtype=self.dtype)


def _constant(name: str, value: Any) -> Any:
    def apply(
        *size: Any, dtype: DTYPES | None = None, device: Any = None, requires_grad: bool = False, **kwargs: Any
    ) -> Tensor:
        if "size" in kwargs:
            size = (kwargs.pop("size"),)
        extra = set(kwargs) - {"generator", "layout", "pin_memory", "memory_format"}
        if extra:
            raise TypeError(f"{name}() got an unexpected keyword argument '{min(extra)}'")
        kind, shape = dtype or get_default_dtype(), sizes(size)
        _check_sizes(shape)
        meta = chosen_device(device).type == "meta"
        data = shadow(shape, kind) if meta else np.full(shape, value, kind.np)
        return finished(data, kind, device, requires_grad)

    apply.__name__ = name
    apply.__doc__ = f"A tensor of {value}s." if name != "empty" else "A tensor whose values do not matter: zeros."
    return function(apply)


def _check_sizes(shape: tuple[int, ...]) -> None:
    for size in shape:
        if size < 0:
            raise RuntimeError(f"Trying to create tensor with negative dimension {size}: {list(shape)}")


zeros, ones, empty = _constant("zeros", 0), _constant("ones", 1), _constant("empty", 0)


@function
def full(
    size: Any,
    fill_value: Any,
    *,
    dtype: dtype | None = None,
    device: Any = None,
    requires_grad: bool = False,
    layout: Any = None,
    pin_memory: bool = False,
) -> Tensor:
    """A tensor of one value."""
    if isinstance(fill_value, Tensor):
        dtype, fill_value = dtype or fill_value.dtype, fill_value.item()
    kind, shape = dtype or of_scalar(fill_value), sizes((size,))
    _check_sizes(shape)
    array = np.broadcast_to(fit_scalar(fill_value, kind), shape).copy()
    return finished(array, kind, device, requires_grad)


def _like(name: str, value: Any) -> Any:
    def apply(
        input: Tensor,
        *,
        dtype: dtype | None = None,
        device: Any = None,
        requires_grad: bool = False,
        memory_format: Any = None,
        layout: Any = None,
    ) -> Tensor:
        kind = dtype or input.dtype
        order = "C" if 0 in input._data.strides else "K"
        return finished(np.full_like(input._data, value, kind.np, order=order), kind, device, requires_grad)

    apply.__name__ = name
    apply.__doc__ = f"{name.split('_')[0].capitalize()} in the shape and type of a tensor."
    return function(apply)


zeros_like, ones_like, empty_like = _like("zeros_like", 0), _like("ones_like", 1), _like("empty_like", 0)


@function
def full_like(
    input: Tensor,
    fill_value: Any,
    *,
    dtype: dtype | None = None,
    device: Any = None,
    requires_grad: bool = False,
    memory_format: Any = None,
    layout: Any = None,
) -> Tensor:
    """One value in the shape and type of a tensor."""
    return full(input._data.shape, fill_value, dtype=dtype or input.dtype, device=device, requires_grad=requires_grad)


def _new(name: str) -> None:
    create = PUBLIC[name]

    def apply(self: Tensor, *size: Any, dtype: dtype | None = None, **kwargs: Any) -> Tensor:
        return create(*size, dtype=dtype or self.dtype, **kwargs)

    apply.__name__ = f"new_{name}"
    apply.__doc__ = f"`torch.{name}` in the type of this tensor."
    method(apply)


for _name in ("zeros", "ones", "empty", "full"):
    _new(_name)


@method
def new_tensor(
    self: Tensor, data: Any, *, dtype: dtype | None = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """`torch.tensor` in the type of this tensor."""
    return tensor(data, dtype=dtype or self.dtype, device=device, requires_grad=requires_grad)


@function
def arange(
    *limits: Any,
    start: Any = None,
    end: Any = None,
    step: Any = None,
    dtype: dtype | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Numbers from `start` up to `end`, which is left out."""
    given = [one.item() if isinstance(one, Tensor) else one for one in limits]
    if len(given) == 1:
        given = [0 if start is None else start, *given] if end is None else [*given, end]
    elif not given:
        given = [0 if start is None else start, end]
    first, last = given[:2]
    step = given[2] if len(given) > 2 else (1 if step is None else step)
    if step == 0:
        raise RuntimeError("step must be nonzero")
    if (last - first) / step < 0:
        raise RuntimeError("upper bound and lower bound inconsistent with step sign")
    kind = dtype or (int64 if all(isinstance(one, int) for one in (first, last, step)) else get_default_dtype())
    count = math.ceil((last - first) / step)
    values = first + np.arange(count) * step
    return finished(fit(values, kind), kind, device, requires_grad)


@function
def linspace(
    start: Any, end: Any, steps: int, *, dtype: dtype | None = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """`steps` numbers at equal distances, both ends included; from the middle on counted from the end."""
    if steps < 0:
        raise RuntimeError("number of steps must be non-negative")
    kind = dtype or get_default_dtype()
    exact = np.float64 if kind.np == np.float64 or kind.rank == 1 else np.float32
    first, last = exact(float(start)), exact(float(end))
    step = (last - first) / exact(max(steps - 1, 1))
    index = np.arange(steps, dtype=exact)
    low, high = np.float64(first) + np.float64(step) * index, np.float64(last) - np.float64(step) * (steps - 1 - index)
    values = np.where(index < steps // 2, low, high).astype(exact)  # a multiply-add, rounded once
    values = np.full(steps, first) if steps == 1 else values
    return finished(fit(np.trunc(values) if kind.rank == 1 else values, kind), kind, device, requires_grad)


@function
def logspace(
    start: Any, end: Any, steps: int, base: float = 10.0, *, dtype: dtype | None = None, device: Any = None
) -> Tensor:
    """Powers of `base` at equal distances of the exponent."""
    kind = dtype or get_default_dtype()
    values = np.power(base, np.linspace(float(start), float(end), steps))
    return finished(fit(values, kind), kind, device)


@function
def eye(
    n: int, m: int | None = None, *, dtype: dtype | None = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """The identity matrix."""
    kind = dtype or get_default_dtype()
    return finished(np.eye(n, m, dtype=kind.np), kind, device, requires_grad)


@function
def meshgrid(*tensors: Any, indexing: str = "ij") -> tuple[Tensor, ...]:
    """Coordinates of a grid."""
    given = tensors[0] if len(tensors) == 1 and isinstance(tensors[0], list | tuple) else tensors
    if any(one.dtype is not given[0].dtype for one in given):
        raise RuntimeError("meshgrid expects all tensors to have the same dtype")
    order = [1, 0, *range(2, len(given))] if indexing == "xy" and len(given) > 1 else list(range(len(given)))
    shape = [given[place].numel() for place in order]
    sides = [[-1 if order[axis] == place else 1 for axis in range(len(given))] for place in range(len(given))]
    return tuple(one.view(side).expand(shape) for one, side in zip(given, sides, strict=True))


@function
def cartesian_prod(*tensors: Tensor) -> Tensor:
    """Every combination of the elements of vectors, one row each."""
    if len(tensors) == 1:
        return tensors[0]
    return PUBLIC["stack"]([grid.reshape(-1) for grid in meshgrid(*tensors)], dim=-1)


@function
def combinations(input: Tensor, r: int = 2) -> Tensor:
    """Every choice of `r` elements of a vector."""
    import itertools

    index = list(itertools.combinations(range(len(input)), r))
    return input[tensor(index, dtype=int64).reshape(-1, r)]


@function
def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """A 1 at the place of each class, zeros elsewhere."""
    if tensor.dtype is not int64:
        raise RuntimeError("one_hot is only applicable to index tensor of type LongTensor.")
    index = tensor._data
    if index.size and index.min() < 0:
        raise RuntimeError("Class values must be non-negative.")
    count = int(index.max()) + 1 if num_classes == -1 else num_classes
    if index.size and index.max() >= count:
        raise RuntimeError("Class values must be smaller than num_classes.")
    return wrap((index[..., None] == np.arange(count)).astype(np.int64), int64)


del PUBLIC["one_hot"]
