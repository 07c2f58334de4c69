"""`torch.types`: names for annotations."""

import builtins
from collections.abc import Sequence

from ._core import Tensor  # noqa: F401
from ._dtypes import Size, device, dtype

Device = device | str | int | None
Number = builtins.int | builtins.float | builtins.bool
_dtype, _device, _size, _int, _float, _bool = dtype, device, Size | Sequence[int], int, float, bool
FileLike = str
