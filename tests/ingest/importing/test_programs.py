"""What Word and the web's programs write beside plain text, each in the smallest document that has it."""

import pytest

from ingest.importing.convert import convert_content
from ingest.importing.decode import CannotConvert
from ingest.importing.document import tell_kind
from ingest.importing.html import FoundPictures, to_markdown
from ingest.importing.mathematics import Math, tex
from ingest.importing.omml import Omml, omml_tex
from ingest.importing.signs import sign
from ingest.marks import ask_mark, say_mark
from ingest.model import Source
from ingest.notes.names import split_attribution
from ingest.notes.parse import parse_note
from tests.ingest.importing.word import NAMES, make_docx, paragraph, relation


def word(body, **more):
    return convert_content(make_docx(body, **more), ".docx", FoundPictures())


def run(text, properties=""):
    return f"<w:r><w:rPr>{properties}</w:rPr><w:t>{text}</w:t></w:r>"


def row(*cells, properties=""):
    return f"<w:tr><w:trPr>{properties}</w:trPr>{''.join(f'<w:tc>{paragraph(cell)}</w:tc>' for cell in cells)}</w:tr>"


# --- Word


def test_rows_that_were_deleted_are_gone_and_missed_by_nobody():
    gone = row("旧行", "48", properties='<w:del w:id="1"/>')
    converted = word(f"<w:tbl>{row('方法', '显存')}{gone}</w:tbl>")
    assert "旧行" not in converted.text
    assert converted.census.missing == 0


def test_a_style_hides_marks_and_sets_code_as_letters_of_their_own_do():
    style = '<w:style w:type="{}" w:styleId="{}"><w:name w:val="{}"/>{}</w:style>'
    styles = "".join(
        (
            style.format("character", "h", "Hid", "<w:rPr><w:vanish/></w:rPr>"),
            style.format("character", "h2", "Hid two", '<w:basedOn w:val="h"/>'),
            style.format("paragraph", "p", "Hid lines", "<w:rPr><w:vanish/></w:rPr>"),
            style.format("character", "c", "HTML Code", ""),
            style.format("character", "b", "Strong", "<w:rPr><w:b/></w:rPr>"),
        )
    )
    body = paragraph(
        inside=run("看得见")
        + run("藏一", '<w:rStyle w:val="h"/>')
        + run("藏二", '<w:rStyle w:val="h2"/>')
        + run("也看得见", '<w:rStyle w:val="h"/><w:vanish w:val="0"/>')
        + run("x.y()", '<w:rStyle w:val="c"/>')
        + run("要紧", '<w:rStyle w:val="b"/>')
    ) + paragraph("整段藏", properties='<w:pStyle w:val="p"/>')
    converted = word(body, parts={"word/styles.xml": f"<w:styles {NAMES}>{styles}</w:styles>"})
    assert "看得见也看得见`x.y()`**要紧**" in converted.text
    assert "藏" not in converted.text
    assert sum("hidden text" in told for told in converted.told) == 3


def test_words_drawn_as_art_are_kept():
    art = '<w:r><w:pict><v:shape xmlns:v="urn:v"><v:textpath string="艺术字"/></v:shape></w:pict></w:r>'
    converted = word(paragraph("正文", inside=art))
    assert "艺术字" in converted.text
    assert converted.census.missing == 0


def test_lists_that_begin_anew_in_the_middle_keep_their_numbers():
    level = '<w:lvl w:ilvl="0"><w:numFmt w:val="decimal"/><w:lvlText w:val="%1."/></w:lvl>'
    kind = f'<w:abstractNum w:abstractNumId="0">{level}</w:abstractNum>'
    again = '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="7"/></w:lvlOverride>'
    numbering = (
        f'{kind}<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>'
        f'<w:num w:numId="2"><w:abstractNumId w:val="0"/>{again}</w:num>'
    )

    def item(text, which):
        return paragraph(text, properties=f'<w:numPr><w:ilvl w:val="0"/><w:numId w:val="{which}"/></w:numPr>')

    text = word(item("甲", 1) + item("乙", 1) + item("庚", 2) + item("辛", 2), numbering=numbering).text
    assert "1. 甲\n2. 乙" in text
    assert "7. 庚\n8. 辛" in text


