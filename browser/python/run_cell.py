"""Run a page's blocks in the browser: one namespace for a page, output as it comes, errors in the reader's own terms.

The worker makes one `Cells` and calls it with plain values; `emit(event, fields)` is its way back. Nothing here knows
of JavaScript or Pyodide, so it runs and is tested under any Python.
"""

import ast
import gc
import io
import linecache
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from types import CodeType, ModuleType, TracebackType
from typing import Any, TextIO

LIMIT = 1_000_000  # bytes of output that a block may print
BURST = 100  # lines that are sent one by one before they are gathered
PAUSE = 0.05  # seconds; a block that prints without end is heard this often
TOO_BIG = "array is too big"  # NumPy's ValueError for more than a 32-bit memory can address
FRAMES = 20  # frames of a report: a recursion without end has a thousand

Emit = Callable[[str, dict[str, Any]], None]


class Budget:
    """How much a block may still print, and how many messages it may send.

    A line has to show at once, but a loop that prints 100,000 of them must not flood the page with as many messages:
    the first `BURST` go at once, then one for every `PAUSE`, with what came in between. Time refills the burst.
    """

    def __init__(self, limit: int = LIMIT, clock: Callable[[], float] = time.monotonic) -> None:
        self.left = limit
        self.truncated = False
        self._clock = clock
        self._messages = float(BURST)
        self._last = clock()

    def may_send(self) -> bool:
        """Whether a message may go now; if so, it is counted."""
        now = self._clock()
        self._messages = min(BURST, self._messages + (now - self._last) / PAUSE)
        self._last = now
        if self._messages < 1:
            return False
        self._messages -= 1
        return True

    def take(self, text: str) -> str:
        """What of a text still fits: all, its beginning (whole characters), or nothing."""
        size = len(text.encode("utf-8", "replace"))
        if size > self.left:
            text = text.encode("utf-8", "replace")[: self.left].decode("utf-8", "ignore")
            size, self.truncated = self.left, True
        self.left -= size
        return text


