"""`nn.Module`: parameters, buffers and modules inside a module, found by name."""

from collections import OrderedDict, namedtuple
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .._core import Handle, Tensor
from .._create import empty_like
from .._dtypes import check_device, dtype
from .._engine import no_grad
from ._gates import Gates
from .parameter import Buffer, Parameter

Keys = namedtuple("_IncompatibleKeys", ["missing_keys", "unexpected_keys"])


class _IncompatibleKeys(Keys):
    """What `load_state_dict` could not place."""

    def __repr__(self) -> str:
        return super().__repr__() if self.missing_keys or self.unexpected_keys else "<All keys matched successfully>"


class Module:
    """Something with parameters and a `forward`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        fields = {"training": True, "_parameters": {}, "_buffers": {}, "_transient": set(), "_modules": {}}
        hooks: dict[str, Any] = {
            f"_{name}_hooks": {} for name in ("forward", "forward_pre", "backward", "state", "load")
        }
        self.__dict__.update(fields, **hooks)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What calling the module does."""
        raise NotImplementedError(f'Module [{type(self).__name__}] is missing the required "forward" function')

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        fields = self.__dict__
        if not (fields["_forward_hooks"] or fields["_forward_pre_hooks"] or fields["_backward_hooks"]):
            return self.forward(*args, **kwargs)
        for hook, named in list(self._forward_pre_hooks.values()):
            changed = hook(self, args, kwargs) if named else hook(self, args)
            if changed is not None and named:
                args, kwargs = changed
            elif changed is not None:
                args = changed if isinstance(changed, tuple) else (changed,)
        gates = Gates(self) if self._backward_hooks else None
        if gates is not None:
            args = gates.inputs(args)
        result = self.forward(*args, **kwargs)
        for hook, named in list(self._forward_hooks.values()):
            changed = hook(self, args, kwargs, result) if named else hook(self, args, result)
            result = result if changed is None else changed
        return result if gates is None else gates.outputs(result)

    def register_forward_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False, always_call: bool = False
    ) -> Handle:
        """Call `hook(module, args, result)` after each forward."""
        return Handle(self._forward_hooks, (hook, with_kwargs), prepend)

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> Handle:
        """Call `hook(module, args)` before each forward."""
        return Handle(self._forward_pre_hooks, (hook, with_kwargs), prepend)

    def register_full_backward_hook(self, hook: Callable[..., Any], prepend: bool = False) -> Handle:
        """Call `hook(module, grad_input, grad_output)` in backward; what it gives takes the place of `grad_input`."""
        return Handle(self._backward_hooks, ("after", hook), prepend)

    register_backward_hook = register_full_backward_hook

    def register_full_backward_pre_hook(self, hook: Callable[..., Any], prepend: bool = False) -> Handle:
        """Call `hook(module, grad_output)` in backward; what it gives takes its place."""
        return Handle(self._backward_hooks, ("before", hook), prepend)

    def register_state_dict_pre_hook(self, hook: Callable[..., Any]) -> Handle:
        """Call `hook(module, prefix, keep_vars)` before the state is made."""
        return Handle(self._state_hooks, ("before", hook))

    def register_state_dict_post_hook(self, hook: Callable[..., Any]) -> Handle:
        """Call `hook(module, state_dict, prefix, local_metadata)` when the state is made."""
        return Handle(self._state_hooks, ("after", hook))

    _register_state_dict_hook = register_state_dict_post_hook

    def register_load_state_dict_pre_hook(self, hook: Callable[..., Any]) -> Handle:
        """Call `hook(module, state_dict, prefix, local_metadata, strict, missing, unexpected, errors)` before
        loading."""
        return Handle(self._load_hooks, ("before", hook))

    def _register_load_state_dict_pre_hook(self, hook: Callable[..., Any], with_module: bool = False) -> Handle:
        return Handle(self._load_hooks, ("before", hook if with_module else lambda module, *rest: hook(*rest)))

    def register_load_state_dict_post_hook(self, hook: Callable[..., Any]) -> Handle:
        """Call `hook(module, incompatible_keys)` after loading."""
        return Handle(self._load_hooks, ("after", hook))

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
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(
                f"cannot assign '{_typename(tensor)}' object to buffer '{name}' (torch Tensor or None required)"
            )
        self._buffers[name] = tensor
        (self._transient.discard if persistent else self._transient.add)(name)

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Keep a parameter, or note that there is none."""
        if param is not None and not isinstance(param, Parameter):
            raise TypeError(
                f"cannot assign '{_typename(param)}' object to parameter '{name}' (torch.nn.Parameter or None required)"
            )
        self._take(name, self._parameters)
        self._parameters[name] = param

    def add_module(self, name: str, module: "Module | None") -> None:
        """Keep a module."""
        self._modules[name] = checked(module)

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

    def state_dict(self, *args: Any, destination: Any = None, prefix: str = "", keep_vars: bool = False) -> Any:
        """Parameters and persistent buffers by name; they share memory with the module."""
        destination, prefix, keep_vars = (*args, *(destination, prefix, keep_vars)[len(args) :])
        found = OrderedDict() if destination is None else destination
        for when, hook in self._state_hooks.values():
            if when == "before":
                hook(self, prefix, keep_vars)
        self._save_to_state_dict(found, prefix, keep_vars)
        for name, module in self._modules.items():
            if module is not None:
                module.state_dict(destination=found, prefix=f"{prefix}{name}.", keep_vars=keep_vars)
        for when, hook in self._state_hooks.values():
            if when == "after":
                hook(self, found, prefix, {"version": self._version})
        return found

    _version = 1

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        """The state of this module alone."""
        for registry, skip in ((self._parameters, ()), (self._buffers, self._transient)):
            for name, member in registry.items():
                if member is not None and name not in skip:
                    destination[prefix + name] = member if keep_vars else member.detach()
        if type(self).get_extra_state is not Module.get_extra_state:
            destination[f"{prefix}_extra_state"] = self.get_extra_state()

    def get_extra_state(self) -> Any:
        """What else belongs to the state; subclasses say."""
        raise RuntimeError("Reached a code path in Module.get_extra_state() that should never be called.")

    def set_extra_state(self, state: Any) -> None:
        """Take over what `get_extra_state` gave."""
        raise RuntimeError("Reached a code path in Module.set_extra_state() that should never be called.")

    def load_state_dict(
        self, state_dict: dict[str, Tensor], strict: bool = True, assign: bool = False
    ) -> _IncompatibleKeys:
        """Copy values into parameters and buffers, or put the given tensors in their place (`assign`).

        Raises:
            TypeError: It is no mapping.
            RuntimeError: If a shape differs, or `strict` and a name is missing or unknown.
        """
        if not isinstance(state_dict, Mapping):
            raise TypeError(f"Expected state_dict to be dict-like, got {type(state_dict)}.")
        state = OrderedDict(state_dict)
        missing: list[str] = []
        unexpected: list[str] = []
        errors: list[str] = []
        self._load(state, "", assign, True, missing, unexpected, errors)  # what does not fit is told in any case
        if strict and unexpected:
            errors.insert(0, "Unexpected key(s) in state_dict: {}. ".format(", ".join(f'"{n}"' for n in unexpected)))
        if strict and missing:
            errors.insert(0, "Missing key(s) in state_dict: {}. ".format(", ".join(f'"{n}"' for n in missing)))
        if errors:
            raise RuntimeError(f"Error(s) in loading state_dict for {type(self).__name__}:\n\t" + "\n\t".join(errors))
        return _IncompatibleKeys(missing, unexpected)

    def _load(self, state: Any, prefix: str, assign: bool, strict: bool, *found: list[str]) -> None:
        """Load this module and all inside."""
        self._load_from_state_dict(state, prefix, {"assign_to_params_buffers": assign}, strict, *found)
        for name, module in self._modules.items():
            if module is not None:
                start = f"{prefix}{name}."
                part = OrderedDict((key, value) for key, value in state.items() if key.startswith(start))
                module._load(part, start, assign, strict, *found)
        keys = _IncompatibleKeys(found[0], found[1])
        for when, hook in self._load_hooks.values():
            if when == "after":
                hook(self, keys)

    def _load_from_state_dict(
        self,
        state_dict: Any,
        prefix: str,
        local_metadata: Any,
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        """Load this module alone; what is missing, unknown or wrong goes into the lists."""
        for when, hook in list(self._load_hooks.values()):
            if when == "before":
                hook(self, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs)
        buffers = {name: one for name, one in self._buffers.items() if name not in self._transient}
        for name, member in (*self._parameters.items(), *buffers.items()):
            key = prefix + name
            if member is None:
                continue
            if key not in state_dict:
                if strict:
                    missing_keys.append(key)
                continue
            self._load_one(name, member, state_dict[key], key, local_metadata, error_msgs)
        extra = f"{prefix}_extra_state"
        if type(self).set_extra_state is not Module.set_extra_state and extra in state_dict:
            self.set_extra_state(state_dict[extra])
        if strict:
            known = {*self._parameters, *buffers, *self._modules, "_extra_state"}
            for key in state_dict:
                name = key[len(prefix) :].split(".", 1)
                if key.startswith(prefix) and (
                    name[0] not in known or (len(name) > 1 and name[0] not in self._modules)
                ):
                    unexpected_keys.append(key)

    def _load_one(self, name: str, member: Any, given: Any, key: str, metadata: Any, errors: list[str]) -> None:
        if not isinstance(given, Tensor):
            errors.append(
                f'While copying the parameter named "{key}", expected torch.Tensor or Tensor-like object from '
                f"checkpoint "
                f"but received {type(given)}"
            )
        elif type(member).__name__ == "UninitializedParameter":
            member.materialize(given.shape)
            member.data = given.detach().clone()
        elif given._data.shape != member._data.shape:
            errors.append(
                f"size mismatch for {key}: copying a param with shape {given.shape} from checkpoint, "
                f"the shape in current model is {member.shape}."
            )
        elif metadata.get("assign_to_params_buffers"):
            kept = isinstance(member, Parameter) and not isinstance(given, Parameter)
            setattr(self, name, Parameter(given, member.requires_grad) if kept else given)
        else:
            with no_grad():
                member.copy_(given)

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
            if isinstance(arg, bool):  # non_blocking
                continue
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

    def type(self, dst_type: Any) -> "Module":
        """In another type."""
        for module in self.modules():
            for member in (*module._parameters.values(), *module._buffers.values()):
                if member is not None:
                    member.data = member.detach().type(dst_type)
        return self

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> "Module":
        """A function of every parameter and buffer, in place of them."""
        for module in self.modules() if recurse else [self]:
            for member in (*module._parameters.values(), *module._buffers.values()):
                if member is not None:
                    with no_grad():
                        member.data = fn(member.detach())
                    if member.grad is not None:
                        member.grad.data = fn(member.grad)
        return self

    def share_memory(self) -> "Module":
        """Itself: there are no other processes."""
        return self

    def to_empty(self, *, device: Any, recurse: bool = True) -> "Module":
        """Memory for values, in place of a module on `meta`."""
        return self._apply(empty_like, recurse)

    def compile(self, *args: Any, **kwargs: Any) -> None:
        """Nothing is compiled: the module runs as it is."""

    def xpu(self, device: Any = None) -> "Module":
        """There is no GPU."""
        raise AssertionError("Torch not compiled with XPU enabled")

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


def checked(module: Any) -> Any:
    """What is put where modules belong.

    Raises:
        TypeError: It is none.
    """
    if module is not None and not isinstance(module, Module):
        raise TypeError(f"{_typename(module)} is not a Module subclass")
    return module


def _typename(value: Any) -> str:
    if isinstance(value, Tensor):
        return f"torch.{type(value).__name__}"
    kind = value if hasattr(value, "__qualname__") else type(value)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
