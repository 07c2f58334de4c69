"""Products of matrices, and the little linear algebra that the snippets' tests use."""

import math
import sys
from typing import Any

import numpy as np

from . import _kernel
from ._core import Tensor, both, function, in_place, make, wide
from ._dtypes import dtype

WITHOUT_BLAS = sys.platform == "emscripten"


def _same_type(a: Tensor, b: Tensor, what: str) -> None:
    if a.dtype is not b.dtype:
        names = {
            "float32": "float",
            "float64": "double",
            "int64": "long int",
            "float16": "c10::Half",
            "bfloat16": "c10::BFloat16",
            "int32": "int",
        }
        first, second = (names.get(kind.name, kind.name) for kind in (a.dtype, b.dtype))
        raise RuntimeError(f"expected {what} to have the same dtype, but got: {first} != {second}")


class Cast:
    """The type that products are computed in, inside `torch.autocast`; None outside."""

    kind: dtype | None = None


def lowered(*tensors: Any) -> tuple[Any, ...]:
    """The factors of a product in the type of `torch.autocast`."""
    kind = Cast.kind
    return tuple(
        one.to(kind) if one is not None and one.dtype.rank == 2 and one.dtype.itemsize <= 4 else one for one in tensors
    )


def _flat(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The product of two matrices; where NumPy has no BLAS by our own kernel, or by `einsum`, its fastest loop
    there."""
    if not WITHOUT_BLAS or x.dtype.kind != "f" or not isinstance(x, np.ndarray) or not isinstance(y, np.ndarray):
        return np.matmul(x, y)
    return _kernel.product(x, y) if _kernel.fits(x, y) else np.einsum("ij,jk->ik", x, y)


def _stacks(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The products of two stacks of matrices."""
    arrays = isinstance(x, np.ndarray) and isinstance(y, np.ndarray)
    if WITHOUT_BLAS and arrays and x.ndim > 2 and y.ndim > 2 and _kernel.fits(x, y):
        return _kernel.products(x, y)
    return np.matmul(x, y)


def product(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """`x @ y`; a stack of matrices times one matrix as a single product."""
    if y.ndim == 2 and x.ndim > 1:
        return _flat(x if x.ndim == 2 else _rows(x), y).reshape(*x.shape[:-1], y.shape[-1])
    return _stacks(x, y)


def _rows(x: np.ndarray) -> np.ndarray:
    """A stack of matrices as one; a vector as one row."""
    return x.reshape(math.prod(x.shape[:-1]), x.shape[-1])


def _flip(x: np.ndarray) -> np.ndarray:
    return np.conj(x.swapaxes(-1, -2)) if x.dtype.kind == "c" else x.swapaxes(-1, -2)


@both
def matmul(input: Tensor, other: Tensor) -> Tensor:
    """The product of matrices, or stacks of them, or vectors."""
    if not isinstance(other, Tensor):
        raise TypeError(f"matmul(): argument 'other' (position 2) must be Tensor, not {type(other).__name__}")
    if Cast.kind is not None:
        input, other = lowered(input, other)
    x, y = wide(input), wide(other)
    _check(x.shape, y.shape)
    _same_type(input, other, "m1 and m2")
    out = product(x, y)

    def backward(g: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        left, right = x[None] if x.ndim == 1 else x, y[:, None] if y.ndim == 1 else y
        g = g[..., None] if y.ndim == 1 else g
        g = np.expand_dims(g, -2) if x.ndim == 1 else g
        first, second = product(g, _flip(right)), _second(g, left, right)
        if x.ndim == 1:
            first = _rows(first).sum(axis=0)
        return first, second[..., 0] if y.ndim == 1 else second

    return make(out, input.dtype, _label(x, y), (input, other), backward, (input, other))


def _second(g: np.ndarray, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The gradient of the second factor; of one matrix for a whole stack in a single product."""
    if right.ndim == 2:
        return _flat(_flip(_rows(left)), _rows(g))
    return _stacks(_flip(left), g)


def _label(x: np.ndarray, y: np.ndarray) -> str:
    if x.ndim == y.ndim == 1:
        return "Dot0"
    if x.ndim == 1 or y.ndim == 1:
        return "Mv0" if x.ndim == 2 else "Squeeze4" if x.ndim == 1 else "UnsafeView0"
    return "Mm0" if x.ndim == y.ndim == 2 else "UnsafeView0"


def _check(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    """Raise what torch raises where shapes do not fit."""
    if not a or not b:
        raise RuntimeError(f"both arguments to matmul need to be at least 1D, but they are {len(a)}D and {len(b)}D")
    inner = b[-2] if len(b) > 1 else b[0]
    if a[-1] != inner:
        if len(a) == len(b) == 1:
            raise RuntimeError(
                f"inconsistent tensor size, expected tensor [{a[0]}] and src [{b[0]}] to have the same number of "
                f"elements, but got {a[0]} and {b[0]} elements respectively"
            )
        if len(b) == 1:
            raise RuntimeError(f"size mismatch, got input ({a[-2]}), mat ({a[-2]}x{a[-1]}), vec ({b[0]})")
        if len(b) == 2:
            rows = int(np.prod(a[:-1])) if len(a) > 1 else 1
            raise RuntimeError(f"mat1 and mat2 shapes cannot be multiplied ({rows}x{a[-1]} and {b[0]}x{b[1]})")
        raise RuntimeError(
            f"Expected size for first two dimensions of batch2 tensor to be: {[b[0], a[-1]]} but got: {[b[0], b[-2]]}."
        )
    for one, two in zip(a[-3::-1], b[-3::-1], strict=False):
        if one != two and 1 not in (one, two):
            back = len(a) - 3 - a[-3::-1].index(one)
            raise RuntimeError(
                f"The size of tensor a ({one}) must match the size of tensor b ({two}) at non-singleton "
                f"dimension {back}"
            )


Tensor.__matmul__ = lambda self, other: matmul(self, other) if isinstance(other, Tensor) else NotImplemented


@both
def mm(input: Tensor, mat2: Tensor) -> Tensor:
    """The product of two matrices."""
    if input.ndim != 2 or mat2.ndim != 2:
        raise RuntimeError("self must be a matrix" if input.ndim != 2 else "mat2 must be a matrix")
    return matmul(input, mat2)


@both
def bmm(input: Tensor, mat2: Tensor) -> Tensor:
    """The products of two stacks of matrices."""
    if input.ndim != 3 or mat2.ndim != 3:
        raise RuntimeError(f"batch{1 if input.ndim != 3 else 2} must be a 3D tensor")
    if input._data.shape[0] != mat2._data.shape[0]:
        raise RuntimeError(
            f"Expected size for first two dimensions of batch2 tensor to be: {[input.shape[0], input.shape[2]]} but "
            f"got: {list(mat2.shape[:2])}."
        )
    return matmul(input, mat2)


@both
def mv(input: Tensor, vec: Tensor) -> Tensor:
    """A matrix times a vector."""
    return matmul(input, vec)


@both
def dot(input: Tensor, tensor: Tensor) -> Tensor:
    """The sum of the products of two vectors."""
    if input.ndim != 1 or tensor.ndim != 1:
        raise RuntimeError(f"1D tensors expected, but got {input.ndim}D and {tensor.ndim}D tensors")
    return matmul(input, tensor)


@both
def outer(input: Tensor, vec2: Tensor) -> Tensor:
    """Every element of one vector times every element of another."""
    if input.ndim != 1 or vec2.ndim != 1:
        raise RuntimeError(f"outer: Expected 1-D argument self, but got {max(input.ndim, vec2.ndim)}-D")
    return input[:, None] * vec2


@both
def addmm(input: Tensor, mat1: Tensor, mat2: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
    """`beta * input + alpha * mat1 @ mat2`."""
    return beta * input + alpha * mm(mat1, mat2)


@both
def baddbmm(input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
    """`beta * input + alpha * batch1 @ batch2`."""
    return beta * input + alpha * bmm(batch1, batch2)


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """`input @ weight.T + bias`."""
    if Cast.kind is not None:
        input, weight, bias = lowered(input, weight, bias)
    x, w = wide(input), wide(weight)
    if w.ndim != 2 or x.shape[-1:] != w.shape[1:]:
        _check(x.shape, w.T.shape)
    _same_type(input, weight, "mat1 and mat2")
    out = product(x, w.T)
    if bias is not None:
        out += wide(bias)

    def backward(g: np.ndarray) -> tuple[Any, ...]:
        flat = _rows(g)
        return product(g, w), _flat(flat.T, _rows(x)), flat.sum(axis=0)

    if bias is None:
        two = backward
        return make(
            out,
            input.dtype,
            "Mm0" if x.ndim == 2 else "UnsafeView0",
            (input, weight),
            lambda g: two(g)[:2],
            (input, weight),
        )
    return make(
        out, input.dtype, "Addmm0" if x.ndim == 2 else "View0", (input, weight, bias), backward, (input, weight)
    )


@function
def einsum(equation: str, *operands: Any) -> Tensor:
    """Products and sums named by letters: each letter is a dimension, those not in the result are summed.

    Operands are taken two at a time: dimensions are put in the order (shared and kept, own, summed), and a stack of
    matrix products does the rest.
    """
    if len(operands) == 1 and isinstance(operands[0], tuple | list):
        operands = tuple(operands[0])
    terms, result = _letters(equation.replace(" ", ""), [operand.ndim for operand in operands])
    if len(terms) != len(operands):
        raise ValueError(f"einsum(): the equation names {len(terms)} operands, {len(operands)} are given")
    sizes: dict[str, int] = {}
    pairs = []
    for term, operand in zip(terms, operands, strict=True):
        if len(term) != operand.ndim:
            raise RuntimeError(
                f"einsum(): the number of subscripts in the equation ({len(term)}) does not match the number of "
                f"dimensions ({operand.ndim}) for operand {len(pairs)} and no ellipsis was given"
            )
        for letter, size in zip(term, operand.shape, strict=True):
            if sizes.get(letter, 1) not in (1, size) and size != 1:
                raise RuntimeError(
                    f"einsum(): subscript {letter} has size {size} for operand {len(pairs)} which does not broadcast "
                    f"with previously seen size {sizes[letter]}"
                )
            sizes[letter] = max(sizes.get(letter, 1), size) if size else 0
        pairs.append(_diagonals(term, operand))
    term, out = pairs[0]
    for place, (next_term, following) in enumerate(pairs[1:], start=1):
        needed = set(result).union(*(later for later, _ in pairs[place + 1 :]))
        term, out = _joined(term, out, next_term, following, needed)
    summed = tuple(axis for axis, letter in enumerate(term) if letter not in result)
    out = out.sum(dim=summed) if summed else out
    term = "".join(letter for letter in term if letter in result)
    for letter in result:
        if letter not in term:
            raise RuntimeError(
                f"einsum(): output subscript {letter} does not appear in the equation for any input operand"
            )
    return out.permute([term.index(letter) for letter in result]) if term != result else out


def _letters(equation: str, dims: list[int]) -> tuple[list[str], str]:
    """The operands' letters and the result's, with the ellipsis spelt out in upper-case Greek."""
    left, arrow, result = equation.partition("->")
    terms = left.split(",")
    most = max(
        (ndim - len(term.replace("...", "")) for term, ndim in zip(terms, dims, strict=False) if "..." in term),
        default=0,
    )
    dots = "".join(chr(0x391 + n) for n in range(most))
    spelt = []
    for term, ndim in zip(terms, dims, strict=False):
        count = ndim - len(term.replace("...", ""))
        spelt.append(term.replace("...", dots[len(dots) - count :] if count > 0 else ""))
    spelt += terms[len(dims) :]
    if not arrow:
        letters = "".join(terms).replace("...", "")
        result = "..." + "".join(sorted(letter for letter in set(letters) if letters.count(letter) == 1))
    return spelt, result.replace("...", dots)


def _diagonals(term: str, operand: Tensor) -> tuple[str, Tensor]:
    """An operand without repeated letters."""
    for letter in term:
        while term.count(letter) > 1:
            first = term.index(letter)
            second = term.index(letter, first + 1)
            operand = operand.diagonal(0, first, second)
            term = "".join(one for axis, one in enumerate(term) if axis not in (first, second)) + letter
    return term, operand


def _joined(a: str, x: Tensor, b: str, y: Tensor, needed: set[str]) -> tuple[str, Tensor]:
    """Two operands as one, by a stack of matrix products."""
    for term, other in ((a, b), (b, a)):
        lone = [letter for letter in term if letter not in other and letter not in needed]
        if lone and term == a:
            x, a = x.sum(dim=tuple(a.index(letter) for letter in lone)), "".join(c for c in a if c not in lone)
        elif lone:
            y, b = y.sum(dim=tuple(b.index(letter) for letter in lone)), "".join(c for c in b if c not in lone)
    stack = [letter for letter in a if letter in b and letter in needed]
    inner = [letter for letter in a if letter in b and letter not in needed]
    rows, cols = [letter for letter in a if letter not in b], [letter for letter in b if letter not in a]
    sizes = {
        letter: max(x.shape[a.index(letter)] if letter in a else 1, y.shape[b.index(letter)] if letter in b else 1)
        for letter in a + b
    }

    def arranged(tensor: Tensor, term: str, groups: list[list[str]]) -> Tensor:
        order = [letter for group in groups for letter in group]
        tensor = tensor.permute([term.index(letter) for letter in order]).expand([sizes[letter] for letter in order])
        return tensor.reshape([int(np.prod([sizes[letter] for letter in group])) for group in groups])

    out = matmul(arranged(x, a, [stack, rows, inner]), arranged(y, b, [stack, inner, cols]))
    letters = stack + rows + cols
    return "".join(letters), out.reshape([sizes[letter] for letter in letters])


in_place("addmm baddbmm", globals())


@both
def kron(input: Tensor, other: Tensor) -> Tensor:
    """The Kronecker product of two matrices."""
    (a, b), (c, d) = input.shape, other.shape
    return (input[:, None, :, None] * other[None, :, None, :]).reshape(a * c, b * d)


@function
def cdist(x1: Tensor, x2: Tensor, p: float = 2.0, compute_mode: Any = None) -> Tensor:
    """Distances between every two rows."""
    return (x1.unsqueeze(-2) - x2.unsqueeze(-3)).norm(p, dim=-1)


@both
def trace(input: Tensor) -> Tensor:
    """The sum of the diagonal of a matrix."""
    return input.diagonal().sum()


@function
def tensordot(a: Tensor, b: Tensor, dims: Any = 2) -> Tensor:
    """Sums over the last `dims` dimensions of `a` and the first of `b`, or over the pairs given."""
    first, second = (list(range(a.ndim - dims, a.ndim)), list(range(dims))) if isinstance(dims, int) else dims
    keep_a = [axis for axis in range(a.ndim) if axis not in {x % a.ndim for x in first}]
    keep_b = [axis for axis in range(b.ndim) if axis not in {x % b.ndim for x in second}]
    inner = int(np.prod([a.shape[axis] for axis in first]))
    out = a.permute([*keep_a, *first]).reshape(-1, inner) @ b.permute([*second, *keep_b]).reshape(inner, -1)
    return out.reshape([a.shape[axis] for axis in keep_a] + [b.shape[axis] for axis in keep_b])
