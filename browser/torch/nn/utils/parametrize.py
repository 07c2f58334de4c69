"""`torch.nn.utils.parametrize`: a parameter computed from others whenever it is read."""

from typing import Any

from ..._absent import lacking as _lacking
from ..._engine import no_grad
from ..containers import ModuleDict, ModuleList
from ..module import Module
from ..parameter import Parameter


class ParametrizationList(ModuleList):
    """What a parameter is computed from, and the modules that do it, one after the other."""

    def __init__(self, modules: list[Module], original: Parameter) -> None:
        super().__init__(modules)
        self.original = original

    def forward(self) -> Any:
        value = self.original
        for module in self:
            value = module(value)
        return value


def register_parametrization(
    module: Module, tensor_name: str, parametrization: Module, *, unsafe: bool = False
) -> Module:
    """Let `module.tensor_name` be what `parametrization` makes of it."""
    if is_parametrized(module, tensor_name):
        module.parametrizations[tensor_name].append(parametrization)
        return module
    original = module._parameters.pop(tensor_name)
    if hasattr(parametrization, "right_inverse"):
        with no_grad():
            original = Parameter(parametrization.right_inverse(original).detach(), original.requires_grad)
    if "parametrizations" not in module._modules:
        module.parametrizations = ModuleDict()
        own = type(module)
        module.__class__ = type(f"Parametrized{own.__name__}", (own,), {"__module__": own.__module__})
    module.parametrizations[tensor_name] = ParametrizationList([parametrization], original)

    def read(self: Module) -> Any:
        return self.parametrizations[tensor_name]()

    def write(self: Module, value: Any) -> None:
        steps = self.parametrizations[tensor_name]
        with no_grad():
            for step in reversed(list(steps)):
                value = step.right_inverse(value)
            steps.original.copy_(value)

    setattr(type(module), tensor_name, property(read, write))
    return module


def is_parametrized(module: Module, tensor_name: str | None = None) -> bool:
    """Whether a parameter (or any) is computed."""
    steps = module._modules.get("parametrizations")
    return steps is not None and (tensor_name is None or tensor_name in steps)


def remove_parametrizations(module: Module, tensor_name: str, leave_parametrized: bool = True) -> Module:
    """Keep the value that is computed now (or what it is computed from) as an ordinary parameter."""
    steps = module.parametrizations[tensor_name]
    with no_grad():
        value = (steps() if leave_parametrized else steps.original).detach().clone()
    del module.parametrizations[tensor_name]
    delattr(type(module), tensor_name)
    if not len(module.parametrizations):
        del module.parametrizations
        module.__class__ = type(module).__mro__[1]
    module.register_parameter(tensor_name, Parameter(value, steps.original.requires_grad))
    return module


def cached() -> Any:
    """A `with` that changes nothing: what is computed is computed each time."""
    from contextlib import nullcontext

    return nullcontext()


__getattr__ = _lacking(__name__, "torch.nn.utils.parametrize")
