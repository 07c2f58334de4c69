"""A question as the text of a file of `talks/questions/`."""

import json
import re

from ingest.markup import FENCE, fenced_lines
from ingest.model import Question


def write_question(question: Question, origin: str, licence: str) -> str:
    """The text of a file of `talks/questions/`, with its origin and licence in the front matter.

    Headings inside of it that a question file would take for its own parts go two levels deeper.
    """
    licence = licence or next((field.value for field in question.fields if field.name == "licence"), "")
    head = {"topics": question.topics, "asker": question.asker, "origin": origin, "licence": licence}
    fields = [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in head.items() if value]
    parts = ["---\n" + "\n".join(fields) + "\n---", f"# {question.title}", _deeper(question.text)]
    for answer in question.answers:
        parts += ["## 回答（采纳）" if answer.accepted else "## 回答", _closed(_deeper(answer.text))]
        parts += [f"—{answer.author}"] if answer.author else []
    web = origin.startswith(("https://", "http://"))
    taken = f"- [{'，'.join(part for part in (origin, licence) if part)}](<{origin}>)" if web else ""
    if references := "\n".join(part for part in (question.remarks, taken) if part):
        parts += ["## 参考", references]
    return "\n\n".join(part for part in parts if part) + "\n"


def _deeper(text: str) -> str:
    lines = text.split("\n")
    fenced = fenced_lines(lines)
    return "\n".join(
        f"##{line.lstrip(' ')}" if at not in fenced and re.match(r" {0,3}#{1,2}\s", line) else line
        for at, line in enumerate(lines)
    )


def _closed(text: str) -> str:
    """A text whose last fence is closed, so that it does not swallow what follows."""
    lines = text.split("\n")
    if len(lines) - 1 in fenced_lines(lines) and (opened := [line for line in lines if FENCE.match(line)]):
        mark = FENCE.match(opened[-1])
        return text if mark is None or lines[-1].strip() == mark[1] else f"{text}\n{mark[1]}"
    return text
