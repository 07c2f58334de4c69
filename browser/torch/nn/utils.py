"""`torch.nn.utils`: gradients clipped, parameters as one vector, padded batches."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

from .._core import Tensor
from .._create import full, tensor
from .._engine import no_grad
from .._shape import cat, stack


@no_grad()
def get_total_norm(tensors: Iterable[Tensor], norm_type: float = 2.0) -> Tensor:
    """The norm of all tensors as one vector."""
    norms = [one.norm(norm_type) for one in tensors]
    if not norms:
        return tensor(0.0)
    return stack(norms).norm(norm_type)


@no_grad()
def clip_grad_norm_(
    parameters: Any, max_norm: float, norm_type: float = 2.0, error_if_nonfinite: bool = False
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
def clip_grad_value_(parameters: Any, clip_value: float) -> None:
    """Cut every gradient to [-clip_value, clip_value]."""
    for one in [parameters] if isinstance(parameters, Tensor) else parameters:
        if one.grad is not None:
            one.grad.clamp_(-clip_value, clip_value)


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """All parameters as one vector."""
    return cat([one.reshape(-1) for one in parameters])


@no_grad()
def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """One vector into all parameters."""
    start = 0
    for one in parameters:
        one.copy_(vec[start : start + one.numel()].view_as(one))
        start += one.numel()


class rnn:
    """`torch.nn.utils.rnn`."""

    @staticmethod
    def pad_sequence(
        sequences: Sequence[Tensor], batch_first: bool = False, padding_value: float = 0.0, padding_side: str = "right"
    ) -> Tensor:
        """Sequences of different lengths as one tensor."""
        longest = max(len(one) for one in sequences)
        rows = []
        for one in sequences:
            filler = full((longest - len(one), *one.shape[1:]), padding_value, dtype=one.dtype)
            rows.append(cat([one, filler] if padding_side == "right" else [filler, one]))
        return stack(rows, 0 if batch_first else 1)
