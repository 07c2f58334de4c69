"""PDFs as TeX, browsers and forms make them: each kind in the smallest file that has it."""

import io
import textwrap

import pytest

from ingest.importing.convert import convert_content
from ingest.importing.html import FoundPictures

pytest.importorskip("reportlab")
FONT = "STSong-Light"


class Pages:
    """A PDF in the making."""

    def __init__(self):
        from reportlab.pdfbase import pdfmetrics
        from reportlab.pdfbase.cidfonts import UnicodeCIDFont
        from reportlab.pdfgen.canvas import Canvas

        pdfmetrics.registerFont(UnicodeCIDFont(FONT))
        self.file = io.BytesIO()
        self.canvas = Canvas(self.file, pagesize=(595, 842), invariant=1)

    def lines(self, x, y, *lines, size=11, font=FONT, lead=16):
        """Lines below each other, the first at a place."""
        self.canvas.setFont(font, size)
        for at, line in enumerate(lines):
            self.canvas.drawString(x, y - at * lead, line)
        return self

    def turn(self):
        """The next page."""
        self.canvas.showPage()
        return self

    def read(self):
        """What it becomes."""
        self.canvas.showPage()
        self.canvas.save()
        return convert_content(self.file.getvalue(), ".pdf", FoundPictures())


WIDE = "这一行一直写到页面的右边为止所以它就是整页的宽度了再写几个字就到了页边"


def test_a_column_beside_a_short_one_is_read_as_paragraphs():
    said = (
        "In mixed precision training each parameter needs sixteen bytes and the gradients need two more, which is why"
        " people shard them across devices and why the memory of the optimizer dominates the budget."
    )
    *left, right = textwrap.wrap(said, 38)
    pages = Pages().lines(60, 700, WIDE).lines(60, 600, *left, font="Times-Roman")
    assert said in pages.lines(320, 600, right, font="Times-Roman").read().text


def test_short_items_of_a_list_stay_apart():
    items = ["甲组的同学都到了", "乙组的同学都到了", "丙组的同学都到了", "丁组的同学都到了", "戊组的同学都到了"]
    pages = Pages().lines(60, 700, WIDE)
    assert "\n\n".join(items) in pages.lines(60, 600, *items).read().text


def test_a_hyphen_that_tears_a_word_goes_and_that_of_a_compound_stays():
    lines = [
        "The system is used for infor-",
        "mation retrieval, where information",
        "is found by self-attention and the self-",
    ]
    lines += ["attention layers are well-", "known, says multi-", "head attention."]
    text = Pages().lines(60, 600, *lines, font="Times-Roman").read().text
    for shown in ("for information retrieval", "the self-attention layers", "well-known", "multi-head"):
        assert shown in text


def test_footnotes_below_a_rule_stand_at_the_end_and_tear_no_sentence():
    full = "正文一行接一行地排下去写到右边为止再接着往下写一行又一行"
    pages = Pages().lines(60, 200, full, full, "这一段从第一页写到第二页才能把这一整句话的最后几个字给")
    pages.canvas.line(60, 90, 200, 90)
    converted = pages.lines(60, 76, "1 脚注的话。", size=8).turn().lines(60, 780, "写完。", full).read()
    assert "的最后几个字给写完。" in converted.text
    assert converted.text.rstrip().endswith("[^1-1]: 脚注的话。")
    assert converted.census.missing == 0


def test_small_lines_at_a_pages_end_that_nothing_leads_to_stay():
    text = (
        Pages().lines(60, 700, "正文的第一行。", "正文的第二行。").lines(60, 200, "1. 小字的一条", size=9).read().text
    )
    assert "[^" not in text
    assert "1. 小字的一条" in text


def test_heads_of_facing_pages_and_roman_numbers_are_furniture():
    pages = Pages()
    for at in range(4):
        pages.lines(60, 810, ["左页的书名", "右页的章名"][at % 2], size=9).lines(
            290, 30, ["i", "ii", "iii", "iv"][at], size=9
        )
        pages.lines(60, 700, *(f"第 {at} 页的第 {line} 句话。" for line in range(5)))
        pages.turn() if at < 3 else None
    converted = pages.read()
    assert not any(word in converted.text for word in ("书名", "章名", "iii"))
    assert "page numbers (4)" in converted.told
    assert "a header or footer: '右页的章名' (2)" in converted.told


def test_what_a_browser_prints_around_a_single_page_goes():
    pages = Pages().lines(60, 700, *(f"第 {line} 句话。" for line in range(5)))
    pages.lines(30, 815, "2024/3/2 20:00", size=8).lines(250, 815, "题目", size=8)
    converted = pages.lines(30, 20, "https://example.org/a", size=8).lines(550, 20, "1/1", size=8).read()
    assert converted.text.startswith("第 0 句话。")
    assert "example.org" not in converted.text
    assert len(converted.told) == 4


