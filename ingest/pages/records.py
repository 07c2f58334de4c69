"""Records as other programs read them: entries of an Atom feed, and schema.org's QAPage."""

from datetime import date
from urllib.parse import quote

from ingest import safe_html
from ingest.addresses import slug_for
from ingest.model import Paper, Question, Talk
from ingest.pages.atom import AtomEntry


def atom_entry(record: Talk | Question | Paper, day: date) -> AtomEntry:
    """A record as an entry of an Atom feed, dated by its day."""
    if isinstance(record, Paper):
        return AtomEntry(record.id, record.title, record.url, day, record.authors)
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


def qapage(question: Question) -> dict[str, object]:
    """A question as search engines read it: schema.org's QAPage."""
    answers = [{"@type": "Answer", "text": answer.text} | _author(answer.author) for answer in question.answers]
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
