"""Run a page's blocks in the browser: one namespace for a page, output as it comes, errors in the reader's own terms.

The worker makes one `Cells` and calls it with plain values; `emit(event, fields)` is its way back. Nothing here knows
of JavaScript or Pyodide, so it runs and is tested under any Python.
"""

import ast
import gc
import io
import linecache
import re
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from importlib import import_module
from inspect import CO_COROUTINE
from types import CodeType, ModuleType, TracebackType
from typing import Any, TextIO

try:
    from pyodide.ffi import run_sync as wait  # for what the page answers
except ImportError:  # any other Python is answered at once

    def wait(answer: str) -> str:
        return answer


LIMIT = 1_000_000  # bytes of output that a block may print
BURST = 100  # lines that are sent one by one before they are gathered
PAUSE = 0.05  # seconds; a block that prints without end is heard this often
SPARE = BURST / 2  # of it, what a text that ends no line leaves for those that do
TOO_BIG = "array is too big"  # NumPy's ValueError for more than a 32-bit memory can address
AWAIT = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
KEY = re.compile(r'<svg [^>]*? data-key="([\w-]+)"')
FRAMES = 20  # frames of a report: a recursion without end has a thousand

Emit = Callable[[str, dict[str, Any]], None]
Ask = Callable[[str], Any]


def part(name: str) -> ModuleType:
    """Another file of the cell's Python: what not every run needs."""
    return import_module(f"{__package__}.{name}" if __package__ else name)


running: tuple["Stream", "Stream"] | None = None  # where the block that runs writes, for matplotlib's `show`


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

    def may_send(self, spare: float = 0) -> bool:
        """Whether a message may go now, with so many left for others; if so, it is counted."""
        now = self._clock()
        self._messages = min(BURST, self._messages + (now - self._last) / PAUSE)
        self._last = now
        if self._messages < 1 + spare:
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

    def give_back(self, text: str) -> None:
        """What was taken for a text that is shown no longer."""
        self.left += len(text.encode("utf-8", "replace"))


class Stream(io.TextIOBase):
    """`sys.stdout` or `sys.stderr` of a running block."""

    def __init__(self, name: str, emit: Emit, budget: Budget) -> None:
        self._name, self._emit, self._budget = name, emit, budget
        self._parts: list[str] = []
        self.figures = 0  # that were sent
        self.line = ""  # what stands on the line that has not ended
        self._keyed: dict[str, str] = {}  # the newest picture of each key
        self._late: dict[str, dict[str, Any]] = {}  # those of them that are not sent yet

    encoding = "utf-8"

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        """Take a text; send it if the budget allows. One that ends no line is shown too: what follows may take long."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        if text and not self._budget.truncated:
            fits = self._budget.take(text)
            self._parts.append(fits)
            if self._budget.truncated:
                self.flush()
                self._emit("truncated", {"limit": LIMIT})
            elif self._budget.may_send(0 if "\n" in text else SPARE):
                self.flush()
        self.line = (self.line + text).rpartition("\n")[2][-500:]
        return len(text)

    def show_figure(self, svg: str, alt: str) -> None:
        """Send a picture of `plot.py`; it counts as output, and one that is too much is left out.

        One with a key takes the place of the one before it, which counts no longer; of those that come faster than
        messages may, the newest goes.
        """
        self.flush()
        if self._budget.truncated:
            return
        found = KEY.match(svg)
        key = found[1] if found else ""
        first = key not in self._keyed
        self._budget.give_back(self._keyed.pop(key, ""))
        if self._budget.take(svg) != svg:
            self._emit("truncated", {"limit": LIMIT})
            return
        fields = {"format": "svg", "text": svg, "alt": alt}
        if key:
            self._keyed[key] = svg
        if first or self._budget.may_send():
            self._late.pop(key, None)
            self._emit("figure", fields)
        else:
            self._late[key] = fields

    def finish(self) -> None:
        """Send all that waits: nothing comes any more."""
        self.flush()
        for fields in self._late.values():
            self._emit("figure", fields)

    def show_png(self, content: bytes, width: int, height: int, alt: str) -> None:
        """Send a picture of matplotlib's, in its place among the text."""
        self.flush()
        self.figures += 1
        self._emit("figure", {"format": "png", "bytes": content, "width": width, "height": height, "alt": alt})

    def flush(self) -> None:
        """Send what has gathered."""
        text = "".join(self._parts)
        self._parts.clear()
        if text:
            self._emit("output", {"stream": self._name, "text": text})


