"""Operations along dimensions: sums, extremes, order, and what is built of them."""

import itertools
import math
import warnings
from collections import namedtuple
from collections.abc import Callable
from typing import Any

import numpy as np

from ._core import Tensor, axes_of, axis_of, both, floating, function, in_place, make, wide, wrap
from ._dtypes import FROM_NUMPY, bool_, dtype, fit, int64
from ._engine import scattered
from ._pointwise import conj, log_of_both, maximum, minimum
from ._shape import cat, to


def _named(name: str) -> Any:
    """A pair as torch returns it, printed with line breaks as torch does."""
    pair = namedtuple(name, ["values", "indices"])

    def text(self: Any) -> str:
        return f"torch.return_types.{name}(\nvalues={self.values!r},\nindices={self.indices!r})"

    return type(name, (pair,), {"__repr__": text})


Max, Min, Sort, Topk = _named("max"), _named("min"), _named("sort"), _named("topk")
Cummax, Cummin, Median, Kthvalue, Mode = (_named(n) for n in ("cummax", "cummin", "median", "kthvalue", "mode"))


def _spread(g: np.ndarray, shape: tuple[int, ...], axes: tuple[int, ...], keepdim: bool) -> np.ndarray:
    """A gradient of a reduction, back in the shape of its input."""
    if not keepdim and len(shape) != g.ndim:
        g = np.expand_dims(g, axes)
    return np.broadcast_to(g, shape)


def _label(name: str, dim: Any) -> str:
    return f"{name}{0 if dim is None else 1}"


def _total(data: np.ndarray, axes: tuple[int, ...], keepdim: bool) -> Any:
    return data.sum(axis=axes, keepdims=keepdim) if data.ndim else data


@both
def sum(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: dtype | None = None) -> Tensor:
    """The sum over all or some dimensions; of integers in int64."""
    if dtype is not None:
        input = to(input, dtype)
    axes, shape = axes_of(dim, input.ndim), input._data.shape
    kind = input.dtype if input.dtype.rank > 1 else (dtype or int64)
    out = _total(wide(input) if input.dtype.rank > 1 else input._data.astype(kind.np), axes, keepdim)
    return make(out, kind, _label("Sum", dim), (input,), lambda g: (_spread(g, shape, axes, keepdim),))


def _count(shape: tuple[int, ...], axes: tuple[int, ...]) -> int:
    return math.prod(shape[axis] for axis in axes)


@both
def mean(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: dtype | None = None) -> Tensor:
    """The mean over all or some dimensions."""
    if dtype is not None:
        input = to(input, dtype)
    if input.dtype.rank < 2:
        raise RuntimeError(
            f"mean(): could not infer output dtype. Input dtype must be either a floating point or complex dtype. "
            f"Got: {input.dtype.title}"
        )
    axes, shape = axes_of(dim, input.ndim), input._data.shape
    count = _count(shape, axes)
    out = (
        _total(wide(input), axes, keepdim) / np.float32(count)
        if count
        else np.full(np.sum(wide(input), axes).shape, np.nan)
    )
    return make(out, input.dtype, _label("Mean", dim), (input,), lambda g: (_spread(g, shape, axes, keepdim) / count,))


