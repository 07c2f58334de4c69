"""Mistakes as hosts really make them: each is named at its line, and mended where only one thing can be meant."""

from datetime import date

import pytest

from ingest import pipeline
from ingest.cli import main
from ingest.model import Source
from ingest.notes.parse import parse_note
from ingest.pictures import Picture
from ingest.pipeline import Inputs
from ingest.problems import RULES
from ingest.slips.all_rules import SLIPS
from ingest.slips.notes import note_slips
from ingest.slips.slip import mended
from tests.ingest.conftest import NOTE, QUESTION

PATH = "talks/notes/101.md"
TODAY = date(2026, 11, 28)
PICTURES = {"talks/notes/101/loss.png": Picture("../../x.png", 1, 1)}
HEAD = "【编号】：101\n【时间】：2026-11-21 21:00\n【主持人】：阿青、老周\n"


def note(head="", news="", talk=""):
    """A note that is fine but for what is put in."""
    return f"{HEAD}{head}\n## 本周新闻\n\n{news}\n\n## 本周推荐\n\n## Free Talk\n\n{talk}\n"


def found(text, path=PATH):
    """Codes by line of what is wrong with one file."""
    kind = "questions" if "questions" in path else "notes"
    inputs = Inputs(**{kind: (Source(path, text),)}, pictures=PICTURES, day=TODAY)
    return [(problem.line, problem.code) for problem in pipeline.parse(inputs)[1]]


def mend(text, path=PATH):
    kind = "questions" if "questions" in path else "notes"
    inputs = Inputs(**{kind: (Source(path, text),)}, pictures=PICTURES, day=TODAY)
    ((_, better),) = pipeline.mend_slips(inputs)
    return better


def line_of(text, part):
    return text[: text.index(part)].count("\n") + 1


