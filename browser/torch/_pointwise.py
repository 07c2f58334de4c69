"""Operations on each element: arithmetic, comparisons, logic and elementary functions."""

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ._core import (
    PUBLIC,
    Tensor,
    both,
    floating,
    function,
    in_place,
    is_number,
    make,
    method,
    of_array,
    scalar,
    store,
    wide,
    wrap,
)
from ._dtypes import bool_, dtype, fit, float16, get_default_dtype, result_type
from ._notice import once

SQRT_PI = math.sqrt(math.pi)


def tensor_like(value: Any) -> Any:
    """An operand as a tensor or a Python number."""
    if isinstance(value, Tensor) or is_number(value):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return of_array(np.array(value))
    raise TypeError(f"unsupported operand type: {type(value).__name__}")


def values(operand: Any, kind: dtype) -> Any:
    """An operand to compute with in a type: tensors as arrays, numbers as they are where that is exact."""
    if not isinstance(operand, Tensor):
        if kind.rank == 1:
            return np.asarray(operand).astype(kind.np)  # wraps around as in torch
        return operand
    data = operand._data
    if kind is float16:
        return data.astype(np.float32)
    return data if data.dtype is kind.np else data.astype(kind.np)


def common(a: Any, b: Any) -> tuple[Any, Any, dtype]:
    """Two operands to compute with, and the type of the result."""
    if a.__class__ is float or b.__class__ is float:  # the frequent cases first: a float tensor and a number
        tensor = b if a.__class__ is float else a
        if isinstance(tensor, Tensor) and tensor.dtype.rank == 2:
            data = wide(tensor)
            return (a, data, tensor.dtype) if tensor is b else (data, b, tensor.dtype)
    elif isinstance(a, Tensor) and isinstance(b, Tensor) and a.dtype is b.dtype:
        return wide(a), wide(b), a.dtype
    a, b = tensor_like(a), tensor_like(b)
    kind = result_type(a, b)
    return values(a, kind), values(b, kind), kind


def compute(ufunc: Any, x: Any, y: Any) -> Any:
    """Apply a NumPy function of two arguments.

    Raises:
        RuntimeError: If the shapes do not broadcast.
    """
    try:
        return ufunc(x, y)
    except ValueError:
        raise broadcast_error(np.shape(x), np.shape(y)) from None


def broadcast_error(a: tuple[int, ...], b: tuple[int, ...]) -> RuntimeError:
    """What torch says about shapes that do not broadcast."""
    for back in range(1, min(len(a), len(b)) + 1):
        if a[-back] != b[-back] and 1 not in (a[-back], b[-back]):
            return RuntimeError(
                f"The size of tensor a ({a[-back]}) must match the size of tensor b ({b[-back]}) at non-singleton "
                f"dimension {max(len(a), len(b)) - back}"
            )
    return RuntimeError(f"shapes {list(a)} and {list(b)} do not broadcast")


def tensors(*operands: Any) -> tuple[Tensor, ...]:
    """Those operands that are tensors."""
    return tuple(operand for operand in operands if isinstance(operand, Tensor))


def binary(
    label: str, ufunc: Any, a: Any, b: Any, left: Any, right: Any, reads: tuple[Any, ...] = (), divides: bool = False
) -> Tensor:
    """An operation of two operands; `left` and `right` give the gradients from `(g, x, y)`."""
    x, y, kind = common(a, b)
    if divides and kind.rank < 2:
        kind = get_default_dtype()
        x, y = values(a, kind), values(b, kind)
    out = compute(ufunc, x, y)
    first, second = isinstance(a, Tensor), isinstance(b, Tensor)
    if first and second and a.dtype.rank > 1 < b.dtype.rank:
        return make(out, kind, label, (a, b), lambda g: (left(g, x, y), right(g, x, y)), reads)
    if first and (not second or a.dtype.rank > 1):
        fixed = y  # a number, or a tensor of whole ones: nothing depends on it
        return make(out, kind, label, (a,), lambda g: (left(g, x, fixed),), reads)
    fixed = x
    return make(out, kind, label, (b,), lambda g: (right(g, fixed, y),), reads)


def conj(values: Any) -> Any:
    """The complex conjugate; a real value as it is."""
    return np.conj(values) if _is_complex(values) else values


