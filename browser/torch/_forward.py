"""`torch.autograd.forward_ad`: derivatives that go along with the values, which nothing has here."""

from collections import namedtuple
from typing import Any

UnpackedDualTensor = namedtuple("UnpackedDualTensor", ["primal", "tangent"])


def unpack_dual(tensor: Any, *, level: Any = None) -> UnpackedDualTensor:
    """The value, without a derivative."""
    return UnpackedDualTensor(tensor, None)
