"""Parse a talk note: the canonical form of `talks/TEMPLATE.md`, and the looser forms people really write.

A note is read line by line. Each line is a field, a section heading, a question, an answer mark, or plain text, and
plain text belongs to whatever stands open above it: an answer, a question, a section, or nothing (`unplaced`).
Headings count by their names, not their levels: converters get the levels wrong.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import PurePosixPath

from ingest.markup import CJK, fenced_lines, front_matter, join_lines, links_in, strings
from ingest.model import Answer, Block, Field, Question, Section, Source, Talk
from ingest.problems import Problem

SECTIONS = {
    "本周新闻": "news", "本周推荐": "picks", "本周经典": "classic", "本周实践": "practice", "freetalk": "free-talk",
    "序章": "meta", "背景": "meta", "背景介绍": "meta", "本期记录": "meta", "注意事项": "meta",
    "参考资料": "references", "后续计划": "plans", "加入/赞助我们": "join", "加入我们": "join", "往期精彩": "past",
}  # fmt: skip
SUBSECTIONS = {"学术", "项目", "工业界", "资料", "模型", "其他", "杂项", "线上讨论", "群里讨论"}
REQUIRED = {"news": "本周新闻", "picks": "本周推荐", "free-talk": "Free Talk"}
FIELDS = {
    "编号": "number", "时间": "time", "本期提要": "summary", "主持人": "hosts", "编辑": "editors",
    "版块负责人": "contributors", "具体内容贡献者": "contributors", "贡献者": "contributors",
    "本期贡献者": "contributors", "talk视频": "video",
}  # fmt: skip
OTHER_FIELDS = {"talk模板", "小要求", "缘起", "结构", "提名区", "建议区", "本周主题", "本期主题"}

HEAD = 12  # lines
FIELD = re.compile(
    r"^\s*(?:[-*+]\s+|#{1,6}\s+)?【\s*([^【】]{1,20}?)\s*】(?:\s*-\s*([^:：【】]{1,12}?)\s*(?=[:：]))?\s*[:：]?\s*(.*)$"
)
SECOND_FIELD = re.compile(r"(?<=[^\s\-*+#])\s*(?=【(?:贡献者|编辑|主持人|时间|提名区|建议区|本期提要)】\s*[:：])")
HEADING = re.compile(r"^ {0,3}(#{1,6})(?:\s+(.*?))?(?:\s+#+)?\s*$")
QUESTION = re.compile(r"^\s*(?:#{1,6}\s*)?(?:\*\*)?[QqＱ]\s*(\d{1,3})\s*[:：]\s*(.*)$")
NUMBERED = re.compile(r"^\s{0,3}(?:#{1,6}\s*)?(\d{1,2})\.\s*(\S.*)$")
# Latin, full-width, Greek and Cyrillic A: converters mix them up.
ANSWER = re.compile(r"^\s*(?:#{1,6}\s*)?(?:\*\*)?[（(]?(?:[AaＡΑА]\s*\d{0,3}|答案?)\s*[:：]\s*(.*)$")
ENDS_SENTENCE = re.compile(r"[。？！?!.;；:：…）)】」”]$")

NAME = rf"(?:[{CJK}][\w{CJK}]{{0,7}}|[A-Za-z][\w.]{{1,19}}(?: [A-Z]\w{{1,14}}){{0,3}})"
# A double dash signs with any name; a single one only after a blank or the end of a sentence, with a short name.
SIGNED = re.compile(rf"\s*(?:[—–―]+|--+)\s*(?:from\s*|来自\s*)?({NAME})\s*$")
SIGNED_SHORT = re.compile(rf"(?:\s+|(?<=[？?。！!；;，,)）]))-\s*(?:from\s*|来自\s*)?((?:[{CJK}]{{2,5}}|{NAME}))\s*$")
NOT_NAMES = re.compile(r"知乎|知平|optional|可选|文章|出处|机器之心|量子位|GitHub|Hugging Face", re.IGNORECASE)
PLACEHOLDER = re.compile(r"请|多人|待定|暂|后续|署名|认领|排名|^无$|^N/?A$|^TBD$", re.IGNORECASE)

HOURS = {name: hour for hour, name in enumerate("零 一 二 三 四 五 六 七 八 九 十 十一 十二".split())} | {"两": 2}
DATE = re.compile(r"(20\d\d)(?:\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})|(\d\d)(\d\d))(?!\d)")
CLOCK = re.compile(r"(?<!\d)([01]?\d|2[0-3])[:：]([0-5]\d)(?!\d)")
SPOKEN = re.compile(r"(凌晨|早上|上午|中午|下午|晚上|晚)?\s*(十[一二]?|[零一二两三四五六七八九]|\d{1,2})\s*点(半)?")


@dataclass(slots=True)
class _Question:
    """A question while its lines are being gathered."""

    number: str
    section: str
    level: int  # of its heading, 0 if it is none
    lines: list[tuple[int, str]]
    answers: list[list[tuple[int, str]]] = field(default_factory=list)


@dataclass(slots=True)
class _Section:
    """A section while its lines are being gathered."""

    kind: str
    title: str
    level: int
    line: int
    lines: list[tuple[int, str]] = field(default_factory=list)


@dataclass(slots=True)
class _Draft:
    """A note while its lines are being gathered; `sink` is where plain text goes now."""

    title: str = ""
    fields: list[Field] = field(default_factory=list)
    sections: list[_Section] = field(default_factory=list)
    questions: list[_Question] = field(default_factory=list)
    unplaced: list[tuple[int, str]] = field(default_factory=list)
    people: list[str] = field(default_factory=list)
    question: _Question | None = None

    @property
    def kind(self) -> str:
        """Kind of the section that stands open, "" before the first."""
        return self.sections[-1].kind if self.sections else ""

    @property
    def sink(self) -> list[tuple[int, str]]:
        """Where plain text goes: the open answer, question or section, else `unplaced`."""
        if self.question:
            return self.question.answers[-1] if self.question.answers else self.question.lines
        return self.sections[-1].lines if self.sections else self.unplaced

    def open_section(self, kind: str, title: str, level: int, line: int) -> None:
        """Begin a section; whatever question stood open ends."""
        self.question = None
        self.sections.append(_Section(kind, title, level, line))


def parse_note(source: Source) -> tuple[Talk, list[Problem]]:
    """Read one note. Total: whatever the text, a `Talk` comes back, with everything wrong about it."""
    meta, body, first, problems = front_matter(source)
    draft = _Draft()
    for name, value in meta.items():
        text = "；".join(strings(value))
        if not _take_field(draft, name, text, 1, f"【{name}】：{text}"):
            draft.unplaced.append((1, f"{name}: {text}"))
    _read_lines(draft, _split_fields(body), first)
    talk, more = _finish(draft, source)
    return talk, problems + more


def head_of(source: Source) -> Source:
    """The first lines of a note, where its number is read from them alone; else all of it."""
    text = "\n".join(source.text.split("\n", HEAD)[:HEAD])
    head = Source(source.path, text)
    if text.startswith("---") or re.search("```|~~~", text):  # may reach beyond
        return source
    said = (field.value for field in parse_note(head)[0].fields if FIELDS[_section_name(field.name)] == "number")
    return head if re.search(r"\d", next(said, "")) else source


def _split_fields(body: str) -> list[tuple[int, str]]:
    """Lines with their offset; a line that holds two fields becomes two."""
    return [(at, part) for at, line in enumerate(body.split("\n")) for part in SECOND_FIELD.split(line)]


def _read_lines(draft: _Draft, lines: Sequence[tuple[int, str]], first: int) -> None:
    texts = [text for _, text in lines]
    fenced = fenced_lines(texts)
    # Bare numbers mark questions only in a note that has no `Q1:` of its own.
    numbered = not any(QUESTION.match(text) for at, text in enumerate(texts) if at not in fenced)
    for at, (offset, text) in enumerate(lines):
        number = first + offset
        alone = not any(texts[near].strip() for near in (at - 1, at + 1) if 0 <= near < len(texts))
        if at in fenced or not (
            _take_title(draft, text)
            or _take_section(draft, text, number, alone)
            or _take_field_line(draft, text, number)
            or _take_question(draft, text, number, numbered)
            or _take_answer(draft, text, number)
        ):
            draft.sink.append((number, text))


def _take_title(draft: _Draft, text: str) -> bool:
    if draft.title or draft.sections or draft.fields:
        return False
    heading = HEADING.match(text)
    title = (heading[2] or "") if heading else text.strip() if re.match(r"\s*OpenLLM\s+Talk\b", text) else ""
    if not title or _section_name(title) in SECTIONS:
        return False
    draft.title = title
    return True


def _section_name(title: str) -> str:
    """What a heading is looked up by: no width, case, blanks, emphasis, colon or `-optional`."""
    folded = unicodedata.normalize("NFKC", title).lower()
    return re.sub(r"-?optional|\(可选\)|[\s:*]", "", folded)


def _take_section(draft: _Draft, text: str, number: int, alone: bool) -> bool:
    heading = HEADING.match(text)
    title = (heading[2] or "") if heading else text.strip()
    name = _section_name(title)
    if not (heading or alone) or not name:
        return False
    if name in SECTIONS:
        draft.open_section(SECTIONS[name], title, 2, number)
    elif name in SUBSECTIONS and draft.sections and (heading or not draft.question):
        draft.open_section(draft.kind, title, 3, number)
    elif heading and heading[1] == "##" and not _is_mark(text):
        draft.open_section("other", title, 2, number)
    elif heading and draft.question and len(heading[1]) <= draft.question.level and not _is_mark(text):
        draft.open_section(draft.kind, title, 3, number)  # what follows the questions
    else:
        return False
    return True


def _is_mark(text: str) -> bool:
    return any(mark.match(text) for mark in (QUESTION, ANSWER, FIELD))


def _take_field_line(draft: _Draft, text: str, number: int) -> bool:
    match = FIELD.match(text)
    if match is None:
        return False
    value = f"（{match[2]}）{match[3]}" if match[2] else match[3]
    return _take_field(draft, match[1], value, number, text)


def _take_field(draft: _Draft, name: str, value: str, number: int, line: str) -> bool:
    """Take a field. One that describes the talk goes to `fields`; one inside a section stays in its text."""
    key = _section_name(name)
    if key in SECTIONS and SECTIONS[key] not in ("meta", draft.kind):
        draft.open_section(SECTIONS[key], name, 2, number)
        draft.sink.append((number, line))
        return True
    if key not in FIELDS and key not in OTHER_FIELDS and key not in SECTIONS:
        return False
    if key in FIELDS and draft.kind in ("", "meta"):
        draft.fields.append(Field(name, value, number))
        return True
    if FIELDS.get(key) == "contributors":
        draft.people += split_names(value)
    draft.question = None
    draft.sink.append((number, line))
    return True


def _take_question(draft: _Draft, text: str, number: int, numbered: bool) -> bool:
    match = QUESTION.match(text)
    if not match and numbered and draft.kind == "free-talk":
        found = NUMBERED.match(text)
        expected = int(draft.questions[-1].number) + 1 if draft.questions else 1
        match = found if found and int(found[1]) == expected else None
    if not match:
        return False
    title = match[2].removesuffix("**") if "**" in text[: match.start(2)] else match[2]
    section = draft.sections[-1].title if draft.sections else ""
    heading = HEADING.match(text)
    level = len(heading[1]) if heading and not numbered else 0
    draft.question = _Question(str(int(match[1])), section, level, [(number, title)])
    draft.questions.append(draft.question)
    return True


def _take_answer(draft: _Draft, text: str, number: int) -> bool:
    match = ANSWER.match(text)
    if not match or not draft.question:
        return False
    draft.question.answers.append([(number, match[1])])
    return True


def _finish(draft: _Draft, source: Source) -> tuple[Talk, list[Problem]]:
    problems: list[Problem] = []
    said = {key: [f for f in draft.fields if FIELDS[_section_name(f.name)] == key] for key in set(FIELDS.values())}
    number = _number(said["number"], draft, source, problems)
    names = {key: _unique(name for f in said[key] for name in split_names(f.value)) for key in ("hosts", "editors")}
    contributors = _unique([*(name for f in said["contributors"] for name in split_names(f.value)), *draft.people])
    known = {*names["hosts"], *names["editors"], *contributors}
    when = said["time"][0] if said["time"] else None
    day, clock = parse_time(when.value) if when else (None, "")
    if day is None:
        what = f"no date in {when.value!r}" if when else "no 【时间】"
        problems.append(Problem(source.path, when.line if when else 1, 1, "N003", what))
    kinds = {section.kind for section in draft.sections}
    missing = [title for kind, title in REQUIRED.items() if kind not in kinds]
    if missing:
        problems.append(Problem(source.path, 1, 1, "N004", f"no section {', '.join(missing)}"))
    unplaced = _blocks(draft.unplaced)
    problems += [Problem(source.path, b.line, 1, "N005", f"text in no section: {b.text[:40]!r}") for b in unplaced]
    talk = Talk(
        id=f"talk-{number}",
        number=number,
        title=draft.title or f"OpenLLM Talk {number}",
        date=day,
        time=clock,
        summary=tuple(item for f in said["summary"] for item in _items(f.value)),
        hosts=names["hosts"],
        editors=names["editors"],
        contributors=contributors,
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
    for drafted in draft.questions:
        seen = sum(q.id.removeprefix(f"{talk.id}-q").split("-")[0] == drafted.number for q in questions)
        questions.append(_question(drafted, talk, known, f"-{seen + 1}" if seen else ""))
        if seen:
            line = drafted.lines[0][0]
            problems.append(Problem(source.path, line, 1, "Q001", f"Q{drafted.number} again in this note"))
    return replace(talk, questions=tuple(questions)), problems


def _number(fields: list[Field], draft: _Draft, source: Source, problems: list[Problem]) -> str:
    """The note's number from its field, else its title, else its file name; only the first is as it should be."""
    candidates = [fields[0].value if fields else "", draft.title, PurePosixPath(source.path).stem]
    for text in candidates:
        if match := re.search(r"番外\s*(\d+)|(?<!\d)(\d{1,4})(?!\d)", text):
            number = f"番外{match[1]}" if match[1] else match[2].zfill(3)
            break
    else:
        number = candidates[-1]
    if not fields or not re.search(r"\d", fields[0].value):
        problems.append(Problem(source.path, fields[0].line if fields else 1, 1, "N001", "no number in 【编号】"))
    return number