def _is_complex(values: Any) -> bool:
    return isinstance(values, complex) or getattr(values, "dtype", np.dtype(float)).kind == "c"


def _number_first(name: str, number: Any, *tensors: Any) -> tuple[Any, ...]:
    """The arguments of `x.add_(0.1, y)`, as it was written before `alpha` and `value` had names.

    Raises:
        TypeError: The number is none.
    """
    if not is_number(number):
        raise TypeError(f"{name}() takes a number, and then tensors, where it is given {len(tensors) + 1} arguments")
    once(f"{name}(number, tensor)", "this order of arguments is deprecated, give the number a name")
    return number, *tensors


@both
def add(input: Any, other: Any, _last: Any = None, *, alpha: Any = 1) -> Tensor:
    """`input + alpha * other`."""
    if _last is not None:
        alpha, other = _number_first("add", other, _last)
    if alpha != 1:
        other = mul(other, alpha) if isinstance(other, Tensor) else other * alpha
    return binary("Add0", np.add if not _both_bool(input, other) else np.logical_or, input, other, _g, _g)


@both
def sub(input: Any, other: Any, _last: Any = None, *, alpha: Any = 1) -> Tensor:
    """`input - alpha * other`."""
    if _last is not None:
        alpha, other = _number_first("sub", other, _last)
    if alpha != 1:
        other = mul(other, alpha) if isinstance(other, Tensor) else other * alpha
    if any(isinstance(one, Tensor) and one.dtype is bool_ for one in (input, other)):
        raise RuntimeError(
            "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying to invert a mask, "
            "use the `~` or `logical_not()` operator instead."
        )
    return binary("Sub0", np.subtract, input, other, _g, lambda g, x, y: -g)


@both
def mul(input: Any, other: Any) -> Tensor:
    """`input * other`."""
    reads = (input, other) if isinstance(input, Tensor) and isinstance(other, Tensor) else ()
    return binary("Mul0", np.multiply, input, other, lambda g, x, y: g * conj(y), lambda g, x, y: g * conj(x), reads)


@both
def div(input: Any, other: Any, *, rounding_mode: str | None = None) -> Tensor:
    """`input / other`, rounded down (`floor`) or towards zero (`trunc`) where asked."""
    if rounding_mode in ("floor", "trunc"):
        ufunc = np.floor_divide if rounding_mode == "floor" else lambda x, y: np.trunc(np.true_divide(x, y))
        return binary("Div2", ufunc, input, other, lambda g, x, y: g * 0, lambda g, x, y: g * 0)
    if rounding_mode is not None:
        raise RuntimeError(
            f"div expected rounding_mode to be one of None, 'trunc', or 'floor' but found '{rounding_mode}'"
        )
    reads = tensors(input, other) if isinstance(other, Tensor) else ()
    return binary(
        "Div0",
        np.true_divide,
        input,
        other,
        lambda g, x, y: g / conj(y),
        lambda g, x, y: g * conj(-x / (y * y)),
        reads,
        divides=True,
    )


@both
def pow(input: Any, exponent: Any) -> Tensor:
    """`input ** exponent`."""
    if is_number(exponent) and isinstance(input, Tensor):
        return _power(input, exponent)
    return binary("Pow1", np.power, input, exponent, _power_left, _power_right, tensors(input, exponent))


def _power(input: Tensor, n: Any) -> Tensor:
    """A power with a number."""
    if input.dtype.rank == 1 and isinstance(n, int) and n < 0:
        raise RuntimeError("Integers to negative integer powers are not allowed.")
    x, n, kind = common(input, n)
    if n == 2:
        out = np.multiply(x, x)
    else:
        out = np.sqrt(x) if n == 0.5 else np.power(x, n)
    return make(out, kind, "Pow0", (input,), lambda g: (g * conj(_power_left(1, x, n)),), (input,))


def _power_left(g: Any, x: Any, n: Any) -> Any:
    slope = n * np.power(x, n - 1)
    return g * (slope if is_number(n) and n != 0 else np.where(n == 0, 0, slope))


def _power_right(g: Any, x: Any, n: Any) -> Any:
    with np.errstate(all="ignore"):
        return g * np.where((x == 0) & (n >= 0), 0, np.power(x, n) * np.log(x))


