"""Text is data: what hand-written Markdown, drawings and docstrings may say, so that no page acts on its reader.

What passes here is taken by two generators with their own ideas of Markdown. So nothing is guessed in a text's favour:
code counts as code only where every reading of the page agrees that it is, and all else is text that may hold neither
tags (but a few inline ones without attributes) nor attributes that act, nor addresses but those of the web.
"""

import ast
import re
import textwrap
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import replace
from xml.etree import ElementTree

from ingest.costly import check_blanks, check_cost
from ingest.front_matter import front_matter, line_of_key, read_by_others
from ingest.invisible import OVERRIDES, unescape, visible
from ingest.limits import INCLUDES, PARAGRAPH_MARKS, marks_in
from ingest.model import Source
from ingest.problems import Problem
from ingest.safe_addresses import strange_addresses
from ingest.sure_code import LANGUAGES, PARAGRAPH_END, SECTION, code_lines, without_code

HEAD = re.compile(r"---[ \t]*\n(.*?\n)(?:---|\.\.\.)[ \t]*\n", re.DOTALL)  # as MkDocs finds it
# Some are dropped, and what they divided comes together; others turn code into what it only looks like, or end a line
# to some readers alone.
HIDDEN_SIGN = re.compile(rf"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x85\u2028\u2029{OVERRIDES}]")
FIELDS = set(
    "title description image hide translated"  # of every page
    " english aliases phrases builds_on group summary snippet groups learn symbols".split()  # of concepts
)
TEXTS = ("title", "description", "image")  # which the theme prints as they are
HIDDEN = {"navigation", "toc"}
# What pages include, and nothing else; the code of snippets inside a fence alone.
INCLUDE = re.compile(
    r'\s*--8<-- "(?:(?P<code>[a-z]\w*\.py)(?::[a-z]\w*)?'
    r"|generated/(?:[\w-]+/)*[\w-]+\.md|(?:records|widgets)/[\w-]+(?:\.en)?\.md"
    r'|topics/(?:pictures|thumbnails)/[\w-]+\.html|topics/[\w-]+\.md:example)"\s*'
)
CODE_SECTION = re.compile(r"\s*# --8<-- \[(?:start|end):[a-z]\w*\]\s*")
FENCE_LANGUAGE = re.compile(r"[\s>*+\-\d.):]*(?:`{3,}|~{3,}) *(?:\{ ?\.?)?([\w+#.-]++)(?!.*`)")
TAG = re.compile(r"(?m:(^[ >]*))?<[a-zA-Z/?!]")  # within it a generator may see another thing, with `<` of its own
UNSEEN = re.compile(r"^[ \t>*+\-\d.):]*(?:`{3}|~{3})|8<-", re.MULTILINE)  # a paragraph goes on behind it, and holds `>`
PLAIN_TAG = re.compile(r"</?(?:abbr|b|br|del|em|i|ins|kbd|mark|s|small|strong|sub|sup|u|wbr) */?>")
FORMULA = re.compile(r"<[a-zA-Z][^<>\s=/]*[})\\]")  # as in $x_{<t}$: to a browser an element that means nothing
QUOTED = re.compile(r"=\s*[\"']")  # whose end a link's own quotation mark would be, and its address more attributes
AUTOLINK = re.compile(r"<(?:https?://[^\s<>]+|(?:mailto:)?[\w.+-]+@[\w.-]+)>")
ATTRIBUTES = re.compile(r"^[^{\n]*(\{.*\})", re.MULTILINE)  # from the first to the last brace of a line
# Themes find their own parts, which lie above the text, by classes, ids and data.
ACTS = re.compile(
    r"(?<![\w-])(?:on[a-z]{3,}|style|href|src|srcset|srcdoc|action|formaction|xlink:href|background|poster|ping"
    r"|target|rel|class|id|name|for|is|slot|role|dir|markdown|popover\w*|(?:data|aria)-[\w-]*"
    r"|attributionsrc|usemap|accesskey|contenteditable|command\w*|interest\w*)\s*="
    r"|=\s*[\"']?(?:javascript|vbscript|data):"
    r"|(?<![\w-])(?:\.md-|#__)",
    re.IGNORECASE,
)
ITEM = re.compile(r"^[^`\n]*`.*:", re.MULTILINE)  # of a docstring: the reference divides it there, code or not
BOX = re.compile(r"(?:!{3}|\?{3}\+?)[\w -]*\bmd-", re.IGNORECASE)  # whose kind becomes a class
DIRECTIVE = re.compile(r":::")  # at the start of a line, or of what begins on one: an item, a note
# Drawings: elements and attributes of SVG that show something and do nothing.
SHAPES = set("figure figcaption svg g path rect circle ellipse line polyline polygon text tspan title desc".split())
LOOKS = set(
    "aria-hidden aria-label class cx cy d dx dy fill fill-opacity font-family font-size"
    " font-style font-weight height opacity points r role rx ry shape-rendering stroke stroke-dasharray"
    " stroke-linecap stroke-linejoin stroke-opacity stroke-width text-anchor transform viewBox width x x1 x2 y y1"
    " y2".split()
)
TOLD = 20  # things in a drawing that may not be there; each is looked for
NO_CODE = str.maketrans("<`~", "‹'-")
DRAWING = re.compile(r"wiki-picture( wiki-group--\d{1,2})?|wiki-(query|key|value|policy|reference|reward)")
# In an attribute: signs that numbers, colours and names have not, or functions: some fetch (`URL(`, `u\\72l(`).
FETCHES = re.compile(r"[^\w\s.,#%+()-]|(?<!rgb)(?<!translate)(?<!rotate)(?<!scale)(?<!matrix)\s*\(")
# In a label: what Markdown reads before it knows a tag, or takes for its end; and what stops a build.
READ_FIRST = re.compile(r"[\[`$\\>]|^\W*(?:javascript|vbscript|data)\s*:", re.IGNORECASE)
DRAWN = re.compile(r"[^\S\n]*(?:<.*>)?[^\S\n]*")  # a line of tags, whatever stands between: none begins what is no tag
SVG = "{http://www.w3.org/2000/svg}"


