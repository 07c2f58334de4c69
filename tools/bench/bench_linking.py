"""Linking: which concepts a text is about, over labelled texts and the titles of the archive's own questions."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from unittest import mock

from ingest import matching
from ingest.matching import Matcher
from ingest.wiki import Records
from tools.bench.bench_related import ROOT, records_of_the_archive
from tools.bench.table import Row

TITLE = "概念链接：文字谈到的概念找到多少，找对多少"
LABELS = ROOT / "tests" / "site" / "linking.tsv"
THRESHOLDS = (4.0, 4.5, 5.0, 5.5, 6.0)
Text = tuple[str, set[str], set[str]]  # with the concepts that must be found, and those that may be


def labelled(half: str, path: Path = LABELS) -> list[Text]:
    """The labelled texts of a half: `tune` or `report`."""
    lines = [line.split("\t") for line in path.read_text("utf-8").splitlines() if not line.startswith("#")]
    return [(text, set(names.split()), set(names.split())) for text, names, which in lines if which == half]


def titles(records: Records, named: Callable[[str], Iterable[str]]) -> list[Text]:
    """Titles of questions whose authors wrote topics: the first must be found; the others, and those named, may be."""
    return [
        (question.title, {question.topics[0]}, {*question.topics, *named(question.title)})
        for question in records.questions
        if question.topics
    ]


def recall_and_precision(find: Callable[[str], Iterable[str]], texts: Sequence[Text]) -> tuple[float, float]:
    """Of all concepts that must be found, and of all that are, the share that is right."""
    found = [set(find(text)) for text, _, _ in texts]
    wanted = sum(len(must) for _, must, _ in texts)
    right = sum(len(names & must) for names, (_, must, _) in zip(found, texts, strict=True))
    fine = sum(len(names & may) for names, (_, _, may) in zip(found, texts, strict=True))
    return right / wanted, fine / (sum(map(len, found)) or 1)


def measure() -> list[Row]:
    """Names alone and with the pages; then the trade between recall and precision."""
    records = records_of_the_archive()
    matcher, alone = Matcher(records.concepts, *records.prose), Matcher(records.concepts)
    with mock.patch.object(matching, "LIKELY", float("inf")):
        named = {text: alone.find(text) for text in _all_texts(records)}
    sets = {
        "调阈值用的一半": labelled("tune"),
        "只报告的一半": labelled("report"),
        "问题的标题（作者写的 topics 藏起来）": titles(records, named.__getitem__),
    }
    rows = []
    for name, texts in sets.items():
        ours, names = recall_and_precision(matcher.find, texts), recall_and_precision(named.__getitem__, texts)
        rows.append(
            Row(
                f"{name}，{len(texts)} 条：召回 / 精确",
                f"{_pair(ours)}（只看名字 {_pair(names)}）",
                "0.80 / 0.90",
                ours[0] >= 0.8 and ours[1] >= 0.9,
            )
        )
    trade = []
    for least in THRESHOLDS:
        with mock.patch.object(matching, "LIKELY", least):
            trade.append(f"{least}：{_pair(recall_and_precision(matcher.find, labelled('report')))}")
    return [*rows, Row("只报告的一半，按阈值 LIKELY", "，".join(trade))]


def _all_texts(records: Records) -> list[str]:
    return [text for half in ("tune", "report") for text, _, _ in labelled(half)] + [q.title for q in records.questions]


def _pair(shares: tuple[float, float]) -> str:
    return " / ".join(f"{share:.2f}" for share in shares)
