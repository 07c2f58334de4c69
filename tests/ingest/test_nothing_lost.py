"""Nothing that somebody wrote is lost: each letter is in exactly one record or unplaced, and on the generated page."""

import html
import itertools
import re
from collections import Counter
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import Environment, FileSystemBytecodeCache

from ingest import pipeline
from ingest.importing.convert import convert
from ingest.link import link
from ingest.model import Source
from ingest.notes.parse import parse_note
from ingest.pages.render import render
from ingest.questions.collected import parse_collection
from ingest.questions.parse import parse_question
from ingest.questions.write import write_question

INPUTS = Path(__file__).parents[3] / "shared" / "inputs"
DOCUMENTS = sorted(path for folder in ("documents", "talks") for path in INPUTS.glob(f"{folder}/*.*"))

# Marks say what a text is; the record says it in another way: the number of a question is in its id.
ITEM = re.compile(r"^\s*\d{1,3}[.)]\s", re.MULTILINE)
MARK = re.compile(
    r"^\s*(?:[-*+]\s+)?(?:#{1,6}\s*)?(?:\*\*)?[（(]?(?:[QqＱ]\s*\d{0,3}\s*[:：]|(?:[AaＡΑА]\s*\d{0,3}|答案?)\s*[:：])",
    re.MULTILINE,
)
NUMBERED = re.compile(r"^\s{0,3}(?:#{1,6}\s*)?\d{1,2}\.(?=\s*\S)", re.MULTILINE)
SIGNED = re.compile(r"(?<=[-—–―])\s*(?:from\s*|来自\s*)(?=\S+\s*$)|大佬?(?:的分享)?\s*$", re.MULTILINE)


def letters(text):
    return Counter(char for char in text if char.isalnum())


def in_note(talk):
    """Everything that the records of a note hold, each text once, and what may stand in it a second time."""
    texts = [talk.title, *(f"{field.name}{field.value}" for field in talk.fields)]
    texts += [block.text for block in talk.unplaced]
    again = []
    for section in talk.sections:
        texts += [section.title, *(block.text for block in section.blocks)]
        again.append(section.title)  # of a field that opens a section: its line is in the section's text
    for question in talk.questions:
        texts += [question.title, question.text, question.asker, *(answer.text for answer in question.answers)]
        texts += [answer.author for answer in question.answers]
        again += [question.asker, *(answer.author for answer in question.answers)]  # signed inside of the text
    return "".join(texts), "".join(again)


@pytest.fixture(scope="module", autouse=True)
def templates_compiled_once(tmp_path_factory):
    cached = FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ingest.pages.render.Environment", partial(Environment, bytecode_cache=cached))
        yield


def page_of(source, folder):
    """The one page that a note or question gets, its entities as the characters they stand for."""
    kind = "notes" if folder == "talks/" else "questions"
    pages = render(link(pipeline.parse(pipeline.Inputs(**{kind: (source,)}))[0]), {})
    listed = {"talks/index.md", "qa/index.md", "qa/open.md", "qa/ask.md"}
    [page] = [text for name, text in pages.items() if name.startswith(folder) and name not in listed]
    return html.unescape(page)


@pytest.mark.slow
@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_letter_of_a_real_document_is_in_one_record_and_on_its_page(path):
    source = Source("talks/notes/note.md", convert(path).text)
    talk, _ = parse_note(source)
    held, again = in_note(talk)
    bare = SIGNED.sub("", ITEM.sub("", NUMBERED.sub("", MARK.sub("", source.text))))
    assert letters(bare) - letters(held) == Counter()
    assert letters(held) - letters(source.text) - letters(again) - letters("OpenLLM Talk note") == Counter()
    # Of fields that say nothing, and of what opens the page, the names are not shown.
    unnamed = "".join(f.name for f in talk.fields if not f.value.strip() or f.name == "本期提要")
    assert letters(bare) - letters(page_of(source, "talks/")) - letters(unnamed) == Counter()


