"""The tensor: a NumPy array, its type, and where it came from.

Views share memory as in torch: `_base` is the tensor that a view was taken of, `_root` the one that counts the changes
of the memory. Changing a view changes its base, on the tape too: the base gets a new node, and other views of it look
up theirs again when they are next used (`_renew`).

Operations live in the modules beside this one. `@both` makes a function of torch and a method of `Tensor` of it.
"""

import functools
import importlib
import itertools
import warnings
import weakref
from collections.abc import Callable, Sequence
from inspect import CO_VARARGS
from types import FunctionType
from typing import Any

import numpy as np

from ._absent import no_name
from ._dtypes import (
    CPU,
    FROM_NUMPY,
    LAYOUTS,
    META,
    OF_PYTHON,
    SCALARS,
    Shadow,
    Size,
    can_cast,
    device,
    dtype,
    fit,
    float16,
)
from ._engine import Mode, Node, cleared, scattered, watch
from ._lazy import RARE

PUBLIC: dict[str, Any] = {}  # the functions of the torch namespace, by name


class Changes:
    """How often a memory was changed that several tensors have, of which none keeps the others alive."""

    __slots__ = ("__weakref__", "_count")

    def __init__(self, count: int) -> None:
        self._count = count


class Tensor:
    """An n-dimensional array with a gradient."""

    __module__ = __package__  # as it is printed: `<class 'torch.Tensor'>`

    # Defaults of what few tensors have: making a tensor then sets two attributes.
    _node: Any = None
    _wants: bool = False
    grad: Any = None
    _base: Any = None
    _root: Any = None
    _hooks: Any = None  # of a leaf: functions of its gradient
    _arrived: Any = None  # of a leaf: functions of itself, called when its `grad` has changed
    _changes = 0  # how often this memory was changed, where no other has it
    _renewals = 0  # of a base: how often its node was replaced because a view changed
    _seen = 0  # of a view: the base's `_renewals` when its node was made
    _data: np.ndarray
    dtype: dtype
    __array_priority__ = 1000  # `np.float64(2) * tensor` asks the tensor

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        if cls is Tensor:
            return PUBLIC["_construct"](*args)
        return object.__new__(cls)

    @property
    def _count(self) -> int:
        return self._changes if self._root is None else self._root._count

    @_count.setter
    def _count(self, count: int) -> None:
        if self._root is None:
            self._changes = count
        else:
            self._root._count = count

    @property
    def requires_grad(self) -> bool:
        """Whether operations on it are recorded."""
        if self._base is not None and self._base._renewals != self._seen:
            _renew(self)
        return self._wants

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        self.requires_grad_(value)

    @staticmethod
    def _make_subclass(cls: Any, data: "Tensor", require_grad: bool = False) -> Any:
        """A leaf of another class, with the memory of a tensor."""
        out = object.__new__(cls)
        out._data, out.dtype, out._root = data._data, data.dtype, changes_of(data)
        return out.requires_grad_(require_grad)

    def requires_grad_(self, requires_grad: bool = True) -> "Tensor":
        """Ask for a gradient, in place."""
        if requires_grad and self.dtype.rank < 2:
            raise RuntimeError("only Tensors of floating point dtype can require gradients")
        if not requires_grad and self.grad_fn is not None:
            raise RuntimeError("you can only change requires_grad flags of leaf variables.")
        self._wants = bool(requires_grad)
        return self

    @property
    def grad_fn(self) -> Any:
        """The node that made it; None for a leaf."""
        return self._node if self.requires_grad else None

    @property
    def is_leaf(self) -> bool:
        """Whether no recorded operation made it."""
        return self.grad_fn is None

    @property
    def shape(self) -> Size:
        """Its sizes."""
        return Size(self._data.shape)

    @property
    def data(self) -> "Tensor":
        """The same memory, outside the tape."""
        return wrap(self._data.view(), self.dtype)  # an array of its own: the tape tells tensors by theirs

    @data.setter
    def data(self, value: "Tensor") -> None:
        self._data, self.dtype = value._data, value.dtype

    @property
    def ndim(self) -> int:
        """How many dimensions it has."""
        return self._data.ndim

    @property
    def device(self) -> device:
        """Where it lies."""
        return META if self._data.__class__ is Shadow else CPU

    @property
    def _version(self) -> int:
        return self._count

    is_cuda = is_mps = is_xpu = is_mtia = is_xla = False
    is_sparse = is_sparse_csr = is_quantized = is_nested = is_mkldnn = False
    is_meta = property(lambda self: self._data.__class__ is Shadow)
    layout = LAYOUTS["strided"]

    def detach(self) -> "Tensor":
        """The same memory, outside the tape; changes still count."""
        out = wrap(self._data.view(), self.dtype)
        out._root = changes_of(self)
        return out

    def detach_(self) -> "Tensor":
        """Leave the tape, in place."""
        self._node, self._wants = None, False
        return self

    def retain_grad(self) -> None:
        """Keep `grad` also where this is no leaf."""
        if not self.requires_grad:
            raise RuntimeError("can't retain_grad on Tensor that has requires_grad=False")
        if self._node is not None:
            self._node.keep = weakref.ref(self)

    @property
    def retains_grad(self) -> bool:
        """Whether it is no leaf and keeps its `grad`."""
        return self.grad_fn is not None and self._node.keep is not None

    def register_hook(self, hook: Callable[["Tensor"], Any]) -> "Handle":
        """Call `hook(grad)` when the gradient of this tensor is there; what it gives takes its place."""
        if not self.requires_grad:
            raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
        kind = self.dtype

        def call(gradient: Any) -> Any:
            if (recorded := getattr(gradient, "tensor", None)) is not None:  # see _twice.py
                changed = hook(recorded)
                return gradient if changed is None else type(gradient)(changed)
            changed = hook(wrap(np.asarray(gradient), kind))
            return gradient if changed is None else changed._data

        owner, name = (self, "_hooks") if self._node is None else (self._node, "hooks")
        if getattr(owner, name) is None:
            setattr(owner, name, {})
        return Handle(getattr(owner, name), call)

    def register_post_accumulate_grad_hook(self, hook: Callable[["Tensor"], None]) -> "Handle":
        """Call `hook(tensor)` when the `grad` of this leaf has changed."""
        if not self.requires_grad or self._node is not None:
            raise RuntimeError("post accumulate grad hooks cannot be registered on non-leaf tensors")
        if self._hooks is None:
            self._hooks = {}  # so that the gradient comes in one piece
        if self._arrived is None:
            self._arrived = {}
        return Handle(self._arrived, hook)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")
        if name in RARE.split() and not hasattr(Tensor, "_rare"):
            Tensor._rare = importlib.import_module("._rare", __package__)
            return getattr(self, name)
        raise no_name(f"'{type(self).__name__}' object", "torch.Tensor", name, dir(type(self)))

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if self.ndim == 0 else object.__format__(self, spec)

    def __hash__(self) -> int:
        return id(self)

    def __len__(self) -> int:
        if not self._data.ndim:
            raise TypeError("len() of a 0-d tensor")
        return self._data.shape[0]

    def __iter__(self) -> Any:
        if not self._data.ndim:
            raise TypeError("iteration over a 0-d tensor")
        return iter(self.unbind(0))

    def __reversed__(self) -> "Tensor":
        return self.flip(0) if self.ndim else self

    def __contains__(self, value: Any) -> bool:
        return bool((self == value).any())

    def __bool__(self) -> bool:
        if self._data.size != 1:
            what = "no values is" if self._data.size == 0 else "more than one value is"
            raise RuntimeError(f"Boolean value of Tensor with {what} ambiguous")
        return bool(self._data.reshape(()))

    def __int__(self) -> int:
        return int(_number(self))

    def __float__(self) -> float:
        return float(_number(self))

    def __complex__(self) -> complex:
        return complex(_number(self))

    def __index__(self) -> int:
        if self.dtype.rank > 1 or self._data.size != 1:
            raise TypeError("only integer tensors of a single element can be converted to an index")
        return int(self.item())

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        array = self.numpy()
        return array if dtype is None else array.astype(dtype)

    def __deepcopy__(self, memo: dict[int, Any]) -> "Tensor":
        if not self.is_leaf:
            raise RuntimeError(
                "Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol at the moment"
            )
        out = object.__new__(type(self))
        out.__dict__.update({name: value for name, value in self.__dict__.items() if not name.startswith("_")})
        out._data, out._wants = self._data.copy(), self._wants
        if self.grad is not None:
            out.grad = self.grad.__deepcopy__(memo)
        memo[id(self)] = out
        return out

    def __reduce__(self) -> Any:
        return rebuilt, (type(self), self._data.copy(), self.dtype, self._wants)


