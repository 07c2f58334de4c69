"""The same seed gives torch's own numbers, bit for bit."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.browser.torch_api.pair import assert_same, both, outcome, shim

FILLS = {
    "uniform_": lambda t, x: x.uniform_(-0.3, 0.7),
    "normal_": lambda t, x: x.normal_(),
    "normal_ with mean and std": lambda t, x: x.normal_(1.5, 0.2),
    "exponential_": lambda t, x: x.exponential_(2.0),
    "bernoulli_": lambda t, x: x.bernoulli_(0.3),
    "random_": lambda t, x: x.random_(0, 100),
}
DRAWS = {
    "rand": lambda t, n, g: t.rand(n, generator=g),
    "randn": lambda t, n, g: t.randn(n, generator=g),
    "randn of two dimensions": lambda t, n, g: t.randn(n, 3, generator=g),
    "float64": lambda t, n, g: (t.rand(n, generator=g, dtype=t.float64), t.randn(n, generator=g, dtype=t.float64)),
    "half": lambda t, n, g: (t.rand(n, generator=g, dtype=t.float16), t.randn(n, generator=g, dtype=t.float16)),
    "bfloat16": lambda t, n, g: (t.rand(n, generator=g, dtype=t.bfloat16), t.randn(n, generator=g, dtype=t.bfloat16)),
    "randint": lambda t, n, g: (t.randint(10, (n,), generator=g), t.randint(-5, 2**40, (n,), generator=g)),
    "randint of float": lambda t, n, g: t.randint(3, 9, (n,), generator=g, dtype=t.float32),
    "randint at the limit": lambda t, n, g: (
        t.randint(2**28, (n,), generator=g),
        t.randint(2**28 + 1, (n,), generator=g),
    ),
    "randperm": lambda t, n, g: t.randperm(n, generator=g),
    "bernoulli": lambda t, n, g: t.bernoulli(t.linspace(0, 1, n), generator=g),
    "bernoulli of float64": lambda t, n, g: t.bernoulli(t.linspace(0, 1, n, dtype=t.float64), generator=g),
    "bernoulli of p": lambda t, n, g: t.empty(n).bernoulli_(0.3, generator=g),
    "multinomial": lambda t, n, g: t.multinomial(t.arange(1.0, n + 2), 1, generator=g),
    "without replacement": lambda t, n, g: t.multinomial(t.arange(1.0, n + 2), n + 1, generator=g),
    "with replacement": lambda t, n, g: t.multinomial(t.arange(1.0, n + 2), 7, replacement=True, generator=g),
    "rows": lambda t, n, g: t.multinomial(t.arange(2.0 * n).reshape(2, n) + 1, 5, replacement=True, generator=g),
    "normal of tensors": lambda t, n, g: t.normal(t.arange(float(n)), t.ones(n), generator=g),
    "normal of a size": lambda t, n, g: t.normal(2.0, 3.0, (n,), generator=g),
    "poisson": lambda t, n, g: t.poisson(t.linspace(0, 40, n), generator=g),
}
OF_DISTRIBUTIONS = {
    "Gamma": lambda d, x: d.Gamma(x, x + 1),
    "Beta": lambda d, x: d.Beta(x, x + 1),
    "Beta of numbers": lambda d, x: d.Beta(0.4, 0.4),
    "Dirichlet": lambda d, x: d.Dirichlet(x),
    "Chi2": lambda d, x: d.Chi2(x),
    "StudentT": lambda d, x: d.StudentT(x),
    "Poisson": lambda d, x: d.Poisson(9 * x),
}
SEEDS = st.one_of(st.integers(0, 2**32 - 1), st.sampled_from([-1, 2**40 + 3, 2**64 - 1]))


def exact(ours, theirs):
    """No difference, but for the last bit of float64: torch's multiply-add rounds once."""
    if isinstance(theirs, tuple | list):
        for one, other in zip(ours, theirs, strict=True):
            exact(one, other)
    else:
        assert_same(ours, theirs, rtol=1e-14 if theirs.dtype is torch.float64 else 0, atol=0)


