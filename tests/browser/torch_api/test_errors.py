"""Wrong shapes, types and places raise what torch raises; what is missing says so."""

import importlib
import math
import re

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.browser.torch_api.pair import as_on_cpu, assert_same, check, outcome, shim

SHAPES = st.lists(st.integers(0, 3), max_size=3).map(tuple)
DIMS = st.integers(-4, 3)
ANY = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
TWO = {
    "add": lambda t, x, y, d: x + y,
    "where": lambda t, x, y, d: t.where(x > 0, x, y),
    "matmul": lambda t, x, y, d: x @ y,
    "bmm": lambda t, x, y, d: t.bmm(x, y),
    "mm": lambda t, x, y, d: t.mm(x, y),
    "dot": lambda t, x, y, d: t.dot(x, y),
    "linear": lambda t, x, y, d: t.nn.functional.linear(x, y) if y.ndim == 2 and x.ndim else 0,
    "cat": lambda t, x, y, d: t.cat([x, y], d) if x.numel() and y.numel() else 0,
    "stack": lambda t, x, y, d: t.stack([x, y], d),
    "view": lambda t, x, y, d: x.view(y.shape),
    "view of a transposed": lambda t, x, y, d: x.T.view(y.shape) if x.ndim == 2 else 0,
    "reshape": lambda t, x, y, d: x.reshape(y.shape),
    "expand": lambda t, x, y, d: x.expand(y.shape),
    "broadcast": lambda t, x, y, d: t.broadcast_to(x, y.shape),
    "add_": lambda t, x, y, d: x.detach().clone().add_(y.detach()),
    "copy_": lambda t, x, y, d: x.detach().clone().copy_(y.detach()),
    "masked_fill": lambda t, x, y, d: x.masked_fill(y > 0, 0.0),
    "mask": lambda t, x, y, d: x[y > 0] if y.ndim else 0,
    "layer_norm": lambda t, x, y, d: (
        t.nn.functional.layer_norm(x.detach(), y.shape, eps=1.0) if y.ndim and y.numel() else 0
    ),
    "squares": lambda t, x, y, d: (x - y).square(),
}
ONE = {
    "sum": lambda t, x, d, e: x.sum(d),
    "softmax": lambda t, x, d, e: x.softmax(d),
    "max": lambda t, x, d, e: x.max(d).values,
    "amax": lambda t, x, d, e: x.amax(d),
    "cumsum": lambda t, x, d, e: x.cumsum(d),
    "sort": lambda t, x, d, e: x.sort(d).values,
    "argmax": lambda t, x, d, e: x.argmax(d),
    "logsumexp": lambda t, x, d, e: x.logsumexp(d) if x.numel() else 0,
    "transpose": lambda t, x, d, e: x.transpose(d, e),
    "permute": lambda t, x, d, e: x.permute(d, e),
    "unsqueeze": lambda t, x, d, e: x.unsqueeze(d),
    "squeeze": lambda t, x, d, e: x.squeeze(d),
    "index": lambda t, x, d, e: x[d],
    "two indices": lambda t, x, d, e: x[d, e],
    "list index": lambda t, x, d, e: x[[d, e]] if x.numel() else 0,
    "tensor index": lambda t, x, d, e: x[t.tensor([d, e])] if x.numel() else 0,
    "column": lambda t, x, d, e: x[:, d],
    "index_select": lambda t, x, d, e: t.index_select(x, d, t.tensor([0])) if x.numel() else 0,
    "gather": lambda t, x, d, e: x.gather(d, t.zeros(x.shape, dtype=t.long) + abs(e)),
    "topk": lambda t, x, d, e: x.topk(abs(e), d).values if x.ndim else 0,
    "split": lambda t, x, d, e: x.split(abs(e), d) if x.ndim and x.numel() else 0,
    "chunk": lambda t, x, d, e: x.chunk(abs(e), d) if x.ndim and x.numel() else 0,
    "narrow": lambda t, x, d, e: x.narrow(d, 0, abs(e)) if x.ndim else 0,
    "select": lambda t, x, d, e: x.select(d, e) if x.ndim else 0,
    "unbind": lambda t, x, d, e: x.unbind(d),
    "flip": lambda t, x, d, e: x.flip(d, e),
    "repeat": lambda t, x, d, e: x.repeat(abs(d), abs(e)),
    "flatten": lambda t, x, d, e: x.flatten(d, e),
    "size": lambda t, x, d, e: x.size(d),
    "diagonal": lambda t, x, d, e: x.diagonal(0, d, e),
    "view": lambda t, x, d, e: x.view(d, e),
    "reshape": lambda t, x, d, e: x.reshape(d, -1, e),
    "tril": lambda t, x, d, e: x.tril(d),
    "item": lambda t, x, d, e: x.item(),
    "bool": lambda t, x, d, e: bool(x),
    "len": lambda t, x, d, e: len(x),
}


