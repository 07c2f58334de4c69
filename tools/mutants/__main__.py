"""Break each snippet's core in every place, one place at a time, and tell which mutants its tests let live.

    python -m tools.mutants [NAME...]

The mutations are mutmut's, and a few for torch. mutmut's own runner leaves decorated functions alone, and
`@torch.no_grad()` is all over reinforcement learning; it also collects whole suites. Here a mutant is a fork of one
process that has torch and the oracles imported: it runs its snippet's own test file, the fastest tests first, up to
the first failure.

Not mutated: annotations, docstrings, and statements that raise. No assignment and no argument becomes None: that
breaks the code, not the formula, and dies at once. `-1` becomes `-2` and not `+1`, which of a matrix is the same
dimension; `zip` stays strict; without CUDA no device is left out. survivors.toml says why a mutant may live.
"""

import argparse
import contextlib
import gc
import itertools
import json
import math
import os
import resource
import signal
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import libcst as cst
import pytest
import torch
from libcst import matchers as m
from libcst.metadata import MetadataWrapper, PositionProvider
from mutmut.mutation.mutators import mutation_operators, operator_assignment

from snippets.__main__ import names

ROOT = Path(__file__).parents[2]
SURVIVORS = Path(__file__).with_name("survivors.toml")
SWAPS = {"sum": "mean", "amax": "amin", "argmax": "argmin", "max": "min", "maximum": "minimum", "cos": "sin"}
SWAPS |= {after: before for before, after in SWAPS.items()}
REMOVED = {"abs", "clamp", "contiguous", "detach", "exp", "log", "log_softmax", "sigmoid", "softmax", "sqrt", "square"}
MEMORY = 8 << 30  # bytes; a mutant may ask for more than there is


class Mutant(NamedTuple):
    """The lines that changed, before and after, and the whole file."""

    line: str
    mutant: str
    code: str


def swap_method(node: cst.Call) -> Iterator[cst.BaseExpression]:
    """`x.sum()` becomes `x.mean()`, and `x.detach()` becomes `x`."""
    if isinstance(node.func, cst.Attribute):
        name = node.func.attr.value
        if name in SWAPS:
            yield node.with_deep_changes(node.func.attr, value=SWAPS[name])
        if name in REMOVED:
            yield node.func.value


OPERATORS = [(kind, operator) for kind, operator in mutation_operators if operator is not operator_assignment]
OPERATORS.append((cst.Call, swap_method))


NEGATIVE = m.UnaryOperation(operator=m.Minus(), expression=m.Integer())  # dim=-1, which also becomes dim=-2
ON_DEVICE = m.Arg(keyword=m.Name("device")) | m.Arg(value=m.Attribute(attr=m.Name("device")))
STRICT = m.Arg(keyword=m.Name("strict"))


def needless(node: cst.CSTNode, mutated: cst.CSTNode) -> bool:
    """Whether the mutant would say nothing of a formula; see the top of the file."""
    if m.matches(node, NEGATIVE):
        return True
    if not isinstance(node, cst.Call) or not isinstance(mutated, cst.Call):
        return False
    gone = [argument for argument in node.args if argument not in mutated.args]
    come = [argument for argument in mutated.args if argument not in node.args]
    if come:
        return any(m.matches(argument, m.Arg(value=m.Name("None"))) for argument in come)
    spared = STRICT if torch.cuda.is_available() else STRICT | ON_DEVICE
    return any(m.matches(argument, spared) for argument in gone)


class Sites(cst.CSTVisitor):
    """Gathers the pairs of a node and what may stand in its place, between two lines."""

    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self, first: int, last: int) -> None:
        super().__init__()
        self.lines = range(first, last + 1)
        self.found: list[tuple[cst.CSTNode, cst.CSTNode]] = []

    def on_visit(self, node: cst.CSTNode) -> bool:
        """Mutate the node, and go on to its children."""
        if isinstance(node, cst.Annotation | cst.Raise) or m.matches(node, STRICT):
            return False
        position = self.get_metadata(PositionProvider, node, None)
        if position and position.start.line in self.lines:
            for kind, operator in OPERATORS:
                if isinstance(node, kind):
                    self.found += [(node, mutated) for mutated in operator(node) if not needless(node, mutated)]
        return True


def same(before: Iterable[str], after: Iterable[str]) -> int:
    """How many lines are the same at the start."""
    return len(list(itertools.takewhile(lambda pair: pair[0] == pair[1], zip(before, after, strict=False))))


def changed(before: list[str], after: list[str]) -> tuple[str, str]:
    """The lines that differ, without those around them."""
    start = same(before, after)
    end = same(reversed(before[start:]), reversed(after[start:]))
    one, other = (" ".join(line.strip() for line in lines[start : len(lines) - end]) for lines in (before, after))
    return one, other


