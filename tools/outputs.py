"""Run the runnable blocks of every hand-written page and compare what they print with the output shown.

    python -m tools.outputs             # compare; exit 1 where they differ
    python -m tools.outputs --write     # put what they print into the pages

A runnable block is a fence `{ .python .runnable }`; the output shown is the fence `{ .text .output }` right after it
(blank lines between). The blocks of one page share one namespace, in a process of the page's own, as in the browser.
"""

import argparse
import contextlib
import io
import multiprocessing
import os
import re
import sys
import traceback
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from ingest.files import write_text

ROOT = Path(__file__).resolve().parents[1]
GENERATED = ("generated", "papers", "people", "qa", "records", "runtime", "talks")  # folders of docs/ that git ignores
SECONDS = 60  # for all blocks of one page, torch's import included

FENCE = re.compile(r"^(?P<indent> *)(?P<ticks>`{3,})(?P<info>.*)$")

# Each page's process is forked from one that has imported torch: the import takes longer than most pages.
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["torch"])


@dataclass(frozen=True)
class Block:
    """A runnable block of a page.

    Attributes:
        line: 1-based line of its opening fence.
        code: Its text, without the fence's indentation.
        end: Index of the line after its closing fence.
        output: The text of the output block that follows, or None where there is none.
        output_end: Index of the line after that block's closing fence, or `end`.
        indent: Blanks before its fence.
    """

    line: int
    code: str
    end: int
    output: str | None
    output_end: int
    indent: str


def fences(lines: Sequence[str]) -> list[tuple[int, int, str, str]]:
    """Start, end (exclusive), info and indentation of every fence; one that is never closed runs to the end."""
    found, start = [], 0
    while start < len(lines):
        opening = FENCE.match(lines[start])
        if not opening:
            start += 1
            continue
        closing = re.compile(rf" *{opening['ticks']}`* *$")
        end = next((n for n in range(start + 1, len(lines)) if closing.match(lines[n])), len(lines) - 1) + 1
        found.append((start, end, opening["info"].strip(), opening["indent"]))
        start = end
    return found


def blocks(text: str) -> list[Block]:
    """The runnable blocks of a page, in order."""
    lines, found = text.splitlines(), []
    spans = fences(lines)

    def inner(start: int, end: int, indent: str) -> str:
        return "\n".join(re.sub(rf"^ {{0,{len(indent)}}}", "", line) for line in lines[start + 1 : end - 1])

    for number, (start, end, info, indent) in enumerate(spans):
        if not {".python", ".runnable"} <= set(info.strip("{}").split()):
            continue
        output, output_end = None, end
        for first, last, kind, margin in spans[number + 1 : number + 2]:
            if ".output" in kind.strip("{}").split() and not "".join(lines[end:first]).strip():
                output, output_end = inner(first, last, margin), last
        found.append(Block(start + 1, inner(start, end, indent), end, output, output_end, indent))
    return found


def tidy(printed: str) -> str:
    """What was printed, as a page shows it: no blanks at line ends, no empty lines at the end."""
    return "\n".join(line.rstrip() for line in printed.splitlines()).rstrip("\n")


def execute(codes: Sequence[str], answer: Connection) -> None:
    """Run blocks in one namespace and send `(printed, error)` of each, up to the first error."""
    warnings.simplefilter("error")
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    namespace: dict[str, object] = {"__name__": "__main__"}
    results = []
    for number, code in enumerate(codes, start=1):
        printed, error = io.StringIO(), ""
        try:
            with contextlib.redirect_stdout(printed):
                exec(compile(code, f"<block {number}>", "exec"), namespace)
        except BaseException:
            error = traceback.format_exc()
        results.append((tidy(printed.getvalue()), error))
        if error:
            break
    answer.send(results)


def run(codes: Sequence[str], seconds: float = SECONDS) -> list[tuple[str, str]]:
    """Run blocks in one namespace of a fresh process; `(printed, error)` of each, up to the first error.

    A process that dies or takes too long counts as an error of its first block.
    """
    answer, sender = FORKS.Pipe(duplex=False)
    process = FORKS.Process(target=execute, args=(list(codes), sender))
    process.start()
    sender.close()
    try:
        if not answer.poll(seconds):
            return [("", f"not done after {seconds} seconds")]
        return answer.recv()
    except EOFError:  # it died before it could answer
        process.join()
        return [("", f"exit code {process.exitcode}")]
    finally:
        process.kill()
        process.join()


def problems(page: Path, write: bool = False) -> list[str]:
    """What is wrong with the outputs of one page, as `path:line: message`; `write` mends all but exceptions.

    Args:
        page: The page.
        write: Whether to rewrite the page's output blocks.

    Raises:
        OSError: If the page cannot be read or written.
    """
    text = page.read_text(encoding="utf-8")
    found = blocks(text)
    if not found:
        return []
    results = run([block.code for block in found])
    name = page.relative_to(ROOT) if page.is_relative_to(ROOT) else page
    messages, lines = [], text.splitlines()
    for block, (printed, error) in reversed(list(zip(found, results, strict=False))):  # from the end: indices stay true
        where = f"{name}:{block.line}"
        if error:
            messages.append(f"{where}: the block fails\n{error.rstrip()}")
        elif printed == tidy(block.output or "") and (block.output is not None) == bool(printed):
            continue
        elif write:
            lines[block.end : block.output_end] = shown(printed, block.indent)
        elif block.output is None:
            messages.append(f"{where}: the block prints something and no output block follows\n{printed}")
        else:
            messages.append(f"{where}: the output shown is\n{block.output}\nand the block prints\n{printed}")
    mended = "\n".join(lines) + "\n"
    if write and mended != text:
        write_text(page, mended, ROOT if page.is_relative_to(ROOT) else None)
    return messages[::-1]


def shown(printed: str, indent: str) -> list[str]:
    """The lines of an output block, with a blank one before; none where nothing was printed."""
    if not printed:
        return []
    ticks = "`" * max(3, 1 + max(map(len, re.findall(r"`+", printed)), default=0))
    lines = [f"{ticks} {{ .text .output }}", *printed.split("\n"), ticks]
    return ["", *(f"{indent}{line}".rstrip() for line in lines)]


def pages(docs: Path) -> list[Path]:
    """Hand-written pages that have runnable blocks, sorted."""
    found = (path for path in docs.rglob("*.md") if path.relative_to(docs).parts[0] not in GENERATED)
    return sorted(path for path in found if blocks(path.read_text(encoding="utf-8")))


def main(argv: Sequence[str] | None = None) -> int:
    """Check or write. Exit codes: 0 fine, 1 something differs, 2 a page cannot be read."""
    parser = argparse.ArgumentParser(description="Compare the outputs that pages show with what their blocks print.")
    parser.add_argument("page", nargs="*", type=Path, help="default: every hand-written page of docs/")
    parser.add_argument("--write", action="store_true", help="rewrite the output blocks")
    args = parser.parse_args(argv)
    try:
        found = [
            problem
            for page in [page.resolve() for page in args.page] or pages(ROOT / "docs")
            for problem in problems(page, args.write)
        ]
    except (OSError, UnicodeDecodeError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    sys.stdout.writelines(f"{problem}\n" for problem in found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
