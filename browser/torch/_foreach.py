"""`torch._foreach_add` and its kin, as optimizers call them: an operation on each tensor of a list."""

from collections.abc import Callable
from typing import Any

from ._core import Tensor
from ._engine import no_grad
from ._lazy import FOREACH


def _compute(operation: str, tensor: Tensor, *args: Any, **kwargs: Any) -> Any:
    if operation in ("maximum", "clamp_min"):
        return tensor.clamp(min=args[0])
    if operation in ("minimum", "clamp_max"):
        return tensor.clamp(max=args[0])
    if operation in ("copy", "zero"):
        return args[0] if args else 0 * tensor
    if operation == "norm":
        return tensor.norm(*args, *kwargs.values())
    if operation in ("addcdiv", "addcmul") and len(args) == 3:
        *args, kwargs["value"] = args  # type: ignore[assignment]
    return getattr(tensor, operation)(*args, **kwargs)


# What torch calls the arguments behind the list, in their order.
NAMES = "other tensors1 tensors2 tensor1 tensor2 scalar scalars weight weights exponent src".split()


def _each(name: str) -> Callable[..., Any]:
    operation = name.removesuffix("_")

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        """The operation on each tensor; a list among the other arguments has one for each."""
        args += tuple(kwargs.pop(one) for one in NAMES if one in kwargs)
        rows = [[one[i] if isinstance(one, list | tuple) else one for one in args] for i in range(len(self))]
        if operation == name:
            return tuple(_compute(operation, one, *row, **kwargs) for one, row in zip(self, rows, strict=True))
        with no_grad():
            for one, row in zip(self, rows, strict=True):
                one.copy_(_compute(operation, one, *row, **kwargs))
        return self

    call.__name__ = call.__qualname__ = f"_foreach_{name}"
    return call


globals().update({f"_foreach_{name}": _each(name) for name in FOREACH})
