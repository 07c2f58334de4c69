"""`torch.optim`: SGD, Adam, AdamW, RMSprop, and others when asked for; rates that change."""

import math
from typing import Any

import numpy as np

from .._absent import lacking as _lacking
from .._absent import lazily as _lazily
from .._core import wrap
from .._dtypes import fit, float32
from . import lr_scheduler  # noqa: F401 - public
from .base import Optimizer, ParamsT, _kept, _positive, _put, required  # noqa: F401 - public in optim.optimizer


class SGD(Optimizer):
    """Steps against the gradient, with momentum where asked."""

    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        _positive(lr=lr, momentum=momentum, weight_decay=weight_decay)
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        settings = {
            "lr": lr,
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
        }
        super().__init__(params, {**settings, "maximize": maximize})

    def _moved(self, value: np.ndarray, grad: np.ndarray, state: dict[str, Any], group: dict[str, Any]) -> np.ndarray:
        if group["weight_decay"]:
            grad = grad + group["weight_decay"] * value
        if group["momentum"]:
            first = state.get("momentum_buffer") is None
            buffer = _kept(state, "momentum_buffer", value, group)
            _put(buffer, grad if first else group["momentum"] * buffer + (1 - group["dampening"]) * grad, group)
            grad = grad + group["momentum"] * buffer if group["nesterov"] else buffer
        return value - group["lr"] * grad


class Adam(Optimizer):
    """Steps along the averaged gradient over the root of the averaged square; decay joins the gradient."""

    decoupled = False

    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        **kwargs: Any,
    ) -> None:
        _positive(lr=lr, eps=eps, weight_decay=weight_decay)
        for place, beta in enumerate(betas):
            if not 0 <= beta < 1:
                raise ValueError(f"Invalid beta parameter at index {place}: {beta}")
        unknown = set(kwargs) - {"foreach", "fused", "capturable", "differentiable", "decoupled_weight_decay"}
        if unknown or kwargs.get("differentiable"):
            raise TypeError(f"{type(self).__name__} does not take {sorted(unknown) or 'differentiable'}")
        decoupled = kwargs.get("decoupled_weight_decay", self.decoupled)
        settings = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "amsgrad": amsgrad}
        super().__init__(params, {**settings, "maximize": maximize, "decoupled_weight_decay": decoupled})

    def _moved(self, value: np.ndarray, grad: np.ndarray, state: dict[str, Any], group: dict[str, Any]) -> np.ndarray:
        lr, (beta1, beta2) = group["lr"], group["betas"]
        if "step" not in state:
            state["step"] = wrap(np.zeros((), np.float32), float32)
        state["step"]._data += 1
        step = float(state["step"]._data)
        if group["decoupled_weight_decay"]:
            value = value * (1 - lr * group["weight_decay"])
        elif group["weight_decay"]:
            grad = grad + group["weight_decay"] * value
        mean, square = _kept(state, "exp_avg", value, group), _kept(state, "exp_avg_sq", value, group)
        _put(mean, mean + (1 - beta1) * (grad - mean), group)
        _put(square, fit(square * beta2, group["kind"]) + (1 - beta2) * grad * grad, group)
        if group["amsgrad"]:
            largest = _kept(state, "max_exp_avg_sq", value, group)
            np.maximum(largest, square, out=largest)
            square = largest
        root = np.sqrt(square) / math.sqrt(1 - beta2**step) + group["eps"]
        return value - lr / (1 - beta1**step) * mean / root


class AdamW(Adam):
    """Adam with decay of the weights themselves."""

    decoupled = True

    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad, **kwargs)


class RMSprop(Optimizer):
    """Steps along the gradient over the root of its averaged square."""

    def __init__(
        self,
        params: Any,
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        _positive(lr=lr, eps=eps, momentum=momentum, weight_decay=weight_decay, alpha=alpha)
        settings = {"lr": lr, "alpha": alpha, "eps": eps, "weight_decay": weight_decay, "momentum": momentum}
        super().__init__(params, {**settings, "centered": centered, "maximize": maximize})

    def _moved(self, value: np.ndarray, grad: np.ndarray, state: dict[str, Any], group: dict[str, Any]) -> np.ndarray:
        if group["weight_decay"]:
            grad = grad + group["weight_decay"] * value
        square = _kept(state, "square_avg", value, group)
        _put(square, group["alpha"] * square + (1 - group["alpha"]) * grad * grad, group)
        centre: Any = 0
        if group["centered"]:
            mean = _kept(state, "grad_avg", value, group)
            _put(mean, mean + (1 - group["alpha"]) * (grad - mean), group)
            centre = mean * mean
        move = grad / (np.sqrt(square - centre) + group["eps"])
        if group["momentum"]:
            buffer = _kept(state, "momentum_buffer", value, group)
            _put(buffer, group["momentum"] * buffer + move, group)
            move = buffer
        return value - group["lr"] * move


_PLACES = _lazily(more="Adagrad Adadelta Adamax NAdam RAdam Rprop ASGD Muon LBFGS", swa_utils="swa_utils")

__getattr__ = _lacking(__name__, "torch.optim", _PLACES)
