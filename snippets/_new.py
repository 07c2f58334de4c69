"""The files that a new snippet begins with. Each place that its author has to fill in starts with a pencil, `MARK`.

A test finds every pencil that is left, so that an untouched skeleton never passes for a finished snippet.
"""

import keyword
import re
from pathlib import Path

from ingest.tree import Tree

MARK = "✎"

SNIPPET = '''\
"""✎ What it is called: what it is in half a line

✎ Two to four sentences: which question it answers, and how.

$$
✎ y = f(x)
$$

Paper: [✎ its title](https://arxiv.org/abs/✎), ✎ the section or equation.

Letters: ✎ `B` batch, `T` sequence, `C` model width, `H` heads, `D` head width, `V` vocabulary: those that are used.
"""

import torch
from torch import Tensor


# --8<-- [start:core]
def NAME(x: Tensor) -> Tensor:
    """✎ What it computes, in one line.

    Args:
        x: ✎ Shape `(B, T, C)`.

    Returns:
        ✎ Shape `(B, T, C)`.

    Raises:
        ValueError: ✎ If an argument would give a wrong result.
    """
    raise NotImplementedError("✎ the formula, with shapes in comments")


# --8<-- [end:core]


def demo() -> None:
    """✎ What is to be seen, in one line."""
    torch.manual_seed(0)
    print(NAME(torch.randn(1, 2, 4)))


if __name__ == "__main__":
    demo()
'''

TEST = '''\
"""✎ What NAME is held against."""

import pytest
import torch

from snippets.NAME import NAME


def test_values_equal_those_of_another_implementation(device):
    x = torch.randn(2, 5, 8, device=device)
    torch.testing.assert_close(NAME(x), pytest.fail("✎ torch's own function, or transformers, trl, peft"))


def test_values_by_hand(device):
    """✎ The derivation: x = (1, 2) gives …"""
    assert NAME(torch.tensor([[[1.0, 2.0]]], device=device)).tolist() == pytest.fail("✎ numbers")


def test_property_or_limit(device):
    pytest.fail("✎ what stays the same, or what it becomes in a special case")


def test_gradients_are_right(device):
    x = torch.randn(2, 3, 4, device=device, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(NAME, x)  # ✎ leave it out where no gradient flows


def test_essence_gives_what_the_module_gives():
    pytest.fail("✎ snippets.essence.NAME and the module on the same random inputs")


def test_wrong_arguments_are_refused():
    with pytest.raises(ValueError, match="✎ the message"):
        NAME(torch.ones(1))
'''

PAGE = """\
---
title: ✎ 中文名：半行说明
english: "✎ English name: half a line"
aliases: [✎ NAME 的各种叫法]
group: ✎ 概念页首页上的一个组名
summary: ✎ 一句话：它做什么，为什么要它。
builds_on: [] # ✎ 先要读哪些概念，例如 [layer_norm]
snippet: NAME
learn: [✎ 读完会知道的一件事, ✎ 第二件, ✎ 第三件]
---

# ✎ 中文名：半行说明

--8<-- "generated/before/NAME.md"

✎ 它回答什么问题？没有它的时候怎么办？

## 动手试一试

<!-- --8<-- [start:example] -->

✎ 运行下面的例子能看到什么。

``` { .python .runnable }
import torch
from snippets.NAME import NAME

torch.manual_seed(0)
print(NAME(torch.randn(1, 2, 4)))  # ✎
```

``` { .text .output }
✎ 由 make outputs 写
```

<!-- --8<-- [end:example] -->

## 想法

✎ 怎么想到的。

## 公式

$$
✎ y=f(x)
$$

✎ 每个符号是什么。

## 代码

--8<-- "generated/code/NAME.md"

## 常见的坑

- ✎ **错在哪里。** 会看到什么，怎样避免。

## 自测

??? question "✎ 第一个问题？"

    ✎ 答案，两三句；能指到公式或代码的哪一处就指。

??? question "✎ 第二个问题？"

    ✎ 答案

??? question "✎ 第三个问题？"

    ✎ 答案

--8<-- "generated/challenge/NAME.md"

## 参考

- [✎ 标题](https://arxiv.org/abs/✎)（✎ 年-月）

--8<-- "generated/topics/NAME.md"
"""

ESSENCE = '''"""✎ What it is, in one line."""

from torch import Tensor


def NAME(x: Tensor) -> Tensor:
    return x  # ✎ 用公式里的字母，10 到 20 行 ‖ the formula's letters, 10 to 20 lines
'''

CHALLENGE = '''"""✎ 要读者改什么，改到怎样算对。

✎ What to change, and when it is right.
"""

# --8<-- [start:task]
x = 0  # ✎ 改这里 ‖ change this
# --8<-- [end:task]


# --8<-- [start:answer]
x = 1
# --8<-- [end:answer]


# --8<-- [start:check]
assert x == 1, "✎ 说出哪里不对 ‖ what is wrong"
# --8<-- [end:check]
'''


def skeleton(name: str) -> dict[str, str]:
    """The new files by their paths in the project.

    Raises:
        ValueError: If the name is none that Python, the pages' addresses and the file system can all use.
    """
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name) or keyword.iskeyword(name) or name == "index":
        raise ValueError(f"'{name}' cannot be a snippet's name; expected lower-case English words such as rms_norm")
    texts = {
        f"snippets/{name}.py": SNIPPET,
        f"snippets/essence/{name}.py": ESSENCE,
        f"snippets/challenges/{name}.py": CHALLENGE,
        f"tests/snippets/test_{name}.py": TEST,
        f"docs/topics/{name}.md": PAGE,
    }
    return {path: text.replace("NAME", name) for path, text in texts.items()}


def begin(name: str, root: Path) -> list[Path]:
    """Write the new files, all of them or, where one is there, none.

    Raises:
        FileExistsError: If one of them is there.
        ValueError: See `skeleton`.
        OSError: If their folders are not there, or they cannot be written.
    """
    files = {root / path: text for path, text in skeleton(name).items()}
    for path in files:
        if not path.parent.is_dir():  # the package alone, without the project around it
            raise FileNotFoundError(None, "is not there; run it in a clone of the project", str(path.parent))
        if path.exists() or path.is_symlink():
            raise FileExistsError(None, "", str(path))
    for path, text in files.items():
        Tree(root).write(path.relative_to(root).as_posix(), text.encode())
    return list(files)
