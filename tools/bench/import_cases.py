"""The cases of real documents that went wrong: what each must become, told as loss of text, of structure, or a crash.

The files lie in tests/ingest/importing/cases/, made for this. A case names what must stand in the note, what must not,
and what must be said. `python -m tools.bench.import_cases` prints the table; tests hold it.
"""

import logging
import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ingest.importing.convert import convert
from ingest.importing.decode import CannotConvert
from ingest.importing.document import as_talk
from ingest.importing.sandbox import Limits, convert_within
from ingest.model import Source
from ingest.notes.write import format_note

FOLDER = Path(__file__).parents[2] / "tests" / "ingest" / "importing" / "cases"


@dataclass(frozen=True, slots=True)
class Case:
    """What a file must become.

    Attributes:
        number: Of the case in the review; several files may show one.
        file: Its name in `FOLDER`.
        text: What must stand in the note, or else be said: without it text, a picture or a meaning is lost.
        structure: Regular expressions that must match in the note.
        never: What must not stand in it.
        said: Regular expressions, one of which must match in what is said.
        questions: How many questions the note has; None where that does not matter.
        refused: Whether it is refused, with a reason.
        within: What it may cost; it is then read in a process of its own, as `import` does.
    """

    number: int
    file: str
    text: tuple[str, ...] = ()
    structure: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    said: str = ""
    questions: int | None = None
    refused: bool = False
    within: Limits | None = None


@dataclass(slots=True)
class Outcome:
    """What a case became, and its faults by their kind: `loss`, `structure`, `crash`."""

    case: Case
    note: str = ""
    said: list[str] = field(default_factory=list)
    faults: list[tuple[str, str]] = field(default_factory=list)


