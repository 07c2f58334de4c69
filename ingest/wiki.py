"""All records together, and what they know of each other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ingest.feeds.info import FeedInfo
from ingest.learning_path import LearningPath
from ingest.lessons import Challenge, EnglishPage, Essence
from ingest.model import Concept, Question, Snippet, Talk, Week


@dataclass(frozen=True, slots=True)
class Records:
    """All that was submitted, parsed; lists are in the order of their paths.

    `groups` are those of the concepts in the index's order, with their English names; `prose` is what the concepts'
    pages say in words, by name, and what the English ones say, `cells` the fences of their examples.
    """

    talks: tuple[Talk, ...] = ()
    questions: tuple[Question, ...] = ()
    weeks: Sequence[Week] = ()
    concepts: tuple[Concept, ...] = ()
    groups: Mapping[str, str] = field(default_factory=dict)
    snippets: tuple[Snippet, ...] = ()
    feeds: tuple[FeedInfo, ...] = ()
    prose: tuple[Mapping[str, str], ...] = ()
    cells: Mapping[str, str] = field(default_factory=dict)
    essences: tuple[Essence, ...] = ()
    challenges: tuple[Challenge, ...] = ()
    english: tuple[EnglishPage, ...] = ()
    path: LearningPath = field(default_factory=LearningPath)


@dataclass(frozen=True, slots=True)
class Wiki:
    """Records that know each other.

    Attributes:
        records: With `topics` filled in on every talk, question and paper; `records.questions` holds the talks' too.
        related: For each question id, the ids of the questions most like it, best first.
        duplicates: By question id, the questions that repeat it; their answers are among its own.
    """

    records: Records
    related: dict[str, tuple[str, ...]] = field(default_factory=dict)
    duplicates: dict[str, tuple[Question, ...]] = field(default_factory=dict)
