"""What programs add to Markdown, written as the Markdown that all of them read; every line keeps its number.

Known are the marks of Pandoc, Quarto and R Markdown, MyST, Jekyll, Hexo, Hugo, GitBook, Docusaurus (MDX), VuePress,
HackMD, GitHub and GitLab. What is not known stays as it is, to be seen.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ingest.importing.dialect_tags import beside_code, ended, tags, value_of
from ingest.importing.escape import label
from ingest.markup import CJK, fence_ends, fenced_lines

MARKS = re.compile(
    r"\{[%{<#.:/\w ]|\^|~|^ {0,3}(?:```|~~~|:::)|^import |^export |\\(?:new|clear)?page|^[+|%(<]|toc\]|=\d*x|\[\w+=",
    re.I | re.M,
)
FENCE = re.compile(r"^( {0,3})(`{3,}|~{3,}|:{3,})[ \t]*(\{[^{}\n]*\}|[\w+#-]*)[ \t]*(.*)$")
DIRECTIVE = re.compile(r"\{\s*([\w:-]+)([^{}]*)\}")
OPTION = re.compile(r"^\s*:([\w-]+):(?:[ \t]+(.*))?$")
BOXES = frozenset(
    "note tip hint important warning caution danger attention error seealso admonition dropdown details topic sidebar"
    " margin exercise solution card aside epigraph".split()
)
CODE = frozenset("code code-block code-cell sourcecode".split())
LANGUAGES = frozenset(
    "python r julia bash sh sql js javascript ts typescript c cpp ojs mermaid rust java go dot".split()
)
TOC = re.compile(r"^\s*(?:[-*]\s+)?(?:@?\[\[?_?toc_?\]\]?|\{:toc\})\s*$|^\s*[-*]\s+TOC\s*$", re.IGNORECASE)
PAGE = re.compile(r"^\s*\\(?:newpage|pagebreak|clearpage|cleardoublepage)\s*$")
IMPORT = re.compile(
    r"^(?:import\s[^'\"\n]*from\s+['\"][^'\"\n]+['\"]|import\s+['\"][^'\"\n]+['\"]|export\s+(?:const|let|default)\s.*);?\s*$"
)
LABEL = re.compile(r"^\([\w:.-]+\)=\s*$")
COMPONENT = re.compile(r"^\s*</?(?P<name>[A-Z][\w.]*)(?P<said>(?:\s[^<>]*?)?)(?P<closed>/)?>\s*$")
COMMENTS = [  # and where one ends
    (re.compile(rf"{begin}.*?{end}", re.DOTALL), re.compile(end))
    for begin, end in ((r"\{/\*", r"\*/\}"), (r"\{%-?\s*comment\s*-?%\}", r"\{%-?\s*endcomment\s*-?%\}"))
]
VALUE = r"(?:\"[^\"\n]*\"|'[^'\n]*'|[^\s{}\"']+)"
ATTRIBUTES = rf"\{{:?[ \t]*(?:[#.][\w:.-]+|[\w-]+={VALUE})(?:[ \t]+(?:[#.][\w:.-]+|[\w-]+={VALUE}))*[ \t]*\}}"
ALONE = re.compile(rf"^\s*(?:{ATTRIBUTES}|\{{:[^{{}}\n]*\}})\s*$")
LINE_END = re.compile(rf"(?<=\S)[ \t]+(?=\{{:?[ \t]*[.#:]){ATTRIBUTES}[ \t]*$")
BEHIND = re.compile(rf"(?<=[)\]`*]){ATTRIBUTES}")
HEADING = re.compile(r" {0,3}#{1,6}\s")
HEADING_END = re.compile(rf"({ATTRIBUTES})\s*$")
ROLE = re.compile(r"\{([\w:-]+)\}`([^`\n]+)`")
GITLAB = re.compile(r"\$`([^`\n]+)`\$")
RAISED = re.compile(r"(?P<base>[A-Za-z]|(?<!\d)\d++|(?<=[\u4e00-\u9fff]))\^(?P<index>[-+−\w]{1,12})\^(?!\^)")
LOWERED = re.compile(r"(?<![~\w])(?P<word>\w*?)(?P<base>[A-Za-z])(?<!~)~(?P<index>[-+\w]{1,6})~(?![~\d])", re.ASCII)
INSERTED = re.compile(r"(?<![\w+])\+\+(?=[^\s+])([^+\n]{1,200}?)(?<=\S)\+\+(?![\w+])")
RUBY = re.compile(rf"\{{([{CJK}]{{1,20}})\|([^{{}}|\n]{{1,40}})\}}")
INLINE_NOTE = re.compile(r"(?<![\\\]])\^\[((?:[^\[\]\n]|\[[^\[\]\n]*\])+)\]")
NAMED = re.compile(r"\[name=([^\[\]\n]+)\]")
SET = re.compile(r"(?<![ \t])[ \t]*\[(?:time|color)=[^\[\]\n]+\]")
GRID = re.compile(r"^\+(?:[-=:]+\+)+\s*$")
LINE_BLOCK = re.compile(r"^\| (\S[^|\n]*)$")


@dataclass(slots=True)
class Spoken:
    """A text whose marks are common ones.

    Attributes:
        text: The text; but for an outline's, of as many lines as before.
        dropped: The marks that went.
        told: What was left out on purpose, in words.
    """

    text: str
    dropped: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)


def without_dialects(text: str) -> Spoken:
    """A text of any dialect as common Markdown."""
    spoken = Spoken(text)
    if not MARKS.search(text):
        return spoken
    lines = _title_block(text.split("\n"))
    lines = outside_code(lines, lambda run: _hidden(run, spoken))
    ends = ended(text)
    lines = outside_code(lines, lambda run: tags(run, ends, spoken.dropped))
    lines = _fences(lines, spoken)
    myst = bool(re.search(r"(?m)^ {0,3}(?:```|~~~|:::)`*:*[ \t]*\{[a-z]|\{[a-z:-]+\}`", text))
    components = set(re.findall(r"</([A-Z][\w.]*)", text))
    lines = outside_code(lines, lambda run: _tables([_line(line, spoken, myst, components) for line in run]))
    spoken.text = "\n".join(lines)
    return spoken


def outside_code(lines: Sequence[str], change: Callable[[list[str]], list[str]]) -> list[str]:
    """The lines, each run of them outside of code changed."""
    fenced = fenced_lines(lines)
    out: list[str] = []
    run: list[str] = []
    for at, line in enumerate(lines):
        if at in fenced:
            out += change(run) if run else []
            out.append(line)
            run = []
        else:
            run.append(line)
    return out + (change(run) if run else [])


def _title_block(lines: list[str]) -> list[str]:
    """Pandoc's `% title`, `% authors`, `% date` at the very top."""
    if not re.match(r"% \S", lines[0]):
        return lines
    end = next((at for at, line in enumerate(lines) if not line.startswith("%")), len(lines))
    head = [re.sub(r"^%\s*", "", line) for line in lines[: min(end, 3)]]
    return [f"# {head[0]}", *head[1:], *lines[min(end, 3) :]]


