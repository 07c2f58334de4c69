"""Who imports whom in the browser's torch: no module needs one that needs it."""

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.browser.torch_api.pair import PACKAGE


def graph(package: Path) -> dict[str, set[str]]:
    """What each module of a package imports of it, anywhere in its source."""
    paths = {path: (*path.relative_to(package).with_suffix("").parts,) for path in package.rglob("*.py")}
    names = {path: parts[:-1] if parts[-1] == "__init__" else parts for path, parts in paths.items()}
    known = set(names.values())

    def imported(path: Path) -> Iterator[tuple[str, ...]]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.level:
                folder = path.relative_to(package).parts[:-1]
                place = (*folder[: len(folder) - node.level + 1], *(node.module or "").split("."))
                place = tuple(filter(None, place))
                for alias in node.names:
                    yield (*place, alias.name) if (*place, alias.name) in known else place

    return {".".join(name): {".".join(one) for one in imported(path)} for path, name in names.items()}


def test_no_module_of_torch_needs_one_that_needs_it():
    found = graph(PACKAGE)
    assert "_core" in found["_shape"] and "_reduce" in found["nn.functional"] and "nn.module" in found["nn"]
    TopologicalSorter(found).prepare()


def test_circle_through_an_import_within_a_function_is_found(tmp_path):
    (tmp_path / "__init__.py").write_text("from . import a\n", "utf-8")
    (tmp_path / "a.py").write_text("def f():\n    from .b.c import g\n", "utf-8")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "__init__.py").write_text("", "utf-8")
    (tmp_path / "b" / "c.py").write_text("from .. import a\n", "utf-8")
    with pytest.raises(CycleError, match=r"b\.c"):
        TopologicalSorter(graph(tmp_path)).prepare()
