"""The site for programs: each page as Markdown beside its HTML, `llms.txt`, and papers and questions as JSON lines.

`docs/guide/papers.md` says what is in them. A twin is made again only where its page was.
"""

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from typing import Any
from urllib.parse import quote

from ingest.forks import in_parallel, shares_of
from ingest.invisible import unescape
from ingest.kept import hash_of_bytes
from publish.memory import ALONE, SHARE, Project, digest

FRONT = re.compile(r"\A---\n(.*?)^---\n", re.DOTALL | re.MULTILINE)
FIELD = re.compile(r"^(title|summary):\s*(.+)$", re.MULTILINE)
INCLUDE = re.compile(r'(\s*)--8<-- "((?!/)(?:(?!\.\.)[\w./-])+?)(?::(\w+))?"\s*')
MARK = re.compile(r"\s*(?:<!--|#) --8<-- \[(start|end):(\w+)\](?: -->)?\s*")
FENCE = re.compile(r"\s*(```+|~~~+)")
ATTRIBUTES = r'\{:? ?(?:[.#][^{}]*|[\w-]+="[^{}]*") ?\}'  # of Markdown's attr_list
# What begins again ends what began: else each beginning would be followed to the end of its line.
HIDDEN = re.compile(rf"<svg\b(?:[^<]|<(?!/?svg\b))*+</svg>|<!--(?:(?!-->|<!--).)*+-->|\s?{ATTRIBUTES}", re.DOTALL)
TAG = re.compile(r"</?(?:div|span|figure|p)\b[^<>]*+>")
BREAK = re.compile(r"<br\b[^<>]*+>")
PLAIN = frozenset("<{&")  # a line without any of them is text already
LINK = re.compile(r"(\]\()([^()\s:?#]+)([?#][^()\s]*)?\)")  # one of the site's own
DEEPEST = 4  # includes within includes
LONGEST = 200_000  # lines of a page; its build has told of more
SECTIONS = {  # of llms.txt: the folder of docs/, and its heading
    "topics": "概念 Concepts",
    "qa": "问答 Questions and answers",
    "talks": "讨论 Weekly talks",
    "guide": "参与 Guides",
}


def write(project: Project, languages: Sequence[Mapping[str, Any]]) -> set[str]:
    """Bring what programs read up to date; returns where in the site it is.

    Args:
        project: The project, its pages built.
        languages: What is known of each language's pages; the first is the site's own.
    """
    last: dict[str, str] = project.memory.values.get("exports", {})
    made: dict[str, str] = {}
    due: list[tuple[str, str]] = []
    names = {source: out for known in languages for source, out in known["names"].items()}
    addresses = digest(names)  # once: a page's links may lead to any of them
    for known in languages:
        for source, out in known["names"].items():
            if not (source.endswith(".md") and out.endswith("index.html")):
                continue
            name = out.removesuffix("index.html") + "index.md"
            page = known["pages"].get(source)
            # A page with something wrong is not known, and what was built of it stays.
            made[name] = f"{page['of']} {addresses}" if page else ""
            if not page and name in project.left:
                continue
            if last.get(name) == made[name] and name in project.left:
                continue
            due.append((name, source))

    def twins(share: Sequence[tuple[str, str]]) -> list[str]:
        """Write them; the names of those that cannot be made."""
        gone = []
        for name, source in share:
            if text := twin(project, source, names):
                project.tree.write(f"site/{name}", text.encode())
            else:
                gone.append(name)
        return gone

    for gone in in_parallel(twins, shares_of(due, SHARE), project.jobs if len(due) > ALONE else 1):
        for name in gone:
            del made[name]
    whole: dict[str, Callable[[], bytes]] = {  # each made when its turn comes: papers may be many
        "papers.jsonl": lambda: b"".join(_papers(project)),
        "questions.jsonl": lambda: _read(project, "docs/generated/questions.jsonl"),
        "llms.txt": lambda: llms(project, languages[0], names).encode(),
    }
    for name, make in whole.items():
        content = make()
        made[name] = hash_of_bytes(content)
        if last.get(name) != made[name] or name not in project.left:
            project.tree.write(f"site/{name}", content)
    project.memory.values["exports"] = made
    return set(made)