def _question(draft: _Question, talk: Talk, known: set[str], suffix: str) -> Question:
    first = 1 if draft.level else 0  # a heading asks by itself; a paragraph goes on to its end
    paragraphs = _paragraphs(draft.lines[:first]) + _paragraphs(draft.lines[first:])
    asked, rest = paragraphs[:1], paragraphs[1:]
    answers = draft.answers
    if answers:  # all before the first answer mark asks; a sentence that a page cut in two is one
        while rest and not draft.level and not ENDS_SENTENCE.search(asked[-1][-1][1].strip()):
            asked = [[*asked[-1], *rest.pop(0)]]
    elif rest:  # no mark: the first paragraph asks, what follows answers
        answers, rest = [[line for paragraph in rest for line in [*paragraph, (paragraph[-1][0], "")]]], []
    title, asker = split_attribution(join_lines([text for _, text in asked[0]]) if asked else "", known)
    more, asker_below = (_text(rest), "") if asker else split_attribution(_text(rest), known)
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
    whole = "\n".join(line for _, line in lines).strip()
    text, author = split_attribution(whole, known)
    if author and author != asker:
        return Answer(text, author, lines[0][0])
    # Signed inside: at the end of a paragraph, or by somebody this note names. What the asker signs is a question.
    signers = (split_attribution(paragraph, known)[1] for paragraph in whole.split("\n"))
    return Answer(whole, next((name for name in signers if name and name != asker), author), lines[0][0])