class Handle:
    """Takes a hook away again."""

    count = itertools.count()

    def __init__(self, hooks: dict[int, Any], hook: Any, first: bool = False) -> None:
        self.hooks, self.key = hooks, next(self.count)
        hooks[self.key] = hook
        if first:
            for key in list(hooks)[:-1]:
                hooks[key] = hooks.pop(key)

    def remove(self) -> None:
        """Take it away."""
        self.hooks.pop(self.key, None)

    def __enter__(self) -> "Handle":
        return self

    def __exit__(self, *error: object) -> None:
        self.remove()


def _number(tensor: Tensor) -> Any:
    """The one element, with torch's warning where it leaves the tape."""
    if tensor.requires_grad:
        warnings.warn(
            "Converting a tensor with requires_grad=True to a scalar may lead to unexpected behavior.\n"
            "Consider using tensor.detach() first.",
            stacklevel=3,
        )
    return tensor.item()


def rebuilt(cls: type, data: np.ndarray, kind: dtype, wants: bool) -> Tensor:
    """A tensor from what was pickled."""
    out = object.__new__(cls)
    out._data, out.dtype, out._wants = data, kind, wants
    return out


_new = object.__new__


def wrap(data: np.ndarray, kind: dtype) -> Tensor:
    """A tensor of an array that already fits the type."""
    out = _new(Tensor)
    out._data = data
    out.dtype = kind
    return out


