"""Results of the last build, so that what is made of the same is not made again."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass
class Kept:
    """What a build finds of the last one, and leaves for the next.

    Attributes:
        pages: What each page was made of, as a hash, and its text, by path under `docs/`; of those that still stand.
        last: Results of the last build by name, each with a hash of what it was made of.
        results: As `last`, of this build.
        made_of: The hashes of this build's pages.
        standing: Which of the pages it left as they are.
    """

    pages: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    last: Mapping[str, tuple[str, Any]] = field(default_factory=dict)
    results: dict[str, tuple[str, Any]] = field(default_factory=dict)
    made_of: dict[str, str] = field(default_factory=dict)
    standing: set[str] = field(default_factory=set)

    def result(self, name: str, made_of: str, make: Callable[[], T]) -> T:
        """A result: the last one, where it was made of the same. Nobody may change it."""
        found = self.last.get(name)
        result: T = found[1] if found and found[0] == made_of else make()
        self.results[name] = made_of, result
        return result

    def before(self, name: str) -> Any:
        """A result of the last build, whatever it was made of; None where there is none. Nobody may change it."""
        return self.last.get(name, (None, None))[1]

    def memo(self, name: str, made_of: str) -> Callable[[str, Callable[[], T]], T]:
        """`result` for many small ones by their keys, all made of this too; what nobody asks for is forgotten."""
        before: Mapping[str, Any] = self.result(name, made_of, dict)
        now: dict[str, Any] = {}
        self.results[name] = made_of, now

        def known(key: str, make: Callable[[], T]) -> T:
            value: T = before[key] if key in before else make()
            now[key] = value
            return value

        return known

    def page(self, name: str, made_of: str, render: Callable[[], str]) -> str:
        """A page's text: the last one, where it was made of the same."""
        self.made_of[name] = made_of
        before, text = self.pages.get(name, ("", ""))
        if before != made_of:
            return render()
        self.standing.add(name)
        return text


def hash_of(*parts: object) -> str:
    """A hash of values by what they look like: records show all of their fields."""
    return hash_of_bytes("\0".join(map(repr, parts)).encode("utf-8", "surrogatepass"))


def hash_of_bytes(content: bytes) -> str:
    """A hash of a file's bytes."""
    return hashlib.sha256(content).hexdigest()[:32]