def test_values_of_forms_and_free_texts_show_and_comments_are_left_out_and_said():
    pages = Pages().lines(60, 700, "姓名：")
    pages.canvas.acroForm.textfield(name="a", value="filled in", x=110, y=690)
    pages.canvas.acroForm.checkbox(name="b", checked=True, x=60, y=600)
    pages.canvas.freeTextAnnotation("框里的话", "/Helv 10 Tf", Rect=[60, 500, 300, 520])
    pages.canvas.textAnnotation("私下的批注", Rect=[300, 600, 320, 620])
    converted = pages.read()
    for shown in ("filled in", "[x]", "框里的话"):
        assert shown in converted.text
    assert "批注" not in converted.text
    assert converted.told == ["a comment beside the text"]
    assert converted.census.missing == 0


def test_code_keeps_its_chinese_lines():
    pages = (
        Pages()
        .lines(60, 700, "代码如下，正文还有几句。", "正文的第二句。")
        .lines(60, 600, "def f(x):", "    # ", font="Courier")
    )
    pages.lines(60 + 6 * 6.6, 584, "注释").lines(60, 568, "    return x", font="Courier")
    assert "```\ndef f(x):\n    # 注释\n    return x\n```" in pages.read().text


def test_lines_of_code_that_all_have_chinese_in_them_are_code():
    pages = Pages().lines(60, 700, "代码如下，正文还有几句。", "正文的第二句。")
    for at in range(3):
        pages.lines(60, 600 - 16 * at, f"line_{at} = {at}  # ", font="Courier").lines(
            60 + 14 * 6.6, 600 - 16 * at, "注"
        )
    assert "```\nline_0 = 0  # 注\nline_1 = 1  # 注\nline_2 = 2  # 注\n```" in pages.read().text


def test_items_set_in_deeper_are_in_the_item_above():
    pages = Pages().lines(60, 760, "正文。")
    for at, (x, item) in enumerate(((80, "一"), (110, "二"), (140, "三"), (110, "四"), (80, "五"))):
        pages.lines(x, 600 - 20 * at, item)
        pages.canvas.circle(x - 10, 604 - 20 * at, 2, fill=1)
    pages.lines(60, 480, "9. 六", "10. 七", "11. 八").lines(86, 430, "1. 九", "2. 十").lines(60, 390, "12. 末")
    text = pages.lines(60, 360, "正文又一段。").lines(110, 330, "1. 另起").read().text
    assert "- 一\n\n  - 二\n\n    - 三\n\n  - 四\n\n- 五\n\n9. 六\n\n10. 七\n\n11. 八\n" in text
    assert "11. 八\n\n    1. 九\n\n    2. 十\n\n12. 末\n" in text
    assert "正文又一段。\n\n1. 另起" in text


def test_items_of_the_next_column_are_in_none_of_the_one_before():
    pages = Pages().lines(60, 760, "正文。")
    for x, items in ((60, "一二三四"), (330, "五六七八")):
        pages.lines(x, 600, *(f"• 第{item}条说了一句不长不短的话，一行写得完" for item in items))
    assert "  - " not in pages.read().text


def test_merged_cells_of_a_grid_stand_in_the_first_of_their_columns():
    pages = Pages()
    for y, x in ((640, 60), (620, 160), (600, 60), (580, 60)):
        pages.canvas.line(x, y, 360, y)
    for x, top in ((60, 640), (160, 640), (260, 620), (360, 640)):
        pages.canvas.line(x, 580, x, top)
    pages.lines(90, 615, "型号").lines(250, 625, "成绩").lines(200, 605, "甲").lines(300, 605, "乙").lines(
        90, 585, "小"
    )
    assert "| 型号 | 成绩 |  |\n| --- | --- | --- |\n|  | 甲 | 乙 |\n| 小 |  |  |" in pages.read().text


def test_dots_drawn_before_lines_are_bullets():
    pages = Pages().lines(60, 700, "正文。").lines(80, 600, "甲", "乙")
    for y in (604, 588):
        pages.canvas.circle(70, y, 2, fill=1)
    assert "- 甲\n\n- 乙" in pages.read().text


def test_cells_between_three_rules_are_a_table_whatever_stands_in_them():
    pages = Pages().lines(60, 700, "正文。")
    for y in (640, 620, 560):
        for x in (60, 74, 88):  # in pieces, as browsers draw them
            pages.canvas.rect(x, y, 14, 0.5, fill=1)
    for y, row in ((625, "甲乙丙"), (605, "一二三"), (585, "四五六")):
        for x, cell in zip((61, 75, 89), row, strict=True):
            pages.lines(x, y, cell)
    assert "| 甲 | 乙 | 丙 |\n| --- | --- | --- |\n| 一 | 二 | 三 |\n| 四 | 五 | 六 |" in pages.read().text


