"""A small project with the site's own settings."""

import os
import re
import shutil
from pathlib import Path

import pytest

from ingest.pages.compiled import Compiled
from publish.build import build
from tests.site.conftest import ROOT

NOTE = """# OpenLLM Talk 007

【编号】：007
【时间】：2024-05-11 21:00
【主持人】：甲

## 本周新闻

- [甲](https://example.org/a)

## 本周推荐

- [乙](https://example.org/b)

## Free Talk

### Q1：旋转位置编码为什么有用？ —乙

A1：它让分数只看相对的距离。 —丙
"""
PAPER = """{"title": "RoPE", "url": "https://arxiv.org/abs/2104.09864", "authors": ["A"], "published": "2024-01-02", \
"feed": "x"}"""
QUESTION = "# 旋转位置编码能外推吗？\n\n不直接能，要插值。\n"
NAVIGATION = """
nav:
  - 首页: index.md
  - 概念: topics/index.md
  - 问答: [{问答档案: qa/index.md}, {待回答: qa/open.md}]
"""
ENGLISH = "\nnav:\n  - Concepts: en/topics/index.md\n"
PLAIN = """---
title: 平
english: Plain
aliases: [平的]
group: 微调
summary: 平。
---

# 平

见[这里](rope.md)。
"""
INDEX = """---
groups: {微调: Fine-tuning, 位置编码: Positions}
---

# 概念

--8<-- "generated/topics.md"
"""
ROPE = """---
title: RoPE
english: RoPE
aliases: [RoPE, 旋转位置编码]
group: 位置编码
summary: 转。
snippet: rope
---

# RoPE

```python
--8<-- "rope.py"
```

## 试 { #run }

--8<-- "generated/topics/rope.md"
"""
WRITTEN = {
    "docs/index.md": "# 甲站\n\n[RoPE](topics/rope.md#run)\n",
    "docs/topics/plain.md": PLAIN,
    "docs/topics/rope.md": ROPE,
    "docs/guide/questions.md": "# 问答的写法\n",
    "docs/guide/notes.md": "# 笔记的写法\n",
    "docs/topics/index.md": INDEX,
    "docs/en/topics/index.md": '# Concepts\n\n--8<-- "generated/en/topics.md"\n',
    "docs/notebooks/rope.ipynb": "{}",
    "docs/records/rope.md": "验证过。\n",
    "docs/assets/picture.png": "GIF89a\1\0\1\0",
    "snippets/__init__.py": "",
    "talks/notes/007.md": NOTE,
    "talks/questions/extrapolation.md": QUESTION,
    "talks/papers/2024-W01.jsonl": PAPER,
}


def write(root: Path, name: str, text: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text, "utf-8")


def settings(name: str, navigation: str) -> str:
    """The site's own settings with a navigation of few pages."""
    return re.sub(r"\nnav:\n.*", navigation, (ROOT / name).read_text("utf-8"), flags=re.DOTALL)


@pytest.fixture(scope="session", autouse=True)
def theme_is_compiled_once():
    """Half of what a small site costs is to compile the theme's templates."""
    code: dict[str, bytes] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Compiled, "__init__", lambda self, _: setattr(self, "_code", code))
        yield


@pytest.fixture
def project(tmp_path, monkeypatch):
    """The project's folder, which is the current one; nothing is built yet."""
    for name in ("SITE_URL", "REPO_URL", "EDIT_URI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_MKDOCS_2_WARNING", "1")
    root = tmp_path / "project"
    shutil.copytree(ROOT / "theme", root / "theme")
    shutil.copy(ROOT / "mkdocs.base.yml", root)
    for name, navigation in (("mkdocs.yml", NAVIGATION), ("mkdocs.en.yml", ENGLISH)):
        write(root, name, settings(name, navigation))
    for name, text in WRITTEN.items():
        write(root, name, text)
    shutil.copy(ROOT / "snippets/rope.py", root / "snippets/rope.py")
    monkeypatch.chdir(root)
    return root


@pytest.fixture(scope="session")
def once(tmp_path_factory):
    """A folder for what is built once."""
    return tmp_path_factory.mktemp("once") / "project"


@pytest.fixture
def built(project, once):
    """The project, built."""
    if not once.is_dir():
        assert made(project) == 0
        shutil.copytree(project, once, symlinks=True)
    shutil.copytree(once, project, dirs_exist_ok=True)
    return project


def made(root: Path, **options) -> int:
    """Build pages: neither the runtime nor the index, which take longer."""
    return build(root, without={"runtime", "snippets", "search"}, **{"jobs": 1} | options)


def content(site: Path) -> dict[str, bytes]:
    """Every file of a site but the stamps."""
    paths = (path for path in site.rglob("*") if path.is_file() and path.name not in (".built", ".memory"))
    return {path.relative_to(site).as_posix(): path.read_bytes() for path in paths}


def clean(root: Path) -> dict[str, bytes]:
    """What a build from nothing gives, in another folder."""
    other = root.parent / f"{root.name}-clean"
    shutil.copytree(root, other, ignore=shutil.ignore_patterns("site", ".cache"))
    os.chdir(other)
    assert made(other) in (0, 1)
    os.chdir(root)
    found = content(other / "site")
    shutil.rmtree(other)
    return found