CODE = "def f(x):\n    # 注释\n    if x > 1:\n        return x * 2\n\n    return `x`"
CASES = (
    Case(
        1,
        "d1-omml.docx",
        ("$h=W_0x+\\frac{α}{r}BAx$，其中 r 是秩",),
        (r"\$\$\nh=W_0x\+\\frac\{α\}\{r\}BAx\n\$\$",),
        questions=1,
    ),
    Case(2, "224-latin-without-map.pdf", ("学习率取□",), said=r"24 of \d+ characters have no text"),
    Case(
        3,
        "234-radicals.pdf",
        ("长度外推与门控", "页数不多", "角度", "车、马、风、飞、鱼、贝"),
        never=("⻓", "⻔"),
        questions=1,
    ),
    Case(
        4,
        "d6-lists.docx",
        ("装环境",),
        (
            r"(?m)^1\. 装环境",
            r"(?m)^2\. 跑脚本",
            r"(?m)^3\. 看日志",
            r"(?m)^4\. 交报告",
            r"(?m)^4\. 乙",
            r"(?m)^一、第一点",
        ),
    ),
    Case(4, "d6c-list-questions.docx", ("从 8 试起",), questions=3),
    Case(4, "d6b-auto-q.docx", ("从 8 试起",), questions=3),
    Case(5, "d9-code.docx", ("    # 注释",), (rf"```\n{re.escape(CODE)}\n```",), never=("## 注释",)),
    Case(5, "d14-styles-escape.docx", (r"\_\_init\_\_", r"\*\*kwargs", r"2\*3\*4", r"C:\\\_x\_"), questions=2),
    Case(5, "d10-specials.docx", (r"\# 井号开头的段",), never=("\n# 井号",)),
    Case(
        6,
        "h1-wechat.html",
        ("](https://mmbiz.qpic.cn/mmbiz_png/abc/640?wx_fmt=png&from=appmsg)", "答案在 SVG 里"),
        (r"def f\(x\):\n    # 注释\n    return x",),
        said="embedded",
        questions=1,
    ),
    Case(
        7,
        "h2-katex.html",
        ("行内 $W_0$ 后文",),
        (r"\$\$\nh=W_0x\+\\frac\{\\alpha\}\{r\}BAx\n\$\$",),
        never=("W0x+rα", "$W_0$W0"),
    ),
    Case(
        8,
        "h4-mathml.html",
        ("$x^2$", r"\frac{a}{b}", "$E=mc^2$", r"\sqrt{n}", "](https://example.org/lazy.png)", r"\sum_{i=1}^n"),
    ),
    Case(9, "d10-specials.docx", ("$x^2$", "$H_2$O")),
    Case(9, "h2-katex.html", ("$10^5$",)),
    Case(9, "p3-code-lists.pdf", ("$10^5$", "$H_2$O"), (r"\n\n    return x\n```",)),
    Case(10, "d2-textbox.docx", ("文本框甲：两种写法都有", "文本框乙：只有新写法", "文本框丙：没有后备")),
    Case(10, "d3-fields.docx", ("[简单域](https://example.org/simple)", "[复杂域](https://example.org/complex)")),
    Case(10, "d10-specials.docx", ("注意（zhù yì）力", "[x] 完成的事"), never=("隐藏文字",), said="hidden text"),
    Case(11, "202-altchunk.docx", ("全文都在这里",)),
    *(
        Case(12, f"{name}.docx", ("Q1：为什么？",), said=said, questions=1)
        for name, said in (
            ("d11b-broken-rel", "picture"),
            ("d11c-missing-part", "picture"),
            ("d11d-embed-external", ""),
        )
    ),
    Case(12, "d11-pictures.docx", ("](import-pictures/1.png)",), said="picture"),
    Case(13, "m1-obsidian.md", ("![](import-pictures/1.png)", "![损失曲线](import-pictures/2.png)")),
    Case(13, "m3-notion 0a1b.md", ("](import-pictures/1.png)",), questions=2),
    Case(14, "m7-bullet-questions.md", ("从 8 试起",), questions=2),
    Case(14, "m8-q-variants.md", ("几千条起",), questions=6),
    Case(15, "225-margins.pdf", ("实验 1", "实验 4", "1024", "4096")),
    Case(
        16,
        "d4-footnotes.docx",
        ("出自第三节",),
        (r"—阿木\n\n## 注\n\n- \[注 1\] 出自第三节",),
        never=("footnote-ref", "↑"),
        questions=1,
    ),
    Case(17, "d7-merged.docx", ("乙型",), (r"(?m)^\| +\| 乙型 \| 7 \|$",)),
    Case(18, "d7-merged.docx", ("里一",), (r"(?m)^\| 里一 \| 里二 \|$",)),
    Case(
        19, "m5-gdocs.md", ("](import-pictures/1.png)",), (r"(?m)^## 本周新闻$",), never=("{#", "base64"), questions=1
    ),
    Case(20, "m4-yuque.md", ("红字", "折叠的话"), (r"【编号】：209\n",), never=("<font", "<a name", "<br", "<details")),
    Case(
        21,
        "d8-headings.docx",
        ("丁。",),
        (r"(?m)^## 本周推荐$", r"(?m)^### 大模型训练$", r"(?m)^### 模型评测$", r"(?m)^##+ 学术$"),
    ),
    Case(
        21,
        "d8b-headings.docx",
        (),
        (r"(?m)^#+ 样式名叫 标题 1$", r"(?m)^#+ 基于 heading 2", r"(?m)^#+ 段落自带大纲级别$"),
    ),
    Case(22, "d8d-typed-numbers.docx", ("从 8 试起",), questions=2),
    Case(22, "d8e-emoji-headings.docx", ("从 8 试起",), questions=1),
    Case(
        23, "h3-optional-end-tags.html", ("解释二",), (r"(?m)^- 甲\n- 乙\n +- 乙一\n +- 乙二\n- 丙$", r"\| 左 \| 右 \|")
    ),
    Case(24, "228-deep400.html", ("深处的字",)),
    Case(24, "230-500p.html", ("第 499 段",), questions=1),
    Case(25, "d14-styles-escape.docx", (), (r"(?m)^- 甲\n  - 甲一\n    - 甲一一\n- 乙$",)),
    Case(25, "h5-gdocs.html", (), (r"(?m)^- 甲\n  - 甲一\n  - 甲二\n",)),
    Case(26, "h5-gdocs.html", ("脚注的话",), never=("批注的话",), said="comment"),
    Case(26, "m1-obsidian.md", (), never=("不该公开",), said="comment"),
    Case(26, "m6-breaks.md", ("正文",), never=("私下的话",), said="comment"),
    Case(27, "m6-breaks.md", ("第一行  \n第二行",), (r"(?m)^## 本周新闻$", r"(?m)^## Free Talk$"), questions=1),
    Case(
        28,
        "p1-two-columns.pdf",
        (),
        ("少显存，按顺序试就好。这一段讲怎样", "先把优化器的状态放到内存里，再把激活重新计算，最后才考虑"),
    ),
    Case(
        28,
        "p2-tables.pdf",
        (),
        (r"\| 模型 \| 参数 \| 显存 \|", r"\| 甲 \| 7B \| 13 GB \|", r"\| 丁 \| 34B \| 70 GB \|"),
    ),
    Case(29, "lab1000.pdf", ("1",)),
    *(
        Case(30, name, said="N001", refused=True)
        for name in ("2024年3月2日 会议纪要(1).txt", "导出_v2.txt", "讨论20240302.txt")
    ),
    Case(31, "p1-two-columns.pdf", ("先把优化器的状态放到内存里",)),
    Case(33, "bomb.pdf", refused=True, said="more than 300 MB", within=Limits(memory=300_000_000)),
    Case(33, "bomb.docx", refused=True, said="unpacked", within=Limits()),
    Case(33, "fences.md", ("最后一行",), within=Limits(10)),
    Case(33, "lines.txt", ("第 3999 行",), within=Limits(10)),
    Case(32, "d3-fields.docx", ("https://example.org/p#sec2", "https://example.org/甲_%28乙%29%20丙")),
    Case(34, "d5-comments-tracked.docx", ("四十八", "前半句和后半句", "移动的一句"), never=("二十四",), said="comment"),
    *(
        Case(35, f"{name}.docx", refused=True, said=said)
        for name, said in (
            ("203-cut", "cut off"),
            ("203-renamed-doc", "old .doc"),
            ("203-pptx", "PowerPoint"),
            ("203-html", "HTML"),
            ("s1-xxe", "damaged"),
            ("s2-laughs", "damaged"),
            ("s3-deep", "nested too deep"),
        )
    ),
    Case(35, "e1-user-password.pdf", refused=True, said="password"),
    Case(35, "222-scanned.pdf", ("](import-pictures/3.png)",), said="OCR"),
    Case(36, "t4-utf8-one-bad-byte.txt", refused=True, said="line 9"),
    Case(36, "t1-gb18030.txt", ("OpenLLM Talk",), questions=1),
)