def values(shape, seed=0):
    return np.random.default_rng(seed).uniform(0.5, 2, shape).astype("float32")


@pytest.mark.parametrize("name", TWO)
@given(first=SHAPES, second=SHAPES, dim=DIMS)
@ANY
def test_any_two_shapes_give_the_same_result_or_the_same_exception(name, first, second, dim):
    check(lambda t, x, y: TWO[name](t, x, y, dim), [values(first), values(second, 1)])


@pytest.mark.parametrize("name", ONE)
@given(shape=SHAPES, dim=DIMS, other=DIMS)
@ANY
def test_any_dimension_gives_the_same_result_or_the_same_exception(name, shape, dim, other):
    check(lambda t, x: ONE[name](t, x, dim, other), [values(shape)])


MESSAGES = {
    "state of a norm": lambda t: t.nn.BatchNorm1d(2).load_state_dict({"weight": t.ones(3), "other": t.ones(1)}),
    "batch of none": lambda t: t.utils.data.default_collate([t.ones(2), None]),
    "broadcast": lambda t: t.zeros(3) + t.zeros(4),
    "mat1": lambda t: t.zeros(2, 3) @ t.zeros(4, 5),
    "linear": lambda t: t.nn.Linear(3, 4)(t.zeros(2, 5)),
    "types": lambda t: t.zeros(2, 2) @ t.zeros(2, 2, dtype=t.float64),
    "dim": lambda t: t.zeros(2, 3).sum(2),
    "view": lambda t: t.zeros(2, 3).view(4),
    "view of a transposed": lambda t: t.zeros(2, 3).T.view(6),
    "index": lambda t: t.zeros(3)[5],
    "too many": lambda t: t.zeros(3)[0, 0],
    "cat": lambda t: t.cat([t.zeros(2, 3), t.zeros(2, 4)]),
    "stack": lambda t: t.stack([t.zeros(2), t.zeros(3)]),
    "item": lambda t: t.zeros(2).item(),
    "bool": lambda t: bool(t.zeros(2)),
    "leaf": lambda t: t.zeros(2, requires_grad=True).add_(1),
    "scalar": lambda t: t.zeros(2, requires_grad=True).backward(),
    "no gradient": lambda t: t.zeros(1).backward(),
    "numpy": lambda t: t.zeros(1, requires_grad=True).numpy(),
    "integers": lambda t: t.zeros(2, dtype=t.long, requires_grad=True),
    "cast": lambda t: t.zeros(2, dtype=t.long).add_(0.5),
    "mean": lambda t: t.arange(3).mean(),
    "subtract": lambda t: t.ones(2, dtype=t.bool) - t.ones(2, dtype=t.bool),
    "embedding": lambda t: t.nn.Embedding(3, 2)(t.tensor([3])),
    "target": lambda t: t.nn.functional.cross_entropy(t.zeros(2, 3), t.tensor([0, 3])),
    "batch": lambda t: t.nn.functional.cross_entropy(t.zeros(2, 3), t.tensor([0, 1, 2])),
    "missing key": lambda t: t.nn.Linear(2, 2).load_state_dict({}),
    "size of key": lambda t: t.nn.Linear(2, 2, bias=False).load_state_dict({"weight": t.zeros(3, 2)}),
    "no parameters": lambda t: t.optim.SGD([], lr=0.1),
    "rate": lambda t: t.optim.Adam([t.zeros(1)], lr=-1),
    "attribute": lambda t: t.nn.Linear(2, 2).nothing,
    "dropout": lambda t: t.nn.Dropout(2.0),
    "ragged": lambda t: t.tensor([[1, 2], [3]]),
    "cuda": lambda t: t.zeros(2).cuda() if not torch.cuda.is_available() else t.zeros(2).item(),
    "negative": lambda t: t.zeros(-1),
    "step": lambda t: t.zeros(3)[::-1],
    "float index": lambda t: t.zeros(3)[1.5],
    "zero dim": lambda t: list(t.tensor(1.0)),
    "topk": lambda t: t.zeros(3).topk(4),
    "powers": lambda t: t.arange(3) ** -1,
    "mask type": lambda t: t.zeros(2).masked_fill(t.zeros(2, dtype=t.long), 0),
    "expanded": lambda t: t.zeros(1).expand(3).add_(1),
    "one hot": lambda t: t.nn.functional.one_hot(t.tensor([-1])),
    "classes as floats": lambda t: t.nn.functional.cross_entropy(t.zeros(2, 3), t.zeros(2)),
    "classes as int32": lambda t: t.nn.functional.cross_entropy(t.zeros(2, 3), t.zeros(2, dtype=t.int32)),
    "classes in a column": lambda t: t.nn.functional.cross_entropy(t.zeros(2, 3), t.zeros(2, 1, dtype=t.long)),
    "no probability": lambda t: t.nn.functional.binary_cross_entropy(t.tensor([1.5]), t.ones(1)),
    "no label": lambda t: t.nn.functional.binary_cross_entropy(t.tensor([0.5]), t.tensor([2.0])),
    "shape of labels": lambda t: t.nn.functional.binary_cross_entropy(t.ones(2, 1), t.ones(2)),
    "type of labels": lambda t: t.nn.functional.binary_cross_entropy(t.ones(2), t.ones(2, dtype=t.long)),
    "indices as floats": lambda t: t.nn.Embedding(3, 2)(t.zeros(2)),
    "input of a cell": lambda t: t.nn.GRUCell(5, 6)(t.zeros(2, 4)),
    "state of a cell": lambda t: t.nn.GRUCell(5, 6)(t.zeros(2, 5), t.zeros(2, 7)),
    "states": lambda t: t.nn.LSTM(5, 6)(t.zeros(2, 2, 5), (t.zeros(1, 2, 6), t.zeros(1, 2, 7))),
    "width of attention": lambda t: t.nn.MultiheadAttention(4, 2)(*[t.zeros(3, 1, 6)] * 3),
    "nothing left to pool": lambda t: t.nn.functional.max_pool2d(t.zeros(1, 3, 1, 5), 2),
    "class for a module": lambda t: t.nn.Sequential(t.nn.Linear(1, 1), list),
    "list for a module": lambda t: t.nn.ModuleList([[t.nn.ReLU()]]),
    "list for a buffer": lambda t: t.nn.Module().register_buffer("mask", [1.0]),
    "argument": lambda t: t.zeros(2, dtpye=t.float64),
    "tensors one by one": lambda t: t.cat(t.ones(2), t.ones(2)),
    "lists to stack": lambda t: t.stack([t.ones(2), [1.0, 2.0]]),
}
# What learners hand over in place of tensors.
NO_TENSORS = ([1.0, 2.0], 3, None, "text", np.ones(2, np.float32))
OF_TENSORS = {
    "sum": lambda t, x: t.sum(x),
    "exp": lambda t, x: t.exp(x),
    "argmax": lambda t, x: t.argmax(x),
    "zeros_like": lambda t, x: t.zeros_like(x),
    "flatten": lambda t, x: t.flatten(x),
    "topk": lambda t, x: t.topk(x, 1),
    "matmul": lambda t, x: t.matmul(t.ones(2, 2), x),
    "method": lambda t, x: t.ones(2, 2).mm(x),
    "softmax": lambda t, x: t.nn.functional.softmax(x, dim=-1),
    "gelu": lambda t, x: t.nn.functional.gelu(x),
    "loss": lambda t, x: t.nn.functional.cross_entropy(t.zeros(2, 3), x),
    "mse": lambda t, x: t.nn.functional.mse_loss(x, x),
    "pad": lambda t, x: t.nn.functional.pad(x, (1, 1)),
    "pool": lambda t, x: t.nn.functional.max_pool2d(x, 2),
    "linear": lambda t, x: t.nn.Linear(2, 2)(x),
    "embedding": lambda t, x: t.nn.Embedding(3, 2)(x),
    "norm": lambda t, x: t.nn.LayerNorm(2)(x),
}
# The type is torch's, the wording need not be.
OWN_WORDS = {
    "cast",
    "mean",
    "expanded",
    "mask type",
    "cuda",
    "types",
    "negative",
}


