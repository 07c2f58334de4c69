"""What calls a module's backward hooks: a step of the tape around its inputs, and one around its outputs."""

from typing import Any

from .._core import Tensor
from ..autograd import Function


class _Gate(Function):
    """Hands tensors on; their gradients go through a function."""

    @staticmethod
    def forward(ctx: Any, through: Any, *tensors: Tensor) -> tuple[Tensor, ...]:
        ctx.through = through
        ctx.set_materialize_grads(False)
        return tuple(one.view_as(one) for one in tensors)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        return None, *ctx.through(grads)


class Gates:
    """The gates of one call."""

    def __init__(self, module: Any) -> None:
        self.module, self.hooks = module, list(module._backward_hooks.values())
        self.grad_output: tuple[Any, ...] = ()
        self.before_inputs = False  # whether an input wants a gradient, so that hooks wait for it

    def _passed(self, values: tuple[Any, ...], through: Any) -> tuple[Any, ...]:
        """The values, those with a gradient through a gate."""
        places = [n for n, one in enumerate(values) if isinstance(one, Tensor) and one.requires_grad]
        if not places:
            return values
        count = len(values)

        def spread(grads: tuple[Any, ...]) -> list[Any]:
            whole: list[Any] = [None] * count
            for place, grad in zip(places, grads, strict=True):
                whole[place] = grad
            changed = through(tuple(whole))
            return [changed[place] for place in places]

        handed = iter(_Gate.apply(spread, *(values[place] for place in places)))
        return tuple(next(handed) if n in places else one for n, one in enumerate(values))

    def inputs(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """The arguments, behind a gate."""
        self.before_inputs = any(isinstance(one, Tensor) and one.requires_grad for one in args)
        return self._passed(args, self._after)

    def outputs(self, result: Any) -> Any:
        """The result, behind a gate."""
        many = isinstance(result, tuple | list)
        found = self._passed(tuple(result) if many else (result,), self._before)
        return type(result)(found) if many else found[0]

    def _before(self, grads: tuple[Any, ...]) -> tuple[Any, ...]:
        for when, hook in self.hooks:
            if when == "before":
                changed = hook(self.module, grads)
                grads = grads if changed is None else changed if isinstance(changed, tuple) else (changed,)
        self.grad_output = grads
        if not self.before_inputs:
            self._after((None,))
        return grads

    def _after(self, grads: tuple[Any, ...]) -> tuple[Any, ...]:
        for when, hook in self.hooks:
            if when == "after":
                changed = hook(self.module, grads, self.grad_output)
                grads = grads if changed is None else changed if isinstance(changed, tuple) else (changed,)
        return grads
