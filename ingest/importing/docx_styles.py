"""What the styles and lists of a .docx say about a paragraph: heading level, code, quotation, number."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from ingest.importing.docx_package import Element, Package, child, name_of, said, within
from ingest.limits import number_in

MONO = re.compile(
    r"mono|courier|consol|menlo|fixed|typewriter|source ?code|fira ?code|等距|lucida console|cascadia", re.IGNORECASE
)
CODE = re.compile(
    r"^(?:html (?:preformatted|code|typewriter|预设格式|代码)|(?:source ?)?code(?: ?block)?|(?:源|程序)?代码块?"
    r"|preformatted(?: text)?|verbatim char|inline ?code|行内代码)$",
    re.I,
)
HEADING = re.compile(r"^(?:heading|标题)\s*([1-9])$", re.IGNORECASE)
QUOTE = re.compile(r"quote|引用|block ?text", re.IGNORECASE)
SWITCHES = ("b", "i", "strike", "dstrike", "vanish")
OFF = ("0", "false", "off", "none")


def is_on(element: Element | None) -> bool:
    """Whether a switch such as `w:b` is there and on."""
    return element is not None and said(element, "val").lower() not in OFF


@dataclass(slots=True)
class Style:
    """A style, with what it has of the one that it is based on."""

    name: str = ""
    level: int = 0  # of a heading, 0 if it is none
    code: bool = False
    quote: bool = False
    number: tuple[str, int] | None = None
    depth: int = 0  # of its list, where its name alone says it
    switches: dict[str, bool] = field(default_factory=dict)  # of its letters, such as `b`


@dataclass(slots=True)
class Level:
    """One level of a list."""

    start: int = 1
    form: str = "decimal"
    text: str = "%1."


@dataclass(slots=True)
class Label:
    """What Word shows before an item: its level, its number if it is a plain one, and the words of any other."""

    level: int
    number: int = 0
    text: str = ""


def has_mono(properties: Element | None) -> bool:
    """Whether a run's properties name a typewriter face."""
    fonts = child(properties, "rFonts")
    return fonts is not None and bool(MONO.search(said(fonts, "ascii") or said(fonts, "hAnsi")))


def read_styles(package: Package) -> dict[str, Style]:
    """Styles by their id."""
    parts = [package.xml(name) for name in package.related(package.main, "styles")]
    elements = {
        said(each, "styleId"): each for part in parts if part is not None for each in part if name_of(each) == "style"
    }
    done: dict[str, Style] = {}

    def style(name: str, way: tuple[str, ...] = ()) -> Style:
        if name in done:
            return done[name]
        element = elements.get(name)
        if element is None or name in way or len(way) > 50:
            return Style()
        parent = child(element, "basedOn")
        base = style(said(parent, "val"), (*way, name)) if parent is not None else Style()
        called = child(element, "name")
        shown = said(called, "val") if called is not None else ""
        own = {name_of(each): is_on(each) for each in within(child(element, "rPr")) if name_of(each) in SWITCHES}
        done[name] = found = Style(shown, base.level, base.code, base.quote, base.number, 0, base.switches | own)
        if match := HEADING.match(shown):
            found.level = min(int(match[1]), 6)
        elif shown.lower() in ("title", "标题"):
            found.level = -1
        outline = child(element, "pPr", "outlineLvl")
        if outline is not None and found.level >= 0:
            found.level = heading(said(outline, "val"))
        found.code |= bool(CODE.match(shown)) or has_mono(child(element, "rPr"))
        found.quote |= bool(QUOTE.search(shown))
        found.number = list_of(child(element, "pPr")) or found.number
        found.depth = _depth(shown) or base.depth
        return found

    for name in elements:
        style(name)
    return done


def _depth(name: str) -> int:
    found = re.search(r"^(?:list (?:bullet|number)|列表(?:项目符号|编号)) ([2-5])$", name, re.IGNORECASE)
    return int(found[1]) - 1 if found else 0


def heading(outline: str) -> int:
    """The level of a heading by its outline level, which counts from 0; 9 is text."""
    level = number_in(outline, 9)
    return min(level + 1, 6) if level < 9 else 0


def list_of(properties: Element | None) -> tuple[str, int] | None:
    """The list and level that a paragraph's properties name."""
    number = child(properties, "numPr")
    if number is None:
        return None
    which, level = child(number, "numId"), child(number, "ilvl")
    name = said(which, "val") if which is not None else ""
    deep = said(level, "val") if level is not None else "0"
    return (name, min(number_in(deep), 8))


