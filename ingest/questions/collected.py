"""Parse a collection of questions and answers, as people keep them in Markdown.

A question begins at a line that is marked (`Q1:`, `问：`), or at a heading, a bold line, a numbered line or an item
that asks: of these forms, those count that the text asks in most. Between questions, a heading or number of the same
form is one too, whatever it says, unless it only names a part of a text (总结). Where a text has none of these, a short
line that stands alone and asks, or has a list below it, is a heading that lost its mark. What follows, up to the next
question, is its answer. Text before the first question, headings that group questions, and tables of contents are
nobody's: they are returned as they stand.
"""

import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field

from ingest.front_matter import front_matter
from ingest.invisible import visible
from ingest.marks import ask_mark, asks, requests, say_mark
from ingest.markup import unread_lines
from ingest.model import Answer, Block, Question, Source
from ingest.plain import plain
from ingest.problems import Problem
from ingest.questions.forms import (
    ANSWER_TITLE,
    BOLD,
    COUNT,
    COUNTED,
    FOLDED,
    HEADING,
    ITEM,
    LONGEST,
    NUMBERED,
    PART,
    Forms,
    asks_as_line,
    ends_asking,
    find_forms,
    is_contents,
    mark_of,
    unmarked,
)
from ingest.questions.rows import rows_of

CONTENTS_TITLE = re.compile(r"^\W*(?:目\s*录|(?:table of )?contents|toc)\W*$", re.IGNORECASE)
NO_QUESTION = re.compile(  # what names a part of a text
    r"^\W*(?:总结|小结|结论|动机|背景|前言|引言|概述|综述|简介|介绍|导读|摘要|正文|附录|致谢|补充|备注|注意(?:事项)?|其[他它]|更多|资料|推荐(?:阅读)?"
    r"|参考.*|reference.*|延伸阅读|相关.*|(?:一些)?细节|(?:算法|整体|具体)?(?:流程|步骤|做法|实现|方法|原理|公式|代码|例子|示例|举例)|概念"
    r"|summary|conclusion|introduction|background|overview|motivation|appendix|notes?|links?|todo|faq.*)\W*$",
    re.IGNORECASE,
)
FAR = 300  # lines: how far below a numbered line the next one stands
ELSEWHERE = re.compile(  # behind a link
    r"(?:[-*+]\s+)?\[(?=[^\[\]]*?(?:答案|answer))[^\[\]]*+\]\([^()]*+\)", re.IGNORECASE
)


@dataclass(slots=True)
class _Found:
    """A question while its lines are gathered; one without a title is text that belongs to none."""

    line: int
    title: str
    text: list[str] = field(default_factory=list)
    answers: list[tuple[int, list[str]]] = field(default_factory=list)
    items: set[int] = field(default_factory=set)  # numbers of the lines of answers that are items
    quoted: bool = False  # whether it stands in a quotation, which then is none: it is a box of Obsidian


def parse_collection(source: Source) -> tuple[list[Question], list[Block], list[Problem]]:
    """The questions of a text, what is in none of them, and problems.

    Every line of the body is in exactly one question or in one unplaced block.
    """
    meta, body, first, problems = front_matter(source)
    lines = plain(body).split("\n")
    fenced = unread_lines(lines)
    forms = find_forms(lines, fenced)
    found = [_Found(first, "")]
    if isinstance(meta.get("question"), str):
        found.append(_Found(1, " ".join(meta["question"].split())))
    rows = rows_of(lines, fenced)
    last_heading = -1  # number of the last question that is a heading
    last = inner = 0  # number of the last numbered line, and of one inside of its answer
    for at, line in enumerate(lines):
        number = first + at
        if at in fenced or not line.strip():
            _append(found[-1], line)
        elif at in rows:
            asked, said = rows[at] or ("", "")
            title = bare_title(asked)
            if not title and at - 1 in rows and not found[-1].title:  # the rule below the head
                found[-1].text.append(line)
                continue
            found.append(_Found(number, title, [] if title else [line], [(number, [said])] if said and title else []))
            if at + 1 not in rows:
                found.append(_Found(number + 1, ""))
        elif is_contents(line):
            found.insert(-1, _Found(number, "", [line]))
        elif (reply := _reply(line)) is not None and found[-1].title:
            found[-1].answers.append((number, [reply] if reply else []))
            found[-1].items |= {number} if ITEM.match(line) else set()
        elif (heading := HEADING.match(line)) or at in forms.lone:
            title = heading[2] if heading else line
            level = len(heading[1]) if heading else 0
            count = int(match[1]) if (match := COUNTED.match(unmarked(title))) else -1
            counts_on = last_heading < 0 or count == last_heading + 1
            if not CONTENTS_TITLE.match(title) and (at in forms.lone or _is_question(title, level, forms, counts_on)):
                found.append(_Found(number, bare_title(title)))
                last_heading = count if count >= 0 else last_heading
            elif at in forms.lone or _ends(title, level, forms):
                found.append(_Found(number, "", [line]))
            else:
                _append(found[-1], line)
        elif asked := _asked(line, forms):
            found.append(_Found(number, asked, quoted=line.lstrip().startswith(">")))
            last, inner = (int(match[1]), 0) if (match := NUMBERED.match(line)) else (last, inner)
        elif "number" in forms.taken and (match := NUMBERED.match(line)):
            count = int(match[1])
            if count == last + 1 and count != inner + 1 and _is_sibling(lines, at, match[2], forms):
                found.append(_Found(number, bare_title(match[2])))
                last, inner = count, 0
            else:
                inner = count
                _append(found[-1], line)
        else:
            _append(found[-1], line)
    return *_records(found, source), problems


