"""`torch.func`: functions of functions. A batch is walked example by example; derivatives come from the tape."""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from . import autograd
from ._absent import lacking as _lacking
from ._core import Tensor
from ._create import eye
from ._engine import enable_grad
from ._shape import stack
from .utils._pytree import tree_leaves, tree_map


def functional_call(
    module: Any, parameters_and_buffers: Any, args: Any = None, kwargs: dict[str, Any] | None = None
) -> Any:
    """Call a module with other tensors in the place of its own."""
    given: dict[str, Tensor] = {}
    for one in (
        parameters_and_buffers if isinstance(parameters_and_buffers, tuple | list) else (parameters_and_buffers,)
    ):
        given.update(one)
    places = []
    for path, tensor in given.items():
        owner, _, name = path.rpartition(".")
        holder = module.get_submodule(owner)
        registry = next((one for one in (holder._parameters, holder._buffers) if name in one), None)
        if registry is None:
            raise RuntimeError(f"Unexpected key(s): {path}.")
        places.append((registry, name, registry[name], tensor))
    try:
        for registry, name, _, tensor in places:
            registry[name] = tensor
        return module(*(args if isinstance(args, tuple) else () if args is None else (args,)), **(kwargs or {}))
    finally:
        for registry, name, before, _ in places:
            registry[name] = before