def test_a_long_cell_goes_on_below_in_its_column():
    pages = Pages().lines(60, 700, "正文。")
    for y in (640, 620, 540):
        pages.canvas.line(60, y, 500, y)
    for y, row in (
        (625, ("方法", "说明")),
        (605, ("全参数", "所有的权重都要更新，")),
        (589, ("", "显存也就最多")),
        (560, ("低秩", "省")),
    ):
        for x, cell in zip((70, 200), row, strict=True):
            pages.lines(x, y, cell)
    assert "| 全参数 | 所有的权重都要更新，显存也就最多 |\n| 低秩 | 省 |" in pages.read().text


def grid(pages, y, rows, columns=(60, 200, 400, 530), lead=20):
    """A ruled table, its first row below a place."""
    for at in range(len(rows) + 1):
        pages.canvas.line(columns[0], y - lead * at, columns[-1], y - lead * at)
    for x in columns:
        pages.canvas.line(x, y, x, y - lead * len(rows))
    for at, row in enumerate(rows):
        for x, cell in zip(columns, row, strict=False):
            pages.lines(x + 4, y - lead * at - 14, cell)
    return pages


HEADED = [("方法", "显存", "何时用")]
FIRST = [("全参数", "80", "有卡"), ("低秩", "24", "卡少")]
REST = [("量化", "12", "更少"), ("前缀", "20", "很少用")]
WHOLE = "| 低秩 | 24 | 卡少 |\n| 量化 | 12 | 更少 |\n| 前缀 | 20 | 很少用 |\n\n后文写在表格的后面。"


def test_a_table_that_goes_over_a_page_is_one():
    for head, told in ((HEADED, ["the head of a table, once more on its next page"]), ([], [])):
        pages = Pages().lines(60, 815, "第几期", size=8).lines(300, 20, "1", size=8)
        grid(pages.lines(60, 780, "正文写在表格的前面。"), 160, HEADED + FIRST).turn()
        pages.lines(60, 815, "第几期", size=8).lines(300, 20, "2", size=8)
        converted = grid(pages, 790, head + REST).lines(60, 600, "后文写在表格的后面。").read()
        assert WHOLE in converted.text
        assert [what for what in converted.told if "table" in what] == told
        assert converted.census.missing == 0


@pytest.mark.parametrize("between", ["text", "columns", "head"])
def test_two_tables_stay_two(between):
    pages = grid(Pages().lines(60, 780, "正文。"), 160, HEADED + FIRST)
    pages.lines(60, 70, "两张表之间的话。") if between == "text" else None
    columns = (60, 250, 400, 530) if between == "columns" else (60, 200, 400, 530)
    grid(pages.turn(), 790, [] if between == "head" else REST, columns)
    if between == "head":
        grid(pages, 790, [("", "", ""), *REST])
        for x, cell in ((64, "model"), (204, "size"), (404, "use")):
            pages.lines(x, 776, cell, font="Helvetica-Bold")
    assert pages.read().text.count("| --- | --- | --- |") == 2


def test_cells_keep_links_marks_and_raised_figures():
    pages = grid(Pages(), 600, [("名字", "值"), ("__init__ 与 **kwargs", "")], (60, 260, 500))
    pages.lines(264, 566, "10", font="Times-Roman").lines(275, 571, "5", size=7, font="Times-Roman")
    pages.lines(290, 566, "见论文").canvas.linkURL("https://example.org/a_(b)", (288, 564, 330, 580))
    text = pages.read().text
    assert r"| \_\_init\_\_ 与 \*\*kwargs | $10^5$ [见论文](https://example.org/a_%28b%29) |" in text
    assert text.count("example.org") == 1


def test_signs_of_dingbats_are_bullets():
    pages = Pages().lines(60, 760, "正文一句。")
    for y, item in ((700, "甲"), (680, "乙")):
        pages.lines(60, y, "l", font="ZapfDingbats").lines(76, y, item)
    converted = pages.read()
    assert "- 甲\n\n- 乙" in converted.text
    assert converted.census.missing == 0


def test_a_head_above_the_first_rule_is_the_tables():
    pages = Pages().lines(60, 760, "正文写在表格的前面，它有一整行那么长。")
    for y in (640, 620, 600):
        pages.canvas.rect(60, y, 100, 0.5, fill=1)
        pages.canvas.rect(160, y, 100, 0.5, fill=1)
    for y, row in ((645, ("周", "步数")), (625, ("第一周", "100")), (605, ("第二周", "200"))):
        pages.lines(70, y, row[0]).lines(170, y, row[1])
    assert "| 周 | 步数 |\n| --- | --- |\n| 第一周 | 100 |\n| 第二周 | 200 |" in pages.read().text


