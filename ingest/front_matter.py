"""The YAML head of a file, and what its values are: texts as written, days, lists and mappings of them.

A stranger may have written it, so it is read within limits: no anchors, which let a few lines stand for gigabytes, no
tags, no more than `LONGEST` characters, no deeper than `DEEPEST`.
"""

import re
from datetime import date
from functools import lru_cache
from typing import Any

import yaml

from ingest.model import Source
from ingest.problems import Problem

LONGEST = 64_000
DEEPEST = 100
_PLAIN = 1_000  # a text so short, in which no mark stands, needs no second look: it cannot be deep
_KEY = re.compile(r"([\"']?)([^\s\"':#-][^\"':]*+)\1\s*:(?:\s|$)")

# Built in C where PyYAML is: ten times as fast.
_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):  # type: ignore[misc]
    """Only what is nothing and what is a day has a meaning of its own; `0x10`, `no` and `12:30` are what they say."""


def _day(loader: Any, node: Any) -> date | str:
    try:
        return date.fromisoformat(node.value)
    except ValueError:
        return str(node.value)  # who wants a day will say that this is none


_NULL, _DAY = "tag:yaml.org,2002:null", "tag:yaml.org,2002:timestamp"
_Loader.yaml_implicit_resolvers = {}
_Loader.add_implicit_resolver(_NULL, re.compile(r"(?:~|null|Null|NULL|)\Z"), ["~", "n", "N", ""])
_Loader.add_implicit_resolver(_DAY, re.compile(r"\d{4}-\d\d-\d\d\Z", re.ASCII), list("0123456789"))
_Loader.add_constructor(_DAY, _day)


class _Refused(ValueError):
    """Says what was found, and on which line of the file."""

    def __init__(self, found: str, line: int, column: int = 1) -> None:
        super().__init__(found)
        self.line, self.column = line, column


def front_matter(source: Source) -> tuple[dict[str, Any], str, int, list[Problem]]:
    """Split a file into its YAML mapping and its body.

    Returns:
        The mapping ({} if there is none or it is broken), the body, the body's first line number, and problems.
        A file whose front matter is broken keeps all its text in the body.
    """
    if not (source.text.startswith("---") and source.text.partition("\n")[0].rstrip() == "---"):
        return {}, source.text, 1, []
    lines = source.text.split("\n")
    try:
        end = next((at for at, line in enumerate(lines[1:], 1) if line.rstrip() in ("---", "...")), None)
        if end is None:
            raise _Refused("front matter is never closed by `---`", 1)
        fields = _fields("\n".join(lines[1:end]))
    except _Refused as error:
        return {}, source.text, 1, [Problem(source.path, error.line, error.column, "F003", str(error))]
    return fields, "\n".join(lines[end + 1 :]), end + 2, []


def _fields(text: str) -> dict[str, Any]:
    """The mapping of a YAML text.

    Raises:
        _Refused: It is none, or goes beyond the limits.
    """
    if len(text) > LONGEST:
        raise _Refused(f"front matter of {len(text)} characters, more than {LONGEST}", 1)
    if odd := yaml.reader.Reader.NON_PRINTABLE.search(text):
        raise _Refused(f"front matter holds U+{ord(odd[0]):04X}", text.count("\n", 0, odd.start()) + 2)
    try:
        fields = _loaded(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        what = getattr(error, "problem", None) or type(error).__name__
        place = (mark.line + 2, mark.column + 1) if mark else (1, 1)
        raise _Refused(f"front matter is no YAML: {what}", *place) from None
    if not isinstance(fields, dict):
        raise _Refused(f"front matter is a {type(fields).__name__}", 2)
    return {str(key): value for key, value in fields.items()}


def _loaded(text: str) -> Any:
    """The value of a YAML text within the limits.

    Raises:
        _Refused: It goes beyond them.
        yaml.YAMLError: As the parser in Python says it, which knows places better than the one in C.
    """
    try:
        if len(text) > _PLAIN or any(mark in text for mark in "&*!"):
            _check_events(text, _Base)
        return yaml.load(text, _Loader) or {}
    except yaml.YAMLError:
        _check_events(text, yaml.SafeLoader)
        raise


def _check_events(text: str, loader: Any) -> None:
    """Refuse what could cost more than its length, before anything is built of it."""
    depth = 0
    event: Any
    for event in yaml.parse(text, loader):
        found = ""
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            found = f"an anchor or alias, {(event.anchor or '')[:40]!r}"
        elif getattr(event, "tag", None):
            found = f"a tag, {event.tag[:40]!r}"
        elif isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            found = f"more than {DEEPEST} levels" if depth > DEEPEST else ""
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if found:
            mark = event.start_mark
            raise _Refused(f"front matter has {found}", mark.line + 2, mark.column + 1)


def read_by_others(head: str) -> dict[str, Any] | None:
    """Front matter that is within the limits, as the site's generator reads it; None where it finds none.

    To it `=`, numbers and days have meanings, and what it cannot make of them it shows as text, remarks included.
    """
    try:
        fields = yaml.load(head, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except Exception:  # of the calendar, of Python's integers, of YAML
        return None
    return {str(key): value for key, value in fields.items()} if isinstance(fields, dict) else None


def line_of_key(source: Source, key: str) -> int:
    """1-based line on which a front-matter key stands, 1 if it is not there."""
    return _lines_of_keys(source.text).get(key, 1)


@lru_cache(maxsize=8)  # several are asked for one after the other
def _lines_of_keys(text: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for number, line in enumerate(text.split("\n"), 1):
        if number > 1 and line.rstrip() in ("---", "..."):
            break
        if key := _KEY.match(line):
            found.setdefault(key[2].rstrip(), number)
    return found


def strings(value: object) -> tuple[str, ...]:
    """A YAML value that should be a list of strings: a scalar is a list of one, None an empty one."""
    items = value if isinstance(value, list) else [] if value is None else [value]
    return tuple(text for text in (str(item).strip() for item in items) if text)
