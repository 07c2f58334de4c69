"""Indexing: brackets, gather and scatter, and what finds positions."""

from typing import Any

import numpy as np

from ._core import Tensor, axis_of, both, function, in_place, make, method, scalar, store, wrap
from ._create import tensor
from ._dtypes import SCALARS, bool_, int64, uint8
from ._engine import cleared, scattered
from ._pointwise import broadcast_error, copy_, fit_scalar
from ._shape import part


def split_index(tensor: Tensor, index: Any) -> tuple[tuple[Any, ...], tuple[Any, ...] | None]:
    """An index in two steps: numbers, slices, None first (a view), then arrays at the dimensions left.

    NumPy takes numbers beside arrays for arrays; torch, and so this, selects by them first.

    Returns:
        The basic index, and the arrays with `slice(None)` between them, or None where there are none.
    """
    parts = list(index) if isinstance(index, tuple) else [index]
    arrays: list[Any] = [_array(one) for one in parts]
    used = sum(
        array.ndim if array is not None and array.dtype == bool else 1
        for one, array in zip(parts, arrays, strict=True)
        if one is not None and one is not Ellipsis and not isinstance(one, bool)
    )
    if used > tensor.ndim:
        raise IndexError(f"too many indices for tensor of dimension {tensor.ndim}")
    ellipses = [place for place, one in enumerate(parts) if one is Ellipsis]
    if len(ellipses) > 1:
        raise IndexError("an index can only have a single ellipsis ('...')")
    place = ellipses[0] if ellipses else len(parts)
    whole = [slice(None)] * (tensor.ndim - used)
    parts[place : place + len(ellipses)] = whole
    arrays[place : place + len(ellipses)] = [None] * len(whole)

    basic: list[Any] = []
    advanced: list[Any] = []
    axis = 0
    for one, array in zip(parts, arrays, strict=True):
        if array is not None:
            width = array.ndim if array.dtype == bool else 1
            _check(array, tensor._data.shape, axis)
            basic.extend([slice(None)] * width)
            advanced.append(array)
            axis += width
        elif one is None or isinstance(one, bool):
            basic.append(None)
            advanced.append(np.asarray([one]) if isinstance(one, bool) else slice(None))
        elif isinstance(one, slice):
            basic.append(_slice(one))
            advanced.append(slice(None))
            axis += 1
        else:
            basic.append(_number(one, tensor._data.shape, axis))
            axis += 1
    has_arrays = any(isinstance(one, np.ndarray) for one in advanced)
    return tuple(basic), tuple(advanced) if has_arrays else None


def _array(one: Any) -> np.ndarray | None:
    """An index that is an array, as one; None for the others."""
    if isinstance(one, Tensor):
        if one.dtype.rank > 1:
            raise IndexError("tensors used as indices must be long, int, byte or bool tensors")
        data = one._data.astype(bool) if one.dtype is uint8 else one._data
        return data if data.ndim or data.dtype == bool else None
    if isinstance(one, list | range | np.ndarray):
        if isinstance(one, list) and one and any(isinstance(x, Tensor) for x in one):
            one = [int(x) for x in one]
        array = np.asarray(one)
        return array.astype(np.int64) if array.size == 0 and array.dtype != bool else array
    return None


def _check(array: np.ndarray, shape: tuple[int, ...], axis: int) -> None:
    """Raise where an array does not fit the dimension it indexes."""
    if array.dtype == bool:
        if array.shape != shape[axis : axis + array.ndim]:
            raise IndexError(
                f"The shape of the mask {list(array.shape)} at index 0 does not match the shape of the indexed tensor "
                f"{list(shape)} at index 0"
            )
        return
    size = shape[axis]
    outside = array[(array < -size) | (array >= size)]
    if outside.size:
        raise IndexError(f"index {outside[0]} is out of bounds for dimension {axis} with size {size}")


def _slice(one: slice) -> slice:
    start, stop, step = (None if x is None else int(x) for x in (one.start, one.stop, one.step))
    if step is not None and step <= 0:
        raise ValueError("step must be greater than zero")
    return slice(start, stop, step)


def _number(one: Any, shape: tuple[int, ...], axis: int) -> int:
    try:
        number = one.__index__()
    except (AttributeError, TypeError):
        raise IndexError(
            "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid indices (got "
            f"{type(one).__name__})"
        ) from None
    size = shape[axis]
    if not -size <= number < size:
        raise IndexError(f"index {number} is out of bounds for dimension {axis} with size {size}")
    return number