@pytest.mark.parametrize("name", [pytest.param(name, marks=as_on_cpu if name == "cuda" else ()) for name in MESSAGES])
def test_exceptions_have_torchs_type_and_beginning(name):
    ours, theirs = (outcome(MESSAGES[name], t) for t in (shim, torch))
    assert isinstance(theirs, Exception)
    assert type(ours) is type(theirs), f"{ours!r} {theirs!r}"
    if name not in OWN_WORDS:
        length = 999 if name.startswith("state") else 20
        assert str(ours)[:length] == str(theirs)[:length]


@pytest.mark.parametrize("name", OF_TENSORS)
@pytest.mark.parametrize("value", NO_TENSORS, ids=lambda value: type(value).__name__)
def test_what_is_no_tensor_is_named_with_its_place(name, value):
    """In torch's words; those of its functions that are Python say what attribute they looked for."""
    ours, theirs = (outcome(OF_TENSORS[name], t, value) for t in (shim, torch))
    kind = "numpy.ndarray" if isinstance(value, np.ndarray) else type(value).__name__
    if name == "mse" and isinstance(value, np.ndarray):
        return  # which is as good as a tensor there
    assert isinstance(ours, TypeError), repr(ours)
    assert re.fullmatch(rf"\w+\(\): argument '\w+' \(position \d\) must be Tensor, not {re.escape(kind)}", str(ours))
    assert isinstance(theirs, TypeError | AttributeError)


