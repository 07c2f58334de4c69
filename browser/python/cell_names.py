"""What a page's code has named: for completion, and for the list of variables."""

import builtins
import inspect
import keyword
import re
import sys
from collections.abc import Mapping
from importlib import import_module
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

tensors = import_module(f"{__package__}.cell_tensors" if __package__ else "cell_tensors")
MOST = 200  # names of a list
LARGEST = 60  # characters of a value
CHAIN = re.compile(r"([^\W\d]\w*(?:\.\w*)*)$")
IMPORTED = re.compile(
    r"^[ \t]*(?:import[ \t]+([\w.]+)(?:[ \t]+as[ \t]+(\w+))?|from[ \t]+([\w.]+)[ \t]+import[ \t]+([\w, ]+))", re.M
)

# ---- the list of variables


def variables(names: Mapping[str, Any]) -> list[dict[str, str]]:
    """What a page's code has made: no modules, functions or classes, which stand in the code itself."""
    skipped = (ModuleType, FunctionType, BuiltinFunctionType, type)
    kept = [(name, value) for name, value in names.items() if name[:1] != "_" and not isinstance(value, skipped)]
    return [{"name": name, "type": type(value).__name__, "value": told(value)} for name, value in kept[:MOST]]


def told(value: Any) -> str:
    """A value in a few words."""
    try:
        if tensors.is_array(value):
            return f"{tensors.shape(value)} {tensors.dtype(value)}"
        if callable(getattr(value, "parameters", None)) and hasattr(value, "_parameters"):
            return f"{sum(one.numel() for one in value.parameters()):,} parameters"
        if isinstance(value, list | tuple | dict | set | frozenset):
            return f"len {len(value)}"
        text = repr(value)
    except Exception as error:
        return type(error).__name__
    return text if len(text) <= LARGEST else f"{text[:LARGEST]}…"


# ---- completion


def complete(names: Mapping[str, Any], code: str, at: int) -> dict[str, Any]:
    """What fits at a place of a code that is being written."""
    before = code[:at]
    chain = match[1] if (match := CHAIN.search(before)) else ""
    head, dot, begun = chain.rpartition(".")
    known = {**imported(code), **names}
    found: dict[str, Any] = {}
    if dot:
        holder = resolved(head, known)
        found = {name: kind(getattr_safely(holder, name)) for name in dir(holder)} if holder is not None else {}
    elif begun:
        written = dict.fromkeys(re.findall(r"[^\W\d]\w{2,}", code), "variable")
        found = written | dict.fromkeys(keyword.kwlist, "keyword")
        found |= {name: kind(value) for name, value in {**vars(builtins), **known}.items()}
        found.pop(begun, None)
    fits = sorted(name for name in found if name.startswith(begun) and (begun[:1] == "_" or name[:1] != "_"))
    return {
        "from": at - len(begun),
        "names": [{"name": name, "kind": found[name]} for name in fits[:MOST]],
        "signature": signature(before, known),
    }


def imported(code: str) -> dict[str, Any]:
    """What the imports of a code will bring, of what is there already: nothing is imported for it."""
    found: dict[str, Any] = {}
    for module, name, origin, members in IMPORTED.findall(code):
        if module and module in sys.modules:
            found[name or module.partition(".")[0]] = sys.modules[module if name else module.partition(".")[0]]
        for member in members.split(",") if origin in sys.modules else []:
            one, _, other = member.strip().partition(" as ")
            value = getattr(sys.modules[origin], one, sys.modules.get(f"{origin}.{one}"))
            if value is not None:
                found[other.strip() or one] = value
    return found


def resolved(chain: str, known: Mapping[str, Any]) -> Any:
    """What names with dots stand for, or None."""
    first, *rest = chain.split(".")
    value = known.get(first, getattr(builtins, first, None))
    for name in rest:
        value = getattr_safely(value, name)
    return value


def getattr_safely(holder: Any, name: str) -> Any:
    try:
        return getattr(holder, name, None)
    except Exception:
        return None


def kind(value: Any) -> str:
    """Which mark a name has in the list."""
    if isinstance(value, ModuleType):
        return "namespace"
    if isinstance(value, type):
        return "class"
    return "function" if callable(value) else "variable"


def signature(before: str, known: Mapping[str, Any]) -> str:
    """How the call is written in whose brackets a text ends; "" where it ends in none."""
    depth = 0
    for at in range(len(before) - 1, max(-1, len(before) - 2000), -1):
        if before[at] in ")]}":
            depth += 1
        elif before[at] in "([{":
            depth -= 1
            if depth < 0:
                match = CHAIN.search(before[:at]) if before[at] == "(" else None
                value = resolved(match[1], known) if match else None
                return described(match[1], value) if match and callable(value) else ""
    return ""


def described(name: str, value: Any) -> str:
    try:
        text = f"{name}{inspect.signature(value)}"
    except (TypeError, ValueError):
        text = f"{name}(…)"
    summary = (inspect.getdoc(value) or "").strip().partition("\n")[0]
    return f"{text}\n{summary}" if summary and not isinstance(value, type) else text