def test_a_row_that_the_end_of_a_page_cuts_is_one():
    pages = grid(Pages().lines(60, 780, "正文写在表格的前面。"), 160, HEADED + FIRST)
    for x in (60, 200, 400, 530):
        pages.canvas.line(x, 100, x, 60)
    pages.lines(64, 70, "量化").lines(404, 70, "卡更少，还").turn()
    for x in (60, 200, 400, 530):
        pages.canvas.line(x, 790, x, 770)
    pages.canvas.line(60, 770, 530, 770)
    pages.lines(204, 776, "12").lines(404, 776, "能更少")
    text = pages.lines(60, 700, "后文写在表格的后面。").read().text
    assert "| 低秩 | 24 | 卡少 |\n| 量化 | 12 | 卡更少，还能更少 |\n\n后文" in text


def test_headings_of_columns_stand_above_their_own_text():
    pages = Pages().lines(60, 780, "题目写在两栏之上，横贯两栏", size=18)
    for x, name in ((60, "左"), (270, "右")):
        for at in range(2):
            y = 740 - 160 * at
            pages.lines(x, y, f"{name}栏第{at}节", size=14)
            said = (f"{name}栏的第{at}节里的第{line}行话写满这一栏宽所以比一格表里的话要长" for line in range(6))
            pages.lines(x, y - 24, *said, size=7)
    text = pages.read().text
    places = [text.index(f"{name}栏第{at}节") for name in "左右" for at in range(2)]
    assert places == sorted(places)
    assert text.index("左栏的第1节里的第5行") < text.index("右栏第0节")


def test_the_number_of_a_single_page_goes():
    pages = Pages().lines(60, 700, *(f"第 {line} 句话。" for line in range(5)))
    converted = pages.lines(500, 20, "1 of 1", font="Times-Roman", size=8).read()
    assert "of" not in converted.text
    assert converted.told == ["page numbers (1)"]


def test_cells_that_are_drawn_as_boxes_are_a_table():
    pages = Pages().lines(60, 760, "正文写在表格的前面。")
    for row, cells in enumerate((("名", "说明"), ("甲", "一行"), ("乙", "两行的"))):
        for column, cell in enumerate(cells):
            pages.canvas.rect(60 + 100 * column, 680 - 40 * row, 100, 40)
            pages.lines(64 + 100 * column, 705 - 40 * row, cell)
    pages.lines(164, 610, "第二行")
    assert "| 甲 | 一行 |\n| 乙 | 两行的第二行 |" in pages.read().text


def test_what_goes_across_columns_stands_between_what_is_above_and_below_it():
    pages = Pages().lines(60, 780, "题目")
    for at in range(2):
        for x, name in ((60, "左"), (270, "右")):
            said = (f"{name}栏的第{at}段里的第{line}行话写满这一栏宽所以比一格表里的话要长" for line in range(6))
            pages.lines(x, 700 - 200 * at, *said, size=7)
    pages.lines(60, 560, "横贯两栏的一句话写在两段的中间，它比一栏要宽得多，一直写到右栏的里面去")
    text = pages.read().text
    order = ("左栏的第0段里的第5行", "右栏的第0段里的第0行", "横贯两栏", "左栏的第1段", "右栏的第1段")
    assert [text.index(said) for said in order] == sorted(text.index(said) for said in order)


def test_a_row_that_is_cut_goes_on_below_the_head_of_the_next_page():
    pages = grid(Pages().lines(60, 780, "正文写在表格的前面。"), 160, HEADED + FIRST)
    for x in (60, 200, 400, 530):
        pages.canvas.line(x, 100, x, 60)
    pages.lines(64, 70, "量化").lines(404, 70, "卡更少，还").turn()
    text = grid(pages, 790, [*HEADED, ("", "12", "能更少"), ("前缀", "20", "很少用")]).read().text
    assert "| 低秩 | 24 | 卡少 |\n| 量化 | 12 | 卡更少，还能更少 |\n| 前缀 | 20 | 很少用 |" in text


def test_two_tables_without_rules_stay_two_where_the_second_has_a_head():
    pages = Pages().lines(60, 780, "正文写在表格的前面，它有一整行那么长。")
    for at, row in enumerate((("k v", "n"), ("a b", "1"), ("c d", "2"), ("e f", "3"))):
        for x, cell in zip((60, 200), row, strict=True):
            pages.lines(x, 160 - 16 * at, cell, font="Helvetica" if at else "Helvetica-Bold")
    pages.turn()
    for at, row in enumerate((("p q", "r"), ("g h", "4"), ("i j", "5"), ("k l", "6"))):
        for x, cell in zip((60, 200), row, strict=True):
            pages.lines(x, 790 - 16 * at, cell, font="Helvetica" if at else "Helvetica-Bold")
    assert pages.read().text.count("| --- |") == 2