@pytest.mark.parametrize("name", OF_DISTRIBUTIONS)
@given(seed=SEEDS, size=st.integers(1, 20), kind=st.sampled_from(["float32", "float64"]))
@settings(max_examples=15, deadline=None)
def test_distributions_draw_the_same_numbers(name, seed, size, kind):
    def run(t):
        t.manual_seed(seed)
        drawn = OF_DISTRIBUTIONS[name](t.distributions, t.linspace(0.1, 3, size, dtype=getattr(t, kind)))
        return drawn.sample((3,)), t.rand(2)

    exact(run(shim), run(torch))


def test_gradients_do_not_flow_through_gamma_draws_and_say_so():
    with pytest.raises(NotImplementedError, match="use sample"):
        shim.distributions.Gamma(shim.ones(1, requires_grad=True), 1.0).rsample()


@pytest.mark.parametrize("name", DRAWS)
@given(seed=SEEDS, size=st.integers(1, 70))
@settings(max_examples=20, deadline=None)
def test_generator_draws_the_same_numbers(name, seed, size):
    ours, theirs = (
        (DRAWS[name](t, size, g), t.rand(2, generator=g))
        for t in (shim, torch)
        for g in [t.Generator().manual_seed(seed)]
    )
    exact(ours, theirs)


@pytest.mark.parametrize("name", FILLS)
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16"])
@pytest.mark.parametrize("form", ["contiguous", "small", "transposed", "permuted", "strided", "sliced"])
def test_memory_is_filled_in_torchs_order(name, dtype, form):
    def run(t):
        t.manual_seed(5)
        whole = t.zeros(4, 5, 6, dtype=getattr(t, dtype))
        views = {
            "contiguous": whole,
            "small": whole[0, 0],
            "transposed": whole[0].t(),
            "permuted": whole.permute(2, 0, 1),
            "strided": whole[:, :, ::2],
            "sliced": whole[1:3, 2:4].transpose(0, 1),
        }
        FILLS[name](t, views[form])
        return whole, t.rand(1)

    exact(run(shim), run(torch))


def test_many_normal_numbers_are_bit_for_bit_torchs():
    shim.manual_seed(1)
    torch.manual_seed(1)
    exact(shim.randn(100_003), torch.randn(100_003))


def test_second_number_of_a_normal_pair_is_kept_for_the_next_call():
    def run(t):
        t.manual_seed(0)
        return [t.randn(n) for n in (3, 1, 5, 2, 20, 3)] + [t.randn(5, dtype=t.float64), t.rand(1)]

    exact(run(shim), run(torch))


LAYERS = {
    "Linear": lambda t: t.nn.Linear(4, 4),
    "wide Linear": lambda t: t.nn.Linear(37, 11, bias=False),
    "float64": lambda t: t.nn.Linear(5, 3, dtype=t.float64),
    "Embedding": lambda t: t.nn.Embedding(10, 7, padding_idx=2),
    "Conv1d": lambda t: t.nn.Conv1d(3, 5, 3),
    "Conv2d": lambda t: t.nn.Conv2d(2, 4, (3, 2), groups=2),
    "MultiheadAttention": lambda t: t.nn.MultiheadAttention(8, 2),
    "TransformerEncoderLayer": lambda t: t.nn.TransformerEncoderLayer(8, 2, 16),
    "Sequential": lambda t: t.nn.Sequential(t.nn.Linear(3, 9), t.nn.ReLU(), t.nn.Linear(9, 1)),
    "LayerNorm": lambda t: t.nn.LayerNorm((2, 3)),
    "BatchNorm1d": lambda t: t.nn.BatchNorm1d(3),
    "Bilinear": lambda t: t.nn.Bilinear(2, 3, 4),
}


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("seed", [0, 1])
def test_layers_start_with_torchs_own_weights(name, seed):
    states = []
    for t in (shim, torch):
        t.manual_seed(seed)
        states.append(LAYERS[name](t).state_dict())
    assert list(states[0]) == list(states[1])
    for key, value in states[1].items():
        exact(states[0][key], value)


