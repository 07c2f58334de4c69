"""Weights by direction and length, and weights of spectral norm 1."""

from typing import Any

from ..._core import Tensor
from ..._engine import no_grad
from ..functional import normalize
from ..module import Module
from ..parameter import Parameter


def _length(weight: Tensor, dim: int | None) -> Tensor:
    if dim is None:
        return weight.norm()
    return weight.norm(2, tuple(axis for axis in range(weight.ndim) if axis != dim % weight.ndim), True)


def weight_norm(module: Module, name: str = "weight", dim: int | None = 0) -> Module:
    """Let a weight be `g v / |v|`, computed before each forward."""
    weight = module._parameters.pop(name)
    setattr(module, f"{name}_g", Parameter(_length(weight, dim).detach()))
    setattr(module, f"{name}_v", Parameter(weight.detach()))

    def compute(module: Any, *args: Any) -> None:
        v = getattr(module, f"{name}_v")
        object.__setattr__(module, name, v * (getattr(module, f"{name}_g") / _length(v, dim)))

    compute(module)
    module.__dict__.setdefault("_normed", {})[name] = module.register_forward_pre_hook(compute)
    return module


def spectral_norm(
    module: Module, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12, dim: int | None = None
) -> Module:
    """Let a weight be divided by its largest singular value, estimated by power iteration in training."""
    weight = module._parameters.pop(name)
    axis = (1 if type(module).__name__.startswith("ConvTranspose") else 0) if dim is None else dim

    def rows(value: Tensor) -> Tensor:
        return value.movedim(axis, 0).flatten(1) if value.ndim > 1 else value.reshape(-1, 1)

    with no_grad():
        height, width = rows(weight).shape
        u = normalize(weight.new_empty(height).normal_(0, 1), dim=0, eps=eps)
        v = normalize(weight.new_empty(width).normal_(0, 1), dim=0, eps=eps)
    setattr(module, f"{name}_orig", Parameter(weight.detach()))
    object.__setattr__(module, name, weight.detach())
    module.register_buffer(f"{name}_u", u)
    module.register_buffer(f"{name}_v", v)

    def compute(module: Any, *args: Any) -> None:
        value = getattr(module, f"{name}_orig")
        matrix, u, v = rows(value), getattr(module, f"{name}_u"), getattr(module, f"{name}_v")
        if module.training:
            with no_grad():
                for _ in range(n_power_iterations):
                    v.copy_(normalize(matrix.t().mv(u), dim=0, eps=eps))
                    u.copy_(normalize(matrix.mv(v), dim=0, eps=eps))
                u, v = u.clone(), v.clone()
        object.__setattr__(module, name, value / u.dot(matrix.mv(v)))

    module.__dict__.setdefault("_normed", {})[name] = module.register_forward_pre_hook(compute)
    return module


def _removed(module: Module, name: str, parts: tuple[str, ...]) -> Module:
    module.__dict__["_normed"].pop(name).remove()
    value = module.__dict__.pop(name)
    for part in parts:
        delattr(module, f"{name}_{part}")
    module.register_parameter(name, Parameter(value.detach()))
    return module


def remove_weight_norm(module: Module, name: str = "weight") -> Module:
    """Keep the weight that is computed now."""
    for hook in list(module._forward_pre_hooks.values()):
        hook(module, ())
    return _removed(module, name, ("g", "v"))


def remove_spectral_norm(module: Module, name: str = "weight") -> Module:
    """Keep the weight that is computed now."""
    return _removed(module, name, ("orig", "u", "v"))
