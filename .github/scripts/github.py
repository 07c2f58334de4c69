"""What the workflows' scripts share: GitHub's interface through `gh`, and what a run says. Standard library alone."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any


class Refused(Exception):
    """GitHub did not do what it was asked; the text is its own answer."""


def api(path: str, method: str = "GET", body: object = None) -> Any:
    """One call; the body goes by standard input, because a command line holds only so much.

    Raises:
        Refused: With what GitHub said, such as "Not Found (HTTP 404)".
    """
    return json.loads(raw(path, method, body) or b"null")


def raw(path: str, method: str = "GET", body: object = None) -> bytes:
    """The same for an answer that is no JSON."""
    command = ["gh", "api", path, "--method", method, *(["--input", "-"] if body is not None else [])]
    given = b"" if body is None else json.dumps(body).encode()
    done = subprocess.run(command, input=given, capture_output=True)
    if done.returncode:
        raise Refused(done.stderr.decode("utf-8", "replace").strip())
    return done.stdout


def repository() -> str:
    """This repository, as `OWNER/NAME`."""
    return os.environ["GITHUB_REPOSITORY"]


def address() -> str:
    """This repository's address."""
    return f"{os.environ.get('GITHUB_SERVER_URL', 'https://github.com')}/{repository()}"


def say(text: str, kind: str = "notice") -> None:
    """A note on the run's page, `notice` or `warning`; it stays green."""
    one_line = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    print(f"::{kind}::{one_line}", flush=True)
    if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
        with Path(summary).open("a", encoding="utf-8") as file:
            file.write(f"{text}\n\n")


def give(name: str, value: str) -> None:
    """An output of the step."""
    with Path(os.environ["GITHUB_OUTPUT"]).open("a", encoding="utf-8") as file:
        file.write(f"{name}={value}\n")
