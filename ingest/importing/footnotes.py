"""Footnotes put where a note can hold them: at its end in a section of their own, never inside an answer."""

import re
from collections.abc import Sequence

from ingest.markup import fenced_lines

DEFINED = re.compile(r"^ {0,3}\[\^([^\[\]\s]{1,40})\]:\s*(.*)$")
MARK = re.compile(r"\[\^([^\[\]\s]{1,40})\](?!:)")


def notes_at_end(text: str) -> str:
    """A talk's text with `[注 1]` for `[^1]`, and what the notes say below a heading at its end."""
    bare, said = _taken_out(text)
    numbers: dict[str, int] = {}

    def mark(match: re.Match[str]) -> str:
        return f"[注 {numbers.setdefault(match[1], len(numbers) + 1)}]" if match[1] in said else match[0]

    lines = bare.split("\n")
    fenced = fenced_lines(lines)
    lines = [line if at in fenced or "[^" not in line else MARK.sub(mark, line) for at, line in enumerate(lines)]
    if not said:
        return text
    for name in said:
        numbers.setdefault(name, len(numbers) + 1)
    listed = [
        f"- [注 {number}] {MARK.sub(mark, said[name])}"
        for name, number in sorted(numbers.items(), key=lambda item: item[1])
    ]
    return "\n".join(lines).rstrip("\n") + "\n\n## 注\n\n" + "\n".join(listed) + "\n"


def notes_in_place(text: str) -> str:
    """A collection's text with `（注：…）` where a note is named, so that each stays with its question."""
    bare, said = _taken_out(text)
    used: set[str] = set()

    def mark(match: re.Match[str]) -> str:
        used.add(match[1])
        return f"（注：{said[match[1]]}）" if match[1] in said else match[0]

    bare = MARK.sub(mark, bare).rstrip("\n") + "\n" if said else text
    rest = [note for name, note in said.items() if name not in used]
    return bare if not rest else bare.rstrip("\n") + "\n\n" + "\n\n".join(f"（注：{note}）" for note in rest) + "\n"


def _taken_out(text: str) -> tuple[str, dict[str, str]]:
    """The text without the definitions of notes, and what each says, its lines as one."""
    lines: Sequence[str] = text.split("\n")
    fenced = fenced_lines(lines)
    kept: list[str] = []
    said: dict[str, str] = {}
    open_note = ""
    for at, line in enumerate(lines):
        match = None if at in fenced else DEFINED.match(line)
        if match and match[1] not in said:
            open_note = match[1]
            said[open_note] = match[2].strip()
        elif open_note and re.match(r"(?: {2,}|\t)\S", line):
            said[open_note] = f"{said[open_note]} {line.strip()}".strip()
        else:
            open_note = open_note if not line.strip() and open_note else ""
            kept.append(line)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)) if said else text, said
