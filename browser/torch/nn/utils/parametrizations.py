"""`torch.nn.utils.parametrizations`: weights by direction and length."""

from typing import Any

from ..._absent import lacking as _lacking
from ..._core import Tensor
from ..module import Module
from ._normed import _length
from .parametrize import register_parametrization


class _WeightNorm(Module):
    """`g v / |v|` of `(g, v)`: here of one parameter each."""

    def __init__(self, dim: int | None, weight: Tensor) -> None:
        super().__init__()
        self.dim = dim
        self.register_parameter("length", type(weight)(_length(weight, dim).detach()))

    def forward(self, v: Tensor) -> Tensor:
        return v * (self.length / _length(v, self.dim))


def weight_norm(module: Module, name: str = "weight", dim: int | None = 0) -> Any:
    """Let a weight be `g v / |v|`."""
    return register_parametrization(module, name, _WeightNorm(dim, module._parameters[name]))


__getattr__ = _lacking(__name__, "torch.nn.utils.parametrizations")