# In each form, `{}` is a word of its own.
NOTE_FORMS = [
    "# {}", "## {}", "### {}", "#### {} ##", "【编号】：101 {}", "【时间】：{}", "【主持人】：{}、{}",
    "【贡献者】- {}：{}", "【talk 视频】：{} https://example.org/{}", "【talk模板】：{}", "【{}】{}",
    "- 【编辑】：{} 【贡献者】：{}", "## 本周新闻", "【本周推荐】：{}", "Free Talk", "## Free Talk", "### 学术",
    "Q1：{}", "**Q3：{}**", "### Q2: {} —{}", "1.{}", "2. {}", "A1：{}", "（A: {}", "答：{} --来自{}", "答案：{}。-{}",
    "A7：", "【本期提要】：{}；{}",
]  # fmt: skip
FORMS = [
    "3. {}", "- {} https://example.org/{}", "[{}](https://example.org/{} '{}')",
    "![{}](https://example.org/{}.png \"{}\")", "![{}](101/{}.png)", "[{}](../{}.md)",
    "[{}](javascript:{})", "[{}]: https://example.org/{}", "[^{}]: {}", "| {} | {} |", "| {} |",
    "|--|--|", "{} | {} | {}", "```python {}", "~~~", "```", "    {}", "> {}", "{}", "{}，{}", "",
    "", "<b {}>{}</b>", "<script>{}</script>", "$${}$$", "${}$ {}", "$$",
    "`{}` ~~{}~~", "---", "===", "{}：", "{{% {} %}}", "\\[{}\\]", "--8<-- \"{}\"", "::: {}",
    "<https://example.org/{}>", "{}\u3000{}", "{}\x02{}\ufeff{}",
]  # fmt: skip


def texts(forms):
    """Texts of some lines of these forms, and their words."""

    def fill(chosen):
        words = (f"w{number}w" for number in itertools.count())
        text = "\n".join(re.sub(r"\{\}", lambda _: next(words), form) for form in chosen)
        return text, [f"w{number}w" for number in range(sum(form.count("{}") for form in chosen))]

    return st.lists(st.sampled_from(forms), min_size=1, max_size=20).map(fill)


@settings(max_examples=300, deadline=None)
@given(texts(NOTE_FORMS + FORMS))
def test_every_word_of_a_note_is_in_one_record_and_on_its_page(made):
    text, words = made
    source = Source("talks/notes/note.md", text)
    held, again = in_note(parse_note(source)[0])
    assert [word for word in words if held.count(word) not in {1, 1 + again.count(word)}] == []
    page = page_of(source, "talks/")
    assert [word for word in words if word not in page] == []


@settings(max_examples=300, deadline=None)
@given(
    texts(
        [
            "# {}",
            "## 回答",
            "## 回答（采纳）",
            "—{}",
            "## 参考",
            "- {}，{}",
            "## {}",
            "---",
            "{}: {}",
            "topics: {}",
            *FORMS,
        ]
    )
)
def test_every_word_of_a_question_is_in_one_record_and_on_its_page(made):
    text, words = made
    source = Source("talks/questions/asked.md", text)
    question, _ = parse_question(source)
    held = "".join(
        [question.title, question.text, *(f"{answer.text}{answer.author}" for answer in question.answers)]
        + [f"{field.name}{field.value}" for field in question.fields]
    )
    referred = "".join([question.remarks, *(f"{link.title}{link.source}" for link in question.sources)])
    named = "".join(question.topics)
    assert [word for word in words if held.count(word) + (word in referred) + (word in named) != 1] == []
    page = page_of(source, "qa/")
    assert [word for word in words if word not in page and word not in named] == []


@settings(deadline=None)
@given(
    texts(
        [
            "# {}",
            "## {}？",
            "## {}",
            "**{}？**",
            "Q: {}",
            "A: {}",
            "问：{}",
            "答案：{}",
            "- [{}？](#{})",
            "## 目录",
            *FORMS,
        ]
    )
)
def test_every_word_of_a_collection_is_in_one_question_or_unplaced(made):
    text, words = made
    questions, unplaced, _ = parse_collection(Source("faq.md", text))
    parts = [part for question in questions for part in (question.title, question.text)]
    parts += [answer.text for question in questions for answer in question.answers]
    held = "".join([*parts, *(block.text for block in unplaced)])
    assert [word for word in words if held.count(word) != 1] == []
    for question in questions:
        written = write_question(question, "faq.md", "CC-BY-4.0")
        page = page_of(Source("talks/questions/faq-q1.md", written), "qa/")
        own = "".join([question.title, question.text, *(answer.text for answer in question.answers)])
        assert [word for word in words if word in own and word not in page] == []
