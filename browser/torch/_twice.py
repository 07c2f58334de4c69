"""Gradients of gradients: the functions of the tape, run on tensors in the place of arrays.

What an operation leaves on the tape is a function of NumPy arrays, and the arrays it needs lie in that function's
closure. NumPy lets a class of its own stand in for an array, so the same function, given `Traced` ones, leaves the
operations of the backward pass on the tape as well. Of the arrays in the closure those are replaced that are the
operation's inputs or its result. One that is something else was computed on the way: its dependence on the inputs is
unknown, so the operation is refused by its name. By two names a closure tells more: an array called `fixed…` depends on
no input, and one called `kept…` can be computed again, which its function does where it finds None.

Imported when first needed: a step of training pays nothing for it.
"""

import functools
from collections.abc import Callable, Sequence
from types import CellType, FunctionType
from typing import Any

import numpy as np

from . import linalg
from ._core import PUBLIC, Tensor, make, wrap
from ._dtypes import FROM_NUMPY
from ._engine import Mode, Node, no_grad, scattered

UFUNCS = {
    "add": "add", "subtract": "sub", "multiply": "mul", "divide": "div", "power": "pow", "negative": "neg",
    "exp": "exp", "exp2": "exp2", "expm1": "expm1", "log": "log", "log1p": "log1p", "log2": "log2", "log10": "log10",
    "sqrt": "sqrt", "square": "square", "reciprocal": "reciprocal", "sin": "sin", "cos": "cos", "tan": "tan",
    "arcsin": "asin", "arccos": "acos", "arctan": "atan", "arctan2": "atan2", "sinh": "sinh", "cosh": "cosh",
    "tanh": "tanh", "absolute": "abs", "maximum": "maximum", "minimum": "minimum", "matmul": "matmul",
    "logaddexp": "logaddexp", "conjugate": "conj",
}  # fmt: skip
# Their results change by jumps, so no gradient goes through them.
STEPS = set(
    "greater greater_equal less less_equal equal not_equal isfinite isnan isinf sign floor ceil trunc rint signbit "
    "logical_and logical_or logical_not floor_divide".split()
)


class Refused(NotImplementedError):
    """An operation has no second derivative here."""


def tensor_of(value: Any) -> Any:
    """An operand as torch's functions take it."""
    if isinstance(value, Traced):
        return value.tensor
    if isinstance(value, Unknown):
        raise Refused
    if isinstance(value, np.generic) or (isinstance(value, np.ndarray) and not value.ndim and value.dtype != bool):
        return value.item()
    return wrap(value, FROM_NUMPY[value.dtype]) if isinstance(value, np.ndarray) else value


def plain(value: Any) -> Any:
    """The values alone."""
    if isinstance(value, tuple | list):
        return type(value)(map(plain, value))
    return value.tensor._data if isinstance(value, Traced) else value


def _call(name: str, *args: Any, **kwargs: Any) -> "Traced":
    """A function of torch, of such arrays."""
    given = [tensor_of(one) for one in args]
    if not any(isinstance(one, Tensor) for one in given[:1]) and name in {"maximum", "minimum", "pow", "atan2"}:
        like = next(one for one in given if isinstance(one, Tensor))
        given[0] = PUBLIC["full_like"](like, given[0])
    if name in {"maximum", "minimum"} and not isinstance(given[1], Tensor):
        given[1] = PUBLIC["full_like"](given[0], given[1])
    return Traced(PUBLIC[name](*given, **kwargs))