def _hidden(run: list[str], spoken: Spoken) -> list[str]:
    """Comments of MDX and Liquid."""

    def blank(match: re.Match[str]) -> str:
        spoken.told.append("a comment in the text")
        spoken.dropped.append(match[0])
        return "\n" * match[0].count("\n")

    text = "\n".join(run)
    for comment, end in COMMENTS:
        last = max((found.end() for found in end.finditer(text)), default=0)  # beyond it none ends
        text = comment.sub(blank, text[:last]) + text[last:]
    return text.split("\n")


def _fences(lines: list[str], spoken: Spoken) -> list[str]:
    """Fences that are no code: formulas, pictures and boxes; those that are, with the name of their language alone."""
    out = list(lines)
    ends = fence_ends(lines) | _colon_ends(lines)
    at = 0
    while at < len(out):
        opening = FENCE.match(lines[at]) if at in ends else None
        if opening is None:
            at += 1
            continue
        directive = DIRECTIVE.fullmatch(opening[3])
        name = directive[1] if directive else opening[3]
        text = opening[2][0] == ":" and not directive
        if directive or name == "math":
            text = _open(out, at, ends[at], name, opening, spoken)
        at = at + 1 if text else ends[at] + 1
    return out


def _colon_ends(lines: Sequence[str]) -> dict[int, int]:
    """For each line of colons that opens something, the next one of as many colons and nothing else."""
    ends: dict[int, int] = {}
    below: dict[str, int] = {}
    for at in range(len(lines) - 1, -1, -1):
        if not (opening := FENCE.match(lines[at])) or opening[2][0] != ":":
            continue
        if opening[3] or opening[4]:
            ends |= {at: below[opening[2]]} if opening[2] in below else {}
        else:
            below[opening[2]] = at
    return ends