class Stream(io.TextIOBase):
    """`sys.stdout` or `sys.stderr` of a running block."""

    def __init__(self, name: str, emit: Emit, budget: Budget) -> None:
        self._name, self._emit, self._budget = name, emit, budget
        self._parts: list[str] = []

    encoding = "utf-8"

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        """Take a text; send it if it ends a line and the budget allows."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        if text and not self._budget.truncated:
            fits = self._budget.take(text)
            self._parts.append(fits)
            if self._budget.truncated:
                self.flush()
                self._emit("truncated", {"limit": LIMIT})
            elif "\n" in text and self._budget.may_send():
                self.flush()
        return len(text)

    def show_figure(self, svg: str, alt: str) -> None:
        """Send a picture of `plot.py`; it counts as output, and one that is too much is left out."""
        self.flush()
        if self._budget.truncated:
            return
        if self._budget.take(svg) == svg:
            self._emit("figure", {"format": "svg", "text": svg, "alt": alt})
        else:
            self._emit("truncated", {"limit": LIMIT})

    def flush(self) -> None:
        """Send what has gathered."""
        text = "".join(self._parts)
        self._parts.clear()
        if text:
            self._emit("output", {"stream": self._name, "text": text})


class Cells:
    """The pages of a tab.

    Attributes:
        pages: The `__main__` module of every page that has run something.
    """

    def __init__(self) -> None:
        self.pages: dict[str, ModuleType] = {}
        self._sources: dict[str, str] = {}  # file name of a block -> what runs under it now
        # plt.show() need not do anything here, and need not say so: figures are shown when the block ends.
        warnings.filterwarnings("ignore", "FigureCanvasAgg is non-interactive")

    def run(self, page: str, block: str, code: str, setup: str, emit: Emit) -> dict[str, Any]:
        """Run a block in its page's namespace; the page's hidden set-up comes before its first.

        Returns:
            `{"result": {"seconds", "truncated", "figures"}}` or `{"error": {"kind", "type", "message", …}}`.
        """
        budget = Budget()
        out, err = Stream("stdout", emit, budget), Stream("stderr", emit, budget)
        began, figures = time.perf_counter(), 0
        error: dict[str, Any] | None = None
        with redirect_stdout(out), redirect_stderr(err):
            try:
                if page not in self.pages:
                    module = ModuleType("__main__")
                    sys.modules["__main__"] = module
                    if setup:
                        self._exec("setup", setup, module)
                    self.pages[page] = module  # after the set-up: one that failed runs again
                sys.modules["__main__"] = self.pages[page]
                self._exec(block, code, self.pages[page])
            except SystemExit as end:
                if end.code is not None and not isinstance(end.code, int):
                    err.write(f"{end.code}\n")
            except BaseException as raised:
                error = self.report(raised, block)
                raised.__traceback__ = None  # its frames hold the block's arrays
            try:
                figures = show_figures(emit, discard=error is not None)
            except Exception as raised:
                error = error or self.report(raised, block)
        out.flush()
        err.flush()
        if error:
            gc.collect()
            return {"error": error}
        seconds = time.perf_counter() - began
        return {"result": {"seconds": seconds, "truncated": budget.truncated, "figures": figures}}

    def reset(self, page: str | None) -> None:
        """Forget the namespace of a page, or of all."""
        forgotten = [self.pages.pop(name) for name in ([page] if page else list(self.pages)) if name in self.pages]
        for module in forgotten:
            vars(module).clear()
        gc.collect()

    def imports(self, code: str) -> list[str]:
        """Top-level names of the modules that a code imports, anywhere in it; none if it does not parse."""
        try:
            nodes = list(ast.walk(ast.parse(code)))
        except (SyntaxError, ValueError):
            return []
        found = [name.name for node in nodes if isinstance(node, ast.Import) for name in node.names]
        found += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and not node.level]
        return sorted({name.partition(".")[0] for name in found} - {""})

    def report(self, error: BaseException, block: str) -> dict[str, Any]:
        """An exception for the reader: what, in which line, and the way there through the reader's own code."""
        trimmed = self._trim(error.__traceback__)
        frames = [
            {"block": name[7:-1], "line": line, "name": function, "code": linecache.getline(name, line).strip()}
            for name, line, function in walk(trimmed)
            if name in self._sources
        ]
        line = next((frame["line"] for frame in reversed(frames) if frame["block"] == block), None)
        if isinstance(error, SyntaxError) and error.filename == f"<block {block}>":
            line = error.lineno
        told = "".join(traceback.format_exception_only(error)).strip()
        return {
            "kind": "memory" if isinstance(error, MemoryError) or TOO_BIG in str(error) else "python",
            "type": type(error).__name__,
            "message": told if not isinstance(error, SyntaxError) else f"{type(error).__name__}: {error.msg}",
            "line": line,
            "frames": frames if len(frames) <= FRAMES else frames[: FRAMES // 2] + frames[-FRAMES // 2 :],
            "traceback": "".join(traceback.format_exception(type(error), error, trimmed)),
        }

    def _exec(self, block: str, code: str, module: ModuleType) -> None:
        name = f"<block {block}>"
        self._sources[name] = code
        # No modification time: `linecache.checkcache` then keeps the lines, and tracebacks can show them.
        linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)
        compiled: CodeType = compile(code, name, "exec", dont_inherit=True)
        exec(compiled, vars(module))

    def _trim(self, trace: TracebackType | None) -> TracebackType | None:
        """A traceback without the frames of this file before the reader's first; all of it if there is none."""
        first = trace
        while first is not None and first.tb_frame.f_code.co_filename not in self._sources:
            first = first.tb_next
        return first


def walk(trace: TracebackType | None) -> Iterator[tuple[str, int, str]]:
    """File, line and function of every frame."""
    while trace is not None:
        code = trace.tb_frame.f_code
        yield code.co_filename, trace.tb_lineno, code.co_name
        trace = trace.tb_next


@contextmanager
def quiet() -> Iterator[TextIO]:
    """Keep what matplotlib says while it draws, such as a first font list, off the reader's output."""
    with io.StringIO() as sink, redirect_stdout(sink), redirect_stderr(sink):
        yield sink


def show_figures(emit: Emit, discard: bool = False) -> int:
    """Send the open matplotlib figures as PNG and close them; how many they were. Nothing is imported for it."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is None:
        return 0
    numbers: list[int] = [] if discard else list(pyplot.get_fignums())
    for number in numbers:
        figure = pyplot.figure(number)
        buffer = io.BytesIO()
        with quiet():
            figure.savefig(buffer, format="png", dpi=2 * 80, bbox_inches="tight")
        content = buffer.getvalue()
        width, height = (int.from_bytes(content[at : at + 4], "big") // 2 for at in (16, 20))  # of the PNG's header
        titles = [axes.get_title() for axes in figure.axes]
        alt = next(filter(None, [figure.get_suptitle(), *titles]), f"Figure {number}")
        emit("figure", {"format": "png", "bytes": content, "width": width, "height": height, "alt": alt})
    pyplot.close("all")
    return len(numbers)
