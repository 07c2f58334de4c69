"""No text costs much: ten times the input takes at most fifteen times the work, for every parser and kind of text.

Work is CPU time of this process, which other programs on the machine do not lengthen, over so many rounds that the
clock's ticks do not matter. What fails is measured again, longer and on longer texts; a parser that takes the square
of its input takes a hundred times the work, whichever way it is measured.
"""

import gc
import itertools
import time
from datetime import date
from types import SimpleNamespace

import pytest

from browser.python.cell_advice import TO
from ingest import safe_html
from ingest.bilingual import BETWEEN, in_language
from ingest.concepts import parse_concept
from ingest.feeds.listed import read_opml
from ingest.feeds.records import decode, settled
from ingest.feeds.text import _SUSPECT
from ingest.front_matter import _lines_of_keys
from ingest.importing.census import take
from ingest.importing.dialects import ROLE, Spoken, _role
from ingest.importing.docx import UNSHOWN, _body_of
from ingest.importing.escape import escape
from ingest.importing.footnotes import notes_at_end
from ingest.importing.html import FoundPictures, to_markdown
from ingest.importing.html_tree import STYLES
from ingest.importing.markdown import _own_marks, read_markdown
from ingest.importing.pdf_text import _is_torn, _words_of
from ingest.importing.tidy import tidy
from ingest.invisible import check_direction, visible
from ingest.learning_path import check_path, parse_path
from ingest.lessons import cell_of
from ingest.markup import links_in
from ingest.matching import Matcher
from ingest.model import Concept, Question, Source
from ingest.notes.mend import mend
from ingest.notes.names import split_attribution
from ingest.notes.parse import parse_note
from ingest.notes.write import format_note
from ingest.pages.talks import parts_of
from ingest.plain import plain
from ingest.questions.collected import bare_title, parse_collection
from ingest.questions.discussions import parse_form
from ingest.questions.duplicates import alike, join
from ingest.questions.parse import parse_question
from ingest.related import related
from ingest.safety import check_drawing, check_page, check_snippet
from ingest.slips.head import with_fields
from ingest.slips.notes import note_slips
from ingest.slips.questions import concept_slips, question_slips
from ingest.urls import arxiv_id, canonical_url, doi_of
from tests.ingest.conftest import CONCEPT
from tests.ingest.hostile import KINDS

MOST = 15
LONGEST = 200_000  # letters; a text of so many that takes next to nothing is not looked at closer
HEAD = """\
# OpenLLM Talk 901

【编号】：901
【时间】：2026-11-20 21:00
【主持人】：甲
"""
SECTIONS = "\n## 本周新闻\n\n## 本周推荐\n\n## Free Talk\n\n### Q1：a？\n\nA1："
NOTE, QUESTION = "talks/notes/901.md", "talks/questions/a.md"
MATCHER = Matcher([Concept(name, name, (name, f"{name} x", name[0]), "", "", "", False, "") for name in ("lora", "秩")])
TALK = parse_note(Source(NOTE, f"{HEAD}{SECTIONS}b"))[0]
ASKED = parse_question(Source(QUESTION, "# a"))[0]


def _numbered(text):
    return list(enumerate(text.split("\n"), 1))


def _concept_page(text):
    """A page whose example, and whose body, is the text."""
    page = Source("docs/topics/a.md", f"{CONCEPT}<!-- [start:example] -->\n{text}\n<!-- [end:example] -->\n{text}")
    assert parse_concept(page)[0]
    return cell_of(page.text), list(concept_slips(page))