Q, A = "### Q1：温度调到零就是贪心解码吗？ —小鱼", "A1：极限一样，实现里要单独判断。 —阿青"
ASKED = f"{Q}\n\n{A}"
TALK = [  # what is written in Free Talk, the line that is wrong, its code, the line mended ("" where nobody can tell)
    ("### Q1 温度调到零呢？\n\n" + A, "### Q1 温度", "N010", "### Q1：温度调到零呢？"),
    ("### Q1. 温度调到零呢？\n\n" + A, "### Q1.", "N010", "### Q1：温度调到零呢？"),
    ("Q1、温度调到零呢？\n\n" + A, "Q1、", "N010", "### Q1：温度调到零呢？"),
    ("Q1 温度调到零呢？\n\n" + A, "Q1 温度", "N010", "### Q1：温度调到零呢？"),
    ("- Q1：温度调到零呢？\n\n" + A, "- Q1", "N010", "### Q1：温度调到零呢？"),
    ("**Q1**：温度调到零呢？\n\n" + A, "**Q1**", "N010", "### Q1：温度调到零呢？"),
    ("【Q1】温度调到零呢？\n\n" + A, "【Q1】", "N010", "### Q1：温度调到零呢？"),
    ("问题1：温度调到零呢？\n\n" + A, "问题1", "N010", "### Q1：温度调到零呢？"),
    ("### Q1；温度调到零呢？\n\n" + A, "### Q1；", "N010", "### Q1：温度调到零呢？"),
    (f"{ASKED}\n\n问：没有编号的问题？", "问：", "N010", ""),
    (f"{ASKED}\n\n### Q：没有编号的问题？", "### Q：", "N010", ""),
    (f"{ASKED}\n\n问题二：第二个？", "问题二", "N010", ""),
    (f"{ASKED}\n\n### 小模型还值得自己训吗？ —群友", "### 小模型", "N011", ""),
    (f"{Q}\n\nA1 极限一样。", "A1 极限", "N012", "A1：极限一样。"),
    (f"{Q}\n\nA1. 极限一样。", "A1.", "N012", "A1：极限一样。"),
    (f"{Q}\n\n- A1：极限一样。", "- A1", "N012", "A1：极限一样。"),
    (f"{Q}\n\n**A1**：极限一样。", "**A1**", "N012", "A1：极限一样。"),
    (f"A1：没有人问过。\n\n{ASKED}", "A1：没有", "N013", ""),
    (f"{Q}\n\nA3：编号抄错了。", "A3", "N014", ""),
    (f"{Q}\n\nA1：\n\nA1：极限一样。", "A1：\n", "N015", ""),
    (f"### Q1：\n\n{A}", "### Q1", "N016", ""),
    (f"{ASKED}\n\n{Q.replace('温度', '同一个编号的温度')}", "### Q1：同一个", "Q001", ""),
    (f"{Q}\n\nＡ１：极限一样。", "Ａ１", "N026", "A1：极限一样。"),
    (f"{Q}\n\nΑ1：极限一样。", "Α1", "N026", "A1：极限一样。"),
    (f"{ASKED} Q2：还有呢？", "A1：", "N030", "A1：极限一样，实现里要单独判断。 —阿青\n\n### Q2：还有呢？"),
    ("### Q1：温度调到零呢？ A1：极限一样。", "### Q1", "N030", "### Q1：温度调到零呢？\n\nA1：极限一样。"),
    (f"{Q}\n\n{A.replace(' —', '-')}", "A1：", "N018", A),
    (f"{Q}\n\n{A.replace(' —', '－')}", "A1：", "N018", A),
    (f"{Q}\n\n{A.replace(' —阿青', '（阿青）')}", "A1：", "N018", A),
    (f"{Q}\n\n{A.replace(' —', ' @')}", "A1：", "N018", A),
    (f"{Q}\n\nA1：\n\n```python\nx = 1\n", "```", "M001", ""),
    (f"{Q}\n\nA1：\n\n```python\nx = 1\n\n### Q2：后面的？\n\nA2：\n\n```\ny\n```\n", "```python", "M001", ""),
    (f"{Q}\n\nA1：\n\n···python\nx = 1\n", "···", "M013", "```python"),
    (f"{Q}\n\nA1：\n\n![损失](loss.png)", "![损失]", "M002", "![损失](101/loss.png)"),
    (f"{Q}\n\nA1：\n\n![损失](101/nowhere.png)", "![损失]", "M002", ""),
    (f"{Q}\n\nA1：\n\n![损失](https://example.org/loss.png)", "![损失]", "M014", ""),
    (f"{Q}\n\nA1：\n\n！[损失](101/loss.png)", "！[损失]", "M013", "![损失](101/loss.png)"),
    (f"{Q}\n\nA1：令 \\(T\\) 趋于零。", "A1：令", "M009", "A1：令 $T$ 趋于零。"),
    (f"{Q}\n\nA1：\n\n$$\np = q\n\n### Q2：后面的？\n\nA2：", "$$", "M008", ""),
    ("### Q1：为什么除以 $\\sqrt{d_k}$？\n\n" + A, "### Q1", "Q018", ""),
    ("### Q1：这里写一句完整的问题？ —提问者\n\n" + A, "### Q1", "M015", ""),
]
NEWS = [
    ("- [LoRA]（https://example.org/1）：好", "M003", "- [LoRA](https://example.org/1)：好"),
    ("- [LoRA](https://example.org/1）：好", "M003", "- [LoRA](https://example.org/1)：好"),
    ("- [LoRA] (https://example.org/1)：好", "M003", "- [LoRA](https://example.org/1)：好"),
    ("- ［LoRA］（https://example.org/1）：好", "M003", "- [LoRA](https://example.org/1)：好"),
    ("- [https://example.org/1](讲 LoRA 的文章)：好", "M003", "- [讲 LoRA 的文章](https://example.org/1)：好"),
    ("- [https://example.org/1](文章)：好", "M003", "- [文章](https://example.org/1)：好"),
    ("- TODO：补链接", "M015", ""),
    ("<<<<<<< HEAD", "M015", ""),
    ("- 从 8 试起【4†source】，再看", "M015", ""),
    ("- 从 8 试起:contentReference[oaicite:0]{index=0}", "M015", ""),
    ("- (LoRA)[https://example.org/1]：好", "M003", "- [LoRA](https://example.org/1)：好"),
    ("- [LoRA](https//example.org/1)：好", "M004", "- [LoRA](https://example.org/1)：好"),
    ("- 见 https:/ example.org/1", "M004", "- 见 https://example.org/1"),
    ("- 见 https：//example.org/1", "M004", "- 见 https://example.org/1"),
    ("- 见 http:/example.org/1", "M004", "- 见 http://example.org/1"),
    ("- 见 htps://example.org/1", "M004", "- 见 https://example.org/1"),
    ("- 见 https://https://example.org/1", "M004", "- 见 https://example.org/1"),
    ("- [LoRA](www.example.org/1)：好", "M005", "- [LoRA](https://www.example.org/1)：好"),
    ("- [LoRA](链接)：好", "M005", ""),
    ("- [LoRA]()：好", "M005", ""),
    ("- [上一期](004.md)：好", "M005", ""),
    ("- [LoRA](https://example.org/\nlong)：好", "M006", ""),
    ("- [LoRA]\n(https://example.org/1)：好", "M006", ""),
    ("- [B 站](https://www.bilibili.com/video/BV1xx411c7mD?spm_id_from=1&p=2)", "M007",
     "- [B 站](https://www.bilibili.com/video/BV1xx411c7mD?p=2)"),
    ("##学术", "M010", "## 学术"),
    ("- 一件<br>事", "M011", ""),
    ("| 模型 | 大小 |\n| 甲 | 7B |", "M012", ""),
    ("＃＃＃ 学术", "M013", "### 学术"),
    ("> 提示：每条一行。", "M015", ""),
    ("- [Attention](https://example.org/1)：一句自己的话 —署名", "M015", ""),
    ("- [LoRA](https://example.org/1)：够用-老周", "N018", "- [LoRA](https://example.org/1)：够用 —老周"),
    ("- [LoRA](https://example.org/1)：够用-小马", "N018", ""),
    ("- 够用_老周", "N018", "- 够用 —老周"),
    ("## 本周经点", "N019", ""),
    ("## 本周新闻", "N020", ""),
]  # fmt: skip
FIELDS = [
    ("【talk 视频】：https://www.bilibili.com/video/BV1xx411c7mD?vd_source=0&spm_id_from=333", "M007",
     "【talk 视频】：https://www.bilibili.com/video/BV1xx411c7mD"),
    ("【talk 视频】：BV1xx411c7mD", "N029", "【talk 视频】：https://www.bilibili.com/video/BV1xx411c7mD"),
    ("【talk 视频】：见群文件", "N029", ""),
    ("【编缉】：老周", "N021", ""),
    ("编辑：老周", "N022", "【编辑】：老周"),
    ("[编辑]：老周", "N022", "【编辑】：老周"),
    ("【编辑：老周】", "N022", "【编辑】：老周"),
    ("【时间】：2026-11-21 22:00", "N023", ""),
    ("【编辑】：阿青 老周", "N025", "【编辑】：阿青、老周"),
    ("【编辑】：阿青|老周", "N025", "【编辑】：阿青、老周"),
    ("【本期提要】：第一件事；第二件事；第三件事", "M015", ""),
]  # fmt: skip


