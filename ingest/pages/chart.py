"""A chart of concepts over time: a table of bubbles as SVG, and the same numbers as an HTML table for who cannot see.

Nothing in it needs colour or a style of its own (the site's policy forbids inline styles): the page's text colour, the
size of a bubble, and the number in it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from html import escape
from math import sqrt

MONTHS, CONCEPTS = 12, 12  # columns and rows at most
CELL, ROW, HEAD = (
    28,
    48,
    24,
)  # user units: circle's room, a concept's name and circles, the months; fits a phone


def chart(records: Iterable[tuple[date, Sequence[str]]], titles: Mapping[str, str]) -> str:
    """The newest months by the concepts that most dated records name in them, or "" where no record names any.

    Args:
        records: The day of each record and the names of its concepts.
        titles: Concept name -> what to show; other names are left out. Its order decides between equal concepts.
    """
    counts = Counter((name, day.year * 12 + day.month - 1) for day, names in records for name in names)
    counts = Counter({key: number for key, number in counts.items() if key[0] in titles})
    if not counts:
        return ""
    last = max(month for _, month in counts)
    months = range(last - MONTHS + 1, last + 1)
    totals = {name: sum(counts[name, month] for month in months) for name in titles}
    names = [name for name in sorted(totals, key=lambda name: -totals[name])[:CONCEPTS] if totals[name]]
    rows = [(titles[name], [counts[name, month] for month in months]) for name in names]
    heads = [f"{month // 12}-{month % 12 + 1:02}" for month in months]
    return (
        f'<figure class="wiki-chart" data-pagefind-ignore="all">\n{_svg(heads, rows)}\n{_table(heads, rows)}\n</figure>'
    )


def _svg(heads: Sequence[str], rows: Sequence[tuple[str, Sequence[int]]]) -> str:
    width, height = CELL * len(heads), HEAD + ROW * len(rows)
    most = max(max(numbers) for _, numbers in rows)
    parts = [
        f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" fill="currentColor"'
        f' font-size="12" text-anchor="middle"><title>{heads[0]} 至 {heads[-1]} 各月谈到各概念的次数</title>'
    ]
    for column, head in enumerate(heads):  # the year stands where it begins
        named = head.endswith("-01") or (column == 0 and not heads[1].endswith("-01"))  # side by side they would touch
        text = head[2:] if named else head[5:]
        parts.append(f'<text x="{CELL * column + CELL // 2}" y="{HEAD - 8}" font-size="11">{text}</text>')
    for row, (title, numbers) in enumerate(rows):
        top = HEAD + ROW * row
        middle = top + ROW - CELL // 2
        parts.append(f'<path d="M0 {top}H{width}" stroke="currentColor" stroke-opacity=".2"/>')
        parts.append(f'<text y="{top + 15}" text-anchor="start">{escape(title)}</text>')
        for column, number in enumerate(numbers):
            if number:
                x, radius = CELL * column + CELL // 2, CELL / 2 * sqrt(number / most)
                parts.append(f'<circle cx="{x}" cy="{middle}" r="{radius:.1f}" fill-opacity=".2"/>')
                parts.append(f'<text x="{x}" y="{middle + 4}">{number}</text>')
    return "\n".join([*parts, "</svg>"])


def _table(heads: Sequence[str], rows: Sequence[tuple[str, Sequence[int]]]) -> str:
    """The numbers as text: one line per concept, the months in which it was spoken of."""
    lines = [
        f'<tr><th scope="row">{escape(title)}</th><td>'
        + "，".join(f"{head}：{number}" for head, number in zip(heads, numbers, strict=True) if number)
        + f"</td><td>{sum(numbers)}</td></tr>"
        for title, numbers in rows
    ]
    top = '<tr><th scope="col">概念</th><th scope="col">各月次数</th><th scope="col">合计</th></tr>'
    body = "\n".join(lines)
    table = f"<table>\n<thead>{top}</thead>\n<tbody>\n{body}\n</tbody></table>"
    return f"<details><summary>图中的数字</summary>{table}</details>"
