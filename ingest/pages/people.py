"""Everybody who is named, and what they did."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from ingest.addresses import name_slug
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


def people_of(talks: Iterable[Talk], questions: Iterable[Question]) -> dict[str, Person]:
    """Everybody who is named, by the name of their page."""
    people: dict[str, Person] = {}

    def person(name: str) -> Person:
        return people.setdefault(name_slug(name), Person(name, name_slug(name)))

    for talk in talks:
        for name in talk.hosts:
            person(name).hosted.append(talk)
        for name in talk.editors:
            person(name).edited.append(talk)
        for name in talk.contributors:
            person(name).contributed.append(talk)
    for question in questions:
        if question.asker:
            person(question.asker).asked.append(question)
        for name in dict.fromkeys(answer.author for answer in question.answers if answer.author):
            person(name).answered.append(question)
    return people