@pytest.mark.parametrize(("talk", "wrong", "code", "better"), TALK, ids=[f"{code}-{w}" for _, w, code, _ in TALK])
def test_slip_in_free_talk_is_named_at_its_line(talk, wrong, code, better):
    text = note(talk=talk)
    at = line_of(text, wrong)
    assert (at, code) in found(text)
    line = text.split("\n")[at - 1]
    if better:
        assert better in mend(text)
        assert (at, code) not in found(mend(text))
    else:
        assert line in mend(text)


@pytest.mark.parametrize(("news", "code", "better"), NEWS, ids=[news for news, *_ in NEWS])
def test_slip_in_the_news_is_named_at_its_line(news, code, better):
    text = note(news=news, talk=ASKED)
    at = text[: text.rindex(news) if code == "N020" else text.index(f"\n{news}\n") + 1].count("\n") + 1
    assert found(text) == [(at, code)] or (code == "N019" and (at, code) in found(text))
    assert mend(text) == (text.replace(f"\n{news}\n", f"\n{better}\n") if better else text)
    assert not better or found(mend(text)) == []


@pytest.mark.parametrize(("field", "code", "better"), FIELDS, ids=[field for field, *_ in FIELDS])
def test_slip_in_a_field_is_named_at_its_line(field, code, better):
    text = note(head=f"{field}\n", talk=ASKED)
    assert (4, code) in found(text)
    assert {other for _, other in found(text)} <= {code, "N005"}
    assert mend(text) == (text.replace(field, better) if better else text)


