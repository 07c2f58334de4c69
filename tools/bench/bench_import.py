"""What is lost when real documents are imported: the cases of public bug reports, and truth counted by eye."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tools.bench.import_cases import CASES, examine
from tools.bench.import_truth import INPUTS, score_collections, score_talks
from tools.bench.table import Row

TITLE = "导入文档"
PAGES = 500
NAMES = {"questions": "问题", "links": "链接", "authors": "作者与主持、编辑"}


def measure() -> list[Row]:
    """Faults of the cases by kind, recall and precision on real documents, and time of 500 pages."""
    kinds: dict[str, set[int]] = {"loss": set(), "structure": set(), "crash": set()}
    for case in CASES:
        for kind, _ in examine(case).faults:
            kinds[kind].add(case.number)
    numbers = len({case.number for case in CASES})
    what = {"loss": "不声不响地丢了字、图或意思", "structure": "不声不响地丢了结构", "crash": "抛出异常"}
    rows = [
        Row(f"{numbers} 种真实的毛病：{what[kind]}", f"{len(found)} 种", "0 种", not found)
        for kind, found in kinds.items()
    ]
    if INPUTS.is_dir():
        for name, score in score_talks().items():
            shown = f"召回 {score.recall:.3f}，准确 {score.precision:.3f}（{score.there} 个）"
            rows.append(Row(f"五期讨论的{NAMES[name]}", shown, "≥ 0.97", min(score.recall, score.precision) >= 0.97))
        score, mangled = score_collections()
        shown = f"召回 {score.recall:.3f}，准确 {score.precision:.3f}（{score.there} 个）"
        rows.append(Row("七份问答集的问题", shown, "≥ 0.97", min(score.recall, score.precision) >= 0.97))
        rows.append(Row("七份问答集里走样的题目", f"{mangled} 个", "0 个", not mangled))
        rows += [_time(INPUTS / "import" / "big-500pages.docx", ".docx", 5), _time(None, ".pdf", 40)]
    return rows


def _time(path: Path | None, kind: str, most: float) -> Row:
    """Seconds of the whole command on 500 pages."""
    with tempfile.TemporaryDirectory() as name:
        if path is None:
            path = Path(name) / "long.pdf"
            _write_pdf(path)
        before = os.times()
        subprocess.run([sys.executable, "-m", "ingest", "parse", str(path)], capture_output=True, check=False)
        after = os.times()
    seconds = after.children_user + after.children_system - before.children_user - before.children_system
    return Row(f"{PAGES} 页的 {kind}：`parse` 的处理器时间", f"{seconds:.1f} s", f"≤ {most:g} s", seconds <= most)


def _write_pdf(path: Path) -> None:
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.pdfgen.canvas import Canvas

    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
    sheet = Canvas(str(path), invariant=True)
    for page in range(PAGES):
        sheet.setFont("STSong-Light", 11)
        for line in range(40):
            sheet.drawString(
                60,
                780 - 18 * line,
                f"第 {page} 页第 {line} 行：低秩适配只训练两个小矩阵，其余的参数不动，显存省下很多。",
            )
        sheet.showPage()
    sheet.save()


if __name__ == "__main__":
    for row in measure():
        print(row)
