"""Mistakes of learners, as a cell tells them: the line, the tensors in it with shapes and types, what was meant.

They run in a process of their own in which the browser's torch is torch: what is told comes from its frames, too.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

BEGIN = "import torch\nfrom torch import nn\nimport torch.nn.functional as F\n"
HEAD = """class Head(nn.Module):
    def __init__(self):
        super().__init__()
        self.q = nn.Linear(8, 4)
        self.mask = nn.Buffer(torch.ones(3, 3))
        self.layers = nn.ModuleList([nn.Linear(4, 4), nn.Linear(5, 6)])
    def forward(self, x):
        q = self.q(x)
        for i in range(2):
            q = self.layers[i](q)
        return q
Head()(torch.ones(2, 8))"""
ROLES = """class Roles:
    __slots__ = ("x",)
    w = torch.ones(4, 5)
roles = Roles()
roles.x = torch.ones(2, 3)
roles.x @ roles.w"""
# The code, the line of it that fails, and what is told of the tensors there.
MISTAKES = {
    "two names": ("x = torch.ones(2, 3)\nw = torch.ones(4, 5)\nx @ w", 3, "x [2, 3] float32, w [4, 5] float32"),
    "what has no name": (
        "q = torch.ones(2, 5, 8)\nk = torch.ones(2, 6, 7)\n(q @ k.transpose(1, 2)).sum()",
        3,
        "q [2, 5, 8] float32, k.transpose(1, 2) [2, 7, 6] float32, k [2, 6, 7] float32",
    ),
    "a part": (
        "x = torch.ones(4, 6)\nx[:, :3] + x[:, 4:]",
        2,
        "x[:, :3] [4, 3] float32, x [4, 6] float32, x[:, 4:] [4, 2] float32",
    ),
    "a part, and what has no name": (
        "x = torch.ones(4, 6)\ny = torch.ones(2, 5)\nx[:, :3] @ y.T",
        3,
        "x[:, :3] [4, 3] float32, x [4, 6] float32, y.T [5, 2] float32, y [2, 5] float32",
    ),
    "a part that is not there": ("xs = [torch.ones(2)]\nn = 0\nxs[0] + xs[n + 1]", 3, "xs[0] [2] float32"),
    "in place": ("n = torch.arange(3)\nn += 0.5", 2, "n [3] int64"),
    "a part in place": (
        "x = torch.zeros(3, 4)\nx[0] = torch.ones(3)",
        2,
        "x[0] [4] float32, x [3, 4] float32",
    ),
    "a list": (
        "parts = [torch.ones(2, 3), torch.ones(2, 3), torch.ones(2, 4)]\ntorch.cat(parts)",
        2,
        "parts[0:2] [2, 3] float32, parts[2] [2, 4] float32",
    ),
    "a list in the call": (
        "a = torch.ones(2, 3)\ntorch.cat([a, a.T.double()])",
        2,
        "a [2, 3] float32, a.T.double() [3, 2] float64",
    ),
    "arguments in a list": (
        "pair = (torch.ones(2), torch.ones(3))\ntorch.add(*pair)",
        2,
        "pair[0] [2] float32, pair[1] [3] float32",
    ),
    "a dictionary": (
        "batch = {'x': torch.ones(2, 3), 'y': torch.ones(4)}\nbatch['x'] + batch['y']",
        2,
        "batch['x'] [2, 3] float32, batch['y'] [4] float32",
    ),
    "indices": (
        "xs = [torch.ones(2, 3), torch.ones(4, 5)]\ni = 0\nxs[i] @ xs[i + 1]",
        3,
        "xs[i] [2, 3] float32, xs[i + 1] [4, 5] float32",
    ),
    "a comprehension, not the global name": (
        "x = torch.ones(7)\nw = torch.ones(4, 5)\nxs = [torch.ones(2, 3)]\nys = [x @ w for x in xs]",
        4,
        "x [2, 3] float32, w [4, 5] float32, xs[0] [2, 3] float32",
    ),
    "a lambda": (
        "f = lambda a, w: a @ w\nf(torch.ones(2, 3), torch.ones(4, 5))",
        1,
        "a [2, 3] float32, w [4, 5] float32",
    ),
    "one line": ("for a, b in [(torch.ones(2), torch.ones(3))]: print(a + b)", 1, "a [2] float32, b [3] float32"),
    "many lines": (
        "x = torch.ones(2, 3)\nw = torch.ones(4, 5)\nF.relu(\n    x\n    @ w\n)",
        4,
        "x [2, 3] float32, w [4, 5] float32",
    ),
    "slots and class": (ROLES, 6, "roles.x [2, 3] float32, roles.w [4, 5] float32"),
    "a layer by its place": (
        HEAD,
        10,
        "q [2, 4] float32, self.layers[i].weight [6, 5] float32, self.layers[i].bias [6] float32",
    ),
    "a layer inside": (
        "net = nn.Sequential(nn.Flatten(), nn.Linear(9, 4), nn.Linear(5, 2))\nnet(torch.ones(2, 3, 3))",
        2,
        "torch.ones(2, 3, 3) [2, 3, 3] float32, net[2](input) [2, 4] float32, net[2].weight [2, 5] float32, "
        "net[2].bias [2] float32",
    ),
    "an embedding": (
        "emb = nn.Embedding(10, 4)\nemb(torch.tensor([3, 10]))",
        2,
        "torch.tensor([3, 10]) [2] int64, emb.weight [10, 4] float32",
    ),
    "a notebook's line above": ("%matplotlib inline\nx = torch.ones(2)\nx.view(3)", 3, "x [2] float32"),
    "a format": ("a = torch.ones(2)\nprint('%.3f' % a)", 2, "a [2] float32"),
    "what is called by C": ("xs = [torch.ones(2), torch.ones(3)]\nsum(xs)", 2, "xs[0] [2] float32, xs[1] [3] float32"),
}
ADVICE = {
    "np.ones(2)": ("import", "import numpy as np"),
    "F.relu([1.0])": ("tensor", "list"),
    "import numpy\nnn.Linear(2, 1)(numpy.ones((3, 2)))": ("tensor", "numpy.ndarray"),
}
RUN = """
import json, sys, warnings
sys.path[:0] = sys.argv[1:]
from browser.python.run_cell import Cells
warnings.simplefilter("ignore")
print(json.dumps([Cells().run("page", "1", code, "", lambda *event: None) for code in json.load(sys.stdin)]))
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """What cells say of all of them."""
    root = Path(__file__).parents[2]
    folder = tmp_path_factory.mktemp("browser")
    (folder / "torch").symlink_to(root / "browser" / "torch")
    codes = [BEGIN + code for code, *_ in MISTAKES.values()] + [
        code if "np." in code else BEGIN + code for code in ADVICE
    ]
    command = [sys.executable, "-c", RUN, str(folder), str(root)]
    done = subprocess.run(command, input=json.dumps(codes), capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr
    errors = [answer["error"] for answer in json.loads(done.stdout)]
    return dict(zip([*MISTAKES, *ADVICE], errors, strict=True))


@pytest.mark.parametrize("name", MISTAKES)
def test_the_line_and_its_tensors_are_told(name, told):
    _, line, tensors = MISTAKES[name]
    assert told[name]["line"] - BEGIN.count("\n") == line
    found = [f"{one['name']} {one['shape']} {one['dtype']}" for one in told[name]["arrays"]]
    assert ", ".join(found) == tensors
    assert "no advice" not in told[name]["traceback"]


@pytest.mark.parametrize("code", ADVICE)
def test_what_is_missing_is_told(code, told):
    assert (told[code]["advice"]["about"], told[code]["advice"]["name"]) == ADVICE[code]
