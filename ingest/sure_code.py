"""What of a hand-written page is code, for every reading of it: nothing is guessed in a text's favour."""

import re
from collections.abc import Iterator

SECTION = re.compile(r"\s*<!-- --8<-- \[(?:start|end):[a-z]\w*\] -->\s*")
# Code is coloured where its language takes no more time than there is code: of some, 4 kB take minutes. What people use
# of these too is shown without colours: see mkdocs.base.yml.
LANGUAGES = (
    r"bash|c|c\+\+|caddy|console|cpp|css|csv|cu|cuda|diff|docker|dockerfile|go|html|http|"
    r"ini|java|javascript|js|json|jsonc|jsonl|latex|make|makefile|markdown|md|nginx|output|"
    r"py|pycon|python|regex|rs|rust|sh|sql|text|toml|ts|txt|typescript|xml|yaml|yml"
)
FENCE = re.compile(rf"(`{{3,}}|~{{3,}}) *+(?:\{{ ?\.(?:{LANGUAGES}) ?(?:\.[\w+#-]+ ?)*\}}|(?:{LANGUAGES})?) *")
FENCE_MARK = re.compile(r"[\s>*+\-\d.):]*(?:`{3}|~{3})")
TICKS = re.compile(r"`+")
PARAGRAPH_END = re.compile(r"(\n[ \t]*(?=\n))")


def fences(lines: list[str]) -> Iterator[tuple[int, int]]:
    """First and last line + 1 of the code in fences at the margin, without the fences: others are not surely code.

    Nor is what comes after another mark of a fence, as in a quote: it may have opened or closed one for a generator.
    """
    at, shifted, begun = 0, False, False
    while at < len(lines):
        # Behind a line of such, without a blank one between, a generator takes a fence for part of what stands there.
        # A page's first line is not blank to it where it has blanks.
        if lines[at].strip(" \t") or not begun:
            shifted = (shifted and lines[at] != "") or lines[at].startswith((" ", "\t", ">"))
            begun = begun or lines[at] != ""
        else:
            shifted = False
        opening = FENCE.fullmatch(lines[at].lstrip(" "))
        if opening:
            closing = lines[at][: len(lines[at]) - len(opening[0])] + opening[1]
            closings = {closing, *(closing + blank for blank in (" ", "  ", "\t"))}
            end = next((later for later in range(at + 1, len(lines)) if lines[later] in closings), None)
            if end is None:
                return  # whatever opens later is no surer
            if not shifted:
                yield at + 1, end
            at = end
        elif FENCE_MARK.match(lines[at]):
            return
        at += 1


def code_lines(lines: list[str]) -> set[int]:
    """Indexes of that code's lines."""
    return {number for start, end in fences(lines) for number in range(start, end)}


def without_code(text: str) -> str:
    """The text with blanks for what is surely code; places stay where they are."""
    lines = text.split("\n")
    code = code_lines(lines)
    lines = [" " * len(line) if at in code or SECTION.fullmatch(line) else line for at, line in enumerate(lines)]
    paragraphs = PARAGRAPH_END.split("\n".join(lines))
    return "".join(map(_without_spans, paragraphs))


def _without_spans(paragraph: str) -> str:
    """Without code spans, where each line by itself has the same ones, however the lines are put together."""
    if "`" not in paragraph:
        return paragraph
    blanked, left = [], []
    for line in paragraph.split("\n"):
        end, shown, outside = 0, "", ""
        for start, after in _spans(line):
            shown += f"{line[end:start]}`{' ' * (after - start - 2)}`"
            outside += line[end:start]
            end = after
        blanked.append(shown + line[end:])
        left.append(outside + line[end:])
    if any("`" in line for line in left) or any(re.match(r"[ >]*<", line) for line in paragraph.split("\n")):
        return paragraph
    return "\n".join(blanked)


def _spans(line: str) -> Iterator[tuple[int, int]]:
    """Where the code spans of a line begin and end: each from a run of marks to the next of as many."""
    runs = [found.span() for found in TICKS.finditer(line)]
    following: dict[int, int] = {}  # by how many marks: the next run after the one that is looked at
    closing = [0] * len(runs)
    for at in range(len(runs) - 1, -1, -1):
        size = runs[at][1] - runs[at][0]
        closing[at] = following.get(size, 0)
        following[size] = at
    at = 0
    while at < len(runs):
        start = runs[at][0]
        if closing[at] and (start == 0 or line[start - 1] != "\\"):
            at = closing[at]
            yield start, runs[at][1]
        at += 1
