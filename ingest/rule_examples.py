"""What breaks each rule and what keeps it: for the page of rules, and for the test that holds every rule to both."""

from ingest.slips.all_rules import SLIPS

_NOTE = """\
【编号】：101
【时间】：2024-03-02 21:00

## 本周新闻

## 本周推荐

## Free Talk
"""
_CONCEPT = """\
---
title: LoRA：低秩适配
english: "LoRA: low-rank adaptation"
aliases: [LoRA]
group: 微调
summary: 只训练低秩的增量。
---

# LoRA
"""
_QUESTION = "# 秩该取多大？\n\n从 8 试起。\n"
_FEED = """\
<rss version="2.0"><channel><title>某个博客</title>
<item><title>一篇文章</title><link>https://example.org/1</link><pubDate>Mon, 16 Nov 2026 00:00:00 GMT</pubDate></item>
</channel></rss>
"""
_PAPER = '{"title": "A Paper", "url": "https://example.org/1"}\n'
_OPML = '<opml version="2.0"><body>\n<outline text="某个博客" xmlUrl="https://example.org/feed.xml"/>\n</body></opml>\n'
_PATH = """\
---
steps:
  - name: 起步
    english: Start
    concepts: [rope]
...
"""


def _talk(old: str, new: str) -> tuple[str, str, str]:
    return "talks/notes/101.md", _NOTE.replace(old, new), _NOTE


def _slip(place: str, text: str) -> str:
    """A whole file around a slip, by where it stands."""
    if place == "head":
        return _NOTE.replace("\n\n", f"\n{text}\n\n", 1)
    if place == "concept":
        return _CONCEPT.replace("group:", f"{text}\ngroup:")
    if place == "question":
        return f"{text}\n"
    title = {"news": "## 本周新闻\n", "talk": "## Free Talk\n"}[place]
    return _NOTE.replace(title, f"{title}\n{text}\n")


def _examples_of_slips() -> dict[str, tuple[str, str, str]]:
    paths = {"question": "talks/questions/new.md", "concept": "docs/topics/lora.md"}
    return {
        code: (paths.get(place, "talks/notes/101.md"), _slip(place, broken), _slip(place, kept))
        for code, (*_, place, broken, kept) in SLIPS.items()
        if place in ("head", "news", "talk", "question", "concept")
    }


def _feed(old: str, new: str) -> tuple[str, str, str]:
    return "feed.xml", _FEED.replace(old, new), _FEED


def _asked(field: str) -> str:
    return f"---\n{field}\n---\n\n{_QUESTION}"


def _concept(old: str, new: str) -> tuple[str, str, str]:
    return "docs/topics/lora.md", _CONCEPT.replace(old, new), _CONCEPT


