"""Write a question as a file of `talks/questions/`."""

import json
import re

from ingest.markup import FENCE, fenced_lines
from ingest.model import Answer, Question
from ingest.questions.parse import SAID

KEYS = {shown: key for key, shown in SAID.items()}


def write_question(question: Question, origin: str, licence: str) -> str:
    """The text of a file of `talks/questions/`, with its origin and licence in the front matter.

    Where the question knows the address where it was asked, that is its origin.

    Headings inside of it that a question file would take for its own parts go two levels deeper.
    """
    said = {KEYS.get(field.name, field.name): field.value for field in question.fields}
    origin, licence = question.origin or origin, licence or said.get("licence", "")
    head = {"topics": question.topics, "asker": question.asker, "origin": origin, "licence": licence}
    head |= {key: value for key, value in said.items() if key not in head}
    fields = [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in head.items() if value]
    fields += [f"date: {question.asked}"] if question.asked else []
    parts = ["---\n" + "\n".join(fields) + "\n---", f"# {question.title}", _deeper(_closed(question.text))]
    for answer in question.answers:
        parts += [write_answer(answer)]
    # Its page says in its head where a question was asked; where one was taken from stands among its references.
    web = not question.origin and origin.startswith(("https://", "http://"))
    taken = f"- [{'，'.join(part for part in (origin, licence) if part)}](<{origin}>)" if web else ""
    links = (f"- [{link.title}](<{link.url}>)" for link in question.sources)
    if references := "\n".join(part for part in (*links, question.remarks, taken) if part):
        parts += ["## 参考", references]
    return "\n\n".join(part for part in parts if part) + "\n"


def write_answer(answer: Answer) -> str:
    """An answer as a question file holds it: its heading, its text, and who signed, when and where."""
    where = "，".join(str(part) for part in (answer.said, answer.origin and f"<{answer.origin}>") if part)
    signed = f"—{answer.author}" + (f"（{where}）" if where else "") if answer.author else ""
    heading = "## 回答（采纳）" if answer.accepted else "## 回答"
    return "\n\n".join(part for part in (heading, _deeper(_closed(answer.text)), signed) if part)


def _deeper(text: str) -> str:
    lines = text.split("\n")
    fenced = fenced_lines(lines)
    return "\n".join(
        f"##{line.lstrip(' ')}" if at not in fenced and re.match(r" {0,3}#{1,2}\s", line) else line
        for at, line in enumerate(lines)
    )


def _closed(text: str) -> str:
    """A text whose fences are closed: the fence of what follows would close one, and be swallowed."""
    lines = text.split("\n")
    fenced = fenced_lines(lines)
    begun = (FENCE.match(line) for at, line in enumerate(lines) if at not in fenced)
    mark = next(filter(None, begun), None)
    return f"{text}\n{mark[1]}" if mark else text