class Keyboard(io.TextIOBase):
    """`sys.stdin` of a running block: a field on the page, where the browser lets Python wait for one."""

    def __init__(self, out: Stream, ask: Ask | None) -> None:
        self._out, self._ask = out, ask

    def readable(self) -> bool:
        return True

    def readline(self, size: int | None = -1, /) -> str:
        """A line from the reader, which then stands in the output as in a terminal."""
        self._out.flush()
        if self._ask is None:
            return ""
        with part("cell_loop").theirs():
            text = str(wait(self._ask(self._out.line)))
        self._out.write(f"{text}\n")
        return f"{text}\n"


class Cells:
    """The pages of a tab.

    Attributes:
        pages: The `__main__` module of every page that has run something.
    """

    def __init__(self) -> None:
        self.pages: dict[str, ModuleType] = {}
        self._sources: dict[
            str, Source
        ] = {}  # by file name; each run has its own, so that lines stay those of its code
        self._runs: dict[str, int] = {}  # of each block
        self._loop: Any = None  # for `await`; made when there is some

    def run(self, page: str, block: str, code: str, setup: str, emit: Emit, ask: Ask | None = None) -> dict[str, Any]:
        """Run a block in its page's namespace; the page's hidden set-up comes before its first.

        Args:
            page: Whose names the block sees.
            block: Its number.
            code: What to run; what its last line stands for is shown, as in a notebook.
            setup: The page's.
            emit: Told of what happens.
            ask: Gives a line of the reader's, for `input()`; None where nobody can be asked.

        Returns:
            `{"result": {"seconds", "truncated", "figures"}}` or `{"error": {"kind", "type", "message", …}}`.
        """
        global running
        budget = Budget()
        out, err = Stream("stdout", emit, budget), Stream("stderr", emit, budget)
        running = out, err
        began = time.perf_counter()
        error: dict[str, Any] | None = None
        stdin, sys.stdin = sys.stdin, Keyboard(out, ask)
        warnings.simplefilter("ignore", NeverRaised)  # any change makes Python forget which warnings it has said
        with redirect_stdout(out), redirect_stderr(err):
            try:
                if page not in self.pages:
                    module = ModuleType("__main__")
                    sys.modules["__main__"] = module
                    if setup:
                        self._exec("setup", setup, module)
                    self.pages[page] = module  # after the set-up: one that failed runs again
                sys.modules["__main__"] = self.pages[page]
                value = shown(self._exec(block, code, self.pages[page]))
                if value:
                    out.flush()
                    err.flush()
                    last = Stream("value", emit, budget)
                    last.write(f"{value}\n")
                    last.flush()
            except SystemExit as end:
                if end.code is not None and not isinstance(end.code, int):
                    err.write(f"{end.code}\n")
            except BaseException as raised:
                error = self.report(raised, block)
                raised.__traceback__ = None  # its frames hold the block's arrays
            try:
                show_figures()  # those that were drawn before an error, too
            except Exception as raised:
                error = error or self.report(raised, block)
        sys.stdin = stdin
        out.finish()
        err.finish()
        if error:
            gc.collect()
            return {"error": error}
        seconds = time.perf_counter() - began
        return {"result": {"seconds": seconds, "truncated": budget.truncated, "figures": out.figures}}

    def reset(self, page: str | None) -> None:
        """Forget the namespace of a page, or of all."""
        forgotten = [self.pages.pop(name) for name in ([page] if page else list(self.pages)) if name in self.pages]
        for module in forgotten:
            vars(module).clear()
        gc.collect()

    def imports(self, code: str) -> list[str]:
        """Top-level names of the modules that a code imports, anywhere in it; none if it does not parse."""
        try:
            nodes = list(ast.walk(parsed(code, "<imports>")))
        except (SyntaxError, ValueError):
            return []
        found = [name.name for node in nodes if isinstance(node, ast.Import) for name in node.names]
        found += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and not node.level]
        if opened(nodes):
            found.append("classics")
        return sorted({name.partition(".")[0] for name in found} - {""})

    def came(self, group: str) -> None:
        """A group of packages has come."""
        part("cell_extras").came(group)

    def complete(self, page: str, code: str, at: int) -> dict[str, Any]:
        """What fits at a place of a code: names, and the signature of the call around it."""
        module = self.pages.get(page)
        found: dict[str, Any] = part("cell_names").complete(vars(module) if module else {}, code, at)
        return found

    def variables(self, page: str) -> list[dict[str, str]]:
        """What a page's code has defined: names, types, shapes or values."""
        module = self.pages.get(page)
        found: list[dict[str, str]] = part("cell_names").variables(vars(module) if module else {})
        return found

    def report(self, error: BaseException, block: str) -> dict[str, Any]:
        """An exception for the reader: what, in which line, and the way there through the reader's own code."""
        trimmed = self._trim(error.__traceback__)
        now = file_name(block, self._runs.get(block, 0))
        own = [place for place in walk(trimmed) if place.tb_frame.f_code.co_filename in self._sources]
        frames = [self._frame(place.tb_frame.f_code, place.tb_lineno, block, now) for place in own]
        lines = [frame["line"] for frame in frames if frame["block"] == block and not frame["earlier"]]
        line = lines[-1] if lines else None
        if isinstance(error, SyntaxError) and error.filename == now:
            line = error.lineno
        told = traceback.TracebackException(type(error), error, trimmed)  # with it, "Did you mean"
        message = "".join(told.format_exception_only()).strip()
        if isinstance(error, SyntaxError):
            message = f"{type(error).__name__}: {error.msg}"
        source = self._sources.get(now)
        found: dict[str, Any] = {
            "kind": "memory" if isinstance(error, MemoryError) or TOO_BIG in str(error) else "python",
            "type": type(error).__name__,
            "message": message,
            "line": line,
            "frames": frames if len(frames) <= FRAMES else frames[: FRAMES // 2] + frames[-FRAMES // 2 :],
            "traceback": "".join(traceback.format_exception(type(error), error, trimmed)),
            "arrays": [],
            "advice": None,
        }
        try:  # helps, or is left out
            found["advice"] = part("cell_advice").advise(error, source.code if source else "", line)
            if own:
                name = own[-1].tb_frame.f_code.co_filename
                tree = parsed(self._sources[name].code, name)
                found["arrays"] = part("cell_tensors").arrays(tree, own[-1])
        except Exception as fault:
            found["traceback"] += f"\n(no advice: {fault!r})"
        return found

    def _frame(self, code: CodeType, line: int, block: str, now: str) -> dict[str, Any]:
        name = code.co_filename
        source = self._sources[name]
        return {
            "block": source.block,
            "line": line,
            "name": code.co_name,
            "code": linecache.getline(name, line).strip(),
            "earlier": source.block == block and name != now,
        }

    def _exec(self, block: str, code: str, module: ModuleType) -> object:
        """Run a code; the value of its last line, where that is an expression."""
        number = self._runs[block] = self._runs.get(block, 0) + 1
        name = file_name(block, number)
        self._sources[name] = Source(block, code)
        # No modification time: `linecache.checkcache` then keeps the lines, and tracebacks can show them.
        linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)
        tree = parsed(code, name)
        if files := opened(ast.walk(tree)):
            part("cell_extras").provide(files)
        last = tree.body[-1] if tree.body and not code.rstrip().endswith(";") else None
        if not isinstance(last, ast.Expr):
            self._evaluate(compile(tree, name, "exec", AWAIT, dont_inherit=True), module)
            return None
        tree.body.pop()
        self._evaluate(compile(tree, name, "exec", AWAIT, dont_inherit=True), module)
        return self._evaluate(compile(ast.Expression(last.value), name, "eval", AWAIT, dont_inherit=True), module)

    def _evaluate(self, compiled: CodeType, module: ModuleType) -> object:
        waits = bool(compiled.co_flags & CO_COROUTINE)
        if not waits and "asyncio" not in self._sources[compiled.co_filename].code:
            return eval(compiled, vars(module))
        loops = part("cell_loop")
        with loops.ours():
            value = eval(compiled, vars(module))
            if not waits:
                return value
            self._loop = self._loop or loops.Loop()
            return self._loop.run(value)

    def _trim(self, trace: TracebackType | None) -> TracebackType | None:
        """A traceback without the frames of this file before the reader's first; all of it if there is none."""
        first = trace
        while first is not None and first.tb_frame.f_code.co_filename not in self._sources:
            first = first.tb_next
        return first


