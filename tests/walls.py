"""What a module imports and calls, read from its text; and what of that the project's walls forbid."""

import ast
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROOMS = ("browser", "ingest", "pictures", "publish", "snippets", "tests", "tools")

# The standard modules that neither ask nor change anything outside of the process.
PURE = set(
    "ast base64 binascii bisect codecs collections collections.abc contextlib dataclasses datetime difflib email"
    " email.parser functools graphlib hashlib heapq html io itertools json math pathlib posixpath re statistics"
    " struct textwrap tokenize tomllib types typing unicodedata urllib.parse uuid xml.etree xml.etree.ElementTree"
    " xml.sax zlib".split()
)
# Names by which those reach the disk, the clock or chance all the same, called or only mentioned, under any alias.
EFFECT = re.compile(
    r"open(?:_code)?|fdopen|file_digest|(?:read|write)(?:_\w+)?|today|now|utcnow|fromtimestamp|uuid1|uuid4|iterparse"
    r"|cwd|home|expanduser|resolve|exists|is_file|is_dir|stat|lstat|iterdir|glob|rglob|walk|mkdir|touch|unlink|rmdir"
    r"|chmod|rename|symlink_to|hardlink_to|samefile"
)
BUILTINS = {"open", "input", "print", "exec", "eval", "compile", "breakpoint", "__import__", "__builtins__"}
REFLECTION = {"getattr", "attrgetter", "methodcaller"}


def module_name(path: Path, root: Path = ROOT) -> str:
    """`ingest.notes.parse` of its path; a package is named by its folder."""
    return ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")


def imports(module: str, text: str, modules: Iterable[str], package: bool = False) -> Iterator[str]:
    """The modules that a module imports, wherever in it, in full; relative ones too.

    Args:
        module: Its name.
        text: Its text.
        modules: All modules of the project: of `from a import b` it tells whether `a.b` is one.
        package: Whether it is a package's `__init__`.
    """
    known = set(modules)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(module, node, package)
            inside = base.split(".")[0] in ROOMS
            for alias in node.names:
                full = f"{base}.{alias.name}"
                # Of a package of ours nothing but its modules is imported: `from ingest import x` is `ingest.x`.
                yield full if inside and (full in known or base not in known or base.count(".") == 0) else base


def _absolute(module: str, node: ast.ImportFrom, package: bool) -> str:
    if not node.level:
        return node.module or ""
    parts = module.split(".")
    above = parts[: len(parts) - node.level + package]
    return ".".join([*above, node.module] if node.module else above)


def effects(text: str) -> Iterator[str]:
    """Names in a text that reach out of the process."""
    tree = ast.parse(text)
    own = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and EFFECT.fullmatch(node.attr):
            yield f".{node.attr}"
        elif isinstance(node, ast.Name) and node.id in BUILTINS and node.id not in own:
            yield node.id
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] not in ROOMS and not node.level:
            yield from (alias.name for alias in node.names if EFFECT.fullmatch(alias.name))
        elif isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in REFLECTION:
            said = [part.value for part in node.args if isinstance(part, ast.Constant) and isinstance(part.value, str)]
            yield from (f"{name!r}" for name in said if EFFECT.fullmatch(name) or name in BUILTINS)


def breaches(
    module: str,
    text: str,
    allowed: Mapping[str, set[str]],
    edges: set[str],
    libraries: set[str],
    edge_libraries: set[str],
) -> list[str]:
    """What a module of `ingest` does that its place in the table does not allow.

    Args:
        module: Its name without `ingest.`.
        text: Its text.
        allowed: By module, the modules of `ingest` that it imports.
        edges: Modules that may reach out; the core may not even import them.
        libraries: Libraries that the core may use.
        edge_libraries: Those that the edges may use besides.
    """
    found = set(imports(f"ingest.{module}", text, {f"ingest.{name}" for name in allowed}, _is_package(module, allowed)))
    local = {name.removeprefix("ingest.") for name in found if name.split(".")[0] == "ingest"}
    outside = {name for name in found if name.split(".")[0] != "ingest"}
    known = set(sys.stdlib_module_names) | libraries | edge_libraries if module in edges else libraries
    strange = {name for name in outside if not (name in PURE or name.split(".")[0] in known)}
    told = [f"imports {name}, which the table does not allow" for name in local - allowed[module]]
    told += [f"does not import {name}, which the table says" for name in allowed[module] - local]
    told += [f"imports {name}" for name in strange]
    if module not in edges:
        told += [f"imports the edge {name}" for name in local & edges]
        told += [f"reaches out by {name}" for name in effects(text)]
    return told


def _is_package(module: str, modules: Iterable[str]) -> bool:
    return not module or any(name.startswith(f"{module}.") for name in modules)


def rooms_of(module: str, text: str, modules: Iterable[str] = (), package: bool = False) -> set[str]:
    """The rooms that a module imports from, its own left out."""
    names = {name.split(".")[0] for name in imports(module, text, modules, package)}
    return (names & set(ROOMS)) - {module.split(".")[0]}


def foreign(module: str, text: str) -> set[str]:
    """What a module imports that is neither the standard library's."""
    return {name.split(".")[0] for name in imports(module, text, ())} - set(sys.stdlib_module_names)