def test_the_figures_of_a_chart_are_a_table():
    def points(*values):
        return "".join(f'<c:pt idx="{at}"><c:v>{value}</c:v></c:pt>' for at, value in enumerate(values))

    def series(name, *values):
        names, figures = points("一月", "二月"), points(*values)
        return f"<c:ser><c:tx>{points(name)}</c:tx><c:cat>{names}</c:cat><c:val>{figures}</c:val></c:ser>"

    chart = f'<c:chart xmlns:c="urn:c">{series("甲", 1.5, 2)}{series("乙", 3, 4)}</c:chart>'
    named = '<c:chart xmlns:c="urn:c" r:id="c1"/>'
    graphic = f'<a:graphicData xmlns:a="urn:a" uri="http://x/chart">{named}</a:graphicData>'
    drawing = f"<w:r><w:drawing>{graphic}</w:drawing></w:r>"
    converted = word(
        paragraph("图：", inside=drawing),
        relations=relation("c1", "chart", "chart1.xml"),
        parts={"word/chart1.xml": chart},
    )
    assert "|  | 甲 | 乙 |" in converted.text
    assert "| 二月 | 2 | 4 |" in converted.text
    assert converted.census.missing == 0
    assert any("chart" in told for told in converted.told)


def chunk(content, name="inner.docx"):
    """What puts another document into a document."""
    return {"relations": relation("c1", "aFChunk", name), "parts": {f"word/{name}": content}}


CHUNK = '<w:altChunk r:id="c1"/>'


def test_a_document_inside_of_a_document_is_read_with_its_footnotes():
    mark = '<w:r><w:{}Reference w:id="2"/></w:r>'.format("footnote")

    def notes(text):
        said = f'<w:footnote w:id="2">{paragraph(text)}</w:footnote>'
        return {"word/footnotes.xml": f"<w:footnotes {NAMES}>{said}</w:footnotes>"}

    named = relation("f1", "footnotes", "footnotes.xml")
    heading = paragraph("里面的节", properties='<w:pStyle w:val="1"/>')
    inner = make_docx(heading + paragraph("里面", inside=mark), relations=named, parts=notes("里面的注"))
    outer = chunk(inner)
    converted = word(
        paragraph("前", inside=mark) + CHUNK + paragraph("后", inside=mark),
        relations=outer["relations"] + named,
        parts=outer["parts"] | notes("外面的注"),
    )
    assert "前[^1]" in converted.text
    assert "里面的节\n\n里面[^2]\n\n后[^3]" in converted.text
    assert "[^2]: 里面的注" in converted.text
    assert converted.text.count("外面的注") == 1
    assert converted.census.missing == 0
    assert converted.told == []


def test_the_census_counts_a_document_inside_of_a_document(monkeypatch):
    monkeypatch.setattr("ingest.importing.docx._Reader._document", lambda reader, package: "")
    converted = word(CHUNK, **chunk(make_docx(paragraph("里面的话没有了"))))
    assert converted.census.missing >= len("里面的话没有了")


def test_documents_in_each_other_are_read_as_deep_as_anybody_puts_them():
    content = make_docx(paragraph("第五层"))
    for number in "四三二":
        content = make_docx(paragraph(f"第{number}层") + CHUNK, **chunk(content))
    converted = word(paragraph("第一层") + CHUNK, **chunk(content))
    assert "第四层" in converted.text
    assert "第五层" not in converted.text
    assert converted.told == ["a part of the text in a form that cannot be read (.docx, or lies in 3 others)"]


@pytest.mark.parametrize(
    "content",
    [
        b"PK\x03\x04 cut",
        b"",
        make_docx("", parts={"word/document.xml": "<w:document"}),
        make_docx("", parts={"word/_rels/document.xml.rels": "<Relationships"}),
    ],
    ids=["cut", "empty", "damaged", "without its relations"],
)
def test_a_damaged_document_inside_of_a_document_is_said_and_keeps_nothing_else_from_being_read(content):
    converted = word(paragraph("正文") + CHUNK, **chunk(content))
    assert "正文" in converted.text
    assert any("cannot be read (.docx" in told for told in converted.told)


