"""What holds of any bytes that are read as a note, a question or a collection of questions."""

import html
import re

from ingest.importing.decode import CannotConvert, decode
from ingest.importing.tidy import tidy
from ingest.invisible import visible
from ingest.model import Block, Question, Source, Talk
from ingest.notes.mend import mend
from ingest.notes.parse import parse_note
from ingest.notes.write import format_note
from ingest.problems import RULES
from ingest.questions.collected import parse_collection
from ingest.questions.parse import parse_question
from ingest.questions.write import write_question
from ingest.safe_html import to_html
from ingest.slips.notes import note_slips
from ingest.slips.questions import question_slips
from ingest.slips.slip import mended as mended_slips

NOTE, QUESTION = "talks/notes/note.md", "talks/questions/q.md"


def check_total(content: bytes) -> None:
    """Records and problems come out, in which no letter is lost; `fmt` and `--fix` change what they may, once."""
    try:
        text = decode(content)[0]
    except CannotConvert:
        return
    tidied = tidy(text)
    assert tidy(tidied) == tidied
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    talk, problems = parse_note(Source(NOTE, text))
    question, more = parse_question(Source(QUESTION, text))
    questions, _, others = parse_collection(Source("faq.md", text))
    lines = text.count("\n") + 1
    for problem in (*problems, *more, *others):
        assert problem.code in RULES and 1 <= problem.line <= lines and problem.column >= 1
    for part in (*_texts(talk), *_texts(question), *(part for one in questions for part in _texts(one))):
        check_html(part)
    check_format(Source(NOTE, text), talk)
    for one in questions:
        parse_question(Source("talks/questions/q.md", write_question(one, "faq.md", "CC-BY-4.0")))
    for slip in (*note_slips(note := Source(NOTE, text), talk), *question_slips(Source(QUESTION, text), question)):
        assert slip.code in RULES and 1 <= slip.line <= lines and slip.column >= 1
    again = mended_slips(note, lambda source: note_slips(source, parse_note(source)[0]))
    assert mended_slips(Source(NOTE, again), lambda source: note_slips(source, parse_note(source)[0])) == again
    mended = mend(text)
    assert mend(mended) == mended
    assert "://" in text or "".join(mended.split()) == "".join(text.split())


def _texts(record: Talk | Question) -> list[str]:
    if isinstance(record, Question):
        return [record.title, record.text, record.remarks, *(answer.text for answer in record.answers)]
    blocks: list[Block] = [*record.unplaced, *(block for section in record.sections for block in section.blocks)]
    return [block.text for block in blocks] + [part for one in record.questions for part in _texts(one)]


def check_html(text: str) -> None:
    """It is safe, and shows every letter that stands in no entity and beside no colon, as addresses do."""
    shown = to_html(text)
    tags = re.findall(r"<\s*/?\s*([a-zA-Z]+)([^>]*)>", shown)
    assert not {tag.lower() for tag, _ in tags} & {
        "script",
        "iframe",
        "object",
        "svg",
        "math",
        "style",
        "form",
        "input",
    }
    assert not any(re.search(r"\son\w+\s*=|\sstyle\s*=", re.sub(r'"[^"]*"', "", attributes)) for _, attributes in tags)
    assert "`" not in shown and "~" not in shown and shown == visible(shown)
    letters = re.sub(r"\S*:\S*|&#?\w+;", "", visible(text))
    assert {char for char in letters if char.isalpha()} <= set(html.unescape(shown)), text


def check_format(source: Source, talk: Talk) -> None:
    """A note that is written says the same and is written the same again, or the missing letters are told."""
    written, _, _, gone = format_note(source)
    if gone:
        return
    again, _, _, lost = format_note(Source(source.path, written))
    assert again == written or lost
