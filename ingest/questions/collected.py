"""Parse a collection of questions and answers, as people keep them in Markdown.

A question begins at a heading, a bold line or a line that is marked (`Q1:`, `问：`, `**Problem:**`) or asks (`…？`);
where a text has none of these, at a short line that stands alone and asks, or has a list below it: a heading that was
copied without its mark. What follows, up to the next question, is its answer. Text before the first question, headings
that group questions, and tables of contents are nobody's: they are returned as they stand.
"""

import re

from ingest.front_matter import front_matter
from ingest.invisible import visible
from ingest.markup import WORDS, fenced_lines
from ingest.model import Answer, Block, Question, Source
from ingest.plain import plain
from ingest.problems import Problem

_NUMBER = r"(?:\(?\d{1,3}(?:\.\d{1,3})*\s*[.、)）:：]?\s+|\d{1,3}(?:\.\d{1,3})*\s*[.、)）:：]\s*)"
_COUNT = r"\s*(?:\d{1,3}\s*)?"
HEADING = re.compile(rf"^ {{0,3}}(#{{1,6}})\s+({WORDS})(?:\s+#+)?\s*$")
BOLD = re.compile(r"^(?:[-*+]\s+)?\*\*(.+?)\*\*\s*$")
ASKED = re.compile(
    rf"^(?:[-*+]\s+)?(?:\*\*)?(?:[QqＱ]{_COUNT}[:：.、]|问题?{_COUNT}[:：]|(?:Question|Problem){_COUNT}[:：])"
    rf"(?:\*\*)?\s*({WORDS})\s*$",
    re.IGNORECASE,
)
SAID = re.compile(
    rf"^(?:[-*+]\s+)?(?:\*\*)?(?:[AaＡΑ]{_COUNT}|(?:回答|答案|答){_COUNT}|(?:Answer|Solution){_COUNT})[:：]"
    r"(?:\*\*)?\s*(.*)$",
    re.IGNORECASE,
)
ANSWER_TITLE = re.compile(r"^\W*(?:回答|答案|Answer|Solution)\s*+\d{0,3}\W*$", re.IGNORECASE)
CONTENTS_TITLE = re.compile(r"^\W*(?:目\s*录|(?:table of )?contents|toc)\W*$", re.IGNORECASE)
TITLE = re.compile(r"(?![-*+•·>|`$!\[【\s]|参考|Ref).{2,80}(?<![。；：，,;:.、])$")
LISTED = re.compile(r"\s*(?:[-*+•·]\s|\d{1,3}[.)]\s|参考|Ref)")
UNMARKED = 3  # so many lines that ask make a collection of a text without marks
ITEM = re.compile(r"\s*+(?:(?:[-*+]|\d{1,3}[.)])\s*+)?")
ELSEWHERE = re.compile(  # behind a link
    r"(?:[-*+]\s+)?\[(?=[^\[\]]*?(?:答案|answer))[^\[\]]*+\]\([^()]*+\)", re.IGNORECASE
)


_Found = tuple[int, str, list[str], list[tuple[int, list[str]]]]  # line, title, text, answers with their lines


def parse_collection(source: Source) -> tuple[list[Question], list[Block], list[Problem]]:
    """The questions of a text, what is in none of them, and problems.

    Every line of the body is in exactly one question or in one unplaced block.
    """
    meta, body, first, problems = front_matter(source)
    lines = body.split("\n")
    fenced = fenced_lines(lines)
    found: list[_Found] = []
    unplaced: list[Block] = []
    if isinstance(meta.get("question"), str):
        found.append((1, " ".join(meta["question"].split()), [], []))
    level = _level(lines, fenced)
    unmarked = _unmarked(lines, fenced)
    for at, line in enumerate(lines):
        number = first + at
        heading = None if at in fenced else HEADING.match(line)
        title = heading[2] if heading else line
        if at in fenced or not line.strip():
            _append(found, unplaced, line, number)
        elif _is_contents(line):
            unplaced.append(Block(line, number))
        elif (heading or at in unmarked) and CONTENTS_TITLE.match(title):
            found.append((number, "", [line], []))
        elif found and found[-1][1] and heading and ANSWER_TITLE.match(title):
            found[-1][3].append((number, []))
        elif found and found[-1][1] and (reply := SAID.match(title.lstrip("✅📌 "))):
            found[-1][3].append((number, [reply[1]] if reply[1] else []))
        elif (asked := title.strip() if at in unmarked else _asked(line, heading, level)) is not None:
            found.append((number, asked, [], []))
        elif heading and level and len(heading[1]) < level:
            found.append((number, "", [line], []))  # a heading of a group ends the question above it
        else:
            _append(found, unplaced, line, number)
    questions: list[Question] = []
    for number, title, text, marked in found:
        answers = [Answer("\n".join(lines).strip("\n").rstrip(), "", line) for line, lines in marked]
        if not title:
            unplaced += [Block("\n".join(text).strip("\n"), number)]
            continue
        said = "\n".join(text).strip("\n")
        if said.strip() and not answers and not ELSEWHERE.fullmatch(said.strip()):
            said, answers = "", [Answer(said.rstrip(), "", number + 1)]
        kept = tuple(answer for answer in answers if answer.text.strip())
        questions.append(Question(f"q{len(questions) + 1}", title, said, "", kept, source.path, number))
    return questions, sorted(unplaced, key=lambda block: block.line), problems


