"""Everybody who is named, and what they did."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from ingest.addresses import name_slug
from ingest.model import Question, Talk

GROUP = "群友"  # who says no more of himself than that he is of the group, however its name is put before
_OF_THE_GROUP = re.compile(r"(?:[\w-]+\s*)?群友们?")


@dataclass(slots=True)
class Person:
    """Somebody's name and what they did, gathered from talks and questions; `others` are other names of the same."""

    name: str
    slug: str
    hosted: list[Talk] = field(default_factory=list)
    edited: list[Talk] = field(default_factory=list)
    contributed: list[Talk] = field(default_factory=list)
    asked: list[Question] = field(default_factory=list)
    answered: list[Question] = field(default_factory=list)
    others: dict[str, str] = field(default_factory=dict)  # the names of their pages -> the names

    @property
    def total(self) -> int:
        """How many contributions are listed."""
        return len(self.hosted + self.edited + self.contributed) + len(self.asked + self.answered)


def person_slug(name: str) -> str:
    """The name of a person's page."""
    return name_slug(_known_as(name))


def _known_as(name: str) -> str:
    return GROUP if _OF_THE_GROUP.fullmatch(name.strip()) else name


def people_of(talks: Iterable[Talk], questions: Iterable[Question]) -> dict[str, Person]:
    """Everybody who is named, by the name of their page."""
    people: dict[str, Person] = {}

    def of(names: Iterable[str]) -> list[Person]:
        found: dict[str, Person] = {}
        for name in names:
            slug = person_slug(name)
            person = people.setdefault(slug, Person(_known_as(name), slug))
            if (own := name_slug(name)) != slug:
                person.others[own] = name
            found[slug] = person
        return list(found.values())

    for talk in talks:
        for person in of(talk.hosts):
            person.hosted.append(talk)
        for person in of(talk.editors):
            person.edited.append(talk)
        for person in of(talk.contributors):
            person.contributed.append(talk)
    for question in questions:
        for person in of([question.asker] if question.asker else []):
            person.asked.append(question)
        for person in of(answer.author for answer in question.answers if answer.author):
            person.answered.append(question)
    return people
