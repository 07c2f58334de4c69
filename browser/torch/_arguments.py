"""What to say of an argument of the wrong kind, in torch's words. Asked only when a call has failed."""

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ._core import Tensor


def wrong(function: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any], method: bool) -> str | None:
    """Which argument is no tensor where one is needed, or no number; None where all are."""
    plain = inspect.unwrap(function)
    code, kinds = plain.__code__, plain.__annotations__
    places = list(zip(code.co_varnames[: code.co_argcount], args, strict=False))
    for at, (name, value) in enumerate([*places, *kwargs.items()], 0 if method else 1):
        wanted = lacks(kinds.get(name), name, value)
        if not wanted:
            continue
        if wanted == "Tensors":
            odd = next(n for n, one in enumerate(value) if not isinstance(one, Tensor))
            return f"expected Tensor as element {odd} in argument {at - 1}, but got {named(value[odd])}"
        place = f" (position {at})" if at <= len(places) else ""
        said = "input" if name == "self" else name
        return f"{plain.__name__}(): argument '{said}'{place} must be {wanted}, not {named(value)}"
    return None


def lacks(kind: Any, name: str, value: Any) -> str | None:
    """What a value should have been."""
    if kind == Sequence[Tensor]:
        if not isinstance(value, list | tuple):
            return "tuple of Tensors"
        return None if all(isinstance(one, Tensor) for one in value) else "Tensors"
    if isinstance(value, Tensor) or type(value).__module__.startswith(__package__):
        return None
    if kind is Tensor or (kind is Any and name in {"input", "other"} and not isinstance(value, int | float | complex)):
        return "Tensor"
    return "int" if kind is int and not isinstance(value, int | np.integer) else None


def named(value: Any) -> str:
    """A value's type, with its module."""
    kind = type(value)
    own = kind.__module__ == "builtins" or isinstance(value, Tensor)
    return kind.__name__ if own else f"{kind.__module__}.{kind.__name__}"
