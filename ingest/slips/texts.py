"""Slips that any text of a contributor may have: in links, addresses, pictures, fences, formulas and headings."""

import posixpath
import re
from collections.abc import Collection, Iterator, Sequence
from itertools import islice, zip_longest
from pathlib import PurePosixPath
from urllib.parse import unquote

from ingest.markup import CJK, bare_urls, fenced_lines
from ingest.model import Source
from ingest.notes.sections import SECTIONS, section_name
from ingest.slips.slip import HEADING_LIKE, Line, Slip, blanked, body_lines, head_end, unclosed_fences
from ingest.urls import tracking

# Obsidian's, by reference, and HTML's: no page shows these.
OTHER_PICTURE = re.compile(r"!\[\[[^\[\]\n]+\]\]|!\[[^\[\]\n]*\]\[[^\[\]\n]*\]|<img\s[^<>\n]*>", re.IGNORECASE)
PICTURE = re.compile(r"!\[[^\[\]]*+\]\(<?([^()<>\"]*+)>?\s*+(?:\"[^\"]*+\"\s*+)?\)")
HOST = r"(?:[\w-]+\.)+[a-z]{2,10}"
LABEL = r"\[([^\[\]]+)\]"
BRACKETS = (  # ways in which a link's brackets go wrong, and what was meant: \1 the label, \2 the address
    re.compile(rf"{LABEL}\s*（\s*(https?://[^\s（）()]+)\s*[）)]"),
    re.compile(rf"{LABEL}\(\s*(https?://[^\s（）()]+)\s*）"),
    re.compile(rf"{LABEL}\s+\(\s*(https?://[^\s（）()]+)\s*\)"),
    re.compile(r"［([^［］]+)[］\]]\s*[（(]\s*(https?://[^\s（）()]+)\s*[）)]"),
    re.compile(rf"{LABEL}［\s*(https?://[^\s（）()［］]+)\s*］"),
    re.compile(r"(?<=[^\s【])【([^【】]+)】[（(]\s*(https?://[^\s（）()]+)\s*[）)]"),
)
REVERSED = re.compile(r"[（(]([^()（）\[\]]+)[）)]\[\s*(https?://[^\s\[\]]+)\s*\]")
SWAPPED = re.compile(
    r"(?<!!)\[\s*+(https?://[^\s\[\]]++)\s*+\]\(\s*+([^()]*+)\)"
)  # the address, and what may be a title
TWICE = re.compile(r"https?://(?=https?://)")
SCHEME = re.compile(
    rf"(?<![A-Za-z0-9.])(https?)(?:\s?[：;；]\s?//?|：\s?//?|//|:/(?=[^/\s])|:\s+//?\s?|:/\s+/?|://\s+|:///+|:\\\\?)\s?(?={HOST})"
)
MISSPELT = re.compile(r"(?<![A-Za-z])(?:htp|htt|ttp|hhttp|htttp|httpp|hppt|htpp|hptt)(s?)://(?=\S)", re.IGNORECASE)
TARGET = re.compile(r"(?<![!\w\]])\[([^\[\]]++)\]\(\s*+([^()\s]*+)\s*+\)")
CUT = re.compile(r"\]\(\s*<?https?://[^\s()（）]*$")
HTML = re.compile(
    r"<!--|</?(?:br|img|font|center|div|span|b|i|u|p|sub|sup|details|summary|table|tr|td|strong|em|a|h[1-6])(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
TEX = re.compile(r"\\\(((?:(?!\\[()\[\]]).)++)\\\)|\\\[((?:(?!\\[()\[\]]).)++)\\\]")
MOST = 10  # slips of a kind on a line: each holds the whole line written anew
OPENING = re.compile(r"[\[［【]")
SLASHES = re.compile(r"//|[:：]\s?[/\\]")
SPAN = re.compile(r"`[^`]+`")
NO_BLANK = re.compile(r"(#{1,6})(?=[^\s#])")
WIDE_HEADING = re.compile(r"\s*(＃+)\s*(?=\S)")
WIDE_FENCE = re.compile(r"\s*(?:[·｀´]{3})(\w*)\s*$")
WIDE_PICTURE = re.compile(r"！(?=\[[^\[\]]*\]\([^()\s]+\.(?:png|jpe?g|gif|webp)\))", re.IGNORECASE)
TEMPLATE = re.compile(
    r"✎|^\s*>\s*提示[:：]|YYYY-MM-DD|这里写一句完整的问题|一句自己的话 —署名|】[:：]第一件事；第二件事"
    r"|^第一件事；第二件事|^A\d*[:：]这里写回答|^A\d*[:：]另一个人的回答|^问题需要背景时写在这里"
    r"|Q\d+[:：]一个还没有人回答的问题？ —群友"
)

# What else was not meant to stay: an editor's marks of two versions, a chat's of its sources, a note to oneself.
LEFT = re.compile(
    r"^(?:<{7}|>{7}) \S|【\d+†[^【】]*】|:contentReference\[oaicite:\d+\]|^\s*(?:[-*+]\s+)?(?:TODO|FIXME)\b(?! \w)"
)
TEMPLATE_WORDS = "✎ 提示 YYYY 这里写 一句自己的话 第一件事 另一个人的回答 写在这里 还没有人回答".split()


def text_slips(source: Source, pictures: Collection[str]) -> Iterator[Slip]:
    """Slips of a note or a question, in the order of their rules.

    Args:
        source: The file.
        pictures: Paths of the pictures that there are, relative to the project's root.
    """
    raw = source.text.split("\n")
    lines = body_lines(source.text)
    for at, what in unclosed_fences(raw):
        yield Slip(at + 1, 1, "M001", what)
    yield from _unclosed_formulas(raw)
    yield from template_slips(source)
    for line in lines:
        if left := LEFT.search(line.plain):
            yield line.slip("M015", f"{left[0].strip()!r} is left in", column=left.start() + 1)
        for found in (_pictures(line, source.path, pictures), _links(line), _addresses(line), _marks(line)):
            yield from islice(found, MOST)
    yield from _cut_links(lines)
    yield from _tables(lines)


def template_slips(source: Source) -> Iterator[Slip]:
    """What a template tells its reader, left in."""
    if not any(word in source.text for word in TEMPLATE_WORDS):
        return
    for at, line in enumerate(source.text.split("\n"), 1):
        if found := TEMPLATE.search(line):
            yield Slip(at, found.start() + 1, "M015", f"the template's {line.strip()[:40]!r}")


def _pictures(line: Line, path: str, pictures: Collection[str]) -> Iterator[Slip]:
    for other in OTHER_PICTURE.finditer(line.plain):
        yield line.swap("M002", f"no page shows a picture written as {other[0][:30]!r}", *other.span(), None)
    if "![" not in line.plain:
        return
    beside = PurePosixPath(path).parent
    for match in PICTURE.finditer(line.plain):
        named = unquote(match[1].strip())
        if re.match(r"https?:", named):
            yield line.swap("M014", f"{named} is of another site", *match.span(), None)
            continue
        wanted = posixpath.normpath(beside / named)
        if wanted in pictures:
            continue
        alike = [one for one in pictures if one.casefold().rpartition("/")[2] == named.casefold().rpartition("/")[2]]
        here = [posixpath.relpath(one, beside) for one in alike if PurePosixPath(path).stem in PurePosixPath(one).parts]
        found = here if len(here) == 1 else [posixpath.relpath(one, beside) for one in alike]
        hint = f"; there is {found[0]}" if len(found) == 1 else ""
        new = found[0] if len(found) == 1 and " " not in found[0] else None
        yield line.swap("M002", f"no picture {wanted}{hint}", *match.span(1), new)


def _is_title(target: str) -> bool:
    """Whether what stands where a link's address belongs is what it is called."""
    return re.search(f"[{CJK}]", target) is not None and not re.match("https?:", target)


def _links(line: Line) -> Iterator[Slip]:
    if not OPENING.search(line.plain):
        return
    for form in (*BRACKETS, REVERSED) if "http" in line.plain else ():
        for match in form.finditer(line.plain):
            yield line.swap("M003", f"{match[0][:60]!r} is no link", *match.span(), f"[{match[1]}]({match[2]})")
    for match in SWAPPED.finditer(line.plain):
        if _is_title(match[2]):
            yield line.swap("M003", f"{match[0][:60]!r} is no link", *match.span(), f"[{match[2].strip()}]({match[1]})")
    for match in TARGET.finditer(line.plain):
        target = match[2]
        if SWAPPED.match(match[0]) and _is_title(target):
            continue
        if re.fullmatch(rf"(?:www\.)?{HOST}(?:/\S*)?", target) and not target.endswith((".md", ".html")):
            yield line.swap("M005", f"{target!r} lacks https://", *match.span(2), f"https://{target}")
        elif not target or re.match(rf"[{CJK}#]|\.{{0,2}}/|[\w.-]+\.md\b", target):
            yield line.swap("M005", f"{match[0][:60]!r} leads nowhere", *match.span(), None)


def _addresses(line: Line) -> Iterator[Slip]:
    if not SLASHES.search(line.plain):
        return
    for match in TWICE.finditer(line.plain):
        yield line.swap("M004", f"{line.plain[match.start() :][:40]!r} begins twice", *match.span(), "")
    for match in SCHEME.finditer(line.plain):
        if match[0] != f"{match[1]}://":
            yield line.swap("M004", f"{match[0]!r} begins no address", *match.span(), f"{match[1]}://")
    for match in MISSPELT.finditer(line.plain) if "://" in line.plain else ():
        yield line.swap("M004", f"{match[0]!r} begins no address", *match.span(), f"http{match[1].lower()}://")
    for match in bare_urls(line.plain):
        if names := tracking(match[0]):
            better = _without(match[0], names)
            yield line.swap("M007", f"{', '.join(names)} in the address", *match.span(), better)


def _without(url: str, names: Sequence[str]) -> str:
    address, _, query = url.partition("?")
    query, mark, fragment = query.partition("#")
    kept = "&".join(pair for pair in query.split("&") if pair.partition("=")[0] not in names)
    return address + (f"?{kept}" if kept else "") + mark + fragment


def _marks(line: Line) -> Iterator[Slip]:
    heading = NO_BLANK.match(line.plain)
    if heading and (len(heading[1]) > 1 or section_name(line.text[1:]) in SECTIONS):
        yield line.slip("M010", f"no blank after {heading[1]}", f"{heading[1]} {line.text[heading.end() :]}")
    if wide := WIDE_HEADING.match(line.plain):
        marks = "#" * len(wide[1])
        yield line.slip("M013", f"{wide[1]} in full width", f"{marks} {line.text[wide.end() :]}")
    if fence := WIDE_FENCE.fullmatch(line.text):
        yield line.slip("M013", f"{line.text.strip()[:3]} is no fence", f"```{fence[1]}")
    for match in WIDE_PICTURE.finditer(line.plain) if "！[" in line.plain else ():
        yield line.swap("M013", "！ in full width before a picture", *match.span(), "!")
    for match in TEX.finditer(line.plain) if "\\" in line.plain else ():
        new = f"${match[1].strip()}$" if match[1] else f"$${match[2].strip()}$$"
        yield line.swap("M009", f"{match[0][:30]!r} is shown as text", *match.span(), new)
    if line.text.strip() in ("\\[", "\\]"):
        yield line.slip("M009", f"{line.text.strip()!r} is shown as text", "$$")
    if "<" in line.plain and (found := HTML.search(line.plain)):
        yield line.slip("M011", f"{found[0][:30]!r} is shown as text", column=found.start() + 1)


def _cut_links(lines: Sequence[Line]) -> Iterator[Slip]:
    for line, following in zip_longest(lines, lines[1:]):
        if "[" not in line.plain and "]" not in line.plain:
            continue
        after = following.plain.strip() if following and following.number == line.number + 1 else ""
        if found := CUT.search(line.plain):
            yield line.slip("M006", "a link that is cut by the end of the line", column=found.start() + 1)
        elif line.plain.rstrip().endswith("]") and re.match(r"[(（]https?://", after):
            yield line.slip("M006", "a link whose address is on the next line", column=len(line.plain.rstrip()))
        elif line.plain.rfind("[") > line.plain.rfind("]") and re.match(r"[^\[\]]*\]\(https?://", after):
            yield line.slip("M006", "a link whose label is cut", column=line.plain.rfind("[") + 1)


def _tables(lines: Sequence[Line]) -> Iterator[Slip]:
    rows = {line.number: line for line in lines if "|" in line.plain and re.fullmatch(r"\s*\|.*\|\s*", line.plain)}
    for number, line in rows.items():
        if number - 1 in rows or number + 1 not in rows:
            continue
        if "-" not in rows[number + 1].plain or not re.fullmatch(r"[\s|:-]+", rows[number + 1].plain):
            yield line.slip("M012", "a table without a line |---| below its head")


def _unclosed_formulas(raw: Sequence[str]) -> Iterator[Slip]:
    """Where `$$` opens and nothing closes it before the next heading, mark or the end."""
    opened = 0
    if not any("$$" in line for line in raw):
        return
    kept = {line.number: line for line in _lines_outside_code(raw)}
    for number, line in kept.items():
        if opened and HEADING_LIKE.match(line.text):
            yield Slip(opened, 1, "M008", "$$ that is never closed")
            opened = 0
        if line.plain.count("$$") % 2:
            opened = 0 if opened else number
    if opened:
        yield Slip(opened, 1, "M008", "$$ that is never closed")


def _lines_outside_code(raw: Sequence[str]) -> Iterator[Line]:
    left = fenced_lines(raw) | set(range(head_end(raw)))
    for at, text in enumerate(raw):
        if at not in left:
            yield Line(at + 1, text, blanked(SPAN, text))
