"""No text costs much: ten times the input takes at most fifteen times the work, for every parser and kind of text.

Work is CPU time of this process, which other programs on the machine do not lengthen, over so many rounds that the
clock's ticks do not matter. What fails is measured again, longer; a parser that takes the square of its input takes a
hundred times the work, whichever way it is measured.
"""

import gc
import itertools
import time

import pytest

from ingest import safe_html
from ingest.concepts import Matcher, parse_concept
from ingest.files import LARGEST
from ingest.importing.tidy import tidy
from ingest.invisible import check_direction, visible
from ingest.markup import links_in
from ingest.model import Concept, Source
from ingest.notes.mend import mend
from ingest.notes.names import split_attribution
from ingest.notes.parse import parse_note
from ingest.notes.write import format_note
from ingest.questions.collected import parse_collection, parse_form
from ingest.questions.parse import parse_question
from ingest.urls import arxiv_id, canonical_url, doi_of
from tests.ingest.hostile import KINDS

MOST = 15
HEAD = """\
# OpenLLM Talk 901

【编号】：901
【时间】：2026-11-20 21:00
【主持人】：甲
"""
SECTIONS = "\n## 本周新闻\n\n## 本周推荐\n\n## Free Talk\n\n### Q1：a？\n\nA1："
NOTE, QUESTION = "talks/notes/901.md", "talks/questions/a.md"
MATCHER = Matcher([Concept(name, name, (name, f"{name} x", name[0]), "", "", "", False, "") for name in ("lora", "秩")])


def _numbered(text):
    return list(enumerate(text.split("\n"), 1))


PARSERS = {
    "html": safe_html.to_html,
    "a title": lambda text: (safe_html.escape(text), safe_html.meta(text), safe_html.address(text)),
    "machines": lambda text: safe_html.json_ld({"a": text}),
    "answer": lambda text: parse_note(Source(NOTE, HEAD + SECTIONS + text)),
    "head": lambda text: parse_note(Source(NOTE, f"{HEAD}【贡献者】：{text}\n{SECTIONS}b")),
    "questions": lambda text: parse_note(Source(NOTE, f"{HEAD}{SECTIONS}b\n\n### Q2：{text}\n\nA2：{text}")),
    "question": lambda text: parse_question(Source(QUESTION, f"# a\n\n{text}\n\n## 参考\n\n{text}")),
    "question's title": lambda text: parse_question(Source(QUESTION, f"# {text}")),
    "front matter": lambda text: parse_question(Source(QUESTION, f"---\nid: {text}\n---\n# a")),
    "concept": lambda text: parse_concept(Source("docs/topics/a.md", f"---\ntitle: |\n  {text}\n---\n# a")),
    "written": lambda text: format_note(Source(NOTE, HEAD + SECTIONS + text)),
    "mended": mend,
    "collection": lambda text: parse_collection(Source("a.md", text)),
    "form": lambda text: parse_form(f"### 问题\n\n{text}\n\n### 回答\n\n{text}\n\n### 许可\n\n- [x] a", "a"),
    "tidied": tidy,
    "links": lambda text: links_in(_numbered(text)),
    "address": lambda text: (canonical_url(text), canonical_url(f"https://a.b/{text}"), arxiv_id(text), doi_of(text)),
    "signature": lambda text: split_attribution(text, {"甲", "n1"}),
    "concepts": MATCHER.find,
    "visible": lambda text: (visible(text), check_direction(Source(NOTE, text))),
}


def _seconds(work, text, least=0.0):
    """CPU seconds of one run, by as many as take `least` together."""
    began = time.process_time()
    for rounds in itertools.count(1):
        work(text)
        if (spent := time.process_time() - began) >= least:
            return spent / rounds
    raise AssertionError


def growth(work, make, least):
    """How many times longer ten times the text takes; 0 where the longest that is read takes next to nothing."""
    size = 1_000
    while size * 10 < LARGEST and _seconds(work, make(size)) < least / 2:
        size *= 2
    if size * 10 >= LARGEST and _seconds(work, make(LARGEST)) < 2 * least:
        return 0
    size //= 2
    return _seconds(work, make(size * 10), 2 * least) / _seconds(work, make(size), least)


@pytest.fixture(autouse=True)
def no_collection():
    """Garbage is collected when it happens to be, which costs whoever is at work."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def grows_too_fast(work, make):
    """What was measured, where it was too much every time; else nothing."""
    found = []
    for least in (0.01, 0.03, 0.1, 0.2):
        found.append(round(growth(work, make, least), 1))
        if found[-1] <= MOST:
            return []
    return found


@pytest.mark.parametrize("parser", PARSERS)
def test_parser_is_linear(parser):
    found = {kind: grows_too_fast(PARSERS[parser], make) for kind, make in KINDS.items()}
    assert not {kind: times for kind, times in found.items() if times}
