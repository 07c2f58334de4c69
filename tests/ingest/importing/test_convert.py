"""Documents to notes: small ones made here with the faults of real ones, and the real ones where they are."""

import base64
import builtins
import io
import json
import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.cli import main
from ingest.importing.convert import convert
from ingest.importing.decode import CannotConvert, decode
from ingest.importing.html import PICTURES, to_markdown
from ingest.importing.tidy import tidy
from ingest.notes.write import lost
from tests.ingest.conftest import NOTE

SHARED = Path(__file__).parents[4] / "shared" / "inputs" / "talks"
# One grey dot.
PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==")
LONG = "这一行在导出的时候被排版程序从正中间断成了两行，读起来却还是同一句话"


def document(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def markdown(tmp_path, name, content):
    return convert(document(tmp_path, name, content)).text


# --- encodings


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "gbk", "gb18030"]
)
def test_text_is_read_in_whatever_encoding_can_be_told(tmp_path, encoding):
    assert markdown(tmp_path, "101.txt", NOTE.encode(encoding)) == NOTE


@pytest.mark.parametrize(("encoding", "text"), [("big5", "這個問題在討論區裡已經有人問過了，請先看過去的記錄。" * 4)])
def test_other_encodings_are_detected(encoding, text):
    assert decode(text.encode(encoding))[0] == text


def test_line_ends_of_every_system_are_one(tmp_path):
    for end in ("\r\n", "\r"):
        assert markdown(tmp_path, "101.md", NOTE.replace("\n", end)) == NOTE


@pytest.mark.parametrize("content", [b"\xff\xfe\x00\xd8\x00", b"\xff\xfe\x00\x00\x00\x00\x11\x00"])
def test_bytes_that_belie_their_mark_are_said_to(content):
    with pytest.raises(CannotConvert, match="does not fit"):
        decode(content)


@pytest.mark.parametrize("name", ["101.md", "101.txt", "101.html"])
@pytest.mark.parametrize("content", [b"", b" \n\n"])
def test_empty_document_is_an_empty_text(tmp_path, name, content):
    assert markdown(tmp_path, name, content).strip() == ""


@given(st.binary())
def test_any_bytes_are_text_or_a_clear_refusal(content):
    try:
        text, encoding = decode(content)
    except CannotConvert as error:
        assert str(error)
    else:
        assert isinstance(text, str)
        assert encoding


# --- what exports leave in a text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("\uf06c 1.OpenAI 上新了", "- 1.OpenAI 上新了"),
        ("甲\uf0a7乙", "甲乙"),
        ("\f项目", "项目"),
        ("e\ufb03cient \ufb02ow", "efficient flow"),
        ("\u2f24模型", "大模型"),
        ("零\u200b宽\ufeff字\x02符", "零宽字符"),
        ("甲\u2028乙", "甲\n乙"),
        (LONG + "\n，就应当接起来。", LONG + "，就应当接起来。"),
        (LONG + "。\n下一句另起一行。", LONG + "。\n下一句另起一行。"),
        (LONG + "\n【编辑】：小河", LONG + "\n【编辑】：小河"),
        (LONG + "\nQ1：为什么", LONG + "\nQ1：为什么"),
        (LONG + "\n- 列表", LONG + "\n- 列表"),
        ("学术\n项目", "学术\n项目"),
        ("# " + LONG + "\n正文的第一行", "# " + LONG + "\n正文的第一行"),
        ("| " + LONG + " |\n正文", "| " + LONG + " |\n正文"),
        (f"```\n{LONG}\n第二行\n```", f"```\n{LONG}\n第二行\n```"),
        (
            "<u>https://example.org/r/LocalLLaMA/comments/14mrgpr/dynamically_scaled_further_increas</u>\n<u>es/</u>",
            "https://example.org/r/LocalLLaMA/comments/14mrgpr/dynamically_scaled_further_increases/",
        ),
        ("https://example.org/a\n第二行", "https://example.org/a\n第二行"),
        (
            f"https://example.org/{'a' * 60}\nhttps://example.org/b",
            f"https://example.org/{'a' * 60}\nhttps://example.org/b",
        ),
        (f"https://example.org/{'a' * 60}\nword", f"https://example.org/{'a' * 60}\nword"),
    ],
)
def test_text_is_tidied(before, after):
    assert tidy(before) == after + "\n"


