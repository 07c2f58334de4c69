"""Functions of layers that few programs use."""

from typing import Any

import numpy as np

from .._core import Tensor, make, store, wide, wrap
from .._create import empty, ones_like
from .._dtypes import int64
from .._pointwise import where
from .._random import default_generator
from .._shape import stack
from . import _windows
from .functional import batch_norm, dropout, elu, embedding, leaky_relu, relu

ALPHA = 1.6732632423543772  # SELU's
SCALE = 1.0507009873554805


def hardtanh(input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Tensor:
    """Values cut to an interval; at its ends the gradient is 0."""
    x = wide(input)
    inside = (x > min_val) & (x < max_val)
    out = make(np.clip(x, min_val, max_val), input.dtype, "Hardtanh0", (input,), lambda g: (g * inside,), (input,))
    return store(input, out) if inplace else out


def hardshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """0 where small."""
    kept = np.abs(wide(input)) > lambd
    return make(wide(input) * kept, input.dtype, "Hardshrink0", (input,), lambda g: (g * kept,), (input,))


def softshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """Nearer to 0 by `lambd`; 0 where small."""
    x = wide(input)
    kept = np.abs(x) > lambd
    out = np.where(kept, x - np.sign(x) * x.dtype.type(lambd), 0)
    return make(out, input.dtype, "Softshrink0", (input,), lambda g: (g * kept,), (input,))


def tanhshrink(input: Tensor) -> Tensor:
    """`x - tanh(x)`."""
    return input - input.tanh()


def threshold(input: Tensor, threshold: float, value: float, inplace: bool = False) -> Tensor:
    """`value` where not above the threshold."""
    kept = wide(input) > threshold
    data = np.where(kept, wide(input), wide(input).dtype.type(value))
    out = make(data, input.dtype, "Threshold0", (input,), lambda g: (g * kept,), (input,))
    return store(input, out) if inplace else out


def selu(input: Tensor, inplace: bool = False) -> Tensor:
    """`elu`, scaled so that mean 0 and variance 1 stay."""
    out = SCALE * elu(input, ALPHA)
    return store(input, out) if inplace else out


def celu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """`max(0, x) + min(0, alpha (exp(x / alpha) - 1))`."""
    out = where(input > 0, input, alpha * (input.clamp_max(0) / alpha).expm1())
    return store(input, out) if inplace else out


def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """`x` where positive, else `weight x`, one weight or one for each channel."""
    side = weight if weight.numel() == 1 or input.ndim < 2 else weight.reshape(-1, *(1,) * (input.ndim - 2))
    return where(input > 0, input, side * input)


def rrelu(
    input: Tensor, lower: float = 1 / 8, upper: float = 1 / 3, training: bool = False, inplace: bool = False
) -> Tensor:
    """`x` where positive, else a share of it, random in training."""
    if training:
        low = wide(input) <= 0
        drawn = default_generator.doubles(int(low.sum())) * (upper - lower) + lower
        slope = np.ones(low.shape)
        slope[low] = drawn
    else:
        slope = np.where(wide(input) > 0, 1, (lower + upper) / 2)
    slope = slope.astype(wide(input).dtype)
    out = make(wide(input) * slope, input.dtype, "Rrelu0", (input,), lambda g: (g * slope,), (input,))
    return store(input, out) if inplace else out


def _dropped_channels(input: Tensor, p: float, training: bool, inplace: bool) -> Tensor:
    if not 0 <= p <= 1:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
    if not training or p == 0:
        return input
    shape = (*input.shape[:2], *(1,) * (input.ndim - 2))
    noise = dropout(ones_like(empty(shape, dtype=input.dtype)), p)
    return input.mul_(noise) if inplace else input * noise


def dropout1d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Channels of `(N, C, L)` set to 0."""
    single = input.ndim == 2
    out = _dropped_channels(input.unsqueeze(0) if single else input, p, training, inplace)
    return out.squeeze(0) if single else out


def dropout2d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Channels of `(N, C, H, W)` set to 0."""
    return _dropped_channels(input, p, training, inplace)


def dropout3d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Channels of `(N, C, D, H, W)` set to 0."""
    single = input.ndim == 4
    out = _dropped_channels(input.unsqueeze(0) if single else input, p, training, inplace)
    return out.squeeze(0) if single else out


def alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """Values set to SELU's lower limit, then scaled so that mean and variance stay."""
    if not training or p == 0:
        return input
    if p == 1:
        return input * 0
    noise = (dropout(ones_like(input), p) > 0).to(input.dtype)
    limit = -ALPHA * SCALE
    a = ((limit * limit * p + 1) * (1 - p)) ** -0.5
    out = input * (noise * a) + (1 - noise) * (limit * a) - limit * a * p
    return store(input, out) if inplace else out


def instance_norm(
    input: Tensor,
    running_mean: Any = None,
    running_var: Any = None,
    weight: Any = None,
    bias: Any = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Mean 0 and variance 1 of each channel of each example."""
    batch, channels = input.shape[:2]
    if not use_input_stats:
        return batch_norm(input, running_mean, running_var, weight, bias, False, momentum, eps)
    many = [None if one is None else one.repeat(batch) for one in (running_mean, running_var, weight, bias)]
    flat = input.reshape(1, batch * channels, *input.shape[2:])
    if flat.numel() == batch * channels:
        raise ValueError(f"Expected more than 1 spatial element when training, got input size {input.shape}")
    out = batch_norm(flat, *many, True, momentum, eps)
    for running, new in zip((running_mean, running_var), many[:2], strict=True):
        if running is not None:
            running._data[...] = new._data.reshape(batch, channels).mean(axis=0)
    return out.reshape(input.shape)


def local_response_norm(input: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> Tensor:
    """Divided by a power of the squares of neighbouring channels."""
    square = input.square().unsqueeze(1)
    sides = [0, 0] * (input.ndim - 2) + [size // 2, (size - 1) // 2]
    mean = _windows.pad(square, sides).movedim(2, -1).unfold(-1, size, 1).mean(-1).movedim(-1, 2).squeeze(1)
    return input / (mean * alpha + k) ** beta


def bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """`x1ᵀ A x2 + bias` for each output."""
    from .._linalg import einsum

    out = einsum("...i,oij,...j->...o", input1, weight, input2)
    return out if bias is None else out + bias


def embedding_bag(
    input: Tensor,
    weight: Tensor,
    offsets: Tensor | None = None,
    max_norm: Any = None,
    norm_type: float = 2,
    scale_grad_by_freq: bool = False,
    mode: str = "mean",
    sparse: bool = False,
    per_sample_weights: Tensor | None = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Tensor:
    """Sums, means or maxima of rows: of each row of `input`, or from each offset to the next."""
    if input.ndim == 2:
        starts = np.arange(input.shape[0] + 1) * input.shape[1]
    else:
        if offsets is None:
            raise ValueError("offsets has to be a 1D Tensor but got None")
        starts = offsets._data if include_last_offset else np.append(offsets._data, input.numel())
    flat = input.reshape(-1)
    weights = None if per_sample_weights is None else per_sample_weights.reshape(-1)
    bags = []
    for low, high in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True):
        index = flat[low:high]
        kept = index._data != padding_idx if padding_idx is not None else np.ones(high - low, bool)
        index = index[wrap(np.flatnonzero(kept), int64)]
        if not len(index):
            bags.append(weight.new_zeros(weight.shape[1]))
            continue
        rows = embedding(index, weight)
        if weights is not None:
            rows = rows * weights[low:high][wrap(np.flatnonzero(kept), int64)].unsqueeze(1)
        bags.append(rows.sum(0) if mode == "sum" else rows.mean(0) if mode == "mean" else rows.max(0).values)
    return stack(bags)


def _in_place(function: Any) -> Any:
    def apply(input: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        return function(input, *args, inplace=True, **kwargs)

    apply.__name__, apply.__doc__ = f"{function.__name__}_", f"`{function.__name__}`, in place."
    return apply


relu_, leaky_relu_, elu_ = _in_place(relu), _in_place(leaky_relu), _in_place(elu)
selu_, celu_, rrelu_ = _in_place(selu), _in_place(celu), _in_place(rrelu)
hardtanh_, threshold_ = _in_place(hardtanh), _in_place(threshold)
