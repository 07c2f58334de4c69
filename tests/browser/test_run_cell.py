"""The cell's Python side, under the Python at hand: what a block prints, returns and raises."""

import sys
from types import ModuleType
from typing import Any

import pytest

from browser.python import run_cell
from browser.python.run_cell import BURST, LIMIT, PAUSE, Budget, Cells, Stream


@pytest.fixture(autouse=True)
def main_module(monkeypatch):
    """`run` puts the page's module into `sys.modules`; take it out again."""
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])


class Page:
    """A page of a fresh runtime that keeps what its blocks emit."""

    def __init__(self) -> None:
        self.cells = Cells()
        self.events: list[tuple[str, dict[str, Any]]] = []

    def run(self, code: str, block: str = "1", page: str = "p", setup: str = "") -> dict[str, Any]:
        self.events.clear()
        return self.cells.run(page, block, code, setup, lambda event, fields: self.events.append((event, fields)))

    def printed(self, stream: str = "stdout") -> str:
        return "".join(fields["text"] for event, fields in self.events if fields.get("stream") == stream)


@pytest.fixture
def page() -> Page:
    return Page()


def test_blocks_of_a_page_share_names_and_pages_do_not(page):
    page.run("x = 41", block="1")
    page.run("print(x + 1)", block="2")
    assert page.printed() == "42\n"
    answer = page.run("x", page="other")
    assert answer["error"]["type"] == "NameError"


def test_each_line_is_sent_when_it_ends(page):
    page.run("print('a', end='')\nprint('b')\nprint('c')")
    assert [fields["text"] for _, fields in page.events] == ["ab\n", "c\n"]


def test_a_partial_last_line_is_sent_at_the_end(page):
    page.run("print('no newline', end='')")
    assert page.printed() == "no newline"


def test_stderr_is_told_apart(page):
    page.run("import sys\nprint('out')\nprint('err', file=sys.stderr)")
    assert (page.printed("stdout"), page.printed("stderr")) == ("out\n", "err\n")


def test_output_is_cut_at_the_limit_with_one_notice_and_the_code_goes_on(page):
    answer = page.run("for _ in range(3):\n    print('é' * 400_000)\ndone = True")
    assert len(page.printed().encode()) in (LIMIT, LIMIT - 1)  # "é" has two bytes and is not cut in half
    assert [fields for event, fields in page.events if event == "truncated"] == [{"limit": LIMIT}]
    assert answer["result"]["truncated"]
    page.run("print(done)")
    assert page.printed() == "True\n"


def test_a_flood_of_lines_becomes_few_messages_and_loses_none(monkeypatch):
    """100 lines go at once; then one message for each 50 ms. At 1 ms a line, 2,000 lines are 100 + 1.9 s / 50 ms."""
    now = [0.0]
    sent: list[str] = []
    budget = Budget(clock=lambda: now[0])
    stream = Stream("stdout", lambda event, fields: sent.append(fields["text"]), budget)
    for number in range(2000):
        stream.write(f"{number}\n")
        now[0] += 0.001
    stream.flush()
    assert "".join(sent) == "".join(f"{number}\n" for number in range(2000))
    assert BURST < len(sent) <= BURST + 2000 * 0.001 / PAUSE + 2
    assert sent[:BURST] == [f"{number}\n" for number in range(BURST)]


def test_a_slow_printer_is_never_held_back():
    now = [0.0]
    sent: list[str] = []
    stream = Stream("stdout", lambda event, fields: sent.append(fields["text"]), Budget(clock=lambda: now[0]))
    for _ in range(500):
        now[0] += PAUSE
        stream.write("line\n")
        assert sent.pop() == "line\n"


def test_an_error_names_the_failing_line_of_the_block(page):
    error = page.run("def half(x):\n    return x / 0\n\nhalf(1)")["error"]
    assert (error["kind"], error["type"]) == ("python", "ZeroDivisionError")
    assert error["message"] == "ZeroDivisionError: division by zero"
    assert error["line"] == 2
    assert [(frame["block"], frame["line"], frame["name"], frame["code"]) for frame in error["frames"]] == [
        ("1", 4, "<module>", "half(1)"),
        ("1", 2, "half", "return x / 0"),
    ]
    assert "run_cell" not in error["traceback"]
    assert error["traceback"].startswith("Traceback (most recent call last):")


def test_an_error_inside_another_block_marks_the_call_in_this_one(page):
    page.run("def fail():\n    raise KeyError('k')", block="1")
    error = page.run("y = 1\nfail()", block="2")["error"]
    assert error["line"] == 2
    assert [(frame["block"], frame["line"]) for frame in error["frames"]] == [("2", 2), ("1", 2)]


def test_an_error_inside_a_library_marks_the_readers_line(page):
    error = page.run("import json\n\njson.loads('{')")["error"]
    assert error["type"] == "JSONDecodeError"
    assert error["line"] == 3
    assert [frame["line"] for frame in error["frames"]] == [3]
    assert "json/decoder.py" in error["traceback"]