def mutants(source: str) -> Iterator[Mutant]:
    """Every mutant of the part of a snippet that pages show as its core."""
    lines = source.splitlines()
    wrapper = MetadataWrapper(cst.parse_module(source))
    sites = Sites(lines.index("# --8<-- [start:core]") + 1, lines.index("# --8<-- [end:core]") + 1)
    wrapper.visit(sites)
    for node, mutated in sites.found:
        code = wrapper.module.deep_replace(node, mutated).code
        with contextlib.suppress(SyntaxError):
            compile(code, "mutant", "exec")
            yield Mutant(*changed(lines, code.splitlines()), code)


class FastestFirst:
    """Runs the tests by how long they took before, and measures them."""

    def __init__(self, seconds: dict[str, float]) -> None:
        self.seconds = dict(seconds)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Put the fastest first."""
        items.sort(key=lambda item: self.seconds.get(item.nodeid, 0))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Hear how long a test took."""
        self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0) + report.duration


def run_tests(name: str, *options: str, plugin: FastestFirst) -> int:
    """pytest's exit code for the snippet's test file."""
    # Rewriting the assertions takes longer than most tests; mutants need no explanation of why they died.
    options = (*options, "--quiet", "--assert=plain", "-p", "no:cacheprovider")
    return pytest.main([*options, str(ROOT / f"tests/snippets/test_{name}.py")], plugins=[plugin])


def fork(name: str, code: str, seconds: dict[str, float], report: Path) -> int:
    """Start the tests on `code` in the snippet's place.

    Returns:
        The process. It exits with 0 if all tests passed, and then leaves their times in `report`.
    """
    if child := os.fork():
        return child
    status = 1
    try:
        os.setsid()
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1), os.dup2(null, 2)
        allowed = math.ceil(10 + 4 * sum(seconds.values())) if seconds else 600
        resource.setrlimit(resource.RLIMIT_CPU, (allowed, allowed))
        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
        signal.alarm(20 * allowed)  # for those that wait and do not compute
        for loaded in [loaded for loaded in sys.modules if loaded.startswith("tests.snippets")]:
            del sys.modules[loaded]
        package = sys.modules["snippets"]
        module = ModuleType(f"snippets.{name}")
        sys.modules[module.__name__] = module
        setattr(package, name, module)
        exec(compile(code, str(ROOT / f"snippets/{name}.py"), "exec"), module.__dict__)
        plugin = FastestFirst(seconds)
        status = run_tests(name, "--exitfirst", plugin=plugin)
        if status == 0:
            report.write_text(json.dumps(plugin.seconds), "utf-8")
    finally:
        os._exit(status)


def survivors(name: str, found: Iterable[Mutant], jobs: int) -> list[Mutant]:
    """The mutants that all tests of the snippet pass.

    Raises:
        SystemExit: If the tests fail on the snippet itself.
    """
    plugin = FastestFirst({})
    run_tests(name, "--collect-only", "-qq", plugin=plugin)  # imports torch and the oracles, here, once
    gc.freeze()  # pytest collects garbage when it ends: most of a mutant's time went over what was imported
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "seconds.json"
        source = (ROOT / f"snippets/{name}.py").read_text("utf-8")
        if os.waitpid(fork(name, source, {}, report), 0)[1] != 0:
            raise SystemExit(f"{name}: the tests fail on the snippet itself")
        seconds = json.loads(report.read_text("utf-8"))
        running: dict[int, Mutant] = {}
        alive = []

        def reap() -> None:
            process, status = os.wait()
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process, signal.SIGKILL)  # what the tests started and left
            mutant = running.pop(process)
            if status == 0:
                alive.append(mutant)

        for mutant in found:
            if len(running) == jobs:
                reap()
            running[fork(name, mutant.code, seconds, report)] = mutant
        while running:
            reap()
    return alive


def main() -> int:
    """Report by snippet; 1 where a mutant lives without a reason, or a reason has no mutant that lives."""
    parser = argparse.ArgumentParser(prog="python -m tools.mutants", description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", choices=[[], *names()], metavar="NAME")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # the snippets' tests need none, and each takes its time to load
    torch.set_num_threads(1)  # a pool of threads does not survive a fork
    torch.set_num_interop_threads(1)
    excused = tomllib.loads(SURVIVORS.read_text("utf-8"))
    wrong = 0
    for name in arguments.names or names():
        found = list(mutants((ROOT / f"snippets/{name}.py").read_text("utf-8")))
        alive = survivors(name, found, arguments.jobs)
        reasons = {(entry["line"], entry["mutant"]) for entry in excused.get(name, [])}
        lives = {(mutant.line, mutant.mutant) for mutant in alive}
        print(f"{name}: {len(found)} mutants, {len(alive)} live, {len(lives - reasons)} of them without a reason")
        for line, mutant in sorted(lives - reasons):
            print(f"  {line}\n    {mutant}", flush=True)
        for line, mutant in sorted(reasons - lives):
            print(f"  stale: {line}\n    {mutant}")
        wrong += len(lives ^ reasons)
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
