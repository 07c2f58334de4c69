"""`python -m pictures` writes all pictures, `python -m pictures NAME...` some."""

import sys
from collections.abc import Iterable
from pathlib import Path

from ingest.tree import Tree
from pictures import alignment, attention, decoding, language, layers, models, positions, scale, training, usage, words

ROOT = Path(__file__).parents[1]
PLACE = "docs/topics/pictures"
FOLDER = ROOT / PLACE
MAKERS = {
    name: make
    for module in (attention, positions, layers, models, words, language, training, alignment, decoding, usage, scale)
    for name, make in vars(module).items()
    if getattr(make, "__module__", "") == module.__name__ and not name.startswith("_")
}


def draw(name: str) -> str:
    """The picture of a concept as its file holds it, with what is to be seen in it below, for everybody."""
    svg = MAKERS[name]()
    seen = svg.partition('aria-label="')[2].partition('"')[0]  # who hears it there need not hear it twice
    caption = f'<figcaption aria-hidden="true">{seen}。</figcaption>'
    svg = svg.replace("<svg ", '<svg data-pagefind-ignore="all" ', 1)
    return f'<figure class="wiki-picture">\n{svg}{caption}\n</figure>\n'


def write(names: Iterable[str], root: Path = ROOT) -> None:
    """Draw these pictures into a checkout."""
    for name in names:
        Tree(root).write(f"{PLACE}/{name}.html", draw(name).encode())


if __name__ == "__main__":
    write(sys.argv[1:] or MAKERS)
