"""The YAML head of a file, and what its values are."""

from typing import Any

import yaml

from ingest.model import Source
from ingest.problems import Problem


def front_matter(source: Source) -> tuple[dict[str, Any], str, int, list[Problem]]:
    """Split a file into its YAML mapping and its body.

    Returns:
        The mapping ({} if there is none or it is broken), the body, the body's first line number, and problems.
        A file whose front matter is broken keeps all its text in the body.
    """
    lines = source.text.split("\n")
    if lines[0].rstrip() != "---":
        return {}, source.text, 1, []
    end = next((at for at, line in enumerate(lines[1:], 1) if line.rstrip() in ("---", "...")), None)
    if end is None:
        return {}, source.text, 1, [Problem(source.path, 1, 1, "F003", "front matter is never closed by `---`")]
    try:
        fields = _load_yaml("\n".join(lines[1:end])) or {}
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a YAML date such as 2023-99-99
        mark = getattr(error, "problem_mark", None)
        what = getattr(error, "problem", None) or str(error)
        line, column = (mark.line + 2, mark.column + 1) if mark else (1, 1)
        return {}, source.text, 1, [Problem(source.path, line, column, "F003", f"front matter is no YAML: {what}")]
    if not isinstance(fields, dict):
        kind = type(fields).__name__
        return {}, source.text, 1, [Problem(source.path, 2, 1, "F003", f"front matter is a {kind}")]
    return {str(key): value for key, value in fields.items()}, "\n".join(lines[end + 1 :]), end + 2, []


def _load_yaml(text: str) -> Any:
    """The value of a YAML text, by the loader in C where PyYAML was built with it: ten times as fast.

    Raises:
        yaml.YAMLError, ValueError: Always as the loader in Python says it, so that messages are the same everywhere.
    """
    try:
        return yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, ValueError):
        return yaml.safe_load(text)


def line_of_key(source: Source, key: str) -> int:
    """1-based line on which a front-matter key stands, 1 if it is not there."""
    return next((at for at, line in enumerate(source.text.split("\n"), 1) if line.startswith(f"{key}:")), 1)


def strings(value: object) -> tuple[str, ...]:
    """A YAML value that should be a list of strings: a scalar is a list of one, None an empty one."""
    items = value if isinstance(value, list) else [] if value is None else [value]
    return tuple(text for text in (str(item).strip() for item in items) if text)