def split_attribution(text: str, known: Iterable[str] = ()) -> tuple[str, str]:
    """Split `answer text —name` into the text and the name; "" where nobody signed.

    Args:
        text: One paragraph or several; only its end is looked at, and a `-name;` of somebody known.
        known: Names that may also sign with a single hyphen glued to the text.
    """
    text = text.rstrip()
    for pattern in (SIGNED, SIGNED_SHORT):
        match = pattern.search(text)
        if match and not NOT_NAMES.search(match[1]) and match.start() > 0:
            return text[: match.start()].rstrip(), re.sub(r"大佬?的分享$|大佬$", "", match[1])
    for name in known:
        if text.endswith(f"-{name}"):
            return text[: -len(name) - 1].rstrip("- "), name
        if re.search(rf"-{re.escape(name)}[；;，,]", text):
            return text, name
    return text, ""


def split_names(value: str) -> tuple[str, ...]:
    """Names in a field such as `羡鱼、suc16 (最好由主持人兼任)`; remarks in brackets and placeholders are no names."""
    bare = re.sub(r"[（(][^（）()]*[)）]", "", value)
    if re.match(r"\s*请|.*查看", bare):
        return ()
    names = (name.strip(" \t-—。.*") for name in re.split(r"[、，,;；/&+＋]|\s和\s|\sand\s", bare))
    return _unique(name for name in names if 0 < len(name) <= 20 and not PLACEHOLDER.search(name))


def parse_time(value: str) -> tuple[date | None, str]:
    """Date and `HH:MM` of a field such as `20230610 晚上十点`; None and "" for what is not said."""
    day = None
    if match := DATE.search(value):
        try:
            day = date(int(match[1]), int(match[2] or match[4]), int(match[3] or match[5]))
        except ValueError:
            pass  # no such day: as good as not said, and reported
    rest = value[match.end() :] if match else value
    spoken = SPOKEN.search(rest)
    if clock := CLOCK.search(rest):
        return day, f"{int(clock[1]):02}:{clock[2]}"
    if not spoken:
        return day, ""
    hour = HOURS[spoken[2]] if spoken[2] in HOURS else int(spoken[2])
    if spoken[1] in ("下午", "晚上", "晚") and hour < 12:
        hour += 12
    return day, f"{hour:02}:{30 if spoken[3] else 0:02}" if hour < 24 else ""


def _items(value: str) -> list[str]:
    return [item.strip(" 。") for item in re.split(r"[;；]", value) if item.strip(" 。")]


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


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