class NeverRaised(Warning):
    """Nobody warns of this."""


@dataclass(frozen=True)
class Source:
    """What ran under a file name."""

    block: str
    code: str


def parsed(code: str, name: str) -> ast.Module:
    """A code, without what only notebooks understand.

    Raises:
        SyntaxError: It is no Python, even so.
    """
    try:
        return ast.parse(code, name)
    except SyntaxError:
        return ast.parse(part("cell_advice").without_magics(code), name)


def opened(nodes: Iterable[ast.AST]) -> set[str]:
    """The files that a code names of those that tutorials take for granted."""
    names = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    texts = {name for name in names if name.endswith(".txt")}
    return texts & set(part("cell_extras").FILES) if texts else set()


def file_name(block: str, number: int) -> str:
    """The name under which a run's code is compiled: what it defined may be called when the block is another."""
    return f"<block {block}>" if number <= 1 else f"<block {block}, run {number}>"


def walk(trace: TracebackType | None) -> Iterator[TracebackType]:
    """Every place that an exception passed."""
    while trace is not None:
        yield trace
        trace = trace.tb_next


def shown(value: object) -> str:
    """What a notebook shows of a cell's last value; of a drawing nothing, since that is on show itself."""
    if value is None or is_drawing(value) or (isinstance(value, list | tuple) and any(map(is_drawing, value))):
        return ""
    return repr(value)


def is_drawing(value: object) -> bool:
    return type(value).__module__.partition(".")[0] in {"matplotlib", "mpl_toolkits"} or (
        type(value).__module__ == "browser.plot"
    )


@contextmanager
def quiet() -> Iterator[TextIO]:
    """Keep what matplotlib says while it draws, such as a first font list, off the reader's output."""
    with io.StringIO() as sink, redirect_stdout(sink), redirect_stderr(sink):
        yield sink


def show_figures() -> None:
    """Send the open matplotlib figures as PNG and close them. Nothing is imported for it."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is None or running is None:
        return
    out, err = running
    numbers: list[int] = list(pyplot.get_fignums())
    for number in numbers:
        figure = pyplot.figure(number)
        buffer = io.BytesIO()
        with quiet():
            figure.savefig(buffer, format="png", dpi=2 * 80, bbox_inches="tight")
        content = buffer.getvalue()
        width, height = (int.from_bytes(content[at : at + 4], "big") // 2 for at in (16, 20))  # of the PNG's header
        titles = [axes.get_title() for axes in figure.axes]
        alt = next(filter(None, [figure.get_suptitle(), *titles]), f"Figure {number}")
        err.flush()
        out.show_png(content, width, height, alt)
    pyplot.close("all")
