"""`torch.nn.init`: first values of parameters, in place, with torch's own random numbers."""

import math
import warnings
from typing import Any

import numpy as np

from .._absent import lacking as _lacking
from .._core import Tensor
from .._create import empty_like
from .._engine import no_grad
from .._pointwise import where
from .._random import randn, randperm

GAINS = {"linear": 1.0, "sigmoid": 1.0, "tanh": 5 / 3, "relu": math.sqrt(2), "selu": 0.75}


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """The factor that keeps the variance through an activation."""
    if nonlinearity == "leaky_relu":
        return math.sqrt(2 / (1 + (0.01 if param is None else param) ** 2))
    if nonlinearity.startswith("conv"):
        return 1.0
    if nonlinearity not in GAINS:
        raise ValueError(f"Unsupported nonlinearity {nonlinearity}")
    return GAINS[nonlinearity]


def _fans(tensor: Tensor) -> tuple[int, int]:
    """Inputs and outputs of a weight."""
    if tensor.ndim < 2:
        raise ValueError("Fan in and fan out can not be computed for tensor with fewer than 2 dimensions")
    field = math.prod(tensor.shape[2:])
    return tensor.shape[1] * field, tensor.shape[0] * field


_calculate_fan_in_and_fan_out = _fans


@no_grad()
def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Any = None) -> Tensor:
    """Uniform in [a, b)."""
    return tensor.uniform_(a, b, generator=generator)


@no_grad()
def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Any = None) -> Tensor:
    """Normal."""
    return tensor.normal_(mean, std, generator=generator)


@no_grad()
def constant_(tensor: Tensor, val: float) -> Tensor:
    """One value."""
    return tensor.fill_(val)


def ones_(tensor: Tensor) -> Tensor:
    """Ones."""
    return constant_(tensor, 1.0)


def zeros_(tensor: Tensor) -> Tensor:
    """Zeros."""
    return constant_(tensor, 0.0)


@no_grad()
def eye_(tensor: Tensor) -> Tensor:
    """The identity."""
    tensor._data[...] = np.eye(*tensor.shape)
    return tensor


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Any = None) -> Tensor:
    """Uniform, of variance `2 gain² / (inputs + outputs)`."""
    std = gain * math.sqrt(2.0 / float(sum(_fans(tensor))))
    bound = math.sqrt(3.0) * std
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Any = None) -> Tensor:
    """Normal, of variance `2 gain² / (inputs + outputs)`."""
    return normal_(tensor, 0.0, gain * math.sqrt(2.0 / float(sum(_fans(tensor)))), generator)


def _kaiming_std(tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float:
    fan = _fans(tensor)[("fan_in", "fan_out").index(mode)]
    return calculate_gain(nonlinearity, a) / math.sqrt(fan)


def kaiming_uniform_(
    tensor: Tensor, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu", generator: Any = None
) -> Tensor:
    """Uniform, of variance `gain² / fan`."""
    bound = math.sqrt(3.0) * _kaiming_std(tensor, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: Tensor, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu", generator: Any = None
) -> Tensor:
    """Normal, of variance `gain² / fan`."""
    return normal_(tensor, 0.0, _kaiming_std(tensor, a, mode, nonlinearity), generator)


@no_grad()
def orthogonal_(tensor: Tensor, gain: float = 1, generator: Any = None) -> Tensor:
    """Rows (or columns) of length `gain`, at right angles to each other."""
    rows, cols = tensor.shape[0], tensor.numel() // tensor.shape[0]
    flat = randn(rows, cols, generator=generator, dtype=tensor.dtype)
    flat = flat.T if rows < cols else flat
    q, r = np.linalg.qr(flat._data)
    q = q * np.sign(np.diag(r))
    q = q.T if rows < cols else q
    tensor._data[...] = (q * gain).reshape(tensor.shape)
    return tensor


@no_grad()
def trunc_normal_(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, a: float = -2.0, b: float = 2.0, generator: Any = None
) -> Tensor:
    """Normal within [a, b]: drawn again where outside; from uniform numbers where that would take long."""
    share = math.erf((b - mean) / std / math.sqrt(2)) - math.erf((a - mean) / std / math.sqrt(2))
    if share / 2 > 0.3:
        low, high = tensor.new_tensor(a).item(), tensor.new_tensor(b).item()
        result = tensor.normal_(mean, std, generator=generator)
        while (outside := (result < low) | (result > high)).any():
            result = where(outside, empty_like(result).normal_(mean, std, generator=generator), result)
        return tensor if result is tensor else tensor.copy_(result)
    peak = -0.5 * ((max(a, min(mean, b)) - mean) / std) ** 2

    def refused(values: Tensor) -> Tensor:
        height = ((values - mean) / std) ** 2 * -0.5 - peak
        return empty_like(tensor).uniform_(generator=generator).log().gt(height)

    result = tensor.uniform_(a, b, generator=generator)
    pending = refused(result)
    while pending.any():
        fresh = empty_like(tensor).uniform_(a, b, generator=generator)
        result = where(pending, fresh, result)
        pending = pending & refused(fresh)
    return tensor if result is tensor else tensor.copy_(result)


@no_grad()
def sparse_(tensor: Tensor, sparsity: float, std: float = 0.01, generator: Any = None) -> Tensor:
    """Normal, with a share of each column set to zero."""
    if tensor.ndim != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")
    rows, columns = tensor.shape
    tensor.normal_(0, std, generator=generator)
    for column in range(columns):
        tensor._data[randperm(rows)._data[: math.ceil(sparsity * rows)], column] = 0
    return tensor


@no_grad()
def dirac_(tensor: Tensor, groups: int = 1) -> Tensor:
    """Convolutions that hand channels on."""
    if tensor.ndim not in (3, 4, 5):
        raise ValueError("Only tensors with 3, 4, or 5 dimensions are supported")
    if tensor.shape[0] % groups:
        raise ValueError("dim 0 must be divisible by groups")
    each, middle = tensor.shape[0] // groups, tuple(size // 2 for size in tensor.shape[2:])
    tensor._data[...] = 0
    for group in range(groups):
        for channel in range(min(each, tensor.shape[1])):
            tensor._data[(group * each + channel, channel, *middle)] = 1
    return tensor


def _old(function: Any, name: str) -> Any:
    def apply(*args: Any, **kwargs: Any) -> Tensor:
        warnings.warn(f"`nn.init.{name}` is now deprecated in favor of `nn.init.{name}_`.", FutureWarning, stacklevel=2)
        return function(*args, **kwargs)

    apply.__name__, apply.__doc__ = name, f"`{name}_`, as it was called."
    return apply


uniform, normal, constant = _old(uniform_, "uniform"), _old(normal_, "normal"), _old(constant_, "constant")
xavier_uniform, xavier_normal = _old(xavier_uniform_, "xavier_uniform"), _old(xavier_normal_, "xavier_normal")
kaiming_uniform, kaiming_normal = _old(kaiming_uniform_, "kaiming_uniform"), _old(kaiming_normal_, "kaiming_normal")
orthogonal, eye = _old(orthogonal_, "orthogonal"), _old(eye_, "eye")

__getattr__ = _lacking(__name__, "torch.nn.init")
