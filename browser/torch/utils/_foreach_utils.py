"""`torch.utils._foreach_utils`: optimizers sort their parameters with it."""

from typing import Any

from .._core import Tensor
from ..nn.parameter import Parameter

_foreach_supported_types = [Tensor, Parameter]


def _group_tensors_by_device_and_dtype(tensorlistlist: Any, with_indices: bool = False) -> dict[Any, Any]:
    """Lists of tensors, of which those at one place belong together, by the device and type of the first list's."""
    found: dict[Any, Any] = {}
    for at, first in enumerate(tensorlistlist[0]):
        lists, places = found.setdefault((first.device, first.dtype), ([[] for _ in tensorlistlist], []))
        for group, tensors in zip(lists, tensorlistlist, strict=True):
            if tensors:
                group.append(tensors[at])
        if with_indices:
            places.append(at)
    return found


def _get_foreach_kernels_supported_devices() -> list[str]:
    return ["cpu"]