def _records(found: Sequence[_Found], source: Source) -> tuple[list[Question], list[Block]]:
    questions: list[Question] = []
    unplaced: list[Block] = []
    for each in found:
        if not each.title:
            blank = next((at for at, line in enumerate(each.text) if line.strip()), len(each.text))
            said = "\n".join(each.text[blank:]).rstrip()
            unplaced += [Block(said, each.line + blank)] if said else []
            continue
        answers = [Answer(_joined(lines, each.quoted, line in each.items), "", line) for line, lines in each.answers]
        said = _joined(each.text, each.quoted)
        if said.strip() and not answers and not ELSEWHERE.fullmatch(said.strip()):
            said, answers = "", [Answer(said, "", each.line + 1)]
        kept = tuple(answer for answer in answers if answer.text.strip())
        questions.append(Question(f"q{len(questions) + 1}", each.title, said, "", kept, source.path, each.line))
    return questions, sorted(unplaced, key=lambda block: block.line)


def _joined(lines: Sequence[str], quoted: bool = False, item: bool = False) -> str:
    """Lines as one text; where all are set in below an item, or quoted as their question is, they no longer are."""
    if quoted and all(line.startswith(">") for line in lines if line.strip()):
        lines = [re.sub("^> ?", "", line) for line in lines]
    if item and len(lines) > 1:  # of which the first has lost its mark
        lines = [lines[0], *textwrap.dedent("\n".join(lines[1:])).split("\n")]
    text = "\n".join(lines).strip("\n").rstrip()
    return textwrap.dedent(text) if text.startswith("  ") else text


def _append(found: _Found, line: str) -> None:
    (found.answers[-1][1] if found.answers else found.text).append(line)


def _reply(line: str) -> str | None:
    """What an answer's mark is followed by; None where there is none."""
    heading = HEADING.match(line)
    if heading and ANSWER_TITLE.match(heading[2]):
        return ""
    if (bold := BOLD.match(line)) and FOLDED.fullmatch(bold["said"]):
        return ""
    mark = say_mark(line) if len(line) < LONGEST * 20 else None
    return mark.text if mark and (mark.plain or (mark.level and mark.number)) else None


def _is_question(title: str, level: int, forms: Forms, counts_on: bool) -> bool:
    """Whether a heading is a question; `counts_on` tells whether its number follows on that of the last one."""
    if "heading" not in forms.taken or not bare_title(title):
        return False
    marked = mark_of(f"{'#' * level} {title}")
    if marked or (ends_asking(title) and level <= forms.level + 2):
        return True
    bare = unmarked(title)
    if level != forms.level or PART.match(bare) or NO_QUESTION.match(bare_title(title)):
        return False
    return asks(title) or (forms.most and (not forms.counted or bool(COUNT.match(bare) and counts_on)))


def _is_sibling(lines: Sequence[str], at: int, text: str, forms: Forms) -> bool:
    """Whether a numbered line that does not ask stands between questions, or in a list that mostly asks."""
    if len(text) > LONGEST // 2 or NO_QUESTION.match(text) or not (match := NUMBERED.match(lines[at])):
        return False
    after = (NUMBERED.match(line) for line in lines[at + 1 : at + 1 + FAR])
    following = next((each for each in after if each and int(each[1]) == int(match[1]) + 1), None)
    return forms.numbers or bool(following and asks_as_line(following[2]))


def _ends(title: str, level: int, forms: Forms) -> bool:
    """Whether a heading that is no question ends the one above it: as one of a group does, and not a part of it."""
    return level <= (forms.level or 6) and not (forms.level == level and PART.match(unmarked(title)))


def _asked(line: str, forms: Forms) -> str:
    """The question that a line asks which is no heading, "" where it asks none."""
    if "mark" in forms.taken and (mark := mark_of(line)):
        return bare_title(mark.text) or (mark.text if mark.text else "")
    if "bold" in forms.taken and (bold := BOLD.match(line)) and requests(COUNT.sub("", bold["said"], count=1)):
        return bare_title(f"{bold['said']}{bold['tail'] or ''}")
    if "number" in forms.taken and (match := NUMBERED.match(line)) and asks_as_line(match[2]):
        return bare_title(match[2])
    if "item" in forms.taken and (item := ITEM.match(line)) and asks_as_line(item[2]):
        return bare_title(item[2])
    return ""


def bare_title(title: str) -> str:
    """A title without its mark, number, signs, emphasis, link, and the backslashes that keep marks from acting."""
    mark = ask_mark(title) if len(title) < LONGEST * 10 else None
    bare = unmarked(mark.text if mark and mark.text else title)
    bare = re.sub(r"\[([^\[\]]+)\]\((?:[^()]|\([^()]*\))*\)", r"\1", bare)
    bare = COUNT.sub("", bare, count=1)
    bare = unmarked(re.sub(r"\*\*([^*]+)\*\*|__([^_]+)__", lambda match: match[1] or match[2], bare))
    bare = re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", bare)
    return visible(re.sub(r"(?<!\s)\s*+[:：]$", "", bare.strip().strip("*").strip())).strip()


def article_question(source: Source) -> Question | None:
    """An article as one question: its title asks, all of it answers; None where it has no title or no text."""
    _, body, first, _ = front_matter(source)
    lines = plain(body).split("\n")
    at = next((at for at, line in enumerate(lines) if line.strip()), None)
    if at is None:
        return None
    heading = HEADING.match(lines[at])
    title = bare_title(heading[2] if heading else lines[at])
    said = "\n".join(lines[at + 1 :]).strip("\n").rstrip()
    if not title or not said or len(title) > LONGEST:
        return None
    return Question("q1", title, "", "", (Answer(said, "", first + at + 1),), source.path, first + at)
