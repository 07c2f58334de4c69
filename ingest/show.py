"""What was understood of a note or a question, in a few lines, so that its author sees what is missing."""

import posixpath
from collections.abc import Iterable
from pathlib import PurePosixPath

from ingest.markup import links_in
from ingest.model import Question, Source, Talk
from ingest.pictures import Pictures
from ingest.slips.slip import body_lines
from ingest.slips.texts import PICTURE
from ingest.wiki import Records

LONGEST = 60  # letters of a title
SAID = {
    "zh": {
        "none": "没有", "date": "时间", "summary": "本期提要", "hosts": "主持人", "editors": "编辑",
        "contributors": "贡献者", "video": "录像", "sections": "版块", "questions": "问题", "links": "链接",
        "concepts": "概念", "pictures": "图片", "count": "{} 个，待回答 {} 个", "answers": "{} 个回答",
        "open": "待回答",
        "title": "题目", "asker": "提问者", "sources": "参考", "duplicate": "重复的是", "no_hour": "没有钟点",
        "colon": "：", "comma": "、", "semicolon": "；",
    },
    "en": {
        "none": "none", "date": "date", "summary": "in short", "hosts": "hosts", "editors": "editors",
        "contributors": "contributors", "video": "recording", "sections": "sections", "questions": "questions",
        "links": "links", "concepts": "concepts", "pictures": "pictures", "count": "{}, {} of them open",
        "answers": "{} answers", "open": "open", "title": "title", "asker": "asked by", "sources": "references",
        "duplicate": "repeats", "no_hour": "no hour", "colon": ": ", "comma": ", ", "semicolon": "; ",
    },
}  # fmt: skip


def shown(records: Records, sources: Iterable[Source], pictures: Pictures, lang: str = "en") -> dict[str, list[str]]:
    """What was understood of each of these files that is a note or a question: its lines, by path.

    Args:
        records: Everything, linked.
        sources: The files.
        pictures: Pictures that there are.
        lang: `en` or `zh`.
    """
    words = SAID[lang]
    talks = {talk.path: talk for talk in records.talks}
    questions = {question.path: question for question in records.questions if not question.talk}
    titles = {concept.name: concept.short for concept in records.concepts}
    found = {}
    for source in sources:
        record = talks.get(source.path) or questions.get(source.path)
        if record is None:
            continue
        lines = _talk(record, words) if isinstance(record, Talk) else _question(record, words)
        lines.append(_line("concepts", words, [titles.get(name, name) for name in record.topics]))
        lines.append(_line("pictures", words, _pictures(source, pictures)))
        found[source.path] = lines
    return found


def _talk(talk: Talk, words: dict[str, str]) -> list[str]:
    when = f"{talk.date} {talk.time or words['no_hour']}" if talk.date else ""
    still_open = sum(question.status == "open" for question in talk.questions)
    links = [link.url for section in talk.sections for link in section.links]
    links += [url for question in talk.questions for text in _texts(question) for url in _links(text)]
    lines = [
        _line("date", words, [when] if when else []),
        _line("summary", words, talk.summary),
        _line("hosts", words, talk.hosts),
        _line("editors", words, talk.editors),
        _line("contributors", words, talk.contributors),
        _line("video", words, [talk.video] if talk.video else []),
        _line("sections", words, [section.title for section in talk.sections if section.level == 2]),
        _line("links", words, [str(len(links))] if links else []),
        f"{words['questions']}{words['colon']}{words['count'].format(len(talk.questions), still_open)}",
    ]
    return lines + [f"  {_asked(question, words)}" for question in talk.questions]


def _asked(question: Question, words: dict[str, str]) -> str:
    number = question.id.rpartition("-q")[2]
    by = [name for name in (question.asker, *(answer.author for answer in question.answers)) if name]
    said = words["answers"].format(len(question.answers)) if question.answers else words["open"]
    named = f"（{words['comma'].join(dict.fromkeys(by))}）" if by else ""
    return f"Q{number} {question.title[:LONGEST]} — {said}{named}"


def _question(question: Question, words: dict[str, str]) -> list[str]:
    said = words["answers"].format(len(question.answers)) if question.answers else words["open"]
    lines = [
        f"{words['title']}{words['colon']}{question.title[:LONGEST]} — {said}",
        _line("asker", words, [question.asker] if question.asker else []),
        _line("date", words, [str(question.asked)] if question.asked else []),
        _line("sources", words, [str(len(question.sources))] if question.sources else []),
    ]
    return lines + ([_line("duplicate", words, [question.duplicate_of])] if question.duplicate_of else [])


def _line(key: str, words: dict[str, str], values: Iterable[str]) -> str:
    between = words["semicolon" if key == "summary" else "comma"]
    return f"{words[key]}{words['colon']}{between.join(values) or words['none']}"


def _texts(question: Question) -> list[str]:
    return [question.text, *(answer.text for answer in question.answers)]


def _links(text: str) -> list[str]:
    return [link.url for link in links_in(list(enumerate(text.split("\n"), 1)))]


def _pictures(source: Source, pictures: Pictures) -> list[str]:
    """The pictures that a text shows and that lie there."""
    named = [match[1].strip() for line in body_lines(source.text) for match in PICTURE.finditer(line.plain)]
    beside = PurePosixPath(source.path).parent
    return [name for name in named if posixpath.normpath(beside / name) in pictures]
