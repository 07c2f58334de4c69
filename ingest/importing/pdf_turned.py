"""Tables of a PDF that go over the end of a page, as one."""

import re
from collections.abc import Sequence

from ingest.importing.pdf_furniture import Page
from ingest.importing.pdf_lines import WIDE, Line


def with_whole_tables(pages: Sequence[Page], told: list[str], dropped: list[str]) -> None:
    """Join what a page begins with to the table that the page before ends with, of which it is the rest."""
    heads = 0
    above: Line | None = None  # what the pages so far end with
    for page in pages:
        first = page.lines[0] if page.lines else None
        if above and first and _goes_on(above, first):
            head, _ruler, *rows = first.done.split("\n")
            if head == above.done.partition("\n")[0]:
                heads += 1
                dropped.append(head)
            else:
                rows = [head, *rows]
            whole = above.done.split("\n")
            goes_on = first.cut[0] or (rows and head == whole[0] and rows[0].startswith("|  |"))
            if above.cut[1] and goes_on and rows:  # one row, of which a part stands on each page
                whole[-1], rows = _one_row(whole[-1], rows[0]), rows[1:]
            above.done, above.cut = "\n".join((*whole, *rows)), first.cut
            page.lines = page.lines[1:]
        above = page.lines[-1] if page.lines else above
    if heads:
        told.append("the head of a table, once more on its next page" + f" ({heads})" * (heads > 1))


def _one_row(above: str, below: str) -> str:
    """Two parts of a row as one."""
    parts = zip(*(re.split(r"(?<!\\)\|", row)[1:-1] for row in (above, below)), strict=True)
    cells = ((one.strip(), other.strip()) for one, other in parts)
    joined = (f"{one}{'' if WIDE.search(one[-1:] + other[:1]) else ' '}{other}".strip() for one, other in cells)
    return f"| {' | '.join(joined)} |"


def _goes_on(above: Line, below: Line) -> bool:
    """Whether a table is the rest of another: with the same head, or with the same columns and no head of its own."""
    if above.kind != "table" or below.kind != "table" or len(above.columns) != len(below.columns):
        return False
    if above.done.partition("\n")[0] == below.done.partition("\n")[0]:
        return True
    near = all(abs(one - other) < 4 for one, other in zip(above.columns, below.columns, strict=True))
    return near and not below.headed
