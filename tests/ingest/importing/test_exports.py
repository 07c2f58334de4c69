"""What programs export, by kind: each in the smallest document that has it."""

import pytest

from ingest.importing.addresses import drawn_formula, real_address
from ingest.importing.convert import convert_content
from ingest.importing.document import as_talk, tell_kind
from ingest.importing.html import FoundPictures
from ingest.model import Source
from ingest.notes.write import format_note
from tests.ingest.importing.test_kinds import web, word
from tests.ingest.importing.word import paragraph

TALK = "# OpenLLM Talk 301\n\n【编号】：301\n\n## Free Talk\n\n"


def read(text):
    made = convert_content(text.encode(), ".md", FoundPictures())
    assert made.census.missing == 0
    return made


# --- Word and LibreOffice


def test_headings_of_libreoffice_have_no_number_where_their_list_has_none():
    def levels(form, text):
        return f'<w:lvl w:ilvl="0"><w:numFmt w:val="{form}"/><w:lvlText w:val="{text}"/></w:lvl>'

    kinds = (("none", ""), ("none", "注："), ("bullet", "•"), ("none", "%1"))
    numbering = "".join(
        f'<w:abstractNum w:abstractNumId="{at}">{levels(*kind)}</w:abstractNum>'
        f'<w:num w:numId="{at + 1}"><w:abstractNumId w:val="{at}"/></w:num>'
        for at, kind in enumerate(kinds)
    )

    def listed(text, which, more=""):
        return paragraph(text, properties=f'{more}<w:numPr><w:ilvl w:val="0"/><w:numId w:val="{which}"/></w:numPr>')

    heading = '<w:pStyle w:val="1"/>'
    body = listed("节", 1, heading) + listed("点", 3, heading) + listed("平", 1) + listed("话", 2) + listed("常", 4)
    text = word(body, numbering=numbering).text
    assert text.endswith("## 节\n\n## 点\n\n平\n\n注：话\n\n常\n")


# --- pages


def test_letters_look_as_the_style_sheet_says_by_class():
    sheet = ".c1{font-weight:700}.c2,span.c3 { color:red; vertical-align:super }p.c4{font-weight:700}"
    body = '<p class="c4"><span class="c1 x">要紧</span><span>，10</span><span class="c3">5</span> 个</p>'
    assert web(f"<style>{sheet}</style>{body}") == "**要紧**，$10^5$ 个"


@pytest.mark.parametrize(
    ("address", "real"),
    [
        ("https://www.google.com/url?q=https://a.example/b%23c&sa=D&ust=1", "https://a.example/b#c"),
        ("https://link.zhihu.com/?target=https%3A//a.example/b", "https://a.example/b"),
        ("https://link.juejin.cn?target=https%3A%2F%2Fa.example", "https://a.example"),
        ("https://link.zhihu.com/?target=javascript%3Aalert(1)", None),
        ("https://a.example/?url=https://b.example", None),
    ],
)
def test_links_lead_where_they_lead_in_the_end(address, real):
    assert real_address(address) == (real or address)
    if real:
        assert web(f'<a href="{address}">甲</a>') == read(f"[甲]({address})").text.strip() == f"[甲]({real})"


@pytest.mark.parametrize(
    ("address", "tex"),
    [
        ("https://www.zhihu.com/equation?tex=a%5E2+%2B+b&preview=true", "a^2 + b"),
        ("//www.zhihu.com/equation?tex=f(x)", "f(x)"),
        ("https://latex.codecogs.com/svg.latex?%5Clarge%20a+b", "a+b"),
        ("https://math.jianshu.com/math?formula=x_i", "x_i"),
        ("https://www.zhihu.com/equation?x=1", ""),
        ("https://a.example/tex.png", ""),
    ],
)
def test_a_picture_of_a_formula_is_the_formula(address, tex):
    assert drawn_formula(address) == tex
    if tex:
        assert web(f'<p>设 <img src="{address}"> 。</p>') == f"设 ${tex}$ 。"
        assert read(f"设 ![[公式]]({address}) 。\n\n![]({address})").text == f"设 ${tex}$ 。\n\n$${tex}$$\n"


def test_boxes_to_tick_stand_one_blank_before_their_words():
    notion = '<li><div class="checkbox checkbox-on"></div> <span>甲</span></li>'
    assert web(f'<ul>{notion}<li><input type="checkbox"/>  乙</li></ul>') == "- [x] 甲\n- [ ] 乙"


# --- Markdown


def test_marks_stand_beside_chinese():
    assert read("有了==新变种==的").text == "有了**新变种**的\n"
    assert read("`a==b==c` 与 a==b==c").text == "`a==b==c` 与 a==b==c\n"


def test_a_box_that_asks_is_no_quotation_in_a_talk():
    text = read(f"{TALK}> [!question]- Q1：甲？\n> A1：乙。\n> - 丙\n\n> [!note] 记住\n> 丁\n").text
    assert text.endswith("**Q1：甲？**\nA1：乙。\n- 丙\n\n> **记住**\n> 丁\n")


def test_what_follows_a_tag_on_its_line_is_a_line_of_its_own():
    made = read("<details><summary>Q1：甲？</summary><p>A1：乙。</p><p>丙</p></details>\n\n用 `<p>a</p>b` 写")
    assert made.text == "**Q1：甲？**\n\nA1：乙。\n\n丙\n\n\n\n用 `<p>a</p>b` 写\n"


