"""The workflows' scripts, run as they run on GitHub: as programs, with a `gh` of ours that answers for GitHub."""

import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.ingest.conftest import project  # noqa: F401 a fixture

SCRIPTS = Path(__file__).parents[2] / ".github" / "scripts"
sys.path.append(str(SCRIPTS))

GH = f"""#!{sys.executable}
import json, os, pathlib, sys
here = pathlib.Path(__file__).parent
arguments = sys.argv[1:]
method = arguments[arguments.index("--method") + 1]
given = json.loads(sys.stdin.read()) if "--input" in arguments else None
with (here / "calls.jsonl").open("a") as file:
    file.write(json.dumps([method, arguments[1], given]) + "\\n")
answer = json.loads((here / "answers.json").read_text()).get(f"{{method}} {{arguments[1]}}")
if answer is None:
    sys.exit("gh: Not Found (HTTP 404)")
if "refused" in answer:
    sys.exit(answer["refused"])
if "file" in answer:
    sys.stdout.buffer.write((here / answer["file"]).read_bytes())
else:
    print(json.dumps(answer["json"]))
"""


class GitHub:
    """A GitHub that knows what a test tells it.

    Attributes:
        folder: Where `gh` and what it is told lie.
        answers: What it says, by method and path; of everything else that it is not found.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.answers = folder, {}
        (folder / "gh").write_text(GH, "utf-8")
        (folder / "gh").chmod(0o755)

    def has(self, path, answer, method="GET"):
        self.answers[f"{method} {path}"] = {"json": answer}

    def refuses(self, path, said, method="GET"):
        self.answers[f"{method} {path}"] = {"refused": said}

    def keeps(self, run, content, name="report.json", size=None):
        """A run of this number has left a report."""
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(name, content)
        self.keeps_packed(run, packed.getvalue(), size)

    def keeps_packed(self, run, packed, size=None):
        (self.folder / "report.zip").write_bytes(packed)
        artifact = {"id": 5, "expired": False, "size_in_bytes": len(packed) if size is None else size}
        self.has(f"repos/o/r/actions/runs/{run}/artifacts?name=report", {"artifacts": [artifact]})
        self.answers["GET repos/o/r/actions/artifacts/5/zip"] = {"file": "report.zip"}

    def run(self, script, *arguments, cwd=None, given="", **environment):
        """Run a script of the workflows."""
        (self.folder / "answers.json").write_text(json.dumps(self.answers))
        (self.folder / "calls.jsonl").write_text("")
        (self.folder / "output").write_text("")
        known = {
            "PATH": f"{self.folder}:{os.environ['PATH']}",
            "GITHUB_REPOSITORY": "o/r",
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_OUTPUT": str(self.folder / "output"),
            "GITHUB_STEP_SUMMARY": str(self.folder / "summary"),
        }
        command = [sys.executable, str(SCRIPTS / f"{script}.py"), *map(str, arguments)]
        return subprocess.run(
            command, cwd=cwd, env=os.environ | known | environment, input=given, capture_output=True, text=True
        )

    @property
    def calls(self):
        """Method, path and body of what was asked, in order."""
        return [tuple(json.loads(line)) for line in (self.folder / "calls.jsonl").read_text().splitlines()]

    @property
    def written(self):
        """The calls that change something."""
        return [call for call in self.calls if call[0] != "GET"]

    @property
    def outputs(self):
        return dict(line.split("=", 1) for line in (self.folder / "output").read_text().splitlines())


@pytest.fixture
def github(tmp_path):
    folder = tmp_path / "github"
    folder.mkdir()
    return GitHub(folder)
