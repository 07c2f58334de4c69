"""Reverse-mode differentiation: a tape of nodes, walked from the newest to the oldest.

An operation whose inputs need a gradient leaves a `Node` behind: where its inputs came from (another node, or a leaf
tensor) and a function from the gradient of its output to those of its inputs. Gradients are plain NumPy arrays; the
walk sums what broadcasting repeated and brings each one to the type of its tensor, so that no operation has to.
"""

import functools
import heapq
import itertools
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ._dtypes import dtype, fit

_numbers = itertools.count()


class Mode:
    """Whether operations are recorded, and whether a NaN in a gradient is an error."""

    enabled = True
    anomaly = False
    packing: tuple[Any, ...] = ()  # pairs of hooks for what is saved, the innermost last


class Node:
    """One recorded operation with one output.

    Attributes:
        edges: For each input: its node, its leaf tensor, or None where no gradient is wanted.
        backward: From the gradient of the output to a tuple with those of the inputs; None once it was freed.
        saved: `(reference, version, array)` of tensors that `backward` reads: they must not change until then. The
            array is held weakly.
        made: Weak references to the arrays that hold its output: an identity alone passes to another array once one
            is gone.
        shape, dtype: Of the output; None for a node that hands on several gradients.
        number: Grows with time: inputs always have smaller ones.
        keep: A reference to the output where it wants its `grad` kept.
        hooks: Functions of the gradient of the output; what they give takes its place. None where there are none.
    """

    __slots__ = (
        "__weakref__",
        "backward",
        "dtype",
        "edges",
        "hooks",
        "keep",
        "label",
        "made",
        "number",
        "saved",
        "shape",
    )

    def __init__(
        self,
        label: str,
        edges: tuple[Any, ...],
        backward: Callable[[Any], Sequence[Any]] | None,
        shape: tuple[int, ...] | None,
        dtype: dtype | None,
        saved: tuple[Any, ...] = (),
    ) -> None:
        self.label, self.edges, self.backward, self.saved = label, edges, backward, saved
        self.shape, self.dtype, self.number, self.keep, self.hooks = shape, dtype, next(_numbers), None, None
        self.made: tuple[weakref.ref[np.ndarray], ...] = ()

    def name(self) -> str:
        """Such as `AddBackward0`."""
        return self.label

    @property
    def next_functions(self) -> tuple[tuple[Any, int], ...]:
        """The nodes of the inputs; those of leaves take gradients in."""
        return tuple(
            (edge if edge is None or isinstance(edge, Node) else AccumulateGrad(edge), 0) for edge in self.edges
        )

    def __repr__(self) -> str:
        return f"<{self.label} object at {id(self):#x}>"


class AccumulateGrad:
    """Where the gradient of a leaf arrives."""

    next_functions: tuple[Any, ...] = ()

    def __init__(self, variable: Any) -> None:
        self.variable = variable

    def name(self) -> str:
        """As torch calls it."""
        return "torch::autograd::AccumulateGrad"

    def __repr__(self) -> str:
        return f"<AccumulateGrad object at {id(self.variable):#x}>"


def watch(tensor: Any) -> tuple[Any, int, Any]:
    """Remember which version of a tensor's memory is read later; the memory's owner and the array are held weakly."""
    owner = tensor if tensor._root is None else tensor._root
    return weakref.ref(owner), owner._count, weakref.ref(tensor._data)


def scattered(shape: tuple[int, ...], index: Any, g: Any, repeats: bool = True) -> Any:
    """Zeros of a shape, with parts of a gradient where an index points; added up where it repeats places."""
    if (added := getattr(g, "added", None)) is not None:  # see _twice.py
        return added(shape, index)
    whole = np.zeros(shape, g.dtype)
    if repeats:
        np.add.at(whole, index, g)
    else:
        whole[index] = g
    return whole


def cleared(g: Any, index: Any) -> Any:
    """A gradient without its parts where an index points."""
    outside = np.ones(g.shape, bool)
    outside[index] = False
    return g * outside