def of_array(array: np.ndarray) -> Tensor:
    """A tensor of an array's memory.

    Raises:
        TypeError: torch has no such type.
    """
    if array.dtype not in FROM_NUMPY:
        raise TypeError(
            f"can't convert np.ndarray of type {array.dtype}. The only supported types are: float64, float32, "
            "float16, complex64, complex128, int64, int32, int16, int8, uint8, and bool."
        )
    return wrap(array, FROM_NUMPY[array.dtype])


def edge(tensor: Tensor) -> Any:
    """What the tape knows a tensor by: its node, itself where it is a leaf, None where no gradient is wanted."""
    if not tensor.requires_grad:
        return None
    return tensor if tensor._node is None else tensor._node


def make(
    data: Any,
    kind: dtype,
    label: str,
    inputs: Sequence[Tensor],
    backward: Callable[[np.ndarray], Sequence[Any]],
    saved: Sequence[Tensor] = (),
    saves_result: bool = False,
) -> Tensor:
    """The result of an operation, recorded where an input needs it.

    Args:
        data: What was computed, in the stored type or a wider one.
        kind: Type of the result.
        label: The node's name in torch, without `Backward`, such as `Add0`.
        inputs: The tensors it depends on, in the order of `backward`'s results.
        backward: From the gradient of the result to those of the inputs, of their shape or of a broadcast one.
        saved: Which inputs `backward` reads.
        saves_result: Whether `backward` reads the result.
    """
    out = wrap(fit(data, kind), kind)
    if Mode.enabled and kind.rank > 1:
        for tensor in inputs:
            if tensor.requires_grad:
                record(out, label, inputs, backward, saved, saves_result)
                break
    return out


