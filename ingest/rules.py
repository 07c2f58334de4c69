"""The page that explains every rule with an example of it broken and kept; `python -m ingest rules` prints it."""

from ingest.problems import ERROR, RULES

GROUPS = {"F": "文件", "N": "讨论笔记", "P": "论文与订阅源", "Q": "问答", "S": "代码", "T": "概念页"}

_NOTE = """\
【编号】：101
【时间】：2024-03-02 21:00

## 本周新闻

## 本周推荐

## Free Talk
"""
_TOPIC = """\
---
title: LoRA：低秩适配
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


def _talk(old: str, new: str) -> tuple[str, str, str]:
    return "talks/notes/101.md", _NOTE.replace(old, new), _NOTE


def _feed(old: str, new: str) -> tuple[str, str, str]:
    return "feed.xml", _FEED.replace(old, new), _FEED


def _asked(field: str) -> str:
    return f"---\n{field}\n---\n\n{_QUESTION}"


def _topic(old: str, new: str) -> tuple[str, str, str]:
    return "docs/topics/lora.md", _TOPIC.replace(old, new), _TOPIC


# Where the examples of "another file has it already" look: what lies beside them.
BESIDE = {
    "talks/notes/100.md": _NOTE.replace("101", "100"),
    "talks/questions/rank.md": _QUESTION.replace("秩该取多大", "矩阵的秩是什么"),
    "docs/topics/rope.md": _TOPIC.replace("LoRA：低秩适配", "RoPE").replace("LoRA", "RoPE"),
    "snippets/rope.py": '"""Rotary position embedding."""\n',
}
EXAMPLES: dict[str, tuple[str, str, str]] = {
    # code: (path, broken, kept)
    "F003": (
        "talks/questions/new.md",
        _asked("topics: [rope"),
        _asked("topics: [rope]"),
    ),
    "N001": _talk("【编号】：101\n", ""),
    "N002": _talk("101", "100"),
    "N003": _talk("2024-03-02 21:00", "下周六"),
    "N004": _talk("\n## 本周推荐\n", ""),
    "N005": _talk("\n## 本周新闻", "\n这段话不属于任何版块。\n\n## 本周新闻"),
    "P001": ("talks/papers/2026-W47.jsonl", '{"title": "A Paper"}\n', _PAPER),
    "P002": ("feed.xml", "<!doctype html><title>某个博客</title><p>没有源</p>\n", _FEED),
    "P003": ("feed.xml", '<rss version="2.0"><channel><title>某个博客</title></channel></rss>\n', _FEED),
    "P004": _feed("<link>https://example.org/1</link>", ""),
    "P005": _feed("<pubDate>Mon, 16 Nov 2026 00:00:00 GMT</pubDate>", ""),
    "P006": ("feed.xml", f'<!DOCTYPE rss [<!ENTITY a "b">]>\n{_FEED}', _FEED),
    "P008": _feed("</channel>", ""),
    "P009": ("talks/papers/november.jsonl", _PAPER, _PAPER),
    "P010": ("talks/feeds.opml", _OPML.replace("xmlUrl", "url"), _OPML),
    "Q001": ("talks/questions/new.md", _asked("id: rank"), _asked("id: lora-rank")),
    "Q002": ("talks/questions/new.md", "秩该取多大？\n\n从 8 试起。\n", _QUESTION),
    "Q003": ("talks/questions/new.md", _asked("date: 昨天"), _asked("date: 2026-11-21")),
    "Q004": (
        "talks/questions/new.md",
        "# 矩阵的秩，是什么？\n\n线性无关的行数。\n",
        "---\nduplicate_of: rank\n---\n\n# 矩阵的秩，是什么？\n\n线性无关的行数。\n",
    ),
    "Q005": ("talks/questions/new.md", _asked("duplicate_of: rang"), _asked("duplicate_of: rank")),
    "S001": _topic("group:", "snippet: nowhere\ngroup:"),
    "S002": ("snippets/lora.py", "RANK = 8\n", '"""LoRA: low-rank adaptation."""\n\nRANK = 8\n'),
    "T001": ("talks/questions/new.md", _asked("topics: [rpoe]"), _asked("topics: [rope]")),
    "T002": _topic("[LoRA]", "[LoRA, RoPE]"),
    "T003": _topic("summary: 只训练低秩的增量。\n", ""),
    "T004": _topic("group:", "builds_on: [lora]\ngroup:"),
}
KEPT_PATHS = {"P009": "talks/papers/2026-W47.jsonl"}
NO_EXAMPLE = {  # what no text can show
    "F001": "文件不存在、没有权限，或者是一个目录。",
    "F002": "用 GBK 等编码保存的文件。另存为 UTF-8 即可。",
    "F004": "`import` 一份文档时，里面有格式不认识、或者放在别处的图片。",
    "F005": "`import` 与 `fmt` 写出的笔记会比原文少字时，原文件不动。",
    "F006": "`links` 逐个去问笔记、问答与概念页里的网址：没有这个域名、连不上，或者回答 404 之类的错误。",
    "P007": "`fetch` 时源不存在、超时，或者返回了错误。",
    "P011": "`fetch` 时源给出了永久的重定向。把 `talks/feeds.opml` 里的地址改掉。",
}


def rules_page() -> str:
    """The Markdown of docs/guide/rules.md."""
    parts = [
        "---\ntitle: 检查的规则\n---",
        "# 检查的规则",
        "`python -m ingest check` 一次列出所有文件的所有问题，每个一行：`文件:行:列: 编号 发现了什么；应为：什么`。"
        "加 `--lang zh` 用中文说，`--format github` 写成 GitHub 的标注，`--format json` 给程序读，"
        "`--fix` 先改掉可以放心改的写法。有「错误」时退出码是 1，只有「警告」时是 0。",
        "这一页由 `python -m ingest rules` 从规则生成。"
        "测试把每个例子都交给检查器：错的例子得到这个编号，对的例子不会。",
    ]
    for letter, group in GROUPS.items():
        parts.append(f"## {group}")
        for code in (code for code in RULES if code.startswith(letter)):
            severity, _, expected, found = RULES[code]
            parts += [f"### {code}：{found}", f"{'错误' if severity == ERROR else '警告'}。应为：{expected}。"]
            parts += _example(code) if code in EXAMPLES else [NO_EXAMPLE[code]]
    return "\n\n".join(parts) + "\n"


def _example(code: str) -> list[str]:
    path, broken, kept = EXAMPLES[code]
    return [_block("错", path, broken), _block("对", KEPT_PATHS.get(code, path), kept)]


def _block(mark: str, path: str, text: str) -> str:
    return f"{mark}（`{path}`）：\n\n````{{ .text }}\n{text}````"