def check_page(source: Source) -> list[Problem]:
    """What a hand-written page may not say: X004 to X007."""
    fields, body, first, problems = front_matter(source)
    if not problems:
        problems += _check_fields(source, fields, body)
        head = HEAD.match(source.text)
        theirs = read_by_others(head[1]) if head else fields
        if (
            (source.text[head.end() :] if head else source.text) != body
            or theirs is None
            or theirs.keys() != fields.keys()
            or any(str(theirs.get(name)) != str(fields.get(name)) for name in TEXTS)  # `0x10`, `yes`
        ):
            what = "front matter that the site's generator reads otherwise"
            problems.append(Problem(source.path, 1, 1, "X007", what))
    text = Source(source.path, "\n" * (first - 1) + body)
    found = *_check_includes(text), *_check_text(text), *_check_languages(text), *check_cost(text)
    return sorted({*problems, *found})


def _check_languages(source: Source) -> Iterator[Problem]:
    lines = source.text.split("\n")
    fenced = code_lines(lines)
    for number, line in enumerate(lines):
        language = FENCE_LANGUAGE.match(line)
        if language and number not in fenced and not re.fullmatch(LANGUAGES, language[1].lower()):
            yield Problem(source.path, number + 1, 1, "X006", f"code in the language {language[1][:40]!r}")


def check_snippet(source: Source) -> list[Problem]:
    """The same for a code module: its text stands in pages' fences, its docstrings are Markdown of the reference."""
    problems = [*check_blanks(source)]
    for number, line in enumerate(source.text.split("\n"), 1):
        if "8<-" in line and not CODE_SECTION.fullmatch(line):
            problems.append(Problem(source.path, number, line.index("8<-") + 1, "X004", "a snippet includes nothing"))
        if found := HIDDEN_SIGN.search(line):
            problems.append(
                Problem(source.path, number, found.start() + 1, "X006", f"a control character {found[0]!r}")
            )
        if found := re.match(r"\s*(`{3,}|~{3,})", line):
            what = "a line that ends the code block of a page"
            problems.append(Problem(source.path, number, found.end(), "X006", what))
    try:
        nodes = [node for node in _statements(ast.parse(source.text)) if isinstance(node, ast.Expr)]
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # S002 says so
        return problems
    for node in nodes:
        if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            text = node.value.value
            first, _, rest = (text.replace("`", "'") if ITEM.search(text) else text).partition("\n")
            said = _check_text(Source(source.path, first.lstrip() + "\n" + textwrap.dedent(rest)))
            problems += (replace(problem, line=problem.line + node.lineno - 1) for problem in said)
    return sorted({*problems})


