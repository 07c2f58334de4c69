"""What pages about many weeks of papers need of each one, so that none but a changed week is read for them."""

from collections import Counter
from dataclasses import dataclass

from ingest.model import Paper, Week
from ingest.pages.ranking import picks, ranked

LISTED = 100  # papers on the list's page, for who has no script
NEWEST = 50  # entries of a feed


@dataclass(frozen=True, slots=True)
class Digest:
    """A week in short.

    Attributes:
        name: Of the week.
        count: How many papers it has.
        dated: How many of them have a day.
        topics: How many papers there are on each concept, by its name.
        feeds: Titles of all sources that its papers come from.
        picks: The papers to read first.
        best: Papers by what speaks for them, at most `LISTED`.
        latest: Papers with a day by it, newest first, at most `NEWEST`.
        on: By concept its papers, newest first, at most `NEWEST`.
    """

    name: str
    count: int
    dated: int
    topics: dict[str, int]
    feeds: tuple[str, ...]
    picks: tuple[Paper, ...]
    best: tuple[Paper, ...]
    latest: tuple[Paper, ...]
    on: dict[str, tuple[Paper, ...]]


def digest_of(week: Week) -> Digest:
    """A week in short; its papers are in the order of their file, by day."""
    dated = [paper for paper in week.papers if paper.published]
    dated.sort(key=lambda paper: (-(paper.published.toordinal() if paper.published else 0), paper.id))
    on: dict[str, list[Paper]] = {}
    for paper in reversed(week.papers):
        for name in paper.topics:
            if len(listed := on.setdefault(name, [])) < NEWEST:
                listed.append(paper)
    return Digest(
        week.name,
        len(week.papers),
        len(dated),
        dict(Counter(name for paper in week.papers for name in paper.topics)),
        tuple(sorted({name for paper in week.papers for name in (paper.feed, *paper.also)} - {""})),
        picks(week),
        tuple(ranked(week.papers)[:LISTED]),
        tuple(dated[:NEWEST]),
        {name: tuple(papers) for name, papers in on.items()},
    )
