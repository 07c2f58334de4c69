"""`torch.jit`: TorchScript; code runs as the Python that it is."""

from collections.abc import Callable
from typing import Any, Final

from ._absent import lacking as _lacking
from ._notice import once
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


ignore = unused = export = script_method = script_if_tracing = _overload = _overload_method = _same


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
