"""What exports leave in a text, mended."""

import re
import unicodedata

from ingest.importing.radicals import mend_radicals
from ingest.importing.torn import URL_REST, open_url
from ingest.markup import CJK, fenced_lines

DROPPED = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f\xad\ufeff\u200b\u2060]")
PRIVATE = "[\ue000-\uf8ff]"
LIGATURE = re.compile("[\ufb00-\ufb06]")
UNDERLINE = re.compile(r"(?<!\\)<u>((?:(?!<u>).)*?)</u>")  # what begins again ends what began
MARKED = re.compile(
    r"\s*(?:#{1,6}(?:\s|$)|[-*+>|•]|\d{1,3}[.、)）]|【|\[\^|[QqAaＱＡ]\s*+\d{0,3}\s*[:：]|[问答]\s*[:：]|答案|\$\$|https?://|!?\[)"
)


def tidy(text: str) -> str:
    """What exports leave in a text, mended: control characters, bullets, ligatures, torn lines and addresses.

    Applying it twice changes nothing.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n").replace("\u2028", "\n")
    text = DROPPED.sub("", text.replace("\u2029", "\n\n"))
    text = LIGATURE.sub(lambda match: unicodedata.normalize("NFKC", match[0]), text)
    text = mend_radicals(text)
    text = re.sub(rf"(?m)^([ \t]*){PRIVATE}[ \t]*", r"\1- ", text)
    text = re.sub(PRIVATE, "", text)
    lines = text.split("\n")
    fenced = fenced_lines(lines)
    lines = [line if at in fenced else _trimmed(lines, at) for at, line in enumerate(lines)]
    return "\n".join(_join(lines, fenced)).strip("\n") + "\n"


def _trimmed(lines: list[str], at: int) -> str:
    """A line without blanks at its end, but for the two that break it where text goes on below."""
    line = UNDERLINE.sub(r"\1", lines[at])
    bare = line.rstrip()
    breaks = line.endswith("  ") and bare and at + 1 < len(lines) and lines[at + 1].strip()
    return f"{bare}  " if breaks and not MARKED.match(line) and not MARKED.match(lines[at + 1]) else bare


_TAIL = 4_096  # letters of a line: more than any address has


def _join(lines: list[str], fenced: set[int]) -> list[str]:
    """Lines with torn Chinese sentences and torn addresses whole again; fences are left alone."""
    joined: list[list[str]] = []  # the parts of each line
    above = ""  # the end of the last one, which is all that counts
    open_line = False  # whether the last line may go on
    for at, line in enumerate(lines):
        if open_line and at not in fenced and line.strip():
            torn_url = _tears_address(above, line.strip()) and _columns(above[-60:]) >= 60 and not MARKED.match(line)
            if torn_url or (
                re.match(f"[{CJK}]", above[-1:])
                and above[-1:] not in "。？！；：…）】》」』"
                and re.match(f"[{CJK}]", line)
                and not MARKED.match(line)
                and _columns(above[-60:]) >= 40
                and not re.match(r"\s*(?:#{1,6}\s|\|)", joined[-1][0])
            ):
                joined[-1].append(line.strip())
                above = (above + line.strip())[-_TAIL:]
                continue
        joined.append([line])
        above = line[-_TAIL:]
        open_line = at not in fenced and bool(line.strip())
    return ["".join(parts) for parts in joined]


def _tears_address(above: str, below: str) -> bool:
    """Whether an address that stands free at the end of a line goes on in a line that is nothing else."""
    opened = open_url(above)
    if not opened or re.match(r"[\w(\[<]", above[: len(above) - len(opened)][-1:], re.ASCII):
        return False
    # What text has too, such as a word or `note:`, goes on in no address.
    alone = URL_REST.fullmatch(below) is not None and not re.search(r"[:@!$*,;]", below)
    return alone and re.search(r"[-_./?=&%#\d]", below) is not None


def _columns(line: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in line)
