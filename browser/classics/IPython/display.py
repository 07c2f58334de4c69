"""`IPython.display`: each thing as the cell shows a last value, figures as figures."""

import sys
from typing import Any


def display(*objects: Any, **options: Any) -> None:
    """Show things, one below the other."""
    for one in objects:
        if type(one).__module__.partition(".")[0] == "matplotlib":
            sys.modules["matplotlib.pyplot"].show()
        else:
            sys.stdout.write(f"{one!r}\n")


def clear_output(wait: bool = False) -> None:
    """What was printed stays."""


class _Text:
    def __init__(self, data: str = "", **options: Any) -> None:
        self.data = data

    def __repr__(self) -> str:
        return self.data


class Markdown(_Text):
    """A text, as it was written."""


class HTML(_Text):
    """A text, as it was written: a cell shows nobody's markup."""


class Math(_Text):
    """A formula, as it was written."""


Latex = Math


def __getattr__(name: str) -> Any:
    raise AttributeError(f"IPython.display.{name} is not in the page")
