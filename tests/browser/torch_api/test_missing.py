"""A snippet that needs what the browser's torch has not says so on its page."""

import ast
import importlib
import re
from types import ModuleType
from typing import Any

import pytest
import torch

from snippets.__main__ import names
from tests.browser.torch_api.pair import PACKAGE, ROOT, as_on_cpu, shim

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


MODULES = """torch nn nn.functional nn.init nn.utils nn.utils.rnn nn.utils.parametrizations nn.parallel optim
optim.lr_scheduler linalg fft special distributions autograd autograd.functional autograd.graph func utils utils.data
utils.checkpoint amp backends cuda accelerator distributed jit compiler multiprocessing profiler random serialization
testing mps xpu
fx""".split()
MODULES_TOO = {"sparse", "sparse.nn", "hub", "onnx", "export", "ao", "quantization", "library", "overrides",
"nested", "masked",
               "package", "monitor", "futures", "utils.cpp_extension", "utils.tensorboard", "utils.flop_counter",
               "autograd.forward_ad", "autograd.profiler"}  # fmt: skip


def elsewhere():
    """What torch has and the browser's torch has not, by module, as `_elsewhere.py` says it."""
    found = {}
    for name in [f"torch.{name}" if name != "torch" else name for name in MODULES] + ["torch.Tensor"]:
        last = name.rpartition(".")[2]
        theirs = torch.Tensor if last == "Tensor" else importlib.import_module(name)
        ours = shim.Tensor if last == "Tensor" else importlib.import_module(f"browser_{name}")
        names = {
            one
            for one in dir(theirs)
            if not one.startswith("_")
            and not has(ours, one)
            and is_torchs(getattr(theirs, one, None), last == "Tensor")
        }
        names |= {one.rpartition(".")[2] for one in MODULES_TOO if f"torch.{one}".rpartition(".")[0] == name}
        found[name] = " ".join(sorted(names))
    return {name: names for name, names in found.items() if names}


def is_torchs(value, method):
    """Whether a member is torch's own rather than something that its module imported.

    Submodules are listed by hand (`MODULES_TOO`): which of them are there depends on what was imported before.
    """
    if isinstance(value, ModuleType):
        return False
    return method or (callable(value) and str(getattr(value, "__module__", None) or "torch").startswith("torch"))


def written():
    """The text of `_elsewhere.py`."""
    lines = [f"    {name!r}: {names!r}," for name, names in elsewhere().items()]
    head = (
        '"""Names that torch has and this one has not. Written by `python -m tests.browser.torch_api.test_missing`."""'
    )
    return "\n".join([head, "# ruff: noqa: E501", "", "NAMES: dict[str, str] = {", *lines, "}", ""]).replace("'", '"')


@as_on_cpu
def test_names_that_are_missing_are_listed():
    assert (PACKAGE / "_elsewhere.py").read_text("utf-8") == written()


MADE_UP = """
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn import FractionalMaxPool2d as Recurrent, Linear

def demo(fft):
    cell = nn.FractionalMaxPool3d(4, 4) if fft else Recurrent(4, 4)
    torch.sparse.mm(torch.ones(3))
    return F.pdist(fft.ifft(cell), nn.Linear), Linear, torch.nothing_like_it
"""


def test_what_is_missing_is_told_from_the_source():
    lacking = {"nn.FractionalMaxPool3d", "nn.FractionalMaxPool2d", "sparse.mm", "sparse", "nn.functional.pdist"}
    assert missing(MADE_UP) == lacking
    page = (
        'Text.\n\n!!! note "浏览器里缺 nn.LSTM、nn.GRU"\n\n    The reason.\n\n!!! note "浏览器里缺 fft"\n    Again.\n'
    )
    assert marked(page) == {"nn.LSTM", "nn.GRU", "fft"}
    assert marked('!!! note "浏览器里缺 nn.LSTM"\n\nNo reason.\n') == set()


if __name__ == "__main__":
    (PACKAGE / "_elsewhere.py").write_text(written(), "utf-8")