def _statements(tree: ast.AST) -> Iterator[ast.AST]:
    """All statements of a module, those inside others too; however deep, as a chain of `elif` is."""
    left = [tree]
    while left:
        node = left.pop()
        for name in ("body", "orelse", "handlers", "finalbody", "cases"):
            inner = getattr(node, name, ())
            if isinstance(inner, list):  # a lambda's body is none
                yield from inner
                left += inner


def check_drawing(source: Source) -> list[Problem]:
    """A drawing that pages include: well-formed SVG that only shows something."""
    if "<!" in source.text or "<?" in source.text or "&" in re.sub(r"&(?:amp|lt|gt|quot|#\d+);", "", source.text):
        return [Problem(source.path, 1, 1, "X006", "a drawing with a declaration or an entity")]
    try:
        root = ElementTree.fromstring(source.text)
    except ElementTree.ParseError as error:
        line, column = error.position
        return [Problem(source.path, line, column + 1, "X006", f"a drawing that is not well-formed: {error.msg}")]
    strange = [str(node.tag) for node in root.iter() if str(node.tag).removeprefix(SVG) not in SHAPES]
    strange += [name for node in root.iter() for name in node.attrib if name not in LOOKS]
    values = [(name, text) for node in root.iter() for name, text in node.attrib.items()]
    strange += [text for name, text in values if (READ_FIRST if name == "aria-label" else FETCHES).search(text)]
    said = [text for node in root.iter() for text in (node.text, node.tail, node.get("aria-label")) if text]
    if _acts("\n".join(said)):  # of all at once, which is rare
        strange += [text for text in said if _acts(text)] or said[:1]
    strange += [line for line in source.text.split("\n") if not DRAWN.fullmatch(line)]
    if (marks := marks_in("".join(said).replace("\n", ""))) > PARAGRAPH_MARKS:  # as which a page may hold them
        return [Problem(source.path, 1, 1, "L005", f"{marks} marks, in the letters of a drawing")]
    strange += [text for name, text in values if name == "class" and not DRAWING.fullmatch(text)]  # theme's cover pages
    if root.tag != "figure" or "class" not in root.attrib:  # in which it is no wider than the page
        strange.append(str(root.tag))
    return [
        Problem(source.path, _line_of(source.text, what.rpartition("}")[2]), 1, "X006", f"a drawing with {what!r}")
        for what in sorted({*strange})[:TOLD]
    ] + list(_includes_in(source))


def _acts(text: str) -> bool:
    """Whether letters of a drawing act as Markdown, which they are where it is included in a list or a quotation."""
    return any(_check_text(Source("", " ".join(text.split()).translate(NO_CODE))))


def _includes_in(source: Source) -> Iterator[Problem]:
    """Markers of pages' includes, where there may be none."""
    for number, line in enumerate(source.text.split("\n"), 1):
        if "8<-" in line:
            yield Problem(source.path, number, line.index("8<-") + 1, "X004", "a drawing includes nothing")


def _check_fields(source: Source, fields: dict[str, object], body: str) -> list[Problem]:
    problems = []
    if not fields and re.match(r" {0,3}[\w-]+:", body):  # which MkDocs takes for front matter
        problems.append(Problem(source.path, 1, 1, "X007", "a first line that reads as a field, without `---`"))
    for name, value in fields.items():
        line = line_of_key(source, name)
        if name not in FIELDS:
            problems.append(Problem(source.path, line, 1, "X007", f"field {name!r}"))
        elif name in TEXTS and isinstance(value, dict | list):
            problems.append(Problem(source.path, line, 1, "X007", f"{name} is a {type(value).__name__}"))
        elif name == "hide" and not {*_texts(value)} <= HIDDEN:
            problems.append(Problem(source.path, line, 1, "X007", f"hide: {value!r}"))
        elif found := next((text for text in _texts(value) if _is_markup(name, text)), None):
            problems.append(Problem(source.path, line, 1, "X007", f"{name}: {found[:60]!r}"))
    return problems