@both
def floor_divide(input: Any, other: Any) -> Tensor:
    """`input / other` rounded down."""
    x, y, kind = common(input, other)
    if kind.rank == 1 and np.any(np.equal(y, 0)):
        raise RuntimeError("ZeroDivisionError")

    def backward(g: Any) -> Any:
        raise RuntimeError("derivative for aten::floor_divide is not implemented")

    return make(compute(np.floor_divide, x, y), kind, "FloorDivide0", tensors(input, other), backward)


@both
def remainder(input: Any, other: Any) -> Tensor:
    """What is left of a division rounded down; its sign is that of `other`."""
    _, y, kind = common(input, other)
    if kind.rank == 1 and np.any(np.equal(y, 0)):
        raise RuntimeError("ZeroDivisionError")
    return binary("Remainder0", np.remainder, input, other, _g, lambda g, x, y: -g * np.floor(x / y), tensors(other))


@both
def fmod(input: Any, other: Any) -> Tensor:
    """What is left of a division rounded towards zero; its sign is that of `input`."""
    return binary("Fmod0", np.fmod, input, other, _g, lambda g, x, y: -g * np.trunc(x / y), tensors(other))


def _g(g: Any, x: Any, y: Any) -> Any:
    return g


def _both_bool(a: Any, b: Any) -> bool:
    return all(isinstance(one, bool) or (isinstance(one, Tensor) and one.dtype is bool_) for one in (a, b))


def _half(condition: Any, tie: Any) -> Any:
    """1 where the condition holds, a half at ties, as torch shares the gradient of equals."""
    return np.where(tie, 0.5, condition)


@both
def maximum(input: Tensor, other: Tensor) -> Tensor:
    """The larger of two."""
    return binary(
        "Maximum0",
        np.maximum,
        input,
        other,
        lambda g, x, y: g * _half(x > y, x == y),
        lambda g, x, y: g * _half(y > x, x == y),
        (input, other),
    )


@both
def minimum(input: Tensor, other: Tensor) -> Tensor:
    """The smaller of two."""
    return binary(
        "Minimum0",
        np.minimum,
        input,
        other,
        lambda g, x, y: g * _half(x < y, x == y),
        lambda g, x, y: g * _half(y < x, x == y),
        (input, other),
    )


@both
def atan2(input: Tensor, other: Tensor) -> Tensor:
    """The angle of the point `(other, input)`."""
    return binary(
        "Atan20",
        np.arctan2,
        input,
        other,
        lambda g, x, y: g * y / (x * x + y * y),
        lambda g, x, y: -g * x / (x * x + y * y),
        (input, other),
        divides=True,
    )


def log_of_both(x: Any, y: Any) -> Any:
    """`logaddexp` of arrays."""
    if not (_is_complex(x) or _is_complex(y)):
        return np.logaddexp(x, y)
    less = np.real(x) < np.real(y)
    small, large = np.where(less, x, y), np.where(less, y, x)
    return np.log1p(np.exp(small - large)) + large


@both
def logaddexp(input: Tensor, other: Tensor) -> Tensor:
    """`log(exp(input) + exp(other))` without overflow."""
    return binary(
        "Logaddexp0",
        log_of_both,
        input,
        other,
        lambda g, x, y: g * conj(np.exp(x - log_of_both(x, y))),
        lambda g, x, y: g * conj(np.exp(y - log_of_both(x, y))),
        (input, other),
    )


# Comparisons and logic: no gradient.


def _compare(name: str, ufunc: Any) -> Callable[[Any, Any], Tensor]:
    def compare(input: Any, other: Any) -> Tensor:
        x, y, _ = common(input, other)
        return wrap(np.asarray(compute(ufunc, x, y)), bool_)

    compare.__name__ = name
    return both(compare)


eq, ne = _compare("eq", np.equal), _compare("ne", np.not_equal)
lt, le = _compare("lt", np.less), _compare("le", np.less_equal)
gt, ge = _compare("gt", np.greater), _compare("ge", np.greater_equal)
logical_and, logical_or = _compare("logical_and", np.logical_and), _compare("logical_or", np.logical_or)
logical_xor = _compare("logical_xor", np.logical_xor)


@both
def logical_not(input: Tensor) -> Tensor:
    """True where zero."""
    return wrap(np.asarray(np.logical_not(input._data)), bool_)


