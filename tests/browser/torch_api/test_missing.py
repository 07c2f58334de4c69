"""A snippet that needs what the browser's torch has not says so on its page."""

import ast
import re
from types import ModuleType
from typing import Any

import pytest
import torch

from snippets.__main__ import names
from tests.browser.torch_api.pair import ROOT, shim

# A note whose title names what is missing, parted by `、`, and whose text says what does not run for want of it.
MARK = re.compile(r'^!!! note "浏览器里缺 (.+)"\n\n? {4}\S', re.MULTILINE)


def missing(source: str) -> set[str]:
    """Members of torch's modules that a source names, that torch has and the browser's torch has not: `nn.LSTM`.

    Methods of tensors cannot be told from the source; the snippets' own tests find those.
    """
    tree = ast.parse(source)
    bound = {"torch": "torch"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            bound |= {alias.asname: alias.name for alias in node.names if alias.asname}
        elif isinstance(node, ast.ImportFrom) and node.module:
            bound |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    chains = [ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute | ast.Name)]
    parts = [chain.split(".", 1) for chain in chains]
    full = {".".join([bound[first], *rest]) for first, *rest in parts if first in bound}
    named = {name.removeprefix("torch.") for name in full if name.startswith("torch.")}
    return {name for name in named if has(torch, name) and not has(shim, name)}


def has(module: ModuleType, name: str) -> bool:
    """Whether a module has a member, which may lie in a submodule."""
    found: Any = module
    try:
        for part in name.split("."):
            found = getattr(found, part)
    except (AttributeError, NotImplementedError):
        return False
    return True


def marked(page: str) -> set[str]:
    """The names that a page marks as missing."""
    return {name for titles in MARK.findall(page) for name in titles.split("、")}


@pytest.mark.parametrize("name", [name for name in names() if (ROOT / "docs" / "topics" / f"{name}.md").is_file()])
def test_page_marks_what_its_snippet_lacks_in_the_browser(name):
    source = (ROOT / "snippets" / f"{name}.py").read_text(encoding="utf-8")
    page = (ROOT / "docs" / "topics" / f"{name}.md").read_text(encoding="utf-8")
    assert marked(page) == missing(source)


MADE_UP = """
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn import GRU as Recurrent, Linear

def demo(fft):
    cell = nn.LSTM(4, 4) if fft else Recurrent(4, 4)
    torch.fft.fft(torch.ones(3))
    return F.fold(fft.ifft(cell), nn.Linear), Linear, torch.nothing_like_it
"""


def test_what_is_missing_is_told_from_the_source():
    lacking = {"nn.LSTM", "nn.GRU", "fft.fft", "fft", "nn.functional.fold"}
    assert missing(MADE_UP) == lacking
    page = (
        'Text.\n\n!!! note "浏览器里缺 nn.LSTM、nn.GRU"\n\n    The reason.\n\n!!! note "浏览器里缺 fft"\n    Again.\n'
    )
    assert marked(page) == {"nn.LSTM", "nn.GRU", "fft"}
    assert marked('!!! note "浏览器里缺 nn.LSTM"\n\nNo reason.\n') == set()
