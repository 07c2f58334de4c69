"""The kinds of fault that documents bring, each in the smallest document that has it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.cli import main
from ingest.importing.census import take
from ingest.importing.convert import convert_content
from ingest.importing.decode import CannotConvert
from ingest.importing.document import tell_kind
from ingest.importing.escape import escape
from ingest.importing.footnotes import notes_at_end, notes_in_place
from ingest.importing.html import FoundPictures, to_markdown
from ingest.importing.mathematics import Math, tex
from ingest.importing.omml import Omml, omml_tex
from ingest.importing.radicals import mend_radicals
from ingest.importing.sandbox import Limits, convert_within
from ingest.marks import ask_mark, asks, say_mark
from ingest.model import Source
from ingest.notes.parse import parse_note
from ingest.plain import plain, without_comments
from ingest.safe_html import to_html
from tests.ingest.importing.document_checks import check_total
from tests.ingest.importing.word import make_docx, paragraph


def word(body, **more):
    return convert_content(make_docx(body, **more), ".docx", FoundPictures())


def web(body):
    return to_markdown(f"<body>{body}").text


# --- census


def test_census_finds_what_is_missing_wherever_the_rest_stands():
    assert take(["甲乙丙", "丁戊"], [], "丁戊 甲乙丙").missing == 0
    assert take(["用 LoRA 微调", "降到 8"], [], "用微调，降到 8").missing == 4
    assert take(["甲", "甲"], [], "甲").missing == 1  # once more than it is there
    assert take(["甲", "批注"], ["批注"], "甲").missing == 0  # left out on purpose
    assert take(["⻓度"], [], "长度").missing == 0


@given(st.lists(st.text(alphabet="甲乙丙丁a1 ，", max_size=6), max_size=8), st.integers(0, 7))
def test_census_counts_every_letter_of_a_piece_that_is_gone(pieces, gone):
    kept = [piece for at, piece in enumerate(pieces) if at != gone]
    census = take(pieces, [], "\n".join(kept))
    lost = sum(map(str.isalnum, pieces[gone])) if gone < len(pieces) else 0
    assert census.missing <= lost
    assert take(pieces, [], "\n".join(pieces)).missing == 0
    assert take(pieces, [], "").missing == census.letters


def test_share_of_what_is_missing_is_said(tmp_path, capsys):
    path = tmp_path / "101.docx"
    unknown = "<w:r><w:del><w:t>x</w:t></w:del></w:r><w:r><w:pict><w:t>丢失</w:t></w:pict></w:r>"
    path.write_bytes(make_docx(paragraph("文字", unknown)))
    assert main(["parse", str(path)]) == 1
    printed = capsys.readouterr()
    shown = json.loads(printed.out)["census"]
    assert (shown["missing"], shown["share"] > 0) == (2, True)
    assert "2 of" in printed.err and "letters missing" in printed.err


# --- mathematics


def node(name, *children, text="", **said):
    return Omml(name, children, text, said)


def run(text):
    return node("r", node("t", text=text))


def mi(text):
    return Math("mi", text=text)


@pytest.mark.parametrize(
    ("omml", "shown"),
    [
        (node("oMath", node("sSup", node("e", run("10")), node("sup", run("5")))), "10^5"),
        (node("oMath", node("f", node("num", run("a")), node("den", run("b")))), r"\frac{a}{b}"),
        (node("oMath", node("rad", node("deg", run("3")), node("e", run("x")))), r"\sqrt[3]{x}"),
        (
            node(
                "oMath",
                node(
                    "nary",
                    node("naryPr", node("chr", val="∑")),
                    node("sub", run("i=1")),
                    node("sup", run("n")),
                    node("e", run("x")),
                ),
            ),
            r"\sum_{i=1}^nx",
        ),
        (
            node(
                "oMath",
                node("d", node("m", node("mr", node("e", run("a")), node("e", run("b"))))),
                node("zz", run("c")),
            ),
            None,
        ),
        (node("oMath", node("acc", node("e", run("x")))), r"\hat{x}"),
        (node("oMath", node("func", node("fName", run("log")), node("e", run("x")))), r"\log x"),
        (node("oMath", run("若"), run("x_i")), r"\text{若}x\_i"),
    ],
)
def test_formula_of_word_is_tex(omml, shown):
    made = omml_tex(omml)
    assert shown is None or made == shown
    assert made.count("{") == made.count("}")


def test_formula_of_the_web_is_tex():
    row = [Math("mtr", [Math("mtd", [mi("a")]), Math("mtd", [mi("b")])])] * 2
    table = Math("mfenced", [Math("mtable", row)], attributes={"open": "[", "close": "]"})
    assert tex(table) == r"\left[ \begin{matrix} a & b \\ a & b \end{matrix} \right]"
    assert tex(Math("munder", [mi("lim"), Math("mrow", [mi("x"), Math("mo", text="→"), mi("0")])])) == r"\lim_{x→0}"
    assert tex(Math("msub", [mi("softmax"), mi("i")])) == r"\mathrm{softmax}_i"


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("10<sup>5</sup> 与 H<sub>2</sub>O", "$10^5$ 与 $H_2$O"),
        ("x<sub>i</sub><sup>2</sup>", "$x_i^2$"),
        ("第 1<sup>st</sup> 版，见<sup>[3]</sup>", "第 1st 版，见[3]"),
        ('<span data-tex="a_1">a</span>', "$a_1$"),
        ('<img class="math" alt="x^2" src="https://www.zhihu.com/equation?tex=x%5E2%2By">', "$x^2+y$"),
        ('<span class="katex"><math><annotation encoding="application/x-tex">W_0</annotation></math></span>', "$W_0$"),
        ('<script type="math/tex; mode=display">E=mc^2</script>', "$$\nE=mc^2\n$$"),
        ("<math><mi>x</mi><mo>&lt;</mo><mn>3</mn></math>", "$x<3$"),
    ],
)
def test_formula_of_a_page_stands_once_between_dollars(html, text):
    assert web(f"<p>{html}</p>") == text


@pytest.mark.parametrize("text", ["前文\n$$\nx^2\n$$\n后文", "\\[x^2\\]", "前 \\[x^2\\] 后", "前 $$x^2$$ 后"])
def test_display_formula_is_one_on_the_page(text):
    assert to_html(text).count(r"\[x^2\]") == 1


def test_formula_in_brackets_is_one_and_escaped_brackets_are_none():
    assert to_html(r"前 \(x_1\) 后") == r'<p>前 <span class="arithmatex">\(x_1\)</span> 后</p>'
    assert to_html(r"1\. \[方括号\] \(x\_y") == "<p>1. [方括号] (x_y</p>"


# --- escaping


@pytest.mark.parametrize(
    "text",
    [
        "__init__ 与 **kwargs、*args",
        "# 注释",
        "2*3*4",
        r"C:\_x_\n",
        "a < b <div> <br>",
        "`x` 与 $5、$6",
        "甲_乙_丙",
        "~~~~",
        "*",
    ],
)
def test_text_of_a_document_stands_on_the_page_as_it_was(text):
    import html
    import re

    shown = html.unescape(re.sub(r"<[^<>]+>", "", to_html(plain(escape(text)))))
    assert shown.replace("`", "") == text.replace("`", "")
    assert parse_note(Source("101.md", escape(text)))[0].title in ("OpenLLM Talk 101", "")


@pytest.mark.parametrize(
    "text", ["**粗体**：好", "这是**粗体**的话", "`x_1`", "$a_1$", "[甲](https://example.org/a_b)", "*x*"]
)
def test_markdown_that_was_typed_on_purpose_stays(text):
    assert escape(text) == text


@given(st.text(alphabet="甲a1 *_`$\\#<>[]()~&;.", max_size=30))
def test_escaping_costs_no_letter(text):
    assert [char for char in escape(text) if char.isalnum()] == [char for char in text if char.isalnum()]


def test_links_keep_their_blanks_and_brackets():
    assert web('<a href="https://example.org/(甲) 乙">丙 [丁]</a>') == r"[丙 \[丁\]](https://example.org/%28甲%29%20乙)"
    assert "](https://example.org/a)" not in web('<a href="javascript:alert(1)">坏</a>')


# --- structure


def test_lists_of_word_count_as_word_does():
    numbering = (
        '<w:abstractNum w:abstractNumId="0">'
        '<w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="chineseCounting"/><w:lvlText w:val="（%1）"/></w:lvl>'
        '<w:lvl w:ilvl="1"><w:numFmt w:val="lowerRoman"/><w:lvlText w:val="%2)"/></w:lvl></w:abstractNum>'
        '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>'
        '<w:num w:numId="2"><w:abstractNumId w:val="0"/>'
        '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="7"/></w:lvlOverride></w:num>'
    )

    def item(text, level=0, which=1):
        return paragraph(text, properties=f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{which}"/></w:numPr>')

    text = word(item("甲") + item("子", 1) + item("乙") + paragraph("话") + item("丙", 0, 2), numbering=numbering).text
    shown = [line.strip() for line in text.split("\n") if line][-5:]
    assert shown == ["（一）甲", "- i) 子", "（二）乙", "话", "（七）丙"]


def test_hidden_text_is_told_and_not_published():
    hidden = "<w:r><w:rPr><w:vanish/></w:rPr><w:t>底价</w:t></w:r>"
    converted = word(paragraph("文字", hidden))
    assert "底价" not in converted.text
    assert converted.told == ["hidden text: '底价'"]
    assert converted.census.missing == 0


def test_footnotes_go_to_the_end_of_a_note_and_to_their_place_in_a_collection():
    text = "甲[^1]乙\n\nA1：丙\n\n[^1]: 子\n    丑\n"
    assert notes_at_end(text) == "甲[注 1]乙\n\nA1：丙\n\n## 注\n\n- [注 1] 子 丑\n"
    assert notes_in_place(text) == "甲（注：子 丑）乙\n\nA1：丙\n"
    assert notes_at_end("没有 [^9]\n") == "没有 [^9]\n"


def test_footnote_is_in_no_answer_of_a_note_written_by_hand():
    talk, _ = parse_note(Source("101.md", "【编号】：101\n\n## Free Talk\n\nQ1：甲？\n\nA1：乙[^1]\n\n[^1]: 丙\n"))
    assert [answer.text for answer in talk.questions[0].answers] == ["乙[^1]"]
    assert (talk.sections[-1].title, talk.sections[-1].blocks[0].text) == ("注", "[^1]: 丙")


def test_cells_keep_their_columns():
    table = "<table><tr><td rowspan=2>甲</td><td>1</td></tr><tr><td>2</td></tr><tr><td colspan=2>丙</td></tr></table>"
    assert web(table) == "| 甲 | 1 |\n| --- | --- |\n|  | 2 |\n| 丙 |  |"


def test_code_in_a_cell_goes_below_and_a_table_of_one_cell_is_none():
    table = "<table><tr><th>名</th><th>码</th></tr><tr><td>甲</td><td><pre>x = 1\ny = 2</pre></td></tr></table>"
    assert "| 甲 | （见表下 1） |" in web(table)
    assert "```\nx = 1\ny = 2\n```" in web(table)
    assert web("<table><tr><td><pre>x\n  y</pre></td></tr></table>") == "```\nx\n  y\n```"


@pytest.mark.parametrize(
    "pre",
    [
        "<pre><code>x</code><code>  y</code></pre>",
        "<pre>x<br>  y</pre>",
        "<pre><ol><li>x</li><li>  y</li></ol></pre>",
        "<table><tr><td class=gutter><pre>1\n2</pre></td><td class=code><pre>x\n  y</pre></td></tr></table>",
    ],
)
def test_code_keeps_its_lines_whatever_they_are_made_of(pre):
    assert web(pre) == "```\nx\n  y\n```"


def test_radicals_are_the_letters_they_stand_for():
    assert mend_radicals("⻓⻔⻚⻅⻆⻋⻢⻛⻜⻥⻉⼤") == "长门页见角车马风飞鱼贝大"


# --- pictures and Markdown of other programs


def test_pictures_beside_a_document_are_carried_and_none_from_elsewhere(tmp_path):
    files = {"a b.png": b"\x89PNG\r\n\x1a\n"}
    pictures = FoundPictures(files.get)
    text = (
        "![甲](a%20b.png) ![乙](../x.png) ![丙](/etc/p.png) ![丁](no.png) ![[a b.png|300]] ![戊][r]\n\n[r]: a%20b.png\n"
    )
    converted = convert_content(text.encode(), ".md", pictures)
    assert converted.text.count("](import-pictures/") == 3
    assert converted.left_out == [
        "a picture (../x.png)",
        "a picture (/etc/p.png)",
        "a picture (no.png)",
    ]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("# 甲 <!-- 乙\n\n丙\n\n丁 --> 戊", "# 甲 <!-- 乙\n\n丙\n\n丁 --> 戊"),
        ("甲 <!-- 乙\n丙 --> 丁", "甲 \n 丁"),
        ("<!-- 甲\n\n乙 -->\n丙", "\n\n\n丙"),
        ("<!-->\n<!--->甲", "\n甲"),  # each is one; the end that was looked for behind them ended the check
        ("%%%\n\n甲", "%%%\n\n甲"),
    ],
)
def test_comment_within_a_line_ends_in_its_paragraph(text, kept):
    assert without_comments(text)[0] == kept


def test_comments_of_markdown_are_on_no_page_and_code_keeps_its_own():
    text = "甲 <!-- 私下 --> 乙 %% 私下 %%\n\n```\n<!-- 代码 -->\n```\n`<!-- 行 -->`\n"
    assert "私下" not in plain(text) and "代码" in plain(text) and "行" in plain(text)
    assert plain(text).count("\n") == text.count("\n")
    question = f"# 为什么？\n\n{text}"
    assert "私下" not in str(parse_note(Source("101.md", question)))


@given(st.text(alphabet='甲<>!-%=#*{}a/ \n`br="p', max_size=60))
def test_plain_keeps_lines_and_is_as_plain_the_second_time(text):
    once = plain(text)
    assert once.count("\n") == text.count("\n")
    assert plain(once).count("\n") == text.count("\n")


# --- marks and kinds


@pytest.mark.parametrize(
    ("line", "number", "text"),
    [
        ("- Q1：甲？", "1", "甲？"), ("**问题1：** 甲？", "1", "甲？"), ("Q2. 甲？", "2", "甲？"), ("问：甲", "", "甲"),
        ("### ❓ Q5：甲？", "5", "甲？"), ("> Q3：甲？", "3", "甲？"), ("**Q1：甲？**（乙）", "1", "甲？（乙）"),
        ("## 📌 Q22: a", "22", "a"),
    ],
)  # fmt: skip
def test_mark_of_a_question_is_read(line, number, text):
    mark = ask_mark(line)
    assert (mark.number, mark.text) == (number, text)


@pytest.mark.parametrize("line", ["A100 很快", "AWB/BT: 好", "Q2_K 量化", "Answers vary", "问题不大", "A. 甲"])
def test_what_only_looks_like_a_mark_is_none(line):
    assert ask_mark(line) is None
    assert not (say_mark(line) and say_mark(line).plain)


def test_item_of_a_list_is_a_question_by_what_it_says():
    head = "【编号】：101\n\n## Free Talk\n\n"
    items = (
        "1. 多轮对话怎么做\n\n先压缩。\n\n2. 数据少就微调对话模型；数据多就微调基座。\n\n"
        "3. https://example.org/a\n\n4. 数学能力：从数据做起\n\n5. 大家对长度外推怎么看\n\n5. 还要多久？\n"
    )
    talk, _ = parse_note(Source("101.md", head + items))
    assert [q.title for q in talk.questions] == [
        "多轮对话怎么做",
        "数学能力：从数据做起",
        "大家对长度外推怎么看",
        "还要多久？",
    ]
    assert [q.id for q in talk.questions] == ["talk-101-q1", "talk-101-q4", "talk-101-q5", "talk-101-q5-2"]
    assert talk.questions[0].answers[0].text == "先压缩。"


def test_text_under_free_talk_without_a_question_is_told():
    _, problems = parse_note(Source("101.md", "【编号】：101\n\n## Free Talk\n\n- 有人想知道秩该怎么取\n"))
    assert [problem.code for problem in problems if problem.code == "N006"] == ["N006"]


@pytest.mark.parametrize(
    ("text", "kind", "questions"),
    [
        ("# OpenLLM Talk 101\n\n## 本周新闻\n", "talk", 0),
        ("# 面试\n\n## 什么是甲？\n\n子\n\n## 乙怎么做？\n\n丑\n", "questions", 2),
        ("# 为什么要归一化？\n\n## 背景\n\n子\n\n## 做法\n\n丑\n", "article", 1),
        ("# 混合专家\n\n## 背景\n\n子\n", "article", 0),
    ],
)
def test_kind_of_a_text_is_told(text, kind, questions):
    told = tell_kind(Source("a.md", text))
    assert (told.name, len(told.questions), bool(told.reason)) == (kind, questions, True)


def test_article_without_a_question_is_refused_with_a_reason(project, capsys):
    path = project / "moe.md"
    path.write_text("# 混合专家\n\n## 背景\n\n子\n", "utf-8")
    assert main(["import", str(path), "--talks", str(project / "talks")]) == 1
    assert "moe.md:1:1: Q006" in capsys.readouterr().err
    assert main(["import", str(path), "--talks", str(project / "talks"), "--as", "article"]) == 0


@pytest.mark.parametrize("name", ["2024年3月2日 纪要.txt", "导出_v2.txt", "讨论20240302.txt", "1.MoE.md"])
def test_number_is_never_taken_from_a_date_or_a_version(project, capsys, name):
    path = project / name
    path.write_text("## 本周新闻\n\n甲\n\n## 本周推荐\n\n## Free Talk\n", "utf-8")
    before = sorted((project / "talks/notes").iterdir())
    assert main(["import", str(path), "--talks", str(project / "talks"), "--force"]) == 1
    assert sorted((project / "talks/notes").iterdir()) == before
    assert "--force" not in capsys.readouterr().err


def test_force_removes_the_pictures_of_the_earlier_import(project, capsys):
    path = project / "t.md"
    (project / "p.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    head = "【编号】：777\n\n## 本周新闻\n\n"
    path.write_text(f"{head}![甲](p.png)\n", "utf-8")
    main(["import", str(path), "--talks", str(project / "talks")])
    assert (project / "talks/notes/777/1.png").exists()
    path.write_text(head, "utf-8")
    main(["import", str(path), "--talks", str(project / "talks"), "--force"])
    assert list((project / "talks/notes/777").iterdir()) == []


# --- budget


def test_document_that_takes_too_long_or_too_much_is_refused(tmp_path):
    path = tmp_path / "a.html"
    path.write_text("<p>甲" * 300_000, "utf-8")
    with pytest.raises(CannotConvert, match=r"more than 0\.5 seconds"):
        convert_within(path, Limits(seconds=0.5))
    with pytest.raises(CannotConvert, match=r"more than 60 MB|ended with status"):
        convert_within(path, Limits(memory=60_000_000))
    with pytest.raises(OSError, match="No such file"):
        convert_within(tmp_path / "none.html")


@given(st.binary(min_size=1, max_size=200))
def test_any_bytes_are_a_document_or_a_clear_refusal(content):
    check_total(content)


def test_words_that_ask():
    assert all(map(asks, ["怎么做", "有没有更好的", "A 还是 B？", "why not"]))
    assert not any(map(asks, ["已经开源", "某文 - 知乎", "https://example.org/?a=1"]))
