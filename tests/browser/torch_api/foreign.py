"""Which of the snippets' tests need more than torch: they import another library, or start processes.

Read off the source, so that nobody has to keep a list. As a pytest plugin (`-p tests.browser.torch_api.foreign`) it
leaves those tests out and lets the others run where that library is not there: importing it gives a stand-in. With
`--variants 3` it runs three of each test's variants, the first, the middle and the last.
"""

import ast
import importlib
import importlib.abc
import importlib.machinery
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest import mock

OURS = {"torch", "numpy", "pytest", "hypothesis", "snippets", "tests", *sys.stdlib_module_names}
# Of torch, but about processes, dtypes that numpy lacks, quantized kernels or torch's own machinery: not in a tab.
BEYOND = (
    "torch.ao",
    "torch.autograd.graph",
    "torch.distributed",
    "torch.float8_e4m3fn",
    "torch.float8_e5m2",
    "torch.float8_e8m0fnu",
    "torch.multiprocessing",
    "torch.utils._python_dispatch",
    "torch.utils.flop_counter",
)


def is_foreign(module: str) -> bool:
    """Whether a module is another library's."""
    beyond = any(module == name or module.startswith(f"{name}.") for name in BEYOND)
    return beyond or module.split(".")[0] not in OURS


def imported(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Each foreign module that is imported somewhere, and the name it (or its member) gets."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if is_foreign(alias.name):
                    yield alias.name, alias.asname or alias.name.split(".")[0]
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            for alias in node.names:
                if is_foreign(node.module) or (is_foreign(f"{node.module}.{alias.name}") and node.module == "torch"):
                    yield node.module if is_foreign(node.module) else f"torch.{alias.name}", alias.asname or alias.name
        elif isinstance(node, ast.Attribute) and is_foreign(_dotted(node)) and _dotted(node).startswith("torch."):
            yield _dotted(node), ""
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and node.value.args:
            called, first = node.value.func, node.value.args[0]
            if isinstance(called, ast.Attribute) and called.attr == "importorskip" and isinstance(first, ast.Constant):
                yield from ((str(first.value), one.id) for one in node.targets if isinstance(one, ast.Name))


def left_out(source: str) -> set[str]:
    """Names of the tests that use a foreign module, themselves or through what they call or take as fixtures."""
    tree = ast.parse(source)
    members = {name: node for node in tree.body for name in _defined(node)}
    foreign = {name for node in tree.body if _is_import(node) for _, name in imported(node)}
    tainted = {name for name, node in members.items() if not _is_import(node) and any(imported(node))}
    while True:
        more = {
            name
            for name, node in members.items()
            if name not in tainted and not _is_import(node) and _used(node) & (foreign | tainted)
        }
        if not more:
            return {name for name in tainted if name.startswith("test_")}
        tainted |= more


def tests_of(source: str) -> set[str]:
    """Names of all test functions."""
    return {
        node.name
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def _dotted(node: ast.AST) -> str:
    """`torch.autograd.graph` of an expression; empty where it is no dotted name."""
    if isinstance(node, ast.Attribute):
        before = _dotted(node.value)
        return f"{before}.{node.attr}" if before else ""
    return node.id if isinstance(node, ast.Name) else ""


def _is_import(node: ast.AST) -> bool:
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
        return getattr(node.value.func, "attr", "") == "importorskip"
    return isinstance(node, ast.Import | ast.ImportFrom)


def _defined(node: ast.stmt) -> list[str]:
    """Names that a statement of the module binds."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Assign):
        return [one.id for target in node.targets for one in ast.walk(target) if isinstance(one, ast.Name)]
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return [node.target.id]
    return []


def _used(node: ast.AST) -> set[str]:
    """Names that a statement reads: variables, arguments (fixtures are asked for by them), and dotted torch modules."""
    names = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
    return names | {one.arg for one in ast.walk(node) if isinstance(one, ast.arg)}


class StandIns(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives an empty shell for foreign modules, whose members are mocks."""

    def __init__(self, names: set[str]) -> None:
        paths = {".".join(name.split(".")[:end]) for name in names for end in range(1, name.count(".") + 2)}
        self.names = {path for path in paths if is_foreign(path)}

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        """Only for the modules it was made for."""
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True) if fullname in self.names else None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        """The shell."""
        module = ModuleType(spec.name)
        module.__getattr__ = lambda name: mock.MagicMock(name=name)  # type: ignore[method-assign]
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Nothing to run."""


def pytest_load_initial_conftests(early_config: Any, parser: Any, args: Sequence[str]) -> None:
    """Put the stand-ins in place before any test file is imported."""
    paths = [Path(arg.split("::")[0]) for arg in args if arg.split("::")[0].endswith(".py")]
    names = {module for path in paths for module, _ in imported(ast.parse(path.read_text(encoding="utf-8")))}
    finder = StandIns(names)
    sys.meta_path.insert(0, finder)
    for name in sorted(finder.names):  # `from torch import distributed` asks torch for the name, not the finder
        if name.startswith("torch.") and name.count(".") == 1:
            importlib.import_module(name)


def pytest_addoption(parser: Any) -> None:
    """Say how many variants of a test are enough."""
    parser.addoption("--variants", type=int, help="run so many of the variants of each test (default: all)")


def spread(count: int, most: int) -> set[int]:
    """Places of at most `most` of `count` things, which are 2 or more, evenly from the first to the last."""
    return set(range(count)) if count <= most else {at * (count - 1) // (most - 1) for at in range(most)}


def pytest_collection_modifyitems(config: Any, items: list[Any]) -> None:
    """Leave out what needs a foreign module, and variants beyond those that are wanted."""
    skipped = {path: left_out(path.read_text(encoding="utf-8")) for path in {item.path for item in items}}
    variants: dict[tuple[Path, str], list[Any]] = {}
    for item in items:
        if item.originalname not in skipped[item.path]:
            variants.setdefault((item.path, item.originalname), []).append(item)
    most = config.getoption("variants") or len(items)
    kept = {id(of_one[at]) for of_one in variants.values() for at in spread(len(of_one), most)}
    config.hook.pytest_deselected(items=[item for item in items if id(item) not in kept])
    items[:] = [item for item in items if id(item) in kept]