PARSERS = {
    "html": safe_html.to_html,
    "a title": lambda text: (safe_html.escape(text), safe_html.meta(text), safe_html.address(text)),
    "machines": lambda text: safe_html.json_ld({"a": text}),
    "answer": lambda text: parse_note(Source(NOTE, HEAD + SECTIONS + text)),
    "head": lambda text: parse_note(Source(NOTE, f"{HEAD}【贡献者】：{text}\n{SECTIONS}b")),
    "questions": lambda text: parse_note(Source(NOTE, f"{HEAD}{SECTIONS}b\n\n### Q2：{text}\n\nA2：{text}")),
    "question": lambda text: parse_question(
        Source(QUESTION, f"# a\n\n{text}\n\n## 回答\n\n{text}\n\n## 参考\n\n{text}")
    ),
    "question's title": lambda text: parse_question(Source(QUESTION, f"# {text}")),
    "front matter": lambda text: parse_question(Source(QUESTION, f"---\nid: {text}\n---\n# a")),
    "front matter's lines": lambda text: _lines_of_keys.__wrapped__(f"---\na: [b,\n{text}]\n---\n# a"),
    "concept": lambda text: parse_concept(Source("docs/topics/a.md", f"---\ntitle: |\n  {text}\n---\n# a")),
    "concept page": _concept_page,
    "page by hand": lambda text: check_page(Source("docs/guide/a.md", f"---\ntitle: A\n---\n{text}")),
    "fields of exports": lambda text: with_fields(f"| 编号 | 5 |\n{text[1:]}", 3),
    "written": lambda text: format_note(Source(NOTE, HEAD + SECTIONS + text)),
    "mended": mend,
    "slips": lambda text: list(note_slips(Source(NOTE, HEAD + SECTIONS + text), TALK)),
    "a question's slips": lambda text: list(question_slips(Source(QUESTION, f"# a\n\n{text}"), ASKED)),
    "collection": lambda text: parse_collection(Source("a.md", text)),
    "form": lambda text: parse_form(f"### 问题\n\n{text}\n\n### 回答\n\n{text}\n\n### 许可\n\n- [x] a", "a"),
    "tidied": tidy,
    "plain": plain,
    "escaped": escape,
    "footnotes": notes_at_end,
    "census": lambda text: take(text.split("\n"), [], text),
    "Markdown of others": lambda text: read_markdown(text, FoundPictures()),
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


def growth(work, make, least, size=500):
    """How many times longer ten times the text takes; 0 where the longest that is read takes next to nothing.

    Args:
        size: Letters of the shorter text, at least.
    """
    size *= 10
    while (long := _seconds(work, make(size))) < 3 * least and size < LONGEST:
        size = min(round(size * min(max(2, 4 * least / long), 20)), LONGEST)
    if long < 2 * least:
        return 0
    return long / _seconds(work, make(size // 10), least / 4)


def grows_too_fast(work, make, size=500):
    """What was measured, where it was too much every time; else nothing."""
    found = []
    gc.disable()  # garbage is collected when it happens to be, which costs whoever is at work
    try:
        for times, least in enumerate((0.005, 0.01, 0.03, 0.1, 0.2), 1):
            found.append(round(growth(work, make, least, times * size), 1))
            if found[-1] <= MOST:
                return []
    finally:
        gc.enable()
    return found


def test_line_in_which_tags_are_looked_for_costs_what_other_lines_do():
    """Such a line is short, but a note has hundreds."""
    line = f"{'a' * 1_900}<p>"
    assert _seconds(plain, line.replace("a", "1"), 0.05) < MOST * _seconds(plain, line, 0.05)


@pytest.mark.slow
@pytest.mark.parametrize("parser", PARSERS)
def test_parser_is_linear(parser):
    # YAML's scanner looks for a key 1,024 letters ahead, which a shorter front matter has not.
    size = 3_000 if parser == "front matter" else 500
    found = {kind: grows_too_fast(PARSERS[parser], make, size) for kind, make in KINDS.items()}
    assert not {kind: times for kind, times in found.items() if times}


# What only programs write into Markdown, and only their reader looks for.
EXPORTS = {
    "items of Logseq": ("id:: a\n", "- TODO Q: y\n\t- A: {{cloze a}} ((64aa-1))\n", ""),
    "drawings": ("", "![](data:image/svg+xml,<svg>", "</svg>"),
    "drawn formulas": ("", "![[a](//x.y/equation?tex=", ""),
    "tags of Feishu": ("", '<callout emoji="a"><equation>', "<image token="),
    "tags of a heading": ("## x", " #a", " !"),
    "boxes that ask": ("", "> [!q] Q1：x\n> y\n", ""),
}


# What is done to a piece of a text, which one letter again and again makes long.
PIECES = {
    "a title's colon": (bare_title, "a", " ", "b"),
    "a role's address": (lambda text: ROLE.sub(lambda found: _role(found, Spoken("")), text), "{a}`", " ", "b`"),
    "a box": (lambda text: _own_marks([], text), " ???+", " ", "!"),
    "underlined": (tidy, "", "<u>", ""),
    "a number's index": (lambda text: to_markdown(f"<p>{text}<sub>i</sub></p>"), "", "1", "!"),
    "torn words": (lambda text: _is_torn(text, "ab", set()), "", "a", "!"),
    "a torn line": (lambda text: _words_of([SimpleNamespace(text=text)]), "", "a", "!"),
    "a fence's blanks": (PARSERS["page by hand"], "```", " ", "!\n"),
    "a page inside": (_body_of, "", "<body", ""),
    "styles of a page inside": (lambda text: UNSHOWN.sub("", text), "", "<style", ""),
    "fonts": (STYLES["code"].search, "", "font-family:", ""),
    "lines through text": (STYLES["s"].search, "", "text-decoration", ""),
    "numbers of characters": (_SUSPECT.search, "&#", "0", "!"),
    "numbers of sixteen": (_SUSPECT.search, "", "&#x0", ""),
    "where a command writes": (TO.search, "", "-O ", "-"),
    "blanks before a file": (TO.search, "-o", " ", "-"),
    "a message's literals": (lambda text: in_language(f"# a{BETWEEN}b\nassert 1, ({text})", "en"), "", '"a" ', ""),
    "messages": (lambda text: in_language(text, "en"), "", 'assert 1, "b ‖ c"\n', ""),
}


@pytest.mark.parametrize("kind", PIECES)
def test_piece_is_read_in_linear_time(kind):
    work, before, part, after = PIECES[kind]
    assert not grows_too_fast(work, lambda size: before + part * (size // len(part)) + after, 2_000)


@pytest.mark.parametrize("kind", EXPORTS)
def test_marks_of_programs_are_read_in_linear_time(kind):
    before, part, after = EXPORTS[kind]
    assert not grows_too_fast(
        PARSERS["Markdown of others"], lambda size: before + part * (1 + size // len(part)) + after
    )


def _asked(titles, repeats=lambda at: ""):
    return [
        Question(f"q{at}", title, title, "", (), f"talks/questions/q{at}.md", 1, duplicate_of=repeats(at))
        for at, title in enumerate(titles)
    ]


# Many questions, of `size` letters in all.
ARCHIVES = {
    "other words": lambda size: _asked(f"{n * 7919 % 9973} 的 {n * 104729 % 99991} 是什么" for n in range(size // 20)),
    "nearly the same": lambda size: _asked(f"{'怎样训练一个很大的语言模型' * 3}{n}？" for n in range(size // 40)),
    "the same words": lambda size: _asked(["怎样训练？"] * (size // 5)),
    "long titles": lambda size: _asked(
        "".join(chr(0x4E00 + (n * 31 + at * 7) % 9000) for at in range(900)) for n in range(size // 900)
    ),
    "a chain": lambda size: _asked(map(str, range(size // 5)), lambda at: f"q{at + 1}"),
    "a circle": lambda size: _asked(map(str, range(size // 5)), lambda at: f"q{(at + 1) % (size // 5)}"),
}
SEVERAL = {
    "alike": lambda asked: list(alike(asked)),
    "join": join,
    "related": lambda asked: related(tuple(asked)),
}


@pytest.mark.slow
@pytest.mark.parametrize("work", SEVERAL)
def test_work_on_all_questions_is_linear(work):
    # Every title is compared with at most so many others, which a small archive has not.
    size = 40_000 if work == "alike" else 500
    kinds = [kind for kind in ARCHIVES if work != "alike" or not kind.startswith("a ")]
    found = {kind: grows_too_fast(SEVERAL[work], ARCHIVES[kind], size) for kind in kinds}
    assert not {kind: times for kind, times in found.items() if times}


# What lies beside notes and questions, of `size` letters.
WEEK = "talks/papers/2026-W47.jsonl"
PAPER = '{"title": "a %s", "url": "https://a.b/%s"}\n'


def _opml(source):
    return read_opml(source.text.encode(), source.path)


STEP = "- name: a\n  english: a\n  concepts:\n"
FILES = {
    "papers": (decode, WEEK, lambda size: PAPER % ("", "") * (size // 40)),
    "papers of days to come": (
        lambda source: settled([decode(source)[0]], [source], date(2026, 11, 30)),
        WEEK,
        lambda size: "".join(
            PAPER.replace("}", ', "published": "%s"}') % (n, n, date.fromordinal(800_000 + n))
            for n in range(size // 64)
        ),
    ),
    "a long title": (decode, WEEK, lambda size: PAPER % ("a " * (size // 2), "")),
    "a long address": (decode, WEEK, lambda size: PAPER % ("", "doi:10.1234/a" * (size // 13))),
    "deep JSON": (decode, WEEK, lambda size: "[" * size),
    "outlines": (
        _opml,
        "feeds.opml",
        lambda size: "<opml>" + '<outline xmlUrl="http://a"/>' * (size // 28) + "</opml>",
    ),
    "deep outlines": (_opml, "feeds.opml", lambda size: "<o>" * (size // 7) + "</o>" * (size // 7)),
    "keys": (
        parse_question,
        QUESTION,
        lambda size: "---\n" + "".join(f"k{n}: v\n" for n in range(size // 4)) + "---\n# a\n" + "x\n" * (size // 2),
    ),
    "headings of one name": (
        lambda source: parts_of(parse_note(source)[0]),
        NOTE,
        lambda size: HEAD + "## a\n\nb\n\n" * (size // 9),
    ),
    "docstrings": (check_snippet, "snippets/a.py", lambda size: '"a"\n' * (size // 4)),
    "what is no drawing": (
        check_drawing,
        "docs/topics/pictures/a.html",
        lambda size: "<figure>" + "".join(f"<a{n}/>" for n in range(size // 8)) + "</figure>",
    ),
    "a path": (
        lambda source: check_path(parse_path([source])[0], [], [source]),
        "docs/topics/path.yml",
        lambda size: (
            "---\nsteps:\n" + "".join(f"{'' if n % 90 else STEP}  - a{n}\n" for n in range(size // 4)) + "---\n"
        ),
    ),
    "topics": (parse_question, QUESTION, lambda size: f"---\ntopics: [{'a,' * (size // 2)}]\n---\n# a\n"),
}


@pytest.mark.parametrize("kind", FILES)
def test_file_beside_them_is_linear(kind):
    parser, path, make = FILES[kind]
    assert not grows_too_fast(lambda text: parser(Source(path, text)), make)
