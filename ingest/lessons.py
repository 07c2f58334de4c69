"""What makes a concept page a lesson: what one will know, how long it takes, code to read, and a challenge.

`snippets/essence/NAME.py` is the code to read, `snippets/challenges/NAME.py` the challenge; neither is ever imported.
"""

import ast
import io
import math
import re
import tokenize
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from ingest.front_matter import front_matter, line_of_key, strings
from ingest.markup import CJK, code_blocks
from ingest.model import Concept, Snippet, Source
from ingest.problems import Problem

LEARN = 3  # lines that say what one will know
LEARN_LETTERS = {"zh": 40, "en": 100}  # in one of them; a formula counts as one letter
BETWEEN = " ‖ "  # the Chinese note before it, the English one after it
ESSENCE_LINES = TASK_LINES = 20  # of code, blank ones and imports not counted
REGIONS = ("task", "answer", "check")
# Reading, in a minute: Chinese letters, other words. A formula of its own is looked at for a while, a line of code too.
LETTERS, WORDS, FORMULAS, CODE_LINES = 400, 200, 3, 15
MARK = re.compile(r"# --8<-- \[(start|end):(\w+)\]")
LITERALS = re.compile(r'f?"[^"\n]*+"(?:\s*+f?"[^"\n]*+")*+')  # one after the other, which are one message
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
    """The fences of a page's example without what is said around them."""
    _, _, rest = text.partition("[start:example]")
    inside, end, _ = rest.partition("\n")[2].partition("[end:example]")
    lines = inside.split("\n")[:-1] if end else []
    return "\n\n".join("\n".join(lines[first : last + 1]) for first, last, _ in code_blocks(lines))


def in_language(code: str, lang: str) -> str:
    """Code with each note `中文 ‖ English`, and each message of an assert that says both, in one of its languages."""
    code = _messages_in(code, lang)
    lines = code.split("\n")
    for line, column, note in _notes(code):
        if BETWEEN in note:
            chinese, _, english = note.lstrip("# ").partition(BETWEEN)
            lines[line - 1] = f"{lines[line - 1][:column]}# {(chinese if lang == 'zh' else english).strip()}"
    return "\n".join(lines)


def _messages_in(code: str, lang: str) -> str:
    """Of an assert's message, one or several literals in double quotes, the part before or after ` ‖ `."""
    if BETWEEN not in code:
        return code
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
        said = LITERALS.sub(lambda found: _half(found[0], lang), written[first:last].decode()).encode()
        pieces += [written[at:first], said]
        at = last
    return b"".join([*pieces, written[at:]]).decode()


def _nodes(node: ast.AST) -> Iterator[ast.AST]:
    waiting = [node]
    while waiting:
        yield (one := waiting.pop())
        waiting += ast.iter_child_nodes(one)


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


def parse_essence(source: Source) -> tuple[Essence | None, list[Problem]]:
    """Read the code to read; None where it is no Python with a docstring."""
    tree, problems = _parsed(source, "S003")
    if tree is None:
        return None, problems
    first, *rest = tree.body
    code = "\n".join(source.text.split("\n")[first.end_lineno :]).strip("\n")
    counted = _lines_of_code(code, rest)
    if not 1 <= counted <= ESSENCE_LINES:
        what = f"{counted} lines of code, at most {ESSENCE_LINES}"
        problems.append(Problem(source.path, (first.end_lineno or 1) + 1, 1, "S003", what))
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
        try:
            body = ast.parse(regions[name][1]).body
        except (SyntaxError, ValueError) as error:
            return None, [Problem(source.path, regions[name][0], 1, "S004", f"{name} is no Python by itself: {error}")]
        if not body:
            return None, [Problem(source.path, regions[name][0], 1, "S004", f"{name} has no code")]
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
    except SyntaxError as error:
        return None, [Problem(source.path, error.lineno or 1, error.offset or 1, code, f"no Python: {error.msg}")]
    except (ValueError, RecursionError, MemoryError) as error:
        return None, [Problem(source.path, 1, 1, code, f"no Python: {error or type(error).__name__}")]
    if not ast.get_docstring(tree):
        return None, [Problem(source.path, 1, 1, code, "no docstring")]
    return tree, []


def _lines_of_code(text: str, body: Iterable[ast.stmt]) -> int:
    """Lines that are neither blank nor imports."""
    imports = sum(
        (node.end_lineno or node.lineno) - node.lineno + 1
        for node in body
        if isinstance(node, ast.Import | ast.ImportFrom)
    )
    return sum(1 for line in text.split("\n") if line.strip()) - imports


def _notes(code: str) -> Iterator[tuple[int, int, str]]:
    """Comments of code that parses: line, column from 0, text."""
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        if token.type == tokenize.COMMENT:
            yield *token.start, token.string


def _one_language(source: Source, code: str) -> list[Problem]:
    """Chinese notes without their English."""
    return [
        Problem(source.path, line, column + 1, code, f"{note[:40]!r} in one language alone")
        for line, column, note in _notes(source.text)
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
