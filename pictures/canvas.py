"""What diagrams are made of: boxes, words and arrows in the colour of the text, on a ground as wide as a phone."""

from collections.abc import Iterable
from html import escape

WIDTH = 328  # of a phone's text column, in CSS pixels
FONT = 12


class Canvas:
    """An SVG of fixed size. Coordinates are pixels from the top left corner."""

    def __init__(self, height: float, alt: str) -> None:
        """`alt` says what is to be seen, for those who cannot see it."""
        self.parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {_n(height)}" width="{WIDTH}"'
            f' height="{_n(height)}" font-family="sans-serif" font-size="{FONT}" text-anchor="middle"'
            f' fill="currentColor" role="img" aria-label="{escape(alt)}">'
        ]

    def text(self, x: float, y: float, text: str, anchor: str = "", size: int = FONT, bold: bool = False) -> None:
        """Words around `x` on the line `y`, or from it (`start`), or up to it (`end`)."""
        more = f' text-anchor="{anchor}"' if anchor else ""
        more += f' font-size="{size}"' if size != FONT else ""
        more += ' font-weight="bold"' if bold else ""
        self.parts.append(f'<text x="{_n(x)}" y="{_n(y)}"{more}>{escape(text)}</text>')

    def box(
        self, x: float, y: float, width: float, height: float, text: str = "", shade: float = 0.0, dashed: bool = False
    ) -> None:
        """A box around lines of words; `shade` from 0 (empty) to 1 (black on white, white on black)."""
        more = ' stroke-dasharray="4 3"' if dashed else ""
        self.parts.append(
            f'<rect x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}" fill-opacity="{_n(shade)}"'
            f' stroke="currentColor"{more}/>'
        )
        lines = text.split("\n") if text else []
        for at, line in enumerate(lines):
            self.text(x + width / 2, y + height / 2 + 4 + 15 * (at - (len(lines) - 1) / 2), line)

    def line(self, points: Iterable[tuple[float, float]], dashed: bool = False, bold: bool = False) -> None:
        """A line through points."""
        path = "L".join(f"{_n(x)} {_n(y)}" for x, y in points)
        more = ' stroke-dasharray="4 3"' if dashed else ""
        more += ' stroke-width="2.5"' if bold else ""
        self.parts.append(f'<path d="M{path}" fill="none" stroke="currentColor"{more}/>')

    def arrow(self, *points: tuple[float, float], dashed: bool = False) -> None:
        """A line through points with a head at its end."""
        self.line(points, dashed)
        (a, b), (x, y) = points[-2:]
        length = ((x - a) ** 2 + (y - b) ** 2) ** 0.5
        along, across = ((x - a) / length * 6, (y - b) / length * 6), ((y - b) / length * 3.5, (a - x) / length * 3.5)
        corners = [(x - along[0] + sign * across[0], y - along[1] + sign * across[1]) for sign in (1, -1)]
        path = "L".join(f"{_n(across)} {_n(down)}" for across, down in [(x, y), *corners])
        self.parts.append(f'<path d="M{path}z"/>')

    def grid(self, x: float, y: float, side: float, rows: Iterable[Iterable[float]]) -> None:
        """Squares shaded from 0 to 1, row by row."""
        for down, row in enumerate(rows):
            for across, shade in enumerate(row):
                self.box(x + across * side, y + down * side, side, side, shade=shade)

    def done(self) -> str:
        """The document."""
        return "\n".join([*self.parts, "</svg>", ""])


def _n(value: float) -> str:
    return f"{round(float(value), 1):g}"