def test_a_document_with_damaged_relations_is_refused_with_a_reason():
    with pytest.raises(CannotConvert, match="damaged"):
        word("", parts={"_rels/.rels": "<Relationships"})


@pytest.mark.parametrize(
    ("code", "font", "shown"),
    [
        (0xF061, "Symbol", "α"),
        (0xF0A3, "Symbol", "≤"),
        (0xE0, "Wingdings", "→"),
        (0x2192, "Arial", "→"),
        (0xE123, "X", ""),
    ],
)
def test_signs_are_what_their_font_draws(code, font, shown):
    assert sign(code, font) == shown


# --- mathematics


def text(name, value):
    return Math(name, text=value)


@pytest.mark.parametrize(
    ("math", "written"),
    [
        (Math("mover", [Math("mrow", [text("mi", "A"), text("mi", "B")]), text("mo", "→")]), r"\overrightarrow{AB}"),
        (Math("menclose", [text("mi", "x")], attributes={"notation": "box"}), r"\boxed{x}"),
        (
            Math(
                "mmultiscripts",
                [text("mi", "C"), text("mi", "k"), Math("none"), Math("mprescripts"), text("mi", "n"), Math("none")],
            ),
            "{}_nC_k",
        ),
    ],
)
def test_elements_of_mathml_that_few_write(math, written):
    assert tex(math) == written


def test_a_number_of_word_behind_a_formula_is_its_tag():
    number = Omml("d", [Omml("e", [Omml("r", [Omml("t", text="3")])])])
    line = Omml("e", [Omml("r", [Omml("t", text="y=x#")]), number])
    assert omml_tex(Omml("oMath", [Omml("eqArr", [line])])) == r"y=x \tag{3}"


def test_nothing_in_a_formula_is_a_mark():
    head = "# OpenLLM Talk 201\n\n【编号】：201\n\n【时间】：2024-03-02 20:00\n\n## Free Talk\n\n"
    note = Source("201.md", head + "Q1：甲？\n\nA：见下。\n\n$$\na:=b\n$$\n\n$$\n问：x\n$$\n")
    (question,) = parse_note(note)[0].questions
    (answer,) = question.answers
    assert "a:=b" in answer.text
    for opened, closed in ((r"\begin{align}", r"\end{align}"), (r"\[", r"\]")):
        talk, _ = parse_note(Source("201.md", f"{head}Q1：甲？\n\nA：见下。\n\n{opened}\nQ: x\n{closed}\n"))
        assert len(talk.questions) == 1
    collection = tell_kind(Source("a.md", "## 甲是什么？\n\n$$\na:=b\n$$\n\n## 乙是什么？\n\n丙\n"))
    assert [len(each.answers) for each in collection.questions] == [1, 1]
    assert "a:=b" in collection.questions[0].answers[0].text


def test_code_of_an_item_hides_marks():
    text = "- Q: 甲吗？\n  - A: 看：\n\n    ```\n    Q: 假的？\n    ```\n\n- Q: 乙吗？\n  - A: 是。\n"
    assert [question.title for question in tell_kind(Source("a.md", text)).questions] == ["甲吗？", "乙吗？"]


def test_a_table_that_asks_is_read_in_a_talk_too():
    head = "# OpenLLM Talk 201\n\n【编号】：201\n\n【时间】：2024-03-02 20:00\n\n## Free Talk\n\n"
    talk, _ = parse_note(Source("201.md", head + "| 问题 | 回答 |\n|---|---|\n| 甲？ | 乙。—小唐 |\n| 丙？ | |\n"))
    assert [(q.title, [(a.text, a.author) for a in q.answers]) for q in talk.questions] == [
        ("甲？", [("乙。", "小唐")]),
        ("丙？", []),
    ]
    assert "| 问题 | 回答 |" in talk.sections[-1].blocks[0].text


