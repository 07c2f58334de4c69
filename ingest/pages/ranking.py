"""Which papers of a week are worth reading first, and why: votes, code, our concepts, and sources that agree."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from math import log2

from ingest.model import Paper, Week

PICKS = 10
ALIKE = 3  # picks of one concept at most: a week is of more than one thing
LEAST = 2.0  # what a pick has for itself, at least


def score(paper: Paper) -> float:
    """How much speaks for a paper; a withdrawn one has nothing."""
    if paper.withdrawn:
        return 0.0
    sources = len({paper.feed, *paper.also} - {""})
    return 2 * log2(1 + paper.votes) + 1.5 * bool(paper.code) + min(len(paper.topics), 3) + 1.5 * max(0, sources - 1)


def ranked(papers: Iterable[Paper]) -> list[Paper]:
    """Papers by what speaks for them, newest first among equals."""
    newest = sorted(papers, key=lambda paper: (str(paper.published or ""), paper.id), reverse=True)
    return sorted(newest, key=score, reverse=True)


def picks(week: Week) -> tuple[Paper, ...]:
    """The few papers of a week to read first; none where nothing speaks for any."""
    found: list[Paper] = []
    taken: Counter[str] = Counter()
    for paper in ranked(paper for paper in week.papers if score(paper) >= LEAST):
        about = paper.topics[0] if paper.topics else ""
        if taken[about] < ALIKE or not about:
            found.append(paper)
            taken[about] += 1
        if len(found) == PICKS:
            break
    return tuple(found)


def why(paper: Paper, titles: Mapping[str, str]) -> tuple[str, ...]:
    """What speaks for a paper, in Chinese; its code does by its own address.

    Args:
        paper: The paper.
        titles: Concept name -> what to show.
    """
    sources = len({paper.feed, *paper.also} - {""})
    concepts = "、".join(titles[name] for name in paper.topics[:3] if name in titles)
    said = (
        f"{paper.votes} 票" if paper.votes else "",
        f"谈到 {concepts}" if concepts else "",
        f"{sources} 个来源都收" if sources > 1 else "",
    )
    return tuple(filter(None, said))


def moves(weeks: Sequence[tuple[int, Mapping[str, int]]], before: int = 4) -> tuple[list[tuple[str, int, float]], str]:
    """How often each concept stands in the newest week, and in how many papers a week in those before; or why not.

    Args:
        weeks: Of each, newest first, how many papers it has, and how many on each concept; empty ones may lack.
        before: How many weeks the newest is compared with.

    Returns:
        Concept, papers in the newest week, papers a week before it; those that moved most first. And "" or, where
        there is too little to compare, why.
    """
    if len(weeks) < 2 or sum(1 for count, _ in weeks[1 : before + 1] if count) < 2:
        return [], "之前几周收录的论文太少，还比不出变化。"
    (newest, found), earlier = weeks[0], weeks[1 : before + 1]
    if newest < 20:
        return [], f"这一周只收录了 {newest} 篇，太少，看不出变化。"
    now, then = Counter(found), Counter[str]()
    for _, topics in earlier:
        then.update(topics)
    # By share of all papers: a week with a holiday has fewer of everything.
    whole = newest / max(1, sum(count for count, _ in earlier))
    rows = [(name, now[name], then[name] * whole) for name in now.keys() | then.keys()]
    told = [row for row in rows if max(row[1], row[2]) >= 3]
    told.sort(key=lambda row: (-abs(row[1] - row[2]) / (row[1] + row[2]) ** 0.5, row[0]))
    return told, "" if told else "没有哪个概念出现到能比较的次数。"
