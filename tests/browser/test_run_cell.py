"""The cell's Python side, under the Python at hand: what a block prints, returns and raises."""

import asyncio
import sys
import warnings
from types import ModuleType
from typing import Any

import pytest

from browser.python import run_cell
from browser.python.run_cell import BURST, LIMIT, PAUSE, Budget, Cells, Stream


@pytest.fixture(autouse=True)
def main_module(monkeypatch):
    """`run` puts the page's module into `sys.modules`; take it out again."""
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])


@pytest.fixture(autouse=True)
def no_other_loop():
    """Playwright's loop counts as running as long as its browser of earlier tests is open; a cell's runs alone."""
    loop = asyncio._get_running_loop()
    asyncio._set_running_loop(None)
    yield
    asyncio._set_running_loop(loop)


class Page:
    """A page of a fresh runtime that keeps what its blocks emit."""

    def __init__(self) -> None:
        self.cells = Cells()
        self.events: list[tuple[str, dict[str, Any]]] = []

    def emit(self, event: str, fields: dict[str, Any]) -> None:
        self.events.append((event, fields))

    def run(self, code: str, block: str = "1", page: str = "p", setup: str = "") -> dict[str, Any]:
        self.events.clear()
        return self.cells.run(page, block, code, setup, self.emit)

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
    assert "".join(fields["text"] for _, fields in page.events) == "ab\nc\n"
    assert len(page.events) > 2


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


def test_figures_drawn_before_an_error_are_shown(page, pyplot):
    pyplot.open[1] = Figure("so far")
    assert "error" in page.run("1 / 0")
    assert pyplot.open == {}
    assert [fields["alt"] for event, fields in page.events] == ["so far"]


def test_show_puts_each_figure_where_it_was_asked_for(page, pyplot):
    pyplot.open[1] = Figure("first")
    monkeyed = "from browser.python.run_cell import show_figures\nprint('a')\nshow_figures()\nprint('b')"
    assert page.run(monkeyed)["result"]["figures"] == 1
    told = "".join(fields.get("text") or "*" for _, fields in page.events)
    assert told == "a\n*b\n"


# ---- what a notebook has


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("x = 6\nx * 7", "42\n"),
        ("x = 6\nx * 7;", ""),
        ("'text'", "'text'\n"),
        ("None", ""),
        ("print('a')", ""),
        ("x = 1", ""),
        ("import browser.plot\nbrowser.plot.lines([1, 2])", ""),
    ],
)
def test_the_last_expression_is_shown_as_repr_writes_it(page, code, value):
    assert "result" in page.run(code)
    assert page.printed("value") == value
    assert page.printed() in ("", "a\n")


def test_html_of_a_value_is_not_asked_for(page):
    methods = "    def _repr_html_(self):\n        return '<script>'\n    def __repr__(self):\n        return 'fine'\n"
    page.run(f"class Evil:\n{methods}Evil()")
    assert page.printed("value") == "fine\n"


def test_a_value_whose_repr_fails_is_the_readers_error(page):
    error = page.run("class Odd:\n    def __repr__(self):\n        raise KeyError('no')\nOdd()")["error"]
    assert (error["type"], error["line"]) == ("KeyError", 3)


def test_await_stands_at_the_top_and_tasks_take_turns(page):
    code = """import asyncio
async def say(name):
    for n in range(2):
        print(name, n)
        await asyncio.sleep(0)
await asyncio.gather(say('a'), say('b'))
print(await asyncio.wait_for(asyncio.sleep(0.01, 'done'), 1))"""
    assert "result" in page.run(code)
    assert page.printed() == "a 0\nb 0\na 1\nb 1\ndone\n"


def test_await_of_what_nothing_brings_is_an_error_and_no_standstill(page):
    error = page.run("import asyncio\nawait asyncio.Event().wait()")["error"]
    assert (error["type"], error["line"]) == ("RuntimeError", 2)


def test_input_asks_with_its_prompt_and_the_line_stands_in_the_output(page):
    asked = []
    answer = page.cells.run("p", "1", "print(int(input('n? ')) + 1)", "", page.emit, lambda p: asked.append(p) or "41")
    assert "result" in answer and asked == ["n? "]
    assert page.printed() == "n? 41\n42\n"


def test_input_where_nobody_can_be_asked_says_what_to_do(page):
    assert page.run("input()")["error"]["advice"]["about"] == "input"


def test_an_unfinished_line_is_sent_at_once(page):
    code = "print('result so far: 42', end='')\nif not page.events:\n    raise ValueError"
    page.run("page = None")
    page.cells.pages["p"].page = page
    assert "result" in page.run(code)
    assert page.printed() == "result so far: 42"


def test_an_identical_warning_is_said_in_each_run(page):
    told = "import warnings\nwarnings.showwarning = lambda *a, **k: print('said')\n"
    code = f"{told}for _ in range(2):\n    warnings.warn('old')"
    for _ in range(2):
        with warnings.catch_warnings():
            warnings.simplefilter("default")
            page.run(code)
        assert page.printed() == "said\n"


