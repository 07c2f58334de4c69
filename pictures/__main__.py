"""`python -m pictures` writes all pictures, `python -m pictures NAME...` some."""

import re
import sys
from collections.abc import Iterable
from pathlib import Path

from ingest.tree import Tree
from pictures import alignment, attention, decoding, language, layers, models, positions, scale, training, usage, words

ROOT = Path(__file__).parents[1]
PLACE = "docs/topics/pictures"
SMALL = "docs/topics/thumbnails"
FOLDER = ROOT / PLACE
MAKERS = {
    name: make
    for module in (attention, positions, layers, models, words, language, training, alignment, decoding, usage, scale)
    for name, make in vars(module).items()
    if getattr(make, "__module__", "") == module.__name__ and not name.startswith("_")
}


def group_class(name: str) -> str:
    """The class by which docs/assets/colours.css knows a concept's group; "" for none.

    Both front matters are what the checker saw: a group is one line, and the index has one a line.
    """
    topics = ROOT / "docs" / "topics"
    group = re.search(r"^group: *(.+)$", (topics / f"{name}.md").read_text("utf-8"), re.MULTILINE)
    _, _, listed = (topics / "index.md").read_text("utf-8").partition("\ngroups:\n")
    groups = [line.split(":")[0].strip() for line in listed.split("\n---")[0].splitlines()]
    return f" wiki-group--{groups.index(group[1].strip()) + 1}" if group and group[1].strip() in groups else ""


def _in_colours(svg: str, name: str) -> str:
    """What the letters stand for, in the colours of the page's formulas."""
    page = (ROOT / "docs" / "topics" / f"{name}.md").read_text("utf-8")
    said = re.search(r"^symbols: *\[(.+)\]$", page, re.MULTILINE)
    lines = [line.split() for line in said[1].split(",")] if said else []
    roles = {name: role for role, *names in lines for name in names}
    longest = sorted(roles, key=lambda one: (-len(one), one))
    # Latin names stand alone; Chinese words have no space around them.
    pattern = "|".join(rf"(?<![A-Za-z]){one}(?![A-Za-z])" if one.isascii() else one for one in longest)

    def painted(found: re.Match[str]) -> str:
        return found[1] + re.sub(pattern, lambda one: f'<tspan class="wiki-{roles[one[0]]}">{one[0]}</tspan>', found[2])

    return re.sub(r"(<text[^>]*>)([^<]*)", painted, svg) if roles else svg


def draw(name: str) -> str:
    """The picture of a concept as its file holds it, with what is to be seen in it below, for everybody."""
    svg = MAKERS[name]()
    seen = svg.partition('aria-label="')[2].partition('"')[0]  # who hears it there need not hear it twice
    caption = f'<figcaption aria-hidden="true">{seen}。</figcaption>'
    svg = _in_colours(svg, name)
    return f'<figure class="wiki-picture{group_class(name)}">\n{svg}{caption}\n</figure>\n'


def shrink(drawn: str) -> str:
    """A copy for the gallery, a third as high: without words, which nobody could read there, and on whole pixels."""
    bare = re.sub(r"<(text|figcaption)\b.*?</\1>\n?", "", drawn, flags=re.DOTALL)
    bare = re.sub(r'role="img" aria-label="[^"]*"', 'aria-hidden="true"', bare)
    return re.sub(r"-?\d+\.\d+", lambda one: f"{float(one[0]):.0f}" if abs(float(one[0])) > 2 else one[0], bare)


def write(names: Iterable[str], root: Path = ROOT) -> None:
    """Draw these pictures into a checkout, each with its small copy."""
    for name in names:
        drawn = draw(name)
        Tree(root).write(f"{PLACE}/{name}.html", drawn.encode())
        Tree(root).write(f"{SMALL}/{name}.html", shrink(drawn).encode())


if __name__ == "__main__":
    write(sys.argv[1:] or MAKERS)
