"""`torch.nn.functional`: layers and losses as functions."""

import functools
import math
import warnings
from typing import Any

import numpy as np

from .._absent import lacking as _lacking
from .._absent import lazily as _lazily
from .._core import Tensor, called, frozen, make, store, wide, wrap
from .._create import (
    empty_like,
    one_hot,  # noqa: F401 - public
)
from .._dtypes import bool_, int64, uint8
from .._engine import Mode, cleared, scattered
from .._linalg import (
    Cast,
    linear,  # noqa: F401 - public
)
from .._pointwise import quick_erf, unary, where
from .._random import dropout_mask
from .._reduce import log_softmax as _log_softmax
from .._reduce import softmax as _softmax

SQRT_HALF, SQRT_2PI = math.sqrt(0.5), math.sqrt(2 * math.pi)


def softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """Softmax along a dimension."""
    return _softmax(input, _default_dim(input, dim), dtype)


def log_softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """The logarithm of the softmax along a dimension."""
    return _log_softmax(input, _default_dim(input, dim), dtype)


def softmin(input: Tensor, dim: int | None = None) -> Tensor:
    """The softmax of the negative."""
    return softmax(-input, dim)


def _default_dim(input: Tensor, dim: int | None) -> int:
    if dim is not None:
        return dim
    warnings.warn(
        "Implicit dimension choice for softmax has been deprecated. Change the call to include dim=X.", stacklevel=3
    )
    return 0 if input.ndim in (0, 1, 3) else 1


# Activations.


def _sig(x: Any) -> Any:
    return 0.5 * (np.tanh(0.5 * x) + 1)


def _softplus(x: Any) -> Any:
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def _mish_slope(x: Any, y: Any) -> Any:
    inner = np.tanh(_softplus(x))
    return inner + x * _sig(x) * (1 - inner * inner)


logsigmoid = unary("log_sigmoid", lambda x: -_softplus(-x), lambda x, y: _sig(-x))
silu = unary("silu", lambda x: x * _sig(x), lambda x, y: _sig(x) * (1 + x * (1 - _sig(x))))
mish = unary("mish", lambda x: x * np.tanh(_softplus(x)), _mish_slope)
softsign = unary("softsign", lambda x: x / (1 + np.abs(x)), lambda x, y: 1 / (1 + np.abs(x)) ** 2)
relu6 = unary("hardtanh", lambda x: np.clip(x, 0, 6), lambda x, y: (x > 0) & (x < 6))
hardsigmoid = unary("hardsigmoid", lambda x: np.clip(x / 6 + 0.5, 0, 1), lambda x, y: (np.abs(x) < 3) / 6)
hardswish = unary(
    "hardswish",
    lambda x: x * np.clip(x / 6 + 0.5, 0, 1),
    lambda x, y: np.where(x < -3, 0, np.where(x < 3, x / 3 + 0.5, 1)),
)


def _gelu_exact(input: Tensor) -> Tensor:
    """`x Φ(x)`; Φ is kept for the gradient."""
    x = wide(input)
    share = quick_erf(np.asarray(x * x.dtype.type(SQRT_HALF)))
    share += 1
    share *= x.dtype.type(0.5)  # of a single number a new one
    kept = share

    def backward(g: np.ndarray) -> tuple[np.ndarray]:
        if kept is None:
            return (g * (0.5 * (1 + quick_erf(x * SQRT_HALF)) + x * np.exp(-0.5 * x * x) / SQRT_2PI),)
        slope = np.asarray(x * x)
        slope *= x.dtype.type(-0.5)
        np.exp(slope, out=slope)
        slope *= x
        slope *= x.dtype.type(1 / SQRT_2PI)
        slope += kept
        slope *= g
        return (slope,)

    return make(x * share, input.dtype, "Gelu0", (input,), backward, (input,))


C0, C1 = math.sqrt(2 / math.pi), 0.044715