def stack_module_state(models: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Parameters and buffers of several modules, each stacked."""
    models = list(models)
    parameters = [dict(one.named_parameters()) for one in models]
    buffers = [dict(one.named_buffers()) for one in models]
    joined = {
        name: stack([one[name].detach() for one in parameters]).requires_grad_(parameters[0][name].requires_grad)
        for name in parameters[0]
    }
    return joined, {name: stack([one[name] for one in buffers]) for name in buffers[0]}


# Batches.


def _chosen(tree: Any, dims: Any, place: int) -> Any:
    """One example of a tree of batches; where `dims` says None, the whole."""
    if dims is None:
        return tree
    if isinstance(tree, Tensor):
        return tree.select(dims, place)
    if isinstance(tree, dict):
        return {key: _chosen(one, dims if isinstance(dims, int) else dims[key], place) for key, one in tree.items()}
    if isinstance(tree, tuple | list):
        many = (dims,) * len(tree) if isinstance(dims, int) else dims
        return type(tree)(_chosen(one, dim, place) for one, dim in zip(tree, many, strict=True))
    return tree


def _size(tree: Any, dims: Any) -> int | None:
    """How many examples there are."""
    if dims is None:
        return None
    if isinstance(tree, Tensor):
        return tree.shape[dims]
    if isinstance(tree, dict):
        found = [_size(one, dims if isinstance(dims, int) else dims[key]) for key, one in tree.items()]
    elif isinstance(tree, tuple | list):
        many = (dims,) * len(tree) if isinstance(dims, int) else dims
        found = [_size(one, dim) for one, dim in zip(tree, many, strict=True)]
    else:
        return None
    return next((one for one in found if one is not None), None)


def _joined(results: list[Any], dims: Any) -> Any:
    """The results of all examples as one."""
    first = results[0]
    if isinstance(first, tuple | list):
        many = (dims,) * len(first) if isinstance(dims, int) else dims
        return type(first)(_joined([one[n] for one in results], many[n]) for n in range(len(first)))
    if isinstance(first, dict):
        return {key: _joined([one[key] for one in results], dims) for key in first}
    if not isinstance(first, Tensor):
        raise ValueError(f"vmap: the function must only return Tensors, got type {type(first)} as a return.")
    return first if dims is None else stack(results, dims)


def _vmap(func: Callable[..., Any], in_dims: Any = 0, out_dims: Any = 0, *_: Any) -> Callable[..., Any]:
    return vmap(func, in_dims, out_dims)  # of `torch._vmap_internals`, as it was first called


def vmap(
    func: Callable[..., Any],
    in_dims: Any = 0,
    out_dims: Any = 0,
    randomness: str = "error",
    *,
    chunk_size: int | None = None,
) -> Callable[..., Any]:
    """The function of one example as a function of a batch: here example by example, so as slow as a loop."""

    @functools.wraps(func)
    def mapped(*args: Any, **kwargs: Any) -> Any:
        size = _size(args, in_dims if not isinstance(in_dims, list) else tuple(in_dims))
        if size is None:
            raise ValueError("vmap: at least one input must be mapped over; in_dims must have a dimension")
        return _joined(
            [func(*_chosen(args, in_dims, place), **_chosen(kwargs, 0, place)) for place in range(size)], out_dims
        )

    return mapped


# Derivatives.


def _watched(args: tuple[Any, ...], places: tuple[int, ...]) -> tuple[Any, ...]:
    """The arguments; those at the given places to be differentiated by, also by such functions around this one."""
    return tuple(tree_map(_leaf, arg) if n in places else arg for n, arg in enumerate(args))


def _leaf(one: Tensor) -> Tensor:
    return one.view_as(one) if one.requires_grad else one.detach().clone().requires_grad_()


class _Depth:
    """How many of these functions are under way: what an inner one gives is differentiated by those around it."""

    count = 0


@contextmanager
def _deeper() -> Iterator[None]:
    _Depth.count += 1
    try:
        with enable_grad():
            yield
    finally:
        _Depth.count -= 1


def _slopes(outputs: Any, inputs: list[Tensor], seeds: Any = None, retain: bool | None = None) -> Any:
    """Gradients, on the tape where somebody around asks for those of them."""
    outer = _Depth.count > 0 or any(one._node is not None for one in inputs)
    try:
        return autograd.grad(outputs, inputs, seeds, retain or outer, create_graph=outer, allow_unused=True)
    except NotImplementedError:
        if _Depth.count:
            raise
        return autograd.grad(outputs, inputs, seeds, retain, allow_unused=True)


def _shown(tree: Any) -> Any:
    """A result as it is given: off the tape, where nobody is around."""
    return tree if _Depth.count else tree_map(lambda one: one.detach() if isinstance(one, Tensor) else one, tree)


def _places(argnums: int | tuple[int, ...], count: int) -> tuple[int, ...]:
    many = argnums if isinstance(argnums, tuple) else (argnums,)
    return tuple(n % count for n in many)


def _shaped(tree: Any, leaves: Any) -> Any:
    """Leaves in the containers of a tree; zeros where there is none."""
    return tree_map(lambda like: (lambda one: like.detach() * 0 if one is None else one)(next(leaves)), tree)


def grad_and_value(func: Callable[..., Any], argnums: Any = 0, has_aux: bool = False) -> Callable[..., Any]:
    """The gradient and the value of a function of which the result is one number."""

    @functools.wraps(func)
    def derived(*args: Any, **kwargs: Any) -> Any:
        places = _places(argnums, len(args))
        with _deeper():
            given = _watched(args, places)
            result = func(*given, **kwargs)
            value, aux = result if has_aux else (result, None)
        if value.ndim:
            raise RuntimeError(
                f"grad_and_value(f)(*args): Expected f(*args) to return a scalar tensor, got tensor with {value.ndim} "
                f"dims."
            )
        wanted = [given[n] for n in places]
        found = iter(_slopes(value, tree_leaves(wanted)))
        grads = tuple(_shaped(one, found) for one in wanted)
        out = grads if isinstance(argnums, tuple) else grads[0]
        return (out, (_shown(value), aux)) if has_aux else (out, _shown(value))

    return derived


def grad(func: Callable[..., Any], argnums: Any = 0, has_aux: bool = False) -> Callable[..., Any]:
    """The gradient of a function of which the result is one number."""
    both = grad_and_value(func, argnums, has_aux)

    @functools.wraps(func)
    def derived(*args: Any, **kwargs: Any) -> Any:
        found, value = both(*args, **kwargs)
        return (found, value[1]) if has_aux else found

    return derived


def vjp(func: Callable[..., Any], *primals: Any, has_aux: bool = False) -> Any:
    """The value, and a function from its gradient to those of the arguments."""
    with _deeper():
        given = _watched(primals, tuple(range(len(primals))))
        result = func(*given)
        value, aux = result if has_aux else (result, None)

    def back(*cotangents: Any) -> tuple[Any, ...]:
        outs, seeds = tree_leaves(value), tree_leaves(cotangents)
        found = iter(_slopes(outs, tree_leaves(given), seeds, True))
        return tuple(_shaped(one, found) for one in given)

    return (_shown(value), back, aux) if has_aux else (_shown(value), back)


def jacrev(func: Callable[..., Any], argnums: Any = 0, has_aux: bool = False, **options: Any) -> Callable[..., Any]:
    """The Jacobian: of each output by each input."""

    @functools.wraps(func)
    def derived(*args: Any) -> Any:
        places = _places(argnums, len(args))
        with _deeper():
            given = _watched(args, places)
            result = func(*given)
            value, aux = result if has_aux else (result, None)
        wanted = [given[n] for n in places]

        def table(out: Tensor) -> Any:
            rows: list[list[Any]] = []
            leaves = tree_leaves(wanted)
            for seed in eye(out.numel(), dtype=out.dtype):
                seed = seed.reshape(out.shape)
                parts = _slopes(out, leaves, seed, True) if out.requires_grad else (None,) * len(leaves)
                rows.append(
                    [leaf.detach() * 0 if one is None else one for one, leaf in zip(parts, leaves, strict=True)]
                )
            found = iter(
                stack([row[n] for row in rows]).reshape(*out.shape, *leaf.shape) for n, leaf in enumerate(leaves)
            )
            whole = tuple(tree_map(lambda _: next(found), one) for one in wanted)
            return whole if isinstance(argnums, tuple) else whole[0]

        out = tree_map(table, value)
        return (out, aux) if has_aux else out

    return derived


def jacfwd(func: Callable[..., Any], argnums: Any = 0, has_aux: bool = False, **options: Any) -> Callable[..., Any]:
    """The Jacobian: here by the tape, as `jacrev`."""
    return jacrev(func, argnums, has_aux)


def jvp(func: Callable[..., Any], primals: tuple[Any, ...], tangents: tuple[Any, ...], **options: Any) -> Any:
    """The value, and how it changes along a direction: through the whole Jacobian."""
    value = func(*primals)
    tables = jacrev(func, tuple(range(len(primals))))(*primals)
    total: Any = 0
    for table, tangent in zip(tables, tangents, strict=True):
        total = total + (table * tangent).reshape(*value.shape, -1).sum(-1)
    return _shown(value), total


def hessian(func: Callable[..., Any], argnums: Any = 0) -> Callable[..., Any]:
    """The second derivatives: of each slope by each input."""
    return jacfwd(jacrev(func, argnums), argnums)


__getattr__ = _lacking(__name__, "torch.func")
