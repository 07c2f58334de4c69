"""Modules that hold modules or parameters: lists, dictionaries, and one after the other."""

from collections.abc import Iterable, Iterator, MutableMapping
from typing import Any

from .._core import Tensor
from .module import Module, _indented, checked
from .parameter import Parameter


class _Numbered:
    """What lists of members have in common."""

    _modules: dict[str, Any]

    def _all(self) -> Any:
        return self._modules

    def _fits(self, member: Any) -> Any:
        return checked(member)

    def _key(self, index: int) -> str:
        count = len(self)
        if not -count <= index < count:
            raise IndexError(f"index {index} is out of range")
        return str(index % count)

    def __len__(self) -> int:
        return len(self._all())

    def __iter__(self) -> Iterator[Any]:
        return iter(self._all().values())

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return self._part(list(self._all().values())[index])
        return self._all()[self._key(int(index))]

    def _part(self, members: list[Any]) -> Any:
        return type(self)(members)

    def __setitem__(self, index: int, member: Any) -> None:
        self._all()[self._key(index)] = self._fits(member)

    def __delitem__(self, index: Any) -> None:
        members = list(self._all().values())
        del members[index]
        self._renumber(members)

    def _renumber(self, members: Iterable[Any]) -> None:
        self._all().clear()
        self.extend(members)

    def append(self, member: Any) -> Any:
        """Put one at the end."""
        self._all()[str(len(self))] = self._fits(member)
        return self

    def extend(self, members: Iterable[Any]) -> Any:
        """Put several at the end."""
        for member in members:
            self.append(member)
        return self

    def __iadd__(self, members: Iterable[Any]) -> Any:
        return self.extend(members)


class _Modules(_Numbered):
    """Lists of modules."""

    def insert(self, index: int, module: Module) -> Any:
        """Put one at a place."""
        members = list(self._all().values())
        members.insert(index, checked(module))
        self._renumber(members)
        return self

    def pop(self, key: int) -> Any:
        """Take one out."""
        member = self[key]
        del self[key]
        return member


class Sequential(_Modules, Module):
    """One module after the other."""

    def __init__(self, *args: Any) -> None:
        Module.__init__(self)
        if len(args) == 1 and isinstance(args[0], dict):
            for name, module in args[0].items():
                self.add_module(name, module)
        else:
            self._renumber(args)

    def _key(self, index: int) -> str:
        return list(self._modules)[int(super()._key(index))]

    def _part(self, members: list[Any]) -> Any:
        return type(self)(*members)

    def forward(self, input: Any) -> Any:
        for module in self._modules.values():
            input = module(input)
        return input


class ModuleList(_Modules, Module):
    """A list of modules."""

    def __init__(self, modules: Iterable[Module] | None = None) -> None:
        Module.__init__(self)
        self._renumber(modules or ())

    def __repr__(self) -> str:
        texts = [repr(module) for module in self]
        if not texts:
            return f"{self._get_name()}()"
        runs: list[list[Any]] = []
        for place, text in enumerate(texts):  # equal neighbours are printed once
            if runs and runs[-1][2] == text:
                runs[-1][1] = place
            else:
                runs.append([place, place, text])
        lines = [
            _indented(f"({first}): {text}" if first == last else f"({first}-{last}): {last - first + 1} x {text}")
            for first, last, text in runs
        ]
        return f"{self._get_name()}(\n  " + "\n  ".join(lines) + "\n)"


class ModuleDict(Module):
    """Modules by name."""

    def __init__(self, modules: Any = None) -> None:
        super().__init__()
        if modules is not None:  # what a reader's subclass makes of `update` may need what its own start sets
            self.update(modules)

    def _all(self) -> Any:
        return self._modules

    def _fits(self, member: Any) -> Any:
        return checked(member)

    def update(self, modules: Any) -> None:
        """Put several in."""
        for name, module in dict(modules).items():
            self[name] = module

    def __getitem__(self, key: str) -> Any:
        return self._all()[key]

    def __setitem__(self, key: str, module: Any) -> None:
        self._all()[key] = self._fits(module)

    def __delitem__(self, key: str) -> None:
        del self._all()[key]

    def __len__(self) -> int:
        return len(self._all())

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __contains__(self, key: str) -> bool:
        return key in self._all()

    def clear(self) -> None:
        """Take all out."""
        self._all().clear()

    def pop(self, key: str) -> Any:
        """Take one out."""
        return self._all().pop(key)

    def keys(self) -> Any:
        """The names."""
        return self._all().keys()

    def values(self) -> Any:
        """What they stand for."""
        return self._all().values()

    def items(self) -> Any:
        """Both."""
        return self._all().items()


class _Held(MutableMapping[str, Any]):
    """What a container of parameters holds: attributes of it, since it takes modules, numbers and lists too."""

    def __init__(self, owner: Module) -> None:
        self.owner, self.names = owner, owner.__dict__.setdefault("_held", {})

    def __getitem__(self, name: str) -> Any:
        if name not in self.names:
            raise KeyError(name)
        return getattr(self.owner, name)

    def __setitem__(self, name: str, member: Any) -> None:
        setattr(self.owner, name, member)
        self.names[name] = None

    def __delitem__(self, name: str) -> None:
        del self.names[name]
        delattr(self.owner, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)


class _Holding:
    """What containers of parameters have in common."""

    def _all(self) -> Any:
        return _Held(self)  # type: ignore[arg-type]

    def _fits(self, member: Any) -> Any:
        return Parameter(member) if isinstance(member, Tensor) and not isinstance(member, Parameter) else member


class ParameterList(_Holding, _Numbered, Module):
    """A list of parameters."""

    def __init__(self, values: Iterable[Any] | None = None) -> None:
        Module.__init__(self)
        self._renumber(values or ())


class ParameterDict(_Holding, ModuleDict):
    """Parameters by name."""

    def get(self, key: str, default: Any = None) -> Any:
        """One, if it is there."""
        return self._all().get(key, default)
