"""Lines of a PDF to Markdown.

- A line goes on in the next where the next line's first word had no room left in it.
- Sizes above that of the body are headings, a typewriter face is code.
"""

import re
import statistics
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from ingest.importing.pdf_columns import right_edges
from ingest.importing.pdf_inline import linked
from ingest.importing.pdf_lines import STARTS, WIDE, Glyph, Line, first_word
from ingest.importing.pdf_lists import nested
from ingest.importing.torn import URL_REST, open_url

FULL_WIDTH = "[\u3000-\u303f\uff00-\uff65—…]"
BULLET = re.compile("^\\s*[\ue000-\uf8ff•●○▪■◦‣∙·]\\s*")
WORD = re.compile(r"[a-z]{2,}(?:-[a-z]{2,})*(?![a-z-])")
FIRST_PARTS = frozenset(  # of words that are written with a hyphen
    "self fine pre multi non co re well low high long short large cross zero few state open semi sub super inter intra"
    " mid max min end one two three four real pair point token layer user key data model off on in out up down".split()
)
TYPED = 0.4  # share of typewriter letters in lines of code with Chinese
ENDS_SENTENCE = re.compile(r"[。？！?!；;：:.…]$")


def lines_to_markdown(lines: Sequence[Line]) -> str:
    """The lines of all pages, in reading order, as Markdown."""
    text = [line for line in lines if line.kind == "text"]
    if not text:
        return "\n\n".join(line.done for line in lines)
    _mark_code(text)
    words = _words_of(text)
    weights: Counter[float] = Counter()
    for line in text:
        weights[line.size] += len(line.text)
    body = weights.most_common(1)[0][0]
    level = _levels(text, body)
    edges = right_edges(text, body)
    groups: list[list[Line]] = [[]]
    for line in lines:
        dashed = (
            line.text.startswith("- ") and groups[-1] and groups[-1][0].text.startswith("- ")
        )  # a list, no torn `某文 - 知乎`
        if groups[-1] and (dashed or not _goes_on(groups[-1][-1], line, level, edges)):
            groups.append([])
        groups[-1].append(line)
    parts = [(group[0], _part(group, level, words)) for group in groups]
    return "\n\n".join(nested((line, part) for line, part in parts if part))


def _levels(lines: Iterable[Line], body: float) -> dict[float, int]:
    """Heading level by size. A largest size that comes once is the title's; else headings begin at 2."""
    sizes = Counter(line.size for line in lines if line.size > body * 1.15 and not line.mono and len(line.text) <= 80)
    ordered = sorted(sizes, reverse=True)
    first = 1 if ordered and sizes[ordered[0]] == 1 else 2
    return {size: min(6, first + at) for at, size in enumerate(ordered)}


def _goes_on(above: Line, line: Line, level: dict[float, int], edges: dict[int, float]) -> bool:
    """Whether a line goes on in the next one."""
    right = edges.get(id(above), 0)
    if above.kind != "text" or line.kind != "text" or above.mono != line.mono:
        return False
    if above.mono:
        return True
    if level.get(above.size, 0) != level.get(line.size, 0) or abs(above.size - line.size) > 1.5:
        return False
    if BULLET.match(line.text):
        return False
    gap = above.y - line.y
    if above.page == line.page and not 0 < gap < 3.2 * above.size and not _next_column(above, line):
        return False
    if (written := open_url(above.text)) and (rest := URL_REST.match(line.text)) and not line.text.startswith("http"):
        known = next((glyph.uri for glyph in reversed(above.glyphs) if glyph.uri), "")
        if known.startswith(written + rest[0][:4]) or (not known and above.x1 > right - 2 * above.size):
            return True
    if STARTS.match(line.text) or (level.get(line.size) and above.x1 < right - 2 * above.size):
        return False
    if re.search(r"[a-z]-$", above.text) and re.match(r"[a-z]{2}", line.text):  # a torn word
        return True
    if ENDS_SENTENCE.search(above.text) and above.page == line.page and gap > 1.9 * above.size:
        return False
    return above.x1 + first_word(line) > right - 0.3 * above.size