@both
def nansum(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    """The sum of what is not NaN."""
    return sum(input.masked_fill(input.isnan(), 0), dim, keepdim)


@both
def nanmean(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    """The mean of what is not NaN."""
    return nansum(input, dim, keepdim) / sum(~input.isnan(), dim, keepdim)


@both
def prod(input: Tensor, dim: int | None = None, keepdim: bool = False, *, dtype: dtype | None = None) -> Tensor:
    """The product over all dimensions or one."""
    if dtype is not None:
        input = to(input, dtype)
    axes, x = axes_of(dim, input.ndim), wide(input)
    kind = input.dtype if input.dtype.rank > 1 else (dtype or int64)
    out = np.prod(x if input.dtype.rank > 1 else x.astype(kind.np), axis=axes, keepdims=keepdim)

    def backward(g: np.ndarray) -> tuple[np.ndarray]:
        others = np.moveaxis(x, axes, range(-len(axes), 0)) if axes else x
        flat = others.reshape(*others.shape[: x.ndim - len(axes)], -1)
        ones = np.ones_like(flat[..., :1])
        left = np.cumprod(np.concatenate([ones, flat[..., :-1]], -1), -1)
        right = np.cumprod(np.concatenate([ones, flat[..., :0:-1]], -1), -1)[..., ::-1]
        slope = (left * right).reshape(others.shape)
        slope = np.moveaxis(slope, range(-len(axes), 0), axes) if axes else slope
        return (_spread(g, x.shape, axes, keepdim) * slope,)

    return make(out, kind, _label("Prod", dim), (input,), backward, (input,))


def _correction(unbiased: bool | None, correction: Any) -> Any:
    return (1 if unbiased in (True, None) else 0) if correction is None else correction


@both
def var(
    input: Tensor, dim: Any = None, unbiased: bool | None = None, keepdim: bool = False, *, correction: Any = None
) -> Tensor:
    """The variance; divided by `n - correction`, by default `n - 1`."""
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    if input.dtype.rank < 2:
        raise RuntimeError("std and var only support floating point and complex dtypes")
    axes, x = axes_of(dim, input.ndim), wide(input)
    rest = _count(x.shape, axes) - _correction(unbiased, correction)
    if rest <= 0:
        warnings.warn("var(): degrees of freedom is <= 0.", stacklevel=2)
    kept = x - x.mean(axis=axes, keepdims=True)
    with np.errstate(all="ignore"):
        total = np.square(np.abs(kept)).sum(axis=axes, keepdims=keepdim)
        out = total / np.asarray(rest if rest > 0 else 0, total.dtype)

    def backward(g: np.ndarray) -> tuple[np.ndarray]:
        centred = x - x.mean(axis=axes, keepdims=True) if kept is None else kept
        return (_spread(g, x.shape, axes, keepdim) * centred * (2 / rest if rest else np.nan),)

    return make(out, input.dtype, "Var0", (input,), backward, (input,))


@both
def std(
    input: Tensor, dim: Any = None, unbiased: bool | None = None, keepdim: bool = False, *, correction: Any = None
) -> Tensor:
    """The standard deviation: the root of `var`."""
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    axes, x = axes_of(dim, input.ndim), wide(input)
    exact = wrap(x, FROM_NUMPY[x.dtype])  # not rounded to half precision before the root
    out = np.asarray(np.sqrt(var(exact, dim, unbiased, keepdim, correction=correction)._data))
    rest = _count(x.shape, axes) - _correction(unbiased, correction)

    def backward(g: np.ndarray) -> tuple[np.ndarray]:
        scaled = np.where(out == 0, 0, g / np.where(out == 0, 1, out))
        centred = x - x.mean(axis=axes, keepdims=True)
        return (_spread(scaled, x.shape, axes, keepdim) * centred * (1 / rest if rest else np.nan),)

    return make(out, input.dtype, "Std0", (input,), backward, (input,), True)


@function
def var_mean(
    input: Tensor, dim: Any = None, unbiased: bool | None = None, keepdim: bool = False
) -> tuple[Tensor, Tensor]:
    """Variance and mean."""
    return var(input, dim, unbiased, keepdim), mean(input, dim, keepdim)


@function
def std_mean(
    input: Tensor, dim: Any = None, unbiased: bool | None = None, keepdim: bool = False
) -> tuple[Tensor, Tensor]:
    """Standard deviation and mean."""
    return std(input, dim, unbiased, keepdim), mean(input, dim, keepdim)


@both
def norm(input: Tensor, p: Any = 2, dim: Any = None, keepdim: bool = False) -> Tensor:
    """The p-norm; `fro` is 2."""
    p = 2 if p in ("fro", None) else p
    axes, x = axes_of(dim, input.ndim), wide(input)
    size = np.abs(x)
    if p in (math.inf, -math.inf):
        return (amax if p > 0 else amin)(input.abs(), dim if dim is not None else (), keepdim)
    if p == 0:
        return make(
            (size != 0).sum(axis=axes, keepdims=keepdim), input.dtype, "Norm0", (input,), lambda g: (g * 0 * x,)
        )
    if p == 2:
        out = np.asarray(np.sqrt(np.square(size).sum(axis=axes, keepdims=keepdim)))
    else:
        out = np.asarray(np.power(np.power(size, p).sum(axis=axes, keepdims=keepdim), 1 / p))

    def backward(g: np.ndarray) -> tuple[np.ndarray]:
        whole = _spread(out, x.shape, axes, keepdim)
        some = np.where(whole == 0, 1, whole)
        slope = x / some if p == 2 else np.sign(x) * np.power(np.abs(x) / some, p - 1)
        return (_spread(g, x.shape, axes, keepdim) * np.where(whole == 0, 0, slope),)

    return make(out, input.dtype, _label("LinalgVectorNorm", None), (input,), backward, (input,), True)


def _truth(data: Any, input: Tensor) -> Tensor:
    """Of uint8 uint8, else bool."""
    kind = input.dtype if input.dtype.name == "uint8" else bool_
    return wrap(fit(data, kind), kind)


@both
def all(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    """Whether none is zero."""
    return _truth(input._data.astype(bool).all(axis=axes_of(dim, input.ndim), keepdims=keepdim), input)


@both
def any(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    """Whether one is not zero."""
    return _truth(input._data.astype(bool).any(axis=axes_of(dim, input.ndim), keepdims=keepdim), input)


@both
def count_nonzero(input: Tensor, dim: Any = None) -> Tensor:
    """How many are not zero."""
    return wrap(np.asarray((input._data != 0).sum(axis=axes_of(dim, input.ndim)), np.int64), int64)


# Extremes.


def _empty(name: str, input: Tensor, dim: Any) -> None:
    if input._data.size == 0 and dim is None:
        raise RuntimeError(
            f"{name}(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim with "
            "the 'dim' argument."
        )
    if input._data.size == 0 and not input._data.shape[axis_of(dim, input.ndim)]:
        raise IndexError(f"{name}(): Expected reduction dim {dim} to have non-zero size.")


def _extreme(input: Tensor, dim: Any, keepdim: bool, pick: Any, label: str) -> Tensor:
    """Largest or smallest values; equal ones share the gradient."""
    axes, x = axes_of(dim, input.ndim), input._data
    out = np.array(pick(x, axis=axes, keepdims=keepdim) if x.ndim else x)

    def backward(g: np.ndarray) -> tuple[np.ndarray]:
        chosen = x == _spread(out, x.shape, axes, keepdim)
        count = chosen.sum(axis=axes, keepdims=True)
        return (_spread(g, x.shape, axes, keepdim) * chosen / count,)

    return make(out, input.dtype, label, (input,), backward, (input,), True)


@both
def amax(input: Tensor, dim: Any = (), keepdim: bool = False) -> Tensor:
    """The largest values over dimensions."""
    _empty("amax", input, dim if isinstance(dim, int) else None)
    return _extreme(input, dim, keepdim, np.max, "Amax0")


@both
def amin(input: Tensor, dim: Any = (), keepdim: bool = False) -> Tensor:
    """The smallest values over dimensions."""
    _empty("amin", input, dim if isinstance(dim, int) else None)
    return _extreme(input, dim, keepdim, np.min, "Amin0")


def _at(input: Tensor, axis: int, index: np.ndarray, keepdim: bool, label: str) -> Tensor:
    """The values at one index along a dimension, with their gradient."""
    shape = input._data.shape
    if not shape:
        return make(input._data.copy(), input.dtype, label, (input,), lambda g: (g,))
    out = np.take_along_axis(input._data, index, axis)

    def backward(g: np.ndarray) -> tuple[np.ndarray]:
        grid = list(np.ogrid[tuple(slice(size) for size in index.shape)])
        grid[axis] = index
        return (scattered(shape, tuple(grid), g if keepdim else np.expand_dims(g, axis), repeats=False),)

    return make(out if keepdim else out.squeeze(axis), input.dtype, label, (input,), backward)


def _with_index(input: Tensor, dim: int, keepdim: bool, find: Any, name: str, kind: Any) -> Any:
    _empty(name, input, dim)
    axis = axis_of(dim, input.ndim)
    if not input.ndim:
        return kind(_at(input, 0, None, keepdim, f"{name.capitalize()}0"), wrap(np.asarray(0), int64))
    index = np.expand_dims(find(input._data, axis), axis)
    found = wrap(index if keepdim else index.squeeze(axis), int64)
    return kind(_at(input, axis, index, keepdim, f"{name.capitalize()}0"), found)


@both
def max(input: Tensor, dim: Any = None, keepdim: bool = False, *, other: Any = None) -> Any:
    """The largest value; with `dim`, values and where they are; with another tensor, `maximum`."""
    if isinstance(dim, Tensor) or other is not None:
        return maximum(input, dim if other is None else other)
    if dim is None:
        _empty("max", input, None)
        return _extreme(input, None, False, np.max, "Max1")
    return _with_index(input, dim, keepdim, np.argmax, "max", Max)


@both
def min(input: Tensor, dim: Any = None, keepdim: bool = False, *, other: Any = None) -> Any:
    """The smallest value; with `dim`, values and where they are; with another tensor, `minimum`."""
    if isinstance(dim, Tensor) or other is not None:
        return minimum(input, dim if other is None else other)
    if dim is None:
        _empty("min", input, None)
        return _extreme(input, None, False, np.min, "Min1")
    return _with_index(input, dim, keepdim, np.argmin, "min", Min)


def _arg(input: Tensor, dim: int | None, keepdim: bool, find: Any, name: str) -> Tensor:
    _empty(name, input, dim)
    if dim is None:
        out = np.asarray(find(input._data))
        return wrap(out.reshape((1,) * input.ndim) if keepdim else out, int64)
    axis = axis_of(dim, input.ndim)
    if not input.ndim:
        return wrap(np.asarray(0), int64)
    return wrap(np.asarray(find(input._data, axis, keepdims=keepdim)), int64)


@both
def argmax(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Where the largest value is; the first of equals."""
    return _arg(input, dim, keepdim, np.argmax, "argmax")


@both
def argmin(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Where the smallest value is; the first of equals."""
    return _arg(input, dim, keepdim, np.argmin, "argmin")


@both
def aminmax(input: Tensor, *, dim: int | None = None, keepdim: bool = False) -> Any:
    """Smallest and largest."""
    pair = namedtuple("aminmax", ["min", "max"])
    return pair(amin(input, () if dim is None else dim, keepdim), amax(input, () if dim is None else dim, keepdim))


# Order.


def _order(x: np.ndarray, axis: int, descending: bool) -> np.ndarray:
    """Where each place's value comes from; equals keep their order."""
    if not descending:
        return np.argsort(x, axis=axis, kind="stable")
    size = x.shape[axis]
    return size - 1 - np.flip(np.argsort(np.flip(x, axis), axis=axis, kind="stable"), axis)


@both
def sort(input: Tensor, dim: int = -1, descending: bool = False, stable: bool = True) -> Any:
    """Values in order, and where they came from."""
    axis = axis_of(dim, input.ndim)
    if not input.ndim:
        return Sort(input.clone(), wrap(np.asarray(0), int64))
    index = _order(input._data, axis, descending)
    return Sort(_at(input, axis, index, True, "Sort0"), wrap(index, int64))


@both
def argsort(input: Tensor, dim: int = -1, descending: bool = False, stable: bool = True) -> Tensor:
    """Where the values in order come from."""
    return sort(input, dim, descending).indices


@both
def msort(input: Tensor) -> Tensor:
    """Rows in order."""
    return sort(input, 0).values


@both
def topk(input: Tensor, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Any:
    """The `k` largest (or smallest) values, and where they are."""
    axis = axis_of(dim, input.ndim)
    if not 0 <= k <= (input._data.shape[axis] if input.ndim else 1):
        raise RuntimeError("selected index k out of range")
    if not input.ndim:
        return Topk(input.clone(), wrap(np.asarray(0), int64))
    index = np.take(_order(input._data, axis, largest), np.arange(k), axis)
    return Topk(_at(input, axis, index, True, "Topk0"), wrap(index, int64))


@both
def kthvalue(input: Tensor, k: int, dim: int = -1, keepdim: bool = False) -> Any:
    """The k-th smallest value, and where it is."""
    axis = axis_of(dim, input.ndim)
    index = np.take(_order(input._data, axis, False), [k - 1], axis)
    return Kthvalue(
        _at(input, axis, index, keepdim, "Kthvalue0"), wrap(index if keepdim else index.squeeze(axis), int64)
    )


@both
def median(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Any:
    """The middle value; the lower of two; with `dim` also where it is."""
    if dim is None:
        flat = input.reshape(-1)
        return kthvalue(flat, (flat._data.size + 1) // 2, 0).values
    return Median(*kthvalue(input, (input._data.shape[axis_of(dim, input.ndim)] + 1) // 2, dim, keepdim))


@both
def mode(input: Tensor, dim: int = -1, keepdim: bool = False) -> Any:
    """The most frequent value, the smallest of equals, and its last place."""
    axis = axis_of(dim, input.ndim)

    def find(row: np.ndarray) -> int:
        found, counts = np.unique(row, return_counts=True)
        return int(np.flatnonzero(row == found[counts.argmax()])[-1])

    index = np.expand_dims(np.apply_along_axis(find, axis, input._data), axis)
    return Mode(_at(input, axis, index, keepdim, "Mode0"), wrap(index if keepdim else index.squeeze(axis), int64))


@both
def quantile(input: Tensor, q: Any, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Linear interpolation between the sorted values."""
    at = q if isinstance(q, Tensor) else wrap(np.asarray(q, input._data.dtype), input.dtype)
    flat = input.reshape(-1) if dim is None else input.movedim(dim, -1)
    rank = at._data * (flat._data.shape[-1] - 1)
    low, high = np.floor(rank).astype(int), np.ceil(rank).astype(int)
    ordered = sort(flat).values
    below, above = ordered[..., low], ordered[..., high]
    out = below + (above - below) * wrap(np.asarray(rank - low, input._data.dtype), input.dtype)
    out = out.movedim(-1, 0) if at.ndim else out
    if keepdim:
        axes = range(input.ndim) if dim is None else [axis_of(dim, input.ndim)]
        for axis in axes:
            out = out.unsqueeze(axis + at.ndim)
    return out


# Running results.


def _running(name: str, compute: Any, backward: Callable[..., Any], reads: bool) -> Callable[..., Tensor]:
    def apply(input: Tensor, dim: int, *, dtype: dtype | None = None) -> Tensor:
        axis = axis_of(dim, input.ndim)
        if dtype is not None:
            input = to(input, dtype)
        kind = input.dtype if input.dtype.rank > 1 else (dtype or int64)
        x = wide(input)
        if not x.ndim:
            return make(x.astype(kind.np), kind, name.capitalize() + "0", (input,), lambda g: (g,))
        out = compute(x, axis=axis, dtype=x.dtype if kind.rank > 1 else kind.np)
        saved = (input,) if reads else ()
        return make(out, kind, name.capitalize() + "0", (input,), lambda g: (backward(g, x, axis),), saved)

    apply.__name__ = name
    apply.__doc__ = f"`{name}` along a dimension."
    return both(apply)


def _cumsum_back(g: np.ndarray, x: np.ndarray, axis: int) -> np.ndarray:
    return np.flip(np.cumsum(np.flip(g, axis), axis), axis)


def _cumprod_back(g: np.ndarray, x: np.ndarray, axis: int) -> np.ndarray:
    """Each factor's own product over the others, place by place: right also where there are zeros."""
    rows, grads = np.moveaxis(x, axis, -1), np.moveaxis(g, axis, -1)
    out = np.zeros_like(rows)
    for k in range(rows.shape[-1]):
        others = rows[..., k:].copy()
        others[..., 0] = 1
        before = np.prod(rows[..., :k], axis=-1, keepdims=True)
        out[..., k] = (grads[..., k:] * before * np.cumprod(others, axis=-1)).sum(axis=-1)
    return np.moveaxis(out, -1, axis)


cumsum = _running("cumsum", np.cumsum, _cumsum_back, False)
cumprod = _running("cumprod", np.cumprod, _cumprod_back, True)


def _running_extreme(input: Tensor, dim: int, accumulate: Any, name: str, kind: Any) -> Any:
    axis = axis_of(dim, input.ndim)
    x = input._data
    best = accumulate(x, axis)
    place = np.expand_dims(np.arange(x.shape[axis]), tuple(n for n in range(x.ndim) if n != axis))
    index = np.maximum.accumulate(np.where(x == best, place, 0), axis)  # of equals the last
    shape = x.shape

    def backward(g: np.ndarray) -> tuple[np.ndarray]:
        grid = list(np.ogrid[tuple(slice(size) for size in shape)])
        grid[axis] = index
        return (scattered(shape, tuple(grid), g),)

    return kind(make(best, input.dtype, f"{name}0", (input,), backward), wrap(index.astype(np.int64), int64))


@both
def cummax(input: Tensor, dim: int) -> Any:
    """The largest value so far, and where it is."""
    return _running_extreme(input, dim, np.maximum.accumulate, "Cummax", Cummax)


@both
def cummin(input: Tensor, dim: int) -> Any:
    """The smallest value so far, and where it is."""
    return _running_extreme(input, dim, np.minimum.accumulate, "Cummin", Cummin)


@both
def diff(
    input: Tensor, n: int = 1, dim: int = -1, prepend: Tensor | None = None, append: Tensor | None = None
) -> Tensor:
    """Differences of neighbours, of what is put before and behind as well."""
    if prepend is not None or append is not None:
        input = cat([one for one in (prepend, input, append) if one is not None], dim)
    for _ in range(n):
        size = input._data.shape[axis_of(dim, input.ndim)]
        input = input.narrow(dim, 1, size - 1) - input.narrow(dim, 0, size - 1)
    return input


# Softmax and its kin.


@both
def logsumexp(input: Tensor, dim: Any, keepdim: bool = False) -> Tensor:
    """`log(sum(exp(input)))` without overflow."""
    axes, (x, kind) = axes_of(dim, input.ndim), floating(input)
    top = x.max(axis=axes, keepdims=True) if x.ndim else x
    top = np.where(np.isfinite(top), top, 0)
    total = np.log(np.exp(x - top).sum(axis=axes, keepdims=True)) + top
    out = total if keepdim else total.reshape([size for axis, size in enumerate(x.shape) if axis not in axes])
    out = np.asarray(out)

    def backward(g: np.ndarray) -> tuple[np.ndarray]:
        floor = _spread(np.where(out == -np.inf, 0, out), x.shape, axes, keepdim)
        return (_spread(g, x.shape, axes, keepdim) * np.exp(x - floor),)

    return make(out, kind, "Logsumexp0", (input,), backward, (input,), True)


def _soft_input(input: Tensor, dim: int, dtype: dtype | None, name: str) -> tuple[Tensor, int]:
    if dtype is not None:
        input = to(input, dtype)
    if input.dtype.rank < 2:
        raise RuntimeError(f"\"{name}_lastdim_kernel_impl\" not implemented for '{input.dtype.title}'")
    return input, axis_of(dim, input.ndim)


@both
def softmax(input: Tensor, dim: int, dtype: dtype | None = None) -> Tensor:
    """`exp(input)`, divided by its sum along a dimension."""
    input, axis = _soft_input(input, dim, dtype, "softmax")
    x = np.ascontiguousarray(wide(input)) if input.ndim else wide(input)  # as torch's result lies in memory
    if not x.ndim:
        return make(np.ones_like(x), input.dtype, "Softmax0", (input,), lambda g: (g * 0,))
    y = x - x.max(axis=axis, keepdims=True) if x.size else x.copy()
    np.exp(y, out=y)
    y /= y.sum(axis=axis, keepdims=True)

    def backward(g: np.ndarray) -> tuple[np.ndarray]:
        part = g * y
        return (part - y * part.sum(axis=axis, keepdims=True),)

    return make(y, input.dtype, "Softmax0", (input,), backward, (), True)


@both
def log_softmax(input: Tensor, dim: int, dtype: dtype | None = None) -> Tensor:
    """`input - logsumexp(input)` along a dimension."""
    input, axis = _soft_input(input, dim, dtype, "log_softmax")
    x = np.ascontiguousarray(wide(input)) if input.ndim else wide(input)
    if not x.ndim:
        return make(np.zeros_like(x), input.dtype, "LogSoftmax0", (input,), lambda g: (g * 0,))
    y = x - x.max(axis=axis, keepdims=True) if x.size else x.copy()
    y -= np.log(np.exp(y).sum(axis=axis, keepdims=True))

    def backward(g: np.ndarray) -> tuple[np.ndarray]:
        return (g - np.exp(y) * g.sum(axis=axis, keepdims=True),)

    return make(y, input.dtype, "LogSoftmax0", (input,), backward, (), True)


@both
def logcumsumexp(input: Tensor, dim: int) -> Tensor:
    """The running `logsumexp`."""
    axis, x = axis_of(dim, input.ndim), wide(input)
    if x.dtype.kind == "c":
        parts = [*itertools.accumulate(np.moveaxis(x, axis, 0), log_of_both)]
        y = np.moveaxis(np.array(parts), 0, axis) if parts else x
    else:
        y = np.logaddexp.accumulate(x, axis)

    def backward(g: np.ndarray) -> tuple[np.ndarray]:
        top = y.real.min(axis=axis, keepdims=True)
        return (conj(np.exp(x - top)) * _cumsum_back(g * conj(np.exp(top - y)), x, axis),)

    return make(y, input.dtype, "Logcumsumexp0", (input,), backward, (input,), True)


in_place("cumsum cumprod", globals())
