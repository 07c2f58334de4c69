"""A snippet as a Jupyter notebook: its text, its code, its page's examples with verified outputs, its page's widget."""

import ast
import json
import re
from pathlib import Path
from typing import Any

from ingest.tree import Tree
from widgets import _notebook as widget

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = re.compile(
    r"^(`{3,}) \{ \.python \.runnable \}\n(?P<code>(?:(?!\1).*\n)+?)\1\n"  # to the next such mark, and no further
    r"\s*^(`{3,}) \{ \.text \.output \}\n(?P<output>(?:(?!\3).*\n)+?)\3$",
    re.MULTILINE,
)
WIDGET = re.compile(r'^--8<-- "widgets/(\w+)\.md"$', re.MULTILINE)
LOCAL = re.compile(r"^from (snippets|browser)\.(\w+) import .+\n", re.MULTILINE)
MAIN = re.compile(r'\n+if __name__ == "__main__":\n.*\Z', re.DOTALL)


def notebook(name: str) -> str:
    """A self-contained notebook (nbformat 4.5) as JSON: it imports torch and the standard library alone.

    Raises:
        OSError: If the snippet or its page is not there.
        LookupError: If the page has no example.
    """
    tree = Tree(ROOT)  # a page may be a stranger's
    page = tree.read(f"docs/topics/{name}.md").decode().replace("\r\n", "\n")
    if not (examples := list(EXAMPLE.finditer(page))):
        raise LookupError(f"docs/topics/{name}.md has no runnable example")
    imported = [module for example in examples for module in LOCAL.findall(example["code"])]
    used = dict.fromkeys([*imported, ("snippets", name)])
    used[("snippets", name)] = used.pop(("snippets", name))  # last: what it defines holds
    cells: list[dict[str, Any]] = []
    for folder, module in used:
        source = tree.read(f"{folder}/{module}.py").decode().replace("\r\n", "\n")
        text = ast.get_docstring(ast.parse(source)) or ""
        origin = f"From OpenLLM Wiki, {folder}/{module}.py. MIT License."
        cells.append(_cell(len(cells), "markdown", f"# {text}\n\n{origin}"))
        cells.append(_cell(len(cells), "code", _without_docstring(source)))
    cells.append(_cell(len(cells), "markdown", "## Example"))
    for example in examples:
        cells.append(_cell(len(cells), "code", LOCAL.sub("", example["code"]).strip("\n"), example["output"]))
    for found in WIDGET.findall(page):
        cells += (_cell(len(cells) + at, *cell) for at, cell in enumerate(widget.cells(found, tree.read)))
    metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    made = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(made, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _without_docstring(source: str) -> str:
    """A module's code: its docstring stands above, and its demo is not run."""
    first = ast.parse(source).body[0]
    rest = "\n".join(source.splitlines()[first.end_lineno :]) if isinstance(first, ast.Expr) else source
    return MAIN.sub("", rest).strip() + "\n"


def _cell(number: int, kind: str, text: str, output: str = "") -> dict[str, object]:
    cell: dict[str, object] = {"id": f"cell-{number}", "cell_type": kind, "metadata": {}}
    cell["source"] = text.rstrip("\n").splitlines(keepends=True)
    if kind == "code":
        said = [{"output_type": "stream", "name": "stdout", "text": output.splitlines(keepends=True)}]
        cell |= {"execution_count": None, "outputs": said if output else []}
    return cell
