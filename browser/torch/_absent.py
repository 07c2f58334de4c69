"""What is not here: errors that say so, and that a test for a feature understands.

`hasattr(torch, "sparse_coo")` has to be False and `except ImportError` to catch, as with a torch that lacks the name;
readers who need it are told where the list of names is. A name that real torch has is a `NotImplementedError` too; one
that it has not either is the reader's slip, and the nearest name is offered.
"""

import importlib
import sys
from collections.abc import Callable, Iterable
from typing import Any


class AbsentName(NotImplementedError, AttributeError):
    """A name of a module or a tensor that real torch has."""


class AbsentModule(NotImplementedError, ImportError):
    """A module, or a name that `from ... import` asks for."""


def absent(name: str, listed: str | None = None) -> str:
    """What to say of a name such as `torch.nn.LSTM`; `listed` is where to look for others, by default its module."""
    return f"{name} is not in the browser's torch; print(dir({listed or name.rpartition('.')[0]})) lists what there is"


def known(public: str) -> list[str]:
    """The names of a module of torch's (or of `torch.Tensor`) that are not here."""
    from ._elsewhere import NAMES  # read only now: an error is rare

    return NAMES.get(public, "").split()


def no_name(what: str, public: str, name: str, there: Iterable[str]) -> AttributeError:
    """The error for a name that is not there.

    Args:
        what: How Python calls the owner: `module 'torch'`.
        public: The owner's name in torch: `torch`, `torch.Tensor`.
        name: What was asked for.
        there: The names that the owner has.
    """
    if name in known(public):
        return AbsentName(absent(f"{public.replace('torch.Tensor', 'Tensor')}.{name}", public))
    text = f"{what} has no attribute '{name}'"
    if not name.startswith("_"):
        from difflib import get_close_matches

        near = get_close_matches(name, sorted(one for one in there if not one.startswith("_")), 1, 0.75)
        if near:  # said here; without a name of its own Python does not say it again
            return AttributeError(f"{text}. Did you mean: '{near[0]}'?", name=None, obj=None)
    return AttributeError(text)


def lacking(
    module: str, public: str, lazy: dict[str, str] | None = None, made: Callable[[Any], Any] = lambda value: value
) -> Callable[[str], Any]:
    """The `__getattr__` of a module.

    Args:
        module: Its `__name__`.
        public: Its name in torch.
        lazy: Names that lie in modules which are imported when first asked for, by name. The module's own name stands
            for itself.
        made: What becomes of a function that was found in such a module.
    """
    # With a path, even an empty one, `from` asks the finders for a name that the module lacks: see torch/__init__.py.
    space = vars(sys.modules[module])
    space.setdefault("__path__", [])
    places = lazy or {}

    def missing(name: str) -> Any:
        if name in places:
            found = importlib.import_module(places[name], space["__package__"])
            space[name] = value = found if places[name].rpartition(".")[2] == name else made(getattr(found, name))
            return value
        if sys.modules[f"{__package__}._alias"].place(f"{public}.{name}".removeprefix("torch.")):
            return importlib.import_module(f"{module}.{name}")
        if name.startswith("__"):
            raise AttributeError(f"module '{public}' has no attribute '{name}'")
        raise no_name(f"module '{public}'", public, name, {*space, *places})

    if places:
        space["__dir__"] = lambda: sorted({*(one for one in space if one[:1] != "_"), *places})
    return missing


def lazily(**modules: str) -> dict[str, str]:
    """Names by their module: `lazily(rnn="RNN LSTM")` gives `{"RNN": ".rnn", "LSTM": ".rnn"}`."""
    return {name: f".{module}" for module, names in modules.items() for name in names.split()}
