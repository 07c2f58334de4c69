"""What is not here: errors that say so, and that a test for a feature understands.

`hasattr(torch, "compile")` has to be False and `except ImportError` to catch, as with a torch that lacks the name;
readers who need it are told where the list of names is. All of them are a `NotImplementedError` too.
"""

import sys
from collections.abc import Callable
from typing import Any


class AbsentName(NotImplementedError, AttributeError):
    """A name of a module or a tensor."""


class AbsentModule(NotImplementedError, ImportError):
    """A module, or a name that `from ... import` asks for."""


def absent(name: str, listed: str | None = None) -> str:
    """What to say of a name such as `torch.nn.LSTM`; `listed` is where to look for others, by default its module."""
    return f"{name} is not in the browser's torch; print(dir({listed or name.rpartition('.')[0]})) lists what there is"


def lacking(module: str, public: str) -> Callable[[str], Any]:
    """The `__getattr__` of a module.

    Args:
        module: Its `__name__`.
        public: Its name in torch.
    """
    # With a path, even an empty one, `from` asks the finders for a name that the module lacks: see torch/__init__.py.
    vars(sys.modules[module]).setdefault("__path__", [])

    def missing(name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(f"module '{public}' has no attribute '{name}'")
        raise AbsentName(absent(f"{public}.{name}"))

    return missing
