"""Convolutions, their transposes, pools, padding and resizing: functions of windows over the last dimensions."""

import itertools
import math
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from .._core import Tensor, make, wide, wrap
from .._create import arange, tensor
from .._dtypes import int64
from .._engine import scattered
from .._linalg import Cast, _flat, _stacks, lowered, tensordot
from .._pointwise import where
from .._shape import stack


def several(value: Any, count: int) -> tuple[int, ...]:
    """One number for each dimension."""
    if isinstance(value, int):
        return (value,) * count
    value = tuple(value)
    return value * count if len(value) == 1 else value


def _spans(kernel: Sequence[int], dilation: Sequence[int]) -> tuple[int, ...]:
    """How much of each dimension a window covers."""
    return tuple(step * (size - 1) + 1 for size, step in zip(kernel, dilation, strict=True))


def _view(x: np.ndarray, kernel: tuple[int, ...], stride: tuple[int, ...], dilation: tuple[int, ...]) -> np.ndarray:
    """Windows `(B, C, out…, kernel…)` of the last dimensions, without copying."""
    if not isinstance(x, np.ndarray):  # see _twice.py
        return x.reshape(-1)[_view(np.arange(x.size).reshape(x.shape), kernel, stride, dilation)]
    axes = tuple(range(x.ndim - len(kernel), x.ndim))
    view = np.lib.stride_tricks.sliding_window_view(x, _spans(kernel, dilation), axes)
    steps = tuple(slice(None, None, step) for step in (*stride, *dilation))
    return view[(..., *steps)]


def _gathered(
    parts: np.ndarray, shape: tuple[int, ...], stride: tuple[int, ...], dilation: tuple[int, ...]
) -> np.ndarray:
    """Windows `(B, C, out…, kernel…)` added up in their places: what the gradient of `_view` is."""
    count = len(stride)
    if not isinstance(parts, np.ndarray):  # see _twice.py
        at = _view(np.arange(math.prod(shape)).reshape(shape), parts.shape[-count:], stride, dilation)
        at = at[tuple(slice(size) for size in parts.shape)]
        return scattered((math.prod(shape),), at, parts).reshape(shape)
    whole = np.zeros(shape, parts.dtype)
    out = parts.shape[-2 * count : -count]
    for offset in itertools.product(*(range(size) for size in parts.shape[-count:])):
        place = tuple(
            slice(at * gap, at * gap + step * (size - 1) + 1, step)
            for at, gap, step, size in zip(offset, dilation, stride, out, strict=True)
        )
        whole[(..., *place)] += parts[(..., *offset)]
    return whole


def windows(input: Tensor, kernel: tuple[int, ...], stride: tuple[int, ...], dilation: tuple[int, ...]) -> Tensor:
    """Windows of the last dimensions, flat as the last one: `(B, C, out…, positions)`."""
    x, count = input._data, len(kernel)
    view = _view(x, kernel, stride, dilation)
    flat = view.reshape(*view.shape[:-count], math.prod(kernel))

    def backward(g: np.ndarray) -> tuple[np.ndarray]:
        return (_gathered(g.reshape(view.shape), x.shape, stride, dilation),)

    return make(flat, input.dtype, "Unfold0", (input,), backward)


# Convolutions.


def _check_conv(input: Tensor, weight: Tensor, groups: int, dims: int) -> None:
    if input.ndim != dims + 2:
        raise RuntimeError(
            f"Expected {dims + 1}D (unbatched) or {dims + 2}D (batched) input to conv{dims}d, but got input of "
            f"size: {list(input.shape)}"
        )
    if input.shape[1] != weight.shape[1] * groups:
        raise RuntimeError(
            f"Given groups={groups}, weight of size {list(weight.shape)}, expected input{list(input.shape)} to have "
            f"{weight.shape[1] * groups} channels, but got {input.shape[1]} channels instead"
        )