def record(
    out: Tensor, label: str, inputs: Sequence[Tensor], backward: Any, saved: Sequence[Tensor], saves_result: bool
) -> None:
    """Put a result on the tape."""
    kept = [watch(tensor) for tensor in saved]
    if saves_result:
        kept.append(watch(out))
    edges = tuple([edge(tensor) for tensor in inputs])
    if Mode.packing:
        backward = importlib.import_module("._twice", __package__).packed(
            backward, saved, out if saves_result else None
        )
    out._node = Node(f"{label[:-1]}Backward{label[-1]}", edges, backward, out._data.shape, out.dtype, tuple(kept))
    out._node.made = (weakref.ref(out._data),)
    out._wants = True


def changes_of(tensor: Tensor) -> Changes:
    """The counter of a tensor's memory, for one that does not keep the tensor, and with it its tape, alive."""
    owner = tensor if tensor._root is None else tensor._root
    if isinstance(owner, Tensor):
        if owner._root is None:
            owner._root = Changes(owner._changes)
        owner = owner._root
    return owner


def view_of(tensor: Tensor, data: np.ndarray, label: str, backward: Callable[[np.ndarray], Any]) -> Tensor:
    """A tensor that shares memory with another.

    Args:
        tensor: What it is a view of.
        data: The array, a view of the tensor's.
        label: As in `make`.
        backward: From the gradient of the view to that of the tensor.
    """
    out = wrap(data, tensor.dtype)
    out._base = base = tensor if tensor._base is None else tensor._base
    out._root = base if base._root is None else base._root
    if Mode.enabled and tensor.requires_grad:
        record(out, label, (tensor,), lambda g: (backward(g),), (), False)
    out._seen = base._renewals
    return out