class Traced:
    """What NumPy's functions take for an array: a tensor whose operations are recorded."""

    __slots__ = ("tensor",)
    __array_priority__ = 2000

    def __init__(self, tensor: Tensor) -> None:
        self.tensor = tensor

    shape = property(lambda self: self.tensor._data.shape)
    ndim = property(lambda self: self.tensor._data.ndim)
    size = property(lambda self: self.tensor._data.size)
    dtype = property(lambda self: self.tensor._data.dtype)
    itemsize = property(lambda self: self.tensor._data.itemsize)
    T = property(lambda self: Traced(self.tensor.permute(tuple(range(self.ndim))[::-1])))
    real = property(lambda self: Traced(self.tensor.real) if self.dtype.kind == "c" else self)

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise Refused

    def __bool__(self) -> bool:
        raise Refused

    def __len__(self) -> int:
        return self.shape[0]

    def __iter__(self) -> Any:
        return (Traced(one) for one in self.tensor)

    def __getitem__(self, index: Any) -> "Traced":
        return Traced(taken(self.tensor, index))

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if ufunc.__name__ in STEPS and method == "__call__":
            return ufunc(*map(plain, inputs), **kwargs)
        if method != "__call__" or kwargs or ufunc.__name__ not in UFUNCS:
            raise Refused
        return _call(UFUNCS[ufunc.__name__], *inputs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if function not in FUNCTIONS:
            raise Refused
        return FUNCTIONS[function](*args, **kwargs)

    def sum(self, axis: Any = None, keepdims: bool = False) -> "Traced":
        """As NumPy's."""
        return self if axis == () else Traced(self.tensor.sum(dim=axis, keepdim=keepdims))

    def mean(self, axis: Any = None, keepdims: bool = False) -> "Traced":
        """As NumPy's."""
        return self if axis == () else Traced(self.tensor.mean(dim=axis, keepdim=keepdims))

    def max(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Of values that are subtracted again, so that no gradient goes through it."""
        raise Refused

    def reshape(self, *shape: Any) -> "Traced":
        """As NumPy's."""
        given = shape[0] if len(shape) == 1 else shape
        return Traced(self.tensor.reshape(tuple(np.atleast_1d(given).tolist())))

    def transpose(self, *order: Any) -> "Traced":
        """As NumPy's."""
        given = order[0] if len(order) == 1 else order
        return Traced(self.tensor.permute(tuple(int(one) for one in given))) if order else self.T

    def swapaxes(self, first: int, second: int) -> "Traced":
        """As NumPy's."""
        return Traced(self.tensor.transpose(first, second))

    def astype(self, kind: Any, copy: bool = True) -> "Traced":
        """As NumPy's."""
        return Traced(self.tensor.to(FROM_NUMPY[np.dtype(kind)]))

    def erf(self) -> "Traced":
        """The error function."""
        return Traced(self.tensor.erf())

    def copy(self) -> "Traced":
        """Itself: nothing is changed in place."""
        return self

    def squeeze(self, axis: Any) -> "Traced":
        """As NumPy's."""
        return Traced(self.tensor.squeeze(axis))

    def added(self, shape: tuple[int, ...], index: Any) -> "Traced":
        """Zeros of a shape, with this added where an index points: what the engine's `scattered` asks for."""
        source, kind = self.tensor, self.tensor.dtype
        whole = np.zeros(shape, self.dtype)
        np.add.at(whole, index, source._data)
        return Traced(make(whole, kind, "IndexPut0", (source,), lambda g: (g[index],)))

    def fitted(self, shape: tuple[int, ...], kind: Any) -> "Traced":
        """In the shape and type of a tensor, as the engine's `fitted`."""
        found = self.tensor
        if found._data.shape != shape:
            found = found.sum_to_size(shape)
        return Traced(found if found.dtype is kind else found.to(kind))


def _operator(name: str, swap: bool) -> Callable[[Any, Any], Any]:
    def apply(self: Traced, other: Any) -> Any:
        return _call(name, other, self) if swap else _call(name, self, other)

    return apply


for _mark, _name in {
    "add": "add", "sub": "sub", "mul": "mul", "truediv": "div", "pow": "pow", "matmul": "matmul",
}.items():  # fmt: skip
    setattr(Traced, f"__{_mark}__", _operator(_name, False))
    setattr(Traced, f"__i{_mark}__", _operator(_name, False))
    setattr(Traced, f"__r{_mark}__", _operator(_name, True))
for _mark, _ufunc in {
    "gt": np.greater, "ge": np.greater_equal, "lt": np.less, "le": np.less_equal, "eq": np.equal, "ne": np.not_equal,
}.items():  # fmt: skip
    setattr(Traced, f"__{_mark}__", lambda self, other, ufunc=_ufunc: ufunc(plain(self), plain(other)))
Traced.__neg__ = lambda self: Traced(-self.tensor)
Traced.__abs__ = lambda self: Traced(self.tensor.abs())
Traced.__hash__ = object.__hash__


def taken(tensor: Tensor, index: Any) -> Tensor:
    """What NumPy's index takes of a tensor, recorded."""
    shape = tensor._data.shape
    return make(tensor._data[index], tensor.dtype, "Index0", (tensor,), lambda g: (scattered(shape, index, g),))


def _where(chosen: Any, x: Any, y: Any) -> Traced:
    like = next(one for one in (x, y) if isinstance(one, Traced)).tensor
    shape = np.broadcast_shapes(np.shape(plain(chosen)), np.shape(plain(x)), np.shape(plain(y)))
    mask = wrap(np.broadcast_to(np.asarray(plain(chosen), bool), shape), FROM_NUMPY[np.dtype(bool)])
    pair = [
        one.tensor if isinstance(one, Traced) else wrap(np.asarray(one, like._data.dtype), like.dtype) for one in (x, y)
    ]
    return Traced(PUBLIC["where"](mask, *pair))


def _expand_dims(x: Traced, axis: Any) -> Traced:
    return Traced(x.tensor.reshape(np.expand_dims(np.empty(x.shape, np.bool_), axis).shape))


def _split(x: Traced, ends: Any, axis: int = 0) -> list[Traced]:
    return [Traced(one) for one in PUBLIC["tensor_split"](x.tensor, [int(end) for end in ends], axis)]


def _joined(name: str) -> Callable[..., Traced]:
    def apply(parts: Any, axis: int = 0) -> Traced:
        like = next(one for one in parts if isinstance(one, Traced)).tensor
        return Traced(
            PUBLIC[name]([one.tensor if isinstance(one, Traced) else wrap(one, like.dtype) for one in parts], axis)
        )

    return apply


def _einsum(equation: str, *parts: Any) -> Traced:
    return Traced(PUBLIC["einsum"](equation, *map(tensor_of, parts)))


def _places(axes: Any) -> Any:
    return axes if isinstance(axes, int) else tuple(axes)


def _cumsum(x: Traced, axis: int) -> Traced:
    return Traced(x.tensor.cumsum(axis))


FUNCTIONS: dict[Any, Callable[..., Any]] = {
    np.where: _where,
    np.expand_dims: _expand_dims,
    np.split: _split,
    np.concatenate: _joined("cat"),
    np.stack: _joined("stack"),
    np.einsum: _einsum,
    np.cumsum: _cumsum,
    np.linalg.inv: lambda x: Traced(linalg.inv(x.tensor)),
    np.cumprod: lambda x, axis: Traced(x.tensor.cumprod(axis)),
    np.broadcast_to: lambda x, shape: Traced(x.tensor.expand(tuple(shape))),
    np.moveaxis: lambda x, source, to: Traced(PUBLIC["movedim"](x.tensor, *map(_places, (source, to)))),
    np.swapaxes: lambda x, a, b: x.swapaxes(a, b),
    np.transpose: lambda x, axes=None: x.transpose(axes) if axes is not None else x.T,
    np.reshape: lambda x, shape: x.reshape(shape),
    np.sum: lambda x, axis=None, keepdims=False: x.sum(axis, keepdims),
    np.mean: lambda x, axis=None, keepdims=False: x.mean(axis, keepdims),
    np.flip: lambda x, axis=None: Traced(x.tensor.flip(tuple(range(x.ndim)) if axis is None else axis)),
    np.roll: lambda x, shift, axis=None: Traced(x.tensor.roll(shift, axis)),
    np.tril: lambda x, k=0: Traced(x.tensor.tril(k)),
    np.triu: lambda x, k=0: Traced(x.tensor.triu(k)),
    np.squeeze: lambda x, axis: x.squeeze(axis),
    np.clip: lambda x, low, high: Traced(x.tensor.clamp(low, high)),
    np.zeros_like: lambda x, dtype=None: np.zeros_like(plain(x), dtype),
    np.ones_like: lambda x, dtype=None: np.ones_like(plain(x), dtype),
    np.shape: lambda x: x.shape,
    np.ndim: lambda x: x.ndim,
}


# From a node to the same node's function of such arrays.


class Unknown:
    """An array that was computed on the way: it has a form, and whoever asks for more is refused."""

    __slots__ = ("_data", "dtype", "ndim", "shape", "size")
    __array_ufunc__ = None

    def __init__(self, array: np.ndarray, kind: Any) -> None:
        self.shape, self.ndim, self.size, self.dtype = array.shape, array.ndim, array.size, kind
        self._data = self


def rebound(value: Any, standing: Callable[[np.ndarray], Any], seen: dict[int, Any], name: str = "") -> Any:
    """What a closure holds, with others in the place of its arrays.

    Args:
        value: A function, or what one holds.
        standing: What stands for an array of floats.
        seen: Functions that were rebound, by identity.
        name: What the closure calls it.
    """
    if name.startswith("fixed"):
        return value
    if name.startswith("kept"):
        return None
    if isinstance(value, np.ndarray | np.generic):
        return standing(value) if value.dtype.kind in "fc" else value
    if isinstance(value, FunctionType):
        if id(value) not in seen and (value.__closure__ or value.__defaults__):
            names = value.__code__.co_freevars
            cells = tuple(CellType() for _ in names)
            seen[id(value)] = new = FunctionType(value.__code__, value.__globals__, value.__name__, None, cells)
            for free, cell, old in zip(names, cells, value.__closure__ or (), strict=True):
                cell.cell_contents = rebound(old.cell_contents, standing, seen, free)
            new.__defaults__ = rebound(value.__defaults__, standing, seen)
            new.__kwdefaults__ = value.__kwdefaults__
        return seen.get(id(value), value)
    if type(value) in (tuple, list):
        return type(value)(rebound(one, standing, seen) for one in value)
    if isinstance(value, dict):
        return {key: rebound(one, standing, seen) for key, one in value.items()}
    if isinstance(value, functools.partial):
        call, args, keywords = (rebound(one, standing, seen) for one in (value.func, value.args, value.keywords))
        return functools.partial(call, *args, **keywords)
    return Unknown(value._data, value.dtype) if isinstance(value, Tensor) else value


def of_node(node: Node) -> Callable[[Any], Sequence[Any]]:
    """The backward function of a node, of `Traced` gradients; its results are recorded."""
    backward: Any = node.backward
    if getattr(backward, "of_tensors", False):
        return backward  # type: ignore[no-any-return]
    known: dict[int, Any] = {id(array): None for _, _, held in node.saved if (array := held()) is not None}
    for source in (*node.edges, node):
        if source is not None:
            arrays = (source._data,) if isinstance(source, Tensor) else [made() for made in source.made]
            known.update({id(array): source for array in arrays if array is not None})

    def standing(array: Any) -> Any:
        source = known.get(id(array), Unknown)
        if source is Unknown:
            return Unknown(array, array.dtype)
        if source is None:
            return array
        if isinstance(source, Tensor):
            return Traced(source)
        tensor = wrap(array, source.dtype)
        tensor._node, tensor._wants = source, True
        return Traced(tensor)

    def run(gradient: Any) -> Sequence[Any]:
        try:
            return [_part(one) for one in rebound(backward, standing, {})(gradient)]
        except (Refused, TypeError, AttributeError, ValueError) as error:
            name = node.label.rstrip("0123456789").removesuffix("Backward")
            raise NotImplementedError(
                f"create_graph=True through {name} is not in the browser's torch; it is through most of arithmetic, "
                "products, sums, activations, indexing and losses"
            ) from error

    return run


def _part(part: Any) -> Any:
    """A gradient as it goes on; one that depends on nothing is a plain array."""
    if part is None or isinstance(part, Traced):
        return part
    array = np.asarray(part)
    return Traced(wrap(array, FROM_NUMPY[array.dtype]))


# Hooks of what is saved: `torch.autograd.graph.saved_tensors_hooks`.


def packed(backward: Any, saved: Sequence[Tensor], result: Tensor | None) -> Any:
    """A backward function whose arrays were packed by the hooks in force, and come out of them when it runs."""
    pack, unpack = Mode.packing[-1]
    held = {}
    for tensor in saved if result is None else (*saved, result):
        with no_grad():
            held[id(tensor._data)] = pack(tensor if tensor is not result else tensor.detach())

    def run(g: Any) -> Any:
        def standing(array: Any) -> Any:
            return unpack(held[id(array)])._data if id(array) in held else array

        with no_grad():
            return rebound(backward, standing, {})(g)

    return run
