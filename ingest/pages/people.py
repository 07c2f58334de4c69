"""Everybody who is named, and what they did."""

from dataclasses import dataclass, field

from ingest.model import Question, Talk


@dataclass(slots=True)
class Person:
    """Somebody's name and what they did, gathered from talks and questions."""

    name: str
    slug: str
    hosted: list[Talk] = field(default_factory=list)
    edited: list[Talk] = field(default_factory=list)
    contributed: list[Talk] = field(default_factory=list)
    asked: list[Question] = field(default_factory=list)
    answered: list[Question] = field(default_factory=list)

    @property
    def total(self) -> int:
        """How many contributions are listed."""
        return len(self.hosted + self.edited + self.contributed) + len(self.asked + self.answered)