def places(base: np.ndarray, part: np.ndarray) -> tuple[int, np.ndarray, np.ndarray]:
    """How two arrays lie in the base's memory: its length in elements, and the positions of each one's elements."""
    low, high = np.lib.array_utils.byte_bounds(base)
    size = base.itemsize
    memory = np.arange((high - low) // size)

    def positions(array: np.ndarray) -> np.ndarray:
        start = (array.__array_interface__["data"][0] - low) // size
        strides = [stride // size * memory.itemsize for stride in array.strides]
        return np.lib.stride_tricks.as_strided(memory[start:], array.shape, strides)

    return len(memory), positions(base), positions(part)


def _renew(out: Tensor) -> None:
    """Give a view its place on the tape again, after its base got a new one."""
    base = out._base
    length, whole, part = places(base._data, out._data)

    def backward(g: np.ndarray) -> tuple[np.ndarray]:
        return (scattered((length,), part, g)[whole],)

    out._seen = base._renewals
    out._node, out._wants = None, False
    if base.requires_grad:
        record(out, "AsStrided0", (base,), backward, (), False)


def store(target: Tensor, result: Tensor) -> Tensor:
    """Put a result into a tensor's memory, and the tensor in the result's place on the tape.

    Raises:
        RuntimeError: If the shape or type does not allow it, or the tensor is a leaf that requires a gradient.
    """
    data = target._data
    if data.__class__ is Shadow:
        return target
    if result._data.shape != data.shape:
        wrong = f"output with shape {list(data.shape)} doesn't match the broadcast shape {list(result._data.shape)}"
        raise RuntimeError(wrong)
    if not can_cast(result.dtype, target.dtype):
        have, want = result.dtype.title, target.dtype.title
        raise RuntimeError(f"result type {have} can't be cast to the desired output type {want}")
    recorded = Mode.enabled and (result.requires_grad or target.requires_grad)
    if recorded:
        _check_in_place(target)
    if not data.flags.writeable:
        raise RuntimeError(
            "unsupported operation: more than one element of the written-to tensor refers to a single memory "
            "location. Please clone() the tensor before performing the operation."
        )
    data[...] = fit(result._data, target.dtype)
    owner = target if target._root is None else target._root
    owner._count = owner._count + 1
    if recorded:
        _graft(target, result)
    return target


def _check_in_place(target: Tensor) -> None:
    """Raise where a leaf would lose its gradient."""
    if target._wants and target._node is None:
        raise RuntimeError("a leaf Variable that requires grad is being used in an in-place operation.")
    base = target._base
    if base is not None and base._wants and base._node is None:
        raise RuntimeError("a view of a leaf Variable that requires grad is being used in an in-place operation.")


def _graft(target: Tensor, result: Tensor) -> None:
    """The tape's side of `store`."""
    base = target._base
    if base is None:
        target._node, target._wants = (edge(result) if result.requires_grad else None), result.requires_grad
        if target._node is not None and target._node.__class__ is not Node:  # copied from a leaf: hand it on
            target._node = Node("CopyBackwards", (result,), lambda g: (g,), target._data.shape, target.dtype)
        if target._node is not None:
            target._node.made = (*target._node.made, weakref.ref(target._data))
        target._renewals += 1
        return
    length, whole, part = places(base._data, target._data)

    def backward(g: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        memory = scattered((length,), whole, g, repeats=False)
        return cleared(memory, part)[whole], memory[part]

    edges = (edge(base), edge(result))
    base._node = Node("CopySlices", edges, backward, base._data.shape, base.dtype)
    base._node.made = (weakref.ref(base._data),)
    base._wants = True
    base._renewals += 1
    _renew(target)


def both(function: Callable[..., Any]) -> Callable[..., Any]:
    """Make a function public as `torch.name` and as `Tensor.name`."""
    method(function)
    PUBLIC[function.__name__] = called(function, out=True)
    return function


def function(function: Callable[..., Any]) -> Callable[..., Any]:
    """Make a function public as `torch.name`."""
    PUBLIC[function.__name__] = called(function, out=True)
    return function


def method(function: Callable[..., Any]) -> Callable[..., Any]:
    """Make a function a method of `Tensor`."""
    setattr(Tensor, function.__name__, called(function, method=True))
    return function


# NumPy's names of arguments, which torch takes too.
ALIASES = {"axis": "dim", "keepdims": "keepdim", "x": "input", "x1": "input", "x2": "other"}


def called(function: Any, out: bool = False, method: bool = False) -> Any:
    """A function as readers call it: where it fails, it says which argument was of the wrong kind.

    Args:
        function: One of ours; anything else is given back, and so is a function that no tensors are given to.
        out: Whether it takes `out=`, as functions of `torch` do; like methods they take NumPy's names of arguments too.
        method: Whether it is a method of `Tensor`, whose first argument is right.
    """
    if not isinstance(function, FunctionType):
        return function
    code, plain = function.__code__, not (out or method)
    own = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    names = {} if plain else {alias: name for alias, name in ALIASES.items() if name in own and alias not in own}
    out = out and "out" not in own
    spread = code.co_varnames[len(own)] if code.co_flags & CO_VARARGS else None  # `dims` of `flip(x, *dims)`
    kinds = [function.__annotations__.get(name) for name in own[method or out :]]
    if not (out or spread or Tensor in kinds or Sequence[Tensor] in kinds or "axis" in names):
        return function

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            if not kwargs:
                return function(*args)
            for alias in names.keys() & kwargs.keys():
                kwargs[names[alias]] = kwargs.pop(alias)
            if spread in kwargs:
                args = (*args, kwargs.pop(spread))
            if (kind := kwargs.get("dtype")).__class__ is type:
                kwargs["dtype"] = OF_PYTHON[kind]
            target = kwargs.pop("out", None) if out else None
            result = function(*args, **kwargs)
            return result if target is None else put_out(target, result)
        except Exception:
            complain(function, args, kwargs, method)
            raise

    return call


def complain(function: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any], method: bool) -> None:
    """Raise a TypeError where a call failed because of the kind of an argument."""
    text = importlib.import_module("._arguments", __package__).wrong(function, args, kwargs, method)
    if text:
        raise TypeError(text) from None


def put_out(out: Any, result: Any) -> Any:
    """Store a result, or several, in the tensors given as `out=`, which take its shape."""
    if not isinstance(out, Tensor):
        for one, part in zip(out, result, strict=True):
            put_out(one, part)
        return out
    if out.requires_grad or (Mode.enabled and result.requires_grad):
        raise RuntimeError(
            "functions with out=... arguments don't support automatic differentiation, but one of the arguments "
            "requires grad."
        )
    if out._data.shape != result._data.shape:
        out._data = np.empty(result._data.shape, out.dtype.np)
    return store(out, result)


def in_place(names: str, namespace: dict[str, Any]) -> None:
    """Give `Tensor` the methods `name_` that store what `name` computes."""
    for name in names.split():
        setattr(Tensor, f"{name}_", _in_place(namespace[name], f"{name}_"))


def _in_place(compute: Callable[..., Tensor], name: str) -> Callable[..., Tensor]:
    def apply(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        recorded = Mode.enabled and any(
            isinstance(one, Tensor) and one.requires_grad for one in (self, *args, *kwargs.values())
        )
        return store(self, compute(frozen(self) if recorded else self, *args, **kwargs))

    apply.__name__ = name
    apply.__doc__ = f"`{name[:-1]}`, in place."
    return apply


def frozen(tensor: Tensor) -> Tensor:
    """What a recorded in-place operation reads of its target: a copy, for the tape may need the old values."""
    out = wrap(tensor._data.copy(), tensor.dtype)
    out._wants = tensor.requires_grad
    out._node = tensor._node
    if out._wants and out._node is None:
        _check_in_place(tensor)
    return out


def wide(tensor: Tensor) -> np.ndarray:
    """Values to compute with: float16 as float32."""
    return tensor._data.astype(np.float32) if tensor.dtype is float16 else tensor._data


def floating(tensor: Tensor) -> tuple[np.ndarray, dtype]:
    """Values to compute with and the type of the result, for functions that make floats of integers."""
    kind = tensor.dtype
    if kind.rank > 1:
        return wide(tensor), kind
    kind = PUBLIC["get_default_dtype"]()
    return tensor._data.astype(kind.np), kind


def scalar(value: Any) -> Any:
    """A Python number of a NumPy one."""
    return value.item() if isinstance(value, np.generic) else value


def is_number(value: Any) -> bool:
    """Whether this is a Python number."""
    return isinstance(value, SCALARS)


def axis_of(dim: int, ndim: int) -> int:
    """A dimension counted from the front.

    Raises:
        IndexError: If there is no such dimension.
    """
    if -ndim <= dim < ndim:
        return dim % ndim
    if ndim == 0 and dim in (-1, 0):
        return 0
    size = max(ndim, 1)
    raise IndexError(f"Dimension out of range (expected to be in range of [{-size}, {size - 1}], but got {dim})")


def axes_of(dim: Any, ndim: int) -> tuple[int, ...]:
    """Dimensions counted from the front; all where `dim` is None or empty."""
    if dim is None or dim == () or dim == []:
        return tuple(range(ndim))
    axes = tuple(axis_of(int(one), ndim) for one in (dim if isinstance(dim, tuple | list) else (dim,)))
    if len(set(axes)) != len(axes):
        again = next(axis for axis in axes if axes.count(axis) > 1)
        raise RuntimeError(f"dim {again} appears multiple times in the list of dims")
    return () if ndim == 0 else axes
