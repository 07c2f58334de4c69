"""`torch.utils.dlpack`: arrays of other libraries, whose memory is shared."""

from typing import Any

import numpy as np

from .._core import Tensor, of_array


def from_dlpack(ext_tensor: Any) -> Tensor:
    """A tensor of another library's array."""
    return of_array(np.from_dlpack(ext_tensor))


def to_dlpack(tensor: Tensor) -> Any:
    """What other libraries read."""
    return tensor._data.__dlpack__()
