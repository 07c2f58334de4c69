"""`torch.distributed.nn`: collectives that gradients flow through; of one process they hand on what they get."""

from typing import Any

from .._absent import lacking as _lacking
from .._core import Tensor


def all_reduce(tensor: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """The tensor."""
    return tensor


broadcast = reduce = all_reduce


def all_gather(tensor: Tensor, *args: Any, **kwargs: Any) -> tuple[Tensor, ...]:
    """The one tensor."""
    return (tensor,)


gather = all_gather

__getattr__ = _lacking(__name__, "torch.distributed.nn")