@given(st.text(alphabet="甲乙，。 \n\f\r-#|>`:/.https\uf06c\ufb01\u200b1Q：", max_size=200))
def test_tidying_twice_changes_nothing_and_costs_no_letter(text):
    once = tidy(text)
    assert tidy(once) == once
    kept = re.sub("[\ue000-\uf8ff\u200b\\s]", "", text.replace("\ufb01", "fi"))
    assert not set(kept) - set(once)
    assert lost(text.replace("\ufb01", "fi").replace("\uf06c", "\n"), once) == ""


# --- .html

PAGE = """<!doctype html><html><head><title>窗口</title><script>alert(1)</script><style>p{}</style></head><body>
<!-- 不显示 --><h1 style="text-align: center;">OpenLLM Talk 101</h1><p>【编号】：101</p><h2>本周新闻</h2>
<ul><li><a href="https://example.org/a_b">一篇 *文章*</a>：好<ul><li>里面</li></ul></li></ul>
<p><a href="https://example.org/c">https://example.org/c</a></p><pre><code>x = "&lt;s&gt;"
if x:
    y_z</code></pre><table><tr><td>甲</td><td><p>乙</p><p>丙</p></td></tr><tr><td>1</td><td>a|b</td></tr></table>
<p><math><annotation encoding="application/x-tex">a^2</annotation></math></p><svg><text>图</text></svg>
<p><img alt="点" src="data:image/png;base64,%s"><img alt="坏" src="data:image/svg+xml,%3Csvg/%3E">
<img alt="网" src="https://example.org/p.png"><img alt="邻" src="../p.png"></p></body></html>""".replace(
    "%s", base64.b64encode(PNG).decode()
)


def test_html_becomes_markdown(tmp_path):
    converted = convert(document(tmp_path, "101.html", PAGE))
    lines = converted.text.split("\n")
    for line in (
        "# OpenLLM Talk 101", "【编号】：101", "## 本周新闻", "- [一篇 *文章*](https://example.org/a_b)：好",
        "  - 里面", "https://example.org/c", 'x = "<s>"', "    y_z", "| --- | --- |", "| 1 | a\\|b |", "$a^2$",
    ):  # fmt: skip
        assert line in lines, converted.text
    assert re.search(r"\| 甲 \| 乙\s+丙 *\|", converted.text)
    assert not re.search("alert|窗口|不显示|p{}", converted.text)
    assert converted.pictures == {"1.png": PNG}
    assert f"![点]({PICTURES}/1.png)" in converted.text
    assert "![网](https://example.org/p.png)" in converted.text
    assert "[图片：坏]" in converted.text
    assert len(converted.left_out) == 2


def test_html_is_read_in_the_encoding_it_declares_or_else_in_the_one_it_has(tmp_path):
    body = '<html><head><meta charset="{}"></head><body><p>【编号】：一百零一期的记录</p></body></html>'
    for declared, real in (("gbk", "gbk"), ("utf-8", "gbk"), ("nonsense", "utf-8"), ("big5", "utf-8-sig")):
        text = markdown(tmp_path, "101.html", body.format(declared).encode(real))
        assert text == "【编号】：一百零一期的记录\n"


def test_headings_go_below_the_title_where_a_page_has_several_of_the_first_level(tmp_path):
    text = markdown(tmp_path, "1.html", "<h1>题</h1><h1>本周推荐</h1><h2>学术</h2><h6>深</h6>")
    assert text == "# 题\n\n## 本周推荐\n\n### 学术\n\n###### 深\n"


def test_line_break_begins_a_paragraph_except_where_it_cannot(tmp_path):
    page = "<p>【编号】：101<br>【编辑】：小河</p><ul><li>甲<br>乙</li></ul><pre>a<br>b</pre><h2>丙<br/>丁</h2>"
    text = markdown(tmp_path, "101.html", page)
    assert text == "【编号】：101\n\n【编辑】：小河\n\n- 甲 乙\n\n```\na\nb\n```\n\n## 丙 丁\n"


