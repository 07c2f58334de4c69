"""The path on the pages: where a concept stands on it, and what comes next; and what the home page has as news."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from ingest.learning_path import Goal, LearningPath, Step
from ingest.model import Concept, Paper, Question, Talk
from ingest.pages.records import newest_day

FRESH = 60  # days


@dataclass(frozen=True, slots=True)
class Place:
    """Where a concept stands on the path.

    Attributes:
        step: Its step.
        at: Its place in the step, from 1.
        listed: The step's concepts.
        before: The concept before it on the path.
        after: The one after it.
    """

    step: Step
    at: int
    listed: tuple[Concept, ...]
    before: Concept | None
    after: Concept | None


class PathPages:
    """What templates ask of the path; of its names only those that are concepts.

    Args:
        path: As it was read.
        concepts: By name, with the titles that are shown.
        english: Whether the pages are English.
        groups: English names of the concepts' groups.
    """

    def __init__(
        self,
        path: LearningPath,
        concepts: Mapping[str, Concept],
        english: bool = False,
        groups: Mapping[str, str] | None = None,
    ) -> None:
        self.concepts, self.english, self.groups = concepts, english, groups or {}
        self.words = {"map": "Map of all concepts" if english else "全部概念的地图"}
        self.goals = path.goals
        self.ways = {goal.id: path.way(goal, concepts) for goal in path.goals}
        self._passed = {goal: frozenset(way) for goal, way in self.ways.items()}
        self.listed = {step: tuple(concepts[name] for name in step.concepts if name in concepts) for step in path.steps}
        self.steps = tuple(step for step, listed in self.listed.items() if listed)
        self.names = tuple(concept.name for listed in self.listed.values() for concept in listed)
        self._set = frozenset(self.names)

    def place(self, name: str) -> Place | None:
        """Where a concept stands; None where it does not stand on the path."""
        for step, listed in self.listed.items():
            for at, concept in enumerate(listed, 1):
                if concept.name == name:
                    here = self.names.index(name)
                    before = self.concepts[self.names[here - 1]] if here else None
                    after = self.concepts[self.names[here + 1]] if here + 1 < len(self.names) else None
                    return Place(step, at, listed, before, after)
        return None

    def of(self, concept: Concept) -> dict[str, object]:
        """What templates are told of a concept's place."""
        place = self.place(concept.name)
        beside = () if place else [c for c in self.concepts.values() if c.group == concept.group and c.name not in self]
        group = self.groups.get(concept.group, concept.group)
        up = "../../../" if self.english else "../../"
        return {
            "path": self, "place": place, "beside": beside, "group": group, "english": self.english,
            "up": up, "concept": self.concepts[concept.name],
        }  # fmt: skip

    def __contains__(self, name: object) -> bool:
        return name in self._set

    def step_of(self, name: str) -> Step | None:
        """The step of a concept."""
        place = self.place(name)
        return place.step if place else None

    def goals_of(self, name: str) -> str:
        """The ids of the goals whose ways pass a concept, with blanks between."""
        return " ".join(goal for goal, passed in self._passed.items() if name in passed)

    def way(self, goal: Goal) -> tuple[Concept, ...]:
        """The concepts of a goal's way."""
        return tuple(self.concepts[name] for name in self.ways[goal.id])

    @staticmethod
    def minutes(listed: Iterable[Concept]) -> int:
        """How long some pages take to read."""
        return sum(concept.minutes for concept in listed)


def fresh(
    talks: Sequence[Talk], questions: Sequence[Question], papers: Sequence[Paper]
) -> tuple[list[Talk], list[tuple[date, Question]], list[Paper]]:
    """What is news: at most `FRESH` days older than the newest of all, by the days of the things themselves.

    Not by the clock, so that the same input gives the same bytes; the reader's own clock hides what has aged since, see
    browser/page/progress.js.

    Args:
        talks: Newest first.
        questions: Newest first.
        papers: In any order.
    """
    dated = [(day, question) for question in questions if (day := newest_day(question)) > date.min]
    days = [talk.date for talk in talks if talk.date] + [day for day, _ in dated]
    days += [paper.published for paper in papers if paper.published]
    newest = max(days, default=date.min)
    return (
        [talk for talk in talks if talk.date and (newest - talk.date).days <= FRESH],
        [(day, question) for day, question in dated if (newest - day).days <= FRESH],
        [paper for paper in papers if paper.published and (newest - paper.published).days <= FRESH],
    )
