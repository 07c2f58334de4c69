"""What a page by hand may not cost the generator: L005, where a few letters would take it minutes or gigabytes."""

import re
from collections import Counter
from collections.abc import Iterator

from ingest.limits import BLANKS, CELLS, CHOSEN, NOTE_SIGNS, PAGE_COST, PAGE_MARKS, PARAGRAPH_MARKS, marks_in
from ingest.model import Source
from ingest.problems import Problem
from ingest.sure_code import PARAGRAPH_END, without_code

NOTE_SIGN = re.compile(r"\[\^[^\]\n]{1,100}\]")
CHOSEN_LINES = re.compile(rf"hl_lines[^\n]{{{CHOSEN}}}", re.IGNORECASE)


def check_cost(source: Source) -> Iterator[Problem]:
    """Marks, tables, references, notes at the foot; code costs it next to nothing."""
    text = source.text
    if (marks := marks_in(text)) > PAGE_MARKS:
        yield _problem(source, f"{marks} marks and lines, in a page")
    yield from check_blanks(source)
    line, cost, cells = 1, 0, 0
    for paragraph in PARAGRAPH_END.split(without_code(text)):
        if (marks := marks_in(paragraph)) > PARAGRAPH_MARKS:
            yield _problem(source, f"{marks} marks and lines, in a paragraph", line)
        cost += marks * sum(map(len, paragraph.split()))
        rows = paragraph.split("\n")
        cells += len(rows) * max(row.count("|") for row in rows)  # each is filled up to its head
        line += len(rows) - 1
    if cost > PAGE_COST:
        yield _problem(source, "too many marks in paragraphs of so many letters")
    if cells > CELLS:
        yield _problem(source, f"tables of {cells} cells")
    if "]:" in text and text.count("]") * max(map(len, text.split("\n"))) > PAGE_COST:
        yield _problem(source, "references to something so long")
    if (most := max(Counter(NOTE_SIGN.findall(text)).values(), default=0)) > NOTE_SIGNS:  # each looks for the last
        yield _problem(source, f"{most} references to a note")
    if found := CHOSEN_LINES.search(text):
        yield _problem(source, "more than a line of chosen lines", text.count("\n", 0, found.start()) + 1)


def check_blanks(source: Source) -> Iterator[Problem]:
    """What headings and code are read in the square of."""
    if found := re.search(rf"\s{{{BLANKS}}}", source.text):
        yield _problem(source, f"{BLANKS} blanks in a row", source.text.count("\n", 0, found.start()) + 1)


def _problem(source: Source, what: str, line: int = 1) -> Problem:
    return Problem(source.path, line, 1, "L005", what)
