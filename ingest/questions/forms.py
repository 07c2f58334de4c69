"""In which forms a collection asks: headings, marks, bold or numbered lines, items, lines that lost their marks."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from ingest.marks import Mark, ask_mark, asks, requests
from ingest.markup import WORDS

COUNT = re.compile(
    r"^(?:\(?\d{1,3}(?:[.-]\d{1,3})*\s*(?:QA)?\s*(?:[.、)）:：．]\s*|\s+)|[一二三四五六七八九十]{1,3}[、.．]\s*)"
)
COUNTED = re.compile(r"(\d{1,3})(?!\d)")
PART = re.compile(r"^(?:[（(]\s*(?:\d{1,2}|[一二三四五六七八九十a-z])\s*[)）]|[①-⑳]|[a-zA-Z][.)、]\s)")
HEADING = re.compile(rf"^ {{0,3}}(#{{1,6}})\s+({WORDS})(?:\s+#+)?\s*$")
BOLD = re.compile(
    r"^(?:[-*+]\s+|\d{1,3}[.、]\s*)?(?P<mark>\*\*|__)(?P<said>[^*_\n]+)(?P=mark)\s*(?P<tail>[（(].*[)）])?\s*[:：]?\s*$"
)
NUMBERED = re.compile(r"^(\d{1,3})(?:[.、:：．]\s*|[)）]\s*|\s+)(\S.*)$")
ITEM = re.compile(r"^(\s*)[-*+•]\s+(?:\d{1,3}(?:\.\d{1,3})*[.、]?\s+)?(\S.*)$")
FOLDED = re.compile(  # what a fold says that hides an answer
    r"\W*+(?:(?:点击|点此)?(?:查看|展开|显示|点开)?(?:参考)?(?:答案|解析|回答|解答)|(?:(?:click|show|see|view|reveal)\b.{0,12})?answers?)\W*+",
    re.IGNORECASE,
)
ANSWER_TITLE = re.compile(r"^\W*(?:回答|答案|解答|Answer|Solution)\s*+\d{0,3}\W*$", re.IGNORECASE)
TITLE = re.compile(r"(?![-*+•·>|`$!\[【\s]|参考|Ref).{2,80}(?<![。；：，,;:.、])$")
LISTED = re.compile(r"\s*(?:[-*+•·]\s|\d{1,3}[.)]\s|参考|Ref)")
UNMARKED = 3  # so many lines that ask make a collection of a text without marks
LONGEST = 120  # letters of a line that is a question without having a mark for it
LINK_ITEM = re.compile(r"\s*+(?:(?:[-*+]|\d{1,3}[.)])\s*+)?")
Form = str  # "mark", "heading", "bold", "number", "item" or "lone"


@dataclass(slots=True)
class Forms:
    """In which forms a text asks.

    Attributes:
        taken: Those that count.
        level: Of the headings that are questions, 0 where none are.
        most: Whether most headings of that level ask.
        counted: Whether these are numbered or marked, so that one without is none.
        numbers: Whether most numbered lines ask.
        lone: Indexes of the lines that were headings.
    """

    taken: set[Form] = field(default_factory=set)
    level: int = 0
    counted: bool = False
    most: bool = False
    numbers: bool = False
    lone: set[int] = field(default_factory=set)


def find_forms(lines: Sequence[str], fenced: set[int]) -> Forms:
    """The forms that most questions of a text have; of those that are rare beside another, none is one."""
    count: Counter[Form] = Counter()
    levels: Counter[int] = Counter()
    counted = numbered = 0
    all_levels: Counter[int] = Counter()
    for at, line in enumerate(lines):
        if at in fenced or not line.strip() or is_contents(line):
            continue
        heading = HEADING.match(line)
        mark = mark_of(line)
        if heading and not (ANSWER_TITLE.match(heading[2]) or PART.match(unmarked(heading[2]))):
            all_levels[len(heading[1])] += 1
        if heading and (mark or asks_as_title(heading[2])):
            count["heading"] += 1
            levels[len(heading[1])] += 1
            counted += bool(mark or COUNT.match(unmarked(heading[2])))
        elif mark:
            count["mark"] += 1
        elif not heading and (bold := BOLD.match(line)):
            count["bold"] += requests(COUNT.sub("", bold["said"], count=1))
        elif not heading and (match := NUMBERED.match(line)):
            numbered += _may_be_number(match[2])
            count["number"] += asks_as_line(match[2])
        elif not heading and (item := ITEM.match(line)):
            count["item"] += asks_as_line(item[2])
    taken = {form for form in ("heading", "mark", "bold") if count[form] * 3 >= max(count.values(), default=0) > 0}
    for form, others in (("number", ("heading", "mark", "bold")), ("item", ("heading", "mark", "bold", "number"))):
        if count[form] > 1 and count[form] > 3 * sum(count[other] for other in others):
            taken |= {form}
    taken = {form for form in taken if count[form]}
    forms = Forms(taken, max(sorted(levels), key=lambda level: levels[level], default=0) if "heading" in taken else 0)
    forms.counted = counted * 5 >= count["heading"] * 3
    forms.most = levels[forms.level] * 2 >= all_levels[forms.level]
    forms.numbers = "number" in taken and count["number"] * 2 >= numbered
    forms.lone = _lone(lines) if not taken else set()
    return forms


def mark_of(line: str) -> Mark | None:
    """The question that a line begins by its mark."""
    mark = ask_mark(line) if len(line) < LONGEST * 10 else None
    return (
        mark
        if mark and (mark.plain or mark.level or asks(mark.text)) and not (mark.named and not requests(mark.text))
        else None
    )


def asks_as_title(title: str) -> bool:
    """Whether a heading asks."""
    return ends_asking(title) or (asks(title) and len(title) <= LONGEST)


def asks_as_line(text: str) -> bool:
    """Whether a numbered line or an item asks: it is not an answer's sentence that has such a word in it."""
    bare = unmarked(text)
    inside = re.search(r"[?？]", bare) and not re.search(r"[。；;]$", bare)
    return len(bare) <= LONGEST and bool(
        inside or ends_asking(bare) or (requests(bare) and not re.search("[。；：:]|[，,].*[，,]", bare))
    )