INITS = "uniform_ normal_ ones_ zeros_ xavier_uniform_ xavier_normal_ kaiming_uniform_ kaiming_normal_ eye_".split()


@pytest.mark.parametrize("name", INITS)
def test_init_gives_the_same_values(name):
    def run(t):
        t.manual_seed(3)
        return getattr(t.nn.init, name)(t.empty(6, 5))

    exact(run(shim), run(torch))


def test_orthogonal_init_is_close():
    def run(t, *shape):
        t.manual_seed(3)
        return t.nn.init.orthogonal_(t.empty(*shape), gain=2.0)

    for shape in ((4, 6), (6, 4), (3, 3)):
        assert_same(run(shim, *shape), run(torch, *shape), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("p", [0.0, 0.1, 0.5, 1.0])
def test_dropout_drops_the_same_values(p):
    ours, theirs = both(np.linspace(1, 2, 50).reshape(5, 10), "float32", requires_grad=True)
    for t, x in ((shim, ours), (torch, theirs)):
        t.manual_seed(0)
        t.nn.functional.dropout(x, p).sum().backward()
    assert_same(ours.grad, theirs.grad)
    shim.manual_seed(0)
    torch.manual_seed(0)
    assert_same(shim.nn.Dropout(p)(ours), torch.nn.Dropout(p)(theirs))


def test_state_can_be_kept_restored_and_exchanged_with_torch():
    torch.manual_seed(3)
    torch.randn(3)
    shim.set_rng_state(shim.tensor(torch.get_rng_state().numpy()))
    exact(shim.randn(4), torch.randn(4))
    state = shim.get_rng_state()
    torch.set_rng_state(torch.tensor(state.numpy()))
    before = shim.rand(3)
    shim.set_rng_state(state)
    exact(shim.rand(3), before)
    exact(before, torch.rand(3))
    with shim.random.fork_rng():
        shim.rand(9)
    exact(shim.rand(2), torch.rand(2))


def test_generators_are_independent_of_the_default_one():
    shim.manual_seed(0)
    first = shim.rand(3)
    shim.manual_seed(0)
    shim.rand(3, generator=shim.Generator().manual_seed(9))
    exact(shim.rand(3), first)
    assert shim.initial_seed() == 0
    assert shim.Generator().initial_seed() == torch.Generator().initial_seed()


ERRORS = {
    "uniform_": lambda t: t.empty(3).uniform_(1, 0),
    "exponential_": lambda t: t.empty(3).exponential_(0),
    "bernoulli_": lambda t: t.empty(3).bernoulli_(1.5),
    "bernoulli": lambda t: t.bernoulli(t.tensor([2.0])),
    "randint": lambda t: t.randint(5, 5, (2,)),
    "normal": lambda t: t.empty(3).normal_(0, -1),
    "too many": lambda t: t.multinomial(t.ones(3), 4),
    "none": lambda t: t.multinomial(t.ones(3), 0),
    "negative": lambda t: t.multinomial(t.tensor([-1.0, 2.0]), 1),
    "zeros": lambda t: t.multinomial(t.zeros(3), 1),
    "leaf": lambda t: t.nn.Parameter(t.empty(3)).normal_(),
    "state": lambda t: t.set_rng_state(t.zeros(3, dtype=t.uint8)),
    "expanded": lambda t: t.zeros(1).expand(3).uniform_(),
}


@pytest.mark.parametrize("name", ERRORS)
def test_wrong_arguments_are_refused_as_torch_does(name):
    ours, theirs = (outcome(ERRORS[name], t) for t in (shim, torch))
    assert isinstance(theirs, Exception)
    assert type(ours) is type(theirs)
