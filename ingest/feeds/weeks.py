"""The weeks of the archive one at a time: a year of papers is more than a build should hold at once."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import overload

from ingest.kept import hash_of
from ingest.model import Week


class Weeks(Sequence[Week]):
    """Weeks by name, each made when it is asked for and let go again.

    Args:
        stamps: What each is made of, as a hash, by its name, in order: who knows that need not ask for the week.
        make: Gives a week by its name.
        by_hand: Names of those in which somebody wrote a paper without its concepts.
        papers: How many papers there are in all.
    """

    def __init__(
        self, stamps: Mapping[str, str], make: Callable[[str], Week], by_hand: Iterable[str] = (), papers: int = 0
    ) -> None:
        self.stamps, self.make, self.by_hand, self.papers = dict(stamps), make, frozenset(by_hand), papers
        self.names = list(self.stamps)

    @classmethod
    def of(cls, weeks: Iterable[Week]) -> "Weeks":
        """Weeks that are there already."""
        if isinstance(weeks, Weeks):
            return weeks
        held = {week.name: week for week in weeks}
        return cls(
            {name: hash_of(week) for name, week in held.items()},
            held.__getitem__,
            held,
            sum(len(week.papers) for week in held.values()),
        )

    def __len__(self) -> int:
        return len(self.names)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Weeks) and self.stamps == other.stamps

    @overload
    def __getitem__(self, index: int) -> Week: ...
    @overload
    def __getitem__(self, index: slice) -> list[Week]: ...
    def __getitem__(self, index: int | slice) -> Week | list[Week]:
        return (
            [self.make(name) for name in self.names[index]]
            if isinstance(index, slice)
            else self.make(self.names[index])
        )

    def changed(self, change: Callable[[Week], Week], of: Callable[[str], str]) -> "Weeks":
        """The same weeks, each changed when it is asked for; `of` says by its name what it is then made of besides."""
        stamps = {name: hash_of(stamp, of(name)) for name, stamp in self.stamps.items()}
        return Weeks(stamps, lambda name: change(self.make(name)), self.by_hand, self.papers)
