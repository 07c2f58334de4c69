"""What `python -m ingest check` says of a pull request, as JSON: `report.py NUMBER < paths`, each path ended by NUL.

Runs in the job that can only read. The check is asked as a contributor would ask it, so that the comment never says
anything else than the check does; one that breaks or takes too long is reported too.
"""

import json
import subprocess
import sys
from pathlib import Path

from ingest import pipeline
from ingest.link import link
from ingest.problems import Problem
from ingest.show import shown as understanding
from ingest.workspace import Workspace

ROOT = Path(__file__).parents[2]
MOST = 100  # problems in a report; the comment shows fewer
LONGEST = 300  # letters of what is said of one
FILES = 10  # of which it says what was understood
SECONDS = 300


def report(number: int, changed: set[str], root: Path) -> dict[str, object]:
    """The report on a project of which these files were changed."""
    problems, failure = check(root)
    problems.sort(key=lambda problem: problem["severity"])  # errors first
    counts = {
        "errors": sum(problem["severity"] == "error" for problem in problems),
        "warnings": sum(problem["severity"] == "warning" for problem in problems),
    }
    return {
        "number": number,
        "failure": failure,
        **counts,
        "problems": [shown(problem) for problem in problems if problem["path"] in changed][:MOST],
        "elsewhere": [
            shown(problem) for problem in problems if problem["path"] not in changed and problem["severity"] == "error"
        ][:MOST],
        **({"topics": [], "understood": []} if failure else understood(changed, root)),
    }


def check(root: Path) -> tuple[list[dict[str, str]], str]:
    """Every problem of a project, and why there is no answer, or ""."""
    folders = [f"--{name}={root / name}" for name in ("talks", "docs", "snippets")]
    command = [sys.executable, "-m", "ingest", "check", "--format", "json", *folders]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=SECONDS)
        return list(json.loads(done.stdout)), ""
    except subprocess.TimeoutExpired:
        return [], f"the check took more than {SECONDS} seconds"
    except ValueError:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines() or [f"exit code {done.returncode}"]
        return [], said[-1][:LONGEST]


def shown(problem: dict[str, str]) -> dict[str, object]:
    """One problem, in Chinese."""
    path, line, column, code, message = (problem[key] for key in ("path", "line", "column", "code", "message"))
    said = Problem(path, int(line), int(column), code, message).said("zh")
    return {"path": path, "line": int(line), "code": code, "severity": problem["severity"], "message": said[:LONGEST]}


def understood(changed: set[str], root: Path) -> dict[str, list[object]]:
    """What was read of the changed notes and questions, and the concepts that their questions will lead to."""
    inputs, _, _ = Workspace.at(root).read(("notes", "questions", "concepts", "snippets"))
    records = link(pipeline.parse(inputs)[0]).records
    named = [source for source in (*inputs.notes, *inputs.questions) if source.path in changed]
    told = understanding(records, named, inputs.pictures, "zh")
    return {
        "topics": sorted({name for one in records.questions if one.path in changed for name in one.topics})[:MOST],
        "understood": [
            {"path": path, "lines": [line[:LONGEST] for line in lines[:MOST]]} for path, lines in told.items()
        ][:FILES],
    }


if __name__ == "__main__":
    names = {name for name in sys.stdin.read().split("\0") if name}
    json.dump(report(int(sys.argv[1]), names, ROOT), sys.stdout, ensure_ascii=False)