@pytest.mark.parametrize(
    ("get", "name"),
    [
        (lambda: shim.sparse_coo_tensor, "torch.sparse_coo_tensor"),
        (lambda: shim.nn.FractionalMaxPool2d, "torch.nn.FractionalMaxPool2d"),
        (lambda: shim.nn.functional.pdist, "torch.nn.functional.pdist"),
        (lambda: shim.optim.Adafactor, "torch.optim.Adafactor"),
        (lambda: shim.zeros(2).cholesky_solve, "Tensor.cholesky_solve"),
        (lambda: shim.linalg.ldl_factor, "torch.linalg.ldl_factor"),
        (lambda: shim.distributions.Wishart, "torch.distributions.Wishart"),
        (lambda: shim.autograd.SavedTensor, "torch.autograd.SavedTensor"),
        (lambda: shim.func.linearize, "torch.func.linearize"),
        (lambda: importlib.import_module("browser_torch.sparse"), "torch.sparse"),
    ],
)
def test_what_is_missing_says_so_and_names_the_list(get, name):
    with pytest.raises(NotImplementedError, match=r"is not in the browser's torch; print\(dir\(torch") as raised:
        get()
    assert name in str(raised.value)


MISSING_NAMES = (
    "torch.sparse",
    "torch.nn.FractionalMaxPool2d",
    "torch.nn.functional.pdist",
    "torch.optim.Adafactor",
    "torch.utils.cpp_extension",
    "torch.cuda.CUDAGraph",
)


@pytest.mark.parametrize("name", MISSING_NAMES)
def test_code_can_ask_whether_a_name_is_there(name):
    place, _, last = name.rpartition(".")
    module = importlib.import_module(f"browser_{place}")
    assert not hasattr(module, last)
    assert getattr(module, last, None) is None
    for statement in (f"from browser_{place} import {last}", f"import browser_{name}"):
        with pytest.raises(ImportError, match=rf"^{re.escape(name)} is not in the browser's torch") as raised:
            exec(statement)
        assert isinstance(raised.value, NotImplementedError)