def _bitwise(name: str, ufunc: Any) -> Callable[[Any, Any], Tensor]:
    def bitwise(input: Any, other: Any) -> Tensor:
        x, y, kind = common(input, other)
        if kind.rank > 1:
            raise RuntimeError(f"\"{name}_cpu\" not implemented for '{kind.title}'")
        return make(compute(ufunc, x, y), kind, "Bitwise0", (), lambda g: ())

    bitwise.__name__ = name
    return both(bitwise)


bitwise_and, bitwise_or = _bitwise("bitwise_and", np.bitwise_and), _bitwise("bitwise_or", np.bitwise_or)
bitwise_xor = _bitwise("bitwise_xor", np.bitwise_xor)
bitwise_left_shift = _bitwise("bitwise_left_shift", np.left_shift)
bitwise_right_shift = _bitwise("bitwise_right_shift", np.right_shift)


@both
def bitwise_not(input: Tensor) -> Tensor:
    """Every bit the other way round."""
    if input.dtype.rank > 1:
        raise TypeError("~ (operator.invert) is only implemented on integer and Boolean-type tensors")
    return wrap(np.asarray(np.invert(input._data)), input.dtype)


# Functions of one tensor.


def unary(name: str, compute: Any, slope: Any, reads: str = "x", exact: bool = False) -> Callable[[Tensor], Tensor]:
    """Make a function of one tensor.

    Args:
        name: Its name.
        compute: The NumPy function.
        slope: The derivative from `(x, y)`, input and result.
        reads: Whether the derivative reads `x` or `y`, or nothing.
        exact: Whether integers stay integers.
    """
    label = "".join(part.capitalize() for part in name.split("_")) + "0"

    def apply(input: Tensor) -> Tensor:
        x, kind = (wide(input), input.dtype) if exact else floating(input)
        y = np.asarray(compute(x))
        saved = (input,) if reads == "x" else ()
        return make(y, kind, label, (input,), lambda g: (g * conj(slope(x, y)),), saved, reads == "y")

    apply.__name__ = name
    apply.__doc__ = f"`{name}` of each element."
    return apply


def _unary(name: str, compute: Any, slope: Any, reads: str = "x", exact: bool = False) -> Callable[[Tensor], Tensor]:
    """Make a function of it, and a method."""
    return both(unary(name, compute, slope, reads, exact))


def _sigmoid(x: Any) -> Any:
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + small), small / (1 + small)).astype(x.dtype)


exp = _unary("exp", np.exp, lambda x, y: y, "y")
exp2 = _unary("exp2", np.exp2, lambda x, y: y * math.log(2), "y")
expm1 = _unary("expm1", np.expm1, lambda x, y: y + 1, "y")
log = _unary("log", np.log, lambda x, y: 1 / x)
log2 = _unary("log2", np.log2, lambda x, y: 1 / (x * math.log(2)))
log10 = _unary("log10", np.log10, lambda x, y: 1 / (x * math.log(10)))
log1p = _unary("log1p", np.log1p, lambda x, y: 1 / (x + 1))
sqrt = _unary("sqrt", np.sqrt, lambda x, y: 0.5 / y, "y")
rsqrt = _unary("rsqrt", lambda x: 1 / np.sqrt(x), lambda x, y: -0.5 * y * y * y, "y")
reciprocal = _unary("reciprocal", lambda x: 1 / x, lambda x, y: -y * y, "y")
sin = _unary("sin", np.sin, lambda x, y: np.cos(x))
cos = _unary("cos", np.cos, lambda x, y: -np.sin(x))
tan = _unary("tan", np.tan, lambda x, y: 1 + y * y, "y")
asin = _unary("asin", np.arcsin, lambda x, y: 1 / np.sqrt(1 - x * x))
acos = _unary("acos", np.arccos, lambda x, y: -1 / np.sqrt(1 - x * x))
atan = _unary("atan", np.arctan, lambda x, y: 1 / (1 + x * x))
sinh = _unary("sinh", np.sinh, lambda x, y: np.cosh(x))
cosh = _unary("cosh", np.cosh, lambda x, y: np.sinh(x))
tanh = _unary("tanh", np.tanh, lambda x, y: 1 - y * y, "y")
sigmoid = _unary("sigmoid", _sigmoid, lambda x, y: y * (1 - y), "y")
neg = _unary("neg", np.negative, lambda x, y: -1, "", exact=True)
square = _unary("square", np.square, lambda x, y: 2 * x, exact=True)
relu = _unary("relu", lambda x: np.maximum(x, 0), lambda x, y: y > 0, "y", exact=True)
sign = _unary("sign", lambda x: np.nan_to_num(np.sign(x)), lambda x, y: 0, "", exact=True)
floor = _unary("floor", np.floor, lambda x, y: 0, "", exact=True)
ceil = _unary("ceil", np.ceil, lambda x, y: 0, "", exact=True)
trunc = _unary("trunc", np.trunc, lambda x, y: 0, "", exact=True)
frac = _unary("frac", lambda x: x - np.trunc(x), lambda x, y: 1, "", exact=True)


