"""`torch.autograd.functional`: Jacobians, and their products with vectors."""

from collections.abc import Callable
from typing import Any

from . import autograd
from ._absent import lacking as _lacking
from ._core import Tensor
from ._create import eye, ones_like
from ._engine import enable_grad
from ._shape import stack


def _many(value: Any) -> list[Any]:
    return list(value) if isinstance(value, tuple | list) else [value]


def _watched(inputs: Any, create_graph: bool = False) -> list[Tensor]:
    """The inputs, to be differentiated by: on the tape that they are on already where that is to go on."""
    return [
        one.view_as(one) if create_graph and one.requires_grad else one.detach().clone().requires_grad_()
        for one in _many(inputs)
    ]


def _table(out: Tensor, given: list[Tensor], create_graph: bool) -> list[Tensor]:
    """The slopes of a tensor by each of some others: `(*out.shape, *given.shape)`."""
    rows = []
    for seed in eye(out.numel(), dtype=out.dtype) if out.requires_grad else ():
        seed = seed.reshape(out.shape)
        options = {"retain_graph": True, "create_graph": create_graph, "allow_unused": True}
        found = autograd.grad(out, given, seed, **options)
        rows.append([one.detach() * 0 if part is None else part for one, part in zip(given, found, strict=True)])
    if not rows:
        return [one.new_zeros((*out.shape, *one.shape)) for one in given]
    return [stack([row[n] for row in rows]).reshape(*out.shape, *one.shape) for n, one in enumerate(given)]


def _like(inputs: Any, found: list[Any]) -> Any:
    return tuple(found) if isinstance(inputs, tuple | list) else found[0]


def jacobian(
    func: Callable[..., Any],
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    strategy: str = "reverse-mode",
) -> Any:
    """`out[i..., j...]`, the slope of output `i` by input `j`; a tuple where there are several inputs."""
    given = _watched(inputs, create_graph)
    with enable_grad():
        result = func(*given)
    found = [_like(inputs, _table(out, given, create_graph)) for out in _many(result)]
    return _like(result, found)


def hessian(
    func: Callable[..., Any],
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    outer_jacobian_strategy: str = "reverse-mode",
) -> Any:
    """The second derivatives of one number: `out[i..., j...]`, a tuple of tuples where there are several inputs."""
    given = _watched(inputs, create_graph)
    with enable_grad():
        value = func(*given)
        slopes = autograd.grad(value, given, create_graph=True, allow_unused=True)
        slopes = [one * 0 if part is None else part for one, part in zip(given, slopes, strict=True)]
    return _like(inputs, [_like(inputs, _table(one, given, create_graph)) for one in slopes])


def hvp(func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> Any:
    """The value, and the product of the second derivatives with a vector."""
    given = _watched(inputs, create_graph)
    with enable_grad():
        value = func(*given)
        slopes = autograd.grad(value, given, create_graph=True, allow_unused=True)
        total: Any = 0
        for slope, direction in zip(slopes, [ones_like(one) for one in given] if v is None else _many(v), strict=True):
            total = total if slope is None else total + (slope * direction).sum()
    depends = isinstance(total, Tensor) and total.requires_grad
    found = (
        autograd.grad(total, given, create_graph=create_graph, allow_unused=True) if depends else [None] * len(given)
    )
    parts = [one.detach() * 0 if part is None else part for one, part in zip(given, found, strict=True)]
    return value if create_graph else value.detach(), _like(inputs, parts)


vhp = hvp  # second derivatives are symmetric


def vjp(func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> Any:
    """The value, and the product of a vector with the Jacobian."""
    given = _watched(inputs, create_graph)
    with enable_grad():
        outputs = func(*given)
    seeds = None if v is None else _many(v)
    found = autograd.grad(_many(outputs), given, seeds, create_graph=create_graph, allow_unused=True)
    parts = [one.detach() * 0 if part is None else part for one, part in zip(given, found, strict=True)]
    values = [one if create_graph else one.detach() for one in _many(outputs)]
    return _like(outputs, values), _like(inputs, parts)


def jvp(func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> Any:
    """The value, and the product of the Jacobian with a vector: through the whole Jacobian."""
    outputs = func(*_many(inputs))
    tables = _many(jacobian(func, inputs if isinstance(inputs, tuple) else (inputs,)))
    total: Any = 0
    for table, direction in zip(tables, _many(v), strict=True):
        total = total + (table * direction).reshape(*outputs.shape, -1).sum(-1)
    return outputs.detach(), total


__getattr__ = _lacking(__name__, "torch.autograd.functional")