def test_an_answer_that_begins_in_bold_stays_bold():
    assert say_mark("A：**省显存**，也快").text == "**省显存**，也快"
    assert say_mark("**A：**省显存").text == "省显存"
    assert say_mark("**A：省显存**，也快").text == "省显存，也快"
    assert ask_mark("Q1：**为什么**这样？").text == "**为什么**这样？"


@pytest.mark.parametrize(
    ("count", "number"), [("一", "1"), ("十", "10"), ("十二", "12"), ("二十", "20"), ("二十一", "21")]
)
def test_marks_may_count_in_chinese(count, number):
    assert ask_mark(f"问题{count}：怎样续训").number == number
    assert say_mark(f"**回答{count}：**从头").number == number
    assert ask_mark(f"问题{count}直困扰着我们") is None


def test_the_last_item_of_a_list_is_no_signature():
    assert split_attribution("两点：\n\n- 点甲\n- 点乙") == ("两点：\n\n- 点甲\n- 点乙", "")
    assert split_attribution("两点：\n\n- 阿木", {"阿木"}) == ("两点：", "阿木")
    assert split_attribution("好。\n-阿木") == ("好。", "阿木")


# --- the web


def web(body):
    return to_markdown(f"<body>{body}")


def test_lists_of_word_are_lists():
    bullet = "<span style='font-family:{}'><span style='mso-list:Ignore'>{}</span></span>"
    item = "<p style='mso-list:l0 level{} lfo1'>" + bullet + "{}</p>"
    shown = web(
        item.format(1, "Symbol", "·", "甲")
        + item.format(2, "Courier New", "o", "乙")
        + item.format(1, "Symbol", "·", "丙")
    )
    assert shown.text == "- 甲\n  - 乙\n- 丙"
    assert web(item.format(1, "SimSun", "1.", "甲")).text == "1.甲"


def test_a_list_of_yuque_that_only_holds_a_list_belongs_to_the_item_above():
    shown = web("<ul><li>一层</li></ul><ul class='ne-list-wrap'><ul><li>二层</li></ul></ul><ul><li>又一层</li></ul>")
    assert shown.text.replace("\n\n", "\n") == "- 一层\n  - 二层\n- 又一层"


def test_pictures_of_amp_are_pictures():
    assert (
        web('<amp-img src="https://example.org/a.jpg" alt="图"></amp-img>').text == "![图](https://example.org/a.jpg)"
    )


def test_formulas_of_mathjax_are_read_where_its_scripts_are_gone():
    math = "&lt;math&gt;&lt;mfrac&gt;&lt;mi&gt;a&lt;/mi&gt;&lt;mi&gt;b&lt;/mi&gt;&lt;/mfrac&gt;&lt;/math&gt;"
    drawn = f'<span class="MathJax" data-mathml="{math}"><nobr aria-hidden="true">ab</nobr></span>'
    assert web(f"<p>甲{drawn}乙</p>").text == r"甲$\frac{a}{b}$乙"
    assert web(f'<div class="MathJax_Display">{drawn}</div>').text == "$$\n\\frac{a}{b}\n$$"


def test_notes_of_zhihu_keep_what_they_say():
    mark = '<sup data-text="某文" data-url="https://example.org/a" data-numero="1">[1]</sup>'
    assert web(f"<p>甲{mark}。</p>").text == "甲[^1]。\n\n[^1]: 某文 https://example.org/a"


def test_what_is_only_read_aloud_and_prompts_of_cells_are_left_out_and_said():
    shown = web('<h2 class="sr-only">Footnotes</h2><div class="jp-InputPrompt">In [1]:</div><p>甲</p>')
    assert shown.text == "甲"
    assert len(shown.reasons) == 2
    assert web('<p><input type="checkbox" checked> 做完</p>').text == "[x] 做完"


def test_a_page_with_one_broken_character_is_read_as_it_says_and_the_character_told():
    page = '<meta charset="utf-8"><p>很多字都是好的，只有一个坏了：'.encode() + b"\xfc</p>"
    converted = convert_content(page, ".html", FoundPictures())
    assert "很多字都是好的" in converted.text
    assert converted.faults == ["1 characters are not in the encoding that the page names (utf-8)"]