def summed_to(gradient: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Sum over what broadcasting repeated."""
    lead = gradient.ndim - len(shape)
    kept = gradient.shape[lead:]
    repeated = [lead + axis for axis, size in enumerate(shape) if size == 1 and kept[axis] != 1]
    return gradient.sum(axis=(*range(lead), *repeated), keepdims=True).reshape(shape)


def fitted(gradient: Any, shape: tuple[int, ...], kind: dtype) -> np.ndarray:
    """A gradient in the shape and type of its tensor."""
    if gradient.shape != shape:
        if kind.itemsize == 2:
            gradient = fit(gradient, kind).astype(np.float32)  # rounded before and after the sum, as in torch
        gradient = summed_to(gradient, shape)
    if gradient.dtype.kind == "c" and kind.rank != 3:
        gradient = gradient.real
    return fit(gradient, kind)


def run(roots: Sequence[tuple[Any, Any]], deliver: Callable[[Any, Any], None], retain: bool, twice: Any = None) -> None:
    """Walk the tape.

    Args:
        roots: Nodes or leaves, and the gradients that they start with.
        deliver: Called with each leaf tensor, and each node that keeps its gradient, and what arrived there.
        retain: Whether the tape can be walked again.
        twice: `_twice.of_node`, where gradients are its arrays and what is done with them is recorded too.
    """
    pending: dict[Any, np.ndarray] = {}
    queue: list[tuple[int, Node]] = []
    waiting: dict[Any, np.ndarray] = {}  # leaves with hooks, which see the whole gradient
    fitting = fitted if twice is None else lambda gradient, *form: gradient.fitted(*form)

    def add(edge: Any, gradient: Any) -> None:
        if edge.__class__ is not Node:  # a leaf
            gradient = fitting(gradient, edge._data.shape, edge.dtype)
            if edge._hooks is None:
                deliver(edge, gradient)
            else:
                waiting[edge] = waiting[edge] + gradient if edge in waiting else gradient
            return
        if edge.shape is not None:
            gradient = fitting(gradient, edge.shape, edge.dtype)
        if edge in pending:
            pending[edge] = pending[edge] + gradient
        else:
            pending[edge] = gradient
            heapq.heappush(queue, (-edge.number, edge))

    for root, gradient in roots:
        add(root, gradient)
    while queue:
        node = heapq.heappop(queue)[1]
        gradient = pending.pop(node)
        if node.hooks is not None:
            for hook in list(node.hooks.values()):
                gradient = hook(gradient)
        if node.keep is not None:
            deliver(node, gradient)
        if node.shape is not None and gradient.dtype == np.float16 and twice is None:
            gradient = gradient.astype(np.float32)
        for edge, part in zip(node.edges, called(node, gradient, retain, twice), strict=True):
            if edge is not None and part is not None:
                add(edge, part)
    for leaf, gradient in waiting.items():
        for hook in list(leaf._hooks.values()):
            gradient = hook(gradient)
        deliver(leaf, gradient)


def called(node: Node, gradient: Any, retain: bool, twice: Any = None) -> Sequence[Any]:
    """What a node gives for its inputs; frees what it saved."""
    if node.backward is None:
        raise RuntimeError(
            "Trying to backward through the graph a second time (or directly access saved tensors after they have "
            "already been freed). Saved intermediate values of the graph are freed when you call .backward() or "
            "autograd.grad(). Specify retain_graph=True if you need to backward through the graph a second time or if "
            "you need to access saved tensors after calling backward."
        )
    for reference, version, _ in node.saved:
        owner = reference()
        if owner is not None and owner._count != version:
            raise RuntimeError(
                "one of the variables needed for gradient computation has been modified by an inplace operation: "
                f"{node.label} needs version {version}, the tensor is at version {owner._count}"
            )
    parts = node.backward(gradient) if twice is None else twice(node)(gradient)
    if Mode.anomaly:
        for place, part in enumerate(parts):
            if isinstance(part, np.ndarray) and node.edges[place] is not None and np.isnan(part).any():
                raise RuntimeError(f"Function '{node.label}' returned nan values in its {place}th output.")
    if node.saved and not retain:
        node.backward = None
    return parts


class _Switch:
    """Turns recording on or off: a context, or a decorator. Used bare (`@no_grad`) or called (`@no_grad()`)."""

    value = False

    def __new__(cls, function: Any = None) -> Any:
        self = object.__new__(cls)
        return self(function) if callable(function) else self

    def __enter__(self) -> None:
        self.before = Mode.enabled
        Mode.enabled = self.value

    def __exit__(self, *error: object) -> None:
        Mode.enabled = self.before

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            before, Mode.enabled = Mode.enabled, self.value
            try:
                return function(*args, **kwargs)
            finally:
                Mode.enabled = before

        return wrapped


class no_grad(_Switch):
    """Do not record."""


class inference_mode(_Switch):
    """Do not record."""


class enable_grad(_Switch):
    """Record, also inside `no_grad`."""

    value = True


class set_grad_enabled(_Switch):
    """Record or not, from now on or inside a `with`."""

    def __new__(cls, mode: bool) -> Any:
        self = object.__new__(cls)
        self.value, self.before = bool(mode), Mode.enabled
        Mode.enabled = self.value
        return self

    def __init__(self, mode: bool) -> None:
        pass

    def __enter__(self) -> None:
        Mode.enabled = self.value


def is_grad_enabled() -> bool:
    """Whether operations are recorded."""
    return Mode.enabled


class set_detect_anomaly:
    """Raise where a gradient becomes NaN, from now on or inside a `with`."""

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        self.before = Mode.anomaly
        Mode.anomaly = mode and check_nan

    def __enter__(self) -> None:
        pass

    def __exit__(self, *error: object) -> None:
        Mode.anomaly = self.before


class detect_anomaly(set_detect_anomaly):
    """Raise where a gradient becomes NaN, inside a `with`."""

    def __init__(self, check_nan: bool = True) -> None:
        super().__init__(True, check_nan)
