"""Concept pages and snippet modules, read from their own files."""

import ast
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from pathlib import PurePosixPath

from ingest.front_matter import front_matter, line_of_key, strings
from ingest.invisible import visible
from ingest.lessons import learn_of, minutes_of
from ingest.limits import LISTED, NAME_LETTERS, TITLE_LETTERS
from ingest.model import Concept, Snippet, Source
from ingest.problems import Problem
from ingest.symbols import symbols_of

EXAMPLE = "[start:example]"
CARRIED = dict.fromkeys("title english aliases phrases group builds_on snippet learn symbols".split(), NAME_LETTERS) | {
    "summary": TITLE_LETTERS
}  # the fields that other pages repeat, and how many letters each may have


def parse_concept(source: Source) -> tuple[Concept | None, list[Problem]]:
    """Read a concept page's front matter; None where it says too little to be a concept."""
    meta, body, _, problems = front_matter(source)
    missing = [key for key in ("title", "english", "aliases", "group", "summary") if not meta.get(key)]
    if missing:
        if not problems:
            problems = [Problem(source.path, 1, 1, "T003", f"no {', '.join(missing)}")]
        return None, problems
    for key, value in meta.items():
        items = strings(value)
        if key in CARRIED and (len(items) > LISTED or max(map(len, items), default=0) > CARRIED[key]):
            what = f"{key} of {len(items)} items and {sum(map(len, items))} letters"
            return None, [Problem(source.path, line_of_key(source, key), 1, "L006", what)]
    learn, found = learn_of(source, meta)
    symbols, unknown = symbols_of(source, meta)
    concept = Concept(
        name=PurePosixPath(source.path).stem,
        title=visible(str(meta["title"])),
        aliases=tuple(map(visible, strings(meta["aliases"]))),
        group=visible(str(meta["group"])),
        summary=visible(str(meta["summary"])),
        snippet=str(meta.get("snippet") or ""),
        example=EXAMPLE in source.text,
        path=source.path,
        builds_on=strings(meta.get("builds_on")),
        english=visible(str(meta["english"])),
        phrases=tuple(map(visible, strings(meta.get("phrases")))),
        learn=learn,
        symbols=symbols,
        minutes=minutes_of(body),
        translated=meta.get("translated") == "true",
        picture=f'--8<-- "topics/pictures/{PurePosixPath(source.path).stem}.html"' in body,
    )
    return concept, [*problems, *found, *unknown]


def parse_snippet(source: Source) -> tuple[Snippet | None, list[Problem]]:
    """Read a snippet module without importing it, so that no torch is needed."""
    name = PurePosixPath(source.path).stem
    try:
        tree = ast.parse(source.text)
    except SyntaxError as error:
        place = (error.lineno or 1, error.offset or 1)
        return None, [Problem(source.path, *place, "S002", f"no Python: {error.msg}")]
    except (ValueError, RecursionError, MemoryError) as error:  # a zero byte, or what is nested beyond Python's depth
        return None, [Problem(source.path, 1, 1, "S002", f"no Python: {error or type(error).__name__}")]
    paragraphs = (ast.get_docstring(tree) or "").split("\n\n")
    if not paragraphs[0]:
        return None, [Problem(source.path, 1, 1, "S002", "no docstring")]
    public = (node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef))
    snippet = Snippet(
        name=name,
        title=paragraphs[0].strip().rstrip("."),
        summary=" ".join(paragraphs[1].split()) if len(paragraphs) > 1 else "",
        papers=tuple(re.findall(r"https?://[^\s)>\]]+[^\s)>\].,;]", "\n\n".join(paragraphs))),
        public=tuple(node.name for node in public if not node.name.startswith("_") and node.name != "demo"),
        path=source.path,
    )
    return snippet, []


def parse_groups(sources: Iterable[Source]) -> tuple[dict[str, str], list[Problem]]:
    """The groups of the concepts by their index's front matter, with English names; none without one."""
    groups: dict[str, str] = {}
    problems = []
    for source in sources:
        meta, _, _, broken = front_matter(source)
        named = meta.get("groups")
        problems += broken
        if isinstance(named, dict):
            longest = max((len(f"{name}{english}") for name, english in named.items()), default=0)
            if len(named) > LISTED or longest > 2 * NAME_LETTERS:
                line = line_of_key(source, "groups")
                problems.append(Problem(source.path, line, 1, "L006", f"{len(named)} groups of concepts"))
                continue
            groups |= {visible(str(group)): visible(str(english)) for group, english in named.items()}
        elif not broken:
            line = line_of_key(source, "groups")
            problems.append(Problem(source.path, line, 1, "T003", "no groups with English names"))
    return groups, problems


def check_groups(concepts: Iterable[Concept], groups: Mapping[str, str]) -> list[Problem]:
    """Concepts of a group that has no English name, where the index names any: on the English pages it stands alone."""
    known = ", ".join(groups)
    return [
        Problem(concept.path, 1, 1, "T003", f"no English name of the group {concept.group!r} in index.md: {known}")
        for concept in concepts
        if groups and concept.group not in groups
    ]


def check_concepts(
    concepts: Sequence[Concept], snippets: Sequence[Snippet], sources: Iterable[Source]
) -> list[Problem]:
    """Problems between pages: an alias that two concepts claim, a snippet or concept that does not exist, a circle."""
    problems = []
    known = {concept.name for concept in concepts}
    by_path = {source.path: source for source in sources}
    modules = {snippet.name for snippet in snippets}
    owners: dict[str, Concept] = {}
    for concept in concepts:
        if concept.snippet and concept.snippet not in modules:
            line = line_of_key(by_path[concept.path], "snippet")
            problems.append(Problem(concept.path, line, 1, "S001", f"unknown snippet {concept.snippet!r}"))
        for alias in concept.aliases:
            owner = owners.setdefault(fold(alias), concept)
            if owner is not concept:
                line = line_of_key(by_path[concept.path], "aliases")
                problems.append(Problem(concept.path, line, 1, "T002", f"alias {alias!r} belongs to {owner.name!r}"))
        for name in concept.builds_on:
            if name not in known:
                line = line_of_key(by_path[concept.path], "builds_on")
                problems.append(Problem(concept.path, line, 1, "T001", f"unknown topic {name!r}"))
    try:
        TopologicalSorter({concept.name: concept.builds_on for concept in concepts}).prepare()
    except CycleError as error:
        circle = error.args[1]
        path = next(concept.path for concept in concepts if concept.name == circle[-1])
        line = line_of_key(by_path[path], "builds_on")
        problems.append(Problem(path, line, 1, "T004", f"a circle: {' -> '.join(circle)}"))
    return problems


def owners(concepts: Sequence[Concept]) -> dict[str, str]:
    """The concept that each name means, folded: its page's, or an alias, which belongs to whom it was given first."""
    found = {fold(concept.name): concept.name for concept in concepts}
    for concept in concepts:
        for alias in concept.aliases:
            found.setdefault(fold(alias), concept.name)
    return found


def fold(text: str) -> str:
    """Text as aliases are compared: half width, lower case; hyphen, underscore and blank alike."""
    return re.sub(r"[-_\s]+", " ", unicodedata.normalize("NFKC", text).lower())
