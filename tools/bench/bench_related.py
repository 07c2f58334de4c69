"""Related questions: how many of those shown help, over the labelled questions: ours, BM25, TF-IDF over n-grams."""

import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from rank_bm25 import BM25Okapi
from sklearn.feature_extraction.text import TfidfVectorizer

from ingest.concepts import fold
from ingest.files import read
from ingest.link import link
from ingest.model import Question
from ingest.pipeline import Inputs, parse
from ingest.related import RELATED
from ingest.wiki import Records
from tools.bench.table import Row

TITLE = "相关问题：给出的里有几个有用"
ROOT = Path(__file__).parents[2]
LABELS = ROOT / "tests" / "site" / "related.tsv"
JUDGED = date(2026, 11, 21)  # what was asked later nobody has judged: shown or not, it counts for nothing
FOLDERS = {
    "notes": "talks/notes",
    "questions": "talks/questions",
    "concepts": "docs/topics",
    "english_concepts": "docs/en/topics",
}
Related = dict[str, tuple[str, ...]]


def labels() -> dict[str, set[str]]:
    """The questions that are really related, by question."""
    lines = (line.partition("\t") for line in LABELS.read_text("utf-8").splitlines() if not line.startswith("#"))
    return {asked: set(names.split()) for asked, _, names in lines}


def best(questions: Sequence[Question], scores: Sequence[Sequence[float]]) -> Related:
    """The highest of each row of scores, but for the question itself."""
    names = [question.id for question in questions]
    ranked = (sorted(zip(row, names, strict=True), key=lambda pair: -pair[0]) for row in scores)
    return {
        name: tuple(other for _, other in pairs if other != name)[:RELATED]
        for name, pairs in zip(names, ranked, strict=True)
    }


def records_of_the_archive() -> Records:
    """What this checkout holds, parsed and not yet linked."""
    paths = {name: [p for p in (ROOT / folder).glob("*.md") if p.stem != "index"] for name, folder in FOLDERS.items()}
    return parse(Inputs(**{name: read(found, ROOT)[0] for name, found in paths.items()}))[0]


def measure() -> list[Row]:
    """The archive's own questions; the others read whole answers and always show five."""
    wiki = link(records_of_the_archive())
    questions = wiki.records.questions
    texts = [
        fold(" ".join([asked.title, asked.text, *(answer.text for answer in asked.answers)])) for asked in questions
    ]
    words = [re.findall(r"[a-z0-9]+|[\u4e00-\u9fff]", text) for text in texts]
    bm25 = BM25Okapi(words)
    grams = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 3), sublinear_tf=True).fit_transform(texts)
    found = {
        "本站": wiki.related,
        "BM25": best(questions, [bm25.get_scores(said) for said in words]),
        "TF-IDF": best(questions, (grams @ grams.T).toarray()),
    }
    wanted = labels()
    judged = {question.id for question in questions if question.asked and question.asked <= JUDGED}
    found = {
        name: {asked: tuple(other for other in shown if other in judged) for asked, shown in given.items()}
        for name, given in found.items()
    }
    right = {
        name: sum(len(wanted[asked].intersection(given[asked])) for asked in wanted) for name, given in found.items()
    }
    shown = {name: sum(len(given[asked]) for asked in wanted) for name, given in found.items()}
    there = sum(min(len(names), RELATED) for names in wanted.values())
    return [
        Row(
            f"{len(wanted)} 个标注过的问题，至多给 {RELATED} 个：给出的里有用的",
            "，".join(f"{name} {right[name] / shown[name]:.3f}" for name in found),
            "≥ 0.85",
            right["本站"] >= 0.85 * shown["本站"],
        ),
        Row(
            f"有用的里给出的（每问至多算 {RELATED} 个）",
            "，".join(f"{name} {right[name] / there:.3f}" for name in found),
        ),
    ]