@method
def __getitem__(self: Tensor, index: Any) -> Tensor:
    if type(index) is int and self._data.ndim:  # what loops ask
        return part(self, (_number(index, self._data.shape, 0), ...), "Select0")
    basic, advanced = split_index(self, index)
    plain = all(isinstance(one, slice) and one == slice(None) for one in basic)
    if advanced is None:
        label = "Alias0" if plain else ("Select0" if any(isinstance(one, int) for one in basic) else "Slice0")
        if all(one is None or one == slice(None) for one in basic) and None in basic:
            label = "Unsqueeze0"
        return part(self, (*basic, ...), label)
    return taken(self if plain else part(self, (*basic, ...), "Slice0"), advanced)


def taken(tensor: Tensor, index: tuple[Any, ...], label: str = "Index0") -> Tensor:
    """A copy of the elements that arrays point at."""
    shape, data = tensor._data.shape, tensor._data
    try:
        out = data[index]
    except IndexError as error:
        raise IndexError(f"shape mismatch: indexing tensors could not be broadcast together: {error}") from None

    def backward(g: np.ndarray) -> tuple[np.ndarray]:
        return (scattered(shape, index, g),)

    return make(out, tensor.dtype, label, (tensor,), backward)


@method
def __setitem__(self: Tensor, index: Any, value: Any) -> None:
    basic, advanced = split_index(self, index)
    target = part(self, (*basic, ...), "Slice0")
    if not isinstance(value, Tensor):
        value = wrap(fit_scalar(value, self.dtype), self.dtype) if isinstance(scalar(value), SCALARS) else tensor(value)
    if advanced is None:
        while value.ndim > target.ndim and value._data.shape[0] == 1:
            value = value[0]
        copy_(target, value)
    else:
        index_put_(target, advanced, value)