def test_empty_first_row_is_no_head_of_a_table(tmp_path):
    page = "<table><tr><td></td><td> </td></tr><tr><td>甲</td><td>乙</td></tr><tr><td></td><td></td></tr></table>"
    assert markdown(tmp_path, "101.html", page) == "| 甲 | 乙 |\n| --- | --- |\n|  |  |\n"


# --- .docx


@pytest.fixture
def word(tmp_path):
    """A .docx as an office suite writes it."""
    import docx
    from docx.opc.constants import RELATIONSHIP_TYPE

    file = docx.Document()
    file.add_heading("OpenLLM Talk 101", 0)
    file.add_paragraph("【编号】：OpenLLM Talk 101 (三位数)")
    file.add_paragraph("【时间】：20240302 晚上八点")
    file.add_heading("本周新闻", 1)
    file.add_paragraph("一项", "List Bullet")
    paragraph = file.add_paragraph("看 ")
    link = docx.oxml.OxmlElement("w:hyperlink")
    target = file.part.relate_to("https://example.org/x_y", RELATIONSHIP_TYPE.HYPERLINK, is_external=True)
    link.set(docx.oxml.ns.qn("r:id"), target)
    link.append(paragraph.add_run("这里")._r)
    paragraph._p.append(link)
    file.add_heading("本周推荐", 1)
    table = file.add_table(2, 2)
    for at, text in enumerate(("模型", "大小", "甲", "7B")):
        table.cell(at // 2, at % 2).text = text
    file.add_picture(io.BytesIO(PNG))
    file.add_heading("Free Talk", 1)
    file.add_paragraph("Q1：为什么？—小河")
    file.add_paragraph("A1：因为。")
    path = tmp_path / "OpenLLM Talk 101 .docx"
    file.save(path)
    return path


def test_word_document_becomes_markdown(word):
    converted = convert(word)
    assert converted.text == (
        "# OpenLLM Talk 101\n\n【编号】：OpenLLM Talk 101 (三位数)\n\n【时间】：20240302 晚上八点\n\n"
        "## 本周新闻\n\n- 一项\n\n看 [这里](https://example.org/x_y)\n\n## 本周推荐\n\n"
        "| 模型 | 大小 |\n| --- | --- |\n| 甲 | 7B |\n\n"
        f"![]({PICTURES}/1.png)\n\n## Free Talk\n\nQ1：为什么？—小河\n\nA1：因为。\n"
    )
    assert converted.pictures == {"1.png": PNG}


@pytest.mark.parametrize("name", ["101.docx", "101.pdf"])
@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut off", b"%PDF-1.7\n", b"plain text"])
def test_damaged_document_is_refused_with_a_reason(tmp_path, name, content):
    with pytest.raises(CannotConvert, match=r"it is (?:no|a)"):
        convert(document(tmp_path, name, content))


# --- .pdf


class Sheet:
    """Pages written line by line."""

    def __init__(self, path):
        from reportlab.pdfbase import pdfmetrics
        from reportlab.pdfbase.cidfonts import UnicodeCIDFont
        from reportlab.pdfgen.canvas import Canvas

        pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
        self.canvas, self.y = Canvas(str(path), pagesize=(420, 600)), 540

    def line(self, text, size=10, font="STSong-Light", gap=1.5, x=50, uri=""):
        self.canvas.setFont(font, size)
        self.canvas.drawString(x, self.y, text)
        if uri:
            width = self.canvas.stringWidth(text, font, size)
            self.canvas.linkURL(uri, (x, self.y - 2, x + width, self.y + size))
        self.y -= size * gap

    def page(self, number):
        self.canvas.setFont("STSong-Light", 9)
        self.canvas.drawString(50, 580, "OpenLLM 每周讨论")
        self.canvas.drawString(205, 20, f"第 {number} 页")
        self.canvas.showPage()
        self.y = 540


@pytest.fixture
def paper(tmp_path):
    """A PDF of three pages: 32 wide characters of 10 points fill a line."""
    sheet = Sheet(tmp_path / "OpenLLM Talk 101 .pdf")
    sheet.line("OpenLLM Talk 101", 24)
    sheet.line("【编号】：101", gap=2)
    sheet.line("本周新闻", 18)
    sheet.line("这一段话写得足够长，长到一行里放不下，于是排版的程序只好把它")
    sheet.line("断成两行。", gap=2.2)
    sheet.line("看这里", uri="https://example.org/hidden", gap=2.2)
    sheet.line("https://example.org/shown", uri="https://example.org/shown", gap=2.2)
    whole = "https://example.org/comments/14mrgpr/dynamically_scaled_rope_further_increases/"
    sheet.line(whole[:68], uri=whole)
    sheet.line(whole[68:], uri=whole, gap=2.2)
    sheet.line("● 一项", gap=2.2)
    sheet.line("最后一行也写得足够长，长到这一页里放不下，剩下的半句话就落到了")
    sheet.page(1)
    sheet.line("下一页的开头。", gap=2.2)
    sheet.line("本周推荐", 18)
    for code in ("def f(x):", "    if x:", "        return 1"):
        sheet.line(code, font="Courier")
    sheet.y -= 20
    sheet.canvas.setFont("STSong-Light", 10)
    top = sheet.y
    for row in range(3):
        sheet.canvas.line(50, top - 20 * row, 250, top - 20 * row)
        sheet.canvas.line(50 + 100 * row, top, 50 + 100 * row, top - 40)
    for at, text in enumerate(("模型", "大小", "甲", "7B")):
        sheet.canvas.drawString(55 + 100 * (at % 2), top - 14 - 20 * (at // 2), text)
    sheet.y = top - 60
    sheet.page(2)
    sheet.line("Free Talk", 18)
    sheet.line("Q1：为什么？—小河", gap=2.2)
    sheet.line("A1：因为。", gap=2.2)
    sheet.page(3)
    sheet.canvas.save()
    return tmp_path / "OpenLLM Talk 101 .pdf"


def test_pdf_becomes_markdown(paper):
    assert convert(paper).text.split("\n\n") == [
        "# OpenLLM Talk 101",
        "【编号】：101",
        "## 本周新闻",
        "这一段话写得足够长，长到一行里放不下，于是排版的程序只好把它断成两行。",
        "[看这里](https://example.org/hidden)",
        "https://example.org/shown",
        "https://example.org/comments/14mrgpr/dynamically_scaled_rope_further_increases/",
        "- 一项",
        "最后一行也写得足够长，长到这一页里放不下，剩下的半句话就落到了下一页的开头。",
        "## 本周推荐",
        "```\ndef f(x):\n    if x:\n        return 1\n```",
        "| 模型 | 大小 |\n| --- | --- |\n| 甲 | 7B |",
        "## Free Talk",
        "Q1：为什么？—小河",
        "A1：因为。\n",
    ]


def test_pictures_of_a_pdf_are_files(tmp_path):
    from reportlab.lib.utils import ImageReader

    sheet = Sheet(tmp_path / "101.pdf")
    sheet.line("上面", gap=10)
    sheet.canvas.drawImage(ImageReader(io.BytesIO(PNG)), 50, sheet.y, 40, 40)
    sheet.y -= 40
    sheet.line("下面")
    sheet.canvas.save()
    converted = convert(tmp_path / "101.pdf")
    assert converted.text.split() == ["上面", "![图", f"1]({PICTURES}/1.png)", "下面"]
    [(name, content)] = converted.pictures.items()
    assert (name, content[:8]) == ("1.png", PNG[:8])


def test_elements_in_each_other_without_end_leave_their_text_in_linear_time():
    text = "a<ruby>b<rt>c</rt></ruby><script>1</script> d"
    for depth in (200, 2_000):
        began = time.process_time()
        written = to_markdown("<div>" * depth + text + "</div>" * depth + "e")
        assert written.text.split() == ["a", "b", "c", "d", "e"]
    assert time.process_time() - began < 2  # it was the cube of them: half a minute


# --- the commands


def imported(tmp_path, path, *more):
    return main(["import", str(path), "--talks", str(tmp_path / "talks"), *more])


def test_import_writes_a_canonical_note_and_its_pictures(word, tmp_path, capsys):
    assert imported(tmp_path, word) == 0
    assert "3 sections, 1 questions, 1 pictures" in capsys.readouterr().out
    assert (tmp_path / "talks/notes/101/1.png").read_bytes() == PNG
    note = (tmp_path / "talks/notes/101.md").read_text("utf-8")
    assert note.startswith(
        "# OpenLLM Talk 101\n\n【编号】：OpenLLM Talk 101 (三位数)\n【时间】：20240302 晚上八点\n\n## 本周新闻\n"
    )
    assert note.endswith("![](101/1.png)\n\n## Free Talk\n\n### Q1：为什么？ —小河\n\nA1：因为。\n")
    assert lost(convert(word).text.replace(PICTURES, "101"), note) == ""


def test_import_replaces_a_note_only_when_told(paper, tmp_path, capsys):
    note = tmp_path / "talks/notes/101.md"
    note.parent.mkdir(parents=True)
    note.write_text("mine")
    assert imported(tmp_path, paper) == 1
    assert (note.read_text(), "--force" in capsys.readouterr().err) == ("mine", True)
    assert imported(tmp_path, paper, "--force") == 1  # written, and the date that the note lacks is reported
    assert note.read_text("utf-8").startswith("# OpenLLM Talk 101")
    assert "N003" in capsys.readouterr().err


def test_import_without_a_number_says_how_to_give_one(tmp_path, capsys):
    assert imported(tmp_path, document(tmp_path, "会议.txt", "一段话")) == 1
    assert "【编号】" in capsys.readouterr().err
    assert not (tmp_path / "talks").exists()


def test_document_that_would_become_more_files_than_a_project_reads_becomes_none(tmp_path, monkeypatch, capsys):
    """A kilobyte of a .docx holds thousands of questions."""
    pictures = [f'<img src="data:image/png;base64,{base64.b64encode(PNG + bytes([at])).decode()}">' for at in range(2)]
    page = "".join(f"<p>问：第 {at} 个是什么？</p><p>答：是 {at}。{shown}</p>" for at, shown in enumerate(pictures))
    talks = [{"title": f"第 {at} 个是什么？", "body": "a", "number": at, "comments": []} for at in range(2)]
    path, export = document(tmp_path, "a.html", page), document(tmp_path, "a.json", json.dumps(talks))
    for limit, most, files, said in (
        ("FILES", {"questions": 1}, (path, export), "2 questions;"),
        ("OTHERS", 1, (path,), "2 pictures of "),
        ("PICTURE_BYTES", 100, (path,), "2 pictures of "),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(f"ingest.importing.commands.{limit}", most)
            for file in files:
                assert imported(tmp_path, file) == 1
                assert f"{file}:1:1: L007 {said}" in capsys.readouterr().err
    assert not (tmp_path / "talks").exists()
    assert imported(tmp_path, path) == imported(tmp_path, export) == 0


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("gone.pdf", "cannot read"),
        ("101.xyz", "one of .docx"),
        ("101.pdf", "no PDF"),
        ("a", "ending"),
        ("导出.zip", "unpack it"),
        ("101.CSV", "names of the columns"),
        ("101.doc", "save it as .docx"),
        ("101.mht", "save it as .html"),
        ("101.jpg", "OCR"),
    ],
)
def test_unreadable_document_is_exit_code_2(tmp_path, capsys, name, said):
    if name != "gone.pdf":
        document(tmp_path, name, "?")
    assert imported(tmp_path, tmp_path / name) == 2
    assert said in capsys.readouterr().err


def test_missing_extra_names_the_command_that_brings_it(word, tmp_path, capsys, monkeypatch):
    real = builtins.__import__

    def without(name, *rest, **named):
        if name.partition(".")[0] in ("bs4", "charset_normalizer"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(CannotConvert, match=re.escape('is not installed: pip install -e ".[import]"')):
        convert(word)
    with pytest.raises(CannotConvert, match=re.escape('pip install -e ".[import]"')):
        convert(document(tmp_path, "101.md", "這個問題在討論區裡已經有人問過了".encode("big5")))
    assert imported(tmp_path, document(tmp_path, "101.txt", NOTE)) == 0


def test_parse_prints_the_talk_of_any_format(word, paper, tmp_path, capsys):
    for path in (word, paper, document(tmp_path, "101.md", NOTE.encode("gbk"))):
        main(["parse", str(path)])
        talk = json.loads(capsys.readouterr().out)
        assert (talk["kind"], talk["number"]) == ("talk", "101")
        assert talk["questions"][0]["status"] == "answered"
        assert talk["unplaced"] == []


def test_parse_prints_the_papers_of_a_feed(tmp_path, capsys):
    entry = '{"items": [{"url": "https://arxiv.org/abs/2401.00001v2", "title": "A", "date_published": "2024-01-02"}]'
    path = document(tmp_path, "feed.json", entry + ', "version": "https://jsonfeed.org/version/1", "title": "F"}')
    assert main(["parse", str(path)]) == 0
    feed = json.loads(capsys.readouterr().out)
    assert (feed["kind"], feed["papers"][0]["id"], feed["papers"][0]["published"]) == (
        "feed", "arxiv:2401.00001", "2024-01-02",
    )  # fmt: skip


def test_fmt_rewrites_once_and_then_leaves_alone(tmp_path, capsys):
    path = document(
        tmp_path, "101.md", NOTE.replace("### Q1：", "Q1: ").replace("A1：", "答：").replace(" —阿木", "-from 阿木")
    )
    assert main(["fmt", str(path)]) == 0
    assert path.read_text("utf-8") == NOTE
    assert main(["fmt", str(path)]) == 0
    assert [line.split(": ")[1] for line in capsys.readouterr().out.splitlines()] == ["rewritten", "unchanged"]


def test_fmt_leaves_a_note_alone_that_would_lose_something(tmp_path, capsys):
    text = "---\n# 只有注释的文头\n---\n\n【编号】：101\n"  # YAML drops its comments
    path = document(tmp_path, "101.md", text)
    assert main(["fmt", str(path)]) == 1
    assert (path.read_text("utf-8"), "F005" in capsys.readouterr().err) == (text, True)


def test_fmt_is_for_notes(tmp_path, capsys):
    path = document(tmp_path, "q.md", "# 甲？\n\n## 回答\n\n乙\n")
    assert main(["fmt", str(path)]) == 2


def test_new_begins_a_note_from_the_template(tmp_path, capsys):
    talks = tmp_path / "talks"
    talks.mkdir()
    template = (Path(__file__).parents[3] / "talks/TEMPLATE.md").read_text("utf-8")
    (talks / "TEMPLATE.md").write_text(template, "utf-8")
    assert main(["new", "5", "--talks", str(talks)]) == 0
    note = (talks / "notes/005.md").read_text("utf-8")
    assert note.startswith("# OpenLLM Talk 005\n\n【编号】：005\n【时间】：YYYY-MM-DD 21:00\n")
    assert main(["new", "005", "--talks", str(talks)]) == 1
    assert main(["new", "../005", "--talks", str(talks)]) == 2
    assert main(["new", "番外02", "--talks", str(talks)]) == 0
    assert "【编号】：番外02\n" in (talks / "notes/番外02.md").read_text("utf-8")


# --- the real documents


@pytest.mark.skipif(not SHARED.is_dir(), reason="../shared is not here")
@pytest.mark.parametrize(
    ("name", "number", "when", "hosts", "questions", "pictures", "links"),
    [
        ("OpenLLM Talk 000.pdf", "000", ("2023-06-10", "22:00"), ["羡鱼"], 7, 0, 5),
        ("OpenLLM Talk 004.pdf", "004", ("2023-07-15", "21:00"), ["羡鱼"], 10, 5, 32),
        ("OpenLLM Talk 番外02.docx", "番外02", (None, ""), [], 0, 6, 8),
    ],
)
def test_real_talk_is_imported_whole(tmp_path, capsys, name, number, when, hosts, questions, pictures, links):
    imported(tmp_path, SHARED / name)
    note = tmp_path / "talks/notes" / f"{number}.md"
    assert len(list((tmp_path / "talks/notes").glob("*/*"))) == pictures
    capsys.readouterr()
    main(["parse", str(note)])
    talk = json.loads(capsys.readouterr().out)
    assert (talk["number"], (talk["date"], talk["time"]), talk["hosts"]) == (number, when, hosts)
    assert len(talk["questions"]) == questions
    assert len(talk["urls"]) >= links
    assert sum(len(block["text"]) for block in talk["unplaced"]) <= 0.03 * len(note.read_text("utf-8"))
    assert lost(convert(SHARED / name).text.replace(PICTURES, number), note.read_text("utf-8")) == ""
