"""What all tests share.

Hypothesis tries the same examples each time and watches no clock, so that what passed here passes in CI, and on a busy
machine.

`make test` gives each process a file at a time: what a file's tests share (a profile of the browser, a built site, a
visit of many pages) is made once. Files with slow tests come first: one that came last would let the other wait.

Every warning is an error (pyproject.toml), but a deprecation that a dependency issues is only shown: it says what a
later version will break, and a later version comes with a change of the lock alone. A filter cannot tell the two
apart: it sees the line that a warning is attributed to, which for a renamed argument is the line of our call.
"""

import os
import sys
import warnings
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import settings

# Tests run make as people do, also where `make test` runs the tests.
for name in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS"):
    os.environ.pop(name, None)

ROOT = Path(__file__).parents[1]

settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")


@pytest.hookimpl(trylast=True)  # after pytest-randomly has shuffled them
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    slow, browser = (
        Counter(item.path for item in items if item.get_closest_marker(name)) for name in ("slow", "browser")
    )
    items.sort(key=lambda item: (slow[item.path], browser[item.path]), reverse=True)


def ours(filename: str) -> bool:
    path = Path(filename)
    return path.is_relative_to(ROOT) and "site-packages" not in path.parts


def issuer() -> str:
    """The file that called `warnings.warn`, seen from `showwarning`."""
    frame = sys._getframe(2)
    while frame.f_globals["__name__"] in ("warnings", "_py_warnings"):
        frame = frame.f_back
    return frame.f_code.co_filename


@contextmanager
def own_deprecations_raise() -> Iterator[None]:
    """Raise the deprecations that we issue, and those of Python itself at a line of ours; show the others."""
    show = warnings.showwarning

    def raise_or_show(message, category, filename, *rest, **more):
        source = issuer()
        if ours(source) or (ours(filename) and "site-packages" not in Path(source).parts):
            raise message
        show(message, category, filename, *rest, **more)

    warnings.showwarning = raise_or_show
    try:
        yield
    finally:
        warnings.showwarning = show


@pytest.hookimpl(wrapper=True)  # within pytest's own, which records what is shown
def pytest_collection() -> Generator[None, object, object]:
    with own_deprecations_raise():
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Generator[None, object, object]:
    with own_deprecations_raise():
        return (yield)
