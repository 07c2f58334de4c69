"""Paragraphs of a .docx as HTML: neighbours that are code are one block, items of lists one list."""

import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from ingest.importing.docx_styles import Label


@dataclass(frozen=True, slots=True)
class Run:
    """A piece of a line: its HTML, the marks around it, the link it is part of, and whether it is code."""

    html: str
    marks: tuple[str, ...] = ()
    link: str = ""
    letters: int = 0
    code: bool = False


@dataclass(slots=True)
class Paragraph:
    """A paragraph on its way to HTML."""

    runs: list[Run]
    tag: str = "p"
    label: Label | None = None
    raw: str = ""  # HTML that is done, such as a table's


def html_of(paragraphs: Iterable[Paragraph]) -> str:
    """Paragraphs as HTML: neighbours that are code are one block, items of lists one list."""
    out: list[str] = []
    open_lists: list[str] = []
    counts: list[int] = []  # of each open list, the number of its last item
    lines: list[str] = []
    for paragraph in paragraphs:
        if paragraph.tag == "pre" and not paragraph.raw:
            out += _close(open_lists, 0)
            lines.append("".join(re.sub("<br>", "\n", run.html) for run in paragraph.runs))
            continue
        out += _code(lines)
        content = paragraph.raw or _line(paragraph.runs)
        label = paragraph.label
        if paragraph.raw or label is None or paragraph.tag != "p" or (label.text and label.level == 0):
            out += _close(open_lists, 0)
            shown = html.escape(f"{_joint(label)}") if label else ""
            out.append(
                paragraph.raw or (f"<{paragraph.tag}>{shown}{content}</{paragraph.tag}>" if content.strip() else "")
            )
            continue
        out += _item(open_lists, counts, label, content)
    return "".join([*out, *_close(open_lists, 0), *_code(lines)])


def _joint(label: Label) -> str:
    """A label before the words of a heading or paragraph."""
    text = label.text or (f"{label.number}." if label.number else "")
    return text if not text or re.search("[：、）】]$", text) else f"{text} "


def _item(open_lists: list[str], counts: list[int], label: Label, content: str) -> Iterator[str]:
    kind = "ol" if label.number else "ul"
    level = min(label.level, len(open_lists))  # no deeper than the items above it
    yield from _close(open_lists, level + 1)
    del counts[level + 1 :]
    goes_on = len(counts) > level and label.number in (0, counts[level] + 1)
    if len(open_lists) == level + 1 and (open_lists[-1] != kind or not goes_on):
        yield from _close(open_lists, level)
    counts += [0] * (level + 1 - len(counts))
    counts[level] = label.number
    while len(open_lists) <= level:
        last = len(open_lists) == level
        tag = kind if last else "ul"
        yield f'<{tag} start="{label.number}">' if last and label.number else f"<{tag}>"
        open_lists.append(tag)
        if not last:
            yield "<li>"
    yield f'<li value="{label.number}">' if label.number else "<li>"
    yield html.escape(f"{label.text} " if label.text else "") + content


def _close(open_lists: list[str], depth: int) -> Iterator[str]:
    while len(open_lists) > depth:
        yield f"</li></{open_lists.pop()}>"


def _code(lines: list[str]) -> list[str]:
    """The lines of code so far as one block, which is none if nothing is in it."""
    text = "\n".join(lines).strip("\n")
    lines.clear()
    return [f"<pre>{text}</pre>"] if text.strip() else []


def _line(runs: Iterable[Run]) -> str:
    """Runs with their marks: neighbours of the same are one, so that no mark ends in the middle of a word."""
    out = []
    for link, linked in groupby(runs, key=lambda run: run.link):
        inner = []
        for (marks, code), same in groupby(linked, key=lambda run: (run.marks, run.code)):
            content = "".join(run.html for run in same)
            tags = [
                *(mark for mark in marks if mark not in ("sup", "sub")),
                *(mark for mark in marks if mark in ("sup", "sub")),
            ]
            if code and not re.search(r"<|[\u4e00-\u9fff]", content) and content.strip():
                tags.append("code")
            if content.strip():
                content = "".join(f"<{tag}>" for tag in tags) + content + "".join(f"</{tag}>" for tag in reversed(tags))
            inner.append(content)
        text = "".join(inner)
        out.append(f'<a href="{html.escape(link)}">{text}</a>' if link and text.strip() else text)
    return "".join(out)
