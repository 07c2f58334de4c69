"""The text inside feeds: bytes to characters, titles and names to one plain line, dates to days."""

import codecs
import html
import re
import unicodedata
from datetime import date, timedelta
from functools import lru_cache

import nh3
from charset_normalizer import from_bytes

from ingest.encodings import looks_simplified

# Codecs that no feed is written in, and that take very long or run escapes on hostile input.
_NO_FEED_CODECS = {"utf-7", "punycode", "idna", "unicode_escape", "raw_unicode_escape", "undefined"}
_SUPERSETS = {"gb2312": "gb18030", "gbk": "gb18030", "iso8859-1": "cp1252", "shift_jis": "cp932", "euc_kr": "cp949"}
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
    (b"\x4c\x6f\xa7\x94", "cp037"),  # `<?xm` in EBCDIC
)
_DECLARED = re.compile(rb"\s*<\?xml\b[^>]*?\bencoding\s*=\s*[\"']([\w.:-]+)[\"']")


def decode(content: bytes, charset: str = "") -> tuple[str, str]:
    """The text, and what was wrong with its encoding, or "". The server's `charset` counts where nothing is declared.

    What a mark says is tried first, then UTF-8, which other text hardly ever looks like, then what is declared, and
    last what the bytes look like.
    """
    marked = next((name for mark, name in _MARKS if content.startswith(mark)), "")
    found = _DECLARED.match(content)
    declared = found[1].decode("ascii", "replace").lower() if found else charset.lower()
    codec = _usable(declared)
    said = [name for name in (marked, _SUPERSETS.get(codec, ""), codec) if name]
    for name in filter(None, said if said and content.isascii() else [marked, "utf-8", *said]):
        try:
            text = content.decode(name)
        except UnicodeDecodeError:
            continue
        return text, "" if name in said or not declared else f"text declared as {declared} that reads as {name}"
    nearly = content.isascii() or (codec in ("", "utf-8") and _nearly_utf8(content))
    name = "utf-8" if nearly else _detected(content)
    text = content.decode(name, "replace")
    return text, f"text declared as {declared or 'nothing'} that reads as {name}" + _damage(text)


def _damage(text: str) -> str:
    lost = text.count("\ufffd")
    return f" but for {lost} letters" if lost else ""


def _nearly_utf8(content: bytes) -> bool:
    """Whether at most every tenth letter that is not ASCII is damaged, as where a summary was cut in a letter."""
    text = content.decode("utf-8", "replace")
    return text.count("\ufffd") * 10 <= sum(not letter.isascii() for letter in text)


_FEED_CODECS = ["gb18030", "big5", "cp932", "euc_jp", "cp949", "cp1251", "cp1252", "koi8_r"]
_SAMPLE = 20_000
_TOO_SHORT = 12  # letters; charset-normalizer tells GBK with 16 Chinese characters always, with 8 two times of three


def _detected(content: bytes) -> str:
    """The codec that bytes which are no UTF-8 look like, told by the first that are not ASCII."""
    first = next(at for at, byte in enumerate(content) if byte > 127)
    sample = content[max(content.rfind(b"<", 0, first), 0) :][:_SAMPLE]
    sample = sample[: sample.rfind(b">") + 1] or sample  # cut between letters
    if _is_short_simplified(sample):
        return "gb18030"
    best = from_bytes(sample, cp_isolation=_FEED_CODECS).best()
    return best.encoding if best else "gb18030"


def _is_short_simplified(sample: bytes) -> bool:
    """Whether it holds a few letters of simplified Chinese and hardly anything else that is not ASCII."""
    text = sample.decode("gb18030", "replace")
    return sum(not letter.isascii() for letter in text) < _TOO_SHORT and looks_simplified(text)


def _usable(name: str) -> str:
    """The codec of a declared encoding, or "". A declaration that reads as ASCII is not in UTF-16 or UTF-32."""
    try:
        codec = codecs.lookup(name).name
        b" ".decode(name)  # refuses codecs that turn bytes into bytes
    except (LookupError, ValueError):
        return ""
    return "" if codec in _NO_FEED_CODECS or codec.startswith(("utf-16", "utf-32")) else codec