def _open(out: list[str], at: int, end: int, name: str, opening: re.Match[str], spoken: Spoken) -> bool:
    """Write a directive as what it shows; whether what stands inside of it is text."""
    indent, mark, said = opening[1], opening[2], opening[4].strip()
    if not (name in BOXES or name in CODE or name in LANGUAGES or name in ("math", "figure", "image")):
        return mark[0] == ":"
    spoken.dropped.append(out[at])
    options: dict[str, str] = {}
    first = at + 1
    while name not in LANGUAGES and first < end and (option := OPTION.match(out[first])):
        options[option[1]] = option[2] or ""
        spoken.dropped.append(out[first])
        out[first] = ""
        first += 1
    out[at] = ""
    if name in CODE or name in LANGUAGES:
        code = mark if mark[0] != ":" else "```"
        language = name if name in LANGUAGES else re.sub(r"\W.*", "", said)
        out[first - 1], out[end] = f"{indent}{code}{language}", f"{indent}{code}"  # no empty line in the code
    elif name == "math":
        out[first - 1], out[end] = f"{indent}$$ {said}".rstrip(), f"{indent}$$"
    elif name in BOXES:
        out[at], out[end] = f"{indent}**{said or name}**", ""
    else:
        out[at], out[end] = f"{indent}![{label(options.get('alt', ''))}]({said})", ""
    return name in BOXES or name in ("figure", "image")


def _line(line: str, spoken: Spoken, myst: bool, components: set[str]) -> str:
    """A line of text."""
    if TOC.match(line) or PAGE.match(line) or IMPORT.match(line) or LABEL.match(line) or ALONE.match(line):
        spoken.dropped.append(line)
        return ""
    if myst and re.match(r"%\s", line):
        spoken.told.append("a comment in the text")
        spoken.dropped.append(line)
        return ""
    if (component := COMPONENT.match(line)) and (component["closed"] or component["name"] in components):
        spoken.dropped.append(line)
        title = value_of(component["said"], "label") or value_of(component["said"], "title")
        return f"**{title}**" if title else ""
    if not re.search(r"[{^~+\[$|]", line):
        return line

    def drop(match: re.Match[str]) -> str:
        spoken.dropped.append(match[0])
        return ""

    if (heading := HEADING.match(line)) and (end := HEADING_END.search(line, heading.end())):
        spoken.dropped.append(end[1])
        line = heading[0] + line[heading.end() : end.start()].rstrip()
    line = LINE_END.sub(drop, BEHIND.sub(drop, line))
    line = GITLAB.sub(r"$\1$", line)
    line = ROLE.sub(lambda match: _role(match, spoken), line)
    return beside_code(line, lambda text: _words(text, drop))


def _role(match: re.Match[str], spoken: Spoken) -> str:
    """A role of MyST: a formula, or the words that it shows."""
    spoken.dropped.append(match[0])
    if match[1] == "math":
        return f"${match[2]}$"
    return re.sub(r"(?<!\s)\s*+<[^<>]*>$", "", match[2]) or match[2]


def _words(text: str, drop: Callable[[re.Match[str]], str]) -> str:
    text = INLINE_NOTE.sub(r"（注：\1）", text)
    text = RAISED.sub(lambda match: _index(match["base"], "^", match["index"]), text)
    text = LOWERED.sub(lambda match: match["word"] + _index(match["base"], "_", match["index"]), text)
    text = INSERTED.sub(r"\1", text)
    text = RUBY.sub(r"\1（\2）", text)
    return SET.sub(drop, NAMED.sub(lambda match: "—" + match[1] + drop(match), text))


def _index(base: str, mark: str, index: str) -> str:
    return f"${base or '{}'}{mark}{index if len(index) == 1 else f'{{{index}}}'}$"


def _tables(lines: list[str]) -> list[str]:
    """Pandoc's grids as tables of bars, and its lines behind a bar as lines that break."""
    out = list(lines)
    at = 0
    while at < len(out):
        end = at
        while end < len(out) and (GRID.match(out[end]) or (end > at and out[end].startswith("|"))):
            end += 1
        if end - at > 2 and GRID.match(out[end - 1]):
            rows = _rows(out[at:end])
            out[at:end] = [*rows, *[""] * (end - at - len(rows))]
        elif (block := LINE_BLOCK.match(out[at])) and not any(
            "|" in out[near][1:] for near in (at - 1, at + 1) if 0 <= near < len(out)
        ):
            out[at] = f"{block[1].rstrip()}  "
        at = max(end, at + 1)
    return out


def _rows(grid: Sequence[str]) -> list[str]:
    """A grid's rows, of which each may have several lines, with the rule below its head."""
    edges = [at for at, char in enumerate(grid[0]) if char == "+"]
    rows: list[list[str]] = []
    row: list[str] = []
    for line in grid[1:]:
        if GRID.match(line):
            rows.append(row)
            row = []
            continue
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        row = [f"{above} {cell}".strip() for above, cell in zip(row, cells, strict=False)] if row else cells
    width = len(edges) - 1
    shown = ["| " + " | ".join([*cells, *[""] * (width - len(cells))]) + " |" for cells in rows]
    return [shown[0], "|" + " --- |" * width, *shown[1:]]