_SIGNED = _NOTE.replace("\n\n## 本周新闻\n", "\n【主持人】：老周\n\n## 本周新闻\n\n- 一件大事 —老周\n")
# Where the examples of "another file has it already" look: what lies beside them.
BESIDE = {
    "talks/notes/100.md": _NOTE.replace("101", "100"),
    "talks/questions/rank.md": _QUESTION.replace("秩该取多大", "矩阵的秩是什么"),
    "docs/topics/rope.md": _CONCEPT.replace("LoRA：低秩适配", "RoPE").replace("LoRA", "RoPE"),
    "snippets/rope.py": '"""Rotary position embedding."""\n',
}
EXAMPLES: dict[str, tuple[str, str, str]] = {
    # code: (path, broken, kept)
    "F003": (
        "talks/questions/new.md",
        _asked("topics: [rope"),
        _asked("topics: [rope]"),
    ),
    "L004": ("talks/questions/new.md", "# 秩该取\u202e多大？\n\n从 8 试起。\n", _QUESTION),
    "N001": _talk("【编号】：101\n", ""),
    "N002": _talk("101", "100"),
    "N003": _talk("2024-03-02 21:00", "下周六"),
    "N004": _talk("\n## 本周推荐\n", ""),
    "N005": _talk("\n## 本周新闻", "\n这段话不属于任何版块。\n\n## 本周新闻"),
    "N006": (
        "talks/notes/101.md",
        f"{_NOTE}\n有人想知道秩该取多大，怎么选。\n",
        f"{_NOTE}\nQ1：秩该取多大，怎么选？\n",
    ),
    "P001": ("talks/papers/2026-W47.jsonl", '{"title": "A Paper"}\n', _PAPER),
    "P002": ("feed.xml", "<!doctype html><title>某个博客</title><p>没有源</p>\n", _FEED),
    "P003": ("feed.xml", '<rss version="2.0"><channel><title>某个博客</title></channel></rss>\n', _FEED),
    "P004": _feed("<link>https://example.org/1</link>", ""),
    "P005": _feed("<pubDate>Mon, 16 Nov 2026 00:00:00 GMT</pubDate>", ""),
    "P006": ("feed.xml", f'<!DOCTYPE rss [<!ENTITY a "b">]>\n{_FEED}', _FEED),
    "P008": _feed("</channel>", ""),
    "P009": ("talks/papers/november.jsonl", _PAPER, _PAPER),
    "P010": ("talks/feeds.opml", _OPML.replace("xmlUrl", "url"), _OPML),
    "P012": (
        "talks/papers/2026-W47.jsonl",
        _PAPER.replace("}", ', "published": "2926-11-16"}'),
        _PAPER.replace("}", ', "published": "2026-11-16"}'),
    ),
    "Q001": ("talks/questions/new.md", _asked("id: rank"), _asked("id: lora-rank")),
    "Q002": ("talks/questions/new.md", "秩该取多大？\n\n从 8 试起。\n", _QUESTION),
    "Q003": ("talks/questions/new.md", _asked("date: 昨天"), _asked("date: 2026-11-21")),
    "Q004": (
        "talks/questions/new.md",
        "# 矩阵的秩，是什么？\n\n线性无关的行数。\n",
        "---\nduplicate_of: rank\n---\n\n# 矩阵的秩，是什么？\n\n线性无关的行数。\n",
    ),
    "Q005": ("talks/questions/new.md", _asked("duplicate_of: rang"), _asked("duplicate_of: rank")),
    "S001": _concept("group:", "snippet: nowhere\ngroup:"),
    "S002": ("snippets/lora.py", "RANK = 8\n", '"""LoRA: low-rank adaptation."""\n\nRANK = 8\n'),
    "S003": (
        "snippets/essence/rope.py",
        '"""Turn pairs of channels by an angle."""\n\nangle = 1.0  # 角度\n',
        '"""Turn pairs of channels by an angle."""\n\nangle = 1.0  # 角度 ‖ the angle\n',
    ),
    "T001": ("talks/questions/new.md", _asked("topics: [rpoe]"), _asked("topics: [rope]")),
    "T002": _concept("[LoRA]", "[LoRA, RoPE]"),
    "T003": _concept("summary: 只训练低秩的增量。\n", ""),
    "T004": _concept("group:", "builds_on: [lora]\ngroup:"),
    "T005": ("talks/synonyms.txt", "复读机\n", "复读机 = 重复 = repetition\n"),
    "T012": ("docs/topics/path.yml", _PATH.replace("    english: Start\n", ""), _PATH),
    "T006": _concept("group:", "learn: [LoRA 是什么]\ngroup:"),
    "T007": _concept("group:", "translated: true\ngroup:"),
    "T013": _concept("group:", "symbols: [question Q q]\ngroup:"),
    "X003": ("docs/topics/demo.html", "<script>alert(1)</script>\n", _CONCEPT),
    "X005": _concept("\n# LoRA\n", "\n# LoRA\n\n::: os.path\n"),
    "X006": _concept("\n# LoRA\n", "\n# LoRA\n\n<script>alert(1)</script>\n"),
    "X007": _concept("group:", "template: other.html\ngroup:"),
}
EXAMPLES |= _examples_of_slips() | {
    "N018": ("talks/notes/101.md", _SIGNED.replace(" —老周", "-老周"), _SIGNED),
    "N027": _talk("2024", "2099"),
    "N028": _talk("101", "102"),
    "T011": _concept("LoRA: low-rank adaptation", "LoRA：低秩适配"),
    "Q014": ("talks/questions/秩.md", _QUESTION, _QUESTION),
}
KEPT_PATHS = {
    "X003": "docs/topics/lora.md",
    "Q014": "talks/questions/lora-rank.md",
    "P009": "talks/papers/2026-W47.jsonl",
}
