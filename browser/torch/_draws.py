"""Gamma, Dirichlet and Poisson numbers, one after the other by torch's algorithms: the same numbers as torch's."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ._core import Tensor, function, wrap
from ._engine import Mode
from ._random import Generator, _own

THIRD, SQUEEZE = np.float32(1) / np.float32(3), float(np.float32(0.0331))  # torch's are float32 here


def _gamma(alpha: Any, source: Generator) -> float:
    """A gamma number (Marsaglia and Tsang, 2000); below 1 one of `alpha + 1` times a power of a uniform one."""
    one, scale = type(alpha)(1), 1.0
    if alpha < 1:
        if alpha == 0:
            return 0.0
        scale = (1 - _uniform(source)) ** float(one / alpha)
        alpha = alpha + one
    d = float(alpha - type(alpha)(THIRD))
    c = 1 / math.sqrt(9 * d)
    while True:
        x = float(source.normals(1)[0])
        v = (1 + c * x) ** 3
        if v <= 0:
            continue
        u, square = 1 - _uniform(source), x * x
        if u < 1 - SQUEEZE * square * square or math.log(u) < 0.5 * square + d * (1 - v + math.log(v)):
            return scale * d * v


def _poisson(rate: float, source: Generator) -> int:
    """A Poisson number: below 10 as many uniform ones as it takes, above by transformed rejection (Hörmann, 1993)."""
    if rate < 10:
        count, product, end = 0, 1.0, math.exp(-rate)
        while rate and (product := product * _uniform(source)) > end:
            count += 1
        return count
    root = math.sqrt(rate)
    b = 0.931 + 2.53 * root
    a = -0.059 + 0.02483 * b
    inverse, bound = 1.1239 + 1.1328 / (b - 3.4), 0.9277 - 3.6224 / (b - 2)
    while True:
        u, v = _uniform(source) - 0.5, _uniform(source)
        near = 0.5 - abs(u)
        count = math.floor((2 * a / near + b) * u + rate + 0.43)
        if near >= 0.07 and v <= bound:
            return count
        if count < 0 or (near < 0.013 and v > near):
            continue
        size = math.log(v) + math.log(inverse) - math.log(a / (near * near) + b)
        if size <= -rate + count * math.log(rate) - math.lgamma(count + 1):
            return count


def _uniform(source: Generator) -> float:
    return float(source.doubles(1)[0])


def _each(input: Tensor, draw: Callable[[Any, Generator], Any], values: np.ndarray, generator: Any) -> np.ndarray:
    if input.requires_grad and Mode.enabled:
        raise NotImplementedError("the gradient of gamma draws is not in the browser's torch: use sample()")
    source = _own(generator)
    return np.array([draw(one, source) for one in values.reshape(-1)], np.float64).reshape(values.shape)


@function
def _standard_gamma(input: Tensor, generator: Any = None) -> Tensor:
    """Gamma numbers of rate 1."""
    kind = input._data.dtype
    return wrap(_each(input, _gamma, input._data, generator).astype(kind).clip(np.finfo(kind).tiny), input.dtype)


@function
def _sample_dirichlet(input: Tensor, generator: Any = None) -> Tensor:
    """Shares of a whole: gamma numbers over their sum."""
    kind = input._data.dtype
    drawn = _each(input, _gamma, input._data.astype(np.float64), generator).clip(np.finfo(np.float64).tiny)
    shares = (drawn / drawn.sum(-1, keepdims=True)).astype(kind)
    return wrap(shares.clip(np.finfo(kind).tiny, np.nextafter(kind.type(1), kind.type(0))), input.dtype)


@function
def poisson(input: Tensor, generator: Any = None) -> Tensor:
    """Counts of a rate each."""
    if (input._data < 0).any():
        raise RuntimeError("invalid Poisson rate, expected rate to be non-negative")
    values = input._data.astype(np.float64)
    return wrap(_each(input, _poisson, values, generator).astype(input._data.dtype), input.dtype)
