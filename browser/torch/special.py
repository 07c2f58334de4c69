"""`torch.special`: the same functions as in torch, under the names that others know them by."""

from typing import Any

import numpy as np

from . import _rare
from ._absent import lacking as _lacking
from ._core import Tensor
from ._pointwise import erf, erfc, exp2, expm1, log1p, logit, round, sigmoid, where
from ._rare import digamma, erfinv, i0, polygamma, sinc, xlogy
from ._reduce import log_softmax, logsumexp, softmax

expit, gammaln, psi, multigammaln = sigmoid, _rare.lgamma, _rare.digamma, _rare.mvlgamma


def entr(input: Tensor) -> Tensor:
    """`-x log(x)`, 0 at 0, -inf below."""
    return where(input < 0, -np.inf, -xlogy(input, input))


def ndtr(input: Tensor) -> Tensor:
    """The share of normal numbers that are smaller."""
    return 0.5 * (1 + erf(input * np.sqrt(0.5).item()))


def ndtri(input: Tensor) -> Tensor:
    """The inverse of `ndtr`."""
    return np.sqrt(2).item() * erfinv(2 * input - 1)


def log_ndtr(input: Tensor) -> Tensor:
    """The logarithm of `ndtr`."""
    return ndtr(input).log()


def xlog1py(input: Any, other: Any) -> Tensor:
    """`input * log1p(other)`, 0 where `input` is."""
    return xlogy(input, other + 1)


__all__ = [
    "digamma", "entr", "erf", "erfc", "erfinv", "exp2", "expit", "expm1", "gammaln", "i0", "log1p", "log_ndtr",
    "log_softmax", "logit", "logsumexp", "multigammaln", "ndtr", "ndtri", "polygamma", "psi", "round", "sigmoid",
    "sinc", "softmax", "where", "xlog1py", "xlogy",
]  # fmt: skip

__getattr__ = _lacking(__name__, "torch.special")