@contextmanager
def _listening() -> Iterator[list[logging.LogRecord]]:
    """What libraries say to whoever listens, which would stand on the terminal among what matters."""
    heard: list[logging.LogRecord] = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = heard.append  # type: ignore[method-assign]
    logging.getLogger().addHandler(handler)
    try:
        yield heard
    finally:
        logging.getLogger().removeHandler(handler)


def examine(case: Case) -> Outcome:
    """Convert a case's file, and hold what came of it against what must."""
    outcome = Outcome(case)
    try:
        with _listening() as heard:
            converted = convert_within(FOLDER / case.file, case.within) if case.within else convert(FOLDER / case.file)
        outcome.faults += [("structure", f"a library says {record.getMessage()!r}") for record in heard]
    except CannotConvert as error:
        outcome.said.append(str(error))
        if not case.refused:
            outcome.faults.append(("loss", f"refused: {error}"))
    except Exception:
        outcome.faults.append(("crash", traceback.format_exc()))
    else:
        _read(outcome, converted.text)
        outcome.said += [*converted.told, *converted.left_out, *converted.faults]
        if converted.census.missing:
            outcome.said.append(f"{converted.census.missing} letters missing")
        outcome.faults += _faults(outcome)
    if case.said and not any(re.search(case.said, said) for said in outcome.said):
        outcome.faults.append(("loss", f"nothing said of {case.said!r} in {outcome.said}"))
    return outcome


def _read(outcome: Outcome, text: str) -> None:
    source = as_talk(Source(outcome.case.file, text))
    outcome.note, talk, problems, gone = format_note(source)
    outcome.said += [str(problem) for problem in problems if problem.code == "N001"]
    asked = outcome.case.questions
    if asked is not None and len(talk.questions) != asked:
        outcome.faults.append(("structure", f"{len(talk.questions)} questions for {asked}"))
    if gone:
        outcome.faults.append(("loss", f"{gone[:40]!r} is gone"))


def _faults(outcome: Outcome) -> Iterator[tuple[str, str]]:
    case, note = outcome.case, outcome.note
    yield from (("loss", f"no {text!r}") for text in case.text if text not in note)
    yield from (("structure", f"no {shape!r}") for shape in case.structure if not re.search(shape, note))
    yield from (("structure", f"there is {text!r}") for text in case.never if text in note)


def main() -> None:
    """Print every fault, and how many of each kind."""
    kinds: dict[str, set[int]] = {"loss": set(), "structure": set(), "crash": set()}
    for case in CASES:
        for kind, what in examine(case).faults:
            kinds[kind].add(case.number)
            print(f"{case.number:2} {case.file}: {kind}: {what[-300:]}")
    print(
        ", ".join(f"{len(numbers)} {kind}" for kind, numbers in kinds.items()),
        f"of {len({c.number for c in CASES})} cases",
    )


if __name__ == "__main__":
    main()
