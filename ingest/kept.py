"""Results of the last build, so that what is made of the same is not made again."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

T = TypeVar("T")
Each = Callable[[Sequence[Callable[[], Any]], int], Iterable[Any]]  # as of `in_turn`
Wanted = tuple[str, str, Callable[[], T]]  # a name, what it is made of, and how it is made


def in_turn(functions: Iterable[Callable[[], T]], cost: int = 1) -> Iterator[T]:
    """What functions give, in their order; `cost` says how many milliseconds one takes, about."""
    return (function() for function in functions)


@dataclass
class Kept:
    """What a build finds of the last one, and leaves for the next.

    Attributes:
        pages: What each page was made of, as a hash, and its text, by path under `docs/`; of those that still stand.
        last: Results of the last build by name, each with a hash of what it was made of.
        results: As `last`, of this build.
        made_of: The hashes of this build's pages.
        standing: Which of the pages it left as they are.
        digests: Hashes of `pages` as bytes, by path.
        packed: `last`, its results as they lie on the disk.
        each: How many results are made, which do not need each other.
    """

    pages: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    last: Mapping[str, tuple[str, Any]] = field(default_factory=dict)
    results: dict[str, tuple[str, Any]] = field(default_factory=dict)
    made_of: dict[str, str] = field(default_factory=dict)
    standing: set[str] = field(default_factory=set)
    digests: Mapping[str, str] = field(default_factory=dict)
    packed: Mapping[str, tuple[str, bytes]] = field(default_factory=dict)
    each: Each = in_turn

    def result(self, name: str, made_of: str, make: Callable[[], T]) -> T:
        """A result: the last one, where it was made of the same. Nobody may change it."""
        result: T = self.last[name][1] if self.has(name, made_of) else make()
        self.results[name] = made_of, result
        return result

    def has(self, name: str, made_of: str) -> bool:
        """Whether there is a result that was made of this."""
        return self.last.get(name, (None,))[0] == made_of

    def in_packs(self, pack: Callable[[Any], bytes]) -> dict[str, tuple[str, bytes]]:
        """`results`, each packed; those that are the last ones are so already."""

        def packed(name: str, result: object) -> bytes:
            is_last = name in self.packed and result is self.before(name)
            return self.packed[name][1] if is_last else pack(result)

        return {name: (made_of, packed(name, result)) for name, (made_of, result) in self.results.items()}

    def stands(self, name: str, made_of: str) -> bool:
        """Whether a page stands that was made of this."""
        return self.pages.get(name, (None,))[0] == made_of

    def all_results(self, wanted: Sequence[Wanted[T]], cost: int = 1) -> Iterator[T]:
        """`result` for many, whose cost is as of `in_turn`."""
        made = iter(self.each([make for name, made_of, make in wanted if not self.has(name, made_of)], cost))
        return (self.result(name, made_of, lambda: next(made)) for name, made_of, _ in wanted)

    def before(self, name: str) -> Any:
        """A result of the last build, whatever it was made of; None where there is none. Nobody may change it."""
        return self.last.get(name, (None, None))[1]

    def memo(self, name: str, made_of: str) -> Callable[[Sequence[tuple[str, Callable[[], T]]]], list[T]]:
        """`result` for many small ones by their keys, all made of this too; what nobody asks for is forgotten."""
        before: Mapping[str, Any] = self.result(name, made_of, dict)
        now: dict[str, Any] = {}
        self.results[name] = made_of, now

        def known(wanted: Sequence[tuple[str, Callable[[], T]]]) -> list[T]:
            due = {key: make for key, make in wanted if key not in before}
            made = dict(zip(due, self.each([*due.values()], 1), strict=True))
            found = [made[key] if key in made else before[key] for key, _ in wanted]
            now.update(zip((key for key, _ in wanted), found, strict=True))
            return found

        return known

    def lines(self, name: str, made_of: str, wanted: Sequence[tuple[str, Callable[[], str]]]) -> str:
        """A page of a line for each key, all made of this too: the line of the last page, where it had the key."""
        keys = [key for key, _ in wanted]
        before: Sequence[str] = self.before(name) or ()
        self.results[name] = "", keys
        there = self.pages[name][1].split("\n") if self.stands(name, hash_of(made_of, before)) else ()
        known = dict(zip(before, there, strict=False))  # after the last line comes an empty one

        def text() -> str:
            return "".join(f"{known.get(key) or make()}\n" for key, make in wanted)

        return self.page(name, hash_of(made_of, keys), text)

    def page(self, name: str, made_of: str, render: Callable[[], str]) -> str:
        """A page's text: the last one, where it was made of the same."""
        self.made_of[name] = made_of
        if not self.stands(name, made_of):
            return render()
        self.standing.add(name)
        return self.pages[name][1]

    def all_pages(self, wanted: Sequence[Wanted[str]]) -> Iterator[tuple[str, str]]:
        """Name and text of many pages, as of `page`."""
        made = iter(self.each([make for name, made_of, make in wanted if not self.stands(name, made_of)], 1))
        return ((name, self.page(name, made_of, lambda: next(made))) for name, made_of, _ in wanted)


def hash_of(*parts: object) -> str:
    """A hash of values by what they look like: records show all of their fields."""
    return hash_of_bytes("\0".join(map(repr, parts)).encode("utf-8", "surrogatepass"))


def hash_of_bytes(content: bytes) -> str:
    """A hash of a file's bytes."""
    return hashlib.sha256(content).hexdigest()[:32]