_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_NUMBER = re.compile(r"&#(?:x([\da-f]{1,8})|(\d{1,10}));", re.IGNORECASE | re.ASCII)
# References that may be illegal: control characters, halves of pairs, and what is too large.
_SUSPECT = re.compile(
    r"&#(?:x0*+(?:(?<=0)|[1-8bcef]|1[\da-f]|d[89a-f][\da-f]{2}|fff[ef]|[\da-f]{6,});"
    r"|0*+(?:(?<=0)|[1-8]|1[124-9]|2\d|3[01]|5[5-7]\d{3}|6553[45]|\d{7,});)",
    re.IGNORECASE | re.ASCII,
)
_HALVES = re.compile(
    r"&#(?:x(d[89ab][\da-f]{2})|(5[5-6]\d{3}));&#(?:x(d[c-f][\da-f]{2})|(5[6-7]\d{3}));", re.I | re.ASCII
)


def legal(text: str) -> str:
    """XML without characters and references that no XML may hold.

    An emoji that was written as the two halves of a surrogate pair becomes the emoji, any other half U+FFFD.
    """
    text = _ILLEGAL.sub(" ", text)
    return _NUMBER.sub(_allowed, _HALVES.sub(_joined, text)) if _SUSPECT.search(text) else text


def _joined(found: re.Match[str]) -> str:
    high, low = (
        int(hexadecimal, 16) if hexadecimal else int(number)
        for hexadecimal, number in (found.group(1, 2), found.group(3, 4))
    )
    if not (0xD800 <= high < 0xDC00 <= low < 0xE000):
        return found[0]
    return chr(0x10000 + (high - 0xD800) * 0x400 + (low - 0xDC00))


def _allowed(found: re.Match[str]) -> str:
    code = int(found[1], 16) if found[1] else int(found[2])
    if code > 0x10FFFF or 0xD800 <= code < 0xE000:
        return "\ufffd"
    return "" if _ILLEGAL.match(chr(code)) else found[0]


_XML_ENTITIES = {"&amp;", "&lt;", "&gt;", "&quot;", "&apos;"}
_REFERENCE = re.compile(r"<!\[CDATA\[.*?(?:\]\]>|\Z)|&(?:#\d{1,7};|#x[\da-f]{1,6};|\w{1,31};)?", re.DOTALL | re.I)


def mend_references(text: str) -> str:
    """XML in which HTML's entities stand as characters and other bare `&` are escaped."""
    return _REFERENCE.sub(lambda found: _mended(found[0]), text)


def _mended(reference: str) -> str:
    if reference in _XML_ENTITIES or reference.startswith(("&#", "<")):
        return reference
    meant = html.unescape(reference) if reference.endswith(";") else reference
    return meant if meant not in ("&", "<", ">", reference) else reference.replace("&", "&amp;")