def _may_be_number(text: str) -> bool:
    return len(text) <= LONGEST // 2 and not re.search("[。；]", text)


def ends_asking(text: str) -> bool:
    """Whether a question mark stands at the end, whatever signs and brackets are around it."""
    bare = re.sub(r"[（(][^（）()]*[)）]\W*$", "", text)
    return any(
        mark in part[word.end() if (word := re.match(r".*\w", part, re.DOTALL)) else 0 :]
        for part in (text, bare)
        for mark in "?？"
    )


def _lone(lines: Sequence[str]) -> set[int]:
    """Indexes of the lines that were headings, in a text where no question has a mark."""
    padded = ["", *lines, ""]
    alone = [at for at, line in enumerate(lines) if TITLE.match(line) and not (padded[at] + padded[at + 2]).strip()]
    asking = {at for at in alone if ends_asking(lines[at])}
    if len(asking) < UNMARKED:
        return set()
    below = [""]  # the next line with text, of each line from the last to the first
    for line in reversed(lines[1:]):
        below.append(line if line.strip() else below[-1])
    return asking | {at for at in alone if LISTED.match(below[-1 - at])}


def is_contents(line: str) -> bool:
    """Whether a line is an item of a table of contents: a link into the text, and nothing else."""
    link = line[found.end() :].rstrip() if (found := LINK_ITEM.match(line)) else ""
    wiki = link.startswith("[[#") and link.endswith("]]") and len(link) > 4
    return wiki or (link.startswith("[") and link.endswith(")") and "](#" in link)


def unmarked(title: str) -> str:
    """A title without signs and emphasis before it."""
    return re.sub(r"^(?:[^\w\s（(\"“《【\[<$\\`]|\*\*|__)+\s*", "", title.strip()).replace("**", "").strip()
