"""Gradients: `backward`, `grad`, functions with their own gradient, and a numeric check."""

import functools
import importlib
import warnings
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ._absent import lacking as _lacking
from ._core import PUBLIC, Tensor, edge, wrap
from ._dtypes import fit
from ._engine import (
    Mode,
    Node,
    detect_anomaly,
    enable_grad,
    no_grad,
    run,
    set_detect_anomaly,
    set_grad_enabled,
    watch,
)

__all__ = [
    "Function",
    "Variable",
    "backward",
    "detect_anomaly",
    "enable_grad",
    "grad",
    "gradcheck",
    "no_grad",
    "set_detect_anomaly",
    "set_grad_enabled",
]


def _roots(tensors: Sequence[Tensor], gradients: Sequence[Any]) -> list[tuple[Any, Tensor]]:
    """Where the walk starts, and with what."""
    roots = []
    for tensor, gradient in zip(tensors, gradients, strict=True):
        if not tensor.requires_grad:
            raise RuntimeError("element 0 of tensors does not require grad and does not have a grad_fn")
        if gradient is None:
            if tensor._data.size != 1:
                raise RuntimeError("grad can be implicitly created only for scalar outputs")
            gradient = wrap(np.ones_like(tensor._data), tensor.dtype)
        elif gradient._data.shape != tensor._data.shape:
            raise RuntimeError(
                f"Mismatch in shape: grad_output[0] has a shape of {gradient.shape} and output[0] has a shape of "
                f"{tensor.shape}."
            )
        roots.append((edge(tensor), gradient))
    return roots


def _walk(roots: list[tuple[Any, Tensor]], deliver: Callable[[Any, Any], None], retain: bool, create: bool) -> None:
    """Walk the tape with arrays, or where it is to be walked again as part of the graph, with `Traced` ones."""
    if not create:
        run([(place, gradient._data) for place, gradient in roots], deliver, retain)
        return
    twice = importlib.import_module("._twice", __package__)
    with enable_grad():
        run([(place, twice.Traced(gradient)) for place, gradient in roots], deliver, retain, twice.of_node)


def _many(value: Any) -> list[Any]:
    """One tensor, or any number of them in whatever holds them."""
    return [value] if value is None or isinstance(value, Tensor) else list(value)


def backward(
    tensors: Any, grad_tensors: Any = None, retain_graph: bool | None = None, create_graph: bool = False
) -> None:
    """Add the gradients of tensors to the `grad` of the leaves they came from."""
    tensors = _many(tensors)
    gradients = [None] * len(tensors) if grad_tensors is None else _many(grad_tensors)

    def deliver(place: Any, gradient: np.ndarray) -> None:
        tensor = place.keep() if place.__class__ is Node else place
        if tensor is None:
            return
        if create_graph:
            arrived = gradient.tensor.contiguous()
            tensor.grad = arrived if tensor.grad is None else tensor.grad + arrived
        elif tensor.grad is None:
            tensor.grad = wrap(gradient.copy(), tensor.dtype)
        else:
            tensor.grad._data = fit(tensor.grad._data + gradient, tensor.dtype)
        if tensor._arrived is not None:
            for hook in list(tensor._arrived.values()):
                hook(tensor)

    _walk(_roots(tensors, gradients), deliver, create_graph if retain_graph is None else retain_graph, create_graph)


def _backward(self: Tensor, gradient: Any = None, retain_graph: bool | None = None, create_graph: bool = False) -> None:
    """Add the gradient of this tensor to the `grad` of the leaves it came from."""
    backward([self], [gradient], retain_graph, create_graph)


Tensor.backward = _backward


def grad(
    outputs: Any,
    inputs: Any,
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Any, ...]:
    """The gradients of `outputs` by `inputs`; the `grad` of no tensor changes."""
    if is_grads_batched:
        raise NotImplementedError("grad(is_grads_batched=True) is not in the browser's torch")
    outputs, inputs = _many(outputs), _many(inputs)
    gradients = [None] * len(outputs) if grad_outputs is None else _many(grad_outputs)
    found: dict[int, Any] = {}
    retain = create_graph if retain_graph is None else retain_graph
    wanted: dict[Any, list[int]] = {}
    for index, tensor in enumerate(inputs):
        place = edge(tensor)
        if place is None:
            raise RuntimeError("One of the differentiated Tensors does not require grad")
        wanted.setdefault(place, []).append(index)
    kept = {place: place.keep for place in wanted if place.__class__ is Node}

    def deliver(place: Any, gradient: np.ndarray) -> None:
        for index in wanted.get(place, ()):
            found[index] = found[index] + gradient if index in found else gradient

    for place in kept:
        place.keep = place
    try:
        _walk(_roots(outputs, gradients), deliver, retain, create_graph)
    finally:
        for place, before in kept.items():
            place.keep = before
    if len(found) < len(inputs) and not allow_unused and not materialize_grads:
        raise RuntimeError(
            "One of the differentiated Tensors appears to not have been used in the graph. Set allow_unused=True if "
            "this is the desired behavior."
        )

    def given(index: int, tensor: Tensor) -> Any:
        if index not in found:
            return wrap(np.zeros_like(tensor._data), tensor.dtype) if materialize_grads else None
        return found[index].tensor.contiguous() if create_graph else wrap(np.array(found[index]), tensor.dtype)

    return tuple(given(index, tensor) for index, tensor in enumerate(inputs))