def _next_column(above: Line, line: Line) -> bool:
    return line.x0 > above.x1 and line.y > above.y


def _part(lines: Sequence[Line], level: dict[float, int], words: set[str]) -> str:
    first = lines[0]
    if first.done:
        return first.done
    if first.mono:
        left = min(line.glyphs[0].x0 for line in lines)
        width = statistics.median(glyph.x1 - glyph.x0 for line in lines for glyph in line.glyphs if glyph.text.strip())
        shown: list[str] = []
        pitch = statistics.median([a.y - b.y for a, b in pairwise(lines) if a.page == b.page] or [0])
        for above, line in pairwise([first, *lines]):
            if pitch > 0 and above.page == line.page:  # empty lines have no glyphs
                shown += [""] * min(3, round((above.y - line.y) / pitch) - 1)
            indent = " " * round((line.glyphs[0].x0 - left) / (width or 1))
            shown.append((indent + "".join(glyph.text for glyph in line.glyphs)).rstrip())
        fence = "```" if not any("```" in line for line in shown) else "`````"
        return "\n".join((fence, *shown, fence))
    text = linked([glyph for line in _joined(lines, words) for glyph in line])
    if BULLET.match(text):
        return "- " + re.sub("[\ue000-\uf8ff]", "", BULLET.sub("", text)).strip()
    text = re.sub("[\ue000-\uf8ff]", "", text).strip()
    if first.size in level and len(text) <= 120:
        return f"{'#' * level[first.size]} {text}"
    return text


def _mark_code(lines: Sequence[Line]) -> None:
    """A line that is code but for its Chinese is code beside other lines of code, and so are several of them."""
    for above, line, below in zip(lines, lines[1:], lines[2:], strict=False):
        run = (above, line, below)
        if min(each.typed for each in run) > 0 and sum(each.typed for each in run) > 3 * TYPED:
            line.mono = True
    for both in (pairwise(lines), pairwise(reversed(lines))):
        for near, line in both:
            close = near.page == line.page and abs(near.y - line.y) < 2 * line.size
            line.mono |= bool(line.typed) and near.mono and close


def _words_of(lines: Sequence[Line]) -> set[str]:
    """The words of a document, those of several parts too; not those that the end of a line may have torn."""
    words: set[str] = set()
    torn = False
    for line in lines:
        text = line.text.lower()
        found = WORD.findall(re.sub(r"(?<!\S)\S+-$", "", text))
        words.update(found[1:] if torn else found)
        torn = text.endswith("-")
    return words


def _is_torn(before: str, after: str, words: set[str]) -> bool:
    """Whether a hyphen at a line's end tears a word, as the rest of the document tells."""
    left, right = re.search(r"(?<![A-Za-z])([A-Za-z]{2,})-$", before), re.match(r"[a-z]{2,}", after)
    if not left or not right or left[1].isupper():
        return False
    first, second = left[1].lower(), right[0]
    if f"{first}-{second}" in words or first in FIRST_PARTS:
        return False
    return first + second in words or not {first, second} & words


def _joined(lines: Sequence[Line], words: set[str]) -> Iterator[list[Glyph]]:
    """Lines with what stands between them: a blank, but none in Chinese, after a hyphen, or inside an address."""
    before = ""
    rest = iter(lines[1:])
    for line in lines:
        glyphs = line.glyphs
        after = line.text
        if before:
            cut = open_url(before) and URL_REST.match(after)
            chinese = WIDE.match(before[-1]) and WIDE.match(after[0])
            full_width = re.search(f"{FULL_WIDTH}$", before) or re.match(FULL_WIDTH, after)
            hyphen = re.search(r"[-—–]$", before) and not re.search(r"\s-$", before)
            if not (cut or chinese or full_width or hyphen):
                same = glyphs[0].uri
                yield [Glyph(" ", 0, 0, same)]
        start = next(at for at, glyph in enumerate(glyphs) if glyph.text.strip())
        end = max(at for at, glyph in enumerate(glyphs) if glyph.text.strip())
        following = next(rest, None)
        torn = following is not None and line.text.endswith("-") and _is_torn(line.text, following.text, words)
        yield glyphs[start : end + (not torn)]
        before = line.text
