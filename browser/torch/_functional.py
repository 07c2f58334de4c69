"""`torch.autograd.functional`: Jacobians, and their products with vectors."""

from collections.abc import Callable
from typing import Any

from . import autograd
from ._absent import lacking as _lacking
from ._core import Tensor, wrap
from ._dtypes import fit


def _many(value: Any) -> list[Any]:
    return list(value) if isinstance(value, tuple | list) else [value]


def _leaves(inputs: Any) -> list[Tensor]:
    return [one.detach().clone().requires_grad_() for one in _many(inputs)]


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
    if create_graph:
        autograd._roots((), (), True)
    given = _leaves(inputs)
    result = func(*given)
    tables = autograd._analytic(lambda *args: func(*args), given, 0)
    found = [
        wrap(fit(tables[i].T.reshape(*result.shape, *one.shape), one.dtype), one.dtype) for i, one in enumerate(given)
    ]
    return _like(inputs, found)


def vjp(func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> Any:
    """The value, and the product of a vector with the Jacobian."""
    given = _leaves(inputs)
    outputs = func(*given)
    seeds = None if v is None else _many(v)
    found = autograd.grad(_many(outputs), given, seeds, create_graph=create_graph, allow_unused=True)
    parts = [one.detach() * 0 if part is None else part for one, part in zip(given, found, strict=True)]
    values = [one.detach() for one in _many(outputs)]
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