def same_padding(kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int]) -> list[tuple[int, int]]:
    """What keeps sizes as they are: at both ends of each dimension."""
    if any(step != 1 for step in stride):
        raise RuntimeError("padding='same' is not supported for strided convolutions")
    total = [span - 1 for span in _spans(kernel, dilation)]
    return [(size // 2, size - size // 2) for size in total]


def _columns(view: np.ndarray, groups: int, dims: int) -> np.ndarray:
    """Windows `(B, C, out…, kernel…)` as `(groups, B · places, C / groups · positions)`."""
    batch, channels = view.shape[:2]
    places, kernel = view.shape[2 : 2 + dims], view.shape[2 + dims :]
    grouped = view.reshape(batch, groups, channels // groups, *places, *kernel) if groups > 1 else view[:, None]
    order = [1, 0, *range(3, 3 + dims), 2, *range(3 + dims, 3 + 2 * dims)]
    return grouped.transpose(order).reshape(groups, batch * math.prod(places), -1)


def _times(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The products of two stacks of matrices; of stacks of one as a single product."""
    return _flat(x[0], y[0])[None] if len(x) == 1 else _stacks(x, y)


def convolution(
    input: Tensor, weight: Tensor, bias: Any, stride: Any, padding: Any, dilation: Any, groups: int, dims: int
) -> Tensor:
    """A convolution over the last `dims` dimensions: windows times weights."""
    if input.ndim == dims + 1:
        return convolution(input.unsqueeze(0), weight, bias, stride, padding, dilation, groups, dims).squeeze(0)
    _check_conv(input, weight, groups, dims)
    if Cast.kind is not None:
        input, weight, bias = lowered(input, weight, bias)
    kernel = tuple(weight._data.shape[2:])
    stride, dilation = several(stride, dims), several(dilation, dims)
    if padding == "same":
        sides = same_padding(kernel, stride, dilation)
    else:
        sides = [(size, size) for size in several(0 if padding == "valid" else padding, dims)]
    x, w = wide(input), wide(weight)
    padded = np.pad(x, [(0, 0), (0, 0), *sides]) if any(map(any, sides)) else x
    for size, span in zip(padded.shape[2:], _spans(kernel, dilation), strict=True):
        if size < span:
            raise RuntimeError(
                f"Calculated padded input size per channel: ({' x '.join(map(str, padded.shape[2:]))}). Kernel size: "
                f"({' x '.join(map(str, kernel))}). Kernel size can't be greater than actual input size"
            )
    view = _view(padded, kernel, stride, dilation)
    columns = kept = _columns(view, groups, dims)
    matrix = (groups, w.shape[0] // groups, columns.shape[2])  # (groups, out, in)
    batch, places, full = view.shape[0], view.shape[2 : 2 + dims], padded.shape
    out = _times(columns, w.reshape(matrix).swapaxes(1, 2))  # (groups, rows, out)
    out = np.moveaxis(out, 0, 1).reshape(batch, *places, w.shape[0])
    if bias is not None:
        out = out + wide(bias)
    inside = tuple(slice(low, low + size) for (low, _), size in zip(sides, x.shape[2:], strict=True))

    def backward(g: np.ndarray) -> list[np.ndarray]:
        columns = kept
        if kept is None:
            columns = _columns(_view(scattered(full, (..., *inside), x), kernel, stride, dilation), groups, dims)
        rows = np.moveaxis(g, 1, -1).reshape(-1, groups, matrix[1]).swapaxes(0, 1)  # (groups, rows, out)
        to_weight = _times(rows.swapaxes(1, 2), columns).reshape(w.shape)
        parts = np.moveaxis(_times(rows, w.reshape(matrix)), 0, 1)  # (rows, groups, in)
        parts = parts.reshape(batch, *places, x.shape[1], *kernel)
        whole = _gathered(np.moveaxis(parts, 1 + dims, 1), full, stride, dilation)
        grads = [whole[(..., *inside)], to_weight]
        return grads if bias is None else [*grads, g.sum(axis=(0, *range(2, g.ndim)))]

    inputs = (input, weight) if bias is None else (input, weight, bias)
    result = np.ascontiguousarray(np.moveaxis(out, -1, 1))
    return make(result, input.dtype, "Convolution0", inputs, backward, (input, weight))


def convolution_transpose(
    input: Tensor,
    weight: Tensor,
    bias: Any,
    stride: Any,
    padding: Any,
    output_padding: Any,
    groups: int,
    dilation: Any,
    dims: int,
) -> Tensor:
    """What a convolution's gradient does with an input: each value spread over a window."""
    if input.ndim == dims + 1:
        whole = (weight, bias, stride, padding, output_padding, groups, dilation, dims)
        return convolution_transpose(input.unsqueeze(0), *whole).squeeze(0)
    if input.shape[1] != weight.shape[0]:
        raise RuntimeError(
            f"Given transposed=1, weight of size {list(weight.shape)}, expected input{list(input.shape)} to have "
            f"{weight.shape[0]} channels, but got {input.shape[1]} channels instead"
        )
    kernel = tuple(weight._data.shape[2:])
    stride, padding, extra, dilation = (several(one, dims) for one in (stride, padding, output_padding, dilation))
    x, w = wide(input), wide(weight)
    batch, places, channels = x.shape[0], x.shape[2:], w.shape[1] * groups

    def arranged(x: Any, w: Any) -> tuple[Any, Any]:
        """The values as `(groups, rows, in)`, the weights as `(groups, in, out · positions)`."""
        each = x.shape[1] // groups
        return np.moveaxis(x, 1, -1).reshape(-1, groups, each).swapaxes(0, 1), w.reshape(groups, each, -1)

    full = tuple(
        (size - 1) * step + span + more
        for size, step, span, more in zip(places, stride, _spans(kernel, dilation), extra, strict=True)
    )
    inside = tuple(slice(cut, size - cut) for cut, size in zip(padding, full, strict=True))
    parts = np.moveaxis(_times(*arranged(x, w)), 0, 1).reshape(batch, *places, channels, *kernel)
    out = _gathered(np.moveaxis(parts, 1 + dims, 1), (batch, channels, *full), stride, dilation)[(..., *inside)]
    if bias is not None:
        out = out + wide(bias).reshape(-1, *(1,) * dims)

    def backward(g: np.ndarray) -> list[np.ndarray]:
        rows, flat = arranged(x, w)
        spread = scattered((batch, channels, *full), (..., *inside), g, repeats=False)
        view = _view(spread, kernel, stride, dilation)[(..., *(slice(size) for size in places), *(slice(None),) * dims)]
        columns = _columns(view, groups, dims)  # (groups, rows, out · positions)
        back = np.moveaxis(_times(columns, flat.swapaxes(1, 2)), 0, 1).reshape(batch, *places, x.shape[1])
        grads = [np.moveaxis(back, -1, 1), _times(rows.swapaxes(1, 2), columns).reshape(w.shape)]
        return grads if bias is None else [*grads, g.sum(axis=(0, *range(2, g.ndim)))]

    inputs = (input, weight) if bias is None else (input, weight, bias)
    return make(np.ascontiguousarray(out), input.dtype, "Convolution0", inputs, backward, (input, weight))


def _conv(dims: int) -> Any:
    def conv(
        input: Tensor,
        weight: Tensor,
        bias: Any = None,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
    ) -> Tensor:
        return convolution(input, weight, bias, stride, padding, dilation, groups, dims)

    conv.__name__, conv.__doc__ = f"conv{dims}d", f"Windows over {dims} dimension{'s' * (dims > 1)} times weights."
    return conv


def _conv_transpose(dims: int) -> Any:
    def conv(
        input: Tensor,
        weight: Tensor,
        bias: Any = None,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        dilation: Any = 1,
    ) -> Tensor:
        return convolution_transpose(input, weight, bias, stride, padding, output_padding, groups, dilation, dims)

    conv.__name__, conv.__doc__ = f"conv_transpose{dims}d", f"The transpose of `conv{dims}d`."
    return conv


conv1d, conv2d, conv3d = map(_conv, (1, 2, 3))
conv_transpose1d, conv_transpose2d, conv_transpose3d = map(_conv_transpose, (1, 2, 3))


def unfold(input: Tensor, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Tensor:
    """All windows of `(B, C, H, W)` as columns `(B, C · positions, places)`."""
    if input.ndim == 3:
        return unfold(input.unsqueeze(0), kernel_size, dilation, padding, stride).squeeze(0)
    kernel, dilation, sides, stride = (several(one, 2) for one in (kernel_size, dilation, padding, stride))
    parts = windows(pad(input, (sides[1], sides[1], sides[0], sides[0])), kernel, stride, dilation)
    return parts.flatten(2, 3).transpose(2, 3).flatten(1, 2)


def fold(
    input: Tensor, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
) -> Tensor:
    """Columns `(B, C · positions, places)` added up in their places `(B, C, H, W)`."""
    if input.ndim == 2:
        return fold(input.unsqueeze(0), output_size, kernel_size, dilation, padding, stride).squeeze(0)
    whole = (output_size, kernel_size, dilation, padding, stride)
    size, kernel, dilation, sides, stride = (several(one, 2) for one in whole)
    full = tuple(one + 2 * side for one, side in zip(size, sides, strict=True))
    out = [(one - span) // step + 1 for one, span, step in zip(full, _spans(kernel, dilation), stride, strict=True)]
    batch, channels = input.shape[0], input.shape[1] // math.prod(kernel)
    inside = (..., *(slice(side, side + one) for side, one in zip(sides, size, strict=True)))

    def arranged(x: np.ndarray) -> np.ndarray:
        return np.moveaxis(x.reshape(batch, channels, *kernel, *out), (2, 3), (4, 5))

    def backward(g: np.ndarray) -> tuple[np.ndarray]:
        spread = np.zeros((batch, channels, *full), g.dtype)
        spread[inside] = g
        return (np.moveaxis(_view(spread, kernel, stride, dilation), (4, 5), (2, 3)).reshape(input._data.shape),)

    data = _gathered(arranged(wide(input)), (batch, channels, *full), stride, dilation)[inside]
    return make(np.ascontiguousarray(data), input.dtype, "Col2Im0", (input,), backward)


# Padding.


MODES = {"reflect": ("reflect", "Reflection"), "replicate": ("edge", "Replication"), "circular": ("wrap", "Circular")}


def pad(input: Tensor, pad: Any, mode: str = "constant", value: float | None = None) -> Tensor:
    """More (or, where negative, fewer) places at both ends of the last dimensions."""
    pad = (pad, pad) if isinstance(pad, int) else tuple(pad)
    if len(pad) % 2 or len(pad) // 2 > input.ndim:
        raise RuntimeError("Padding length must be divisible by 2 and at most twice the number of dimensions")
    pairs = [(0, 0)] * (input.ndim - len(pad) // 2) + [tuple(pad[i : i + 2]) for i in range(len(pad) - 2, -1, -2)]
    if mode in MODES:
        return _pad_by_index(input, pairs, mode)
    if mode != "constant":
        raise NotImplementedError(f"Unrecognised padding mode {mode}")
    shape = input._data.shape
    inside = tuple(slice(max(-low, 0), size - max(-high, 0)) for (low, high), size in zip(pairs, shape, strict=True))
    grown = [(max(low, 0), max(high, 0)) for low, high in pairs]
    out = np.pad(input._data[inside], grown, constant_values=0 if value is None else value)
    back = tuple(slice(low, size - high) for (low, high), size in zip(grown, out.shape, strict=True))

    def backward(g: np.ndarray) -> tuple[np.ndarray]:
        return (scattered(shape, inside, g[back], repeats=False),)

    return make(out, input.dtype, "ConstantPadNd0", (input,), backward)


def _pad_by_index(input: Tensor, pairs: list[tuple[int, int]], mode: str) -> Tensor:
    """Places that repeat others of the same dimension."""
    for axis, (low, high) in enumerate(pairs):
        size = input.shape[axis]
        limit = {"reflect": size - 1, "circular": size}.get(mode)
        if limit is not None and max(low, high) > limit:
            raise RuntimeError(
                "Argument #4: Padding size should be less than the corresponding input dimension, but got: padding "
                f"({low}, {high}) at dimension {axis} of input {list(input.shape)}"
            )
        if low or high:
            places = np.pad(np.arange(size), (max(low, 0), max(high, 0)), MODES[mode][0])
            places = places[max(-low, 0) : len(places) - max(-high, 0)]
            input = input.index_select(axis, wrap(places, int64))
    return input


# Pools.


def _pool_windows(
    input: Tensor, kernel: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool, dims: int, filler: float
) -> tuple[Tensor, list[tuple[int, int]], Any]:
    """The windows of a pool; what was added at both ends of each dimension; kernel, stride, padding and dilation."""
    kernel = several(kernel, dims)
    stride = kernel if stride is None or stride == [] else several(stride, dims)
    padding, dilation = several(padding, dims), several(dilation, dims)
    if any(2 * side > size for side, size in zip(padding, kernel, strict=True)):
        raise RuntimeError(
            f"pad should be at most half of effective kernel size, but got pad={max(padding)}, "
            f"kernel_size={max(kernel)}"
        )
    sides, counts = [], []
    for size, span, step, side in zip(input.shape[-dims:], _spans(kernel, dilation), stride, padding, strict=True):
        room = size + 2 * side - span
        count = (-(-room // step) if ceil_mode else room // step) + 1
        if ceil_mode and (count - 1) * step >= size + side:
            count -= 1
        counts.append(count)
        sides.append((side, max(side, (count - 1) * step + span - size - side)))
    if min(counts) < 1:
        *_, channels = (1, *input.shape[:-dims])
        have, want = ("x".join(map(str, (channels, *sizes))) for sizes in (input.shape[-dims:], counts))
        raise RuntimeError(f"Given input size: ({have}). Calculated output size: ({want}). Output size is too small")
    given = [one for pair in reversed(sides) for one in pair]
    whole = pad(input, given, value=filler) if any(given) else input
    return windows(whole, kernel, stride, dilation), sides, (kernel, stride, padding, dilation)


def _max_pool(
    input: Tensor, kernel_size: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool, dims: int, where_: bool
) -> Any:
    lowest = -math.inf if input.dtype.rank == 2 else np.iinfo(input._data.dtype).min
    parts, sides, (kernel, stride, _, dilation) = _pool_windows(
        input, kernel_size, stride, padding, dilation, ceil_mode, dims, lowest
    )
    best = parts.max(-1)
    if not where_:
        return best.values
    places, flat = np.unravel_index(best.indices._data, kernel), 0
    for axis, (at, step, gap, (low, _)) in enumerate(zip(places, stride, dilation, sides, strict=True)):
        out = best.indices._data.shape[-dims + axis]
        start = np.arange(out).reshape(-1, *(1,) * (dims - 1 - axis)) * step - low
        flat = flat * input.shape[-dims + axis] + start + at * gap
    return best.values, wrap(np.asarray(flat, np.int64), int64)


def _pool(dims: int) -> tuple[Any, Any]:
    def max_pool(
        input: Tensor,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        ceil_mode: bool = False,
        return_indices: bool = False,
    ) -> Any:
        return _max_pool(input, kernel_size, stride, padding, dilation, ceil_mode, dims, return_indices)

    def avg_pool(
        input: Tensor,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> Tensor:
        parts, sides, (kernel, step, padded, _) = _pool_windows(
            input, kernel_size, stride, padding, 1, ceil_mode, dims, 0.0
        )
        total = parts.sum(-1)
        if divisor_override or not any(map(any, sides)):
            return total / (divisor_override or math.prod(kernel))
        counted = np.ones(input._data.shape[-dims:], np.float32)
        if count_include_pad:  # the places that were added to fill the last window never count
            counted = np.pad(counted, [(side, side) for side in padded], constant_values=1)
            sides = [(low - side, high - side) for (low, high), side in zip(sides, padded, strict=True)]
        counted = np.pad(counted, sides)
        share = _view(counted, kernel, step, (1,) * dims).sum(axis=tuple(range(-dims, 0)))
        return total / tensor(share, dtype=input.dtype)

    for function, name in ((max_pool, "max"), (avg_pool, "avg")):
        function.__name__ = f"{name}_pool{dims}d"
        function.__doc__ = f"The {'largest value' if name == 'max' else 'mean'} of each window."
    return max_pool, avg_pool


(max_pool1d, avg_pool1d), (max_pool2d, avg_pool2d), (max_pool3d, avg_pool3d) = map(_pool, (1, 2, 3))


def _lp_pool(dims: int) -> Any:
    def lp_pool(
        input: Tensor, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
    ) -> Tensor:
        parts, *_ = _pool_windows(input, kernel_size, stride, 0, 1, ceil_mode, dims, 0.0)
        return parts.pow(norm_type).sum(-1).pow(1 / norm_type)

    lp_pool.__name__, lp_pool.__doc__ = f"lp_pool{dims}d", "The p-norm of each window."
    return lp_pool


lp_pool1d, lp_pool2d = _lp_pool(1), _lp_pool(2)


def _adaptive(input: Tensor, output_size: Any, dims: int, take: Any) -> Tensor:
    """As many windows as asked for, of sizes that differ by one at most."""
    wanted = (output_size,) * dims if isinstance(output_size, int) else tuple(output_size)
    for axis, out in zip(range(-dims, 0), wanted, strict=True):
        size = input.shape[axis]
        out = size if out is None else out
        ranges = [(n * size // out, -(-(n + 1) * size // out)) for n in range(out)]
        input = stack([take(input.narrow(axis, low, high - low), axis) for low, high in ranges], axis)
    return input


def _adaptive_pool(dims: int) -> tuple[Any, Any]:
    def largest(input: Tensor, output_size: Any, return_indices: bool = False) -> Tensor:
        if return_indices:
            raise NotImplementedError(f"return_indices of adaptive_max_pool{dims}d is not in the browser's torch")
        return _adaptive(input, output_size, dims, lambda part, axis: part.max(axis).values)

    def mean(input: Tensor, output_size: Any) -> Tensor:
        return _adaptive(input, output_size, dims, lambda part, axis: part.mean(axis))

    for function, name in ((largest, "max"), (mean, "avg")):
        function.__name__ = f"adaptive_{name}_pool{dims}d"
        function.__doc__ = "Pools of which the sizes of the result are given."
    return largest, mean


(adaptive_max_pool1d, adaptive_avg_pool1d), (adaptive_max_pool2d, adaptive_avg_pool2d) = map(_adaptive_pool, (1, 2))
adaptive_max_pool3d, adaptive_avg_pool3d = _adaptive_pool(3)


def _max_unpool(dims: int) -> Any:
    def max_unpool(
        input: Tensor, indices: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, output_size: Any = None
    ) -> Tensor:
        kernel, sides = several(kernel_size, dims), several(padding, dims)
        steps = kernel if stride is None else several(stride, dims)
        size = tuple(output_size)[-dims:] if output_size is not None else [
            (one - 1) * step - 2 * side + span
            for one, step, side, span in zip(input.shape[-dims:], steps, sides, kernel, strict=True)
        ]  # fmt: skip
        out = input.new_zeros(*input.shape[:-dims], math.prod(size))
        out = out.scatter(-1, indices.flatten(-dims), input.flatten(-dims))
        return out.reshape(*input.shape[:-dims], *size)

    max_unpool.__name__, max_unpool.__doc__ = (
        f"max_unpool{dims}d",
        "Largest values back at their places, zeros elsewhere.",
    )
    return max_unpool


max_unpool1d, max_unpool2d, max_unpool3d = map(_max_unpool, (1, 2, 3))


# Other sizes.


def pixel_shuffle(input: Tensor, upscale_factor: int) -> Tensor:
    """Channels as a finer grid: `(C r², H, W)` to `(C, H r, W r)`."""
    r, (channels, height, width) = upscale_factor, input.shape[-3:]
    if channels % (r * r):
        raise RuntimeError(
            f"pixel_shuffle expects its input's 'channel' dimension to be divisible by the square of upscale_factor, "
            f"but input.size(-3)={channels} is not divisible by {r * r}"
        )
    parts = input.reshape(*input.shape[:-3], channels // (r * r), r, r, height, width)
    n = parts.ndim
    order = [*range(n - 4), n - 2, n - 4, n - 1, n - 3]
    return parts.permute(order).reshape(*input.shape[:-3], channels // (r * r), height * r, width * r)


def pixel_unshuffle(input: Tensor, downscale_factor: int) -> Tensor:
    """A grid as channels: `(C, H r, W r)` to `(C r², H, W)`."""
    r, (channels, height, width) = downscale_factor, input.shape[-3:]
    parts = input.reshape(*input.shape[:-3], channels, height // r, r, width // r, r)
    n = parts.ndim
    order = [*range(n - 4), n - 3, n - 1, n - 4, n - 2]
    return parts.permute(order).reshape(*input.shape[:-3], channels * r * r, height // r, width // r)


def channel_shuffle(input: Tensor, groups: int) -> Tensor:
    """Channels of all groups in turn."""
    return input.unflatten(1, (groups, -1)).transpose(1, 2).flatten(1, 2)


def _sources(size: int, out: int, scale: float | None, align: bool, cubic: bool = False) -> np.ndarray:
    """Where each new place lies among the old ones."""
    at = np.arange(out, dtype=np.float64)
    if align:
        return at * ((size - 1) / (out - 1) if out > 1 else 0)
    found = (at + 0.5) * (1 / scale if scale else size / out) - 0.5
    return found if cubic else np.maximum(found, 0)


def _linear_table(size: int, out: int, scale: float | None, align: bool) -> np.ndarray:
    """Weights `(out, size)` of a straight line between neighbours."""
    at = _sources(size, out, scale, align)
    low = np.minimum(np.floor(at).astype(int), size - 1)
    table = np.zeros((out, size))
    np.add.at(table, (np.arange(out), low), 1 - (at - low))
    np.add.at(table, (np.arange(out), np.minimum(low + 1, size - 1)), at - low)
    return table


def _cubic_table(size: int, out: int, scale: float | None, align: bool) -> np.ndarray:
    """Weights `(out, size)` of a cubic through four neighbours."""
    at = _sources(size, out, scale, align, cubic=True)
    low = np.floor(at).astype(int)
    table = np.zeros((out, size))
    for shift in (-1, 0, 1, 2):
        gap = np.abs(at - low - shift)
        near = (1.25 * gap - 2.25) * gap * gap + 1
        far = ((-0.75 * gap + 3.75) * gap - 6) * gap + 3
        weight = np.where(gap <= 1, near, far)
        np.add.at(table, (np.arange(out), np.clip(low + shift, 0, size - 1)), weight)
    return table


def interpolate(
    input: Tensor,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Tensor:
    """Other sizes of the dimensions behind batch and channels."""
    dims = input.ndim - 2
    if antialias:
        raise NotImplementedError("interpolate(antialias=True) is not in the browser's torch")
    if (size is None) == (scale_factor is None):
        raise ValueError("only one of size or scale_factor should be defined")
    scales: Any = (None,) * dims
    if scale_factor is not None:
        scales = (scale_factor,) * dims if isinstance(scale_factor, int | float) else tuple(scale_factor)
        wanted = tuple(math.floor(one * by) for one, by in zip(input.shape[2:], scales, strict=True))
        scales = (None,) * dims if recompute_scale_factor else scales
    else:
        wanted = several(size, dims)
    if mode == "area":
        return _adaptive(input, wanted, dims, lambda part, axis: part.mean(axis))
    for axis, out, scale in zip(range(2, input.ndim), wanted, scales, strict=True):
        old = input.shape[axis]
        if mode.startswith("nearest"):
            half = 0.5 if mode == "nearest-exact" else 0.0
            at = np.floor((np.arange(out, dtype=np.float32) + half) * np.float32(1 / scale if scale else old / out))
            input = input.index_select(axis, wrap(np.minimum(at.astype(np.int64), old - 1), int64))
            continue
        if mode not in ("linear", "bilinear", "trilinear", "bicubic"):
            raise NotImplementedError(f"interpolate(mode={mode!r}) is not in the browser's torch")
        table = (_cubic_table if mode == "bicubic" else _linear_table)(old, out, scale, bool(align_corners))
        input = tensordot(input, tensor(table, dtype=input.dtype), ([axis], [1])).movedim(-1, axis)
    return input.contiguous()


def upsample(
    input: Tensor, size: Any = None, scale_factor: Any = None, mode: str = "nearest", align_corners: bool | None = None
) -> Tensor:
    """`interpolate`."""
    return interpolate(input, size, scale_factor, mode, align_corners)


def affine_grid(theta: Tensor, size: Sequence[int], align_corners: bool | None = None) -> Tensor:
    """Where the places of `(N, C, H, W)` come from under affine maps `theta` `(N, 2, 3)`: `(N, H, W, 2)` in [-1, 1]."""
    rows = []
    for count in reversed(size[2:]):
        edge = 1 if align_corners else 1 - 1 / count
        rows.append(np.linspace(-edge, edge, count) if count > 1 else np.zeros(1))
    x, y = np.meshgrid(*rows)
    points = tensor(np.stack([x, y, np.ones_like(x)], -1), dtype=theta.dtype)
    return (points.reshape(1, -1, 3) @ theta.transpose(1, 2)).reshape(size[0], size[2], size[3], 2)


def grid_sample(
    input: Tensor, grid: Tensor, mode: str = "bilinear", padding_mode: str = "zeros", align_corners: bool | None = None
) -> Tensor:
    """`input` `(N, C, H, W)` read at the places `grid` `(N, H', W', 2)`, x and y in [-1, 1]."""
    if align_corners is None:
        warnings.warn("Default grid_sample and affine_grid behavior has changed to align_corners=False", stacklevel=2)
    if mode not in ("bilinear", "nearest") or padding_mode not in ("zeros", "border"):
        raise NotImplementedError(f"grid_sample({mode!r}, {padding_mode!r}) is not in the browser's torch")
    batch, _, height, width = input.shape
    spots = []
    for place, size in ((0, width), (1, height)):
        at = (grid[..., place] + 1) / 2 * (size - 1) if align_corners else ((grid[..., place] + 1) * size - 1) / 2
        spots.append(at.clamp(0, size - 1) if padding_mode == "border" else at)
    x, y = spots
    number = arange(batch).reshape(-1, 1, 1)

    def read(row: Tensor, column: Tensor) -> Tensor:
        inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
        found = input.permute(0, 2, 3, 1)[number, row.clamp(0, height - 1), column.clamp(0, width - 1)]
        return where(inside.unsqueeze(-1), found, 0.0)

    if mode == "nearest":
        return read(y.round().long(), x.round().long()).permute(0, 3, 1, 2)
    left, top = x.detach().floor(), y.detach().floor()
    total: Any = 0
    for down, right in itertools.product((0, 1), (0, 1)):
        weight = (1 - (x - left - right).abs()) * (1 - (y - top - down).abs())
        total = total + weight.unsqueeze(-1) * read((top + down).long(), (left + right).long())
    return total.permute(0, 3, 1, 2).contiguous()
