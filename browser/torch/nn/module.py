"""`nn.Module`: parameters, buffers and modules inside a module, found by name."""

import itertools
from collections import OrderedDict, namedtuple
from collections.abc import Callable, Iterator
from typing import Any

from .._core import Tensor
from .._dtypes import check_device, dtype
from .._engine import no_grad
from .parameter import Buffer, Parameter

Keys = namedtuple("_IncompatibleKeys", ["missing_keys", "unexpected_keys"])
_ids = itertools.count()


class Handle:
    """Takes a hook away again."""

    def __init__(self, hooks: dict[int, Any]) -> None:
        self.hooks, self.key = hooks, next(_ids)

    def remove(self) -> None:
        """Take it away."""
        self.hooks.pop(self.key, None)


class IncompatibleKeys(Keys):
    """What `load_state_dict` could not place."""

    def __repr__(self) -> str:
        return super().__repr__() if self.missing_keys or self.unexpected_keys else "<All keys matched successfully>"


class Module:
    """Something with parameters and a `forward`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        fields = {"training": True, "_parameters": {}, "_buffers": {}, "_transient": set(), "_modules": {}}
        self.__dict__.update(fields, _forward_hooks={}, _forward_pre_hooks={})

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What calling the module does."""
        raise NotImplementedError(f'Module [{type(self).__name__}] is missing the required "forward" function')

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        for hook in list(self._forward_pre_hooks.values()):
            changed = hook(self, args)
            if changed is not None:
                args = changed if isinstance(changed, tuple) else (changed,)
        result = self.forward(*args, **kwargs)
        for hook in list(self._forward_hooks.values()):
            changed = hook(self, args, result)
            result = result if changed is None else changed
        return result

    def register_forward_hook(self, hook: Callable[..., Any]) -> Handle:
        """Call `hook(module, args, result)` after each forward."""
        handle = Handle(self._forward_hooks)
        self._forward_hooks[handle.key] = hook
        return handle

    def register_forward_pre_hook(self, hook: Callable[..., Any]) -> Handle:
        """Call `hook(module, args)` before each forward."""
        handle = Handle(self._forward_pre_hooks)
        self._forward_pre_hooks[handle.key] = hook
        return handle

    def __setattr__(self, name: str, value: Any) -> None:
        registries = self.__dict__.get("_parameters"), self.__dict__.get("_buffers"), self.__dict__.get("_modules")
        if registries[0] is None:
            if isinstance(value, Parameter | Module):
                kind = "parameters" if isinstance(value, Parameter) else "module"
                raise AttributeError(f"cannot assign {kind} before Module.__init__() call")
            object.__setattr__(self, name, value)
            return
        parameters, buffers, modules = registries
        if isinstance(value, Parameter):
            self._take(name, parameters)
            parameters[name] = value
        elif isinstance(value, Module):
            self._take(name, modules)
            modules[name] = value
        elif isinstance(value, Buffer):
            self._take(name, buffers)
            self.register_buffer(name, value, value.persistent)
        elif name in parameters:
            if value is not None:
                raise TypeError(
                    f"cannot assign '{_typename(value)}' as parameter '{name}' (torch.nn.Parameter or None expected)"
                )
            parameters[name] = None
        elif name in modules:
            if value is not None:
                raise TypeError(
                    f"cannot assign '{_typename(value)}' as child module '{name}' (torch.nn.Module or None expected)"
                )
            modules[name] = None
        elif name in buffers:
            buffers[name] = value
        else:
            object.__setattr__(self, name, value)

    def _take(self, name: str, target: dict[str, Any]) -> None:
        """Make a name free for another kind of member."""
        self.__dict__.pop(name, None)
        for registry in (self._parameters, self._buffers, self._modules):
            if registry is not target:
                registry.pop(name, None)

    def __getattr__(self, name: str) -> Any:
        for registry in ("_parameters", "_buffers", "_modules"):
            members = self.__dict__.get(registry)
            if members is not None and name in members:
                return members[name]
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    def __delattr__(self, name: str) -> None:
        for registry in (self._parameters, self._buffers, self._modules):
            if name in registry:
                del registry[name]
                return
        object.__delattr__(self, name)

    def __dir__(self) -> list[str]:
        return sorted({*object.__dir__(self), *self._parameters, *self._buffers, *self._modules})

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Keep a tensor that is not trained; `persistent` ones are in the state."""
        if name in self.__dict__ or name in self._parameters or name in self._modules:
            raise KeyError(f"attribute '{name}' already exists")
        self._buffers[name] = tensor
        (self._transient.discard if persistent else self._transient.add)(name)

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Keep a parameter, or note that there is none."""
        self._parameters[name] = param

    def add_module(self, name: str, module: "Module | None") -> None:
        """Keep a module."""
        self._modules[name] = module

    register_module = add_module

    # What is inside.

    def named_modules(
        self, memo: set[Any] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, "Module"]]:
        """This module and all inside, with their names."""
        memo = set() if memo is None else memo
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self
        for name, module in self._modules.items():
            if module is not None:
                yield from module.named_modules(memo, f"{prefix}.{name}" if prefix else name, remove_duplicate)

    def modules(self) -> Iterator["Module"]:
        """This module and all inside."""
        return (module for _, module in self.named_modules())

    def named_children(self) -> Iterator[tuple[str, "Module"]]:
        """The modules directly inside, with their names."""
        seen = set()
        for name, module in self._modules.items():
            if module is not None and module not in seen:
                seen.add(module)
                yield name, module

    def children(self) -> Iterator["Module"]:
        """The modules directly inside."""
        return (module for _, module in self.named_children())

    def _members(self, registry: str, prefix: str, recurse: bool, once: bool = True) -> Iterator[tuple[str, Any]]:
        seen: set[int] = set()
        for path, module in self.named_modules(prefix=prefix, remove_duplicate=once) if recurse else [(prefix, self)]:
            for name, member in getattr(module, registry).items():
                if member is not None and not (once and id(member) in seen):
                    seen.add(id(member))
                    yield f"{path}.{name}" if path else name, member

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """All parameters with their names."""
        return self._members("_parameters", prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """All parameters."""
        return (member for _, member in self.named_parameters(recurse=recurse))

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """All buffers with their names."""
        return self._members("_buffers", prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """All buffers."""
        return (member for _, member in self.named_buffers(recurse=recurse))

    def get_submodule(self, target: str) -> "Module":
        """A module by its dotted name."""
        module: Module = self
        for name in target.split(".") if target else []:
            if name not in module._modules:
                raise AttributeError(f"{type(module).__name__} has no attribute `{name}`")
            module = module._modules[name]
        return module

    def get_parameter(self, target: str) -> Parameter:
        """A parameter by its dotted name."""
        path, _, name = target.rpartition(".")
        return self.get_submodule(path)._parameters[name]

    def get_buffer(self, target: str) -> Tensor:
        """A buffer by its dotted name."""
        path, _, name = target.rpartition(".")
        return self.get_submodule(path)._buffers[name]

    def set_submodule(self, target: str, module: "Module") -> None:
        """Put a module at a dotted name."""
        path, _, name = target.rpartition(".")
        self.get_submodule(path)._modules[name] = module

    # State.

    def state_dict(self, *, prefix: str = "", keep_vars: bool = False) -> "OrderedDict[str, Tensor]":
        """Parameters and persistent buffers by name; they share memory with the module."""
        found: OrderedDict[str, Tensor] = OrderedDict()
        for registry, skip in ((self._parameters, ()), (self._buffers, self._transient)):
            for name, member in registry.items():
                if member is not None and name not in skip:
                    found[prefix + name] = member if keep_vars else member.detach()
        for name, module in self._modules.items():
            if module is not None:
                found.update(module.state_dict(prefix=f"{prefix}{name}.", keep_vars=keep_vars))
        return found

    def load_state_dict(
        self, state_dict: dict[str, Tensor], strict: bool = True, assign: bool = False
    ) -> IncompatibleKeys:
        """Copy values into parameters and buffers.

        Raises:
            RuntimeError: If a shape differs, or `strict` and a name is missing or unknown.
        """
        own = self.state_dict(keep_vars=True)
        missing = [name for name in own if name not in state_dict]
        unexpected = [name for name in state_dict if name not in own]
        errors = []
        if strict and unexpected:
            errors.append("Unexpected key(s) in state_dict: {}. ".format(", ".join(f'"{name}"' for name in unexpected)))
        if strict and missing:
            errors.append("Missing key(s) in state_dict: {}. ".format(", ".join(f'"{name}"' for name in missing)))
        for name, member in own.items():
            if name in state_dict and state_dict[name].shape != member.shape:
                errors.append(
                    f"size mismatch for {name}: copying a param with shape {state_dict[name].shape} from checkpoint, "
                    f"the shape in current model is {member.shape}."
                )
        if errors:
            raise RuntimeError(f"Error(s) in loading state_dict for {type(self).__name__}:\n\t" + "\n\t".join(errors))
        with no_grad():
            for name, member in own.items():
                if name in state_dict:
                    member.copy_(state_dict[name])
        return IncompatibleKeys(missing, unexpected)

    # Changes of everything inside.

    def apply(self, fn: Callable[["Module"], Any]) -> "Module":
        """Call a function with every module, this one last."""
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    def train(self, mode: bool = True) -> "Module":
        """Into training, where dropout drops."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> "Module":
        """Out of training."""
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True) -> "Module":
        """Train all parameters, or none."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients."""
        for parameter in self.parameters():
            if parameter.grad is not None:
                parameter.grad = None if set_to_none else parameter.grad.mul(0)

    def to(self, *args: Any, **kwargs: Any) -> "Module":
        """Parameters and floating-point buffers in another type."""
        kind, places = kwargs.get("dtype"), [kwargs.get("device")]
        for arg in args:
            if isinstance(arg, dtype):
                kind = arg
            elif isinstance(arg, Tensor):
                kind = arg.dtype
            else:
                places.append(arg)
        for place in places:
            if place is not None:
                check_device(place)
        if kind is not None:
            self._convert(kind)
        return self

    def _convert(self, kind: dtype) -> "Module":
        for module in self.modules():
            for member in (*module._parameters.values(), *module._buffers.values()):
                if member is not None and member.dtype.is_floating_point:
                    member.data = member.detach().to(kind)
                    if member.grad is not None:
                        member.grad = member.grad.to(kind)
        return self

    def float(self) -> "Module":
        """In float32."""
        from .._dtypes import float32

        return self._convert(float32)

    def double(self) -> "Module":
        """In float64."""
        from .._dtypes import float64

        return self._convert(float64)

    def half(self) -> "Module":
        """In float16."""
        from .._dtypes import float16

        return self._convert(float16)

    def bfloat16(self) -> "Module":
        """In bfloat16."""
        from .._dtypes import bfloat16

        return self._convert(bfloat16)

    def cpu(self) -> "Module":
        """Itself: there is nothing but the CPU."""
        return self

    def cuda(self, device: Any = None) -> "Module":
        """There is no GPU."""
        raise AssertionError("Torch not compiled with CUDA enabled")

    # Text.

    def extra_repr(self) -> str:
        """What stands between the brackets."""
        return ""

    def _get_name(self) -> str:
        return type(self).__name__

    def __repr__(self) -> str:
        extra = self.extra_repr()
        lines = extra.split("\n") if extra else []
        inside = [f"({name}): " + _indented(repr(module)) for name, module in self._modules.items()]
        if not inside and len(lines) <= 1:
            return f"{self._get_name()}({extra})"
        return f"{self._get_name()}(\n  " + "\n  ".join(lines + inside) + "\n)"


def _indented(text: str) -> str:
    return text.replace("\n", "\n  ")


def _typename(value: Any) -> str:
    kind = type(value)
    return f"torch.{kind.__name__}" if isinstance(value, Tensor) else kind.__name__
