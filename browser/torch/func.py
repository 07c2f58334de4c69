"""`torch.func`: a module as a function of its parameters."""

from typing import Any

from ._absent import lacking as _lacking
from ._core import Tensor


def functional_call(
    module: Any, parameters_and_buffers: Any, args: Any = None, kwargs: dict[str, Any] | None = None
) -> Any:
    """Call a module with other tensors in the place of its own."""
    given: dict[str, Tensor] = {}
    for one in (
        parameters_and_buffers if isinstance(parameters_and_buffers, tuple | list) else (parameters_and_buffers,)
    ):
        given.update(one)
    places = []
    for path, tensor in given.items():
        owner, _, name = path.rpartition(".")
        holder = module.get_submodule(owner)
        registry = next((one for one in (holder._parameters, holder._buffers) if name in one), None)
        if registry is None:
            raise RuntimeError(f"Unexpected key(s): {path}.")
        places.append((registry, name, registry[name], tensor))
    try:
        for registry, name, _, tensor in places:
            registry[name] = tensor
        return module(*(args if isinstance(args, tuple) else () if args is None else (args,)), **(kwargs or {}))
    finally:
        for registry, name, before, _ in places:
            registry[name] = before


__getattr__ = _lacking(__name__, "torch.func")
