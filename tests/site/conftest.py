"""The built site, read page by page."""

import os
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pytest
from lxml.etree import HTMLParser

ROOT = Path(__file__).parents[2]
KINDS = ("challenge", "runnable", "output")
# In a heading none of them ends a line before its own end.
WORDS = (
    "什么 为什么 怎么 怎样 如何 哪些 哪里 多少 可以 需要 应该 区别 问题 注意力 二阶 矩阵 预训练 训练 相比 余弦 分块"
    " 斜率 缩放 模型 参数 学习 语言 编码 位置 显存 推理 采样 微调 损失 梯度 归一化 优化器 向量 概率 权重 生成 回答"
    " 数据 检索 奖励 策略"
).split()


@dataclass
class Page:
    """What the tests ask of one built page.

    Attributes:
        path: Relative to the site.
        ids: Every id and anchor name.
        links: Every `href` of `<a>`.
        loads: Every address the browser would fetch by itself.
        blocks: Text of the runnable blocks, of challenges, and of outputs, as (class, text), in order.
        titles: Text of every `<h1>`.
    """

    path: str
    text: str
    ids: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)
    blocks: list[tuple[str, str]] = field(default_factory=list)
    titles: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._depth = 0
        self._open = ""
        parser = HTMLParser(target=self)  # Python's own takes three times as long
        parser.feed(self.text)
        parser.close()

    def start(self, tag, values):
        self.ids |= {values[key] for key in ("id", "name") if values.get(key)}
        if tag == "a":
            self.links += [values[key] for key in ("href", "xlink:href") if key in values]
        rel = (values.get("rel") or "").split()
        if tag == "link" and not {"canonical", "next", "prev", "alternate"} & set(rel):
            self.loads.append(values["href"])
        self.loads += [values[key] for key in ("src", "srcset", "data", "poster") if values.get(key)]
        classes = (values.get("class") or "").split()
        if tag == "div" and "highlight" in classes and {"runnable", "output"} & set(classes):
            self._open = next(kind for kind in KINDS if kind in classes)
            self._depth = 0
            self.blocks.append((self._open, ""))
        self._depth += tag == "div"
        if tag == "h1":
            self.titles.append("")
            self._open = "h1"

    def end(self, tag):
        self._depth -= tag == "div"
        if (tag == "div" and self._depth == 0) or (tag == "h1" and self._open == "h1"):
            self._open = ""

    def data(self, data):
        if self._open in KINDS:
            self.blocks[-1] = (self._open, self.blocks[-1][1] + data)
        elif self._open == "h1":
            self.titles[-1] += data

    def close(self):
        """As lxml asks of whom it tells."""


@dataclass(frozen=True)
class Site:
    """A folder of built pages."""

    folder: Path

    @cached_property
    def pages(self) -> dict[str, Page]:
        """Every page by its path in the site."""
        paths = (path for path in sorted(self.folder.rglob("*.html")))
        names = ((path.relative_to(self.folder).as_posix(), path) for path in paths)
        return {name: Page(name, path.read_text("utf-8")) for name, path in names}


@pytest.fixture(scope="session")
def site() -> Site:
    """The site that `make site` built (or the folder that WIKI_SITE names)."""
    folder = Path(os.environ.get("WIKI_SITE", ROOT / "site"))
    if not (folder / "index.html").is_file():
        pytest.skip(f"no site in {folder}: run `make site`")
    return Site(folder)
