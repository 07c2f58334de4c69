"""Questions, links and authors of real documents, counted by eye, held against what is read of them.

The documents are not ours: only places, numbers, names, addresses and hashes of titles are kept here, in
`import_truth.json`. `python -m tools.bench.import_truth` prints recall and precision.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ingest.importing.convert import convert
from ingest.importing.document import as_talk, tell_kind
from ingest.model import Source
from ingest.notes.parse import parse_note
from ingest.reporting import talk_json

TRUTH = json.loads(Path(__file__).with_suffix(".json").read_text("utf-8"))
INPUTS = Path(__file__).parents[3] / "shared" / "inputs"


@dataclass(frozen=True, slots=True)
class Score:
    """How much of what there is was found, and how much of what was found is there."""

    right: int = 0
    there: int = 0
    found: int = 0

    def __add__(self, other: "Score") -> "Score":
        return Score(self.right + other.right, self.there + other.there, self.found + other.found)

    @property
    def recall(self) -> float:
        """From 0 to 1."""
        return self.right / max(1, self.there)

    @property
    def precision(self) -> float:
        """From 0 to 1."""
        return self.right / max(1, self.found)


def compare(there: Iterable[object], found: Iterable[object]) -> Score:
    """Two lists without order, each item once."""
    one, other = set(map(str, there)), set(map(str, found))
    return Score(len(one & other), len(one), len(other))


def mark_of(title: str) -> str:
    """A title's letters, by a hash: whether it is the same, and no word of it."""
    return hashlib.sha256("".join(filter(str.isalnum, title)).encode()).hexdigest()[:12]


def score_talks() -> dict[str, Score]:
    """Questions, links and authors of the talks."""
    total = dict.fromkeys(("questions", "links", "authors"), Score())
    for name, truth in TRUTH["talks"].items():
        text = convert(INPUTS / "talks" / name).text
        talk = talk_json(parse_note(as_talk(Source(name, text)))[0])
        asked = [f"{q['id']} {mark_of(str(q['text']).splitlines()[0])}" for q in talk["questions"]]
        authors = [f"{q['id']} {a['author']}" for q in talk["questions"] for a in q["answers"] if a["author"]]
        people = [*(f"host {n}" for n in talk["hosts"]), *(f"editor {n}" for n in talk["editors"])]
        total["questions"] += compare(truth["questions"], asked)
        total["links"] += compare(truth["links"], talk["urls"])
        total["authors"] += compare(truth["authors"], authors + people)
    return total


def score_collections() -> tuple[Score, int]:
    """Questions of the collections by their lines and titles, and how many of their titles are not as they were."""
    total, mangled = Score(), 0
    for name, truth in TRUTH["collections"].items():
        told = tell_kind(Source(name, (INPUTS / "collections" / name).read_text("utf-8")))
        found = {question.line: mark_of(question.title) for question in told.questions}
        total += compare(truth, found)
        mangled += sum(found[int(line)] != title for line, title in truth.items() if int(line) in found)
    return total, mangled


def main() -> None:
    """Print the scores."""
    for name, score in score_talks().items():
        print(f"talks, {name}: recall {score.recall:.3f}, precision {score.precision:.3f} of {score.there}")
    score, mangled = score_collections()
    print(f"collections, questions: recall {score.recall:.3f}, precision {score.precision:.3f} of {score.there}")
    print(f"collections, mangled titles: {mangled}")


if __name__ == "__main__":
    main()