def test_style_sheets_and_pictures_that_only_wait_go():
    svg = "data:image/svg+xml;utf8,<svg xmlns='http://www.w3.org/2000/svg' width='1'>{}</svg>"
    made = read(
        f"甲\n<style scoped>\n  td {{ color: red }}\n</style>\n![]({svg.format('')})乙\n\n![丙]({svg.format('<g/>')})"
    )
    assert made.text.split() == ["甲", "乙", "丙"]
    assert made.told == ["a drawing (svg)"]


def test_an_outline_of_logseq_is_a_collection():
    text = """title:: 问答
tags:: rope

- ## 组
\t- Q: 甲为什么？
\t  id:: 64aa-1
\t\t- A: 子
\t\t  还有
\t\t\t- 细
\t\t\t\t- 更细
\t\t- ![图](https://a.example/b.png){:height 2, :width 3}
- ## 又一组
\t- TODO Q: 乙呢？
\t\t- A: 丑{{cloze 寅}}
\t\t  ```python
\t\t  if a:
\t\t      b = "id:: x"
\t\t  ```
\t\t  #+BEGIN_QUOTE
\t\t  引文
\t\t  #+END_QUOTE
\t- DONE [#A] 卯
\t- ((64aa-1))
"""
    made = read(text)
    told = tell_kind(Source("x.md", made.text))
    said = [(question.title, question.answers[0].text) for question in told.questions]
    picture = "![图](https://a.example/b.png)"
    assert said[0] == ("甲为什么？", f"子\n\n还有\n- 细\n  - 更细\n- {picture}")
    assert said[1] == ("乙呢？", '丑寅\n\n```python\nif a:\n    b = "id:: x"\n```\n引文\n- [x] 卯')
    assert [block.text for block in told.unplaced] == ["# 问答", "## 组", "## 又一组"]
    assert made.told == ["a property: 'tags:: rope'", "what another page shows: '((64aa-1))'"]
    assert read("- TODO Q: 甲？\n").text == "- TODO Q: 甲？\n"  # of no Logseq


# --- notes


@pytest.mark.parametrize(
    ("asked", "title"),
    [("1. **甲为什么？**", "甲为什么？"), ("**1. 甲为什么？**", "甲为什么？"), ("1. **甲**为什么？", "**甲**为什么？")],
)
def test_a_numbered_question_has_no_half_of_a_mark(asked, title):
    _, talk, _, _ = format_note(Source("301.md", f"{TALK}{asked}\n\n答：乙。\n"))
    assert [question.title for question in talk.questions] == [title]


def test_a_signature_inside_of_an_answer_stands_there_once():
    text, talk, _, _ = format_note(as_talk(Source("301.md", f"{TALK}Q1：甲？\n\nA1：乙。—阿木\n\n- 丙\n- 丁\n")))
    assert talk.questions[0].answers[0].author == "阿木"
    assert text.count("阿木") == 1


def test_tags_of_feishu_are_what_they_show():
    text = (
        '<callout emoji="bulb">\n停一次\n</callout>\n\n<text color="red">要紧</text>的<equation>E=mc^2</equation>\n\n'
        '<grid cols="2">\n<column width="50">\n\n左\n\n</column>\n</grid>\n\n<image token="box1" width="8"/>'
        '<sheet token="sht2"></sheet>\n\n<lark-table rows="1">\n<lark-tr><lark-td>\n甲\n</lark-td><lark-td>乙</lark-td>'
        "</lark-tr>\n</lark-table>\n"
    )
    made = read(text)
    assert made.text.split() == "停一次 要紧的$E=mc^2$ 左 | 甲 | 乙 | | --- | --- |".split()
    assert made.told == ["a picture (box1)", "an embedded sheet (sht2)"]
    assert read("HTML 里有 <text> 与 <column> 两个标签").text == "HTML 里有 <text> 与 <column> 两个标签\n"


def test_items_that_logseq_counts_are_numbered():
    counted = "\n\t  logseq.order-list-type:: number\n"
    text = f"title:: 甲\n\n- ## 乙\n\t- 一{counted}\t- 二{counted}\t\t- 点\n\t- 三{counted}"
    assert read(text).text.endswith("1. 一\n2. 二\n  - 点\n3. 三\n")


def test_a_title_that_scrolls_along_stands_once():
    page = "<h1>甲为什么？</h1><div><h1> 甲为什么？</h1></div><p>乙</p><h2>丙</h2><p>丁</p><h2>丙</h2>"
    made = convert_content(page.encode(), ".html", FoundPictures())
    assert made.text == "# 甲为什么？\n\n乙\n\n## 丙\n\n丁\n\n## 丙\n"
    assert made.census.missing == 0


def test_what_an_answer_of_an_item_holds_is_set_in_no_more():
    text = (
        "- Q：甲？\n    - A：乙\n        - 丙\n        \n        ```python\n        if a:\n            b\n        ```\n"
    )
    told = tell_kind(Source("x.md", f"{text}- Q：丁？\n\nA：戊：\n\n    x = 1\n"))
    first, second = (question.answers[0].text for question in told.questions)
    assert first == "乙\n- 丙\n\n```python\nif a:\n    b\n```"
    assert second == "戊：\n\n    x = 1"


def test_tags_behind_a_heading_are_no_part_of_it():
    made = read("## 甲为什么？ #位置/编码 #b2\n\n乙 #c\n\n## C# 与 F #\n\n## 见 #12\n")
    assert made.text == "## 甲为什么？\n\n乙 #c\n\n## C# 与 F #\n\n## 见 #12\n"