@pytest.mark.parametrize(
    ("get", "near"),
    [
        (lambda: shim.zeross, "zeros"),
        (lambda: shim.nn.Linaer, "Linear"),
        (lambda: shim.nn.LTSM, "LSTM"),
        (lambda: shim.nn.functional.sofmax, "softmax"),
        (lambda: shim.ones(2).sumn, "sum"),
        (lambda: shim.optim.AdmaW, "AdamW"),
    ],
)
def test_a_slip_is_an_attribute_error_that_offers_the_nearest_name(get, near):
    with pytest.raises(AttributeError, match=rf"has no attribute .*Did you mean: '{near}'") as raised:
        get()
    assert not isinstance(raised.value, NotImplementedError)


def test_a_slip_in_an_import_is_an_import_error():
    for statement in ("from browser_torch.nn import Linaer", "import browser_torch.nothing_like_it"):
        with pytest.raises(ImportError) as raised:
            exec(statement)
        assert not isinstance(raised.value, NotImplementedError)


def test_modules_that_are_parts_of_others_are_found_under_torchs_names():
    for name in (
        "nn.modules.linear",
        "nn.modules",
        "cuda.amp",
        "optim.optimizer",
        "distributions.categorical",
        "autograd.function",
    ):
        assert importlib.import_module(f"browser_torch.{name}")
    assert shim.nn.modules.linear.Linear is shim.nn.Linear
    assert shim.optim.optimizer.Optimizer is shim.optim.Optimizer
    assert shim.cuda.amp.GradScaler is shim.amp.GradScaler


def test_code_can_ask_whether_a_tensor_has_a_method():
    tensor = shim.ones(2)
    assert not hasattr(tensor, "to_sparse") and hasattr(tensor, "sum")
    assert getattr(tensor, "to_sparse", None) is None


def test_lists_name_what_there_is_and_everything_they_name_is_there():
    for module in (shim, shim.nn, shim.nn.functional, shim.optim, shim.linalg, shim.autograd):
        names = [name for name in dir(module) if not name.startswith("_")]
        assert names
        for name in names:
            assert getattr(module, name) is not None or name == "newaxis"
    assert {"softmax", "Tensor", "nn", "optim", "float32"} <= set(dir(shim))
    assert {"softmax", "backward", "masked_fill_"} <= set(dir(shim.Tensor))


def test_functions_and_methods_exist_in_torch_too():
    """Nobody may learn a name here that torch does not have."""
    for ours, theirs in (
        (shim, torch),
        (shim.Tensor, torch.Tensor),
        (shim.nn, torch.nn),
        (shim.nn.init, torch.nn.init),
    ):
        own = {name for name in dir(ours) if not name.startswith("_")} - {"layers", "containers", "transformer"}
        own -= {"more", "conv", "pooling", "rnn", "lazy", "base"}
        own -= {"module", "default_generator", "np", "math", "Any", "Tensor", "no_grad", "GAINS", "e", "LAZY"}
        own -= {"empty_like", "where", "randn", "randperm", "version"} if ours is shim.nn.init else set()
        assert {name for name in own if not hasattr(theirs, name)} == set()


def test_tensors_on_meta_can_be_counted_and_not_computed_with():
    with shim.device("meta"):
        layer = shim.nn.Linear(8192, 8192)
    assert layer.weight.numel() == 8192**2
    assert layer.weight.device.type == "meta"
    with pytest.raises(NotImplementedError, match="meta"):
        layer.weight + 1


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan, 0.0, 1e30, -1e30])
def test_special_values(value):
    functions = "exp log sqrt sigmoid tanh relu sign abs isnan isfinite square".split()
    layers = "softplus logsigmoid silu".split()

    def run(t, x):
        ones = [getattr(x, name)() for name in functions] + [getattr(t.nn.functional, name)(x) for name in layers]
        rows = [x.softmax(0), x.log_softmax(0), x.logsumexp(0), x.max(), x.argmax(), x.sort(), x.sum(), x.clamp(-1, 1)]
        return ones + rows

    array = np.array([1.0, value, -1.0], np.float32)
    for ours, theirs in zip(run(shim, shim.tensor(array)), run(torch, torch.tensor(array)), strict=True):
        assert_same(ours, theirs)
