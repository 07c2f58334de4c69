"""`torch.jit`: TorchScript; code runs as the Python that it is."""

import builtins
from collections.abc import Callable
from typing import Any, Final

from ._absent import lacking as _lacking
from ._notice import once
from .futures import Future
from .nn.module import Module
from .serialization import load, save


class ScriptModule(Module):
    """What `script` makes of a module in torch, and here never."""


ScriptFunction = type("ScriptFunction", (), {"__doc__": "The same of functions."})


def script(obj: Any, *args: Any, **kwargs: Any) -> Any:
    """The same function or module."""
    once("torch.jit.script", "nothing is compiled in the browser, the code runs as it is")
    return obj


def trace(func: Any, example_inputs: Any = None, *args: Any, **kwargs: Any) -> Any:
    """The same function or module."""
    once("torch.jit.trace", "nothing is traced in the browser, the code runs as it is")
    return func


def _same(fn: Any = None, **kwargs: Any) -> Any:
    """The same function."""
    return fn if fn is not None else lambda function: function


ignore = unused = export = script_method = script_if_tracing = _overload = _overload_method = interface = _same


def freeze(mod: Any, *args: Any, **kwargs: Any) -> Any:
    """The same module."""
    return mod


optimize_for_inference = freeze


def fork(func: Callable[..., Any], *args: Any, **kwargs: Any) -> Future:
    """What a function gives, at once, though it may be waited for."""
    later = Future()
    later.set_result(func(*args, **kwargs))
    return later


def wait(future: Future) -> Any:
    """What `fork` has found."""
    return future.wait()


def isinstance(obj: Any, target_type: Any) -> bool:
    """Python's own."""
    return builtins.isinstance(obj, target_type)


def set_fusion_strategy(strategy: Any) -> list[Any]:
    """Nothing is fused."""
    return []


def is_scripting() -> bool:
    """False."""
    return False


is_tracing = is_scripting


def annotate(the_type: Any, the_value: Any) -> Any:
    """The value."""
    return the_value


def optimized_execution(should_optimize: bool) -> Any:
    """A `with` that changes nothing."""
    from contextlib import nullcontext

    return nullcontext()


__getattr__: Callable[[str], Any] = _lacking(__name__, "torch.jit")
__all__ = ["Final", "ScriptModule", "annotate", "ignore", "is_scripting", "load", "save", "script", "trace"]