def _gelu_tanh_slope(x: Any, y: Any) -> Any:
    inner = np.tanh(C0 * (x + C1 * x**3))
    return 0.5 * (1 + inner) + 0.5 * x * (1 - inner * inner) * C0 * (1 + 3 * C1 * x * x)


_gelu_tanh = unary("gelu", lambda x: 0.5 * x * (1 + np.tanh(C0 * (x + C1 * x**3))), _gelu_tanh_slope)


def _with_inplace(function: Any, name: str) -> Any:
    def apply(input: Tensor, inplace: bool = False) -> Tensor:
        out = function(frozen(input) if inplace and input.requires_grad and Mode.enabled else input)
        return store(input, out) if inplace else out

    apply.__name__, apply.__doc__ = name, function.__doc__
    return apply


silu, mish, relu6 = _with_inplace(silu, "silu"), _with_inplace(mish, "mish"), _with_inplace(relu6, "relu6")
hardsigmoid, hardswish = _with_inplace(hardsigmoid, "hardsigmoid"), _with_inplace(hardswish, "hardswish")


def gelu(input: Tensor, approximate: str = "none") -> Tensor:
    """`x Φ(x)`, exactly or with tanh."""
    if approximate not in ("none", "tanh"):
        raise RuntimeError("approximate argument must be either none or tanh.")
    return _gelu_tanh(input) if approximate == "tanh" else _gelu_exact(input)


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """`max(x, 0)`."""
    return input.relu_() if inplace else input.relu()


def sigmoid(input: Tensor) -> Tensor:
    """`1 / (1 + exp(-x))`."""
    return input.sigmoid()


def tanh(input: Tensor) -> Tensor:
    """The hyperbolic tangent."""
    return input.tanh()


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """`x` where positive, else a little of it."""
    x = wide(input)
    fixed = np.where(x > 0, 1, negative_slope).astype(x.dtype)
    out = make(x * fixed, input.dtype, "LeakyRelu0", (input,), lambda g: (g * fixed,), () if inplace else (input,))
    return store(input, out) if inplace else out


def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """`x` where positive, else `alpha (exp(x) - 1)`."""
    x = wide(input)
    low = alpha * np.expm1(np.minimum(x, 0))
    kept = np.where(x > 0, 1, low + alpha)

    def backward(g: np.ndarray) -> tuple[np.ndarray]:
        return (g * (np.where(x > 0, 1, alpha * np.exp(np.minimum(x, 0))) if kept is None else kept),)

    out = make(np.where(x > 0, x, low), input.dtype, "Elu0", (input,), backward, ())
    return store(input, out) if inplace else out


