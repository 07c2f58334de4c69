"""The tensors of a line that failed, as its code writes them: named, held in lists, handed to the call, in the layer.

Finding them runs nobody's code but torch's. What has no name (`k.transpose(1, 2)`), and what had one only inside a
comprehension, is an argument of the call that failed: the traceback holds the frame of what was called.
"""

import ast
import dis
import inspect
import sys
from _collections import _tuplegetter
from collections.abc import Iterator, Mapping
from itertools import groupby, islice
from types import FrameType, FunctionType, MemberDescriptorType, MethodType, ModuleType, TracebackType
from typing import Any

MOST = 12  # lines of a report
LONGEST = 60  # characters of an expression
LOOKED_AT = 1000  # things in a list
Span = tuple[int, int, int, int]
# What an index may be made of: computing it is no work, and calls nothing.
INDEX = (
    ast.Constant, ast.Name, ast.Load, ast.Slice, ast.Tuple, ast.UnaryOp, ast.USub, ast.BinOp, ast.Add, ast.Sub,
    ast.Mult, ast.FloorDiv, ast.Mod,
)  # fmt: skip
OPERANDS = ast.Name | ast.Attribute | ast.Subscript | ast.Call | ast.BinOp | ast.UnaryOp | ast.Compare | ast.IfExp
OPERATIONS = ast.BinOp | ast.Call | ast.Compare | ast.Subscript | ast.AugAssign
HELD = ("_parameters", "_buffers", "_modules")  # by a torch module


def is_a(value: object, kinds: Any) -> bool:
    """As `isinstance`, which would ask the value for its class."""
    return issubclass(type(value), kinds)


def is_array(value: object) -> bool:
    """Whether a value has a shape and a type of its elements."""
    kind = type(value)
    return (
        kind.__module__.partition(".")[0] in {"torch", "numpy"} and hasattr(value, "shape") and hasattr(value, "dtype")
    )


def shape(value: Any) -> str:
    return "[" + ", ".join(map(str, value.shape)) + "]"


def dtype(value: Any) -> str:
    return str(value.dtype).removeprefix("torch.")


def arrays(tree: ast.AST, trace: TracebackType) -> list[dict[str, str]]:
    """Shapes and types of the tensors in the line of a code where an exception passed.

    Args:
        tree: What ran in the frame.
        trace: The frame's place in the traceback.
    """
    where = place(trace)
    line = statement(tree, where)
    if line is None:
        return []
    frame = trace.tb_frame
    names = {**frame.f_globals, **frame.f_locals}
    if frame.f_code.co_name[0] != "<" or frame.f_code.co_name == "<module>":
        for name in names.keys() & bound(line):  # another of that name: a comprehension's own is gone
            del names[name]
    values = {node: looked_up(node, names) for node in parts(line)}
    known = {node for node, value in values.items() if value is not None}
    holders = {node.value for node in known if isinstance(node, ast.Attribute | ast.Subscript)}
    shown = {node: value for node, value in values.items() if is_array(value) or node not in holders}
    if trace.tb_next is not None:
        failed = next((node for node in within(line) if isinstance(node, OPERATIONS) and span(node) == where), None)
        shown |= operands(failed, trace.tb_next.tb_frame, names)
    found: dict[str, Any] = {}
    for node in sorted(shown, key=lambda one: (one.lineno, one.col_offset, -(one.end_col_offset or 0))):
        text = ast.unparse(node)
        found |= each(text if len(text) <= LONGEST else f"{text[:LONGEST]}…", shown[node])
    found |= layer(trace, {ast.unparse(node): value for node, value in values.items()}, found)
    told = [{"name": name, "shape": shape(value), "dtype": dtype(value)} for name, value in found.items()]
    return told[:MOST]


