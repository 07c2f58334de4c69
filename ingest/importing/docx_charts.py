"""The figures of a chart in a .docx as a table, out of the copy that Word keeps of its sheet."""

import html

from ingest.importing.docx_package import Element, child, name_of, said
from ingest.limits import number_in


def chart_table(chart: Element) -> str:
    """The HTML of a table with a row for each category and a column for each series; "" where there are none."""
    series = [each for each in chart.iter() if name_of(each) == "ser"]
    columns = [_points(each, "val", "yVal") for each in series]
    names = [" ".join(_points(each, "tx").values()) for each in series]
    first = next(filter(None, (_points(each, "cat", "xVal") for each in series)), {})
    places = sorted({place for column in (first, *columns) for place in column})
    if not places:
        return ""
    rows = [["", *names], *([first.get(place, ""), *(column.get(place, "") for column in columns)] for place in places)]
    cells = ("".join(f"<td>{html.escape(cell)}</td>" for cell in row) for row in rows)
    return f"<table>{''.join(f'<tr>{row}</tr>' for row in cells)}</table>"


def _points(series: Element, *names: str) -> dict[int, str]:
    """The values of one part of a series by their places; a single one stands there alone."""
    found: dict[int, str] = {}
    for each in (inner for part in series if name_of(part) in names for inner in part.iter()):
        value = child(each, "v")
        if value is not None and name_of(each) in (*names, "pt"):
            found[number_in(said(each, "idx"))] = (value.text or "").strip()
    return found
