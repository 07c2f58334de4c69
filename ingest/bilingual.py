"""Code whose notes and messages are in both languages, `中文 ‖ English`, with those of one."""

import ast
import contextlib
import re
from collections.abc import Iterator

BETWEEN = " ‖ "  # the Chinese note before it, the English one after it
# One after the other, which are one message; three quotation marks or an escaped one make none: half of what Python
# reads otherwise could end the page's block of code.
_LITERAL = r'f?"(?!"")(?:[^"\\\n]|\\[^"\n])*+"'
LITERALS = re.compile(rf"{_LITERAL}(?:\s*+{_LITERAL})*+")
NO_PYTHON = (SyntaxError, ValueError, RecursionError, MemoryError)  # which may depend on how deep the reader stands
# Strings and comments. Python's own `tokenize` takes ten times as long, and ends on code that Python itself reads.
_PIECES = re.compile(
    r"""'''(?:\\.|[^\\])*?'''|\"{3}(?:\\.|[^\\])*?\"{3}|'(?:\\.|[^'\\])*+'|"(?:\\.|[^"\\])*+"|#[^\n]*""", re.DOTALL
)


def in_language(code: str, lang: str) -> str:
    """Code with each note `中文 ‖ English`, and each message of an assert that says both, in one of its languages."""
    if BETWEEN not in code:
        return code
    with contextlib.suppress(*NO_PYTHON):
        code = _messages_in(code, lang)
    lines = code.split("\n")
    for line, column, note in notes_of(code):
        if BETWEEN in note:
            chinese, _, english = note.lstrip("# ").partition(BETWEEN)
            lines[line - 1] = f"{lines[line - 1][:column]}# {(chinese if lang == 'zh' else english).strip()}"
    return "\n".join(lines)


def _messages_in(code: str, lang: str) -> str:
    """Of an assert's message, one or several literals in double quotes, the part before or after ` ‖ `."""
    written = code.encode()
    starts = [0, *(at + 1 for at, byte in enumerate(written) if byte == 10)]
    messages = (node.msg for node in _nodes(ast.parse(code)) if isinstance(node, ast.Assert))
    places = [
        (starts[one.lineno - 1] + one.col_offset, starts[(one.end_lineno or 1) - 1] + (one.end_col_offset or 0))
        for one in messages
        if one
    ]
    pieces, at = [], 0
    for first, last in sorted(places):
        message = written[first:last].decode()
        said = _half(message, lang) if LITERALS.fullmatch(message) else message
        pieces += [written[at:first], (said if _is_text(said) else message).encode()]
        at = last
    return b"".join([*pieces, written[at:]]).decode()


def _nodes(node: ast.AST) -> Iterator[ast.AST]:
    waiting = [node]
    while waiting:
        yield (one := waiting.pop())
        waiting += ast.iter_child_nodes(one)


def _is_text(said: str) -> bool:
    try:
        return isinstance(ast.parse(f"({said})", mode="eval").body, ast.Constant | ast.JoinedStr)
    except NO_PYTHON:  # what stands in an f-string's braces
        return False


def _half(message: str, lang: str) -> str:
    """Literals up to ` ‖ ` in one of them, or what comes after it; all of them where none says both."""
    if (middle := message.find(BETWEEN)) < 0:
        return message
    if lang == "zh":
        return f'{message[:middle]}"'
    quote, end = message.rfind('"', 0, middle), message.index('"', middle)
    english, rest = message[middle + len(BETWEEN) : end], message[end + 1 :]
    mark = message[quote - (message[quote - 1 : quote] == "f") : quote + 1]
    return f'{mark}{english}"{rest}' if english else rest.lstrip()


def notes_of(code: str) -> Iterator[tuple[int, int, str]]:
    """Comments of code that parses: line, column from 0, text."""
    line, start = 1, 0  # of the last piece
    for found in _PIECES.finditer(code):
        line, start = line + code.count("\n", start, found.start()), found.start()
        if found[0].startswith("#"):
            yield line, start - code.rfind("\n", 0, start) - 1, found[0]
