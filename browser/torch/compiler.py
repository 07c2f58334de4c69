"""`torch.compile` and `torch.compiler`: code runs as it is."""

from typing import Any

from ._absent import lacking as _lacking
from ._notice import once


def compile(model: Any = None, **options: Any) -> Any:
    """The same model or function; also as a decorator, with or without options."""
    once("torch.compile", "nothing is compiled in the browser, the code runs as it is")
    return model if model is not None else lambda function: function


def is_compiling() -> bool:
    """False."""
    return False


is_dynamo_compiling = is_compiling


def disable(fn: Any = None, recursive: bool = True, **kwargs: Any) -> Any:
    """The same function."""
    return fn if fn is not None else lambda function: function


allow_in_graph = _disable_dynamo = disable


def reset() -> None:
    """Nothing to forget."""


def cudagraph_mark_step_begin() -> None:
    """Nothing to mark."""


__getattr__ = _lacking(__name__, "torch.compiler")
