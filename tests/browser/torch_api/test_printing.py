"""Tensors and modules are printed exactly as torch prints them."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.browser.torch_api.pair import both, shim

VALUES = st.one_of(
    st.floats(width=32),
    st.floats(-10, 10, width=32),
    st.integers(-2000, 2000).map(float),
    st.sampled_from([0.0, -0.0, 1e-5, 1e9, 0.1, 1234.5678, float("nan"), float("inf"), -float("inf")]),
)


@given(
    shape=st.lists(st.integers(0, 9), max_size=4).map(tuple),
    values=st.lists(VALUES, min_size=1, max_size=8),
    dtype=st.sampled_from(
        ["float32", "float64", "float16", "bfloat16", "int64", "int32", "uint8", "bool", "complex64"]
    ),
)
@settings(max_examples=300, deadline=None)
def test_tensors(shape, values, dtype):
    array = np.resize(np.array(values, np.float32), shape)
    if dtype in ("int64", "int32", "uint8"):
        array = np.nan_to_num(array).clip(0, 250)
    if dtype == "complex64":
        array = array + 1j * array[..., ::-1] if shape else array
    ours, theirs = (t.tensor(array).to(getattr(t, dtype)) for t in (shim, torch))
    assert repr(ours) == repr(theirs)


LARGE = {
    "long": lambda t: t.arange(1001),
    "long of floats": lambda t: t.linspace(0, 1, 2000),
    "wide": lambda t: t.arange(3000).reshape(3, 1000),
    "tall": lambda t: t.arange(3000).reshape(1000, 3),
    "deep": lambda t: t.arange(4000.0).reshape(10, 20, 20) / 7,
    "just fits": lambda t: t.arange(1000),
    "wraps": lambda t: t.arange(40) * 1000,
    "wraps in rows": lambda t: t.arange(80.0).reshape(2, 40) / 3,
    "many dimensions": lambda t: t.zeros(2, 1, 2, 1, 2),
    "empty": lambda t: t.zeros(0),
    "empty of integers": lambda t: t.zeros(0, dtype=t.int64),
    "empty matrix": lambda t: t.zeros(2, 0, 3),
    "gradient": lambda t: t.ones(2, requires_grad=True),
    "node": lambda t: t.ones(2, requires_grad=True) * 2,
    "long with node": lambda t: (t.arange(12.0, requires_grad=True) / 7).exp(),
    "type and gradient": lambda t: t.ones(2, dtype=t.float64, requires_grad=True) + 1,
    "parameter": lambda t: t.nn.Parameter(t.arange(3.0)),
    "max": lambda t: t.tensor([[1.0, 3.0], [2.0, 0.5]]).max(1),
    "sort": lambda t: t.tensor([3, 1, 2]).sort(),
    "topk": lambda t: t.tensor([3.0, 1.0, 2.0]).topk(2),
    "size": lambda t: t.zeros(2, 3).shape,
    "scalar": lambda t: t.tensor(3.14159),
    "types": lambda t: (t.float32, t.bool, t.device("cpu"), t.long, t.half),
    "finfo": lambda t: (t.finfo(t.float32), t.finfo(t.bfloat16).max, t.iinfo(t.int8), t.finfo(t.float16).eps),
}


@pytest.mark.parametrize("name", LARGE)
def test_large_empty_and_recorded_tensors(name):
    assert repr(LARGE[name](shim)) == repr(LARGE[name](torch))


OPTIONS = [
    {"precision": 2},
    {"sci_mode": False},
    {"sci_mode": True},
    {"threshold": 5, "edgeitems": 1},
    {"linewidth": 40},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_options(options):
    ours, theirs = both(np.linspace(1e-6, 5, 24).reshape(4, 6), "float32")
    shim.set_printoptions(**options)
    torch.set_printoptions(**options)
    try:
        assert repr(ours) == repr(theirs)
    finally:
        shim.set_printoptions(profile="default")
        torch.set_printoptions(profile="default")


def test_formatting_of_scalars():
    ours, theirs = both(2.5)
    assert f"{ours:.3f} {ours} {ours!s}" == f"{theirs:.3f} {theirs} {theirs!s}"


MODULES = {
    "flat": lambda nn: nn.Linear(2, 3, bias=False),
    "nested": lambda nn: nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Sequential(nn.Dropout(0.1), nn.GELU())),
    "list": lambda nn: nn.ModuleList([nn.Linear(2, 2) for _ in range(3)] + [nn.LayerNorm(2)]),
    "empty list": lambda nn: nn.ModuleList(),
    "dict": lambda nn: nn.ModuleDict({"a": nn.Identity(), "b": nn.Tanh()}),
    "norms": lambda nn: nn.Sequential(
        nn.LayerNorm(3), nn.LayerNorm((2, 3), bias=False), nn.RMSNorm(4), nn.BatchNorm1d(5), nn.GroupNorm(2, 4)
    ),
    "activations": lambda nn: nn.Sequential(
        nn.ReLU(inplace=True), nn.SiLU(), nn.GELU("tanh"), nn.LeakyReLU(0.2), nn.Softmax(dim=-1), nn.Sigmoid(), nn.ELU()
    ),
    "others": lambda nn: nn.Sequential(
        nn.Embedding(5, 3, padding_idx=0),
        nn.Conv1d(2, 3, 3, padding=1),
        nn.Conv2d(2, 4, 3, groups=2, bias=False),
        nn.Flatten(),
    ),
    "attention": lambda nn: nn.TransformerEncoderLayer(8, 2, 16, norm_first=True),
    "losses": lambda nn: nn.Sequential(nn.CrossEntropyLoss(), nn.MSELoss()),
}


@pytest.mark.parametrize("name", MODULES)
def test_modules(name):
    assert repr(MODULES[name](shim.nn)) == repr(MODULES[name](torch.nn))


NODES = {
    "arithmetic": lambda t, x: (x + 1, x - 1, x * x, x / 2, -x, x**2, x**x, x @ x, x.T, x.mT),
    "functions": lambda t, x: (
        x.exp(),
        x.log(),
        x.sqrt(),
        x.tanh(),
        x.sigmoid(),
        x.relu(),
        x.abs(),
        x.sin(),
        x.rsqrt(),
    ),
    "reductions": lambda t, x: (
        x.sum(),
        x.sum(0),
        x.mean(),
        x.mean(1),
        x.max(),
        x.max(0).values,
        x.var(),
        x.std(),
        x.amax(0),
        x.prod(),
        x.logsumexp(0),
        x.cumsum(0),
    ),
    "shapes": lambda t, x: (
        x.view(-1),
        x.reshape(4, 1),
        x.transpose(0, 1),
        x.permute(1, 0),
        x.unsqueeze(0),
        x.squeeze(),
        x.expand(2, 2, 2),
        x[0],
        x[:1],
        x[None],
        t.cat([x, x]),
        t.stack([x, x]),
        x.flip(0),
        x.repeat(2, 2),
        x.clone(),
        x.tril(),
    ),
    "softmax": lambda t, x: (
        x.softmax(-1),
        x.log_softmax(-1),
        t.where(x > 0, x, 0.0),
        x.masked_fill(x > 9, 0.0),
        x.clamp(min=0),
        x[x > 0],
        x.gather(0, t.zeros(1, 2, dtype=t.long)),
        x.double(),
    ),
    "layers": lambda t, x: (
        t.nn.functional.gelu(x),
        t.nn.functional.silu(x),
        t.nn.functional.logsigmoid(x),
        t.nn.functional.layer_norm(x, (2,)),
        t.nn.functional.linear(x, x, x[0]),
        t.nn.functional.linear(x, x),
    ),
}


@pytest.mark.parametrize("name", NODES)
def test_nodes_have_torchs_names(name):
    rows = []
    for t in (shim, torch):
        x = t.tensor([[1.0, 2.0], [3.0, 4.5]], requires_grad=True)
        rows.append([one.grad_fn.name() for one in NODES[name](t, x)])
    assert rows[0] == rows[1]