@method
def index_put_(self: Tensor, indices: Any, values: Tensor, accumulate: bool = False) -> Tensor:
    """Store (or add) values where arrays point at."""
    index = tuple(one._data if isinstance(one, Tensor) else one for one in indices)
    given = values if values.dtype is self.dtype else values.to(self.dtype)
    out = self._data.copy()
    wanted = out[index].shape
    if given._data.shape != wanted:
        extra = given.ndim - len(wanted)
        if extra > 0 and set(given._data.shape[:extra]) == {1}:
            given = given.reshape(given._data.shape[extra:])
        try:
            given = given.expand(wanted)
        except RuntimeError:
            raise (
                RuntimeError(
                    f"shape mismatch: value tensor of shape {list(values._data.shape)} cannot be broadcast to indexing "
                    f"result of shape {list(wanted)}"
                )
            ) from None
    if accumulate:
        np.add.at(out, index, given._data)
    else:
        out[index] = given._data

    def backward(g: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return g if accumulate else cleared(g, index), g[index]

    source = self.detach() if not self.requires_grad else self
    return store(self, make(out, self.dtype, "IndexPut0", (source, given), backward))


@method
def index_put(self: Tensor, indices: Any, values: Tensor, accumulate: bool = False) -> Tensor:
    """A copy with values stored where arrays point at."""
    return index_put_(self.clone(), indices, values, accumulate)


@both
def index_select(input: Tensor, dim: int, index: Tensor) -> Tensor:
    """Places of one dimension, in the order of `index`."""
    axis = axis_of(dim, input.ndim)
    _check_range(index._data, input._data.shape[axis] if input.ndim else 1, "index out of range in self")
    if not input.ndim:
        return taken(input.reshape(1), (index._data.reshape(()),), "IndexSelect0")
    return taken(input, (slice(None),) * axis + (np.atleast_1d(index._data),), "IndexSelect0")


def _check_range(index: np.ndarray, size: int, message: str) -> None:
    if index.size and (index.min() < 0 or index.max() >= size):
        raise IndexError(message)


@both
def masked_select(input: Tensor, mask: Tensor) -> Tensor:
    """The elements where the mask holds, in one row."""
    shape = np.broadcast_shapes(input._data.shape, mask._data.shape)
    return taken(input.expand(shape), (np.broadcast_to(mask._data, shape),))


@both
def masked_fill(input: Tensor, mask: Tensor, value: Any) -> Tensor:
    """One value where the mask holds."""
    if mask.dtype is not bool_:
        raise RuntimeError(
            f"masked_fill only supports boolean masks, but got mask with dtype {mask.dtype.title.lower()}"
        )
    chosen = mask._data
    filling = value._data if isinstance(value, Tensor) else fit_scalar(value, input.dtype)
    if isinstance(value, Tensor) and value.ndim:
        raise RuntimeError(
            f"masked_fill_ only supports a 0-dimensional value tensor, but got tensor with {value.ndim} dimension(s)."
        )
    try:
        out = np.where(chosen, filling, input._data)
    except ValueError:
        raise broadcast_error(input._data.shape, chosen.shape) from None
    inputs = (input, value) if isinstance(value, Tensor) else (input,)

    def backward(g: np.ndarray) -> tuple[np.ndarray, ...]:
        zero = g.dtype.type(0)
        return (np.where(chosen, zero, g), np.where(chosen, g, zero))[: len(inputs)]

    return make(out, input.dtype, "MaskedFill0", inputs, backward)


@both
def masked_scatter(input: Tensor, mask: Tensor, source: Tensor) -> Tensor:
    """The elements of `source`, in order, where the mask holds."""
    chosen = np.broadcast_to(mask._data, input._data.shape)
    count = int(chosen.sum())
    return index_put(input, (chosen,), source.reshape(-1)[:count])


def _along(input: Tensor, axis: int, index: np.ndarray) -> tuple[Any, ...]:
    """The index arrays of gather and scatter: `index` in one dimension, its own position in the others."""
    grid = list(np.ogrid[tuple(slice(size) for size in index.shape)])
    grid[axis] = index
    return tuple(grid)


def _check_gather(name: str, input: Tensor, axis: int, index: Tensor, source: Tensor | None = None) -> None:
    if index.dtype is not int64:
        raise RuntimeError(f"{name}(): Expected dtype int64 for index")
    if input.ndim != index.ndim and not (input.ndim < 2 and index.ndim < 2):
        raise RuntimeError("Index tensor must have the same number of dimensions as input tensor")
    limits = [(other._data.shape, skip) for other, skip in ((input, axis), (source, None)) if other is not None]
    for shape, skip in limits:
        if any(
            size > limit for n, (size, limit) in enumerate(zip(index._data.shape, shape, strict=False)) if n != skip
        ):
            raise RuntimeError(
                f"Size does not match at dimension {axis} expected index {list(index._data.shape)} to be no larger "
                f"than self {list(shape)} apart from dimension {axis}"
            )
    size = input._data.shape[axis] if input.ndim else 1
    outside = index._data[(index._data < 0) | (index._data >= size)]
    if outside.size:
        raise RuntimeError(f"index {outside[0]} is out of bounds for dimension {axis} with size {size}")


@both
def gather(input: Tensor, dim: int, index: Tensor) -> Tensor:
    """`out[i][j] = input[i][index[i][j]]` for `dim=1`."""
    axis = axis_of(dim, input.ndim)
    _check_gather("gather", input, axis, index)
    if not input.ndim or not index.ndim:
        return taken(input.reshape(-1), (index._data,))
    at, shape = _along(input, axis, index._data), input._data.shape

    def backward(g: np.ndarray) -> tuple[np.ndarray]:
        return (scattered(shape, at, g),)

    return make(input._data[at], input.dtype, "Gather0", (input,), backward)


@both
def take_along_dim(input: Tensor, indices: Tensor, dim: int) -> Tensor:
    """`gather` with broadcasting."""
    axis = axis_of(dim, input.ndim)
    one = [1 if n == axis else max(a, b) for n, (a, b) in enumerate(zip(input.shape, indices.shape, strict=True))]
    wide_input = [input.shape[axis] if n == axis else size for n, size in enumerate(one)]
    wide_index = [indices.shape[axis] if n == axis else size for n, size in enumerate(one)]
    return gather(input.expand(*wide_input), axis, indices.expand(*wide_index))


@both
def take(input: Tensor, index: Tensor) -> Tensor:
    """Elements by their number in the flattened tensor."""
    return taken(input.reshape(-1), (index._data,))


@both
def scatter(
    input: Tensor, dim: int, index: Tensor, src: Any = None, *, value: Any = None, reduce: Any = None
) -> Tensor:
    """A copy with `out[i][index[i][j]] = src[i][j]` for `dim=1`."""
    if reduce is not None:
        raise NotImplementedError(
            "scatter with reduce is not in the browser's torch; there is scatter_add and scatter_reduce"
        )
    src = value if src is None else src
    axis = axis_of(dim, input.ndim)
    _check_gather("scatter", input, axis, index, src if isinstance(src, Tensor) else None)
    at = _along(input, axis, index._data)
    out = input._data.copy()
    inside = tuple(slice(size) for size in index._data.shape)
    given = isinstance(src, Tensor)
    if given and src.dtype is not input.dtype:
        raise RuntimeError("scatter(): Expected self.dtype to be equal to src.dtype")
    out[at] = src._data[inside] if given else src

    def backward(g: np.ndarray) -> tuple[np.ndarray, ...]:
        rest = cleared(g, at)
        return (rest, scattered(src._data.shape, inside, g[at], repeats=False)) if given else (rest,)

    return make(out, input.dtype, "Scatter0", (input, src) if given else (input,), backward)


@both
def scatter_add(input: Tensor, dim: int, index: Tensor, src: Tensor) -> Tensor:
    """A copy with `out[i][index[i][j]] += src[i][j]` for `dim=1`."""
    axis = axis_of(dim, input.ndim)
    _check_gather("scatter_add", input, axis, index, src)
    at = _along(input, axis, index._data)
    out = input._data.copy()
    inside = tuple(slice(size) for size in index._data.shape)
    np.add.at(out, at, src._data[inside])

    def backward(g: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return g, scattered(src._data.shape, inside, g[at], repeats=False)

    return make(out, input.dtype, "ScatterAdd0", (input, src), backward)


@both
def scatter_reduce(
    input: Tensor, dim: int, index: Tensor, src: Tensor, reduce: str, *, include_self: bool = True
) -> Tensor:
    """A copy with several values brought together: `sum`, `mean`, `prod`, `amax` or `amin`; `input`'s with or not."""
    if reduce not in ("sum", "mean", "prod", "amax", "amin"):
        raise RuntimeError(f"reduce argument must be either sum, prod, mean, amax or amin, got {reduce}.")
    axis = axis_of(dim, input.ndim)
    _check_gather("scatter_reduce", input, axis, index, src)
    at = _along(input, axis, index._data)
    touched = np.zeros(input._data.shape, bool)
    touched[at] = True
    if reduce in ("sum", "mean"):
        start = input if include_self else input.masked_fill(wrap(touched, bool_), 0)
        total = scatter_add(start, dim, index, src)
        counts = np.full(input._data.shape, int(include_self))
        np.add.at(counts, at, 1)
        means = wrap(np.maximum(counts, 1).astype(input._data.dtype), input.dtype)
        whole = "floor" if input.dtype.rank < 2 else None
        return total if reduce == "sum" else total.div(means, rounding_mode=whole)
    ufunc = {"prod": np.multiply, "amax": np.maximum, "amin": np.minimum}[reduce]
    inside = tuple(slice(size) for size in index._data.shape)
    given, out = src._data[inside], input._data.copy()
    if not include_self:
        ends = np.iinfo(out.dtype) if input.dtype.rank == 1 else np.finfo(out.dtype) if input.dtype.rank else None
        low, high = (-np.inf, np.inf) if input.dtype.rank == 2 else (ends.min, ends.max) if ends else (False, True)
        out[touched] = {"prod": 1, "amax": low, "amin": high}[reduce]
    ufunc.at(out, at, given)

    def backward(g: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """To all factors; of the largest or smallest, in equal shares to those that are."""
        if reduce == "prod":
            start = input._data if include_self else np.where(touched, 1, input._data)
            zeros, rest = (start == 0).astype(int), np.where(start == 0, 1, start)
            np.add.at(zeros, at, given == 0)
            np.multiply.at(rest, at, np.where(given == 0, 1, given))

            def others(one: np.ndarray, zeros: np.ndarray, rest: np.ndarray) -> np.ndarray:
                return np.where(zeros == (one == 0), rest / np.where(one == 0, 1, one), 0)

            own, theirs = g * others(input._data, zeros, rest), g[at] * others(given, zeros[at], rest[at])
        else:
            mine, best = input._data == out, given == out[at]  # counted by torch where `input` is left out, too
            shares = mine.astype(g.dtype)
            np.add.at(shares, at, best)
            own, theirs = g * mine / np.maximum(shares, 1), g[at] * best / shares[at]
        own = own if include_self else np.where(touched, 0, g)
        return own, scattered(src._data.shape, inside, theirs, repeats=False)

    return make(out, input.dtype, "ScatterReduce0", (input, src), backward, (input, src), saves_result=True)


@both
def index_add(input: Tensor, dim: int, index: Tensor, source: Tensor, *, alpha: Any = 1) -> Tensor:
    """A copy with the places of `source` added at those that `index` names."""
    at = (slice(None),) * axis_of(dim, input.ndim) + (index._data,)
    out = input._data.copy()
    np.add.at(out, at, alpha * source._data)
    return make(out, input.dtype, "IndexAdd0", (input, source), lambda g: (g, alpha * g[at]))


@both
def index_copy(input: Tensor, dim: int, index: Tensor, source: Tensor) -> Tensor:
    """A copy with the places of `source` stored at those that `index` names."""
    at = (slice(None),) * axis_of(dim, input.ndim) + (index._data,)
    return index_put(input, at, source)


@both
def index_fill(input: Tensor, dim: int, index: Tensor, value: Any) -> Tensor:
    """A copy with one value at the places that `index` names."""
    at = (slice(None),) * axis_of(dim, input.ndim) + (index._data,)
    return index_put(
        input, at, value if isinstance(value, Tensor) else wrap(fit_scalar(value, input.dtype), input.dtype)
    )


in_place("masked_fill masked_scatter scatter scatter_add scatter_reduce index_add index_copy index_fill", globals())


@method
def fill_diagonal_(self: Tensor, fill_value: Any) -> Tensor:
    """One value on the diagonal of a matrix, in place."""
    self.diagonal().fill_(fill_value)
    return self


@both
def nonzero(input: Tensor, *, as_tuple: bool = False) -> Any:
    """Positions of what is not zero: one row each, or one vector for each dimension."""
    if as_tuple:
        return tuple(wrap(found, int64) for found in np.nonzero(np.atleast_1d(input._data)))
    return wrap(np.argwhere(input._data).astype(np.int64), int64)


@both
def argwhere(input: Tensor) -> Tensor:
    """`nonzero`."""
    return nonzero(input)


@both
def unique(
    input: Tensor,
    sorted: bool = True,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: int | None = None,
) -> Any:
    """The different elements in order; where they came from; how often each is there."""
    found, inverse, counts = np.unique(input._data, return_inverse=True, return_counts=True, axis=dim)
    shape = input._data.shape if dim is None else (-1,)
    out = [wrap(found, input.dtype)]
    if return_inverse:
        out.append(wrap(inverse.reshape(shape), int64))
    if return_counts:
        out.append(wrap(counts, int64))
    return out[0] if len(out) == 1 else tuple(out)


@both
def unique_consecutive(input: Tensor, return_inverse: bool = False, return_counts: bool = False) -> Any:
    """Elements that differ from the one before; where they came from; how long each run is."""
    data = input._data.reshape(-1)
    first = np.concatenate([np.ones(min(len(data), 1), bool), data[1:] != data[:-1]])
    out = [wrap(data[first], input.dtype)]
    if return_inverse:
        out.append(wrap((np.cumsum(first) - 1).reshape(input._data.shape), int64))
    if return_counts:
        out.append(wrap(np.diff(np.append(np.flatnonzero(first), len(data))), int64))
    return out[0] if len(out) == 1 else tuple(out)


@both
def bincount(input: Tensor, weights: Tensor | None = None, minlength: int = 0) -> Tensor:
    """How often each number occurs."""
    if input.ndim != 1 or (input._data.size and input._data.min() < 0) or input.dtype.rank != 1:
        raise RuntimeError("bincount only supports 1-d non-negative integral inputs.")
    numbers = input._data.astype(np.intp)  # in a page of 32 bits
    if weights is None:
        return wrap(np.bincount(numbers, minlength=minlength).astype(np.int64), int64)
    return wrap(np.bincount(numbers, weights._data, minlength).astype(weights._data.dtype), weights.dtype)


@both
def histc(input: Tensor, bins: int = 100, min: float = 0, max: float = 0) -> Tensor:
    """Counts of equal intervals."""
    limits = (min, max) if min != max else (input._data.min(), input._data.max())
    return wrap(np.histogram(input._data, bins, limits)[0].astype(input._data.dtype), input.dtype)


@function
def searchsorted(sorted_sequence: Tensor, values: Any, *, right: bool = False) -> Tensor:
    """Where values would have to be put into a sorted row."""
    given = values._data if isinstance(values, Tensor) else np.asarray(values)
    side = "right" if right else "left"
    rows, wanted = sorted_sequence._data, given
    if rows.ndim == 1:
        return wrap(np.asarray(np.searchsorted(rows, wanted, side), np.int64), int64)
    pairs = zip(rows.reshape(-1, rows.shape[-1]), wanted.reshape(-1, wanted.shape[-1]), strict=True)
    return wrap(np.stack([np.searchsorted(row, want, side) for row, want in pairs]).reshape(wanted.shape), int64)


@function
def bucketize(input: Tensor, boundaries: Tensor, *, right: bool = False) -> Tensor:
    """The interval that each element lies in."""
    return searchsorted(boundaries, input, right=right)


@function
def isin(elements: Tensor, test_elements: Any) -> Tensor:
    """Where an element is one of those given."""
    return wrap(np.isin(elements._data, getattr(test_elements, "_data", test_elements)), bool_)
