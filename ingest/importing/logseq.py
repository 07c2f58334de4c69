"""Outlines of Logseq as Markdown: every line of them is an item, headings and questions too."""

import re

from ingest.importing.dialects import Spoken, outside_code
from ingest.marks import ask_mark, say_mark

PROPERTY = re.compile(r"^\s*(?:[-*]\s+)?([a-z][\w.-]{0,30}):: ?(.*)$")
COUNTED = "logseq.order-list-type:: number"
OWN = frozenset("collapsed id background-color heading query-table query-properties logseq.order-list-type".split())
BEGIN = re.compile(r"^(\s*(?:-\s+)?)#\+BEGIN_(\w+)[ \t]*(.*)$", re.IGNORECASE)
END = re.compile(r"^(\s*)#\+END_(\w+)\s*$", re.IGNORECASE)
STATE = re.compile(r"^(?:TODO|DOING|NOW|LATER|WAITING|WAIT|IN-PROGRESS|(DONE|CANCELED|CANCELLED))\s+(?:\[#[ABC]\]\s+)?")
CLOZE = re.compile(r"\{\{cloze\s+([^{}]*)\}\}")
MACRO = re.compile(r"\{\{(?:embed|query|renderer|video|tweet|youtube)\b[^{}]*\}\}")
REFERENCE = re.compile(r"\(\([0-9a-f][0-9a-f-]{3,40}\)\)")
SIZE = re.compile(r"(?<=\))\{:[^{}\n]*\}")
ITEM = re.compile(r"^(\t*|(?:  )*)- ?(.*)$")


def without_outline(text: str) -> Spoken:
    """A page of Logseq as Markdown; any other text as it is."""
    outline = Spoken(text)
    if not any((found := PROPERTY.match(line)) and found[1] in (*OWN, "title", "tags") for line in text.split("\n")):
        return outline
    lines = outside_code(_counted(text.split("\n")), lambda run: [new for line in run for new in _line(line, outline)])
    outline.text = "\n".join(_flat(lines, outline))
    return outline


def _counted(lines: list[str]) -> list[str]:
    """Lines in which an item that a property counts begins with its number."""
    counts: dict[str, int] = {}
    out = list(lines)
    for at, line in enumerate(lines):
        if not (item := ITEM.match(line)):
            continue
        counts = {indent: count for indent, count in counts.items() if len(indent) <= len(item[1])}
        counted = at + 1 < len(lines) and lines[at + 1].strip() == COUNTED
        counts[item[1]] = counts.get(item[1], 0) + 1 if counted else 0
        out[at] = f"{item[1]}- {counts[item[1]]}. {item[2]}" if counted else line
    return out


def _line(line: str, outline: Spoken) -> list[str]:
    """A line without what is for the program, or none."""
    if found := PROPERTY.match(line):
        outline.dropped.append(line)
        if found[1] == "title":
            return [f"# {found[2]}", ""]
        if found[1] not in OWN:
            outline.told.append(f"a property: {line.strip()[:40]!r}")
        return []
    if found := BEGIN.match(line) or END.match(line):
        outline.dropped.append(line)
        code = found[2].upper() in ("SRC", "EXAMPLE")
        return [f"{found[1]}```{found[3] if found.re is BEGIN else ''}"] if code else []

    def drop(match: re.Match[str]) -> str:
        outline.dropped.append(match[0])
        return ""

    def tell(match: re.Match[str]) -> str:
        outline.told.append(f"what another page shows: {match[0][:40]!r}")
        return drop(match)

    line = CLOZE.sub(lambda match: drop(match) + match[1], SIZE.sub(drop, line))
    return [REFERENCE.sub(tell, MACRO.sub(tell, line))]


def _flat(lines: list[str], outline: Spoken) -> list[str]:
    """The items: headings, questions and answers as such, with what is below them set in no more than they are."""
    out: list[str] = []
    bases = [0]  # how deep what stands open is
    depth = 0
    shift = ""  # before the further lines of an item
    for line in lines:
        item = ITEM.match(line)
        if item is None:
            inner = re.sub(rf"^(?:\t{{{depth}}}|(?:  ){{{depth}}})(?:  )?", "", line)
            out.append(shift + inner if inner.strip() else "")
            continue
        depth = item[1].count("\t") or len(item[1]) // 2
        while len(bases) > 1 and depth < bases[-1]:
            bases.pop()
        said = item[2]
        if state := STATE.match(said):
            outline.dropped.append(state[0])
            said = said[state.end() :]
            said = said if ask_mark(said) else f"[{'x' if state[1] else ' '}] {said}"
        if re.match(r"#{1,6} ", said) or ask_mark(said) or say_mark(said):
            out += ["", said, ""]
            bases.append(depth + 1)
            shift = ""
        elif said.strip():
            shift = "  " * (depth - bases[-1])
            out.append(shift + (said if re.match(r"\d+\. ", said) else f"- {said}"))
            shift += "  "
    return out
