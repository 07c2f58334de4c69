"""What makes a concept page a lesson: what one will know, how long it takes, code to read, and a challenge.

`snippets/essence/NAME.py` is the code to read, `snippets/challenges/NAME.py` the challenge; neither is ever imported.
"""

import ast
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from ingest.bilingual import BETWEEN, NO_PYTHON, in_language, notes_of
from ingest.front_matter import front_matter, line_of_key, strings
from ingest.markup import CJK, code_blocks
from ingest.model import Concept, Snippet, Source
from ingest.problems import Problem
from ingest.sure_code import SECTION, fences

LEARN = 3  # lines that say what one will know
LEARN_LETTERS = {"zh": 40, "en": 100}  # in one of them; a formula counts as one letter
ESSENCE_LINES = TASK_LINES = 20  # of code, blank ones and imports not counted
REGIONS = ("task", "answer", "check")
# Reading, in a minute: Chinese letters, other words. A formula of its own is looked at for a while, a line of code too.
LETTERS, WORDS, FORMULAS, CODE_LINES = 400, 200, 3, 15
MARK = re.compile(r"# --8<-- \[(start|end):(\w+)\]")
UNREAD = re.compile(
    r"^--8<--[^\n]*|<[^<>]*>|\]\([^()]*\)|^\$\$.*?^\$\$|\$[^$\n]+\$|\{[^{}\n]*\}", re.DOTALL | re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Essence:
    """The code to read first: `code` has its notes in both languages."""

    name: str
    code: str
    path: str

    def said(self, lang: str) -> str:
        """The code with the notes of one language, `zh` or `en`."""
        return in_language(self.code, lang)


@dataclass(frozen=True, slots=True)
class Challenge:
    """What to do, by language, and three pieces of code: to begin with, a reference answer, and what checks either."""

    name: str
    asked: Mapping[str, str]
    task: str
    answer: str
    check: str
    path: str

    def said(self, region: str, lang: str) -> str:
        """The code of a region with the notes of one language."""
        return in_language(str(getattr(self, region)), lang)


@dataclass(frozen=True, slots=True)
class EnglishPage:
    """A concept page in English, from `docs/en/topics/<name>.md`."""

    name: str
    title: str
    learn: tuple[str, ...]
    minutes: int
    path: str


def learn_of(source: Source, meta: Mapping[str, object], lang: str = "zh") -> tuple[tuple[str, ...], list[Problem]]:
    """The lines of `learn` in a page's front matter; a problem where they are not three short ones."""
    lines = strings(meta.get("learn"))
    limit = LEARN_LETTERS[lang]
    longest = max((len(re.sub(r"\$[^$]*\$", "x", line)) for line in lines), default=0)
    if "learn" not in meta or (len(lines) == LEARN and longest <= limit):
        return lines, []
    what = f"learn of {len(lines)} lines, the longest of {longest} letters; {LEARN} of at most {limit}"
    return lines, [Problem(source.path, line_of_key(source, "learn"), 1, "T006", what)]


def minutes_of(text: str) -> int:
    """Minutes to read a page's body: its words, its formulas, and the code that stands open on it."""
    lines = text.split("\n")
    code = 0
    for first, last, said in reversed([*code_blocks(lines)]):
        code += last - first - 1 if ".output" not in said else 0
        lines[first : last + 1] = [""]
    prose = "\n".join(lines)
    formulas = prose.count("\n$$\n") // 2
    prose = UNREAD.sub(" ", prose)
    letters = len(re.findall(f"[{CJK}]", prose))
    words = len(re.findall(r"[A-Za-z][\w'-]*", prose))
    return max(1, math.ceil(letters / LETTERS + words / WORDS + formulas / FORMULAS + code / CODE_LINES))


def cell_of(text: str) -> str:
    """The fences of a page's example without what is said around them: those that are surely code, here and there."""
    lines = text.split("\n")
    marked = [at for at, line in enumerate(lines) if ":example]" in line and SECTION.fullmatch(line)]
    first, last = (next((at for at in marked if mark in lines[at]), 0) for mark in ("[start:", "[end:"))
    blocks = (lines[start - 1 : end + 1] for start, end in fences(lines) if first < start and end < last)
    return "\n\n".join(map("\n".join, blocks))


def parse_essence(source: Source) -> tuple[Essence | None, list[Problem]]:
    """Read the code to read; None where it is no Python with a docstring."""
    tree, problems = _parsed(source, "S003")
    if tree is None:
        return None, problems
    end = tree.body[0].end_lineno or 1
    code = "\n".join(source.text.split("\n")[end:]).strip("\n")
    body, why = _body(code)
    if why:  # what stands behind the docstring in its line is not part of it
        return None, [Problem(source.path, end + 1, 1, "S003", f"what follows the docstring {why}")]
    counted = _lines_of_code(code, body)
    if not 1 <= counted <= ESSENCE_LINES:
        what = f"{counted} lines of code, at most {ESSENCE_LINES}"
        problems.append(Problem(source.path, end + 1, 1, "S003", what))
    problems += _one_language(source, "S003")
    return Essence(PurePosixPath(source.path).stem, code, source.path), problems


def parse_challenge(source: Source) -> tuple[Challenge | None, list[Problem]]:
    """Read a challenge; None where it lacks one of its parts."""
    tree, problems = _parsed(source, "S004")
    if tree is None:
        return None, problems
    asked = (ast.get_docstring(tree) or "").split("\n\n")
    if len(asked) != 2 or not re.search(f"[{CJK}]", asked[0]) or re.search(f"[{CJK}]", asked[1]):
        what = f"a docstring of {len(asked)} paragraphs, not one in Chinese and one in English"
        return None, [Problem(source.path, 1, 1, "S004", what)]
    regions, found = _regions(source)
    if found:
        return None, found
    for name in REGIONS:
        body, why = _body(regions[name][1])
        if why or not body:
            what = f"{name} {why or 'has no code'}"
            return None, [Problem(source.path, regions[name][0], 1, "S004", what)]
        if name == "task" and (counted := _lines_of_code(regions[name][1], body)) > TASK_LINES:
            what = f"a task of {counted} lines of code, at most {TASK_LINES}"
            problems.append(Problem(source.path, regions[name][0], 1, "S004", what))
    if "assert" not in regions["check"][1]:
        problems.append(Problem(source.path, regions["check"][0], 1, "S004", "a check without an assert"))
    problems += [one for one in _one_language(source, "S004") if one.line < regions["check"][0]]
    code = {name: text for name, (_, text) in regions.items()}
    said = dict(zip(("zh", "en"), asked, strict=True))
    return Challenge(PurePosixPath(source.path).stem, said, path=source.path, **code), problems


def parse_english(source: Source) -> tuple[EnglishPage | None, list[Problem]]:
    """Read an English concept page's front matter."""
    meta, body, _, problems = front_matter(source)
    learn, found = learn_of(source, meta, "en")
    name = PurePosixPath(source.path).stem
    if any(re.search(f"[{CJK}]", line) for line in learn):
        found.append(Problem(source.path, line_of_key(source, "learn"), 1, "T006", "learn that is not in English"))
    return EnglishPage(name, str(meta.get("title") or ""), learn, minutes_of(body), source.path), [*problems, *found]


def check_lessons(
    pages: Iterable[EnglishPage],
    parts: Iterable[Essence | Challenge],
    concepts: Sequence[Concept],
    snippets: Iterable[Snippet],
) -> list[Problem]:
    """Problems between files: an English page that is not that of a Chinese one, code that belongs to no snippet."""
    named = {concept.name: concept for concept in concepts}
    english = {page.name for page in pages}
    problems = [
        Problem(page.path, 1, 1, "T007", what) for page in pages if (what := _unlike(page, named.get(page.name)))
    ]
    problems += [
        Problem(concept.path, 1, 1, "T007", f"`translated: {str(concept.translated).lower()}`")
        for concept in concepts
        if concept.translated != (concept.name in english)
    ]
    modules = {snippet.name for snippet in snippets}
    problems += [
        Problem(part.path, 1, 1, "S001", f"unknown snippet {part.name!r}") for part in parts if part.name not in modules
    ]
    return problems


def _unlike(page: EnglishPage, concept: Concept | None) -> str:
    """What an English page and its Chinese one do not share."""
    if concept is None:
        return "no Chinese page of this name"
    return f"title {page.title!r}, in Chinese `english: {concept.english}`" * (page.title != concept.english)


def _parsed(source: Source, code: str) -> tuple[ast.Module | None, list[Problem]]:
    try:
        tree = ast.parse(source.text)
    except NO_PYTHON as error:
        place = (error.lineno or 1, error.offset or 1) if isinstance(error, SyntaxError) else (1, 1)
        return None, [Problem(source.path, *place, code, f"no Python: {_reason(error)}")]
    if not ast.get_docstring(tree):
        return None, [Problem(source.path, 1, 1, code, "no docstring")]
    return tree, []


def _body(code: str) -> tuple[list[ast.stmt], str]:
    """The statements of a part of a module, and why it has none."""
    try:
        return ast.parse(code).body, ""
    except NO_PYTHON as error:
        return [], f"is no Python by itself: {_reason(error)}"


def _reason(error: Exception) -> str:
    return error.msg if isinstance(error, SyntaxError) else str(error) or type(error).__name__


def _lines_of_code(text: str, body: Iterable[ast.stmt]) -> int:
    """Lines that are neither blank nor imports."""
    imports = sum(
        (node.end_lineno or node.lineno) - node.lineno + 1
        for node in body
        if isinstance(node, ast.Import | ast.ImportFrom)
    )
    return sum(1 for line in text.split("\n") if line.strip()) - imports


def _one_language(source: Source, code: str) -> list[Problem]:
    """Chinese notes without their English."""
    return [
        Problem(source.path, line, column + 1, code, f"{note[:40]!r} in one language alone")
        for line, column, note in notes_of(source.text)
        if re.search(f"[{CJK}]", note) and BETWEEN not in note
    ]


def _regions(source: Source) -> tuple[dict[str, tuple[int, str]], list[Problem]]:
    """The regions of a challenge by name: first line, and code."""
    lines = source.text.split("\n")
    found: dict[str, tuple[int, str]] = {}
    start, inside = 0, ""
    for number, line in enumerate(lines, 1):
        if not (mark := MARK.fullmatch(line)):
            continue
        if mark[1] == "start" and not inside and mark[2] in REGIONS and mark[2] not in found:
            start, inside = number + 1, mark[2]
        elif mark[1] == "end" and mark[2] == inside:
            found[inside] = start, "\n".join(lines[start - 1 : number - 1]).strip("\n")
            inside = ""
        else:
            return {}, [Problem(source.path, number, 1, "S004", f"{line!r} has no place here")]
    missing = [name for name in REGIONS if not found.get(name, (0, ""))[1]]
    what = f"no region {', '.join(missing)}"
    return found, [Problem(source.path, 1, 1, "S004", what)] if missing else []