class _Parts(list):
    """The gradients of several outputs on their way to one function."""

    def __add__(self, other: list[Any]) -> "_Parts":
        return _Parts([b if a is None else a if b is None else a + b for a, b in zip(self, other, strict=True)])


class Context:
    """What a `Function` keeps between forward and backward."""

    saved_tensors: tuple[Any, ...] = ()
    needs_input_grad: tuple[bool, ...] = ()

    def save_for_backward(self, *tensors: Any) -> None:
        """Keep tensors for backward."""
        self.saved_tensors = tensors

    def mark_dirty(self, *tensors: Any) -> None:
        """Inputs that forward changed in place."""

    def mark_non_differentiable(self, *tensors: Tensor) -> None:
        """Outputs that have no gradient."""
        self.constant = {id(tensor) for tensor in tensors}

    def set_materialize_grads(self, value: bool) -> None:
        """Whether missing gradients come as zeros."""
        self.zeros = value


class Function:
    """An operation with its own gradient: subclasses define `forward(ctx, ...)` and `backward(ctx, ...)`."""

    @classmethod
    def apply(cls, *args: Any) -> Any:
        """Run it, recorded as one step."""
        ctx = Context()
        ctx.needs_input_grad = tuple(isinstance(arg, Tensor) and arg.requires_grad for arg in args)
        recorded = Mode.enabled and any(ctx.needs_input_grad)
        with no_grad():
            if "setup_context" in cls.__dict__:
                result = cls.forward(*args)
                cls.setup_context(ctx, args, result)
            else:
                result = cls.forward(ctx, *args)
        outputs = result if isinstance(result, tuple) else (result,)
        if recorded:
            outputs = cls._record(ctx, args, outputs)
        return outputs if isinstance(result, tuple) else outputs[0]

    @classmethod
    def _record(cls, ctx: Context, args: tuple[Any, ...], outputs: tuple[Any, ...]) -> tuple[Any, ...]:
        """Put the outputs on the tape: one node for the function, one for each output."""
        tensors = [arg for arg in args if isinstance(arg, Tensor)]
        shapes = [(one._data.shape, one._data.dtype, one.dtype) if isinstance(one, Tensor) else None for one in outputs]

        def run_backward(parts: list[Any]) -> list[Any]:
            given: list[Any] = []
            traced = next((type(part) for part in parts if hasattr(part, "tensor")), None)  # see _twice.py
            for part, shape in zip(parts, shapes, strict=True):
                if traced is not None and part is not None:
                    given.append(part.tensor)
                    continue
                if part is None and shape is not None and getattr(ctx, "zeros", True):
                    part = np.zeros(shape[0], shape[1])
                given.append(None if part is None else wrap(fit(np.asarray(part), shape[2]), shape[2]))
            with no_grad() if traced is None else enable_grad():
                found = _many(cls.backward(ctx, *given))
            if len(found) < len(args):
                raise RuntimeError(
                    f"function {cls.__name__}Backward returned an incorrect number of gradients (expected {len(args)}, "
                    f"got {len(found)})"
                )
            pairs = [(arg, one) for arg, one in zip(args, found, strict=False) if isinstance(arg, Tensor)]
            return [None if one is None else traced(one) if traced else one._data for _, one in pairs]

        run_backward.of_tensors = True  # type: ignore[attr-defined]
        saved = tuple(watch(one) for one in ctx.saved_tensors if isinstance(one, Tensor))
        core = Node(f"{cls.__name__}Backward", tuple(edge(one) for one in tensors), run_backward, None, None, saved)
        made = []
        for index, output in enumerate(outputs):
            constant = not isinstance(output, Tensor) or id(output) in getattr(ctx, "constant", ())
            if constant or output.dtype.rank < 2:
                made.append(output)
                continue
            fresh = output.detach() if any(output is one for one in tensors) else output

            def split(g: np.ndarray, index: int = index) -> tuple[_Parts]:
                return (_Parts(g if n == index else None for n in range(len(outputs))),)

            split.of_tensors = True  # type: ignore[attr-defined]
            fresh._node = Node(f"{cls.__name__}Backward", (core,), split, fresh._data.shape, fresh.dtype)
            fresh._node.made = (weakref.ref(fresh._data),)
            fresh._wants = True
            made.append(fresh)
        return tuple(made)


