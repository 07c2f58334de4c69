"""A widget as cells of a notebook: what to try, the modules it stands on, its code with Colab's form, what it prints.

The modules are written to a folder of the notebook's own, so the code is the very same as on the page.
"""

import ast
from collections.abc import Callable, Iterator

from widgets import _form

ROOMS = ("browser", "snippets", "widgets")
Cell = tuple[str, str, str]  # `markdown` or `code`, its text, what it prints
Read = Callable[[str], bytes]  # a file below the project by its path; raises FileNotFoundError

PARTS = """\
# @title Its parts: run this once
# From OpenLLM Wiki. MIT License.
import sys
import tempfile
from pathlib import Path

parts = Path(tempfile.mkdtemp())
sys.path.insert(0, str(parts))


def part(name, text):
    (parts / name).parent.mkdir(parents=True, exist_ok=True)
    (parts / name).write_text(text, encoding="utf-8")
    (parts / Path(name).parts[0] / "__init__.py").touch()  # a package, ahead of an installed one of that name


if "IPython" in sys.modules:  # pictures appear as they are drawn
    from IPython.display import SVG, display

    sys.stdout.show_figure = lambda svg, alt: display(SVG(svg))
"""


def cells(name: str, read: Read) -> list[Cell]:
    """The cells of a widget, in English as all of a notebook is.

    Raises:
        OSError: If a file of it is not there.
    """
    script = _form.parse(name, _text(read, f"widgets/{name}.py"), "en")
    printed = _text(read, f"widgets/outputs/{name}.en.txt").partition("\n%% ")[0].strip() + "\n"
    parts = "\n".join(f"part({path!r}, {_quoted(text)})" for path, text in files(script.code, read).items())
    asked = f"<details><summary>{script.question}</summary>{script.answer}</details>"
    return [
        ("markdown", f"## {script.title}\n\n{script.hint}\n\n{asked}", ""),
        ("code", f"{PARTS}\n{parts}", ""),
        ("code", script.code, printed),
    ]


def files(code: str, read: Read) -> dict[str, str]:
    """Our own modules that a code imports, and what these import, by their paths; models with their weights."""
    found: dict[str, str] = {}
    waiting = list(_imported(code))
    while waiting:
        path = f"{waiting.pop(0).replace('.', '/')}.py"
        if path in found:
            continue
        try:
            found[path] = _text(read, path)
        except FileNotFoundError:  # a name in a module
            continue
        waiting += _imported(found[path])
        if path.startswith("widgets/models/"):
            data = path.replace(".py", ".json")
            found[data] = _text(read, data)
    return dict(sorted(found.items()))


def _imported(code: str) -> Iterator[str]:
    """Modules of ours that a code may mean, wherever it imports them."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in ROOMS:
            yield node.module or ""
            yield from (f"{node.module}.{name.name}" for name in node.names)


def _text(read: Read, path: str) -> str:
    return read(path).decode().replace("\r\n", "\n")


def _quoted(text: str) -> str:
    """As Python, readable where it can be."""
    plain = "'''" not in text and not text.endswith(("'", "\\"))
    return f"r'''{text}'''" if plain else repr(text)
