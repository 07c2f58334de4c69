"""Slips of a question's file, and of the keys in a concept page's front matter."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date, timedelta
from difflib import get_close_matches
from pathlib import PurePosixPath

from ingest.front_matter import line_of_key
from ingest.model import Question, Source
from ingest.notes.names import split_attribution
from ingest.questions.parse import ANSWER, KNOWN, SAID, SOURCES, TITLE
from ingest.slips.slip import Line, Slip, body_lines, head_end
from ingest.slips.texts import template_slips, text_slips

CONCEPT_KEYS = ("title", "english", "aliases", "phrases", "group", "summary", "snippet", "builds_on", "learn")
OTHER_KEYS = ("tags", "search", "hide", "template", "description", "translated", "source", "sources", "author", "level")
LOOSE_ANSWER = re.compile(
    r"\s*(?:#{1,6}\s*)?(?:\*\*|【)?\s*(?:回答|答案?|解答|Answer|A)\s*\d*(（采纳）|\(采纳\))?\s*(?:\*\*|】)?\s*[:：]?\s*(?:\*\*)?$",
    re.IGNORECASE,
)
LOOSE_SOURCES = re.compile(
    r"\s*(?:#{1,6}\s*)?(?:\*\*|【)?\s*(?:参考(?:资料|文献|链接)?|引用|来源|出处|References?|Sources?)\s*(?:\*\*|】)?\s*[:：]?\s*(?:\*\*)?$",
    re.IGNORECASE,
)
SOON = timedelta(days=1)  # somewhere it is tomorrow already
# What a reader has not seen, spoken of as if it lay on the table.
UNNAMED = re.compile(
    r"(?<![\w」』])(?:所以|也是|这是|而|但)?(资料(?:[说把里讲写]|的(?:说法|解释|写法|公式)|提到|讨论的|转述|认为))"
)
KEY = re.compile(r"[A-Za-z][\w -]*:(?=\s|$)")
LONGEST = 30  # letters
NAME = re.compile(r"[a-z0-9]+(?:[-_.][a-z0-9]+)*")


def question_slips(
    source: Source, question: Question, pictures: Collection[str] = (), today: date | None = None
) -> Iterator[Slip]:
    """What is wrong with a question's file beyond what its parser says; arguments as for a note."""
    yield from key_slips(source, (*KNOWN, *SAID), (), "Q010")
    stem = PurePosixPath(source.path).stem
    if not NAME.fullmatch(stem):
        yield Slip(1, 1, "Q014", f"the file is called {stem!r}")
    if today and question.asked and not question.talk and question.asked > today + SOON:
        yield Slip(line_of_key(source, "date"), 1, "Q016", f"{question.asked} has not come yet")
    lines = body_lines(source.text)
    yield from _headings(lines)
    yield from _answers(lines)
    if "$" in question.title:
        yield Slip(question.line, 1, "Q018", f"TeX in {question.title[:40]!r}")
    yield from text_slips(source, pictures)


def concept_slips(source: Source) -> Iterator[Slip]:
    """Keys of a concept page's front matter that are nearly those that count, and what a template left."""
    yield from key_slips(source, CONCEPT_KEYS, OTHER_KEYS, "T010")
    lines = source.text.split("\n")
    for number, line in enumerate(lines[: head_end(lines)], 1):
        if line.startswith("english:") and (found := re.search("[\u3400-\u9fff]", line)):
            yield Slip(number, found.start() + 1, "T011", f"{found[0]!r} in the English title")
    yield from (slip for slip in template_slips(source) if "✎" in lines[slip.line - 1])


def key_slips(source: Source, known: Iterable[str], others: Iterable[str], code: str) -> Iterator[Slip]:
    """Keys of a front matter that are nearly a known one; any other key is shown as it is."""
    names = tuple(known)
    lines = source.text.split("\n")
    for number, line in enumerate(lines[: head_end(lines)], 1):
        key = line.partition(":")[0]
        if not KEY.match(line) or key in names or key in others:
            continue
        near = get_close_matches(key.lower().replace("-", "_").replace(" ", "_"), names, 1, 0.7)
        if near:
            better = near[0] + line[len(key) :]
            yield Slip(number, 1, code, f"no key is called {key!r}; did you mean {near[0]}?", better)


def _headings(lines: Sequence[Line]) -> Iterator[Slip]:
    titled = False
    for line in lines:
        text = line.text
        short = len(text) <= LONGEST  # what stands for an answer's heading is
        if TITLE.match(text) and not (short and (LOOSE_ANSWER.fullmatch(text) or LOOSE_SOURCES.fullmatch(text))):
            if titled:
                yield line.slip("Q013", f"{text.strip()[:40]!r} is a second title", f"##{text.lstrip()}")
            titled = True
        elif not short:
            continue
        elif not ANSWER.match(text) and (match := LOOSE_ANSWER.fullmatch(text)) and _stands_out(text):
            better = "## 回答（采纳）" if match[1] else "## 回答"
            yield line.slip("Q011", f"{text.strip()!r} begins no answer", better)
        elif not SOURCES.match(text) and LOOSE_SOURCES.fullmatch(text) and _stands_out(text):
            yield line.slip("Q012", f"{text.strip()!r} begins no references", "## 参考")


def _stands_out(text: str) -> bool:
    return re.match(r"\s*(?:#|\*\*|【)|.*[:：]\s*$", text) is not None


def _answers(lines: Sequence[Line]) -> Iterator[Slip]:
    """Answers that say nothing beside ones that do, and signatures that share a line with the text."""
    answers: list[tuple[Line, list[Line]]] = []
    inside = False
    for line in lines:
        if ANSWER.match(line.text):
            answers.append((line, []))
            inside = True
        elif SOURCES.match(line.text):
            inside = False
        elif inside and line.text.strip():
            answers[-1][1].append(line)
            if (unnamed := UNNAMED.search(line.plain)) and "](" not in line.text[: unnamed.start()]:
                yield Slip(line.number, unnamed.start(1) + 1, "Q019", f"{unnamed[1]!r} names no material")
    for heading, said in answers:
        if not said and len(answers) > 1:
            yield heading.slip("Q017", f"{heading.text.strip()!r} says nothing")
        last = said[-1] if said else None
        if last and not re.match(r"\s*[-*+>|#]", last.text):
            yield from _signed_behind(last)


def _signed_behind(line: Line) -> Iterator[Slip]:
    said, name = split_attribution(line.text)
    mark = line.text[len(said) :]
    if name and said and re.match(r"\s*(?:—|--)", mark) and (mark[0].isspace() or said[-1] in "。！？.!?"):
        yield line.slip("Q015", f"{mark.strip()!r} behind the text", f"{said}\n\n—{name}", len(said) + 1)
