"""`torch.nn.utils.prune`: weights set to zero by a mask that stays."""

from typing import Any

import numpy as np

from ..._absent import lacking as _lacking
from ..._core import Tensor, wrap
from ..._create import ones_like
from ..._random import rand_like
from ..module import Module
from ..parameter import Parameter


def _apply(module: Module, name: str, mask: Tensor) -> Module:
    """Let `name` be `name_orig * name_mask`, together with the masks before."""
    if f"{name}_orig" in module._parameters:
        mask = mask * getattr(module, f"{name}_mask")
        setattr(module, f"{name}_mask", mask)
    else:
        weight = module._parameters.pop(name)
        module.register_parameter(f"{name}_orig", weight)
        module.register_buffer(f"{name}_mask", mask)

    def compute(module: Any, *args: Any) -> None:
        object.__setattr__(module, name, getattr(module, f"{name}_orig") * getattr(module, f"{name}_mask"))

    pruned = module.__dict__.setdefault("_pruned", {})
    if name not in pruned:
        pruned[name] = module.register_forward_pre_hook(compute)
    compute(module)
    return module


def _count(amount: Any, total: int) -> int:
    if isinstance(amount, float):
        return round(amount * total)
    if amount > total:
        raise ValueError(f"amount={amount} should be smaller than the number of parameters to prune={total}")
    return int(amount)


def _kept(module: Module, name: str) -> Tensor:
    return getattr(module, f"{name}_mask", None) if f"{name}_orig" in module._parameters else None


def _smallest(module: Module, name: str, scores: Tensor, amount: Any) -> Module:
    """Prune the smallest of those that are still there."""
    old = _kept(module, name)
    there = np.ones(scores.shape, bool) if old is None else old._data != 0
    mask = there.astype(scores._data.dtype)
    places = np.flatnonzero(there.reshape(-1))
    order = np.argsort(scores._data.reshape(-1)[places], kind="stable")[: _count(amount, len(places))]
    mask.reshape(-1)[places[order]] = 0
    return _apply(module, name, wrap(mask, scores.dtype))


def l1_unstructured(module: Module, name: str, amount: Any, importance_scores: Tensor | None = None) -> Module:
    """Prune the weights nearest to zero."""
    scores = getattr(module, name).detach() if importance_scores is None else importance_scores
    return _smallest(module, name, scores.abs(), amount)


def random_unstructured(module: Module, name: str, amount: Any) -> Module:
    """Prune weights at random."""
    return _smallest(module, name, rand_like(getattr(module, name).detach()), amount)


def ln_structured(module: Module, name: str, amount: Any, n: float, dim: int) -> Module:
    """Prune whole slices of a dimension, those of the smallest norm."""
    weight = getattr(module, name).detach()
    others = tuple(axis for axis in range(weight.ndim) if axis != dim % weight.ndim)
    order = np.argsort(weight.norm(n, others)._data, kind="stable")[: _count(amount, weight.shape[dim])]
    mask = ones_like(weight)
    mask._data[(slice(None),) * (dim % weight.ndim) + (order,)] = 0
    return _apply(module, name, mask)


def custom_from_mask(module: Module, name: str, mask: Tensor) -> Module:
    """Prune by a mask."""
    return _apply(module, name, mask.to(getattr(module, name).dtype))


def identity(module: Module, name: str) -> Module:
    """A mask of ones."""
    return _apply(module, name, ones_like(getattr(module, name).detach()))


class L1Unstructured:
    """The method of `l1_unstructured`, for `global_unstructured`."""


class RandomUnstructured:
    """The method of `random_unstructured`, for `global_unstructured`."""


def global_unstructured(parameters: Any, pruning_method: Any, importance_scores: Any = None, **kwargs: Any) -> None:
    """Prune weights of several modules together."""
    pairs = list(parameters)
    scores = [
        getattr(module, name).detach().abs() if pruning_method is L1Unstructured else rand_like(getattr(module, name))
        for module, name in pairs
    ]
    flat = np.concatenate([one._data.reshape(-1) for one in scores])
    mask = np.ones(len(flat), flat.dtype)
    mask[np.argsort(flat, kind="stable")[: _count(kwargs["amount"], len(flat))]] = 0
    start = 0
    for (module, name), one in zip(pairs, scores, strict=True):
        _apply(module, name, wrap(mask[start : start + one.numel()].reshape(one.shape), one.dtype))
        start += one.numel()


def is_pruned(module: Module) -> bool:
    """Whether a weight inside has a mask."""
    return any(one.__dict__.get("_pruned") for one in module.modules())


def remove(module: Module, name: str) -> Module:
    """Keep the pruned weight as an ordinary parameter."""
    if name not in module.__dict__.get("_pruned", {}):
        raise ValueError(f"Parameter '{name}' of module {module} has to be pruned before pruning can be removed")
    module.__dict__["_pruned"].pop(name).remove()
    value = module.__dict__.pop(name).detach()
    original = module._parameters.pop(f"{name}_orig")
    del module._buffers[f"{name}_mask"]
    module.register_parameter(name, Parameter(value, original.requires_grad))
    return module


__getattr__ = _lacking(__name__, "torch.nn.utils.prune")
