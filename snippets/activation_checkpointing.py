r"""Activation checkpointing: compute again in the backward pass what was not kept in the forward pass

The backward pass needs what every layer computed, so memory grows with the number of layers. A checkpointed segment
keeps only what went in; when its gradient comes, it runs once more, now keeping everything, and goes backward at once.
With n layers in √n segments about 2√n activations are alive at a time, for one more forward pass.

$$
\text{kept}(k) = k + \frac{n}{k} \;\ge\; 2\sqrt n, \qquad
\text{bytes of a layer} = s\,b\,h \left(34 + 5\,\frac{a s}{h}\right) \;\to\; 34\,s\,b\,h \;\to\; 2\,s\,b\,h
$$

Papers: [Training Deep Nets with Sublinear Memory Cost](https://arxiv.org/abs/1604.06174), section 4;
[Reducing Activation Recomputation in Large Transformer Models](https://arxiv.org/abs/2205.05198), equation 2, table 2.

Letters: `n` layers, `k` segments; of a Transformer layer in 16 bits `s` tokens, `b` samples, `h` width, `a` heads.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor


# --8<-- [start:core]
class _Again(torch.autograd.Function):
    """Runs without a graph; in the backward pass runs again with one, and goes backward through it."""

    @staticmethod
    def forward(ctx: Any, function: Callable[..., Tensor], preserve_rng_state: bool, *args: Tensor) -> Tensor:
        """Keep what goes in, and how random numbers and autocast stood."""
        ctx.function, ctx.preserve = function, preserve_rng_state
        ctx.random, ctx.cast = _random_state(args), _autocast(args)
        ctx.save_for_backward(*args)
        return function(*args)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, grad: Tensor) -> Any:
        """Gradients of what went in; those of weights go to the weights themselves."""
        args = [arg.detach().requires_grad_(arg.requires_grad) for arg in ctx.saved_tensors]
        now = _random_state(args)
        if ctx.preserve:
            _set_random_state(args, ctx.random)  # the same dropout as before
        with torch.enable_grad(), ctx.cast:
            output = ctx.function(*args)
        if ctx.preserve:
            _set_random_state(args, now)
        torch.autograd.backward(output, grad)
        return None, None, *(arg.grad for arg in args)


def checkpoint(function: Callable[..., Tensor], *args: Tensor, preserve_rng_state: bool = True) -> Tensor:
    """Call a function, keeping nothing but its arguments for the backward pass.

    As `torch.utils.checkpoint.checkpoint(..., use_reentrant=True)`: a gradient for `autograd.grad` of weights inside
    and double backward are not to be had; the library's `use_reentrant=False` has both.

    Args:
        function: One output, any shape. It is run twice and must do the same both times.
        args: Tensors, any shape.
        preserve_rng_state: Random numbers are the same both times, so that dropout drops the same.

    Returns:
        What the function returns.

    Raises:
        ValueError: If there is no argument, or gradients are on and none asks for one: the weights inside would get
            none, without a word.
    """
    if not args or (torch.is_grad_enabled() and not any(arg.requires_grad for arg in args)):
        raise ValueError("no argument requires a gradient, so weights inside would get none: set requires_grad on one")
    output: Tensor = _Again.apply(function, preserve_rng_state, *args)
    return output


def segment_lengths(layers: int, segments: int) -> list[int]:
    """Layers of each segment, as equal as can be, longer ones first.

    Args:
        layers: `n`.
        segments: `k`, 1 to `n`.

    Returns:
        `k` numbers that add up to `n`.

    Raises:
        ValueError: If `segments` is out of its range.
    """
    if not 1 <= segments <= layers:
        raise ValueError(f"segments {segments} are not 1 to {layers} layers")
    return [layers // segments + (at < layers % segments) for at in range(segments)]


def checkpoint_sequential(functions: Sequence[Callable[[Tensor], Tensor]], segments: int, x: Tensor) -> Tensor:
    """Layers one after the other, all segments but the last checkpointed: it is needed at once.

    Args:
        functions: The layers, `n`.
        segments: `k`, 1 to `n`.
        x: Input of the first layer; asks for a gradient if `k` is above 1.

    Returns:
        Output of the last.

    Raises:
        ValueError: See `segment_lengths` and `checkpoint`.
    """

    def run(part: Sequence[Callable[[Tensor], Tensor]]) -> Callable[[Tensor], Tensor]:
        """These layers as one function."""

        def through(x: Tensor) -> Tensor:
            """Through all of them."""
            for function in part:
                x = function(x)
            return x

        return through

    start, lengths = 0, segment_lengths(len(functions), segments)
    for length in lengths[:-1]:
        x = checkpoint(run(functions[start : start + length]), x)
        start += length
    return run(functions[start:])(x)


def peak_activations(layers: int, segments: int) -> int:
    """Most activations alive at a time in `checkpoint_sequential`: inputs of segments, and all of one segment."""
    lengths = segment_lengths(layers, segments)
    return max(min(at, segments - 1) + length for at, length in enumerate(lengths, 1))


def activation_bytes(seq_len: int, batch: int, hidden: int, heads: int, recompute: str = "none") -> int:
    """Of a Transformer layer with dropout, in 16 bits, without FlashAttention or parallelism.

    Args:
        seq_len: `s`.
        batch: `b`.
        hidden: `h`.
        heads: `a`.
        recompute: "none"; "selective": scores and softmax of the attention are computed again; "full": the layer is.

    Returns:
        Bytes kept for the backward pass.

    Raises:
        ValueError: If there is no such way.
    """
    if recompute not in ("none", "selective", "full"):
        raise ValueError(f"recompute {recompute!r} is neither 'none', 'selective' nor 'full'")
    line = seq_len * batch * hidden
    scores = 5 * heads * seq_len * seq_len * batch if recompute == "none" else 0
    return 2 * line if recompute == "full" else 34 * line + scores


def _random_state(args: Sequence[Tensor]) -> list[Tensor]:
    """Of the CPU, and of each GPU that an argument is on."""
    return [torch.get_rng_state(), *(torch.cuda.get_rng_state(device) for device in _gpus(args))]


def _set_random_state(args: Sequence[Tensor], states: list[Tensor]) -> None:
    """Put `_random_state` back."""
    torch.set_rng_state(states[0])
    for device, state in zip(_gpus(args), states[1:], strict=True):
        torch.cuda.set_rng_state(state, device)


def _gpus(args: Sequence[Tensor]) -> list[torch.device]:
    """GPUs that arguments are on, each once."""
    return list(dict.fromkeys(arg.device for arg in args if arg.device.type == "cuda"))


def _autocast(args: Sequence[Tensor]) -> AbstractContextManager[object]:
    """Autocast as it is now, to be entered again: the backward pass mostly runs outside of it."""
    kind = args[0].device.type
    return torch.autocast(kind) if torch.is_autocast_enabled(kind) else nullcontext()  # of the dtype that is set now


# --8<-- [end:core]


def demo() -> None:
    """Activations alive at a time, by the number of segments, for 64 layers."""
    for segments in (1, 2, 4, 8, 16, 32, 64):
        again = 64 - segment_lengths(64, segments)[-1]
        print(f"{segments:2} segments: {peak_activations(64, segments):2} alive, {again:2} layers computed again")


if __name__ == "__main__":
    demo()
