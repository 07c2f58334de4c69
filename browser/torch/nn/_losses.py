"""Losses and distances that few programs use, as functions."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .._core import Tensor, make, wide
from .._create import arange, as_tensor, full_like, zeros_like
from .._pointwise import where
from .functional import _reduced, logsigmoid


def pairwise_distance(x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> Tensor:
    """The norm of the difference, along the last dimension."""
    return (x1 - x2 + eps).norm(p, -1, keepdim)


def triplet_margin_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """How far the negative misses being farther than the positive by the margin."""
    near, far = (pairwise_distance(anchor, one, p, eps) for one in (positive, negative))
    if swap:
        far = far.minimum(pairwise_distance(positive, negative, p, eps))
    return _reduced((margin + near - far).clamp_min(0), reduction)


def triplet_margin_with_distance_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    *,
    distance_function: Callable[..., Tensor] | None = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> Tensor:
    """`triplet_margin_loss` with another distance."""
    between = distance_function or pairwise_distance
    near, far = between(anchor, positive), between(anchor, negative)
    if swap:
        far = far.minimum(between(positive, negative))
    return _reduced((margin + near - far).clamp_min(0), reduction)


def cosine_embedding_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """One minus the cosine where `target` is 1; the cosine above the margin where it is -1."""
    top = (input1 * input2).sum(-1)
    size = ((input1.square().sum(-1) + 1e-12) * (input2.square().sum(-1) + 1e-12)).sqrt()
    cosine = top / size
    zero = zeros_like(cosine)
    loss = where(target == 1, 1 - cosine, zero) + where(target == -1, (cosine - margin).clamp_min(0), zero)
    return _reduced(loss, reduction)


def hinge_embedding_loss(
    input: Tensor,
    target: Tensor,
    margin: float = 1.0,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """The distance where `target` is 1; what it misses of the margin where it is -1."""
    zero = zeros_like(input)
    loss = where(target == 1, input, zero) + where(target == -1, (margin - input).clamp_min(0), zero)
    return _reduced(loss, reduction)


def soft_margin_loss(
    input: Tensor, target: Tensor, size_average: Any = None, reduce: Any = None, reduction: str = "mean"
) -> Tensor:
    """`log(1 + exp(-target input))`."""
    return _reduced((-target * input).exp().log1p(), reduction)


def multilabel_soft_margin_loss(
    input: Tensor,
    target: Tensor,
    weight: Any = None,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """Binary losses of all classes, their mean."""
    loss = -(target * logsigmoid(input) + (1 - target) * logsigmoid(-input))
    loss = loss if weight is None else loss * weight
    return _reduced(loss.mean(-1), reduction)


def multi_margin_loss(
    input: Tensor,
    target: Tensor,
    p: int = 1,
    margin: float = 1.0,
    weight: Any = None,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """How far other classes come within the margin of the right one."""
    rows = input.unsqueeze(0) if input.ndim == 1 else input
    index = target.reshape(-1, 1)
    gap = (margin - rows.gather(1, index) + rows).clamp_min(0) ** p
    gap = gap if weight is None else gap * weight[target.reshape(-1)].unsqueeze(1)
    gap = where(arange(rows.shape[1]) == index, zeros_like(gap), gap)
    loss = gap.sum(1) / rows.shape[1]
    return _reduced(loss.reshape(()) if input.ndim == 1 else loss, reduction)


def poisson_nll_loss(
    input: Tensor,
    target: Tensor,
    log_input: bool = True,
    full: bool = False,
    size_average: Any = None,
    eps: float = 1e-8,
    reduce: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """The negative log-probability of counts."""
    loss = input.exp() - target * input if log_input else input - target * (input + eps).log()
    if full:
        stirling = target * target.log() - target + 0.5 * (2 * math.pi * target).log()
        loss = loss + where(target > 1, stirling, zeros_like(target))
    return _reduced(loss, reduction)


def gaussian_nll_loss(
    input: Tensor, target: Tensor, var: Any, full: bool = False, eps: float = 1e-6, reduction: str = "mean"
) -> Tensor:
    """The negative log-density of normal numbers."""
    var = full_like(input, var) if not isinstance(var, Tensor) else var
    if var.shape != input.shape and var.shape == input.shape[:-1]:
        var = var.unsqueeze(-1)
    if (var < 0).any():
        raise ValueError("var has negative entry/entries")
    safe = var + (var.detach().clamp_min(eps) - var.detach())
    loss = 0.5 * (safe.log() + (input - target) ** 2 / safe)
    return _reduced(loss + 0.5 * math.log(2 * math.pi) if full else loss, reduction)


def ctc_loss(
    log_probs: Tensor,
    targets: Tensor,
    input_lengths: Any,
    target_lengths: Any,
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Tensor:
    """The negative log-probability that `log_probs` `(T, N, C)` spell the targets, with blanks and repeats between."""
    single = log_probs.ndim == 2
    rows = log_probs.unsqueeze(1) if single else log_probs
    steps = np.atleast_1d(np.asarray(as_tensor(input_lengths)._data))
    lengths = np.atleast_1d(np.asarray(as_tensor(target_lengths)._data))
    flat = targets._data if targets.ndim == 1 and not (single and targets.ndim == 1) else None
    words, start = [], 0
    for n, length in enumerate(lengths.tolist()):
        word = targets._data.reshape(1, -1)[0, :length] if single else (
            flat[start : start + length] if flat is not None else targets._data[n, :length]
        )  # fmt: skip
        words.append(word)
        start += length
    x = wide(rows).astype(np.float64)
    losses, slopes = np.zeros(len(words)), np.zeros_like(x)
    for n, word in enumerate(words):
        losses[n], slopes[: steps[n], n] = _spelling(x[: steps[n], n], word, blank)
    if zero_infinity:
        slopes[:, ~np.isfinite(losses)] = 0
        losses = np.where(np.isfinite(losses), losses, 0)
    each = make(losses, rows.dtype, "CtcLoss0", (rows,), lambda g: (slopes * g[None, :, None],), (rows,))
    if reduction == "mean":
        return (each / as_tensor(np.maximum(lengths, 1)).to(each.dtype)).mean()
    return _reduced(each.reshape(()) if single else each, reduction)


def _spelling(x: np.ndarray, word: np.ndarray, blank: int) -> tuple[float, np.ndarray]:
    """The loss of one sequence `(T, C)`, and its slope: the forward and backward sums over all paths."""
    states = np.full(2 * len(word) + 1, blank)
    states[1::2] = word
    skip = np.zeros(len(states), bool)
    skip[2:] = (states[2:] != blank) & (states[2:] != states[:-2])
    down, back = (np.full((len(x), len(states)), -np.inf) for _ in range(2))
    down[0, :2] = x[0, states[:2]]
    back[-1, -2:] = x[-1, states[-2:]]
    for t in range(1, len(x)):
        last = down[t - 1]
        paths = [
            last,
            np.append(-np.inf, last[:-1]),
            np.where(skip, np.append([-np.inf] * 2, last)[: len(last)], -np.inf),
        ]
        down[t] = np.logaddexp.reduce(paths) + x[t, states]
    later = np.append(skip, [False, False])[2:]
    for t in range(len(x) - 2, -1, -1):
        last = back[t + 1]
        paths = [last, np.append(last[1:], -np.inf), np.where(later, np.append(last, [-np.inf] * 2)[2:], -np.inf)]
        back[t] = np.logaddexp.reduce(paths) + x[t, states]
    total = np.logaddexp.reduce(down[-1, -2:])
    slope = np.exp(x)
    share = np.exp(np.where(np.isfinite(down + back), down + back - x[:, states] - total, -np.inf))
    found = np.zeros_like(x)
    for place, state in enumerate(states):
        found[:, state] += share[:, place]
    return -total, slope - found if np.isfinite(total) else np.full_like(x, np.nan)
