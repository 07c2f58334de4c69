"""Markdown as editors leave it, made plain line for line: comments, tags, anchors and underlined headings.

Every line keeps its number. Code and formulas are left alone.
"""

import re
from bisect import bisect_right
from collections.abc import Callable

from ingest.markup import WORDS, fenced_lines

LONGEST = 2_000  # letters of a line in which tags are looked for
BEGUN = re.compile(r"(?<!\\)(?:<!--|(?<![\w%])%%)")
AT_FIRST = re.compile(r"^[ \t]*+(?=<!--|%%)", re.MULTILINE)
SAID_IN_LINE = re.compile(r"`+[^`\n]*`+|\$[^$\n]+\$")
NAMES = (
    "font|span|div|section|article|center|aside|details|summary|figure|figcaption|mark|ins|small|big|u|p|label|kbd|a"
)
SET = r"(?:\s+[\w:-]+\s*=\s*(?:\"[^\"<>]*\"|'[^'<>]*'|[^\s\"'<>]+))"  # an attribute with its value
TAG = re.compile(rf"(?<!\\)</?(?P<name>{NAMES})(?P<more>{SET}+\s*/?|\s*/)?>", re.IGNORECASE)
ACTING = re.compile(rf"<(?=/?(?:{NAMES}|br|b|strong|i|em|del|strike|code|su[bp]|img|table)\b|!--)|%%", re.IGNORECASE)
LINKED = re.compile(r'<a\s[^<>]*?href=["\']?(https?://[^\s"\'<>]+)["\']?[^<>]*>([^<>\n]*)</a>', re.IGNORECASE)
SUMMARY = re.compile(rf"(?<!\\)<summary{SET}*\s*>([^\n]+?)</summary\s*>", re.IGNORECASE)
ADMONITION = re.compile(
    r"^( *)(?:(?:\?\?\?\+?|!!!)[ \t]+([\w-]+(?: [\w-]+)*)(?:[ \t]+\"([^\"\n]*)\")?|===[!+]?[ \t]+\"([^\"\n]+)\")[ \t]*$"
)
CONTAINER = re.compile(
    r"^ {0,3}:{3,}+(?:\s*+(?=[^:\s])(?:\{(?P<attributes>[^{}\n]*)\}|(?P<name>[A-Za-z][\w-]*+))?+"
    r"(?:\[(?P<label>[^\[\]\n]*)\])?+)?+"
    r"(?:\s*+(?=[^:\s])(?P<words>(?:[^:\s]++(?:\s++(?=[^:\s]))?+)*+))?+(?:\s++:++|\s*+)$"
)
LAYOUTS = frozenset("code-group code-tabs tabs columns column center left right row grid raw v-pre".split())
BOX = re.compile(
    r"^[.{ ]*(?:callout-)?(note|tip|info|hint|important|warning|caution|danger|question|answer|solution)\b"
)
BREAK = re.compile(r"(?<!\\)<br\s*/?>", re.IGNORECASE)
MARKS = {"b": "**", "strong": "**", "i": "*", "em": "*", "del": "~~", "strike": "~~", "code": "`"}
PAIR = re.compile(rf"(?<!\\)<({'|'.join(MARKS)}){SET}*\s*>([^<>\n]+)</\1\s*>", re.IGNORECASE)
BOLD_TAG = re.compile(r"</?(?:b|strong)\s*>", re.IGNORECASE)
INDEX = re.compile(r"([A-Za-z]|(?<!\d)\d++)?<(su[bp])>([-+\w.,]{1,20})</\2>", re.IGNORECASE)
ANCHOR = re.compile(rf"^(\s{{0,3}}#{{1,6}}\s+)({WORDS})\s*\{{[#.:][^{{}}]*\}}\s*$")
BOLD_HEADING = re.compile(r"^(\s{0,3}#{1,6}\s+)(?:\*\*|__)([^*_]+)(?:\*\*|__)\s*$")
UNDERLINE = re.compile(r"^ {0,3}(?:(=+)|-{2,})\s*$")
BLOCK = re.compile(r"\s{4}|\s*(?:[-*+>|#]|\d{1,3}[.)]\s|```|~~~|【|\$\$|\[\^)")


ACTS = re.compile(
    r"<|%%|\{[#.:]|^ {0,3}(?:=+|-{2,})\s*$|^\s{0,3}#{1,6}\s+(?:\*\*|__)|^ *(?:\?\?\?|!!!|===)|^ {0,3}:::", re.MULTILINE
)


def plain(text: str) -> str:
    """A text whose tags, comments and anchors are gone, with as many lines as before; twice is as once."""
    if not ACTS.search(text):
        return text
    lines = _unfolded(without_comments(text)[0].split("\n"))
    fenced = fenced_lines(lines)
    for at, line in enumerate(lines):
        if at not in fenced:
            lines[at] = _plain_line(line)
    for at in range(len(lines) - 1):
        found = None if {at, at + 1} & fenced else UNDERLINE.match(lines[at + 1])
        alone = at == 0 or not lines[at - 1].strip()
        if found and alone and lines[at].strip() and not BLOCK.match(lines[at]) and at + 1 < len(lines):
            lines[at], lines[at + 1] = f"{'#' if found[1] else '##'} {lines[at].strip()}", ""
    return "\n".join(lines)


