"""Functions that few programs use, and methods of the same names: imported when one is first asked for (`LAZY`)."""

import math
from collections import namedtuple
from collections.abc import Sequence
from typing import Any

import numpy as np

from . import _create, _linalg, _pointwise, _reduce, _shape, linalg
from ._core import (
    PUBLIC,
    Tensor,
    axes_of,
    axis_of,
    both,
    floating,
    function,
    in_place,
    make,
    method,
    places,
    view_of,
    wide,
    wrap,
)
from ._dtypes import bool_, fit, int64
from ._gamma import digamma_values, lgamma_values, polygamma_values
from ._pointwise import binary, broadcast_error, common, tensors, unary
from ._windows import istft, stft


def _unary(name: str, compute: Any, slope: Any, reads: str = "x", exact: bool = False) -> Any:
    return both(unary(name, compute, slope, reads, exact))


acosh = _unary("acosh", np.arccosh, lambda x, y: 1 / np.sqrt(x * x - 1))
asinh = _unary("asinh", np.arcsinh, lambda x, y: 1 / np.sqrt(x * x + 1))
atanh = _unary("atanh", np.arctanh, lambda x, y: 1 / (1 - x * x))
deg2rad = _unary("deg2rad", lambda x: x * x.dtype.type(math.pi / 180), lambda x, y: math.pi / 180, "")
rad2deg = _unary("rad2deg", lambda x: x * x.dtype.type(180 / math.pi), lambda x, y: 180 / math.pi, "")
positive = _unary("positive", np.positive, lambda x, y: 1, "", exact=True)
sgn = _unary("sgn", lambda x: np.nan_to_num(np.sign(x)), lambda x, y: 0, "", exact=True)
lgamma = _unary("lgamma", lgamma_values, lambda x, y: digamma_values(x))
digamma = _unary("digamma", digamma_values, lambda x, y: polygamma_values(1, x))
i0 = _unary("i0", lambda x: np.i0(x).astype(x.dtype), lambda x, y: _i1(x))


def _i1(x: np.ndarray) -> np.ndarray:
    """The modified Bessel function of order 1, from its integral over half a turn."""
    angle = (np.arange(200) + 0.5) * math.pi / 200
    return (np.exp(np.multiply.outer(x, np.cos(angle))) * np.cos(angle)).mean(-1).astype(x.dtype)