@both
def abs(input: Tensor) -> Tensor:
    """The absolute value."""
    x = wide(input)
    return make(np.abs(x), input.dtype.to_real(), "Abs0", (input,), lambda g: (g * np.sign(x),), (input,))


@both
def round(input: Tensor, *, decimals: int = 0) -> Tensor:
    """To the nearest integer (or decimal), ties to even."""
    out = np.round(wide(input), decimals)
    return make(out, input.dtype, "Round0", (input,), lambda g: (g * 0,))


def _conj_node(input: Tensor) -> Tensor:
    """The complex conjugate; a real tensor as it is."""
    if not input.dtype.is_complex:
        return input
    return make(np.conj(input._data), input.dtype, "Conj0", (input,), lambda g: (np.conj(g),))


_conj_node.__name__ = "conj"
both(_conj_node)


@functools.cache
def _erf_table() -> tuple[np.ndarray, np.ndarray]:
    """erf at multiples of 1/64 up to 6, beyond which it is 1 in float64."""
    points = np.arange(6 * 64 + 1) / 64
    return points, np.array([math.erf(point) for point in points])


def erf_values(x: np.ndarray) -> np.ndarray:
    """The error function: the nearest value of a table and 8 terms of the Taylor series around it.

    With `f = erf`, `f' = 2/√π e^(-x²)` and `f⁽ⁿ⁺²⁾ = -2x f⁽ⁿ⁺¹⁾ - 2n f⁽ⁿ⁾` for n ≥ 1; the step is at most 1/128.
    """
    points, table = _erf_table()
    size = np.minimum(np.abs(x.astype(np.float64)), 6.0)
    index = np.nan_to_num(np.rint(size * 64)).astype(np.int64)
    at = points[index]
    step = size - at
    before, slope = 0.0, 2 / SQRT_PI * np.exp(-at * at)
    total, term = table[index], step
    for n in range(1, 9):
        total = total + slope * term
        before, slope = slope, -2 * at * slope - 2 * (n - 1) * before
        term = term * step / (n + 1)
    return np.copysign(total, x).astype(x.dtype)


# A quotient of polynomials of x², as Eigen has it; within 2e-7 of erf.
ERF_ABOVE = (
    -2.72614225801306e-10, 2.77068142495902e-08, -2.10102402082508e-06, -5.69250639462346e-05, -7.34990630326855e-04,
    -2.95459980854025e-03, -1.60960333262415e-02,
)  # fmt: skip
ERF_BELOW = (
    -1.45660718464996e-05, -2.13374055278905e-04, -1.68282697438203e-03, -7.37332916720468e-03, -1.42647390514189e-02,
)  # fmt: skip
BLOCK = 1 << 14  # numbers that stay in the processor's cache through all the steps


def quick_erf(x: np.ndarray) -> np.ndarray:
    """The error function of float32 to its own precision, in blocks; of other types exactly."""
    if (erf := getattr(x, "erf", None)) is not None:  # see _twice.py
        return erf()
    if x.dtype != np.float32:
        return erf_values(x)
    out = np.empty_like(x) if 0 not in x.strides else np.empty(x.shape, np.float32)  # lies in memory as `x` does
    given, found = x.ravel("K" if out.strides == x.strides else "C"), out.ravel("K")
    for start in range(0, given.size, BLOCK):
        part = np.clip(given[start : start + BLOCK], np.float32(-4), np.float32(4))
        square = part * part
        above, below = (_horner(square, terms) for terms in (ERF_ABOVE, ERF_BELOW))
        np.multiply(part, above, out=part)
        np.divide(part, below, out=found[start : start + BLOCK])
    return out