@lru_cache(maxsize=4_000)  # all of a day's papers have one
def published_on(text: str) -> date | None:
    """The day a date names, as it is written there, or None. Never guessed: a month alone is no day.

    feedparser's own dates are not used: they are moved to UTC, which changes the day, and `2026年11月16日` becomes the
    first of the month. A number alone is seconds or milliseconds since 1970, as JSON has them.
    """
    text = re.sub("<[^<>]*>", "", text[:200]).strip()
    if re.fullmatch(r"\d{9,13}(?:\.\d+)?", text, re.ASCII):
        number = int(text.partition(".")[0])
        return date(1970, 1, 1) + timedelta(seconds=number // 1000 if number > 10**11 else number)
    if week := re.match(r"(\d{4})-?W(\d\d)-?(\d)(?!\d)", text, re.ASCII):
        try:
            return date.fromisocalendar(*map(int, week.groups()))
        except ValueError:
            return None
    found = next(filter(None, (form.match(text) for form in _DATES)), None)
    if not found:
        return None
    parts = found.groupdict()
    year, name = int(parts["year"]), (parts.get("name") or "").lower()
    if len(parts["year"]) == 2:
        year += 2000 if year < 50 else 1900  # RFC 2822, 4.3
    month = _MONTHS.get(name[:4]) or _MONTHS.get(name[:3], 0) if name else int(parts.get("month") or 1)
    try:
        named = date(year, month, int(parts.get("day") or 1)) + timedelta(days=int(parts.get("of_year") or 1) - 1)
    except (ValueError, OverflowError):
        return None
    # The zero of .NET and that of Unix, in either half of the world: what a site writes when it knows none; and what
    # becomes of today where milliseconds are taken for seconds.
    zero = named == date(1, 1, 1) or date(1969, 12, 31) <= named < date(1970, 2, 1)
    return None if zero or named.year != year else named


_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan ene gen янв 一月", "feb fév fev фев 二月", "mar mär mars мар 三月", "apr abr avr апр 四月",
            "may mai mag мая май 五月", "jun juin giu июн 六月", "jul juil lug июл 七月", "aug ago aoû авг 八月",
            "sep set сен 九月", "oct okt ott out окт 十月", "nov ноя 十一月", "dec dez déc dic дек 十二月",
        ),
        1,
    )
    for name in names.split()
}  # fmt: skip
_NAME = r"(?P<name>[^\W\d_]{2,12})\.?"
_WEEKDAY = r"(?:[^\W\d_]{2,12}\.?(?:,\s*|\s+))?"
_TIME = r"(?:,|\s+[\d:.]+)?\s+(?:[A-Z]+\s+)?"
_DATES = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        r"(?P<year>\d{4})\s*([-/.年년])\s*(?P<month>\d{1,2})\s*(?:\2|[月월])\s*(?P<day>\d{1,2})(?!\d)",
        r"(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)(?:T\d{4,6}(?:\D|$)|$)",
        r"(?P<year>\d{4})-(?P<of_year>(?:[0-2]\d\d|3[0-6]\d))(?:T|$)",
        rf"{_WEEKDAY}(?P<day>\d{{1,2}})(?:st|nd|rd|th|\.)?[\s-]+(?:de\s+)?{_NAME},?[\s-]+(?:de\s+)?(?P<year>\d{{4}}|\d\d)(?![\d:])",
        rf"{_WEEKDAY}(?P<day>\d{{1,2}})\s+(?P<month>\d{{1,2}})月\s+(?P<year>\d{{4}})",  # WordPress in Chinese
        rf"{_WEEKDAY}{_NAME}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?!\d){_TIME}(?P<year>\d{{4}})(?!\d)",
        rf"(?P<year>\d{{4}})[\s-]+{_NAME}[\s-]+(?P<day>\d{{1,2}})(?!\d)",
    )
)


# Only these are taken for tags: `<think>`, `<s>` and `n<m` are words of a title.
_TAGS = (
    "a abbr b big blockquote br cite code dd div dl dt em font h1 h2 h3 h4 h5 h6 hr i iframe img ins kbd li mark math"
    " mi mn mo mrow msub msup ol p pre q script small span strike strong style sub sup svg table tbody td th tr tt u ul"
    " var video"
).replace(" ", "|")
_NO_TAG = re.compile(rf"<(?!/?(?:{_TAGS})(?=[\s/>])[^<>]*>|!--)", re.IGNORECASE)
_BREAK = re.compile(r"<(?:br|hr|/?(?:p|div|li|tr|h\d))(?=[\s/>])[^<>]*>", re.IGNORECASE)
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
_WRAPPED = re.compile(r"(?<=[\u3000-\u9fff])[^\S\n]*\n\s*(?=[\u3000-\u9fff])")
_ACCENTS = {"'": "\u0301", "`": "\u0300", "^": "\u0302", '"': "\u0308", "~": "\u0303"}
_ACCENTS |= {"c": "\u0327", "v": "\u030c", "u": "\u0306", "H": "\u030b"}
_TEX_ACCENT = re.compile(r"\\(?:(['`^\"~])(?:\{\\?([A-Za-z])\}|\\?([A-Za-z]))|([cvuH])\{([A-Za-z])\})")


def plain(text: str) -> str:
    """One line without tags, character references and invisible characters. A wrap between Chinese is no blank."""
    text = _INVISIBLE.sub("", text)
    if "<" in text or "&" in text:
        text = html.unescape(nh3.clean(_NO_TAG.sub("&lt;", _BREAK.sub(" ", text)), tags=set()))
        text = _INVISIBLE.sub("", text)
    return " ".join((text if text.isascii() else _WRAPPED.sub("", text)).split())


def tex_accents(text: str) -> str:
    r"""TeX's accents as letters: arXiv writes `Fr\'echet`."""
    return _TEX_ACCENT.sub(lambda found: unicodedata.normalize("NFC", _accented(found)), text)


def _accented(found: re.Match[str]) -> str:
    return (found[2] or found[3] or found[5]) + _ACCENTS[found[1] or found[4]]