def softplus(input: Tensor, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """`log(1 + exp(beta x)) / beta`; `x` itself above the threshold."""
    x = wide(input)
    out = np.where(x * beta > threshold, x, _softplus(x * beta) / beta).astype(x.dtype)

    def backward(g: np.ndarray) -> tuple[np.ndarray]:
        return (g * np.where(x * beta > threshold, 1, _sig(x * beta)),)

    return make(out, input.dtype, "Softplus0", (input,), backward, (input,))


def glu(input: Tensor, dim: int = -1) -> Tensor:
    """One half times the sigmoid of the other."""
    if input.shape[dim] % 2:
        raise RuntimeError(
            f"Halving dimension must be even, but dimension {dim % input.ndim} is size {input.shape[dim]}"
        )
    first, second = input.chunk(2, dim)
    return first * second.sigmoid()


# Layers.


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Each value set to 0 with probability `p`, the others divided by `1 - p`."""
    if not 0 <= p <= 1:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
    if not training or p == 0 or not input._data.size:
        return input
    x = wide(input)
    fixed = np.zeros_like(x) if p == 1 else dropout_mask(x, 1 - p).astype(x.dtype) / x.dtype.type(1 - p)
    out = make(x * fixed, input.dtype, "Mul0", (input,), lambda g: (g * fixed,))
    return store(input, out) if inplace else out


def native_dropout(input: Tensor, p: float, train: bool | None) -> tuple[Tensor, Tensor]:
    """`torch.native_dropout`: the result, and where values were kept."""
    if train is False or p == 0:
        return input, wrap(np.ones(input._data.shape, bool), bool_)
    kept = np.zeros(input._data.shape, bool) if p == 1 else dropout_mask(input._data, 1 - p)
    x = wide(input)
    fixed = kept * x.dtype.type(0 if p == 1 else 1 / (1 - p))
    return make(x * fixed, input.dtype, "NativeDropout0", (input,), lambda g: (g * fixed,)), wrap(kept, bool_)


def embedding(
    input: Tensor,
    weight: Tensor,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    """The rows of `weight` that the indices name; rows longer than `max_norm` are made shorter first, in place."""
    if max_norm is not None:
        used = np.unique(input._data)
        length = np.linalg.norm(weight._data[used], norm_type, axis=-1)
        long = length > max_norm
        weight._data[used[long]] *= (max_norm / (length[long] + 1e-7))[:, None].astype(weight._data.dtype)
    frequency = np.bincount(input._data.reshape(-1), minlength=len(weight._data)) if scale_grad_by_freq else None
    if input.dtype.rank != 1:
        raise RuntimeError(
            "Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int; but got "
            f"torch.{input.dtype.title}Tensor instead (while checking arguments for embedding)"
        )
    index, shape = input._data, weight._data.shape
    if index.size and (index.min() < 0 or index.max() >= shape[0]):
        raise IndexError("index out of range in self")

    def backward(g: np.ndarray) -> tuple[np.ndarray]:
        whole = scattered(shape, index.reshape(-1), g.reshape(-1, shape[1]))
        if frequency is not None:
            whole /= np.maximum(frequency, 1)[:, None]
        return (whole if padding_idx is None else cleared(whole, padding_idx),)

    return make(weight._data[index], weight.dtype, "Embedding0", (weight,), backward)


def _normalized(x: np.ndarray, axes: tuple[int, ...], eps: float, centre: bool) -> tuple[np.ndarray, np.ndarray]:
    """Values of mean 0 (where asked) and mean square 1, and the factor that made them."""
    centred = x - x.mean(axis=axes, keepdims=True) if centre else x
    factor = 1 / np.sqrt(np.square(centred).mean(axis=axes, keepdims=True) + x.dtype.type(eps))
    return centred * factor, factor


def _norm(
    input: Tensor,
    axes: tuple[int, ...],
    weight: Any,
    bias: Any,
    shape: tuple[int, ...],
    eps: float,
    centre: bool,
    label: str,
) -> Tensor:
    """Normalise over `axes`, then scale and shift by parameters of (broadcast) `shape`."""
    x = wide(input)
    normal, _ = kept = _normalized(x, axes, eps, centre)
    scale = None if weight is None else wide(weight)
    out = normal if scale is None else normal * scale.reshape(shape)
    if bias is not None:
        out = out + wide(bias).reshape(shape)
    if out is normal:  # which the gradient needs as it is, and what comes next may change its input in place
        out = normal.copy("K")
    given = [one for one in (weight, bias) if one is not None]

    def backward(g: np.ndarray) -> list[np.ndarray]:
        normal, factor = kept or _normalized(x, axes, eps, centre)
        inner = g if scale is None else g * scale.reshape(shape)
        back = inner - normal * (inner * normal).mean(axis=axes, keepdims=True)
        if centre:
            back -= inner.mean(axis=axes, keepdims=True)
        parts = [back * factor]
        for one, part in ((weight, g * normal), (bias, g)):
            if one is not None:
                extra = tuple(
                    axis
                    for axis in range(g.ndim)
                    if axis < g.ndim - len(shape) or shape[axis - g.ndim + len(shape)] == 1
                )
                parts.append(part.sum(axis=extra).reshape(one._data.shape))
        return parts

    out = out if label == "NativeBatchNorm0" else np.ascontiguousarray(out)  # as torch's result lies in memory
    return make(out, input.dtype, label, (input, *given), backward, (input, *given[:1]))


def _check_normalized(name: str, input: Tensor, shape: Any, weight: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
    if input._data.shape[input.ndim - len(shape) :] != shape:
        raise RuntimeError(
            f"Given normalized_shape={list(shape)}, expected input with shape [*, {', '.join(map(str, shape))}], but "
            f"got input of size{list(input._data.shape)}"
        )
    if weight is not None and weight._data.shape != shape:
        raise RuntimeError(
            f"Expected weight to be of same shape as normalized_shape, but got weight of shape {list(weight.shape)} "
            f"and normalized_shape = {list(shape)}"
        )
    return shape, tuple(range(input.ndim - len(shape), input.ndim))


def layer_norm(input: Tensor, normalized_shape: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5) -> Tensor:
    """Mean 0 and variance 1 over the last dimensions, then scaled and shifted."""
    shape, axes = _check_normalized("layer_norm", input, normalized_shape, weight)
    return _norm(input, axes, weight, bias, shape, eps, True, "NativeLayerNorm0")


def rms_norm(input: Tensor, normalized_shape: Any, weight: Any = None, eps: float | None = None) -> Tensor:
    """Mean square 1 over the last dimensions, then scaled."""
    shape, axes = _check_normalized("rms_norm", input, normalized_shape, weight)
    small = float(np.finfo(wide(input).dtype).eps) if eps is None else eps
    return _norm(input, axes, weight, None, shape, small, False, "FusedRmsNorm0")


def group_norm(input: Tensor, num_groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5) -> Tensor:
    """Mean 0 and variance 1 over each group of channels."""
    shape = input.shape
    if shape[1] % num_groups:
        raise RuntimeError(
            f"Expected number of channels in input to be divisible by num_groups, but got input of "
            f"shape {list(shape)} and num_groups={num_groups}"
        )
    grouped = input.reshape(shape[0], num_groups, -1)
    normal = _norm(grouped, (2,), None, None, (), eps, True, "NativeGroupNorm0").reshape(shape)
    side = (-1, *(1,) * (len(shape) - 2))
    normal = normal if weight is None else normal * weight.reshape(side)
    return normal if bias is None else normal + bias.reshape(side)


def batch_norm(
    input: Tensor,
    running_mean: Any,
    running_var: Any,
    weight: Any = None,
    bias: Any = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Mean 0 and variance 1 of each channel: of the batch while training, else of the running statistics."""
    axes = (0, *range(2, input.ndim))
    side = (-1, *(1,) * (input.ndim - 2))
    x = wide(input)
    if training:
        count = x.size // x.shape[1]
        if count < 2:
            raise ValueError(f"Expected more than 1 value per channel when training, got input size {input.shape}")
        if running_mean is not None:
            for running, new in ((running_mean, x.mean(axis=axes)), (running_var, x.var(axis=axes, ddof=1))):
                running._data[...] = (1 - momentum) * running._data + momentum * new
        return _norm(input, axes, weight, bias, side, eps, True, "NativeBatchNorm0")
    normal = (input - running_mean.reshape(side)) * (running_var.reshape(side) + eps).rsqrt()
    normal = normal if weight is None else normal * weight.reshape(side)
    return normal if bias is None else normal + bias.reshape(side)


def normalize(input: Tensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> Tensor:
    """Divided by the norm along a dimension."""
    return input / input.norm(p, dim, keepdim=True).clamp_min(eps).expand_as(input)


def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """The cosine of the angle along a dimension."""
    first = x1.norm(2, dim, keepdim=True).clamp_min(eps)
    second = x2.norm(2, dim, keepdim=True).clamp_min(eps)
    return ((x1 / first) * (x2 / second)).sum(dim)


def scaled_dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    """`softmax(query keyᵀ / √D + mask) value`; 0 where a query may look nowhere."""
    if attn_mask is not None and is_causal:
        raise RuntimeError("_scaled_dot_product_attention: Explicit attn_mask should not be set when is_causal=True")
    if enable_gqa:
        groups = query.shape[-3] // key.shape[-3]
        key, value = key.repeat_interleave(groups, -3), value.repeat_interleave(groups, -3)
    scores = _scores(query, key, 1 / math.sqrt(query.shape[-1]) if scale is None else scale)
    if is_causal:
        attn_mask = _lower(scores)
    if attn_mask is not None and attn_mask.dtype is bool_:
        scores = scores.masked_fill(~attn_mask, -math.inf)
    elif attn_mask is not None:
        scores = scores + attn_mask
    weights = softmax(scores, -1)
    if attn_mask is not None:
        nowhere = (scores == -math.inf).all(dim=-1, keepdim=True)
        if nowhere.any():
            weights = softmax(scores.masked_fill(nowhere, 0.0), -1).masked_fill(nowhere, 0.0)
    return (dropout(weights, dropout_p) @ value.to(weights.dtype)).to(query.dtype)


def _scores(query: Tensor, key: Tensor, scale: float) -> Tensor:
    """`query keyᵀ scale`, in float32 where the inputs are of half precision."""
    if query.dtype.itemsize == 2:
        query, key = query.float(), key.float()
    return (query * scale) @ key.transpose(-2, -1)


def _lower(scores: Tensor) -> Tensor:
    """Where a key is not after the query."""
    return scores.new_zeros(scores.shape[-2:]).eq(0).tril()


# Losses.


def _reduced(loss: Tensor, reduction: str) -> Tensor:
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{reduction} is not a valid value for reduction")
    return loss if reduction == "none" else loss.mean() if reduction == "mean" else loss.sum()


def _loss(label: str) -> Any:
    """Decorate a loss: the old ways to ask for a reduction, float32 inside `autocast`, and torch's name of its node."""

    def decorate(function: Any) -> Any:
        @functools.wraps(function)
        def call(input: Tensor, *args: Any, **kwargs: Any) -> Tensor:
            if kwargs.get("size_average") is not None or kwargs.get("reduce") is not None:
                kwargs["reduction"] = _old_reduction(kwargs.pop("size_average", None), kwargs.pop("reduce", None))
            if Cast.kind is not None and input.dtype.itemsize == 2:
                input = input.float()
            out = function(input, *args, **kwargs)
            if out._node is not None and out._node.label != "NllLossBackward0":
                out._node.label = f"{label}Backward0"
            return out

        return call

    return decorate


def _old_reduction(size_average: bool | None, reduce: bool | None, emit_warning: bool = True) -> str:
    """`reduction` as it was said before there was that argument."""
    if emit_warning:
        warnings.warn("size_average and reduce args will be deprecated, please use reduction instead.", stacklevel=4)
    return "none" if reduce is False else "sum" if size_average is False else "mean"


@_loss("NllLoss")
def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Any = None,
    size_average: Any = None,
    ignore_index: int = -100,
    reduce: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """The negative of the entries that `target` names: `input` `(N, C, …)` or `(C)`, `target` `(N, …)` or `()`."""
    if input.ndim == 1:
        out = nll_loss(input[None], target.reshape(1), weight, ignore_index=ignore_index, reduction=reduction)
        return out.reshape(()) if reduction == "none" else out
    classes = input.shape[1]
    if input.ndim == 2 and target.ndim > 1:
        raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
    if input.shape[:1] != target.shape[:1]:
        raise ValueError(
            f"Expected input batch_size ({input.shape[0]}) to match target batch_size ({target.shape[0]})."
        )
    if tuple(input.shape[2:]) != tuple(target.shape[1:]):
        raise RuntimeError(f"Expected target size {[input.shape[0], *input.shape[2:]]}, got {list(target.shape)}")
    if target.dtype not in (int64, uint8):
        raise RuntimeError(f"expected target dtype to be Long or Byte, but got {target.dtype.title}")
    counted = target != ignore_index
    index = target.masked_fill(~counted, 0).long()
    bad = index._data[(index._data < 0) | (index._data >= classes)]
    if bad.size:
        raise IndexError(f"Target {bad[0]} is out of bounds.")
    picked = -input.gather(1, index.unsqueeze(1)).squeeze(1)
    factors = counted.to(input.dtype) if weight is None else weight[index] * counted
    loss = (picked * factors).masked_fill(~counted, 0.0)
    return loss.sum() / factors.sum() if reduction == "mean" else _reduced(loss, reduction)


@_loss("CrossEntropy")
def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Any = None,
    size_average: Any = None,
    ignore_index: int = -100,
    reduce: Any = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """The negative log-probability of classes (indices), or of distributions over them (probabilities)."""
    axis = 0 if input.ndim == 1 else 1
    if target.dtype.is_floating_point and target._data.shape == input._data.shape:
        return _soft_cross_entropy(input, target, weight, axis, reduction, label_smoothing)
    logps = log_softmax(input, axis)
    loss = nll_loss(logps, target, weight, ignore_index=ignore_index, reduction=reduction)
    if not label_smoothing:
        return loss
    counted = target != ignore_index
    shape = (-1, *(1,) * (input.ndim - axis - 1))
    spread = -(logps if weight is None else logps * weight.reshape(shape)).sum(axis).masked_fill(~counted, 0.0)
    if reduction == "mean":
        factors = counted if weight is None else weight[target.masked_fill(~counted, 0)] * counted
        smooth = spread.sum() / factors.sum()
    else:
        smooth = _reduced(spread, reduction)
    return (1 - label_smoothing) * loss + label_smoothing / input.shape[axis] * smooth


def _soft_cross_entropy(
    input: Tensor, target: Tensor, weight: Any, axis: int, reduction: str, smoothing: float
) -> Tensor:
    if smoothing:
        target = target * (1 - smoothing) + smoothing / input.shape[axis]
    logps = log_softmax(input, axis)
    if weight is not None:
        logps = logps * weight.reshape(-1, *(1,) * (input.ndim - axis - 1))
    loss = -(logps * target).sum(axis)
    return loss.sum() / (input.numel() // input.shape[axis]) if reduction == "mean" else _reduced(loss, reduction)


@_loss("KlDiv")
def kl_div(
    input: Tensor,
    target: Tensor,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Tensor:
    """`target (log target - input)`; `input` holds logarithms."""
    if log_target:
        loss = target.exp() * (target - input)
    else:
        some = target.masked_fill(target <= 0, 1.0)
        loss = target * some.log() - target * input
    if reduction == "mean":
        warnings.warn(
            "reduction: 'mean' divides by all sizes; 'batchmean' is the divergence for each row.", stacklevel=2
        )
    if reduction == "batchmean":
        return loss.sum() / (input.shape[0] if input.ndim else 1)
    return _reduced(loss, reduction)


@_loss("MseLoss")
def mse_loss(
    input: Tensor, target: Tensor, size_average: Any = None, reduce: Any = None, reduction: str = "mean"
) -> Tensor:
    """Squared differences."""
    _warn_shapes(input, target)
    return _reduced((input - target).square(), reduction)


@_loss("L1Loss")
def l1_loss(
    input: Tensor, target: Tensor, size_average: Any = None, reduce: Any = None, reduction: str = "mean"
) -> Tensor:
    """Absolute differences."""
    _warn_shapes(input, target)
    return _reduced((input - target).abs(), reduction)


def _warn_shapes(input: Tensor, target: Tensor) -> None:
    if input.shape != target.shape:
        warnings.warn(
            f"Using a target size ({target.shape}) that is different to the input size ({input.shape}). This will "
            "likely lead to incorrect results due to broadcasting. Please ensure they have the same size.",
            stacklevel=3,
        )


@_loss("SmoothL1Loss")
def smooth_l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
    beta: float = 1.0,
) -> Tensor:
    """Squared below `beta`, absolute above."""
    gap = (input - target).abs()
    return _reduced(where(gap < beta, 0.5 * gap.square() / beta, gap - 0.5 * beta) if beta else gap, reduction)


def huber_loss(input: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0) -> Tensor:
    """Squared below `delta`, absolute above."""
    gap = (input - target).abs()
    return _reduced(where(gap < delta, 0.5 * gap.square(), delta * (gap - 0.5 * delta)), reduction)


@_loss("BinaryCrossEntropy")
def binary_cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Any = None,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """The negative log-probability of labels in [0, 1]; logarithms no lower than -100."""
    if input.shape != target.shape:
        raise ValueError(
            f"Using a target size ({target.shape}) that is different to the input size ({input.shape}) is deprecated. "
            "Please ensure they have the same size."
        )
    if input.dtype is not target.dtype:
        raise RuntimeError(f"Found dtype {target.dtype.title} but expected {input.dtype.title}")
    for name, one in (("input", input), ("target", target)):
        if ((one._data < 0) | (one._data > 1)).any():
            raise RuntimeError(f"all elements of {name} should be between 0 and 1")
    loss = -(target * input.log().clamp_min(-100) + (1 - target) * (1 - input).log().clamp_min(-100))
    return _reduced(loss if weight is None else loss * weight, reduction)


@_loss("BinaryCrossEntropyWithLogits")
def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Any = None,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
    pos_weight: Any = None,
) -> Tensor:
    """`binary_cross_entropy` of the sigmoid, without overflow."""
    if input.shape != target.shape:
        raise ValueError(f"Target size ({target.shape}) must be the same as input size ({input.shape})")
    kept = -logsigmoid(input)
    kept = kept if pos_weight is None else kept * pos_weight
    loss = target * kept - (1 - target) * logsigmoid(-input)
    return _reduced(loss if weight is None else loss * weight, reduction)


def margin_ranking_loss(
    input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0.0, reduction: str = "mean"
) -> Tensor:
    """How far the first misses being larger (`target` 1) or smaller (-1) by the margin."""
    return _reduced((-target * (input1 - input2) + margin).clamp_min(0), reduction)


def gumbel_softmax(logits: Tensor, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1) -> Tensor:
    """A draw from a softmax that gradients flow through."""
    noise = -empty_like(logits).exponential_().log()
    soft = softmax((logits + noise) / tau, dim)
    if not hard:
        return soft
    best = soft.argmax(dim, keepdim=True)
    picked = soft.detach().mul(0).scatter(dim, best, 1.0)
    return picked - soft.detach() + soft


for _name, _value in list(globals().items()):
    if _name[0] != "_" and getattr(_value, "__module__", "") != called.__module__:
        globals()[_name] = called(_value)
_PLACES = _lazily(
    _windows="""conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d unfold fold pad max_pool1d
    max_pool2d max_pool3d avg_pool1d avg_pool2d avg_pool3d lp_pool1d lp_pool2d adaptive_max_pool1d adaptive_max_pool2d
    adaptive_max_pool3d adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d max_unpool1d max_unpool2d
    max_unpool3d pixel_shuffle pixel_unshuffle channel_shuffle interpolate upsample affine_grid grid_sample""",
    _more="""hardtanh hardshrink softshrink tanhshrink threshold selu celu prelu rrelu dropout1d dropout2d dropout3d
    alpha_dropout instance_norm local_response_norm bilinear embedding_bag
    relu_ leaky_relu_ elu_ selu_ celu_ rrelu_ hardtanh_ threshold_""",
    _losses="""pairwise_distance triplet_margin_loss triplet_margin_with_distance_loss cosine_embedding_loss
    hinge_embedding_loss soft_margin_loss multilabel_soft_margin_loss multi_margin_loss poisson_nll_loss
    gaussian_nll_loss ctc_loss""",
)

__getattr__ = _lacking(__name__, "torch.nn.functional", _PLACES, called)