def _sinc_slope(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    turn = np.where(x == 0, 1, math.pi * x)
    return np.where(x == 0, 0, (np.cos(turn) - np.sin(turn) / turn) / np.where(x == 0, 1, x))


sinc = _unary("sinc", lambda x: np.sinc(x).astype(x.dtype), _sinc_slope)


def _erfinv_values(x: np.ndarray) -> np.ndarray:
    """The inverse of `erf`: Giles' rational start and two steps of Newton, in float64."""
    x64 = x.astype(np.float64)
    w = -np.log1p(-np.minimum(x64 * x64, 1))
    root = np.sqrt(np.maximum(w - 5, 0) + 5) - 3
    low, high = w - 2.5, root
    start = np.where(
        w < 5,
        np.polyval([2.81022636e-08, 3.43273939e-07, -3.5233877e-06, -4.39150654e-06, 0.00021858087, -0.00125372503,
                    -0.00417768164, 0.246640727, 1.50140941], low),
        np.polyval([-0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773, -0.0076224613,
                    0.00943887047, 1.00167406, 2.83297682], np.where(w < 5, 0, high)),
    ) * x64  # fmt: skip
    for _ in range(2):
        step = (_pointwise.erf_values(start) - x64) / (2 / math.sqrt(math.pi) * np.exp(-start * start))
        start = start - np.where(np.isfinite(step), step, 0)
    out = np.where(np.abs(x64) == 1, np.copysign(np.inf, x64), start)
    return np.where(np.abs(x64) > 1, np.nan, out).astype(x.dtype)


erfinv = _unary("erfinv", _erfinv_values, lambda x, y: math.sqrt(math.pi) / 2 * np.exp(y * y), "y")


@both
def polygamma(n: int, input: Tensor) -> Tensor:
    """The n-th derivative of `digamma`."""
    if isinstance(n, Tensor):
        n, input = input, n
    x, kind = floating(input)
    return make(
        polygamma_values(n, x), kind, "Polygamma0", (input,), lambda g: (g * polygamma_values(n + 1, x),), (input,)
    )


@both
def mvlgamma(input: Tensor, p: int) -> Tensor:
    """The logarithm of the multivariate gamma function."""
    parts = [lgamma(input - j / 2) for j in range(p)]
    return sum(parts[1:], parts[0]) + p * (p - 1) / 4 * math.log(math.pi)


# Of two tensors.


@both
def hypot(input: Tensor, other: Tensor) -> Tensor:
    """`sqrt(input² + other²)`."""
    return binary(
        "Hypot0",
        np.hypot,
        input,
        other,
        lambda g, x, y: g * x / np.hypot(x, y),
        lambda g, x, y: g * y / np.hypot(x, y),
        (input, other),
    )


@both
def copysign(input: Tensor, other: Any) -> Tensor:
    """The size of one, the sign of the other."""

    def slope(g: Any, x: Any, y: Any) -> Any:
        return g * np.where(x == 0, 0, np.copysign(1, x) * np.copysign(1, y))

    return binary(
        "Copysign0", np.copysign, input, other, slope, lambda g, x, y: g * 0, tensors(input, other), divides=True
    )


@both
def logaddexp2(input: Tensor, other: Tensor) -> Tensor:
    """`log2(2 ** input + 2 ** other)`."""
    return binary(
        "Logaddexp20",
        np.logaddexp2,
        input,
        other,
        lambda g, x, y: g * np.exp2(x - np.logaddexp2(x, y)),
        lambda g, x, y: g * np.exp2(y - np.logaddexp2(x, y)),
        (input, other),
    )


@both
def xlogy(input: Any, other: Any) -> Tensor:
    """`input * log(other)`, 0 where `input` is."""

    def compute(x: Any, y: Any) -> Any:
        return np.where(np.equal(x, 0) & ~np.isnan(y), 0, x * np.log(np.where(np.equal(x, 0), 1, y)))

    return binary(
        "Xlogy0",
        compute,
        input,
        other,
        lambda g, x, y: g * np.where(np.equal(x, 0) & (y <= 0), 0, np.log(y)),
        lambda g, x, y: g * x / y,
        tensors(input, other),
        divides=True,
    )


@both
def fmax(input: Tensor, other: Tensor) -> Tensor:
    """The larger of two, the other one of NaN."""
    return binary(
        "Fmax0", np.fmax, input, other, lambda g, x, y: g * (x >= y), lambda g, x, y: g * (x < y), (input, other)
    )


@both
def fmin(input: Tensor, other: Tensor) -> Tensor:
    """The smaller of two, the other one of NaN."""
    return binary(
        "Fmin0", np.fmin, input, other, lambda g, x, y: g * (x <= y), lambda g, x, y: g * (x > y), (input, other)
    )


@both
def heaviside(input: Tensor, values: Tensor) -> Tensor:
    """0 below zero, 1 above, `values` at zero."""
    return wrap(fit(np.heaviside(wide(input), wide(values)), input.dtype), input.dtype)


@both
def gcd(input: Tensor, other: Tensor) -> Tensor:
    """The greatest common divisor."""
    x, y, kind = common(input, other)
    return wrap(np.asarray(np.gcd(x, y)), kind)


@both
def lcm(input: Tensor, other: Tensor) -> Tensor:
    """The least common multiple."""
    x, y, kind = common(input, other)
    return wrap(np.asarray(np.lcm(x, y)), kind)


@both
def ldexp(input: Tensor, other: Tensor) -> Tensor:
    """`input * 2 ** other`."""
    return input * _create.full((), 2.0) ** other


@both
def float_power(input: Any, exponent: Any) -> Tensor:
    """`input ** exponent` in float64."""
    lift = [one.double() if isinstance(one, Tensor) else one for one in (input, exponent)]
    return lift[0] ** lift[1]


@both
def isreal(input: Tensor) -> Tensor:
    """Where the imaginary part is zero."""
    return wrap(np.asarray(np.isreal(input._data)), bool_)


@both
def is_nonzero(input: Tensor) -> bool:
    """Whether the one element is not zero."""
    return bool(input)


@both
def is_signed(input: Tensor) -> bool:
    """Whether the type has a sign."""
    return input.dtype.is_signed


# Products.


@both
def addmv(input: Tensor, mat: Tensor, vec: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
    """`beta * input + alpha * mat @ vec`."""
    return beta * input + alpha * (mat @ vec)


@both
def addr(input: Tensor, vec1: Tensor, vec2: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
    """`beta * input + alpha * outer(vec1, vec2)`."""
    return beta * input + alpha * _linalg.outer(vec1, vec2)


@both
def addbmm(input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
    """`beta * input + alpha * (batch1 @ batch2).sum(0)`."""
    return beta * input + alpha * (batch1 @ batch2).sum(0)


@both
def inner(input: Tensor, other: Tensor) -> Tensor:
    """Products of the last dimensions."""
    if not input.ndim or not other.ndim:
        return input * other
    return _linalg.tensordot(input, other, ([-1], [-1]))


@both
def ger(input: Tensor, vec2: Tensor) -> Tensor:
    """`outer`."""
    return _linalg.outer(input, vec2)


@both
def vdot(input: Tensor, other: Tensor) -> Tensor:
    """`dot` with the conjugate of the first."""
    return _linalg.dot(input.conj(), other)


@function
def chain_matmul(*matrices: Tensor) -> Tensor:
    """The product of several matrices."""
    return linalg.multi_dot(matrices)


@both
def cross(input: Tensor, other: Tensor, dim: int | None = None) -> Tensor:
    """The vector at right angles to two, along a dimension of size 3."""
    if dim is None:
        sizes = [axis for axis, size in enumerate(input.shape) if size == 3]
        if not sizes:
            raise RuntimeError("no dimension of size 3 in input")
        dim = sizes[0]
    return linalg.cross(input, other, dim=dim)


@function
def block_diag(*tensors: Tensor) -> Tensor:
    """Matrices along a diagonal, zeros elsewhere."""
    rows = [one if one.ndim == 2 else one.reshape(1, -1) for one in tensors]
    width, left, out = sum(one.shape[1] for one in rows), 0, []
    for one in rows:
        before, after = (one.new_zeros(one.shape[0], size) for size in (left, width - left - one.shape[1]))
        out.append(_shape.cat([before, one, after], 1))
        left += one.shape[1]
    return _shape.cat(out, 0)


# Statistics.


@both
def cov(input: Tensor, *, correction: int = 1, fweights: Any = None, aweights: Any = None) -> Tensor:
    """Covariances of the rows."""
    if fweights is not None or aweights is not None:
        raise NotImplementedError("weights of torch.cov are not in the browser's torch")
    rows = input.reshape(1, -1) if input.ndim < 2 else input
    centred = rows - rows.mean(1, keepdim=True)
    out = centred @ centred.mT.conj() / (rows.shape[1] - correction)
    return out if input.ndim == 2 else out.reshape(())


@both
def corrcoef(input: Tensor) -> Tensor:
    """Correlations of the rows."""
    table = cov(input)
    if not table.ndim:
        return table / table
    size = table.diagonal().sqrt()
    return (table / size[:, None] / size[None, :]).clamp(-1, 1)


@both
def dist(input: Tensor, other: Tensor, p: float = 2) -> Tensor:
    """The norm of the difference."""
    return (input - other).norm(p)


@both
def histogram(input: Tensor, bins: Any, *, range: Any = None, weight: Any = None, density: bool = False) -> Any:
    """Counts and the edges of the bins."""
    pair = namedtuple("histogram", ["hist", "bin_edges"])
    data = input._data.reshape(-1)
    if isinstance(bins, Tensor):
        edges = bins._data
    else:
        low, high = range if range is not None else (data.min(), data.max())
        low, high = (low - 0.5, high + 0.5) if low == high else (low, high)
        edges = _create.linspace(float(low), float(high), bins + 1, dtype=input.dtype)._data
    found, _ = np.histogram(data, edges, weights=None if weight is None else weight._data.reshape(-1), density=density)
    return pair(wrap(found.astype(input._data.dtype), input.dtype), wrap(edges, input.dtype))


@both
def nanmedian(input: Tensor) -> Tensor:
    """The middle one of the values that are not NaN."""
    return input[~input.isnan()].median()


@both
def nanquantile(input: Tensor, q: Any) -> Tensor:
    """`quantile` of what is not NaN."""
    return input[~input.isnan()].quantile(q)


@both
def renorm(input: Tensor, p: float, dim: int, maxnorm: float) -> Tensor:
    """Slices of a dimension, made no longer than `maxnorm`."""
    others = tuple(axis for axis in range(input.ndim) if axis != axis_of(dim, input.ndim))
    length = input.norm(p, others, True)
    return input * _pointwise.where(length > maxnorm, maxnorm / (length + 1e-7), _create.ones_like(length))


@function
def trapezoid(y: Tensor, x: Tensor | None = None, *, dx: float = 1, dim: int = -1) -> Tensor:
    """The area under a curve, by the trapezoidal rule."""
    size = y.shape[axis_of(dim, y.ndim)]
    middle = y.narrow(dim, 0, size - 1) + y.narrow(dim, 1, size - 1)
    steps = dx if x is None else _reduce.diff(x, dim=dim if x.ndim > 1 else -1)
    if isinstance(steps, Tensor) and steps.ndim == 1:
        steps = steps.reshape([-1 if axis == axis_of(dim, y.ndim) else 1 for axis in range(y.ndim)])
    return (middle * steps).sum(dim) / 2


trapz = trapezoid
PUBLIC["trapz"] = trapz


@function
def cumulative_trapezoid(y: Tensor, x: Tensor | None = None, *, dx: float = 1, dim: int = -1) -> Tensor:
    """The running area under a curve."""
    size = y.shape[axis_of(dim, y.ndim)]
    middle = y.narrow(dim, 0, size - 1) + y.narrow(dim, 1, size - 1)
    return (middle * (dx if x is None else _reduce.diff(x, dim=dim))).cumsum(dim) / 2


@function
def gradient(input: Tensor, *, spacing: Any = 1, dim: Any = None, edge_order: int = 1) -> tuple[Tensor, ...]:
    """Central differences along each dimension, one-sided at the ends."""
    if not isinstance(spacing, int | float) or edge_order != 1:
        raise NotImplementedError("torch.gradient takes one spacing and edge_order=1 in the browser's torch")

    def along(axis: int) -> Tensor:
        size = input.shape[axis]
        ends = [input.narrow(axis, at + 1, 1) - input.narrow(axis, at, 1) for at in (0, size - 2)]
        middle = (input.narrow(axis, 2, size - 2) - input.narrow(axis, 0, size - 2)) / 2
        return _shape.cat([ends[0], middle, ends[1]], axis) / spacing

    return tuple(along(axis) for axis in axes_of(dim, input.ndim))


@function
def vander(x: Tensor, N: int | None = None, increasing: bool = False) -> Tensor:
    """Powers of each element."""
    count = len(x) if N is None else N
    powers = range(count) if increasing else range(count - 1, -1, -1)
    return _shape.stack([x**n for n in powers], -1) if count else x.new_empty(len(x), 0)


@function
def pdist(input: Tensor, p: float = 2) -> Tensor:
    """Distances between all pairs of rows."""
    first, second = np.triu_indices(input.shape[0], 1)
    return (input[wrap(first, int64)] - input[wrap(second, int64)]).norm(p, dim=1)


# Shapes.


@both
def swapdims(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """`transpose`."""
    return _shape.transpose(input, dim0, dim1)


@both
def fliplr(input: Tensor) -> Tensor:
    """Columns the other way round."""
    return input.flip(1)


@both
def flipud(input: Tensor) -> Tensor:
    """Rows the other way round."""
    return input.flip(0)


@both
def rot90(input: Tensor, k: int = 1, dims: Sequence[int] = (0, 1)) -> Tensor:
    """Turned by quarters."""
    first, second = dims
    turned = {
        0: lambda: input.clone(),
        1: lambda: input.flip(second).transpose(first, second),
        2: lambda: input.flip(first, second),
        3: lambda: input.flip(first).transpose(first, second),
    }
    return turned[k % 4]()


def _splitter(name: str, axis: int) -> Any:
    def apply(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
        return _shape.tensor_split(input, indices_or_sections, axis if input.ndim > 1 else 0)

    apply.__name__, apply.__doc__ = name, f"`tensor_split` along dimension {axis}."
    return both(apply)


hsplit, vsplit, dsplit = _splitter("hsplit", 1), _splitter("vsplit", 0), _splitter("dsplit", 2)


@both
def split_with_sizes(input: Tensor, split_sizes: Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """Pieces of given sizes: views."""
    return _shape.split(input, list(split_sizes), dim)


def _at_least(input: Any, lift: Any) -> Any:
    return tuple(lift(one) for one in input) if isinstance(input, tuple | list) else lift(input)


@function
def atleast_2d(*tensors: Any) -> Any:
    """At least two dimensions."""
    given = tensors[0] if len(tensors) == 1 else tensors
    return _at_least(given, lambda one: one.reshape(1, -1) if one.ndim < 2 else one)


@function
def atleast_3d(*tensors: Any) -> Any:
    """At least three dimensions."""
    given = tensors[0] if len(tensors) == 1 else tensors

    def lift(one: Tensor) -> Tensor:
        return one.unsqueeze(-1) if one.ndim == 2 else one.reshape(1, -1, 1) if one.ndim < 2 else one

    return _at_least(given, lift)


@function
def dstack(tensors: Sequence[Tensor]) -> Tensor:
    """Joined along the third dimension."""
    return _shape.cat(list(atleast_3d(list(tensors))), 2)


@function
def column_stack(tensors: Sequence[Tensor]) -> Tensor:
    """Vectors as columns, joined."""
    return _shape.cat([one.reshape(-1, 1) if one.ndim < 2 else one for one in tensors], 1)


PUBLIC["row_stack"] = row_stack = _shape.vstack


@both
def diagflat(input: Tensor, offset: int = 0) -> Tensor:
    """A matrix with the elements on its diagonal."""
    return _shape.diag_embed(input.reshape(-1), offset)


@both
def as_strided(input: Tensor, size: Sequence[int], stride: Sequence[int], storage_offset: int | None = None) -> Tensor:
    """Any view of the memory, given by sizes and steps in elements."""
    length, whole, _ = places(input._data, input._data)
    memory = np.lib.stride_tricks.as_strided(input._data, (length,), (input._data.itemsize,))[storage_offset or 0 :]
    width = input._data.itemsize
    data = np.lib.stride_tricks.as_strided(memory, tuple(size), [step * width for step in stride])
    at = np.lib.stride_tricks.as_strided(
        np.arange(length)[storage_offset or 0 :], tuple(size), [step * 8 for step in stride]
    )

    def backward(g: np.ndarray) -> np.ndarray:
        flat = np.zeros(length, g.dtype)
        np.add.at(flat, at, g)
        return flat[whole]

    return view_of(input, data, "AsStrided0", backward)


@both
def select_scatter(input: Tensor, src: Tensor, dim: int, index: int) -> Tensor:
    """A copy with one place of a dimension replaced."""
    out = input.clone()
    out.select(dim, index).copy_(src)
    return out


@both
def slice_scatter(
    input: Tensor, src: Tensor, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1
) -> Tensor:
    """A copy with a range of a dimension replaced."""
    out = input.clone()
    out[(slice(None),) * axis_of(dim, input.ndim) + (slice(start, end, step),)] = src
    return out


@both
def diagonal_scatter(input: Tensor, src: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """A copy with the diagonal replaced."""
    out = input.clone()
    out.diagonal(offset, dim1, dim2).copy_(src)
    return out


@function
def unravel_index(indices: Tensor, shape: Any) -> tuple[Tensor, ...]:
    """Positions of flat indices, one tensor for each dimension."""
    sizes = (shape,) if isinstance(shape, int) else tuple(shape)
    places = np.unravel_index(indices._data.astype(np.intp), sizes)  # of 32 bits in a page
    return tuple(wrap(np.asarray(found, np.int64), int64) for found in places)


@both
def put(input: Tensor, index: Tensor, source: Tensor, accumulate: bool = False) -> Tensor:
    """A copy with values at flat places."""
    flat = input.reshape(-1).index_put((index.reshape(-1),), source.reshape(-1), accumulate)
    return flat.reshape(input.shape)


@method
def resize_as_(self: Tensor, the_template: Tensor, memory_format: Any = None) -> Tensor:
    """`resize_` to the shape of another."""
    return self.resize_(the_template.shape)


@method
def storage(self: Tensor) -> Any:
    """The memory that the tensor is a view of."""
    from ._utils import STORAGES

    owner = self if self._base is None else self._base
    return STORAGES[self.dtype](owner._data.ravel("K"))


@method
def untyped_storage(self: Tensor) -> Any:
    """The same, counted in bytes."""
    from ._utils import UntypedStorage

    return UntypedStorage(storage(self).memory.view(np.uint8))


@both
def nextafter(input: Tensor, other: Tensor) -> Tensor:
    """The next number in the direction of another."""
    return wrap(np.nextafter(input._data, other._data), input.dtype)


@method
def sum_to_size(self: Tensor, *size: Any) -> Tensor:
    """Summed over what broadcasting repeats."""
    shape = _shape.sizes(size)
    lead = self.ndim - len(shape)
    try:
        fits = np.broadcast_shapes(self._data.shape, shape) == self._data.shape
    except ValueError:
        fits = False
    if not fits:
        raise broadcast_error(self._data.shape, shape)
    repeated = [axis for axis in range(self.ndim) if axis < lead or (shape[axis - lead] == 1 != self.shape[axis])]
    return self.sum(repeated, True).reshape(shape) if repeated else self


@function
def range_(start: float = 0, end: float | None = None, step: float = 1, *, dtype: Any = None) -> Tensor:
    """Numbers from `start` to `end`, both included."""
    start, end = (0, start) if end is None else (start, end)
    count = math.floor((end - start) / step) + 1
    return _create.tensor([start + n * step for n in range(count)], dtype=dtype or PUBLIC["get_default_dtype"]())


# Matrices, as torch has them beside `torch.linalg`.


@both
def svd(input: Tensor, some: bool = True, compute_uv: bool = True) -> Any:
    """`U`, the singular values, and `V` (not its transpose)."""
    triple = namedtuple("svd", ["U", "S", "V"])
    u, s, vh = linalg.svd(input, not some)
    return triple(u, s, vh.mH)


@both
def qr(input: Tensor, some: bool = True) -> Any:
    """An orthogonal and a triangular factor."""
    return linalg.qr(input, "reduced" if some else "complete")


@both
def det(input: Tensor) -> Tensor:
    """The determinant."""
    return linalg.det(input)


@both
def slogdet(input: Tensor) -> Any:
    """The sign of the determinant, and the logarithm of its size."""
    return linalg.slogdet(input)


@both
def logdet(input: Tensor) -> Tensor:
    """The logarithm of the determinant; NaN where that is negative."""
    sign, size = linalg.slogdet(input)
    return _pointwise.where(sign < 0, _create.full_like(size, math.nan), size)


@both
def inverse(input: Tensor) -> Tensor:
    """The inverse."""
    return linalg.inv(input)


@both
def pinverse(input: Tensor, rcond: float = 1e-15) -> Tensor:
    """The inverse of Moore and Penrose."""
    return linalg.pinv(input, rcond=rcond)


@both
def matrix_power(input: Tensor, n: int) -> Tensor:
    """A matrix times itself."""
    return linalg.matrix_power(input, n)


@both
def matrix_exp(input: Tensor) -> Tensor:
    """The exponential of a matrix."""
    return linalg.matrix_exp(input)


@both
def cholesky(input: Tensor, upper: bool = False) -> Tensor:
    """The triangular factor."""
    return linalg.cholesky(input, upper=upper)


PUBLIC["range"] = range_
del PUBLIC["range_"]


@function
def is_same_size(input: Tensor, other: Tensor) -> bool:
    """Whether the shapes are equal."""
    return input.shape == other.shape


@function
def rsub(input: Tensor, other: Any, *, alpha: Any = 1) -> Tensor:
    """`other - alpha * input`."""
    return other - input * alpha


@function
def scalar_tensor(s: Any, *, dtype: Any = None, device: Any = None) -> Tensor:
    """A number as a tensor."""
    return _create.tensor(s, dtype=dtype or PUBLIC["get_default_dtype"](), device=device)


@function
def nuclear_norm(input: Tensor) -> Tensor:
    """The sum of the singular values."""
    return linalg.svdvals(input).sum()


in_place(
    "acosh asinh atanh deg2rad rad2deg sgn lgamma digamma sinc erfinv hypot copysign xlogy gcd lcm ldexp heaviside "
    "float_power addmv addr renorm put",
    globals(),
)
both(stft)
both(istft)
for _alias, _target in {"arccosh": acosh, "arcsinh": asinh, "arctanh": atanh}.items():
    PUBLIC[_alias] = _target
    setattr(Tensor, _alias, _target)


def __getattr__(name: str) -> Any:
    """A function under the name that it has in torch alone."""
    if name in PUBLIC:
        return PUBLIC[name]
    raise AttributeError(name)
