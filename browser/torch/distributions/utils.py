"""`torch.distributions.utils`: what readers' own distributions are made with."""

from functools import cached_property as lazy_property  # noqa: F401
from typing import Any

from .._absent import lacking as _lacking
from .._core import Tensor
from .._create import as_tensor
from .._dtypes import finfo, get_default_dtype
from .._random import normal
from .._shape import broadcast_tensors
from ..nn.functional import binary_cross_entropy_with_logits, softmax  # noqa: F401


def broadcast_all(*values: Any) -> tuple[Tensor, ...]:
    """Tensors and numbers as tensors of one shape."""
    kind = next((one.dtype for one in values if isinstance(one, Tensor)), get_default_dtype())
    return tuple(broadcast_tensors(*(one if isinstance(one, Tensor) else as_tensor(one, dtype=kind) for one in values)))


def _sum_rightmost(value: Tensor, dim: int) -> Tensor:
    return value if dim == 0 else value.reshape(*value.shape[:-dim], -1).sum(-1)


def _standard_normal(shape: Any, dtype: Any, device: Any) -> Tensor:
    return normal(0.0, 1.0, tuple(shape), dtype=dtype, device=device)


def clamp_probs(probs: Tensor) -> Tensor:
    """Away from 0 and 1 by what the type can tell from them."""
    small = finfo(probs.dtype).eps
    return probs.clamp(small, 1 - small)


def logits_to_probs(logits: Tensor, is_binary: bool = False) -> Tensor:
    """`sigmoid` or `softmax`."""
    return logits.sigmoid() if is_binary else softmax(logits, dim=-1)


def probs_to_logits(probs: Tensor, is_binary: bool = False) -> Tensor:
    """Their inverse."""
    clamped = clamp_probs(probs)
    return clamped.log() - (-clamped).log1p() if is_binary else clamped.log()


__getattr__ = _lacking(__name__, "torch.distributions.utils")
