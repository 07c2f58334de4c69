"""What was found in a pull request's notes and questions, as JSON: problems, likely duplicates, linked topics.

Runs in the job that can only read: `report.py NUMBER < paths`, the paths ended by NUL.
"""

import json
import sys
from pathlib import Path

from ingest import files, pipeline
from ingest.link import link
from ingest.model import Question

ROOT = Path(__file__).parents[2]
ALIKE = 0.5


def report(number: int, changed: set[str], root: Path) -> dict[str, object]:
    """The report on the changed files of a project."""
    patterns = {
        "notes": "talks/notes/*.md",
        "questions": "talks/questions/*.md",
        "topics": "docs/topics/*.md",
        "snippets": "snippets/[!_]*.py",
    }
    read, problems = {}, []
    for name, pattern in patterns.items():
        read[name], found = files.read([path for path in root.glob(pattern) if path.name != "index.md"], root)
        problems += found
    records, found = pipeline.parse(pipeline.Inputs(**read))
    questions = link(records).records.questions
    mine = [question for question in questions if question.path in changed]
    return {
        "number": number,
        "problems": [
            {"path": p.path, "line": p.line, "code": p.code, "severity": p.severity, "message": p.message}
            for p in sorted({*problems, *found})
            if p.path in changed
        ],
        "duplicates": [
            {"path": one.path, "title": one.title, "other": other.title, "other_path": other.path}
            for at, one in enumerate(mine)
            for other in questions
            if other is not one and other not in mine[: at + 1] and alike(one, other) >= ALIKE
        ],
        "topics": sorted({name for question in mine for name in question.topics}),
    }


def alike(one: Question, other: Question) -> float:
    """Share of letter pairs that two titles have in common, 0 to 1."""
    first, second = pairs(one.title), pairs(other.title)
    return len(first & second) / (len(first | second) or 1)


def pairs(title: str) -> set[str]:
    """The pairs of letters that stand side by side."""
    letters = "".join(char for char in title.lower() if char.isalnum())
    return {letters[at : at + 2] for at in range(len(letters) - 1)}


if __name__ == "__main__":
    names = {name for name in sys.stdin.read().split("\0") if name}
    json.dump(report(int(sys.argv[1]), names, ROOT), sys.stdout, ensure_ascii=False)