def place(trace: TracebackType) -> Span:
    """Where what failed begins and ends in the code, as lines and columns."""
    line, last, start, end = next(islice(trace.tb_frame.f_code.co_positions(), trace.tb_lasti // 2, None))
    return line or trace.tb_lineno, start or 0, last or trace.tb_lineno, end or 0


def span(node: Any) -> Span:
    return node.lineno, node.col_offset, node.end_lineno, node.end_col_offset


def statement(tree: ast.AST, where: Span) -> ast.stmt | None:
    """The innermost statement around a place."""
    found = None
    for node in ast.walk(tree):  # the outer before the inner
        if isinstance(node, ast.stmt) and span(node)[:2] <= where[:2] and where[2:] <= span(node)[2:]:
            found = node
    return found


def within(line: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a statement, without the statements in it."""
    yield line
    for child in ast.iter_child_nodes(line):
        if not isinstance(child, ast.stmt | ast.excepthandler | ast.match_case):
            yield from within(child)


def parts(line: ast.stmt) -> Iterator[Any]:
    """Names, and those with dots and indices, that a statement reads."""
    for node in within(line):
        read = isinstance(getattr(node, "ctx", None), ast.Load) or isinstance(node, ast.Subscript)
        if isinstance(node, ast.Name | ast.Attribute | ast.Subscript) and read:
            yield node
        if isinstance(node, ast.AugAssign) and not isinstance(node.target, ast.Subscript):
            yield node.target


def bound(line: ast.stmt) -> set[str]:
    """The names that comprehensions and lambdas of a statement have for themselves."""
    nodes = list(within(line))
    targets = [node.target for node in nodes if isinstance(node, ast.comprehension)]
    own = {node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)}
    return own | {node.arg for node in nodes if isinstance(node, ast.arg)}


# ---- what is written in the line


def looked_up(node: ast.AST, names: Mapping[str, Any]) -> Any:
    """What a part of a line stands for, where finding out runs nobody's code but torch's; else None."""
    if isinstance(node, ast.Name):
        return names.get(node.id)
    if not isinstance(node, ast.Attribute | ast.Subscript):
        return None
    holder = looked_up(node.value, names)
    key = node.attr if isinstance(node, ast.Attribute) else computed(node.slice, names)
    try:
        held = object.__getattribute__(holder, "__dict__")
    except AttributeError:
        held = {}
    for kind in HELD:
        if is_a(inner := held.get(kind), Mapping) and str(key) in inner:
            return inner[str(key)]
    if isinstance(node, ast.Attribute):
        return None if holder is None else member(holder, node.attr)
    try:
        if is_a(holder, dict):
            return dict.get(holder, key)
        if type(holder) in {list, tuple} or is_array(holder):
            return holder[key] if key is not None else None
    except Exception:  # there is no such part: maybe that is what failed
        pass
    return None


def member(holder: Any, name: str) -> Any:
    """An attribute that is simply there: in the object, in a slot, in its class."""
    value = inspect.getattr_static(holder, name, None)
    if is_a(value, MemberDescriptorType | _tuplegetter):
        return value.__get__(holder, type(holder))
    return None if hasattr(type(value), "__get__") and not is_a(value, FunctionType) else value


class Key:
    def __getitem__(self, key: Any) -> Any:
        return key


def computed(node: ast.expr, names: Mapping[str, Any]) -> Any:
    """An index of numbers and texts; None for others."""
    nodes = list(ast.walk(node))
    used = {one.id: names.get(one.id) for one in nodes if isinstance(one, ast.Name)}
    if not all(isinstance(one, INDEX) for one in nodes) or not all(type(one) in {int, str} for one in used.values()):
        return None
    taken = ast.Subscript(ast.Name("key", ast.Load()), node, ast.Load())
    whole = ast.fix_missing_locations(ast.Expression(taken))
    try:
        return eval(compile(whole, "<index>", "eval"), {"__builtins__": {}}, {**used, "key": Key()})
    except Exception:
        return None


def each(text: str, value: Any) -> dict[str, Any]:
    """A tensor, or those in a list or dictionary; neighbours that are alike as one."""
    if is_array(value):
        return {text: value}
    if is_a(value, dict):
        items = [(key, one) for key, one in islice(dict.items(value), LOOKED_AT) if is_array(one)]
        return {f"{text}[{key!r}]": one for key, one in items if isinstance(key, str | int)}
    if not is_a(value, list | tuple):
        return {}
    kind = list if is_a(value, list) else tuple
    found: dict[str, Any] = {}
    at = 0
    for _, group in groupby(islice(kind.__iter__(value), LOOKED_AT), lambda one: is_array(one) and alike(one)):
        same = list(group)
        if is_array(same[0]):
            found[f"{text}[{at}]" if len(same) == 1 else f"{text}[{at}:{at + len(same)}]"] = same[0]
        at += len(same)
    return found


def alike(value: Any) -> tuple[str, str]:
    return shape(value), dtype(value)


# ---- what was called


def operands(node: Any, called: FrameType, names: Mapping[str, Any]) -> dict[Any, Any]:
    """What an operation was given, by the nodes that say so; nothing where it is not sure which is which.

    Args:
        node: The operation, if it was found.
        called: The frame of the function that it called.
        names: Those of the line.
    """
    given, keywords = arguments(called)
    named = []
    match node:
        case ast.BinOp(left=first, right=second) | ast.AugAssign(target=first, value=second):
            nodes = [first, second]
        case ast.Compare(left=first, comparators=[second]) | ast.Subscript(value=first, slice=second):
            nodes = [first, second]
        case ast.Call() if (before := receiver(node.func, names)) is not None:
            nodes = [*before, *node.args]
            named = [(one.value, keywords.get(one.arg)) for one in node.keywords]
        case _:
            return {}
    pairs = [*zip(nodes, given, strict=False), *named]
    for one, value in pairs:
        expected = one.value if isinstance(one, ast.Constant) else looked_up(one, names)
        same = expected is None or expected is value
        if isinstance(one, ast.Subscript) and is_array(expected) and is_array(value):
            same = alike(expected) == alike(value)  # a view each
        if isinstance(one, ast.Starred) or not same:
            return {}
    inner = [
        pair
        for one, value in pairs
        if isinstance(one, ast.List | ast.Tuple) and is_a(value, list | tuple)
        for pair in zip(one.elts, value, strict=False)
    ]
    return {one: value for one, value in pairs + inner if isinstance(one, OPERANDS) and value is not None}


def receiver(function: Any, names: Mapping[str, Any]) -> list[ast.AST] | None:
    """What the called function has as its `self`, in a list, or nothing; None for one that is not Python's."""
    value = looked_up(function, names)
    owner = looked_up(function.value, names) if isinstance(function, ast.Attribute) else None
    free = isinstance(function, ast.Name) or is_a(owner, ModuleType | type)
    if isinstance(function, ast.Name) and function.id not in names:
        return None
    if not free and owner is not None and type(owner).__module__ == "builtins":
        return None
    if is_a(value, type | MethodType):
        return [ast.Pass()]  # what is not in the line
    if is_a(value, FunctionType) or (value is None and isinstance(function, ast.Attribute)):
        return [] if free else [function.value]
    return [function]


def arguments(frame: FrameType) -> tuple[list[Any], dict[str, Any]]:
    """What a function was given: in its order, and by name. What it has overwritten since is None."""
    code = frame.f_code
    count = code.co_argcount + code.co_kwonlyargcount
    stored = [one.argval for one in dis.get_instructions(code) if one.opname.startswith("STORE_")]
    changed = {name for one in stored for name in (one if isinstance(one, tuple) else (one,))}
    values = {name: None if name in changed else frame.f_locals.get(name) for name in code.co_varnames[:count]}
    rest = [frame.f_locals.get(name) for name in code.co_varnames[count:]]
    more = rest.pop(0) if code.co_flags & inspect.CO_VARARGS else ()
    named = rest.pop(0) if code.co_flags & inspect.CO_VARKEYWORDS else {}
    given = [values[name] for name in code.co_varnames[: code.co_argcount]]
    return [*given, *(more or ())], {**values, **(named or {})}


# ---- the layer


def layer(trace: TracebackType, named: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, Any]:
    """The innermost layer in which it failed: what came to it, unless that was found, and its parameters."""
    module: Any = getattr(getattr(sys.modules.get("torch"), "nn", None), "Module", None)
    frames = []
    while module and (trace := trace.tb_next):  # type: ignore[assignment]
        own = trace.tb_frame.f_locals.get("self")
        if trace.tb_frame.f_code.co_name == "forward" and is_a(own, module):
            frames.append(trace.tb_frame)
    if not frames:
        return {}
    own = frames[-1].f_locals["self"]
    paths = [
        text + "".join(f"[{name}]" if name.isdigit() else f".{name}" for name in filter(None, path.split(".")))
        for text, value in named.items()
        if is_a(value, module)
        for path, one in module.named_modules(value)
        if one is own
    ]
    path = min(paths, key=len, default=type(own).__name__)
    seen = {id(value) for value in found.values()}
    given = {f"{path}({name})": value for name, value in arguments(frames[-1])[1].items() if id(value) not in seen}
    kept = {f"{path}.{name}": value for name, value in vars(own)["_parameters"].items()}
    return {name: value for name, value in {**given, **kept}.items() if is_array(value)}