def article_question(source: Source) -> Question | None:
    """An article as one question: its title asks, all of it answers; None where it has no title or no text."""
    _, body, first, _ = front_matter(source)
    lines = plain(body).split("\n")
    at = next((at for at, line in enumerate(lines) if line.strip()), None)
    if at is None:
        return None
    heading = HEADING.match(lines[at])
    title = _bare_title(heading[2] if heading else lines[at])
    said = "\n".join(lines[at + 1 :]).strip("\n").rstrip()
    if not title or not said or len(title) > 120:
        return None
    return Question("q1", title, "", "", (Answer(said, "", first + at + 1),), source.path, first + at)


def _bare_title(title: str) -> str:
    """A title without its number, its emphasis and the backslashes that keep marks from acting."""
    bare = re.sub(r"^[#*_\s]+|[#*_\s]+$", "", title.strip())
    bare = re.sub(f"^{_NUMBER}", "", bare)
    bare = re.sub(r"\*\*([^*]+)\*\*|__([^_]+)__", lambda match: match[1] or match[2], bare)
    return visible(re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", bare)).strip().strip("*").strip()


def _level(lines: list[str], fenced: set[int]) -> int:
    """The level of the headings that are questions: where several ask, theirs; 0 where none does."""
    levels = [
        len(heading[1])
        for at, line in enumerate(lines)
        if at not in fenced and (heading := HEADING.match(line)) and _marked(heading[2])
    ]
    return max(sorted(set(levels)), key=levels.count, default=0)


def _unmarked(lines: list[str], fenced: set[int]) -> set[int]:
    """Indexes of the lines that were headings, in a text where no question has a mark."""
    if any(at not in fenced and _asked(line, HEADING.match(line), 0) is not None for at, line in enumerate(lines)):
        return set()
    padded = ["", *lines, ""]
    alone = [at for at, line in enumerate(lines) if TITLE.match(line) and not (padded[at] + padded[at + 2]).strip()]
    asking = {at for at in alone if _asks(lines[at])}
    if len(asking) < UNMARKED:
        return set()
    below = [""]  # the next line with text, of each line from the last to the first
    for line in reversed(lines[1:]):
        below.append(line if line.strip() else below[-1])
    return asking | {at for at in alone if LISTED.match(below[-1 - at])}


def _marked(title: str) -> bool:
    return bool(ASKED.match(title.lstrip("✅📌 "))) or _asks(title)


def _asks(text: str) -> bool:
    """Whether a question mark stands at the end, whatever signs are around it."""
    word = re.match(r".*\w", text, re.DOTALL)
    return any(mark in text[word.end() if word else 0 :] for mark in "?？")


def _is_contents(line: str) -> bool:
    """Whether a line is an item of a table of contents: a link into the text, and nothing else."""
    link = line[found.end() :].rstrip() if (found := ITEM.match(line)) else ""
    wiki = link.startswith("[[#") and link.endswith("]]") and len(link) > 4
    return wiki or (link.startswith("[") and link.endswith(")") and "](#" in link)


def _asked(line: str, heading: re.Match[str] | None, level: int) -> str | None:
    """The question that a line asks, without its mark and number; None where it asks none."""
    title = heading[2] if heading else line
    bold = None if heading else BOLD.match(line)
    if asked := ASKED.match(title.lstrip("✅📌 ")):
        title = asked[1].removesuffix("**")
    elif bold and (_asks(bold[1]) or re.match(_NUMBER, bold[1])):
        title = bold[1]
    elif not (heading and (len(heading[1]) == level or _asks(title))):
        return None
    title = visible(re.sub(f"^{_NUMBER}", "", title.strip().strip("*").strip())).strip()
    return title or None


def _append(found: list[_Found], unplaced: list[Block], line: str, number: int) -> None:
    if not found:
        if line.strip():
            unplaced.append(Block(line, number))
        return
    _, _, text, answers = found[-1]
    (answers[-1][1] if answers else text).append(line)