@pytest.mark.parametrize(
    ("date_said", "code", "what"),
    [("11月27日 晚上九点", "N003", "no year"), ("2026-02-30 21:00", "N003", "no day"), ("下周六", "N003", "no date"),
     ("2062-11-27 21:00", "N027", "days ahead"), ("２０２６-11-21 21:00", "N026", "full width")],
)  # fmt: skip
def test_date_that_cannot_be_says_why(date_said, code, what):
    text = note(talk=ASKED).replace("2026-11-21 21:00", date_said)
    problems = pipeline.parse(Inputs(notes=(Source(PATH, text),), day=TODAY))[1]
    assert [problem.line for problem in problems if problem.code == code and what in problem.message] == [2]


def test_full_width_number_is_mended():
    text = note(talk=ASKED).replace("【编号】：101", "【编号】：１０１")
    assert (1, "N026") in found(text)
    assert mend(text) == note(talk=ASKED)


def test_value_on_the_next_line_is_named_there():
    text = note(talk=ASKED).replace("【主持人】：阿青、老周", "【主持人】：\n\n阿青、老周")
    assert (5, "N024") in found(text)


def test_number_of_another_file_is_named():
    assert found(note(talk=ASKED), "talks/notes/102.md") == [(1, "N028")]


def test_number_of_another_title_is_named():
    assert found(f"# OpenLLM Talk 101\n\n{note(talk=ASKED)}") == []
    assert (1, "N028") in found(f"# OpenLLM Talk 011\n\n{note(talk=ASKED)}")


QUESTIONS = [
    ("---\ntopic: [lora]\n---\n\n# 题？", 2, "Q010", "---\ntopics: [lora]\n---\n\n# 题？"),
    ("# 题？\n\n### 回答\n\n答。", 3, "Q011", "# 题？\n\n## 回答\n\n答。"),
    ("# 题？\n\n**回答**\n\n答。", 3, "Q011", "# 题？\n\n## 回答\n\n答。"),
    ("# 题？\n\n##回答\n\n答。", 3, "Q011", "# 题？\n\n## 回答\n\n答。"),
    ("# 题？\n\n回答：\n\n答。", 3, "Q011", "# 题？\n\n## 回答\n\n答。"),
    ("# 题？\n\n## 回答\n\n答。\n\n### 参考文献\n\n- https://example.org/1", 7, "Q012",
     "# 题？\n\n## 回答\n\n答。\n\n## 参考\n\n- https://example.org/1"),
    ("# 题？\n\n## 回答\n\n答。\n\n# 又一个题？", 7, "Q013", "# 题？\n\n## 回答\n\n答。\n\n### 又一个题？"),
    ("# 题？\n\n## 回答\n\n答。 —老周", 5, "Q015", "# 题？\n\n## 回答\n\n答。\n\n—老周"),
    ("---\ndate: 2027-01-01\n---\n\n# 题？", 2, "Q016", ""),
    ("# 题？\n\n## 回答\n\n答。\n\n## 回答", 7, "Q017", ""),
    ("# 除以 $d$ 吗？", 1, "Q018", ""),
    ("# ✎ 题？", 1, "M015", ""),
]  # fmt: skip


@pytest.mark.parametrize(("text", "at", "code", "better"), QUESTIONS, ids=[f"{q[2]}-{q[0][-9:]}" for q in QUESTIONS])
def test_slip_in_a_question_is_named_at_its_line(text, at, code, better):
    path = "talks/questions/what.md"
    assert (at, code) in found(text, path)
    assert mend(text, path) == (better or text)


