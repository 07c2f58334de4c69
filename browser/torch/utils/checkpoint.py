"""`torch.utils.checkpoint`: run a part again in backward, instead of keeping what it computed."""

from collections.abc import Callable
from typing import Any

from .._absent import lacking as _lacking
from .._core import Tensor
from .._engine import enable_grad
from .._random import get_rng_state, set_rng_state
from ..autograd import Function, backward, once_differentiable


class _Again(Function):
    """Runs without a tape, and once more with one when the gradient comes."""

    @staticmethod
    def forward(ctx: Any, run: Callable[..., Any], keep_random: bool, *args: Any) -> Any:
        ctx.run, ctx.args = run, args
        ctx.random = get_rng_state() if keep_random else None
        return run(*args)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Any) -> Any:
        given = [one.detach().requires_grad_(one.requires_grad) if isinstance(one, Tensor) else one for one in ctx.args]
        before = get_rng_state()
        if ctx.random is not None:
            set_rng_state(ctx.random)
        with enable_grad():
            result = ctx.run(*given)
        set_rng_state(before)
        outputs = result if isinstance(result, tuple) else (result,)
        pairs = [
            (out, grad) for out, grad in zip(outputs, grads, strict=True)
            if isinstance(out, Tensor) and out.requires_grad and grad is not None
        ]  # fmt: skip
        backward([out for out, _ in pairs], [grad for _, grad in pairs])
        return (None, None, *(one.grad if isinstance(one, Tensor) else None for one in given))


def checkpoint(
    function: Callable[..., Any],
    *args: Any,
    use_reentrant: bool | None = None,
    preserve_rng_state: bool = True,
    **kwargs: Any,
) -> Any:
    """`function(*args)`, of which nothing but the arguments is kept."""
    for name in ("context_fn", "determinism_check", "debug", "early_stop"):
        kwargs.pop(name, None)
    if not any(isinstance(one, Tensor) and one.requires_grad for one in args):
        return function(*args, **kwargs)  # its parameters alone want gradients: keep the tape
    return _Again.apply(lambda *given: function(*given, **kwargs), preserve_rng_state, *args)


def checkpoint_sequential(functions: Any, segments: int, input: Any, use_reentrant: bool | None = None) -> Any:
    """The functions one after the other, a checkpoint for each segment."""
    steps = list(functions.children()) if hasattr(functions, "children") else list(functions)
    size = len(steps) // segments
    for start in range(0, size * (segments - 1), size):
        part = steps[start : start + size]

        def run(x: Any, part: Any = part) -> Any:
            for step in part:
                x = step(x)
            return x

        input = checkpoint(run, input, use_reentrant=use_reentrant)
    for step in steps[size * (segments - 1) :]:
        input = step(input)
    return input


def get_device_states(*args: Any) -> tuple[list[int], list[Any]]:
    """The generators of the devices that the tensors lie on: none."""
    return [], []


def set_device_states(devices: Any, states: Any, **kwargs: Any) -> None:
    """Nothing to set."""


__getattr__ = _lacking(__name__, "torch.utils.checkpoint")
