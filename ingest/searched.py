"""What a search needs to know of each record, for whoever writes an index: JSON, a line for each page or paper.

Texts stay Markdown as written. Concept pages and other hand-written ones are not among them: they speak for themselves.
"""

import json
from collections.abc import Container, Iterable, Iterator, Mapping
from datetime import date

from ingest.addresses import KINDS, slug_for
from ingest.feeds.records import UNDATED
from ingest.invisible import visible
from ingest.model import Concept, Paper, Question, Talk, Week

Line = dict[str, object]


def searched(record: Question | Talk, concepts: Mapping[str, Concept], repeats: Iterable[Question] = ()) -> str:
    """The line of a question, with those that repeat it, or of a talk."""
    line = _question(record, repeats) if isinstance(record, Question) else _talk(record)
    return _said(line | _topics(record.topics, concepts))


def _said(line: Line) -> str:
    return visible(json.dumps(line, ensure_ascii=False, separators=(",", ":")))


def week_lines(week: Week, concepts: Mapping[str, Concept], shown: Container[Paper]) -> str:
    """The lines of a week and of those of its papers that its page shows; none of one that has no papers."""
    return "".join(f"{_said(line)}\n" for line in (_week(week, concepts, shown) if week.papers else ()))


def _week(week: Week, concepts: Mapping[str, Concept], shown: Container[Paper]) -> Iterator[Line]:
    page = _address("paper", week.name.lower())
    days = [paper.published for paper in week.papers if paper.published]
    named = dict.fromkeys(name for paper in week.papers for name in paper.topics)
    title = "没有日期的论文" if week.name == UNDATED else f"{week.name} 的论文与动态"
    yield _line("paper", page, title, max(days, default=None)) | _topics(named, concepts)
    for paper in week.papers:
        if paper in shown:
            yield _paper(paper, page) | _topics(paper.topics, concepts)


def _line(kind: str, address: str, title: str, day: date | None) -> Line:
    return {"kind": kind, "address": address, "title": title, "date": day.isoformat() if day else ""}


def _address(kind: str, slug: str) -> str:
    return KINDS[kind].page(slug).removesuffix(".md") + "/"


def _topics(names: Iterable[str], concepts: Mapping[str, Concept]) -> Line:
    known = [name for name in names if name in concepts]
    return {"topics": known, "code": any(concepts[name].example for name in known)}


def _question(question: Question, repeats: Iterable[Question]) -> Line:
    """A question with those that repeat it: other words for the same."""
    answers = [answer.text for answer in sorted(question.answers, key=lambda answer: not answer.accepted)]
    people = dict.fromkeys([question.asker, *(answer.author for answer in question.answers)])
    return _line("question", _address("question", slug_for(question.id)), question.title, question.asked) | {
        "status": question.status,
        "talk": question.talk.removeprefix("talk-"),
        "people": [name for name in people if name],
        "also": [same.title for same in repeats],
        "asked": "\n\n".join(filter(None, [question.text, *(same.text for same in repeats)])),
        "answers": answers,
        "references": [link.title for link in question.sources],
    }


def _talk(talk: Talk) -> Line:
    return _line("talk", _address("talk", slug_for(talk.number)), talk.title, talk.date) | {
        "talk": talk.number,
        "people": list(dict.fromkeys(talk.hosts + talk.editors + talk.contributors)),
        "summary": "；".join(talk.summary),
        "sections": [[section.title, "\n\n".join(block.text for block in section.blocks)] for section in talk.sections],
        "text": "\n\n".join(block.text for block in talk.unplaced),
    }


def _paper(paper: Paper, week: str) -> Line:
    return _line("paper", week, paper.title, paper.published) | {
        "url": paper.url,
        "anchor": paper.topics[0] if paper.topics else "other",
        "people": list(paper.authors[:3]),
        "feed": paper.feed,
    }
