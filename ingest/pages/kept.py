"""Pages of the last build, so that those that are made of the same are not rendered again."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass
class Kept:
    """What a build finds of the last one, and leaves for the next.

    Attributes:
        pages: What each page was made of, as a hash, and its text, by path under `docs/`.
        made_of: The same hashes of this build.
    """

    pages: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    made_of: dict[str, str] = field(default_factory=dict)

    def page(self, name: str, made_of: str, render: Callable[[], str]) -> str:
        """A page's text: the last one, where it was made of the same."""
        self.made_of[name] = made_of
        before, text = self.pages.get(name, ("", ""))
        return text if before == made_of else render()


def hash_of(*parts: object) -> str:
    """A hash of values by what they look like: records show all of their fields."""
    return hashlib.sha256("\0".join(map(repr, parts)).encode("utf-8", "surrogatepass")).hexdigest()[:32]
