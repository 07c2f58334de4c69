"""Every function and method gives what real torch gives: values, types, shapes and gradients."""

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.browser.torch_api.pair import check

QUICK = settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
SHAPES = st.lists(st.integers(1, 4), max_size=3).map(tuple)
SEEDS = st.integers(0, 2**32 - 1)


def numbers(seed, shape, kind="real", dtype="float32"):
    """Values without special places: not 0, not equal to each other, not at a limit of the function."""
    source = np.random.default_rng(seed)
    values = source.uniform(0.1, 0.9, shape)
    if kind == "real":
        values = (values * 3) * source.choice([-1, 1], shape)
    elif kind == "positive":
        values = values * 4
    return values.astype(dtype)


# One tensor of any shape.
REAL = {
    name: (lambda t, x, name=name: getattr(t, name)(x))
    for name in """abs exp exp2 expm1 sin cos tan atan sinh cosh tanh sigmoid neg square relu sign floor ceil trunc frac
    round erf erfc isnan isinf isfinite logical_not sum mean std var prod amax amin max min all any argmax argmin numel
    nonzero count_nonzero clone flatten ravel zeros_like ones_like is_floating_point signbit nansum nanmean norm
    logsumexp_all median""".split()
    if name != "logsumexp_all"
} | {
    "rsub": lambda t, x: 2 - x,
    "scalars": lambda t, x: (
        x + 1,
        x - 2.5,
        x * 3,
        x / 2,
        2 / x,
        x**2,
        x**3,
        2**x,
        -x,
        +x,
        x.detach() // 0.7,
        x % 0.7,
        5 % x.detach(),
    ),
    "compare": lambda t, x: (x > 0, x >= 0.5, x < 0, x <= 1, x == x, x != 0),
    "int_types": lambda t, x: (x.long(), x.int(), x.to(t.int8), x.bool(), x.double(), x.half(), x.bfloat16()),
    "sums": lambda t, x: (
        x.sum(dtype=t.float64),
        (x > 0).sum(),
        x.long().sum(),
        x.long().prod(),
        (x > 0).float().mean(),
    ),
    "clamp": lambda t, x: (x.clamp(-0.5, 0.7), x.clamp(min=0), x.clamp(max=1.0), t.clip(x, -1, 1)),
    "norms": lambda t, x: (x.norm(), x.norm(1), x.norm(3), x.norm(math.inf), t.linalg.norm(x), x.norm(p=2)),
    "where": lambda t, x: (t.where(x > 0, x, 0.0), t.where(x > 0, 1, 0), t.where(x > 0, x, -x * 2)),
    "masked_fill": lambda t, x: (x.masked_fill(x > 0, -math.inf), x.masked_fill(x < 0, 1e9)),
    "masked_select": lambda t, x: (x[x > 0], x.masked_select(x > 0), t.masked_select(x, x < 0)),
    "pow": lambda t, x: (t.pow(x, 2), x.pow(0), x.pow(1), t.square(x) ** 0.5, x.abs() ** 1.5),
    "std": lambda t, x: (x.std(unbiased=False), x.var(correction=0), x.var(unbiased=False)),
    "detach": lambda t, x: (x.detach() * x, x.data * 2),
    "numbers": lambda t, x: (
        x.sum().item(),
        float(x.detach().max()),
        x.tolist() == x.tolist(),
        x.ndim,
        x.dim(),
        tuple(x.shape),
    ),
    "like": lambda t, x: (
        t.full_like(x, 7),
        t.empty_like(x).shape,
        x.new_zeros(2, 3),
        x.new_ones(2),
        x.new_full((2,), 5),
        x.new_tensor([1, 2]),
    ),
    "nan_to_num": lambda t, x: (x / 0).nan_to_num(nan=1.0, posinf=2.0, neginf=-3.0),
    "reshape": lambda t, x: (x.reshape(-1), x.view(-1), x.unsqueeze(0), x.unsqueeze(-1), x[None], x.squeeze(), x[...]),
    "activations": lambda t, x: tuple(
        getattr(t.nn.functional, name)(x)
        for name in (
            "relu",
            "gelu",
            "silu",
            "mish",
            "softplus",
            "logsigmoid",
            "sigmoid",
            "tanh",
            "leaky_relu",
            "elu",
            "softsign",
            "relu6",
            "hardsigmoid",
            "hardswish",
        )
    ),
    "gelu_tanh": lambda t, x: t.nn.functional.gelu(x, approximate="tanh"),
    "dropout_off": lambda t, x: t.nn.functional.dropout(x, 0.5, training=False),
    "lerp": lambda t, x: (t.lerp(x, x * 2, 0.3), t.addcmul(x, x, x, value=0.5), t.addcdiv(x, x, x.exp(), value=2)),
    "chain": lambda t, x: ((x.exp() + 1).log() * x.tanh() - x).sigmoid().sum(),
    "used_twice": lambda t, x: (x * x + x, x - x.detach(), (x + x) * x),
    "bool": lambda t, x: ((x > 0) & (x < 1), (x > 0) | (x < -1), ~(x > 0), (x > 0) ^ (x < 1), (x > 0) * x, (x > 0) + 0),
    "isclose": lambda t, x: (t.isclose(x, x + 1e-9), t.allclose(x, x), t.equal(x, x), x.equal(x + 1)),
    "quantile": lambda t, x: (t.quantile(x, 0.3), x.quantile(t.tensor([0.25, 0.5], dtype=x.dtype))),
    "logit": lambda t, x: t.logit(x.sigmoid()),
}
POSITIVE = {
    "logs": lambda t, x: (x.log(), x.log2(), x.log10(), x.log1p(), t.log(x)),
    "roots": lambda t, x: (x.sqrt(), x.rsqrt(), x.reciprocal(), x**0.5, x**-1, x**-0.5, 1 / x, x.pow(0.3)),
    "xlogx": lambda t, x: (x * x.log()).sum(),
    "atan2": lambda t, x: t.atan2(x, x + 1),
    "log_softmax": lambda t, x: x.log().exp(),
    "pow_tensor": lambda t, x: (x**x, t.pow(2, x), t.pow(x, x / 2)),
}
UNIT = {"inverse": lambda t, x: (x.asin(), x.acos(), t.logit(x), t.logit(x, eps=1e-3))}
# One tensor of at least two dimensions.
MATRIX = {
    "dims": lambda t, x: (
        x.sum(0),
        x.sum(-1, keepdim=True),
        x.sum((0, 1)),
        x.mean(1),
        x.mean((0, -1), keepdim=True),
        x.prod(0),
        x.prod(1, keepdim=True),
    ),
    "spread": lambda t, x: (
        x.var(0, correction=0),
        x.std(-1, unbiased=False),
        x.var((0, 1), keepdim=True, correction=0),
        t.var_mean(x, -1, unbiased=False),
        t.std_mean(x, 0, unbiased=False),
    ),
    "extremes": lambda t, x: (
        x.max(0),
        x.min(-1, keepdim=True),
        x.amax(0),
        x.amin((0, 1)),
        x.amax(dim=-1, keepdim=True),
        x.argmax(0),
        x.argmin(-1, keepdim=True),
        t.max(x, 1).values,
        t.aminmax(x),
    ),
    "order": lambda t, x: (
        x.sort(),
        x.sort(0, descending=True),
        t.argsort(x, dim=-1),
        x.argsort(0, descending=True),
        x.topk(1),
        x.topk(2, dim=0, largest=False) if x.shape[0] > 1 else x,
        x.kthvalue(1),
        x.median(0),
        x.msort(),
    ),
    "running": lambda t, x: (
        x.cumsum(0),
        x.cumsum(-1),
        x.cumprod(-1),
        x.cummax(0),
        x.cummin(-1),
        x.logcumsumexp(0),
        x.diff(dim=0),
        x.diff(prepend=x[..., :1], append=x[..., :2]),
        x.long().cumsum(0),
    ),
    "logical": lambda t, x: (
        (x > 0).all(0),
        (x > 0).any(-1),
        (x > 0).all(dim=-1, keepdim=True),
        (x > 0).sum(0),
        (x > 0).cumsum(0),
    ),
    "softmax": lambda t, x: (
        x.softmax(-1),
        t.softmax(x, dim=0),
        x.log_softmax(1),
        x.logsumexp(0),
        t.logsumexp(x, (0, 1)),
        x.logsumexp(-1, keepdim=True),
        t.nn.functional.softmax(x, dim=-1),
        x.softmax(-1, dtype=t.float64),
    ),
    "moves": lambda t, x: (
        x.T if x.ndim == 2 else x.mT,
        x.transpose(0, 1),
        x.transpose(-1, -2),
        x.permute(*range(x.ndim)[::-1]),
        x.flip(0),
        x.flip(0, 1),
        x.roll(1),
        x.roll(1, 0),
        x.roll((1, 2), (0, 1)),
        x.movedim(0, -1),
    ),
    "copies": lambda t, x: (
        x.repeat(2, *(1,) * (x.ndim - 1)),
        x.repeat(2, *(2,) * x.ndim),
        x.tile(2),
        x.repeat_interleave(2, 0),
        x.repeat_interleave(3),
        x.expand(2, *x.shape),
        x[:1].expand(3, *x.shape[1:]),
        x[:, :1].expand_as(x),
    ),
    "pieces": lambda t, x: (
        x.chunk(2),
        x[:0].chunk(2),
        x.chunk(3, -1),
        x.split(1),
        x.split([1, x.shape[0] - 1]),
        x.unbind(0),
        x.unbind(-1),
        x.narrow(0, 0, 1),
        x.select(0, 0),
        t.tensor_split(x, 2, dim=-1),
    ),
    "joins": lambda t, x: (
        t.cat([x, x]),
        t.cat([x, x * 2], dim=-1),
        t.stack([x, x]),
        t.stack([x, x], dim=-1),
        t.hstack([x, x]),
        t.vstack([x, x]),
        t.cat([x, x.double()]),
    ),
    "triangles": lambda t, x: (
        x.tril(),
        x.triu(),
        x.tril(-1),
        x.triu(1),
        t.tril(x, diagonal=1),
        x.diagonal(dim1=-2, dim2=-1),
        t.diag_embed(x),
        x.diagonal(1, -2, -1),
    ),
    "index": lambda t, x: (
        x[0],
        x[-1],
        x[0, 0],
        x[:, 0],
        x[..., 0],
        x[:, None],
        x[None, 0],
        x[:1],
        x[:, :2],
        x[::2],
        x[0, ...],
        x[:, -1:],
    ),
    "advanced": lambda t, x: (
        x[[0, 0]],
        x[t.tensor([0, -1])],
        x[:, [0]],
        x[t.tensor([[0], [0]])],
        x[t.tensor([0]), t.tensor([0])],
        x[x > 0],
        x[x.sum(tuple(range(1, x.ndim))) > 0],
        x[..., t.tensor([0, 0])],
        x[0, [0, 0]],
        x[t.tensor(0)],
        x[[True] * x.shape[0]],
        x[None, :, [0]],
    ),
    "select": lambda t, x: (
        x.index_select(0, t.tensor([0, 0])),
        t.index_select(x, -1, t.tensor([0])),
        x.gather(-1, x.argsort(-1)),
        x.take_along_dim(x.argmax(-1, keepdim=True), -1),
        x.take(t.tensor([0])),
    ),
    "scatter": lambda t, x: (
        x.scatter(-1, x.argmax(-1, keepdim=True), 9.0),
        x.scatter(0, x.argsort(0), x * 2),
        t.zeros_like(x).scatter_add(-1, x.argsort(-1) * 0, x),
        x.index_add(0, t.tensor([0]), x[:1]),
        x.index_fill(0, t.tensor([0]), 3.0),
        x.index_copy(0, t.tensor([0]), x[:1] * 2),
    ),
    "views": lambda t, x: (
        x.view(-1, x.shape[-1]),
        x.reshape(x.shape[0], -1),
        x.flatten(1),
        x.flatten(0, 1),
        x.unflatten(0, (1, -1)),
        x.transpose(0, 1).reshape(-1),
        x.transpose(0, 1).contiguous().view(-1),
        x.unfold(0, 1, 1),
        x.squeeze(0),
        x.squeeze(-1),
    ),
    "norms": lambda t, x: (
        x.norm(dim=-1),
        x.norm(1, 0),
        x.norm(dim=(0, 1)),
        t.linalg.vector_norm(x, dim=-1, keepdim=True),
        t.nn.functional.normalize(x, dim=-1),
        t.linalg.norm(x, dim=0),
    ),
    "layers": lambda t, x: (
        t.nn.functional.layer_norm(x, (x.shape[-1],)) if x.shape[-1] > 2 else x,
        t.nn.functional.rms_norm(x, (x.shape[-1],)),
        t.nn.functional.rms_norm(x, x.shape[-1:], eps=1e-5),
    ),
    "products": lambda t, x: (
        x @ x.mT,
        t.matmul(x.mT, x),
        x[..., 0, :] @ x.mT if x.ndim == 2 else x,
        x @ x[(0,) * (x.ndim - 1)],
        t.einsum("...ij,...kj->...ik", x, x),
        t.einsum("...ij->...", x),
        t.einsum("...ij->...ji", x),
    ),
    "pad": lambda t, x: (
        t.nn.functional.pad(x, (1, 2)),
        t.nn.functional.pad(x, (0, 1, 2, 0), value=-1.0),
        t.nn.functional.pad(x, (-1, 1)),
        t.nn.functional.pad(x, (1, 0), value=True),
    ),
    "losses": lambda t, x: tuple(
        getattr(t.nn.functional, name)(x, x.detach() * 0.3 + 0.2, reduction=how)
        for name in ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "binary_cross_entropy_with_logits")
        for how in ("none", "mean", "sum")
    ),
    "soft_targets": lambda t, x: (
        t.nn.functional.cross_entropy(x, x.detach().softmax(1)),
        t.nn.functional.kl_div(x.log_softmax(-1), x.detach().flip(0).softmax(-1), reduction="batchmean"),
        t.nn.functional.kl_div(x, x.detach(), log_target=True, reduction="sum"),
    ),
    "unique": lambda t, x: (
        t.unique(x.detach().round()),
        t.unique(x.detach().sign(), return_counts=True),
        t.unique((x > 0).long(), return_inverse=True),
        t.unique_consecutive(x.detach().sign().flatten(), return_counts=True),
    ),
    "where": lambda t, x: (
        t.where(x > 0, x, x[0]),
        t.where(x > 0),
        t.where(x[:1] > 0, x, 0),
        x.nonzero(as_tuple=True),
        x.sign().clamp(min=0).nonzero(),
        t.argwhere(x > 0),
    ),
    "glu": lambda t, x: t.nn.functional.glu(t.cat([x, x + 1], -1)),
    "cosine": lambda t, x: t.nn.functional.cosine_similarity(x, x.flip(0) + 1, dim=-1),
    "complex": lambda t, x: (
        t.view_as_real(t.view_as_complex(t.stack([x, x + 1], -1)) * t.polar(t.ones_like(x), x)),
        t.complex(x, x).abs(),
        t.complex(x, x).real,
        t.complex(x, -x).conj().imag,
        t.complex(x, x).angle(),
    ),
    "matrix": lambda t, x: (
        t.linalg.matrix_norm(x),
        t.linalg.inv(x @ x.mT + 5 * t.eye(x.shape[-2])),
        t.linalg.det(x @ x.mT + 5 * t.eye(x.shape[-2])),
    ),
    "meshgrid": lambda t, x: t.meshgrid(x[..., 0].flatten(), t.arange(3.0), indexing="ij"),
    "buckets": lambda t, x: (
        t.searchsorted(t.tensor([-1.0, 0.0, 1.0]), x),
        t.bucketize(x, t.tensor([0.0, 0.5]), right=True),
        x.histc(4, -3, 3),
        t.isin(x.sign(), t.tensor([1.0])),
    ),
    "loop": lambda t, x: t.stack([row * number for number, row in enumerate(x)]).sum(0),
    "pool": lambda t, x: (
        (t.nn.functional.max_pool2d(x[None], 2), t.nn.functional.avg_pool2d(x[None], 2)) if x.ndim == 3 else x
    ),
}
# Two tensors that broadcast.
TWO = {
    name: (lambda t, x, y, name=name: getattr(t, name)(x, y))
    for name in """add sub mul div maximum minimum atan2 remainder fmod eq ne lt le gt ge logical_and
    logical_or logical_xor logaddexp""".split()
} | {
    "modes": lambda t, x, y: (
        t.div(x, y, rounding_mode="floor"),
        t.div(x, y, rounding_mode="trunc"),
        t.add(x, y, alpha=2),
        t.sub(x, y, alpha=0.5),
    ),
    "power": lambda t, x, y: (x.abs() ** y, t.pow(x.abs(), y.abs())),
    "where": lambda t, x, y: (
        t.where(x > y, x, y),
        x.where(x > y, y),
        x.where(x > 0, 0.0),
        t.where(y > 0, x, y),
        t.max(x, y),
        t.min(x, y),
    ),
    "broadcast": lambda t, x, y: (t.broadcast_tensors(x, y), tuple(t.broadcast_shapes(x.shape, y.shape))),
    "mixed": lambda t, x, y: (
        x.double() + y,
        x.half().float() * y,
        x.long() + y,
        (x > 0) * y,
        x.bfloat16() * y.bfloat16(),
        x.half() + y.half(),
    ),
    "mse": lambda t, x, y: ((x - y) ** 2).mean(),
    "floor_divide": lambda t, x, y: (x.detach() // y.detach(), t.floor_divide(x.detach(), 0.3)),
}


@pytest.mark.parametrize("name", REAL)
@given(shape=SHAPES, seed=SEEDS, dtype=st.sampled_from(["float32", "float64"]))
@QUICK
def test_functions_of_any_number(name, shape, seed, dtype):
    check(REAL[name], [numbers(seed, shape, dtype=dtype)])


@pytest.mark.parametrize("name", POSITIVE)
@given(shape=SHAPES, seed=SEEDS)
@QUICK
def test_functions_of_positive_numbers(name, shape, seed):
    check(POSITIVE[name], [numbers(seed, shape, "positive")])


@pytest.mark.parametrize("name", UNIT)
@given(shape=SHAPES, seed=SEEDS)
@QUICK
def test_functions_of_numbers_between_zero_and_one(name, shape, seed):
    check(UNIT[name], [numbers(seed, shape, "unit")])


@pytest.mark.parametrize("name", MATRIX)
@given(shape=st.lists(st.integers(2, 4), min_size=2, max_size=3).map(tuple), seed=SEEDS)
@QUICK
def test_functions_along_dimensions(name, shape, seed):
    check(MATRIX[name], [numbers(seed, shape)], atol=1e-5)


@st.composite
def broadcastable(draw):
    """Two shapes that fit: some sizes are 1, and the second may lack leading ones."""
    shape = draw(st.lists(st.integers(1, 4), max_size=3))
    pair = [[1 if draw(st.booleans()) else size for size in shape] for _ in range(2)]
    return tuple(pair[0]), tuple(pair[1][draw(st.integers(0, len(shape))) :])


@pytest.mark.parametrize("name", TWO)
@given(shapes=broadcastable(), seed=SEEDS)
@QUICK
def test_functions_of_two(name, shapes, seed):
    check(TWO[name], [numbers(seed, shapes[0]), numbers(seed + 1, shapes[1])])


INTEGERS = {
    "arithmetic": lambda t, x, y: (
        x + y,
        x - y,
        x * y,
        x / (y + 9),
        x // (y + 9),
        x % (y + 9),
        -x,
        x**2,
        x.abs(),
        x.sign(),
    ),
    "bits": lambda t, x, y: (x & y, x | y, x ^ y, ~x, x << 2, x >> 1, t.bitwise_left_shift(x, 1)),
    "scalars": lambda t, x, y: (x + 1, x * 2.5, x / 2, x + True, 3 - x, x // 2, x % 3, x > 1, x == 2),
    "reduce": lambda t, x, y: (
        x.sum(),
        x.prod(),
        x.max(),
        x.min(),
        x.cumsum(0),
        x.float().mean(),
        x.any(),
        x.all(),
        x.argmax(),
    ),
    "float": lambda t, x, y: (x.exp(), x.sqrt(), x.sigmoid(), x.float().softmax(-1), (x + 8).log(), x.float().std()),
    "sort": lambda t, x, y: (
        x.sort(stable=True),
        x.sort(descending=True, stable=True),
        x.argsort(stable=True),
        x.unique(),
        x.flip(0),
    ),
    "clamp": lambda t, x, y: (x.clamp(0, 2), t.maximum(x, y), t.minimum(x, y), t.where(x > y, x, y)),
    "count": lambda t, x, y: (
        t.bincount((x.abs() % 5).long()),
        t.bincount((x.abs() % 5).long(), minlength=9),
        t.bincount((x.abs() % 5).long(), weights=y.double()),
    ),
    "one_hot": lambda t, x, y: (
        t.nn.functional.one_hot((x.abs() % 5).long()),
        t.nn.functional.one_hot((x.abs() % 5).long(), 6),
    ),
}


@pytest.mark.parametrize("name", INTEGERS)
@given(data=st.data(), dtype=st.sampled_from(["int64", "int32", "uint8", "int8", "int16"]))
@QUICK
def test_integers(name, data, dtype):
    low = 0 if dtype == "uint8" else -8
    row = st.lists(st.integers(low, 8), min_size=3, max_size=6)
    x = data.draw(row)
    y = data.draw(st.lists(st.integers(low, 8), min_size=len(x), max_size=len(x)))
    check(INTEGERS[name], [np.array(x, dtype), np.array(y, dtype)], grads=False)


@st.composite
def products(draw):
    """Two shapes for a product of matrices, stacks of them, or vectors."""
    rows, inner, cols = (draw(st.integers(1, 4)) for _ in range(3))
    lead = [draw(st.lists(st.sampled_from([1, 2]), max_size=2)) for _ in range(2)]
    left = (inner,) if draw(st.booleans()) else (*lead[0], rows, inner)
    right = (inner,) if draw(st.booleans()) else (*lead[1], inner, cols)
    return left, right


@given(shapes=products(), seed=SEEDS, dtype=st.sampled_from(["float32", "float64"]))
@settings(QUICK, max_examples=60)
def test_matmul(shapes, seed, dtype):
    check(
        lambda t, x, y: x @ y,
        [numbers(seed, shapes[0], dtype=dtype), numbers(seed + 1, shapes[1], dtype=dtype)],
        atol=1e-5,
    )


EINSUMS = [
    ("ij,jk->ik", (2, 3), (3, 4)),
    ("bhqd,bhkd->bhqk", (2, 2, 3, 4), (2, 2, 5, 4)),
    ("bqk,bkd->bqd", (2, 3, 4), (2, 4, 2)),
    ("i,j->ij", (3,), (4,)),
    ("i,i->", (3,), (3,)),
    ("ij,ij->i", (2, 3), (2, 3)),
    ("ij,ij", (2, 3), (2, 3)),
    ("bij,jk", (2, 3, 4), (4, 2)),
    ("...ij,jk->...ik", (2, 2, 3), (3, 2)),
    ("b...d,d->b...", (2, 3, 4), (4,)),
    ("ij,kj->", (2, 3), (4, 3)),
    ("ii,i->i", (3, 3), (3,)),
    ("btc,hcd->bhtd", (2, 3, 4), (2, 4, 3)),
]


@pytest.mark.parametrize(("equation", "first", "second"), EINSUMS, ids=lambda value: str(value))
def test_einsum(equation, first, second):
    check(lambda t, x, y: t.einsum(equation, x, y), [numbers(0, first), numbers(1, second)], atol=1e-5)


def test_einsum_of_one_and_of_three():
    check(lambda t, x: (t.einsum("ii", x), t.einsum("ii->i", x), t.einsum("ij->j", x)), [numbers(0, (3, 3))])
    arrays = [numbers(seed, shape) for seed, shape in enumerate([(2, 3), (3, 4), (4, 2)])]
    check(lambda t, x, y, z: t.einsum("ij,jk,kl->il", x, y, z), arrays, atol=1e-5)


LOSSES = {
    "plain": lambda t, x, y: t.nn.functional.cross_entropy(x, y),
    "none": lambda t, x, y: t.nn.functional.cross_entropy(x, y, reduction="none"),
    "sum": lambda t, x, y: t.nn.functional.cross_entropy(x, y, reduction="sum"),
    "ignored": lambda t, x, y: t.nn.functional.cross_entropy(x, y.masked_fill(y == 0, -100), reduction="sum"),
    "weighted": lambda t, x, y: t.nn.functional.cross_entropy(x, y, weight=t.arange(1.0, 1 + x.shape[1])),
    "smoothed": lambda t, x, y: t.nn.functional.cross_entropy(x, y, label_smoothing=0.1),
    "smoothed weighted": lambda t, x, y: t.nn.functional.cross_entropy(
        x, y, label_smoothing=0.1, weight=t.arange(1.0, 1 + x.shape[1])
    ),
    "nll": lambda t, x, y: t.nn.functional.nll_loss(x.log_softmax(1), y),
    "module": lambda t, x, y: t.nn.CrossEntropyLoss(reduction="sum")(x, y),
}


@pytest.mark.parametrize("name", LOSSES)
@given(rest=st.lists(st.integers(1, 3), max_size=2).map(tuple), seed=SEEDS)
@QUICK
def test_cross_entropy(name, rest, seed):
    target = np.random.default_rng(seed).integers(0, 4, (3, *rest))
    check(LOSSES[name], [numbers(seed, (3, 4, *rest)), target])


def attention_cases(t, query, key, value):
    """Scaled dot-product attention, every option."""
    attend = t.nn.functional.scaled_dot_product_attention
    some = query.detach()[..., :1] * key.detach()[..., :1].mT
    nowhere = some > 9
    return (
        attend(query, key, value),
        attend(query, key, value, is_causal=True),
        attend(query, key, value, attn_mask=some > 0),
        attend(query, key, value, attn_mask=some),
        attend(query, key, value, attn_mask=nowhere),
        attend(query, key, value, scale=0.3),
    )


@given(queries=st.integers(1, 4), keys=st.integers(1, 4), seed=SEEDS)
@QUICK
def test_scaled_dot_product_attention(queries, keys, seed):
    arrays = [numbers(seed + n, (2, 2, length, 4)) for n, length in enumerate((queries, keys, keys))]
    check(attention_cases, arrays, atol=1e-5)


def test_attention_with_groups():
    arrays = [numbers(n, (2, heads, 3, 4)) for n, heads in enumerate((4, 2, 2))]
    check(lambda t, q, k, v: t.nn.functional.scaled_dot_product_attention(q, k, v, enable_gqa=True), arrays, atol=1e-5)


def test_convolutions_and_norms_with_parameters():
    functional = {
        "conv1d": (lambda t, x, w, b: t.nn.functional.conv1d(x, w, b, stride=2, padding=1), (2, 3, 7), (4, 3, 3), (4,)),
        "conv2d": (lambda t, x, w, b: t.nn.functional.conv2d(x, w, b, padding=1), (2, 3, 5, 4), (4, 3, 3, 2), (4,)),
        "groups": (lambda t, x, w, b: t.nn.functional.conv1d(x, w, b, groups=2), (2, 4, 5), (6, 2, 2), (6,)),
        "layer": (lambda t, x, w, b: t.nn.functional.layer_norm(x, (3, 4), w, b), (2, 3, 4), (3, 4), (3, 4)),
        "group": (lambda t, x, w, b: t.nn.functional.group_norm(x, 2, w, b), (2, 4, 3), (4,), (4,)),
        "batch": (
            lambda t, x, w, b: t.nn.functional.batch_norm(x, None, None, w, b, training=True),
            (5, 4, 3),
            (4,),
            (4,),
        ),
        "linear": (lambda t, x, w, b: t.nn.functional.linear(x, w, b), (2, 3, 4), (5, 4), (5,)),
        "linear of a row": (lambda t, x, w, b: t.nn.functional.linear(x, w, b), (4,), (5, 4), (5,)),
    }
    for run, *shapes in functional.values():
        check(run, [numbers(seed, shape) for seed, shape in enumerate(shapes)], atol=1e-5)


def test_fake_quantization():
    check(
        lambda t, x: (
            t.fake_quantize_per_tensor_affine(x, 0.25, 1, -4, 3),
            t.fake_quantize_per_channel_affine(x, t.tensor([0.1, 0.3]), t.zeros(2, dtype=t.int32), 0, -8, 7),
        ),
        [numbers(0, (2, 9))],
    )


def test_embedding():
    check(
        lambda t, w, i: t.nn.functional.embedding(i, w, padding_idx=1), [numbers(0, (5, 3)), np.array([[0, 1], [4, 0]])]
    )


@pytest.mark.parametrize("include_self", [True, False])
@pytest.mark.parametrize("reduce", ["sum", "mean", "prod", "amax", "amin"])
@given(seed=st.integers(0, 999), dim=st.sampled_from([0, 1]), ties=st.booleans())
@settings(max_examples=10, deadline=None)
def test_scatter_reduce(reduce, include_self, seed, dim, ties):
    rng = np.random.default_rng(seed)
    x, source = (rng.uniform(-2, 2, shape).astype("float32") for shape in ((4, 3), (5, 3) if dim == 0 else (4, 5)))
    x, source = (one.round() if ties else one for one in (x, source))
    index = rng.integers(0, 3, source.shape)

    def run(t, x, source):
        given = dim, t.tensor(index), source, reduce
        whole = dim, t.tensor(index), (source.detach() * 9).long(), reduce
        return x.scatter_reduce(*given, include_self=include_self), (x.detach() * 9).long().scatter_reduce(
            *whole, include_self=include_self
        )

    check(run, [x, source])
