"""`torch.optim`: SGD, Adam, AdamW, and rates that change."""

import math
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np

from .._absent import lacking as _lacking
from .._core import Tensor, wrap
from .._dtypes import fit, float32
from .._engine import enable_grad, no_grad
from . import lr_scheduler  # noqa: F401 - public


class Optimizer:
    """Groups of parameters, each with its settings; subclasses say what a step does to one parameter."""

    def __init__(self, params: Any, defaults: dict[str, Any]) -> None:
        if isinstance(params, Tensor):
            raise TypeError(
                "params argument given to the optimizer should be an iterable of Tensors or dicts, but got "
                "torch.FloatTensor"
            )
        groups = list(params)
        if not groups:
            raise ValueError("optimizer got an empty parameter list")
        self.defaults = defaults
        self.state: dict[Tensor, dict[str, Any]] = defaultdict(dict)
        self.param_groups: list[dict[str, Any]] = []
        for group in groups if isinstance(groups[0], dict) else [{"params": groups}]:
            self.add_param_group(group)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Parameters with settings of their own."""
        params = param_group["params"]
        params = [params] if isinstance(params, Tensor) else list(params)
        params = [one[1] if isinstance(one, tuple) else one for one in params]
        for one in params:
            if not isinstance(one, Tensor):
                raise TypeError(f"optimizer can only optimize Tensors, but one of the params is {type(one).__name__}")
            if not one.is_leaf:
                raise ValueError("can't optimize a non-leaf Tensor")
        known = {id(one) for group in self.param_groups for one in group["params"]}
        if any(id(one) in known for one in params):
            raise ValueError("some parameters appear in more than one parameter group")
        self.param_groups.append({**self.defaults, **param_group, "params": params})

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients."""
        for group in self.param_groups:
            for one in group["params"]:
                if one.grad is not None:
                    one.grad = None if set_to_none else one.grad.mul(0)

    @no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Move every parameter that has a gradient."""
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        for group in self.param_groups:
            for one in group["params"]:
                if one.grad is not None:
                    grad = -one.grad._data if group.get("maximize") else one.grad._data
                    moved = self._moved(one._data, grad, self.state[one], group | {"kind": one.dtype})
                    one._data[...] = fit(moved, one.dtype)
                    one._count += 1
        return loss

    def _moved(self, value: np.ndarray, grad: np.ndarray, state: dict[str, Any], group: dict[str, Any]) -> np.ndarray:
        """The next value of a parameter."""
        raise NotImplementedError

    def state_dict(self) -> dict[str, Any]:
        """State and settings, parameters by number."""
        numbers = {id(one): n for n, one in enumerate(one for group in self.param_groups for one in group["params"])}
        groups = [{**group, "params": [numbers[id(one)] for one in group["params"]]} for group in self.param_groups]
        return {"state": {numbers[id(one)]: state for one, state in self.state.items()}, "param_groups": groups}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over state and settings."""
        params = [one for group in self.param_groups for one in group["params"]]
        self.state = defaultdict(dict)
        for number, state in state_dict["state"].items():
            self.state[params[number]] = {
                name: value.clone() if isinstance(value, Tensor) else value for name, value in state.items()
            }
        for group, saved in zip(self.param_groups, state_dict["param_groups"], strict=True):
            group.update({name: value for name, value in saved.items() if name != "params"})

    def __repr__(self) -> str:
        lines = [f"{type(self).__name__} ("]
        for number, group in enumerate(self.param_groups):
            lines.append(f"Parameter Group {number}")
            lines += [f"    {name}: {group[name]}" for name in sorted(group) if name != "params"]
        return "\n".join([*lines, ")"])


def _positive(**settings: float) -> None:
    for name, value in settings.items():
        if value < 0:
            label = {"lr": "learning rate", "eps": "epsilon value", "momentum": "momentum value"}.get(
                name, f"{name} value"
            )
            raise ValueError(f"Invalid {label}: {value}")


def _kept(state: dict[str, Any], name: str, like: np.ndarray, group: dict[str, Any]) -> np.ndarray:
    """An average that the state keeps in the parameter's type, zero at first."""
    if name not in state:
        state[name] = wrap(np.zeros_like(like), group["kind"])
    return state[name]._data


def _put(kept: np.ndarray, value: np.ndarray, group: dict[str, Any]) -> None:
    """Store an average in the parameter's type."""
    kept[...] = fit(value, group["kind"])


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
    ) -> None:
        _positive(lr=lr, eps=eps, momentum=momentum, weight_decay=weight_decay, alpha=alpha)
        super().__init__(
            params, {"lr": lr, "alpha": alpha, "eps": eps, "weight_decay": weight_decay, "momentum": momentum}
        )

    def _moved(self, value: np.ndarray, grad: np.ndarray, state: dict[str, Any], group: dict[str, Any]) -> np.ndarray:
        if group["weight_decay"]:
            grad = grad + group["weight_decay"] * value
        square = _kept(state, "square_avg", value, group)
        _put(square, group["alpha"] * square + (1 - group["alpha"]) * grad * grad, group)
        move = grad / (np.sqrt(square) + group["eps"])
        if group["momentum"]:
            buffer = _kept(state, "momentum_buffer", value, group)
            _put(buffer, group["momentum"] * buffer + move, group)
            move = buffer
        return value - group["lr"] * move


__getattr__ = _lacking(__name__, "torch.optim")
