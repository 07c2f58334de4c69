"""Train the three tokenizers on this site's own sentences, and write what they learned: see `tokenizers.py`.

`python -m widgets.models.train_tokenizers` takes some minutes; the corpus is the summaries of concept pages (Chinese) and the
first paragraphs of the snippets' docstrings (English), as they stood when it was written to `corpus.txt`.
"""

import ast
import json
import re
import sys
from pathlib import Path

from snippets import bpe, unigram, wordpiece
from widgets.models.tokenizers import CORPUS, LEARNED, MERGES, STEP

ROOT = Path(__file__).parents[2]


def write_corpus() -> None:
    """The corpus anew, from the site's own texts."""
    summary = re.compile(r"^summary: (.+)$", re.MULTILINE)
    pages = sorted((ROOT / "docs" / "topics").glob("*.md"))
    lines = [found[1].strip("\"'") for page in pages if (found := summary.search(page.read_text("utf-8")))]
    for path in sorted((ROOT / "snippets").glob("[!_]*.py")):
        paragraphs = (ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "").split("\n\n")
        lines.append(" ".join(" ".join(paragraphs[:2]).split()))
    CORPUS.write_text("\n".join(lines) + "\n", "utf-8")


def learn(text: str) -> dict[str, object]:
    """Merges of BPE, pieces of WordPiece in the order learned, pieces of Unigram at every `STEP`."""
    lines = text.splitlines()
    merges = bpe.train(bpe.count_words(lines), MERGES)
    words = wordpiece.count_words(lines)
    characters = len({piece for word in words for piece in wordpiece.pieces_of(word)})
    pieces = wordpiece.train(words, characters + MERGES)
    counted = unigram.count_words(lines)
    single = len({letter for word in counted for letter in word})
    models = {}
    for size in range(0, MERGES + 1, STEP):
        logp = unigram.train(counted, single + size)
        models[str(size)] = {piece: round(logp[piece], 2) for piece in sorted(logp, key=lambda p: (-logp[p], p))}
        sys.stderr.write(f"unigram {size}\n")
    return {"bpe": merges, "wordpiece": [characters, pieces], "unigram": models}


if __name__ == "__main__":
    if "--corpus" in sys.argv:
        write_corpus()
    LEARNED.write_text(
        json.dumps(learn(CORPUS.read_text("utf-8")), ensure_ascii=False, separators=(",", ":")) + "\n", "utf-8"
    )
