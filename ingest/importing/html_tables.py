"""Tables of HTML made so plain that Markdown can hold them: every cell in its column, one line a cell."""

from typing import Any

from bs4 import BeautifulSoup, Tag

from ingest.limits import number_in

LARGE = ["pre", "table", "ol", "ul"]


def tables(tree: Any) -> None:
    """Merged cells keep their columns; a table of one cell is no table; what has lines of its own goes below."""
    for table in reversed(tree.find_all("table")):  # inner ones first
        rows = [row for row in table.find_all("tr") if row.find_parent("table") is table]
        cells = [cell for row in rows for cell in row.find_all(["td", "th"], recursive=False)]
        if len(cells) == 1:
            _unwrap(table, cells[0])
            continue
        _spread(rows)
        _move_below(table, rows)
        for row in rows:  # an empty first row would be the table's head
            if row.get_text(strip=True) or row.find(["img", "tex"]):
                break
            row.decompose()
        for caption in table.find_all("caption"):
            caption.name = "p"
            table.insert_before(caption.extract())
        for cell in table.find_all(["td", "th"]):
            for block in cell.find_all(["p", "div", "section", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote"]):
                block.insert_after(" ")
                block.unwrap()


def _unwrap(table: Any, cell: Any) -> None:
    cell.name, cell.attrs = "div", {}
    table.replace_with(cell)


def _spread(rows: list[Any]) -> None:
    """`rowspan` and `colspan` as empty cells."""
    make = BeautifulSoup("", "html.parser").new_tag
    below: dict[int, int] = {}  # by column: over how many rows yet a cell above reaches
    for row in rows:
        column = 0
        cells: list[Tag] = row.find_all(["td", "th"], recursive=False)
        for cell in [*cells, None]:
            while below.get(column, 0):
                below[column] -= 1
                empty = make("td")
                cell.insert_before(empty) if cell is not None else row.append(empty)
                column += 1
            if cell is None:
                break
            across, down = _span(cell, "colspan"), _span(cell, "rowspan")
            last = cell
            for at in range(across):
                if down > 1:
                    below[column + at] = down - 1
                if at:
                    empty = make(cell.name)
                    last.insert_after(empty)
                    last = empty
            column += across


def _span(cell: Any, name: str) -> int:
    said = str(cell.get(name) or "1")
    if name in cell.attrs:
        del cell[name]
    return min(number_in(said) or 1, 100)


def _move_below(table: Any, rows: list[Any]) -> None:
    """Code, lists of several items and tables inside of cells, behind the table, each under its number."""
    make = BeautifulSoup("", "html.parser").new_tag
    moved: list[Any] = []
    for row in rows:
        for cell in row.find_all(["td", "th"], recursive=False):
            for inner in cell.find_all(LARGE):
                if inner.parent is None or inner.find_parent(LARGE[:1] + LARGE[1:]) not in (None, table):
                    continue
                if (inner.name in ("ol", "ul") and len(inner.find_all("li")) == 1) or not inner.get_text(strip=True):
                    continue
                moved.append(inner)
                inner.replace_with(f"（见表下 {len(moved)}）")
    for number, inner in reversed(list(enumerate(moved, 1))):
        head = make("p")
        head.string = f"表中 {number}："
        table.insert_after(head, inner)