def twin(project: Project, source: str, names: Mapping[str, str]) -> str:
    """A page as Markdown that stands alone: what it includes put in, its links leading to other twins.

    Returns:
        "" where the page is no longer what the guard looked at: its build has said so.
    """
    if not (text := _page(project, f"docs/{source}")):
        return ""
    lines = islice(_included(project, FRONT.sub("", text).split("\n")), LONGEST)
    parts, fence = [], ""
    for line in lines:
        mark = FENCE.match(line)
        if fence or mark:
            parts.append(line)
            fence = (mark[1] if mark else "") if not fence else ("" if mark and mark[1].startswith(fence) else fence)
        else:
            parts.append(_plain(line))
    here = posixpath.dirname(names[source])

    def relinked(found: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(source), found[2]))
        out = names.get(target, target)
        where = out.removesuffix("index.html") + "index.md" if out.endswith("index.html") else out
        return f"{found[1]}{posixpath.relpath(where, here or '.')}{found[3] or ''})"

    text = LINK.sub(relinked, "\n".join(parts))
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def _plain(line: str) -> str:
    """A line of Markdown without what is not to be read."""
    return (line if PLAIN.isdisjoint(line) else unescape(TAG.sub("", BREAK.sub(" ", HIDDEN.sub("", line))))).rstrip()


def llms(project: Project, known: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """The site's table of contents for language models, as llmstxt.org describes it."""
    base = known["base"]
    found: dict[str, list[str]] = {folder: [] for folder in SECTIONS}
    pages = sorted(known["pages"].keys() & names.keys())  # what was deleted is yet remembered
    listed = [source for source in pages if source.partition("/")[0] in found and source.endswith(".md")]
    last: dict[str, list[str]] = project.memory.values.get("heads", {})
    heads = {source: last[source] for source in listed if last.get(source, [""])[0] == known["pages"][source]["of"]}
    due = [source for source in listed if source not in heads]
    for source, text in zip(due, _pages(project, [f"docs/{source}" for source in due]), strict=True):
        front = FRONT.match(text)
        head = dict(FIELD.findall(front[1])) if front else {}
        title = " ".join(head.get("title", source).strip("\"' ").split())
        title = re.sub(r"([\[\]\\])", r"\\\1", title)  # which would end its link, and begin another
        heads[source] = [known["pages"][source]["of"] if text else "", title, head.get("summary", "").strip("\"' ")]
    project.memory.values["heads"] = heads
    for source in listed:
        _, title, about = heads[source]
        address = base + quote(names[source].removesuffix("index.html") + "index.md")
        found[source.partition("/")[0]].append(f"- [{title}]({address})" + (f": {about}" if about else ""))
    lines = [
        "# OpenLLM Wiki",
        "",
        "> 大语言模型学习社区的知识库：每周讨论、论文、问答与可以运行的代码。中文为主；代码 MIT，内容 CC BY 4.0。",
        "",
        "每一页都有 Markdown 版本：地址末尾加 index.md。",
        "",
        "## 数据 Data",
        "",
        f"- [papers.jsonl]({base}papers.jsonl): 全部论文记录，一行一篇",
        f"- [questions.jsonl]({base}questions.jsonl): 全部问答，一行一个",
        f"- [字段的说明]({base}guide/papers/index.md)",
    ]
    for folder, heading in SECTIONS.items():
        if found[folder]:
            lines += ["", f"## {heading}", "", *found[folder]]
    return "\n".join(lines) + "\n"


def _papers(project: Project) -> Iterator[bytes]:
    """The archive's records, newest week first; those without a date come last."""
    files = [name for name, kind in project.tree.walk("talks/papers") if kind == "file" and name.endswith(".jsonl")]
    for name in sorted(files, key=lambda name: ("undated" not in name, name), reverse=True):
        yield _read(project, name)


def _page(project: Project, name: str) -> str:
    """What a page is made of, as the guard saw it; "" where it is another by now, which the pages' build has told."""
    return next(_pages(project, [name]))


def _pages(project: Project, names: Iterable[str]) -> Iterator[str]:
    for _, content in project.looked.read_each(names):
        try:
            yield "" if isinstance(content, OSError) else _text(content)
        except UnicodeDecodeError:
            yield ""


def _read(project: Project, name: str) -> bytes:
    with suppress(FileNotFoundError, UnicodeDecodeError):
        return _text(project.tree.read(name)).encode()
    return b""


def _text(content: bytes) -> str:
    return content.decode("utf-8-sig").replace("\r\n", "\n")


def _included(project: Project, lines: Sequence[str], depth: int = 0) -> Iterator[str]:
    """Lines with what they include in their place."""
    for line in lines:
        found = INCLUDE.fullmatch(line)
        if not found or depth == DEEPEST:
            if not MARK.fullmatch(line):
                yield line
            continue
        text = _page(project, f"docs/{found[2]}") or _page(project, f"snippets/{found[2]}")
        inner = _section(FRONT.sub("", text).split("\n"), found[3] or "")
        yield from (found[1] + line if line else "" for line in _included(project, inner, depth + 1))


def _section(lines: Sequence[str], name: str) -> list[str]:
    """The lines of a named section; all of them without a name."""
    if not name:
        return list(lines)
    kept, inside = [], False
    for line in lines:
        mark = MARK.fullmatch(line)
        if mark and mark[2] == name:
            inside = mark[1] == "start"
        elif inside:
            kept.append(line)
    return kept