def _unfolded(lines: list[str]) -> list[str]:
    """Boxes of MkDocs (`??? question "…"`) and Docusaurus (`:::note`): bold titles, text set in no more."""
    fenced = fenced_lines(lines)
    out = list(lines)
    inside = opened = 0  # how far the text of the open box is set in; how many boxes of colons are open
    for at, line in enumerate(lines):
        if inside and line.strip() and not line.startswith(" " * inside):
            inside = 0
        out[at] = line[inside:] if inside else line
        if at in fenced and not (inside and ADMONITION.match(out[at])):
            continue
        if box := ADMONITION.match(out[at]):
            out[at] = f"{box[1]}**{(box[4] or box[3] or box[2]).strip()}**"
            inside += len(box[1]) + 4
        elif (box := CONTAINER.match(out[at])) and ((kind := box["name"] or box["attributes"]) or opened > 0):
            if not kind and (box["words"] or box["label"]):
                continue
            opened += 1 if kind else -1
            title = _box_title(box)
            out[at] = f"**{title}**" if title else ""
    return out


def _box_title(box: re.Match[str]) -> str:
    """What is written above a box of colons: its title, else its name; what only sets a style has none."""
    said = re.search(r"title\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", box["attributes"] or "")
    name = "" if (box["name"] or "") in LAYOUTS else box["name"]
    title = box["label"] or box["words"] or (said and (said[1] or said[2])) or name or ""
    if title:
        return str(title).strip()
    known = BOX.match(box["attributes"] or "")
    bare = re.fullmatch(r"[a-z][\w-]*", (box["attributes"] or "").strip())
    return known[1] if known else bare[0] if bare else ""


def without_comments(text: str) -> tuple[str, list[str]]:
    """A text without what is hidden in it, `<!-- … -->` and Obsidian's `%% … %%`, and what that was; lines stay."""
    if "<!--" not in text and "%%" not in text:
        return text, []
    lines = text.split("\n")
    fenced = fenced_lines(lines)
    hidden: list[str] = []

    def blank(comment: str) -> str:
        hidden.append(comment.strip("<!->% \n"))
        return "\n" * comment.count("\n")

    parts: list[str] = []
    run: list[str] = []
    for at, line in enumerate([*lines, ""]):
        if at in fenced or at == len(lines):
            parts += [_outside_code("\n".join(run), blank)] if run else []
            run = []
            if at < len(lines):
                parts.append(line)
        else:
            run.append(line)
    return "\n".join(parts), hidden


def _outside_code(text: str, blank: Callable[[str], str]) -> str:
    """The text, its comments blanked.

    A comment that begins inside of code is none, nor is one that never ends; what begins inside of a line ends in its
    paragraph, as in CommonMark, or else it would take with it what was never meant.
    """
    codes = [match.span() for match in SAID_IN_LINE.finditer(text)]
    starts = [start for start, _ in codes]
    out, at, after = [], 0, 0
    closed = {"<!--": text.rfind("-->"), "%%": text.rfind("%%")}
    alone = {match.end() for match in AT_FIRST.finditer(text)}
    last, paragraph, closed_here = text.rfind("\n\n"), 0, {"": 0}
    for begun in BEGUN.finditer(text):
        start = begun.start()
        near = bisect_right(starts, start) - 1
        inside = start + 2  # `<!-->` is one, and over
        if start < after or closed[begun[0]] < inside or (near >= 0 and start < codes[near][1]):
            continue
        end = "-->" if begun[0] == "<!--" else "%%"
        if start >= paragraph:
            paragraph = text.index("\n\n", start) if start < last else len(text)
            closed_here = {mark: text.rfind(mark, start, paragraph) for mark in ("-->", "%%")}
        if start not in alone and closed_here[end] < inside:
            continue
        after = text.index(end, inside) + len(end)
        out += [text[at:start], blank(text[start:after])]
        at = after
    return "".join([*out, text[at:]])


def _plain_line(line: str) -> str:
    if anchored := ANCHOR.match(line):
        line = anchored[1] + anchored[2]
    if bold := BOLD_HEADING.match(line):
        line = bold[1] + bold[2].strip()
    if "<" not in line:
        return line
    if len(line) <= LONGEST:
        line = SUMMARY.sub(lambda match: f"**{BOLD_TAG.sub('', match[1]).replace('**', '').strip()}**", line)
    out, at = "", 0
    for code in SAID_IN_LINE.finditer(line):
        out += _untagged(line[at : code.start()]) + code[0]
        at = code.end()
    return out + _untagged(line[at:])


def _untagged(text: str) -> str:
    if "<" not in text or len(text) > LONGEST:
        return text
    text = LINKED.sub(lambda match: f"[{match[2].strip() or match[1]}]({match[1]})", text)
    text = INDEX.sub(_index, text)
    text = PAIR.sub(lambda match: f"{MARKS[match[1].lower()]}{match[2].strip()}{MARKS[match[1].lower()]}", text)
    text = TAG.sub(lambda match: "" if _formats(match) else match[0], text)
    return BREAK.sub(" " if text.strip().startswith("|") else "  ", text).rstrip("\n")


def _formats(match: re.Match[str]) -> bool:
    """Whether a tag formats the text; one that stands alone in a sentence is what the sentence speaks of."""
    text, other = match.string, "" if match[0].startswith("</") else "/"
    at_end = not text[: match.start()].strip(" >-*") or not text[match.end() :].strip()
    return bool(match["more"]) or at_end or f"<{other}{match['name']}" in text


def _index(match: re.Match[str]) -> str:
    mark = "^" if match[2].lower() == "sup" else "_"
    return f"${match[1] or '{}'}{mark}{match[3] if len(match[3]) == 1 else f'{{{match[3]}}}'}$"
