"""Operations that move elements and compute nothing: views, joins, repeats, conversions."""

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ._core import (
    PUBLIC,
    Tensor,
    axes_of,
    axis_of,
    both,
    changes_of,
    function,
    in_place,
    make,
    method,
    view_of,
    wide,
    wrap,
)
from ._dtypes import (
    FROM_NUMPY,
    OF_PYTHON,
    Size,
    bfloat16,
    bool_,
    check_device,
    complex64,
    complex128,
    dtype,
    fit,
    float32,
    float64,
    int64,
    result_type,
)
from ._engine import Mode, scattered


def sizes(args: tuple[Any, ...]) -> tuple[int, ...]:
    """Sizes given one by one or as a sequence."""
    if len(args) == 1 and isinstance(args[0], tuple | list):
        args = tuple(args[0])
    for size in args:
        if isinstance(size, float | str):
            raise TypeError(f"sizes must be integers, got {size!r}")
    return tuple(int(size) for size in args)


def filled(shape: tuple[int, ...], count: int, have: Sequence[int]) -> tuple[int, ...]:
    """A shape with its -1 worked out."""
    if shape.count(-1) > 1:
        raise RuntimeError("only one dimension can be inferred")
    if any(size < -1 for size in shape):
        raise RuntimeError(f"invalid shape dimension {min(shape)}")
    known = 1
    for size in shape:
        known *= 1 if size == -1 else size
    if -1 in shape and known == 0 and count == 0:
        raise RuntimeError(
            f"cannot reshape tensor of 0 elements into shape {list(shape)} because the unspecified dimension size -1 "
            "can be any value and is ambiguous"
        )
    if (known != count) if -1 not in shape else (known == 0 or count % known):
        raise RuntimeError(f"shape '{list(shape)}' is invalid for input of size {count}")
    return tuple(count // known if size == -1 else size for size in shape)


@method
def view(self: Tensor, *size: Any) -> Tensor:
    """The same memory in another shape, or read as another type of the same size."""
    if len(size) == 1 and isinstance(size[0], dtype):
        return _reinterpret(self, size[0])
    old = self._data.shape
    new = filled(sizes(size), self._data.size, old)
    try:
        data = np.reshape(self._data, new, copy=False)
    except ValueError:
        raise RuntimeError(
            "view size is not compatible with input tensor's size and stride (at least one dimension spans across two "
            "contiguous subspaces). Use .reshape(...) instead."
        ) from None
    return view_of(self, data, "View0", lambda g: g.reshape(old))


def _reinterpret(tensor: Tensor, kind: dtype) -> Tensor:
    """The bytes of a tensor read as another type; memory is shared where NumPy stores both as torch does."""
    if bfloat16 in (kind, tensor.dtype) and kind is not tensor.dtype:
        bits = (tensor._data.view(np.uint32) >> 16).astype(np.uint16) if tensor.dtype is bfloat16 else tensor._data
        if kind is bfloat16:
            return wrap((bits.view(np.uint16).astype(np.uint32) << 16).view(np.float32), kind)
        return wrap(bits.view(kind.np), kind)
    out = wrap(tensor._data.view(kind.np), kind)
    out._root = changes_of(tensor)
    return out


@method
def view_as(self: Tensor, other: Tensor) -> Tensor:
    """The same memory in the shape of another tensor."""
    return self.view(other._data.shape)


@both
def reshape(input: Tensor, *shape: Any) -> Tensor:
    """Another shape: a view where the memory allows it, else a copy."""
    old = input._data.shape
    new = filled(sizes(shape), input._data.size, old)
    data = np.reshape(input._data, new)
    if np.may_share_memory(data, input._data):
        return view_of(input, data, "View0", lambda g: g.reshape(old))
    return make(data, input.dtype, "UnsafeView0", (input,), lambda g: (g.reshape(old),))


@method
def reshape_as(self: Tensor, other: Tensor) -> Tensor:
    """`reshape` to the shape of another tensor."""
    return reshape(self, other._data.shape)


@both
def flatten(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """One dimension out of several."""
    shape = input._data.shape or (1,)
    start, end = axis_of(start_dim, len(shape)), axis_of(end_dim, len(shape))
    if start > end:
        raise RuntimeError("flatten() has invalid args: start_dim cannot come after end_dim")
    if start == end and input.ndim:
        return input
    return reshape(input, (*shape[:start], math.prod(shape[start : end + 1]), *shape[end + 1 :]))


@both
def unflatten(input: Tensor, dim: int, sizes: Sequence[int]) -> Tensor:
    """Several dimensions out of one."""
    axis = axis_of(dim, input.ndim)
    shape = input._data.shape
    return input.view(*shape[:axis], *filled(tuple(sizes), shape[axis], shape), *shape[axis + 1 :])


@both
def ravel(input: Tensor) -> Tensor:
    """One dimension."""
    return reshape(input, -1)


@both
def transpose(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """Two dimensions swapped: a view."""
    first, second = axis_of(dim0, input.ndim), axis_of(dim1, input.ndim)
    if not input.ndim:
        return view_of(input, input._data[...], "Transpose0", lambda g: g)
    return view_of(input, input._data.swapaxes(first, second), "Transpose0", lambda g: g.swapaxes(first, second))


@both
def permute(input: Tensor, *dims: Any) -> Tensor:
    """The dimensions in another order: a view."""
    given = tuple(dims[0]) if len(dims) == 1 and isinstance(dims[0], tuple | list) else dims
    if len(given) != input.ndim:
        raise RuntimeError(
            "permute(sparse_coo): number of dimensions in the tensor input does not match the length of the desired "
            f"ordering of dimensions i.e. input.dim() = {input.ndim} is not equal to len(dims) = {len(given)}"
        )
    order = axes_of(given, input.ndim)
    back = np.argsort(order)
    return view_of(input, input._data.transpose(order), "Permute0", lambda g: g.transpose(back))


@both
def movedim(input: Tensor, source: Any, destination: Any) -> Tensor:
    """Dimensions at other places: a view."""
    first = axes_of(source, input.ndim)
    places = dict(zip(axes_of(destination, input.ndim), first, strict=True))
    rest = iter(axis for axis in range(input.ndim) if axis not in first)
    return permute(input, [places[at] if at in places else next(rest) for at in range(input.ndim)])


@both
def swapaxes(input: Tensor, axis0: int, axis1: int) -> Tensor:
    """`transpose`."""
    return transpose(input, axis0, axis1)


PUBLIC["moveaxis"] = Tensor.moveaxis = movedim


@both
def t(input: Tensor) -> Tensor:
    """A matrix with rows and columns swapped: a view."""
    if input.ndim > 2:
        raise RuntimeError(f"t() expects a tensor with <= 2 dimensions, but self is {input.ndim}D")
    return view_of(input, input._data.T, "T0", lambda g: g.T)


@property
def _T(self: Tensor) -> Tensor:
    return view_of(self, self._data.T, "Permute0", lambda g: g.T)


@property
def _mT(self: Tensor) -> Tensor:
    return transpose(self, -2, -1)


@property
def _mH(self: Tensor) -> Tensor:
    return transpose(self, -2, -1).conj()


Tensor.T, Tensor.mT, Tensor.H, Tensor.mH = _T, _mT, _mH, _mH


@both
def adjoint(input: Tensor) -> Tensor:
    """Rows and columns swapped, conjugated."""
    return transpose(input, -2, -1).conj()


@both
def squeeze(input: Tensor, dim: Any = None) -> Tensor:
    """Without the dimensions of size 1: a view."""
    old = input._data.shape
    axes = axes_of(dim, input.ndim) if dim is not None or old else ()
    new = tuple(size for axis, size in enumerate(old) if size != 1 or axis not in axes)
    return view_of(input, input._data.reshape(new), "Squeeze0" if dim is None else "Squeeze1", lambda g: g.reshape(old))


@both
def unsqueeze(input: Tensor, dim: int) -> Tensor:
    """With one more dimension, of size 1: a view."""
    old = input._data.shape
    axis = axis_of(dim, input.ndim + 1)
    return view_of(input, np.expand_dims(input._data, axis), "Unsqueeze0", lambda g: g.reshape(old))


@method
def expand(self: Tensor, *size: Any) -> Tensor:
    """Dimensions of size 1 repeated, without copying: a view."""
    wanted, have = sizes(size), self._data.shape
    lead = len(wanted) - len(have)
    if lead < 0:
        raise RuntimeError(
            f"expand(torch.FloatTensor{{{list(have)}}}, size={list(wanted)}): the number of sizes provided "
            f"({len(wanted)}) must be greater or equal to the number of dimensions in the tensor ({len(have)})"
        )
    new = list(wanted)
    for axis, size in enumerate(wanted):
        known = have[axis - lead] if axis >= lead else None
        if size == -1 and known is not None:
            new[axis] = known
        elif size == -1:
            raise RuntimeError(
                f"The expanded size of the tensor (-1) isn't allowed in a leading, non-existing dimension {axis}"
            )
        elif known not in (None, 1, size):
            raise RuntimeError(
                f"The expanded size of the tensor ({size}) must match the existing size ({known}) at non-singleton "
                f"dimension {axis}.  Target sizes: {list(wanted)}.  Tensor sizes: {list(have)}"
            )
    return view_of(self, np.broadcast_to(self._data, new), "Expand0", lambda g: g)


@method
def expand_as(self: Tensor, other: Tensor) -> Tensor:
    """`expand` to the shape of another tensor."""
    return expand(self, other._data.shape)


@both
def broadcast_to(input: Tensor, size: Sequence[int]) -> Tensor:
    """`expand` as a function."""
    return expand(input, tuple(size))


@function
def broadcast_tensors(*tensors: Tensor) -> tuple[Tensor, ...]:
    """Tensors expanded to their common shape."""
    shape = broadcast_shapes(*(tensor._data.shape for tensor in tensors))
    return tuple(expand(tensor, shape) for tensor in tensors)


@function
def broadcast_shapes(*shapes: Sequence[int]) -> Size:
    """The common shape of a broadcast."""
    try:
        return Size(np.broadcast_shapes(*(tuple(shape) for shape in shapes)))
    except ValueError:
        raise RuntimeError("Shape mismatch: objects cannot be broadcast to a single shape") from None


@both
def narrow(input: Tensor, dim: int, start: int, length: int) -> Tensor:
    """A range of one dimension: a view."""
    axis = axis_of(dim, input.ndim)
    size = input._data.shape[axis]
    start = int(start) + (size if start < 0 else 0)
    if length < 0 or start + length > size:
        raise RuntimeError(f"start ({start}) + length ({length}) exceeds dimension size ({size}).")
    return part(input, (slice(None),) * axis + (slice(start, start + length),), "Slice0")


def part(tensor: Tensor, index: Any, label: str) -> Tensor:
    """The view that a basic index takes."""
    shape, data = tensor._data.shape, tensor._data[index]

    def backward(g: np.ndarray) -> np.ndarray:
        return scattered(shape, index, g, repeats=False)

    return view_of(tensor, data, label, backward)


@both
def select(input: Tensor, dim: int, index: int) -> Tensor:
    """One place of one dimension: a view."""
    axis = axis_of(dim, input.ndim)
    if not input.ndim:
        raise IndexError("select() cannot be applied to a 0-dim tensor.")
    size = input._data.shape[axis]
    if not -size <= index < size:
        raise IndexError(
            f"select(): index {index} out of range for tensor of size {list(input._data.shape)} at dimension {axis}"
        )
    return part(input, (slice(None),) * axis + (int(index), ...), "Select0")


@both
def unbind(input: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    """The places of one dimension, one by one."""
    axis = axis_of(dim, input.ndim)
    if not input.ndim:
        raise IndexError("Dimension specified as 0 but tensor has no dimensions")
    before = (slice(None),) * axis
    return tuple(part(input, (*before, index, ...), "Unbind0") for index in range(input._data.shape[axis]))


@both
def split(
    tensor: Tensor, split_size_or_sections: Any = None, dim: int = 0, *, split_size: Any = None
) -> tuple[Tensor, ...]:
    """Pieces of a given size, or of given sizes: views."""
    split_size_or_sections = split_size if split_size_or_sections is None else split_size_or_sections
    axis = axis_of(dim, tensor.ndim)
    size = tensor._data.shape[axis]
    pieces = split_size_or_sections
    label = "SplitWithSizes0"
    if isinstance(pieces, int):
        if pieces < 0 or (pieces == 0 and size):
            raise RuntimeError(f"split expects split_size be non-negative, but got split_size={pieces}")
        label = "Split0"
        pieces = [min(pieces, size - start) for start in range(0, size, pieces or 1)] or [0]
    if sum(pieces) != size:
        raise RuntimeError(
            f"split_with_sizes expects split_sizes to sum exactly to {size} (input tensor's size at dimension {axis}), "
            f"but got split_sizes={list(pieces)}"
        )
    out, start = [], 0
    for length in pieces:
        out.append(part(tensor, (slice(None),) * axis + (slice(start, start + length),), label))
        start += length
    return tuple(out)


@both
def chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """At most so many pieces of equal size, of nothing exactly so many: views."""
    if chunks < 1:
        raise RuntimeError(f"chunk expects `chunks` to be greater than 0, got: {chunks}")
    size = input._data.shape[axis_of(dim, input.ndim)]
    return split(input, -(-size // chunks) or [0] * chunks, dim)


@both
def tensor_split(input: Tensor, indices_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Exactly so many pieces, or cut at the given indices: views."""
    size = input._data.shape[axis_of(dim, input.ndim)]
    if isinstance(indices_or_sections, int):
        least, more = divmod(size, indices_or_sections)
        return split(input, [least + (n < more) for n in range(indices_or_sections)], dim)
    cuts = [0, *(min(cut, size) for cut in indices_or_sections), size]
    return split(input, [b - a for a, b in itertools.pairwise(cuts)], dim)


@both
def diagonal(input: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """The diagonal of two dimensions, as the last one: a view."""
    first, second = axis_of(dim1, input.ndim), axis_of(dim2, input.ndim)
    if first == second:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    shape = input._data.shape

    def backward(g: np.ndarray) -> np.ndarray:
        where = np.arange(math.prod(shape)).reshape(shape)
        return scattered((where.size,), np.diagonal(where, offset, first, second), g, repeats=False).reshape(shape)

    data = np.diagonal(input._data, offset, first, second)
    if input._data.flags.writeable:
        data.flags.writeable = True
    return view_of(input, data, "Diagonal0", backward)


@both
def diag(input: Tensor, diagonal: int = 0) -> Tensor:
    """The diagonal of a matrix (a copy), or a matrix with the given diagonal."""
    if input.ndim == 2:
        return Tensor.diagonal(input, diagonal).clone()
    if input.ndim != 1:
        raise RuntimeError(f"diag(): Supports 1D or 2D tensors. Got {input.ndim}D")
    return diag_embed(input, diagonal)


@both
def diag_embed(input: Tensor, offset: int = 0) -> Tensor:
    """Matrices whose diagonals are the last dimension."""
    n = input._data.shape[-1] + np.abs(offset)
    rows = np.arange(input._data.shape[-1]) + max(-offset, 0)
    cols = rows + offset
    out = np.zeros((*input._data.shape[:-1], n, n), input._data.dtype)
    out[..., rows, cols] = input._data
    return make(out, input.dtype, "DiagEmbed0", (input,), lambda g: (g[..., rows, cols],))


@method
def unfold(input: Tensor, dimension: int, size: int, step: int) -> Tensor:
    """Windows of one dimension, each as a last dimension: a view."""
    axis = axis_of(dimension, input.ndim)
    old = input._data.shape
    if size > old[axis]:
        raise RuntimeError(f"maximum size for tensor at dimension {axis} is {old[axis]} but size is {size}")
    count = (old[axis] - size) // step + 1
    at = np.arange(count)[:, None] * step + np.arange(size)
    windows = np.lib.stride_tricks.sliding_window_view(input._data, size, axis, writeable=input._data.flags.writeable)
    data = windows[(slice(None),) * axis + (slice(None, None, step),)]

    def backward(g: np.ndarray) -> np.ndarray:
        parts = np.moveaxis(np.moveaxis(g, axis, 0), -1, 1)
        moved = (old[axis], *old[:axis], *old[axis + 1 :])
        return np.moveaxis(scattered(moved, at, parts), 0, axis)

    return view_of(input, data, "Unfold0", backward)


@both
def cat(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Tensors joined along a dimension."""
    tensors = list(tensors)
    if not tensors:
        raise RuntimeError("torch.cat(): expected a non-empty list of Tensors")
    used = [tensor for tensor in tensors if tensor._data.shape != (0,)] or tensors[:1]
    for index, tensor in enumerate(tensors):
        if not tensor.ndim:
            raise RuntimeError(f"zero-dimensional tensor (at position {index}) cannot be concatenated")
    axis, first = axis_of(dim, used[0].ndim), used[0]._data.shape
    for index, tensor in enumerate(used):
        shape = tensor._data.shape
        if len(shape) != len(first):
            raise RuntimeError(f"Tensors must have same number of dimensions: got {len(first)} and {len(shape)}")
        for place, size in enumerate(shape):
            if place != axis and size != first[place]:
                raise RuntimeError(
                    f"Sizes of tensors must match except in dimension {axis}. Expected size {first[place]} but got "
                    f"size {size} for tensor number {index} in the list."
                )
    kind = first_type = tensors[0].dtype
    if any(tensor.dtype is not first_type for tensor in tensors):
        kind = result_type(*tensors)
    ends = np.cumsum([tensor._data.shape[axis] for tensor in used])[:-1]
    out = np.concatenate([fit(tensor._data, kind) for tensor in used], axis)
    return make(out, kind, "Cat0", used, lambda g: np.split(g, ends, axis))


del Tensor.cat
for _name in ("concat", "concatenate"):
    PUBLIC[_name] = cat


@function
def stack(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Tensors of one shape joined along a new dimension."""
    tensors = list(tensors)
    if not tensors:
        raise RuntimeError("stack expects a non-empty TensorList")
    first = tensors[0]._data.shape
    axis = axis_of(dim, len(first) + 1)
    for index, tensor in enumerate(tensors):
        if tensor._data.shape != first:
            raise RuntimeError(
                f"stack expects each tensor to be equal size, but got {list(first)} at entry 0 and "
                f"{list(tensor._data.shape)} at entry {index}"
            )
    kind = tensors[0].dtype
    if any(tensor.dtype is not kind for tensor in tensors):
        kind = result_type(*tensors)
    out = np.stack([fit(tensor._data, kind) for tensor in tensors], axis)
    return make(out, kind, "Stack0", tensors, lambda g: list(np.moveaxis(g, axis, 0)))


@function
def hstack(tensors: Sequence[Tensor]) -> Tensor:
    """Joined along the second dimension, vectors along the first."""
    tensors = [reshape(tensor, 1) if not tensor.ndim else tensor for tensor in tensors]
    return cat(tensors, 0 if tensors[0].ndim == 1 else 1)


@function
def vstack(tensors: Sequence[Tensor]) -> Tensor:
    """Joined along the first dimension, vectors as rows."""
    return cat([reshape(tensor, 1, -1) if tensor.ndim < 2 else tensor for tensor in tensors], 0)


def _in_place_view(name: str, change: Any) -> None:
    """The method that changes a tensor's shape itself."""

    def apply(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        if Mode.enabled and self.requires_grad:
            raise NotImplementedError(
                f"{name} of a tensor with a gradient is not in the browser's torch; use {name[:-1]}"
            )
        self._data = change(self, *args, **kwargs)._data
        return self

    apply.__name__, apply.__doc__ = name, f"`{name[:-1]}`, in place."
    method(apply)


for _name, _change in (
    ("squeeze_", squeeze), ("unsqueeze_", unsqueeze), ("transpose_", transpose), ("t_", t), ("swapaxes_", swapaxes),
):  # fmt: skip
    _in_place_view(_name, _change)


@method
def resize_(self: Tensor, *size: Any) -> Tensor:
    """Another shape, in place; more elements than there were are zeros."""
    shape = sizes(size)
    data = np.zeros(math.prod(shape), self._data.dtype)
    kept = self._data.reshape(-1)[: data.size]
    data[: kept.size] = kept
    self._data = data.reshape(shape)
    return self


@both
def flip(input: Tensor, *dims: Any) -> Tensor:
    """Dimensions the other way round: a copy."""
    axes = axes_of(sizes(dims), input.ndim)
    return make(np.flip(input._data, axes).copy(), input.dtype, "Flip0", (input,), lambda g: (np.flip(g, axes),))


@both
def roll(input: Tensor, shifts: Any, dims: Any = None) -> Tensor:
    """Elements moved along dimensions; what falls out comes in at the other end."""
    back = tuple(-shift for shift in shifts) if isinstance(shifts, tuple | list) else -shifts
    out = np.roll(input._data, shifts, dims)
    return make(out, input.dtype, "Roll0", (input,), lambda g: (np.roll(g, back, dims),))


@method
def repeat(self: Tensor, *repeats: Any) -> Tensor:
    """The tensor so many times along each dimension: a copy."""
    times = sizes(repeats)
    lead = len(times) - self.ndim
    if lead < 0:
        raise RuntimeError("Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor")
    old = self._data.shape
    split_shape = [value for pair in zip(times, (1,) * lead + old, strict=True) for value in pair]

    def backward(g: np.ndarray) -> tuple[np.ndarray]:
        return (g.reshape(split_shape).sum(axis=tuple(range(0, 2 * len(times), 2))).reshape(old),)

    return make(np.tile(self._data, times), self.dtype, "Repeat0", (self,), backward)


@both
def tile(input: Tensor, *dims: Any) -> Tensor:
    """`repeat`, with missing leading repeats taken as 1."""
    times = sizes(dims)
    return repeat(input, (1,) * (input.ndim - len(times)) + times)


@both
def repeat_interleave(input: Tensor, repeats: Any, dim: int | None = None) -> Tensor:
    """Each element so many times in a row."""
    if dim is None:
        input, dim = flatten(input), 0
    axis = axis_of(dim, input.ndim)
    size = input._data.shape[axis]
    times = repeats._data if isinstance(repeats, Tensor) else np.asarray(repeats)
    if times.ndim and times.size not in (1, size):
        raise RuntimeError("repeats must have the same size as input along dim")
    index = np.repeat(np.arange(size, dtype=np.int64), times.astype(np.intp))  # in a page of 32 bits
    return Tensor.index_select(input, axis, wrap(index, int64))


@function
def atleast_1d(*tensors: Any) -> Any:
    """At least one dimension."""
    given = tensors[0] if len(tensors) == 1 else tensors
    if isinstance(given, Tensor):
        return given if given.ndim else reshape(given, 1)
    return tuple(atleast_1d(one) for one in given)


@both
def tril(input: Tensor, diagonal: int = 0) -> Tensor:
    """The lower triangle; zeros above."""
    return _triangle(input, diagonal, np.tril, "Tril0")


@both
def triu(input: Tensor, diagonal: int = 0) -> Tensor:
    """The upper triangle; zeros below."""
    return _triangle(input, diagonal, np.triu, "Triu0")


def _triangle(input: Tensor, diagonal: int, cut: Any, label: str) -> Tensor:
    if input.ndim < 2:
        raise RuntimeError(f"{label[:-1].lower()}: input tensor must have at least 2 dimensions")
    return make(cut(input._data, diagonal), input.dtype, label, (input,), lambda g: (cut(g, diagonal),))


in_place("tril triu", globals())


@function
def tril_indices(row: int, col: int, offset: int = 0, *, dtype: Any = None, device: Any = None) -> Tensor:
    """Row and column numbers of the lower triangle."""
    return wrap(np.stack(np.tril_indices(row, offset, col)).astype(np.int64), int64).to(dtype or int64)


@function
def triu_indices(row: int, col: int, offset: int = 0, *, dtype: Any = None, device: Any = None) -> Tensor:
    """Row and column numbers of the upper triangle."""
    return wrap(np.stack(np.triu_indices(row, offset, col)).astype(np.int64), int64).to(dtype or int64)


# Sizes, memory, conversions.


@method
def size(self: Tensor, dim: int | None = None) -> Any:
    """The shape, or one size of it."""
    return self.shape if dim is None else self._data.shape[axis_of(dim, self.ndim)]


@method
def dim(self: Tensor) -> int:
    """How many dimensions it has."""
    return self._data.ndim


@both
def numel(input: Tensor) -> int:
    """How many elements it has."""
    return int(input._data.size)


Tensor.ndimension, Tensor.nelement = dim, numel
for _name in ("resolve_conj", "resolve_neg", "pin_memory", "share_memory_", "to_dense", "coalesce"):
    setattr(Tensor, _name, lambda self, *args: self)
Tensor.is_cpu = True
Tensor.is_shared = Tensor.is_pinned = Tensor.is_conj = Tensor.is_neg = Tensor.is_inference = lambda self: False


@method
def stride(self: Tensor, dim: int | None = None) -> Any:
    """Steps in memory, in elements."""
    steps = tuple(step // self._data.itemsize for step in self._data.strides)
    return steps if dim is None else steps[axis_of(dim, self.ndim)]


@method
def element_size(self: Tensor) -> int:
    """Bytes of one element in torch."""
    return self.dtype.itemsize


Tensor.itemsize = property(element_size)
Tensor.nbytes = property(lambda self: self._data.size * self.dtype.itemsize)


@method
def data_ptr(self: Tensor) -> int:
    """Address of the first element."""
    return self._data.__array_interface__["data"][0]


@method
def is_contiguous(self: Tensor, memory_format: Any = None) -> bool:
    """Whether the elements lie in order, without gaps."""
    return self._data.flags.c_contiguous


@method
def contiguous(self: Tensor, memory_format: Any = None) -> Tensor:
    """Itself where the elements lie in order, else a copy in which they do."""
    if self._data.flags.c_contiguous:
        return self
    return make(self._data.copy(order="C"), self.dtype, "Clone0", (self,), lambda g: (g,))


@both
def clone(input: Tensor, memory_format: Any = None) -> Tensor:
    """A copy that the gradient flows through."""
    order = "C" if 0 in input._data.strides else "K"
    return make(input._data.copy(order=order), input.dtype, "Clone0", (input,), lambda g: (g,))


@method
def to(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """Another type; itself where it has that type already."""
    kind = kwargs.pop("dtype", None)
    places = [kwargs.pop("device", None)]
    copy = kwargs.pop("copy", False)
    for name in ("non_blocking", "memory_format"):
        kwargs.pop(name, None)
    if kwargs:
        raise TypeError(f"to() got an unexpected keyword argument '{next(iter(kwargs))}'")
    for arg in args:
        if isinstance(arg, Tensor):
            kind = arg.dtype
        elif isinstance(arg, dtype):
            kind = arg
        elif callable(arg):
            kind = OF_PYTHON[arg]
        elif not isinstance(arg, bool):
            places.append(arg)
    for place in places:
        if place is not None:
            check_device(place)
    if kind is None or kind is self.dtype:
        return clone(self) if copy else self
    data = self._data
    if data.dtype.kind == "c" and not kind.is_complex:
        data = data.real
    if data.dtype.kind == "f" and kind.rank == 1 and kind is not int64:
        data = np.trunc(np.nan_to_num(data)).astype(np.int64)  # out of range: wraps around
    if kind is not bfloat16 and self.dtype is not bfloat16 and kind.np is self._data.dtype:
        data = data.copy()
    return make(data, kind, "ToCopy0", (self,), lambda g: (g,))


def _converter(name: str, kind: dtype) -> None:
    def convert(self: Tensor, memory_format: Any = None) -> Tensor:
        return to(self, kind)

    convert.__name__, convert.__doc__ = name, f"As {kind}."
    setattr(Tensor, name, convert)


for _name, _kind in (("float", float32), ("double", float64), ("long", int64), ("bool", bool_), ("bfloat16", bfloat16)):
    _converter(_name, _kind)
for _name, _stored in (
    ("half", "f2"), ("int", "i4"), ("short", "i2"), ("char", "i1"), ("byte", "u1"), ("cfloat", "c8"), ("cdouble",
    "c16"),
):  # fmt: skip
    _converter(_name, FROM_NUMPY[np.dtype(_stored)])


_TYPES = {
    "FloatTensor": float32, "DoubleTensor": float64, "LongTensor": int64, "BoolTensor": bool_,
    "BFloat16Tensor": bfloat16,
} | {
    f"{name}Tensor": FROM_NUMPY[np.dtype(stored)]
    for name, stored in (("Half", "f2"), ("Int", "i4"), ("Short", "i2"), ("Char", "i1"), ("Byte", "u1"))
}  # fmt: skip


@method
def type(self: Tensor, dtype: Any = None, non_blocking: bool = False) -> Any:
    """As another type; without one the name of its own, such as `torch.FloatTensor`."""
    if dtype is None:
        return next((f"torch.{name}" for name, kind in _TYPES.items() if kind is self.dtype), f"{self.dtype}")
    if isinstance(dtype, str):
        dtype = _TYPES[dtype.removeprefix("torch.")]
    return to(self, getattr(dtype, "kind", dtype))


@method
def type_as(self: Tensor, other: Tensor) -> Tensor:
    """In the type of another tensor."""
    return to(self, other.dtype)


@method
def cpu(self: Tensor) -> Tensor:
    """Itself: there is nothing but the CPU."""
    return self


@method
def cuda(self: Tensor, device: Any = None) -> Tensor:
    """There is no GPU."""
    raise AssertionError("Torch not compiled with CUDA enabled")


@method
def storage_offset(self: Tensor) -> int:
    """How many elements of the memory lie before the first."""
    base = self if self._base is None else self._base
    return (data_ptr(self) - data_ptr(base)) // self._data.itemsize


@method
def apply_(self: Tensor, callable: Any) -> Tensor:
    """A Python function of each element, in place."""
    self._data[...] = np.vectorize(callable, otypes=[self._data.dtype])(self._data)
    return self


@method
def get_device(self: Tensor) -> int:
    """-1: the CPU."""
    return -1


@method
def item(self: Tensor) -> Any:
    """The one element as a Python number."""
    if self._data.size != 1:
        raise RuntimeError(f"a Tensor with {self._data.size} elements cannot be converted to Scalar")
    return self._data.item()


@method
def tolist(self: Tensor) -> Any:
    """The elements as nested lists of Python numbers."""
    return self._data.tolist()


@method
def numpy(self: Tensor, *, force: bool = False) -> np.ndarray:
    """The memory as an array."""
    if self.requires_grad and not force:
        raise RuntimeError("Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.")
    if self.dtype is bfloat16:
        raise TypeError("Got unsupported ScalarType BFloat16")
    return self._data


@function
def view_as_complex(input: Tensor) -> Tensor:
    """Pairs `(..., 2)` of real and imaginary parts as complex numbers."""
    if input._data.shape[-1:] != (2,):
        raise RuntimeError("Tensor must have a last dimension of size 2")
    kind = input.dtype.to_complex()
    data = np.ascontiguousarray(input._data).view(kind.np)[..., 0]
    return make(data, kind, "ViewAsComplex0", (input,), lambda g: (np.stack([g.real, g.imag], -1),))


@function
def view_as_real(input: Tensor) -> Tensor:
    """Complex numbers as pairs `(..., 2)` of real and imaginary parts."""
    if not input.dtype.is_complex:
        raise RuntimeError("view_as_real is only supported for complex tensors")
    out = np.stack([input._data.real, input._data.imag], -1)
    return make(out, input.dtype.to_real(), "ViewAsReal0", (input,), lambda g: (g[..., 0] + 1j * g[..., 1],))


def _real_part(self: Tensor) -> Tensor:
    if not self.dtype.is_complex:
        return self
    return _part(self, self._data.real, "Real0", lambda g: (g + 0j,))


def _imaginary_part(self: Tensor) -> Tensor:
    if not self.dtype.is_complex:
        raise RuntimeError("imag is not implemented for tensors with non-complex dtypes.")
    return _part(self, self._data.imag, "Imag0", lambda g: (g * 1j,))


def _part(whole: Tensor, data: np.ndarray, label: str, backward: Any) -> Tensor:
    """A part of complex numbers, which has their memory: where it is changed, they are."""
    out = make(data, whole.dtype.to_real(), label, (whole,), backward)
    out._root = whole if whole._root is None else whole._root
    return out


Tensor.real, Tensor.imag = property(_real_part), property(_imaginary_part)
PUBLIC["real"], PUBLIC["imag"] = _real_part, _imaginary_part


@function
def complex(real: Tensor, imag: Tensor) -> Tensor:
    """Complex numbers of their parts."""
    kind = complex128 if real.dtype is float64 else complex64
    out = real._data + 1j * imag._data
    return make(out, kind, "Complex0", (real, imag), lambda g: (g.real, g.imag))


@function
def polar(abs: Tensor, angle: Tensor) -> Tensor:
    """Complex numbers of length and angle."""
    return complex(Tensor.mul(abs, Tensor.cos(angle)), Tensor.mul(abs, Tensor.sin(angle)))


@both
def angle(input: Tensor) -> Tensor:
    """The angle of complex numbers."""
    if not input.dtype.is_complex:
        return wrap(np.angle(wide(input)).astype(input._data.dtype), input.dtype)
    return Tensor.atan2(_imaginary_part(input), _real_part(input))
