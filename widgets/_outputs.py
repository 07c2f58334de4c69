"""What a widget shows at its default position, by real torch: kept in `outputs/`, one file a widget and language.

A file holds the printed line and each picture after a line that begins with `%%`. `make outputs` writes them.
"""

import contextlib
import io
import re
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path

from widgets import _form

HERE = Path(__file__).parent
ROOT = HERE.parent
KEY = re.compile(r' data-key="([\w-]*)"')


@dataclass(frozen=True)
class Shown:
    """What a run shows: the printed text, and pictures as SVG by their keys."""

    text: str
    pictures: dict[str, str]

    def written(self) -> str:
        """As a file."""
        return f"{self.text}\n" + "".join(f"%% {key}\n{svg}" for key, svg in self.pictures.items())


class Recorder(io.StringIO):
    """Standard output that takes pictures, as a cell's does; a picture replaces the one of its key."""

    def __init__(self) -> None:
        super().__init__()
        self.pictures: dict[str, str] = {}

    def show_figure(self, svg: str, alt: str) -> None:
        """What `browser.plot` calls."""
        found = KEY.search(svg)
        self.pictures[found[1] if found else str(len(self.pictures))] = svg


def names() -> list[str]:
    """Of all widgets."""
    return sorted(path.stem for path in HERE.glob("[!_]*.py"))


def script(name: str, language: str) -> _form.Script:
    """A widget in one language."""
    return _form.parse(name, (HERE / f"{name}.py").read_text("utf-8"), language)


def run(code: str, namespace: dict[str, object] | None = None) -> Shown:
    """Run code with whatever torch is there."""
    recorder = Recorder()
    with warnings.catch_warnings(), contextlib.redirect_stdout(recorder):
        warnings.simplefilter("error")
        exec(compile(code, "<widget>", "exec"), {"__name__": "__main__"} if namespace is None else namespace)
    return Shown(recorder.getvalue().strip(), recorder.pictures)


def path_of(name: str, language: str) -> Path:
    """Where a widget's output is kept."""
    return HERE / "outputs" / f"{name}.{language}.txt"


def kept(name: str, language: str) -> Shown:
    """What was written last."""
    text, *parts = re.split(r"^%% (.*)\n", path_of(name, language).read_text("utf-8"), flags=re.MULTILINE)
    return Shown(text.strip(), dict(zip(parts[::2], parts[1::2], strict=True)))


def main(chosen: list[str]) -> int:
    """Write the outputs of these widgets, or of all."""
    for name in chosen or names():
        for language in _form.LANGUAGES:
            path_of(name, language).write_text(run(script(name, language).code).written(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
