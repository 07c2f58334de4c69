"""Records as other programs read them: entries of an Atom feed, and schema.org's QAPage."""

import json
from collections import Counter
from collections.abc import Iterable
from datetime import date
from urllib.parse import quote

from ingest import safe_html
from ingest.addresses import slug_for
from ingest.invisible import visible
from ingest.model import Paper, Question, Talk
from ingest.pages.atom import AtomEntry

AUTHORS = 20  # of a paper in a feed: some have three thousand


def atom_entry(record: Talk | Question | Paper, day: date, why: str = "") -> AtomEntry:
    """A record as an entry of an Atom feed, dated by its day; a paper is new on the day on which it arrived here.

    Args:
        record: A record.
        day: Its day.
        why: What speaks for it, or "".
    """
    if isinstance(record, Paper):
        authors = record.authors[:AUTHORS] or ((record.feed,) if record.feed else ())
        said = "".join(f"<p>{safe_html.attribute(text)}</p>" for text in (record.line, why) if text)
        came = max(day, record.arrived or day)
        return AtomEntry(record.id, record.title, record.url, day, authors, said, came)
    if isinstance(record, Talk):
        slug = slug_for(record.number)
        summary = "".join(f"<li>{safe_html.attribute(item)}</li>" for item in record.summary)
        return AtomEntry(
            f"talks/{slug}", record.title, f"../talks/{quote(slug)}/", day, record.hosts, f"<ul>{summary}</ul>"
        )
    slug = slug_for(record.id)
    authors = tuple(dict.fromkeys(answer.author for answer in record.answers if answer.author))
    text = "\n".join(safe_html.to_html(part) for part in (record.text, *(answer.text for answer in record.answers)))
    return AtomEntry(f"qa/{slug}", record.title, f"../qa/{quote(slug)}/", day, authors, text.strip())


def newest_day(question: Question) -> date:
    """The day on which a question last was news: asked, answered or changed; `date.min` where nobody knows."""
    days = [question.asked, *question.updated, *(answer.said for answer in question.answers)]
    return max((day for day in days if day), default=date.min)


def newest_asked(questions: Iterable[Question]) -> list[Question]:
    """Questions by the day on which they last were news: asked, answered or changed; of the same day, open ones first.

    Those of one day take turns by their first concept, so that a day of many questions on one does not fill a list.
    """
    turns: Counter[tuple[date, str]] = Counter()
    ranked: list[tuple[int, bool, int, int, Question]] = []
    for question in questions:
        newest = newest_day(question)
        about = newest, (question.topics or ("",))[0]
        turns[about] += 1
        ranked.append((-newest.toordinal(), question.status != "open", turns[about], len(ranked), question))
    return [found[-1] for found in sorted(ranked, key=lambda found: found[:-1])]


def qapage(question: Question) -> dict[str, object]:
    """A question as search engines read it: schema.org's QAPage."""
    answers = [
        {"@type": "Answer", "text": answer.text}
        | _author(answer.author)
        | ({"datePublished": answer.said.isoformat()} if answer.said else {})
        | ({"url": answer.origin} if answer.origin else {})
        for answer in question.answers
    ]
    accepted = [said for said, answer in zip(answers, question.answers, strict=True) if answer.accepted][:1]
    asked: dict[str, object] = {"@type": "Question", "name": question.title, "answerCount": len(answers)}
    asked |= {"text": question.text} if question.text else {}
    asked |= {"datePublished": question.asked.isoformat()} if question.asked else {}
    asked |= _author(question.asker)
    asked |= {"acceptedAnswer": accepted[0]} if accepted else {}
    others = [said for said in answers if said not in accepted]
    asked |= {"suggestedAnswer": others} if others else {}
    return {"@context": "https://schema.org", "@type": "QAPage", "inLanguage": "zh-CN", "mainEntity": asked}


def _author(name: str) -> dict[str, object]:
    return {"author": {"@type": "Person", "name": name}} if name else {}


def question_line(question: Question) -> str:
    """A question as one line of JSON, for programs: `docs/guide/papers.md` says what its fields are."""
    answers = [
        {"text": answer.text, "author": answer.author, "accepted": answer.accepted} for answer in question.answers
    ]
    told: dict[str, object] = {
        "id": question.id,
        "url": f"qa/{quote(slug_for(question.id))}/",
        "title": question.title,
        "text": question.text,
        "asker": question.asker,
        "asked": question.asked.isoformat() if question.asked else "",
        "status": question.status,
        "topics": question.topics,
        "answers": answers,
        "sources": [{"url": link.url, "title": link.title} for link in question.sources],
        "talk": question.talk,
        "duplicate_of": question.duplicate_of,
    }
    return visible(json.dumps({key: value for key, value in told.items() if value}, ensure_ascii=False))