def test_a_syntax_error_has_its_line_and_runs_nothing(page):
    error = page.run("print('before')\nx = = 1")["error"]
    assert (error["type"], error["line"], error["frames"]) == ("SyntaxError", 2, [])
    assert page.printed() == ""


def test_the_cause_of_an_error_is_in_the_traceback(page):
    error = page.run("try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    raise ValueError('worse') from e")["error"]
    assert error["line"] == 4
    assert "direct cause" in error["traceback"]


def test_recursion_without_end_has_few_frames(page):
    error = page.run("def f():\n    return f()\nf()")["error"]
    assert error["type"] == "RecursionError"
    assert 2 < len(error["frames"]) <= run_cell.FRAMES


def test_running_out_of_memory_has_a_kind_of_its_own(page):
    assert page.run("raise MemoryError")["error"]["kind"] == "memory"
    too_big = "ValueError('array is too big; `arr.size * arr.dtype.itemsize` is larger than the maximum')"
    assert page.run(f"raise {too_big}")["error"]["kind"] == "memory"  # what NumPy says in 32 bits
    assert page.run("raise ValueError('other')")["error"]["kind"] == "python"


def test_exit_ends_the_block_without_an_error(page):
    assert "result" in page.run("import sys\nprint(1)\nsys.exit('bye')\nprint(2)")
    assert (page.printed("stdout"), page.printed("stderr")) == ("1\n", "bye\n")
    assert "result" in page.run("raise SystemExit(3)")


def test_setup_runs_once_before_the_first_block_of_a_page(page):
    page.run("print(len(seen))", setup="seen = []")
    page.run("seen.append(1)", setup="seen = []")
    page.run("print(len(seen))", setup="seen = []")
    assert page.printed() == "1\n"


def test_a_setup_that_fails_says_so_and_runs_again(page):
    error = page.run("print('block')", setup="missing")["error"]
    assert (error["type"], error["line"]) == ("NameError", None)
    assert error["frames"][0]["block"] == "setup"
    assert "result" in page.run("print('block')", setup="ok = 1")


def test_reset_forgets_one_page_or_all(page):
    for name in ("p", "q"):
        page.run("x = 1", page=name)
    page.cells.reset("p")
    assert page.run("x")["error"]["type"] == "NameError"
    assert "result" in page.run("x", page="q")
    page.cells.reset(None)
    assert page.run("x", page="q")["error"]["type"] == "NameError"


def test_main_is_the_page_so_dataclasses_and_pickle_work(page):
    code = (
        "from dataclasses import dataclass\nimport pickle\n"
        "@dataclass\nclass Point:\n    x: int\n"
        "print(__name__, pickle.loads(pickle.dumps(Point(3))))"
    )
    assert "result" in page.run(code)
    assert page.printed() == "__main__ Point(x=3)\n"


def test_imports_are_found_anywhere_and_only_absolute_ones(page):
    code = "import a.b, c\ndef f():\n    from d.e import g\nfrom . import h\n"
    assert page.cells.imports(code) == ["a", "c", "d"]
    assert page.cells.imports("import (") == []


class Figure:
    """Stands for a matplotlib figure: a PNG of 8 x 4 pixels and a title."""

    def __init__(self, title: str = "") -> None:
        self.axes = [self]
        self.title = title

    def get_title(self) -> str:
        return self.title

    def get_suptitle(self) -> str:
        return ""

    def savefig(self, buffer, **_: Any) -> None:
        sys.stdout.write("Matplotlib is building the font cache\n")
        buffer.write(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + (8).to_bytes(4, "big") + (4).to_bytes(4, "big"))


@pytest.fixture
def pyplot(monkeypatch):
    """A `matplotlib.pyplot` with a list of open figures."""
    module = ModuleType("matplotlib.pyplot")
    module.open = {}
    module.get_fignums = lambda: list(module.open)
    module.figure = module.open.__getitem__
    module.close = lambda _: module.open.clear()
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", module)
    return module


def test_open_figures_are_shown_in_order_and_closed(page, pyplot):
    pyplot.open.update({1: Figure("loss"), 2: Figure()})
    assert page.run("print('x')")["result"]["figures"] == 2
    figures = [fields for event, fields in page.events if event == "figure"]
    assert [(f["alt"], f["width"], f["height"], f["format"]) for f in figures] == [
        ("loss", 4, 2, "png"),
        ("Figure 2", 4, 2, "png"),
    ]
    assert pyplot.open == {}
    assert page.printed() == "x\n"


def test_figures_of_a_failed_block_are_dropped(page, pyplot):
    pyplot.open[1] = Figure()
    assert "error" in page.run("1 / 0")
    assert pyplot.open == {}
    assert page.events == []