@pytest.mark.parametrize("said", ["2026-11-27", "2026-11-27 21:00", "2026-11-27 21:00:00", '"2026-11-27 21:00"'])
def test_question_takes_the_date_as_notes_say_it(said):
    text = QUESTION.replace("topics:", f"date: {said}\ntopics:")
    (source,) = (Source("talks/questions/a.md", text),)
    records, problems = pipeline.parse(Inputs(questions=(source,)))
    assert records.questions[0].asked == date(2026, 11, 27)
    assert {problem.code for problem in problems} <= {"T001"}


FINE = [
    "看 Q4_K_M 和 Q8_0 两种量化。",
    "Q4 的财报里写着：收入翻倍。",
    "A100 比 V100 快一倍。",
    "#### 这样做有用吗？",
    "用 `[x](y)` 这样的写法，或者 `https//`。",
    "$f[i](x)$ 与 $a_{[1](2)}$。",
    "损失 $$\nL = -\\log p\n$$ 就是它。",
    "| 甲 | 乙 |\n| --- | --- |\n| 1 | 2 |",
    "````markdown\n```python\n### Q9：不是问题\n```\n````",
    "图像-文本对齐",
    "特殊符号 <s> 与 <|im_start|> 会照样显示。",
    "[哈佛](https://nlp.example.edu/a_(b))与[别的](https://example.org)。",
    "https://web.archive.org/web/2020/https://example.org/",
    "见 arXiv:2106.09685。",
    "提示：先看第一节。",
]


@pytest.mark.parametrize("said", FINE)
def test_what_is_fine_is_not_named(said):
    text = note(news=f"- 一条新闻\n\n{said}", talk=f"{Q}\n\nA1：这样说：\n\n{said}\n\n最后一句。 —阿青")
    assert found(text) == []
    assert mend(text) == text


def test_the_notes_of_the_tests_are_fine():
    assert found(NOTE) == []


def test_many_kinds_are_known_and_each_is_explained():
    assert len(SLIPS) >= 40
    assert SLIPS.keys() <= RULES.keys()


def test_fix_mends_files_and_leaves_what_only_an_author_knows(project, capsys):
    path = project / "talks/notes/101.md"
    path.write_text(
        NOTE.replace("### Q2：显存", "### Q2 显存").replace(
            "(https://example.org/lora)", "（https://example.org/lora）"
        )
    )
    places = [f"--{name}={project / name}" for name in ("talks", "docs", "snippets")]
    assert main(["check", "--fix", *places]) == 0
    assert path.read_text("utf-8") == NOTE
    assert "talks/notes/101.md: mended" in capsys.readouterr().out


def test_show_says_what_was_understood(project, capsys):
    places = [f"--{name}={project / name}" for name in ("talks", "docs", "snippets")]
    assert main(["check", "--show", "--lang", "zh", *places, str(project / "talks/notes/101.md")]) == 0
    said = capsys.readouterr().err
    for line in (
        "时间：2024-03-02 21:00",
        "主持人：小河",
        "问题：2 个，待回答 1 个",
        "概念：LoRA",
        "链接：1",
        "图片：没有",
    ):
        assert f"  {line}\n" in said
    assert main(["check", "--show", *places]) == 0
    said = capsys.readouterr().err
    assert "questions: 2, 1 of them open" in said and "talks/questions/unmerge-lora.md" in said


def test_slip_is_mended_wherever_it_lies_in_the_note():
    text = note(news="- [a](www.example.org)和[b]（https://example.org/1）", talk=ASKED)
    assert "- [a](https://www.example.org)和[b](https://example.org/1)" in mend(text)
    assert mend(mend(text)) == mend(text)


def test_dozens_of_names_in_one_line_are_parted_at_once():
    names = [f"甲乙{chr(0x4E00 + at)}" for at in range(30)]
    text = f"# OpenLLM Talk 005\n\n【编号】：005\n【主持人】：{' '.join(names)}\n"
    source = Source("talks/notes/005.md", text)
    better = mended(source, lambda each: note_slips(each, parse_note(each)[0]))
    assert f"【主持人】：{'、'.join(names)}\n" in better
