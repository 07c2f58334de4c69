"""What each snippet was last tested with, and what pages say of it; `python -m tools.records` writes the records.

A record belongs to the bytes that were tested: its `content` is a hash of the snippet and its test file. Where either
has changed since, the pages say so and show no number; a snippet without a record is no error.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypedDict

from ingest.front_matter import front_matter
from ingest.model import Source
from ingest.tree import Tree

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "snippets" / "records.json"
PLACES = ("cpu", "cuda", "browser")
PLAIN = re.compile(r"[\w .,()/+-]{0,200}")  # of what pages show as it is: a branch may bring any


class Record(TypedDict):
    """One snippet's record.

    Attributes:
        content: `content_of` the snippet when it was tested.
        date: ISO day.
        machine: Versions of Python, torch and the system, and the GPU where there was one.
        browser: The browser and its version, or "".
        passed: Tests that passed, by place: `cpu`, `cuda`, `browser`; no key where none ran.
    """

    content: str
    date: str
    machine: str
    browser: str
    passed: dict[str, int]


WORDS = {
    "zh": {
        "head": "数字是通过的测试。「已过时」：代码或测试在那次记录之后改过。",
        "environment": "{number}. {date}：{machine}；浏览器 {browser}",
        "columns": "| 概念 | CPU | CUDA | 浏览器 | 记录 |",
        "title": "title",
        "page": "topics/{name}.md",
        "not run": "未跑",
        "stale": "已过时",
        "none": "尚无记录",
    },
    "en": {
        "head": 'The numbers are tests that passed. "Stale": the code or its tests changed after they were recorded.',
        "environment": "{number}. {date}: {machine}; browser {browser}",
        "columns": "| Concept | CPU | CUDA | Browser | Record |",
        "title": "english",
        "page": "../topics/{name}.md",
        "not run": "not run",
        "stale": "stale",
        "none": "not recorded yet",
    },
}


def content_of(name: str, root: Path = ROOT) -> str:
    """A hash of a snippet and its test file, 16 hex digits; a file that is not there counts as empty."""
    whole = hashlib.sha256()
    for path in (root / "snippets" / f"{name}.py", root / "tests" / "snippets" / f"test_{name}.py"):
        text = path.read_bytes().replace(b"\r\n", b"\n") if path.is_file() else b""
        whole.update(hashlib.sha256(text).digest())
    return whole.hexdigest()[:16]


def load(file: Path = FILE) -> dict[str, Record]:
    """All records by the snippet's name; none where there is no file.

    Raises:
        ValueError: It is not in its form.
    """
    try:
        found = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
        for name, record in found.items():
            texts, passed = [record[key] for key in ("content", "date", "machine", "browser")], record["passed"]
            if not (all(map(PLAIN.fullmatch, texts)) and all(type(count) is int for count in passed.values())):
                raise ValueError(f"the record of {name} holds more than names and numbers")
    except (AttributeError, LookupError, RecursionError, TypeError) as error:
        raise ValueError(f"no records: {type(error).__name__} {error}") from error
    return dict(found)


def dump(records: Mapping[str, Record]) -> str:
    """The records as JSON, one line for each value, so that two people's records merge."""
    return json.dumps(records, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def pages(names: Iterable[str], records: Mapping[str, Record], root: Path = ROOT) -> dict[str, str]:
    """What pages include, by file name: the table in both languages, and a line for each snippet's own page."""
    fresh: dict[str, Record] = {}
    stale: dict[str, Record] = {}
    for name in names:
        if record := records.get(name):
            (fresh if record["content"] == content_of(name, root) else stale)[name] = record
    made = {f"{name}.md": _line(fresh.get(name), stale.get(name)) for name in names}
    for lang, file in (("zh", "index.md"), ("en", "index.en.md")):
        made[file] = _table(list(names), fresh, stale, root, lang)
    return made


def _line(fresh: Record | None, stale: Record | None) -> str:
    """What a snippet's own page says."""
    if fresh:
        words = {"cpu": "CPU 上 {} 项", "cuda": "CUDA 上 {} 项", "browser": "浏览器里 {} 项"}
        counts = "、".join(words[place].format(fresh["passed"][place]) for place in PLACES if place in fresh["passed"])
        said = f"{fresh['date']} 通过 {counts}"
    else:
        said = f"已过时，{stale['date']} 之后代码或测试改过" if stale else "尚无记录"
    return f"测试记录：{said}。[怎样记录，用什么测的](../snippets.md#tested)\n"


def _table(names: list[str], fresh: dict[str, Record], stale: dict[str, Record], root: Path, lang: str) -> str:
    """Environments first, by number; then a row for each snippet, which names its environment."""
    words = WORDS[lang]
    environments = sorted({_environment(record) for record in fresh.values()}, reverse=True)
    lines = [words["head"], ""]
    for number, (date, machine, browser) in enumerate(environments, start=1):
        known = {"date": date, "machine": machine, "browser": browser or words["not run"]}
        lines.append(words["environment"].format(number=number, **known))
    lines += ["", words["columns"], "|---|--:|--:|--:|---|"]
    for name in names:
        if name in fresh:
            counts = [str(fresh[name]["passed"].get(place) or words["not run"]) for place in PLACES]
            last = str(environments.index(_environment(fresh[name])) + 1)
        else:
            counts, last = ["–"] * len(PLACES), words["stale" if name in stale else "none"]
        lines.append(f"| {_link(name, root, words)} | {' | '.join(counts)} | {last} |")
    return "\n".join(lines) + "\n"


def _environment(record: Record) -> tuple[str, str, str]:
    return record["date"], record["machine"], record["browser"]


def _link(name: str, root: Path, words: Mapping[str, str]) -> str:
    """The concept's title, as its page's front matter has it, and its address; the name alone where no page is."""
    page = f"docs/topics/{name}.md"
    try:
        text = Tree(root).read(page).decode("utf-8", "replace")
    except (FileNotFoundError, IsADirectoryError):
        return f"`{name}`"
    front, *_ = front_matter(Source(page, text))  # as the guard reads it
    title = " ".join(str(front.get(words["title"]) or name).split()).replace("|", "\\|")
    return f"[{title}]({words['page'].format(name=name)})"