# ---- errors


def test_a_function_of_an_earlier_run_keeps_its_lines(page):
    page.run("def f():\n    x = 1\n    return 1 / 0")
    error = page.run("# moved\n# moved\nprint('line three')\nf()")["error"]
    assert error["line"] == 4
    assert [(frame["line"], frame["code"], frame["earlier"]) for frame in error["frames"]] == [
        (4, "f()", False),
        (3, "return 1 / 0", True),
    ]
    page.run("import inspect\nprint(inspect.getsource(f))")
    assert page.printed().startswith("def f():\n    x = 1\n")


@pytest.mark.skipif(sys.version_info < (3, 12), reason="Python says so since 3.12, and the page's is 3.13")
def test_did_you_mean_is_in_the_message(page):
    assert "Did you mean: 'value'" in page.run("value = 3\nprint(valeu)")["error"]["message"]


def test_shapes_and_types_of_the_tensors_in_the_failing_line_are_told(page):
    pytest.importorskip("torch")
    code = """import torch
class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(4, 5))
        self.inner = torch.nn.Linear(2, 2)
    def forward(self, x):
        unused = torch.ones(9)
        return torch.matmul(
            x, self.weight) + self.inner.weight
Model()(torch.ones(2, 3, dtype=torch.float64))"""
    error = page.run(code)["error"]
    assert error["line"] in (9, 10)
    assert error["arrays"] == [
        {"name": "x", "shape": "[2, 3]", "dtype": "float64"},
        {"name": "self.weight", "shape": "[4, 5]", "dtype": "float32"},
        {"name": "self.inner.weight", "shape": "[2, 2]", "dtype": "float32"},
    ]


def test_looking_at_the_failing_line_runs_none_of_the_readers_code(page):
    code = """class Trap:
    def __getattribute__(self, name):
        print('sprung')
        return object.__getattribute__(self, name)
    @property
    def value(self):
        print('sprung')
        raise KeyError
    def __getattr__(self, name):
        print('sprung')
        raise AttributeError(name)
trap = Trap()
trap.value + trap.other if False else 1 / 0"""
    assert page.run(code)["error"]["type"] == "ZeroDivisionError"
    assert page.printed() == ""


@pytest.mark.parametrize(
    ("code", "about"),
    [
        ("import pandas_that_is_not_here", "package"),
        ("import requests_", "package"),
        ("%timeit x", "magic"),
        ("!ls", "magic"),
        ("x = 1\nx?", "magic"),
        (">>> x = 1", "prompt"),
        ("```python\nx = 1", "fence"),
        ("print（1）", "wide"),
        ("x = [1，2]", "wide"),
        ("x\u00a0= 1", "invisible"),
        ("x = 1\u200b", "invisible"),
        ("def f():\n\tx = 1\n        y = 2", "indent"),
    ],
)
def test_what_is_not_python_or_not_here_is_told(page, code, about):
    assert page.run(code)["error"]["advice"]["about"] == about


@pytest.mark.parametrize("code", ["x = 1 +", "print('（'", "1 / 0", "raise ValueError('，')"])
def test_ordinary_errors_get_no_advice(page, code):
    assert page.run(code)["error"]["advice"] is None


def test_a_notebooks_lines_that_change_nothing_are_passed_over(page):
    assert "result" in page.run("%matplotlib inline\n!pip install torch\nprint(3)")
    assert page.printed() == "3\n"


# ---- completion and variables


def test_completion_knows_what_the_code_has_made(page):
    page.run("import math\nvalues = [1]\ndef f(alpha, *, beta=2):\n    'Says.'")
    names = lambda code: [one["name"] for one in page.cells.complete("p", code, len(code))["names"]]  # noqa: E731
    assert names("val") == ["values"]
    assert "sqrt" in names("math.sq") and names("math.__") != []
    assert not [name for name in names("math.") if name.startswith("_")]
    assert "append" in names("values.app")
    assert names("nothing.") == []
    assert page.cells.complete("p", "f(1, ", 5)["signature"] == "f(alpha, *, beta=2)\nSays."
    assert page.cells.complete("p", "import math\nmath.", 17)["from"] == 17


def test_completion_before_a_run_knows_what_is_imported(page):
    names = [one["name"] for one in page.cells.complete("p", "import sys as s\ns.versi", 23)["names"]]
    assert "version_info" in names


def test_variables_have_shapes(page):
    pytest.importorskip("torch")
    page.run("import torch\nx = torch.ones(2, 3)\nn = 5\nwords = ['a'] * 3\n_hidden = 1\nmodel = torch.nn.Linear(2, 3)")
    assert page.cells.variables("p") == [
        {"name": "x", "type": "Tensor", "value": "[2, 3] float32"},
        {"name": "n", "type": "int", "value": "5"},
        {"name": "words", "type": "list", "value": "len 3"},
        {"name": "model", "type": "Linear", "value": "9 parameters"},
    ]
