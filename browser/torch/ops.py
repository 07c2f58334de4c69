"""`torch.ops`: functions by the names of torch's own operators, `torch.ops.aten.add.Tensor`."""

import functools
import sys
from typing import Any


class _Operator:
    """One of them, or a group."""

    def __init__(self, name: str) -> None:
        self._name = name

    @functools.cache  # noqa: B019 - one object for a name: they are keys
    def __getattr__(self, name: str) -> "_Operator":
        if name.startswith("__"):
            raise AttributeError(name)
        return _Operator(f"{self._name}.{name}")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        name = self._name.split(".")[1]
        function = getattr(sys.modules[__package__], name, None) or getattr(type(args[0]), name)
        return function(*args, **kwargs)


@functools.cache
def __getattr__(name: str) -> _Operator:
    if name.startswith("__"):
        raise AttributeError(name)
    return _Operator(name)
