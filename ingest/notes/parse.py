"""Parse a talk note: the canonical form of `talks/TEMPLATE.md`, and the looser forms people really write."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from ingest.front_matter import front_matter, strings
from ingest.limits import NAMES, QUESTIONS, TITLE_LETTERS, few_names, shortened
from ingest.marks import asks
from ingest.markup import fenced_lines, join_lines, links_in
from ingest.model import Answer, Block, Field, Question, Section, Source, Talk
from ingest.notes.lines import FIELD, FIELDS, Draft, DraftQuestion, read_lines, split_fields, take_field
from ingest.notes.names import split_answer, split_attribution, split_names, unique
from ingest.notes.sections import section_name
from ingest.notes.times import date_fault, parse_time
from ingest.plain import plain
from ingest.problems import Problem

REQUIRED = {"news": "本周新闻", "picks": "本周推荐", "free-talk": "Free Talk"}

HEAD = 12  # lines
FEW = 8  # letters under Free Talk, such as 暂无
NUMBER = re.compile(r"番外\s*(\d+)|(?<!\d)(\d{1,4})(?!\d)")
TITLED = re.compile(
    r"番外\s*(\d{1,4})|(?:talk\s*#?|第\s*(?=\d{1,4}\s*期))(\d{1,4})(?!\d|\s*[年月日.-]\s*\d)", re.IGNORECASE
)
NAMED = re.compile(r"番外\s*(\d{1,4})|(\d{3}|1\d{3})")
ENDS_SENTENCE = re.compile(r"[。？！?!.;；:：…）)】」”]$")


def parse_note(source: Source) -> tuple[Talk, list[Problem]]:
    """Read one note. Total: whatever the text, a `Talk` comes back, with everything wrong about it."""
    meta, body, first, problems = front_matter(source)
    body = plain(body)
    draft = Draft()
    for name, value in meta.items():
        text = "；".join(strings(value))
        if not take_field(draft, name, text, 1, f"【{name}】：{text}"):
            draft.unplaced.append((1, f"{name}: {text}"))
    read_lines(draft, split_fields(body), first)
    talk, more = _finish(draft, source)
    return talk, problems + more


def head_of(source: Source) -> Source:
    """The first lines of a note, where its number is read from them alone; else all of it."""
    text = "\n".join(source.text.split("\n", HEAD)[:HEAD])
    head = Source(source.path, text)
    if text.startswith("---") or re.search("```|~~~", text):  # may reach beyond
        return source
    said = (field.value for field in parse_note(head)[0].fields if FIELDS[section_name(field.name)] == "number")
    return head if re.search(r"\d", next(said, "")) else source


def _finish(draft: Draft, source: Source) -> tuple[Talk, list[Problem]]:
    problems: list[Problem] = []
    said = {key: [f for f in draft.fields if FIELDS[section_name(f.name)] == key] for key in set(FIELDS.values())}
    number = _number(said["number"], draft, source, problems)
    names = {key: unique(name for f in said[key] for name in split_names(f.value)) for key in ("hosts", "editors")}
    contributors = unique([*(name for f in said["contributors"] for name in split_names(f.value)), *draft.people])
    named = [*names["hosts"], *names["editors"], *contributors]
    known = set(named)
    problems += _check_limits(draft, source)
    when = said["time"][0] if said["time"] else None
    day, clock = parse_time(when.value) if when else (None, "")
    if day is None:
        what = date_fault(when.value) if when else "no 【时间】"
        problems.append(Problem(source.path, when.line if when else 1, 1, "N003", what))
    kinds = {section.kind for section in draft.sections}
    missing = [title for kind, title in REQUIRED.items() if kind not in kinds]
    if missing:
        problems.append(Problem(source.path, 1, 1, "N004", f"no section {', '.join(missing)}"))
    problems += _check_questions(draft, source)
    unplaced = _blocks(draft.unplaced)
    problems += [Problem(source.path, b.line, 1, "N005", f"text in no section: {b.text[:40]!r}") for b in unplaced]
    talk = Talk(
        id=f"talk-{number}",
        number=number,
        title=shortened(draft.title, "")[0] or f"OpenLLM Talk {number}",
        date=day,
        time=clock,
        summary=tuple(item for f in said["summary"] for item in _items(f.value)),
        hosts=names["hosts"][:NAMES],
        editors=names["editors"][:NAMES],
        contributors=contributors[:NAMES],
        video=next((link.url for f in said["video"] for link in links_in([(f.line, f.value)])), ""),
        sections=tuple(
            Section(s.kind, s.title, s.level, s.line, _blocks(s.lines), links_in(s.lines)) for s in draft.sections
        ),
        questions=(),
        unplaced=unplaced,
        path=source.path,
        fields=tuple(draft.fields),
    )
    questions: list[Question] = []
    asked: Counter[str] = Counter()
    for drafted in draft.questions[:QUESTIONS]:
        seen = asked[drafted.number]
        asked[drafted.number] += 1
        questions.append(question := _question(drafted, talk, known, f"-{seen + 1}" if seen else ""))
        if len(question.title) == TITLE_LETTERS and question.title.endswith("…"):
            problems.append(
                Problem(source.path, question.line, 1, "L003", f"a title of more than {TITLE_LETTERS} letters")
            )
        if seen:
            line = drafted.lines[0][0]
            problems.append(Problem(source.path, line, 1, "Q001", f"Q{drafted.number} again in this note"))
    fewer, count = few_names(questions, named)
    if count > NAMES:
        problems.append(Problem(source.path, 1, 1, "L003", f"{count} names"))
    return replace(talk, questions=fewer), problems


def _check_questions(draft: Draft, source: Source) -> Iterator[Problem]:
    """Text where questions are asked, of which none was read as one."""
    if draft.questions:
        return
    for section in draft.sections:
        said = [text for _, text in section.lines if text.strip() and not FIELD.match(text)]
        if section.kind == "free-talk" and sum(map(len, said)) >= FEW and any(map(asks, said)):
            yield Problem(source.path, section.line, 1, "N006", "text under Free Talk, and no question")
            return


def _check_limits(draft: Draft, source: Source) -> Iterator[Problem]:
    if len(draft.questions) > QUESTIONS:
        line = draft.questions[QUESTIONS].lines[0][0]
        yield Problem(source.path, line, 1, "L002", f"{len(draft.questions)} questions")
    if len(draft.title) > TITLE_LETTERS:
        yield Problem(source.path, 1, 1, "L003", f"a title of {len(draft.title)} letters")


def _number(fields: list[Field], draft: Draft, source: Source, problems: list[Problem]) -> str:
    """The note's number from its field, else its title, else its file name; only the first is as it should be.

    A title and a file name may hold dates and versions: they count only where they are `OpenLLM Talk 005` or `005`.
    """
    stem = PurePosixPath(source.path).stem
    match = NUMBER.search(fields[0].value) if fields else None
    named = (TITLED.search(draft.title), TITLED.search(stem), NAMED.fullmatch(stem.strip()))
    if match is None:
        problems.append(Problem(source.path, fields[0].line if fields else 1, 1, "N001", "no number in 【编号】"))
        match = next(filter(None, named), None)
    return (f"番外{match[1]}" if match[1] else match[2].zfill(3)) if match else stem


def _question(draft: DraftQuestion, talk: Talk, known: set[str], suffix: str) -> Question:
    first = 1 if draft.level else 0  # a heading asks by itself; a paragraph goes on to its end
    paragraphs = _paragraphs(draft.lines[:first]) + _paragraphs(draft.lines[first:])
    asked, rest = paragraphs[:1], paragraphs[1:]
    answers = draft.answers
    if answers:  # all before the first answer mark asks; a sentence that a page cut in two is one
        joined = 0
        whole = draft.level or draft.item
        while joined < len(rest) and not whole and not ENDS_SENTENCE.search(asked[-1][-1][1].strip()[-1:]):
            asked[-1] += rest[joined]
            joined += 1
        rest = rest[joined:]
    elif rest:  # no mark: the first paragraph asks, what follows answers
        answers, rest = [[line for paragraph in rest for line in [*paragraph, (paragraph[-1][0], "")]]], []
    title, asker = split_attribution(join_lines([text for _, text in asked[0]]) if asked else "", known)
    more, asker_below = (_text(rest), "") if asker else split_attribution(_text(rest), known)
    title, more = shortened(title, more)
    return Question(
        id=f"{talk.id}-q{draft.number}{suffix}",
        title=title or f"{talk.title} Q{draft.number}",
        text=more,
        asker=asker or asker_below,
        answers=tuple(answer for lines in answers if (answer := _answer(lines, asker or asker_below, known)).text),
        path=talk.path,
        line=draft.lines[0][0],
        talk=talk.id,
        section=draft.section,
        asked=talk.date,
    )


def _answer(lines: list[tuple[int, str]], asker: str, known: set[str]) -> Answer:
    text, author = split_answer("\n".join(line for _, line in lines).strip(), asker, known)
    return Answer(text, author, lines[0][0])


def _items(value: str) -> list[str]:
    return [item.strip(" 。") for item in re.split(r"[;；]", value) if item.strip(" 。")]


def _paragraphs(lines: Sequence[tuple[int, str]]) -> list[list[tuple[int, str]]]:
    paragraphs: list[list[tuple[int, str]]] = [[]]
    fenced = fenced_lines([text for _, text in lines])
    for at, line in enumerate(lines):
        if line[1].strip() or at in fenced:
            paragraphs[-1].append(line)
        elif paragraphs[-1]:
            paragraphs.append([])
    return [paragraph for paragraph in paragraphs if paragraph]


def _text(paragraphs: Sequence[Sequence[tuple[int, str]]]) -> str:
    return "\n\n".join("\n".join(text for _, text in paragraph) for paragraph in paragraphs)


def _blocks(lines: Sequence[tuple[int, str]]) -> tuple[Block, ...]:
    """The run of lines as one block, without blank lines around it; nothing if there is no text."""
    start = next((at for at, (_, text) in enumerate(lines) if text.strip()), None)
    if start is None:
        return ()
    return (Block("\n".join(text for _, text in lines[start:]).rstrip(), lines[start][0]),)