def _horner(x: np.ndarray, terms: tuple[float, ...]) -> np.ndarray:
    """A polynomial, the highest power first."""
    total = x * np.float32(terms[0])
    total += np.float32(terms[1])
    for term in terms[2:]:
        total *= x
        total += np.float32(term)
    return total


erf = _unary("erf", quick_erf, lambda x, y: 2 / SQRT_PI * np.exp(-x * x))
erfc = _unary("erfc", lambda x: 1 - erf_values(x), lambda x, y: -2 / SQRT_PI * np.exp(-x * x))


@both
def logit(input: Tensor, eps: float | None = None) -> Tensor:
    """`log(p / (1 - p))`."""
    if eps is not None:
        input = clamp(input, eps, 1 - eps)
    x, kind = floating(input)
    return make(np.log(x / (1 - x)), kind, "Logit0", (input,), lambda g: (g / (x * (1 - x)),), (input,))


@both
def clamp(input: Tensor, min: Any = None, max: Any = None) -> Tensor:
    """Values no smaller than `min` and no larger than `max`."""
    if min is None and max is None:
        raise RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None")
    kind = result_type(input, *(one for one in (min, max) if one is not None))
    x, inside, out = values(input, kind), True, values(input, kind)
    for limit, pick, keeps in ((min, np.maximum, np.greater_equal), (max, np.minimum, np.less_equal)):
        if limit is not None:
            bound = values(tensor_like(limit), kind)
            inside, out = inside & compute(keeps, x, bound), compute(pick, out, bound)
    limits = tensors(min, max)
    if any(limit.requires_grad for limit in limits):
        raise NotImplementedError(
            "the gradient of clamp's limits is not in the browser's torch; use maximum and minimum"
        )
    return make(out, kind, "Clamp0" if limits else "Clamp1", (input,), lambda g: (g * inside,), (input,))


@both
def clamp_min(input: Tensor, min: Any) -> Tensor:
    """Values no smaller than `min`."""
    return clamp(input, min=min)


@both
def clamp_max(input: Tensor, max: Any) -> Tensor:
    """Values no larger than `max`."""
    return clamp(input, max=max)


@function
def where(condition: Tensor, input: Any = None, other: Any = None) -> Any:
    """`input` where the condition holds, else `other`; the indices where it holds, if no more is given."""
    if input is None:
        return condition.nonzero(as_tuple=True)
    if condition.dtype is not bool_:
        raise RuntimeError(
            f"where expected condition to be a boolean tensor, but got a tensor with dtype {condition.dtype}"
        )
    x, y, kind = common(input, other)
    chosen = condition._data
    try:
        out = np.where(chosen, x, y)
    except ValueError:
        shapes = [np.shape(one) for one in (x, y, chosen) if np.shape(one)]
        for first, second in zip(shapes, shapes[1:] + shapes[:1], strict=True):
            error = broadcast_error(first, second)
            if "do not" not in str(error):
                break
        raise error from None
    fixed = out.dtype.type(0) if kind.rank > 1 else 0
    inputs = tensors(input, other)
    firsts = [first for first, one in ((True, input), (False, other)) if isinstance(one, Tensor)]

    def backward(g: np.ndarray) -> list[Any]:
        return [np.where(chosen, g, fixed) if first else np.where(chosen, fixed, g) for first in firsts]

    return make(out, kind, "Where0", inputs, backward)


def _where(self: Tensor, condition: Tensor, other: Any) -> Any:
    """This tensor where the condition holds, else `other`: as a method it takes its arguments in another order."""
    return where(condition, self, other)


Tensor.where = _where  # type: ignore[attr-defined]


@both
def lerp(input: Tensor, end: Tensor, weight: Any) -> Tensor:
    """`input + weight * (end - input)`."""
    return add(input, mul(sub(end, input), weight))


@both
def addcmul(input: Tensor, tensor1: Tensor, tensor2: Tensor, _last: Any = None, *, value: Any = 1) -> Tensor:
    """`input + value * tensor1 * tensor2`."""
    if _last is not None:
        value, tensor1, tensor2 = _number_first("addcmul", tensor1, tensor2, _last)
    return add(input, mul(mul(tensor1, tensor2), value))


