"""`torch.nn.utils`: gradients clipped, parameters as one vector, padded batches."""

import math
from collections.abc import Iterable
from typing import Any

from ..._absent import lacking as _lacking
from ..._absent import lazily as _lazily
from ..._core import Tensor
from ..._create import tensor
from ..._engine import no_grad
from ..._shape import cat, stack


@no_grad()
def get_total_norm(
    tensors: Iterable[Tensor], norm_type: float = 2.0, error_if_nonfinite: bool = False, foreach: bool | None = None
) -> Tensor:
    """The norm of all tensors as one vector."""
    norms = [one.norm(norm_type) for one in tensors]
    if not norms:
        return tensor(0.0)
    return stack(norms).norm(norm_type)


@no_grad()
def clip_grad_norm_(
    parameters: Any,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Scale all gradients so that their common norm is at most `max_norm`; the norm before is returned."""
    parameters = [parameters] if isinstance(parameters, Tensor) else list(parameters)
    grads = [one.grad for one in parameters if one.grad is not None]
    total = get_total_norm(grads, float(norm_type))
    if error_if_nonfinite and not math.isfinite(total.item()):
        raise RuntimeError(
            f"The total norm of order {float(norm_type)} for gradients from `parameters` is non-finite, so it "
            "cannot be clipped."
        )
    factor = (max_norm / (total + 1e-6)).clamp(max=1.0)
    for one in grads:
        one.mul_(factor.to(one.dtype))
    return total


@no_grad()
def clip_grad_value_(parameters: Any, clip_value: float, foreach: bool | None = None) -> None:
    """Cut every gradient to [-clip_value, clip_value]."""
    for one in [parameters] if isinstance(parameters, Tensor) else parameters:
        if one.grad is not None:
            one.grad.clamp_(-clip_value, clip_value)


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """All parameters as one vector."""
    return cat([one.reshape(-1) for one in parameters])


@no_grad()
def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """One vector into all parameters, which are parts of it from then on, as in torch."""
    start = 0
    for one in parameters:
        one.data = vec[start : start + one.numel()].view_as(one).data
        start += one.numel()


@no_grad()
def clip_grads_with_norm_(parameters: Any, max_norm: float, total_norm: Tensor) -> None:
    """Scale all gradients, of a common norm that is given, so that it is at most `max_norm`."""
    factor = (max_norm / (total_norm + 1e-6)).clamp(max=1.0)
    for one in [parameters] if isinstance(parameters, Tensor) else parameters:
        if one.grad is not None:
            one.grad.mul_(factor.to(one.grad.dtype))


clip_grad_norm = clip_grad_norm_

_PLACES = _lazily(
    _normed="weight_norm spectral_norm remove_weight_norm remove_spectral_norm",
    rnn="rnn",
    parametrize="parametrize",
    parametrizations="parametrizations",
    prune="prune",
    fusion="fusion fuse_conv_bn_eval fuse_conv_bn_weights fuse_linear_bn_eval fuse_linear_bn_weights",
)

__getattr__ = _lacking(__name__, "torch.nn.utils", _PLACES)