def _numeric(function: Callable[..., Any], inputs: Sequence[Any], which: int, output: int, eps: float) -> np.ndarray:
    """The Jacobian by central differences, `(inputs, outputs)`."""
    rows = []
    values = inputs[which]._data
    for place in np.ndindex(values.shape):
        sides = []
        for step in (eps, -eps):
            before = values[place]
            values[place] = before + step
            with no_grad():
                sides.append(_many(function(*inputs))[output]._data.copy().reshape(-1))
            values[place] = before
        rows.append((sides[0] - sides[1]) / (2 * eps))
    return np.array(rows)


def _analytic(function: Callable[..., Any], inputs: Sequence[Any], output: int) -> dict[int, np.ndarray]:
    """The Jacobian by the tape, `(inputs, outputs)`, for each input that wants one."""
    wanted = [index for index, one in enumerate(inputs) if isinstance(one, Tensor) and one.requires_grad]
    result = _many(function(*inputs))[output]
    columns: dict[int, list[np.ndarray]] = {index: [] for index in wanted}
    for place in range(result._data.size):
        seed = np.zeros(result._data.size, result._data.dtype)
        seed[place] = 1
        start = wrap(seed.reshape(result._data.shape), result.dtype)
        found = grad(result, [inputs[i] for i in wanted], start, retain_graph=True, allow_unused=True)
        for index, one in zip(wanted, found, strict=True):
            column = np.zeros(inputs[index]._data.size) if one is None else one._data.reshape(-1)
            columns[index].append(column)
    return {index: np.array(rows).T for index, rows in columns.items()}


def gradcheck(
    func: Callable[..., Any],
    inputs: Any,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    **kwargs: Any,
) -> bool:
    """Whether the gradients agree with central differences; inputs should be float64.

    Raises:
        RuntimeError: If they do not and `raise_exception` is set.
    """
    inputs = _many(inputs)
    for output, result in enumerate(_many(func(*inputs))):
        if not result.requires_grad:
            continue
        for index, ours in _analytic(func, inputs, output).items():
            numeric = _numeric(func, inputs, index, output, eps)
            if ours.size and not np.allclose(ours, numeric, rtol=rtol, atol=atol):
                if not raise_exception:
                    return False
                raise RuntimeError(
                    f"Jacobian mismatch for output {output} with respect to input {index},\nnumerical:{numeric}\n"
                    f"analytical:{ours}\n"
                )
    return True


class _OfTensors(type):
    def __instancecheck__(cls, value: Any) -> bool:
        return isinstance(value, Tensor)


class Variable(metaclass=_OfTensors):
    """What tensors with gradients were before tensors had them: the same memory, as a leaf."""

    def __new__(cls, data: Any = (), requires_grad: bool = False, volatile: bool | None = None) -> Any:
        """A tensor."""
        if volatile is not None:
            text = "volatile was removed and now has no effect. Use `with torch.no_grad():` instead."
            warnings.warn(text, stacklevel=2)
        if not isinstance(data, Tensor):
            if data != ():
                raise TypeError(f"Variable data has to be a tensor, but got {type(data).__name__}")
            data = PUBLIC["empty"](0)
        return data.detach().requires_grad_(requires_grad)


FunctionCtx = Context  # `torch.autograd.function.FunctionCtx`


def once_differentiable(backward: Callable[..., Any]) -> Callable[..., Any]:
    """A `backward` without a derivative of its own (`torch.autograd.function`)."""

    @functools.wraps(backward)
    def once(ctx: Any, *grads: Any) -> Any:
        if Mode.enabled:
            name = backward.__qualname__.removesuffix(".backward")
            raise RuntimeError(
                f"trying to differentiate twice a function that was marked with @once_differentiable ({name})"
            )
        return backward(ctx, *grads)

    return once


__getattr__ = _lacking(__name__, "torch.autograd")