@dataclass(slots=True)
class Lists:
    """The lists of a document, counted as its items come."""

    levels: dict[str, list[Level]]
    abstract: dict[str, str]
    starts: dict[str, dict[int, int]] = field(default_factory=dict)
    _counts: dict[str, list[int]] = field(default_factory=dict)
    _seen: set[tuple[str, int]] = field(default_factory=set)

    def label(self, name: str, depth: int) -> Label | None:
        """What stands before the next item; None for a list that does not exist, and "0", which ends one."""
        levels = self.levels.get(name)
        if not levels or name == "0":
            return None
        level = levels[min(depth, len(levels) - 1)]
        if level.form == "none" and not re.sub("%[1-9]", "", level.text).strip():
            return None
        if level.form in ("bullet", "none", "") and "%" not in level.text:
            return Label(depth, 0, level.text.strip() if level.form == "none" else "")
        counts = self._counts.setdefault(self.abstract.get(name, name), [-1] * 9)  # lists of one kind count on
        if depth in self.starts.get(name, {}) and (name, depth) not in self._seen:
            self._seen.add((name, depth))
            counts[depth] = self.starts[name][depth] - 1
        elif counts[depth] < 0:
            counts[depth] = level.start - 1
        counts[depth] += 1
        for below in range(depth + 1, 9):
            counts[below] = -1
        for above in range(depth):
            counts[above] = counts[above] if counts[above] >= 0 else levels[min(above, len(levels) - 1)].start
        if level.form == "decimal" and re.fullmatch(rf"%{depth + 1}[.)、．]?", level.text.strip()):
            return Label(depth, counts[depth])
        shown = re.sub(
            r"%([1-9])",
            lambda match: _written(counts[int(match[1]) - 1], levels[min(int(match[1]) - 1, len(levels) - 1)].form),
            level.text,
        )
        return Label(depth, 0, shown.strip())


def read_lists(package: Package) -> Lists:
    """The lists of `numbering.xml`."""
    parts = [package.xml(name) for name in package.related(package.main, "numbering")]
    elements = [each for part in parts if part is not None for each in part]
    kinds = {said(each, "abstractNumId"): _levels(each) for each in elements if name_of(each) == "abstractNum"}
    styled = {
        said(link, "val"): said(each, "abstractNumId")
        for each in elements
        if (link := child(each, "styleLink")) is not None
    }
    for each in elements:  # a list that only names a style takes its levels
        link = child(each, "numStyleLink")
        if link is not None and said(link, "val") in styled:
            kinds[said(each, "abstractNumId")] = kinds[styled[said(link, "val")]]
    lists = Lists({}, {})
    for each in elements:
        kind = child(each, "abstractNumId")
        if name_of(each) != "num" or kind is None:
            continue
        name = said(each, "numId")
        lists.abstract[name] = said(kind, "val")
        lists.levels[name] = list(kinds.get(said(kind, "val"), [Level()]))
        for change in (change for change in each if name_of(change) == "lvlOverride"):
            depth, start = number_in(said(change, "ilvl"), -1), child(change, "startOverride")
            if start is not None and depth >= 0:
                lists.starts.setdefault(name, {})[depth] = _number(said(start, "val"))
            if (level := child(change, "lvl")) is not None and 0 <= depth < len(lists.levels[name]):
                lists.levels[name][depth] = _level(level)
    return lists


def _levels(kind: Element) -> list[Level]:
    found = {said(each, "ilvl"): _level(each) for each in kind if name_of(each) == "lvl"}
    last = max((number_in(name, -1) for name in found), default=-1)
    return [found.get(str(at), Level(text=f"%{at + 1}.")) for at in range(min(last, 8) + 1)] or [Level()]


def _level(element: Element) -> Level:
    parts: Iterable[tuple[str, Element | None]] = (
        (name, child(element, name)) for name in ("start", "numFmt", "lvlText")
    )
    values = {name: said(part, "val") for name, part in parts if part is not None}
    form = values.get("numFmt", "decimal")
    return Level(_number(values.get("start", "1")), form, values.get("lvlText", "" if form == "bullet" else "%1."))


def _number(text: str) -> int:
    return number_in(text, 1) if len(text) < 7 else 1


DIGITS = "零一二三四五六七八九"


def _written(number: int, form: str) -> str:
    """A number as a list writes it."""
    number = max(number, 0)
    if form == "none":
        return ""
    if form in ("lowerLetter", "upperLetter") and number:
        letter = chr(ord("a") + (number - 1) % 26) * ((number - 1) // 26 + 1)
        return letter if form == "lowerLetter" else letter.upper()
    if form in ("lowerRoman", "upperRoman") and 0 < number < 4000:
        roman, rest = "", number
        for value, sign in zip(
            (1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1),
            "m cm d cd c xc l xl x ix v iv i".split(),
            strict=True,
        ):
            roman += sign * (rest // value)
            rest %= value
        return roman if form == "lowerRoman" else roman.upper()
    if form.startswith(("chinese", "ideographDigital", "japaneseCounting", "taiwaneseCounting")) and number < 100:
        tens, ones = divmod(number, 10)
        return (DIGITS[tens] if tens > 1 else "") + ("十" if tens else "") + (DIGITS[ones] if ones or not tens else "")
    if form.startswith("decimalEnclosedCircle") and 0 < number <= 20:
        return chr(0x2460 + number - 1)
    return f"{number:02}" if form == "decimalZero" else str(number)
