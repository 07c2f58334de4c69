"""What all optimizers have in common: groups of parameters, their state, and a step for each parameter."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from .._core import Handle, Tensor, wrap
from .._dtypes import fit
from .._engine import enable_grad, no_grad


class _Required:
    """The default of a setting that has to be given."""

    def __repr__(self) -> str:
        return "<required parameter>"


required = _Required()
ParamsT = Iterable[Any]


class Optimizer:
    """Groups of parameters, each with its settings; subclasses say what a step does to one parameter."""

    def __init__(self, params: Any, defaults: dict[str, Any]) -> None:
        if isinstance(params, Tensor):
            raise TypeError(
                "params argument given to the optimizer should be an iterable of Tensors or dicts, but got "
                f"{params.type()}"
            )
        groups = list(params)
        if not groups:
            raise ValueError("optimizer got an empty parameter list")
        self.defaults = defaults
        self._before: dict[int, Any] = {}
        self._after: dict[int, Any] = {}
        names = ("saving", "saved", "loading", "loaded")
        self._states: dict[str, dict[int, Any]] = {name: {} for name in names}  # hooks of the state
        self.state: dict[Tensor, dict[str, Any]] = defaultdict(dict)
        self.param_groups: list[dict[str, Any]] = []
        for group in groups if isinstance(groups[0], dict) else [{"params": groups}]:
            self.add_param_group(group)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Parameters with settings of their own."""
        params = param_group["params"]
        params = [params] if isinstance(params, Tensor) else list(params)
        if params and isinstance(params[0], tuple):
            param_group = {**param_group, "param_names": [name for name, _ in params]}
            params = [one for _, one in params]
        for one in params:
            if not isinstance(one, Tensor):
                raise TypeError(f"optimizer can only optimize Tensors, but one of the params is {type(one).__name__}")
            if not one.is_leaf:
                raise ValueError("can't optimize a non-leaf Tensor")
        known = {id(one) for group in self.param_groups for one in group["params"]}
        if any(id(one) in known for one in params):
            raise ValueError("some parameters appear in more than one parameter group")
        group = {**self.defaults, **param_group, "params": params}
        for name, value in group.items():
            if value is required:
                raise ValueError(f"parameter group didn't specify a value of required optimization parameter {name}")
        self.param_groups.append(group)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients."""
        for group in self.param_groups:
            for one in group["params"]:
                if one.grad is not None:
                    one.grad = None if set_to_none else one.grad.mul(0)

    @no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Move every parameter that has a gradient."""
        for hook in self._before.values():
            hook(self, (closure,), {})
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        for group in self.param_groups:
            for one in group["params"]:
                if one.grad is not None:
                    grad = -one.grad._data if group.get("maximize") else one.grad._data
                    settings = group if group.get("kind") is one.dtype else {**group, "kind": one.dtype}
                    moved = self._moved(one._data, grad, self.state[one], settings)
                    one._data[...] = fit(moved, one.dtype)
                    one._count += 1
        for hook in self._after.values():
            hook(self, (closure,), {})
        return loss

    def register_step_pre_hook(self, hook: Callable[..., Any]) -> Handle:
        """Call `hook(optimizer, args, kwargs)` before each step."""
        return Handle(self._before, hook)

    def register_step_post_hook(self, hook: Callable[..., Any]) -> Handle:
        """Call `hook(optimizer, args, kwargs)` after each step."""
        return Handle(self._after, hook)

    def register_state_dict_pre_hook(self, hook: Callable[..., Any], prepend: bool = False) -> Handle:
        """Call `hook(optimizer)` before the state is made."""
        return Handle(self._states["saving"], hook, prepend)

    def register_state_dict_post_hook(self, hook: Callable[..., Any], prepend: bool = False) -> Handle:
        """Call `hook(optimizer, state_dict)`; what it gives takes the state's place."""
        return Handle(self._states["saved"], hook, prepend)

    def register_load_state_dict_pre_hook(self, hook: Callable[..., Any], prepend: bool = False) -> Handle:
        """Call `hook(optimizer, state_dict)` before it is loaded; what it gives takes its place."""
        return Handle(self._states["loading"], hook, prepend)

    def register_load_state_dict_post_hook(self, hook: Callable[..., Any], prepend: bool = False) -> Handle:
        """Call `hook(optimizer)` when a state has been loaded."""
        return Handle(self._states["loaded"], hook, prepend)

    def _told(self, when: str, *state: Any) -> Any:
        """The state, after all hooks."""
        for hook in self._states[when].values():
            changed = hook(self, *state)
            state = state if changed is None or not state else (changed,)
        return state[0] if state else None

    @staticmethod
    def profile_hook_step(func: Callable[..., Any]) -> Callable[..., Any]:
        """The same function: nothing is profiled."""
        return func

    def _moved(self, value: np.ndarray, grad: np.ndarray, state: dict[str, Any], group: dict[str, Any]) -> np.ndarray:
        """The next value of a parameter."""
        raise NotImplementedError

    def state_dict(self) -> dict[str, Any]:
        """State and settings, parameters by number."""
        self._told("saving")
        numbers = {id(one): n for n, one in enumerate(one for group in self.param_groups for one in group["params"])}
        groups = [{**group, "params": [numbers[id(one)] for one in group["params"]]} for group in self.param_groups]
        state = {numbers[id(one)] if isinstance(one, Tensor) else one: kept for one, kept in self.state.items()}
        return self._told("saved", {"state": state, "param_groups": groups})

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over state and settings."""
        state_dict = self._told("loading", dict(state_dict))
        params = [one for group in self.param_groups for one in group["params"]]
        self.state = defaultdict(dict)
        groups = state_dict["param_groups"]
        if len(groups) != len(self.param_groups):
            raise ValueError("loaded state dict has a different number of parameter groups")
        if any(len(own["params"]) != len(one["params"]) for own, one in zip(self.param_groups, groups, strict=True)):
            raise ValueError(
                "loaded state dict contains a parameter group that doesn't match the size of optimizer's group"
            )
        for number, state in state_dict["state"].items():
            self.state[params[number] if isinstance(number, int) else number] = {
                name: value.clone() if isinstance(value, Tensor) else value for name, value in state.items()
            }
        for group, saved in zip(self.param_groups, groups, strict=True):
            group.update({name: value for name, value in saved.items() if name != "params"})
        self._told("loaded")

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
