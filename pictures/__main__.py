"""`python -m pictures` writes all pictures, `python -m pictures NAME...` some."""

import sys
from pathlib import Path

from pictures import alignment, attention, decoding, language, layers, models, positions, scale, training, usage, words

FOLDER = Path(__file__).parents[1] / "docs/topics/pictures"
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


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for wanted in sys.argv[1:] or MAKERS:
        (FOLDER / f"{wanted}.html").write_text(draw(wanted), encoding="utf-8")