@both
def addcdiv(input: Tensor, tensor1: Tensor, tensor2: Tensor, _last: Any = None, *, value: Any = 1) -> Tensor:
    """`input + value * tensor1 / tensor2`."""
    if _last is not None:
        value, tensor1, tensor2 = _number_first("addcdiv", tensor1, tensor2, _last)
    return add(input, mul(div(tensor1, tensor2), value))


@both
def nan_to_num(input: Tensor, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Tensor:
    """Numbers in place of NaN and the infinities."""
    x = input._data
    out = np.nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf)
    return make(out, input.dtype, "NanToNum0", (input,), lambda g: (g * np.isfinite(x),), (input,))


def _test(name: str, compute: Any) -> Callable[[Tensor], Tensor]:
    def apply(input: Tensor) -> Tensor:
        return wrap(np.asarray(compute(input._data)), bool_)

    apply.__name__ = name
    return both(apply)


isnan, isinf, isfinite = _test("isnan", np.isnan), _test("isinf", np.isinf), _test("isfinite", np.isfinite)
isposinf, isneginf = _test("isposinf", lambda x: x == np.inf), _test("isneginf", lambda x: x == -np.inf)
signbit = _test("signbit", np.signbit)


@both
def isclose(input: Tensor, other: Tensor, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Tensor:
    """Where `|input - other| <= atol + rtol * |other|`."""
    if input.dtype is not other.dtype:
        raise RuntimeError(f"{input.dtype} did not match {other.dtype}")
    x, y = wide(input), wide(other)
    with np.errstate(all="ignore"):
        out = np.equal(x, y) | (np.isfinite(y) & np.isfinite(x) & (np.abs(x - y) <= atol + np.abs(rtol * y)))
    return wrap(np.asarray(out | (np.isnan(x) & np.isnan(y)) if equal_nan else out), bool_)


@both
def allclose(input: Tensor, other: Tensor, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> bool:
    """Whether `isclose` holds everywhere."""
    return bool(isclose(input, other, rtol, atol, equal_nan)._data.all())


@both
def equal(input: Tensor, other: Tensor) -> bool:
    """Whether shapes and all elements are the same."""
    return input._data.shape == other._data.shape and bool(np.all(input._data == other._data))


@function
def is_floating_point(input: Tensor) -> bool:
    """Whether the type is a floating-point one."""
    return input.dtype.is_floating_point


Tensor.is_floating_point = is_floating_point


@both
def is_complex(input: Tensor) -> bool:
    """Whether the type is complex."""
    return input.dtype.is_complex


def _fake_quantized(input: Tensor, scale: Any, zero: Any, low: int, high: int) -> Tensor:
    """Rounded to whole steps within limits, and back; the gradient passes where nothing was cut."""
    x = wide(input)
    steps = np.rint(x * (1 / scale)) + zero
    inside = (steps >= low) & (steps <= high)
    out = (np.clip(steps, low, high) - zero) * scale
    return make(out, input.dtype, "FakeQuantize0", (input,), lambda g: (g * inside,))


@function
def fake_quantize_per_tensor_affine(
    input: Tensor, scale: Any, zero_point: Any, quant_min: int, quant_max: int
) -> Tensor:
    """Whole steps of one size, and back."""
    values = (np.asarray(getattr(one, "_data", one), np.float32) for one in (scale, zero_point))
    return _fake_quantized(input, *values, quant_min, quant_max)


@function
def fake_quantize_per_channel_affine(
    input: Tensor, scale: Tensor, zero_point: Tensor, axis: int, quant_min: int, quant_max: int
) -> Tensor:
    """Whole steps of a size for each place of one dimension, and back."""
    side = [-1 if place == axis else 1 for place in range(input.ndim)]
    values = (one._data.astype(np.float32).reshape(side) for one in (scale, zero_point))
    return _fake_quantized(input, *values, quant_min, quant_max)


# Operators.


def _operator(compute: Callable[..., Any], swap: bool = False) -> Callable[[Any, Any], Any]:
    def apply(self: Tensor, other: Any) -> Any:
        if not isinstance(other, (Tensor, bool, int, float, complex, np.generic, np.ndarray)):
            return NotImplemented
        return compute(other, self) if swap else compute(self, other)

    return apply


_OPERATORS = {
    "add": add,
    "sub": sub,
    "mul": mul,
    "truediv": div,
    "floordiv": floor_divide,
    "mod": remainder,
    "pow": pow,
    "and": bitwise_and,
    "or": bitwise_or,
    "xor": bitwise_xor,
    "lshift": bitwise_left_shift,
    "rshift": bitwise_right_shift,
}
for _name, _compute in _OPERATORS.items():
    setattr(Tensor, f"__{_name}__", _operator(_compute))
    setattr(Tensor, f"__r{_name}__", _operator(_compute, swap=True))
for _name, _compute in {"eq": eq, "ne": ne, "lt": lt, "le": le, "gt": gt, "ge": ge}.items():
    setattr(Tensor, f"__{_name}__", _operator(_compute))
Tensor.__neg__, Tensor.__abs__, Tensor.__invert__ = neg, abs, bitwise_not
Tensor.__pos__ = lambda self: self


@method
def copy_(self: Tensor, src: Any, non_blocking: bool = False) -> Tensor:
    """Store the values of another tensor, broadcast and converted."""
    source = src if isinstance(src, Tensor) else of_array(np.array(src))
    if source._data.shape != self._data.shape:
        shape, given = self._data.shape, source._data.shape
        if len(given) > len(shape):
            raise RuntimeError(f"output with shape {list(shape)} doesn't match the broadcast shape {list(given)}")
        try:
            source = source.expand(shape)
        except RuntimeError:
            raise broadcast_error(shape, given) from None
    if source.dtype is not self.dtype:
        source = source.to(self.dtype)
    return store(self, source)


@method
def fill_(self: Tensor, value: Any) -> Tensor:
    """Store one value everywhere."""
    if isinstance(value, Tensor):
        return copy_(self, value)
    return store(self, wrap(np.broadcast_to(fit_scalar(value, self.dtype), self._data.shape), self.dtype))


def fit_scalar(value: Any, kind: dtype) -> np.ndarray:
    """A number as an array of a type; bfloat16 rounded."""
    value = scalar(value)
    if kind.rank == 1 and isinstance(value, float):
        value = int(value)
    return fit(np.asarray(value).astype(np.float32 if kind.rank == 2 and kind.np != np.float64 else kind.np), kind)


@method
def zero_(self: Tensor) -> Tensor:
    """Store zeros."""
    return fill_(self, 0)


in_place(
    "add sub mul div pow floor_divide remainder fmod clamp clamp_min clamp_max exp expm1 log log2 log1p sqrt rsqrt "
    "reciprocal sin cos tanh sigmoid neg square relu sign floor ceil trunc abs round erf lerp addcmul addcdiv "
    "nan_to_num eq ne lt le gt ge logical_and logical_or logical_xor logical_not bitwise_and bitwise_or bitwise_xor "
    "bitwise_not bitwise_left_shift bitwise_right_shift tan asin acos atan sinh cosh exp2 log10 erfc frac logit atan2",
    globals(),
)
for (
    _name
) in "exp log sqrt sin cos tanh sigmoid neg relu floor ceil round abs clamp square reciprocal rsqrt erf".split():
    PUBLIC[f"{_name}_"] = getattr(Tensor, f"{_name}_")
Tensor.clip_ = Tensor.clamp_
for _name in ("add", "sub", "mul", "pow"):
    setattr(Tensor, f"__i{_name}__", getattr(Tensor, f"{_name}_"))
Tensor.__itruediv__, Tensor.__ifloordiv__ = Tensor.div_, Tensor.floor_divide_
Tensor.__iand__, Tensor.__ior__, Tensor.__ixor__ = Tensor.bitwise_and_, Tensor.bitwise_or_, Tensor.bitwise_xor_

for _alias, _target in {
    "multiply": mul, "subtract": sub, "divide": div, "true_divide": div, "negative": neg, "absolute": abs,
    "clip": clamp, "greater": gt, "less": lt, "greater_equal": ge, "less_equal": le, "not_equal": ne,
    "arctan": atan, "arcsin": asin, "arccos": acos, "arctan2": atan2, "fix": trunc,
}.items():  # fmt: skip
    PUBLIC[_alias] = _target
    setattr(Tensor, _alias, _target)
    setattr(Tensor, f"{_alias}_", getattr(Tensor, f"{_target.__name__}_"))