def _is_markup(name: str, text: str) -> bool:
    """Whether a value is more than words: themes print titles and descriptions as they are."""
    quoted = '"' if name in ("description", "image") else ""
    plain = unescape(text)
    acts = visible(plain) != plain or (any(_check_text(Source("", plain))) and name != "image")
    return acts or bool(re.search(rf"<[^\s\d<=]|8<-|:::|[\x00-\x1f{quoted}]", plain))


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from (str(key), *_texts(inner))
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
    else:
        yield str(value)


def _check_includes(source: Source) -> Iterator[Problem]:
    """Every `--8<--`, in whichever of its forms, in code too: it is carried out before anything else is read."""
    lines = source.text.split("\n")
    fenced = code_lines(lines)
    included, inside = 0, False
    for number, line in enumerate(lines):
        if "8<-" not in line:
            continue
        column = line.index("8<-") + 1
        if found := INCLUDE.fullmatch(line):
            included += 1
            if found["code"] and number not in fenced:
                yield Problem(source.path, number + 1, column, "X004", "code outside of a code block")
            elif inside and ":example" in line:  # a few such pages would make one of gigabytes
                yield Problem(source.path, number + 1, column, "X004", "an example that includes another's")
        elif not SECTION.fullmatch(line):
            yield Problem(source.path, number + 1, column, "X004", f"includes {line.strip()[:60]!r}")
        elif number in fenced:
            yield Problem(source.path, number + 1, column, "X004", "a section that begins or ends in a code block")
        else:
            inside = "[start:" in line
    if included > INCLUDES:
        yield Problem(source.path, 1, 1, "L005", f"{included} includes, in a page")


def _check_text(source: Source) -> Iterator[Problem]:
    """Directives, tags, attributes and addresses outside of code."""
    text = without_code(source.text)
    ends = [-1, *(found.start() for found in re.finditer("\n", text))]

    def problem(at: int, code: str, what: str) -> Problem:
        line = bisect_left(ends, at)
        return Problem(source.path, line, at - ends[line - 1], code, what)

    for found in HIDDEN_SIGN.finditer(source.text):
        yield problem(found.start(), "X006", f"a control character {found[0]!r}")
    for found in DIRECTIVE.finditer(text):
        yield problem(found.start(), "X005", "a directive `:::`")
    paragraphs = [*(found.start() for found in PARAGRAPH_END.finditer(text)), len(text)]
    unseen = {bisect_left(paragraphs, found.start()) for found in UNSEEN.finditer(text)}
    checked, last = 0, text.rfind("<")
    for found in TAG.finditer(text):
        start, end = found.end() - 2, text.find(">", found.end()) + 1
        if PLAIN_TAG.match(text, start) or AUTOLINK.match(text, start):
            continue
        paragraph = bisect_left(paragraphs, start)
        end = max(end, paragraphs[paragraph]) if paragraph in unseen else end
        is_ended = paragraph in unseen or 0 < end <= paragraphs[paragraph]
        if not (is_ended or start == last or found[1] is not None):
            continue
        inside = text[start:end] if end > checked else ""
        if not FORMULA.match(text, start) or ACTS.search(unescape(inside)) or (is_ended and QUOTED.search(inside)):
            yield problem(start, "X006", f"markup {text[start : start + 40].splitlines()[0]!r}")
        checked = end
    for found in ATTRIBUTES.finditer(text):
        if ACTS.search(found[1]) or ACTS.search(unescape(found[1]).replace("\\", "")):
            yield problem(found.start(1), "X006", f"attributes {found[1][:40]!r}")
    for found in BOX.finditer(text):
        yield problem(found.start(), "X006", f"a box {found[0][:40]!r}")
    for at, what in strange_addresses(source.text, text):
        yield problem(at, "X006", what)


def _line_of(text: str, what: str) -> int:
    return text.count("\n", 0, max(text.find(what), 0)) + 1


def texts_of(sources: Iterable[Source]) -> list[Problem]:
    """What is wrong with hand-written texts, by what their names say they are."""
    checks = {".md": check_page, ".py": check_snippet, ".html": check_drawing}
    return [problem for source in sources for problem in checks[source.path[source.path.rindex(".") :]](source)]
