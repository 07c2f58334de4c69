"""Modules, optimizers, schedules, distributions and assertions behave as torch's do."""

import copy

import numpy as np
import pytest
import torch

from tests.browser.torch_api.pair import assert_same, outcome, shim


def same(run, rtol=1e-5, atol=1e-6):
    """Run with both and compare, exceptions included."""
    results = []
    for t in (shim, torch):
        t.manual_seed(0)
        results.append(outcome(run, t))
    assert_same(*results, rtol=rtol, atol=atol)
    return results[1]


def model(t):
    """Two layers with a buffer between."""

    class Net(t.nn.Module):
        def __init__(self):
            super().__init__()
            self.first = t.nn.Linear(4, 8)
            self.blocks = t.nn.ModuleList([t.nn.Sequential(t.nn.LayerNorm(8), t.nn.GELU()) for _ in range(2)])
            self.register_buffer("scale", t.full((1,), 0.5))
            self.register_buffer("hidden", t.ones(1), persistent=False)
            self.head = t.nn.Linear(8, 3, bias=False)
            self.tied = self.head

        def forward(self, x):
            x = self.first(x)
            for block in self.blocks:
                x = x + self.scale * block(x)
            return self.head(x)

    return Net()


def test_names_state_and_copies():
    def run(t):
        net = model(t)
        names = [
            [name for name, _ in net.named_parameters()],
            [name for name, _ in net.named_buffers()],
            [name for name, _ in net.named_modules()],
            [name for name, _ in net.named_children()],
            list(net.state_dict()),
            sum(p.numel() for p in net.parameters()),
        ]
        twin = copy.deepcopy(net)
        with t.no_grad():
            twin.first.weight.zero_()
        other = model(t)
        result = other.load_state_dict(net.state_dict())
        x = t.ones(2, 4)
        return names, net(x), other(x), twin(x), repr(result), twin.tied is twin.head

    assert not isinstance(same(run), Exception)


def test_changes_of_everything_inside():
    def run(t):
        net = model(t).double()
        kinds = [str(p.dtype) for p in net.state_dict().values()]
        net.requires_grad_(False)
        frozen = [p.requires_grad for p in net.parameters()]
        net.apply(lambda m: t.nn.init.ones_(m.weight) if isinstance(m, t.nn.Linear) else None)
        net.to(t.float32).eval()
        seen = []
        handle = net.first.register_forward_hook(lambda module, args, out: seen.append(tuple(out.shape)))
        out = net(t.ones(1, 4))
        handle.remove()
        net(t.ones(1, 4))
        return kinds, frozen, out, [m.training for m in net.modules()], seen, net.get_submodule("blocks.1.0").eps

    assert not isinstance(same(run), Exception)


def test_containers():
    def run(t):
        nn = t.nn
        stack = nn.Sequential(nn.Linear(2, 2), nn.Tanh())
        stack.append(nn.Linear(2, 1))
        group = nn.ModuleDict({"a": nn.Linear(2, 2)})
        group["b"] = nn.Identity()
        rows = nn.ParameterList([t.ones(2), t.zeros(3)])
        layers = nn.ModuleList([nn.Identity()])
        layers.extend([nn.Linear(1, 1)])
        layers.insert(0, nn.ReLU())
        sizes = len(stack), len(stack[:2]), [tuple(p.shape) for p in rows]
        names = list(group), "a" in group, [type(m).__name__ for m in layers], type(layers[-1]).__name__
        return sizes, names, repr(stack), repr(group), repr(layers), stack(t.ones(1, 2))

    assert not isinstance(same(run), Exception)


def test_members_are_registered_replaced_and_refused():
    def run(t):
        net = t.nn.Linear(2, 2)
        net.weight = t.nn.Parameter(t.ones(2, 2))
        net.extra = t.nn.Identity()
        net.note = 3
        del net.extra
        names = [name for name, _ in net.named_parameters()], [name for name, _ in net.named_modules()], net.note
        return names, type(outcome(lambda: setattr(net, "weight", t.ones(2, 2)))).__name__

    assert same(run)[1] == "TypeError"


def test_functional_call_uses_other_parameters_and_restores_its_own():
    def run(t):
        layer = t.nn.Linear(2, 2)
        before = layer.weight.clone()
        w = t.ones(2, 2, requires_grad=True)
        out = t.func.functional_call(layer, {"weight": w}, (t.ones(1, 2),))
        out.sum().backward()
        return out, w.grad, t.equal(layer.weight, before), layer.weight.grad is None

    same(run)


def test_batch_norm_keeps_statistics():
    def run(t):
        norm = t.nn.BatchNorm1d(3)
        outs = [norm(t.randn(5, 3)) for _ in range(2)]
        state = norm.state_dict()
        norm.eval()
        return outs, list(state.values()), norm(t.ones(2, 3))

    same(run)


def test_attention_layers():
    def run(t):
        layer = t.nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, norm_first=True).eval()
        x = t.randn(2, 5, 8)
        mask = t.nn.Transformer.generate_square_subsequent_mask(5)
        padding = t.tensor([[False] * 5, [False] * 3 + [True] * 2])
        attention = layer.self_attn
        heads = attention(x, x, x, average_attn_weights=False)
        return (
            layer(x),
            layer(x, src_mask=mask),
            attention(x, x, x, key_padding_mask=padding),
            heads,
            attention(x[0], x[0], x[0]),
        )

    with torch.backends.mha.get_fastpath_enabled() and torch.no_grad():
        same(run, atol=1e-5)


OPTIMIZERS = {
    "SGD": lambda t, p: t.optim.SGD(p, lr=0.1),
    "momentum": lambda t, p: t.optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.01),
    "nesterov": lambda t, p: t.optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True),
    "dampened": lambda t, p: t.optim.SGD(p, lr=0.1, momentum=0.9, dampening=0.5, maximize=True),
    "Adam": lambda t, p: t.optim.Adam(p, lr=0.1),
    "Adam with decay": lambda t, p: t.optim.Adam(p, lr=0.1, betas=(0.5, 0.9), weight_decay=0.1),
    "amsgrad": lambda t, p: t.optim.Adam(p, lr=0.1, amsgrad=True),
    "AdamW": lambda t, p: t.optim.AdamW(p, lr=0.1, weight_decay=0.1),
    "centred RMSprop": lambda t, p: t.optim.RMSprop(p, lr=0.01, centered=True, weight_decay=0.01),
    "Adagrad": lambda t, p: t.optim.Adagrad(p, lr=0.1, lr_decay=0.01, weight_decay=0.01, initial_accumulator_value=0.1),
    "Adadelta": lambda t, p: t.optim.Adadelta(p, weight_decay=0.01),
    "Adamax": lambda t, p: t.optim.Adamax(p, lr=0.01, weight_decay=0.1),
    "NAdam": lambda t, p: t.optim.NAdam(p, lr=0.01, weight_decay=0.1),
    "decoupled NAdam": lambda t, p: t.optim.NAdam(p, lr=0.01, weight_decay=0.1, decoupled_weight_decay=True),
    "RAdam": lambda t, p: t.optim.RAdam(p, lr=0.1, weight_decay=0.1),
    "Rprop": lambda t, p: t.optim.Rprop(p),
    "ASGD": lambda t, p: t.optim.ASGD(p, t0=2),
    "Muon": lambda t, p: t.optim.Muon([one for one in p if one.ndim == 2], lr=0.01),
    "adjusted Muon": lambda t, p: t.optim.Muon(
        [o for o in p if o.ndim == 2], nesterov=False, adjust_lr_fn="match_rms_adamw"
    ),
    "RMSprop": lambda t, p: t.optim.RMSprop(p, lr=0.01, momentum=0.5),
}
SCHEDULES = {
    "LambdaLR": lambda t, o: t.optim.lr_scheduler.LambdaLR(o, lambda step: 1 / (step + 1)),
    "StepLR": lambda t, o: t.optim.lr_scheduler.StepLR(o, 2, 0.5),
    "ExponentialLR": lambda t, o: t.optim.lr_scheduler.ExponentialLR(o, 0.8),
    "LinearLR": lambda t, o: t.optim.lr_scheduler.LinearLR(o, 0.1, 1.0, 3),
    "CosineAnnealingLR": lambda t, o: t.optim.lr_scheduler.CosineAnnealingLR(o, 5, 0.01),
    "MultiplicativeLR": lambda t, o: t.optim.lr_scheduler.MultiplicativeLR(o, lambda step: 0.9**step),
    "MultiStepLR": lambda t, o: t.optim.lr_scheduler.MultiStepLR(o, [2, 4, 4], 0.5),
    "ConstantLR": lambda t, o: t.optim.lr_scheduler.ConstantLR(o, 0.5, 3),
    "PolynomialLR": lambda t, o: t.optim.lr_scheduler.PolynomialLR(o, 4, 2.0),
    "CosineAnnealingWarmRestarts": lambda t, o: t.optim.lr_scheduler.CosineAnnealingWarmRestarts(o, 2, 2, 0.01),
    "CyclicLR": lambda t, o: t.optim.lr_scheduler.CyclicLR(o, 0.01, 0.1, 2, 3, "triangular2"),
    "exponential CyclicLR": lambda t, o: t.optim.lr_scheduler.CyclicLR(o, 0.01, 0.1, 2, mode="exp_range", gamma=0.9),
    "OneCycleLR": lambda t, o: t.optim.lr_scheduler.OneCycleLR(o, 0.2, total_steps=8),
    "linear OneCycleLR": lambda t, o: t.optim.lr_scheduler.OneCycleLR(
        o, 0.2, epochs=2, steps_per_epoch=4, anneal_strategy="linear", three_phase=True
    ),
    "ChainedScheduler": lambda t, o: t.optim.lr_scheduler.ChainedScheduler(
        [t.optim.lr_scheduler.ConstantLR(o, 0.5, 2), t.optim.lr_scheduler.ExponentialLR(o, 0.8)]
    ),
    "SequentialLR": lambda t, o: t.optim.lr_scheduler.SequentialLR(
        o,
        [t.optim.lr_scheduler.LinearLR(o, 0.1, 1.0, 2), t.optim.lr_scheduler.CosineAnnealingLR(o, 3)],
        [2],
    ),
}


def trained(t, optimizer, schedule=None):
    """Losses, rates and parameters of six steps."""
    net = model(t)
    x, y = t.randn(16, 4), t.randint(3, (16,))
    rest = optimizer(t, net.parameters())
    rates = schedule(t, rest) if schedule else None
    rows = []
    for _ in range(6):
        rest.zero_grad()
        loss = t.nn.functional.cross_entropy(net(x), y)
        loss.backward()
        total = t.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        rest.step()
        rows.append([loss.item(), total.item(), rest.param_groups[0]["lr"]])
        if rates:
            rates.step()
    return rows, [p.detach() for p in net.parameters()]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers_take_torchs_steps(name):
    assert not isinstance(same(lambda t: trained(t, OPTIMIZERS[name]), rtol=1e-4, atol=1e-4), Exception)


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.filterwarnings("ignore:The epoch parameter")
def test_schedules_give_torchs_rates(name):
    assert not isinstance(
        same(lambda t: trained(t, OPTIMIZERS["momentum"], SCHEDULES[name]), rtol=1e-4, atol=1e-5), Exception
    )


def test_optimizer_state_groups_and_text():
    def run(t):
        first, second = t.nn.Parameter(t.ones(2)), t.nn.Parameter(t.ones(3))
        optimizer = t.optim.AdamW([{"params": [first], "lr": 0.5}, {"params": [second], "weight_decay": 0.0}], lr=0.1)
        (first.sum() + second.square().sum()).backward()
        optimizer.step()
        state = optimizer.state_dict()["state"]
        other = t.optim.AdamW([{"params": [first]}, {"params": [second]}])
        other.load_state_dict(optimizer.state_dict())
        return (
            first,
            second,
            [list(one) for one in state.values()],
            state[1]["exp_avg"],
            [g["lr"] for g in other.param_groups],
        )

    same(run)


def test_hooks_of_an_optimizers_state():
    def run(t):
        optimizer, seen = t.optim.SGD([t.nn.Parameter(t.ones(1))], lr=0.5), []
        optimizer.register_state_dict_pre_hook(lambda one: seen.append(one is optimizer))
        optimizer.register_state_dict_post_hook(lambda one, state: {**state, "more": 1})
        gone = optimizer.register_load_state_dict_pre_hook(lambda one, state: seen.append(sorted(state)))
        optimizer.register_load_state_dict_pre_hook(lambda one, state: seen.append(0), prepend=True)
        optimizer.register_load_state_dict_post_hook(lambda one: seen.append("loaded"))
        optimizer.load_state_dict(optimizer.state_dict())
        gone.remove()
        optimizer.load_state_dict(optimizer.state_dict())
        return seen, optimizer.state_dict()["more"]

    assert not isinstance(same(run), Exception)


@pytest.mark.parametrize("search", [None, "strong_wolfe"])
def test_lbfgs_takes_torchs_steps(search):
    def run(t):
        p = t.nn.Parameter(t.tensor([-1.5, 2.0], dtype=t.float64))
        optimizer = t.optim.LBFGS([p], lr=0.5 if search else 0.1, max_iter=6, history_size=4, line_search_fn=search)

        def closure():
            optimizer.zero_grad()
            loss = (1 - p[0]) ** 2 + 10 * (p[1] - p[0] ** 2) ** 2
            loss.backward()
            return loss

        return [optimizer.step(closure) for _ in range(3)], p

    assert not isinstance(same(run), Exception)


def test_plateaus_lower_the_rate():
    def run(t):
        optimizer = t.optim.SGD([t.nn.Parameter(t.ones(1))], lr=1.0)
        scheduler = t.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=1, cooldown=1, min_lr=0.02)
        rates = []
        for measure in (3.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 1.0, 1.0, 1.0, 1.0):
            scheduler.step(measure)
            rates.append(optimizer.param_groups[0]["lr"])
        return rates

    assert not isinstance(same(run), Exception)


def test_closure_is_run_with_the_tape():
    def run(t):
        p = t.nn.Parameter(t.ones(1))
        optimizer = t.optim.SGD([p], lr=0.5)

        def closure():
            optimizer.zero_grad()
            loss = p.square().sum()
            loss.backward()
            return loss

        return optimizer.step(closure), p

    same(run)


def test_parameters_as_a_vector_and_back():
    def run(t):
        net = t.nn.Linear(2, 2)
        vector = t.nn.utils.parameters_to_vector(net.parameters())
        doubled = vector * 2
        t.nn.utils.vector_to_parameters(doubled, net.parameters())
        doubled.data.add_(1)  # the parameters are parts of it
        net.weight.grad = t.full((2, 2), 9.0)
        t.nn.utils.clip_grad_value_(net.parameters(), 1.0)
        padded = t.nn.utils.rnn.pad_sequence([t.ones(2), t.ones(3)], batch_first=True, padding_value=-1)
        return vector, net.weight, net.weight.grad, padded

    same(run)


DISTRIBUTIONS = {
    "categorical": lambda t: t.distributions.Categorical(logits=t.arange(6.0).reshape(2, 3)),
    "categorical of probabilities": lambda t: t.distributions.Categorical(t.tensor([0.2, 0.3, 0.5])),
    "bernoulli": lambda t: t.distributions.Bernoulli(t.tensor([0.2, 0.7])),
    "normal": lambda t: t.distributions.Normal(t.zeros(2), t.tensor([1.0, 2.0])),
    "uniform": lambda t: t.distributions.Uniform(t.zeros(2), t.tensor([1.0, 2.0])),
    "exponential": lambda t: t.distributions.Exponential(t.tensor([1.0, 2.0])),
    "laplace": lambda t: t.distributions.Laplace(t.tensor([1.0, 2.0]), 0.5),
    "gumbel": lambda t: t.distributions.Gumbel(t.tensor([1.0, 2.0]), 0.5),
    "log-normal": lambda t: t.distributions.LogNormal(t.tensor([1.0, 2.0]), 0.5),
    "half-normal": lambda t: t.distributions.HalfNormal(t.tensor([1.0, 2.0])),
    "one hot": lambda t: t.distributions.OneHotCategorical(logits=t.arange(6.0).reshape(2, 3)),
    "independent": lambda t: t.distributions.Independent(t.distributions.Normal(t.zeros(3, 2), t.ones(2)), 1),
    "multivariate": lambda t: t.distributions.MultivariateNormal(t.ones(2), t.tensor([[2.0, 0.5], [0.5, 1.0]])),
    "factor": lambda t: t.distributions.MultivariateNormal(t.ones(2), scale_tril=t.tensor([[2.0, 0.0], [0.5, 1.0]])),
}
WITHOUT_ENTROPY = {
    "geometric": lambda t: t.distributions.Geometric(t.tensor([0.2, 0.7])),
    "multinomial": lambda t: t.distributions.Multinomial(5, t.tensor([0.2, 0.8])),
    "mixture": lambda t: t.distributions.MixtureSameFamily(
        t.distributions.Categorical(t.tensor([0.3, 0.7])), t.distributions.Normal(t.zeros(2), t.tensor([1.0, 2.0]))
    ),
    "squashed": lambda t: t.distributions.TransformedDistribution(
        t.distributions.Normal(t.zeros(2), t.ones(2)),
        [t.distributions.transforms.TanhTransform(cache_size=1), t.distributions.AffineTransform(1.0, 2.0)],
    ),
    "relaxed": lambda t: t.distributions.RelaxedBernoulli(t.tensor(0.7), t.tensor([0.2, 0.6])),
}
DENSITIES = {
    "gamma": lambda t: (t.distributions.Gamma(t.tensor([1.0, 2.5]), 2.0), t.tensor([0.3, 1.7])),
    "beta": lambda t: (t.distributions.Beta(t.tensor([1.5, 2.5]), 2.0), t.tensor([0.3, 0.7])),
    "dirichlet": lambda t: (t.distributions.Dirichlet(t.tensor([1.5, 2.5, 0.7])), t.tensor([0.3, 0.5, 0.2])),
    "chi2": lambda t: (t.distributions.Chi2(t.tensor([3.0])), t.tensor([1.5])),
}


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_distributions(name):
    def run(t):
        distribution = DISTRIBUTIONS[name](t)
        drawn = distribution.sample((7,))
        return drawn, distribution.log_prob(drawn), distribution.entropy(), distribution.sample()

    assert not isinstance(same(run), Exception)


@pytest.mark.parametrize("name", WITHOUT_ENTROPY)
def test_distributions_without_entropy(name):
    def run(t):
        distribution = WITHOUT_ENTROPY[name](t)
        drawn = distribution.sample((7,))
        return drawn, distribution.log_prob(drawn), list(distribution.batch_shape), list(distribution.event_shape)

    assert not isinstance(same(run), Exception)


@pytest.mark.parametrize("name", DENSITIES)
def test_densities(name):
    def run(t):
        distribution, at = DENSITIES[name](t)
        return distribution.log_prob(at), distribution.entropy(), distribution.mean

    assert not isinstance(same(run), Exception)


def test_draws_hand_gradients_on():
    def run(t):
        loc, scale = t.zeros(2, requires_grad=True), t.ones(2, requires_grad=True)
        d = t.distributions
        drawn = [
            d.Normal(loc, scale).rsample((3,)),
            d.Laplace(loc, scale).rsample(),
            d.Independent(d.Normal(loc, scale), 1).rsample(),
            d.MultivariateNormal(loc, scale_tril=scale.diag()).rsample(),
        ]
        sum(one.square().sum() for one in drawn).backward()
        return drawn, loc.grad, scale.grad

    assert not isinstance(same(run), Exception)


def test_divergences():
    def run(t):
        make = t.distributions
        pairs = [
            (make.Categorical(logits=t.arange(3.0)), make.Categorical(logits=t.ones(3))),
            (make.Normal(0.0, 1.0), make.Normal(1.0, 2.0)),
            (make.Bernoulli(t.tensor(0.3)), make.Bernoulli(logits=t.tensor(0.3))),
            (make.Laplace(0.0, 1.0), make.Laplace(1.0, 2.0)),
            (make.Exponential(1.0), make.Exponential(2.0)),
            (make.MultivariateNormal(t.zeros(2), t.eye(2)), make.MultivariateNormal(t.ones(2), 2 * t.eye(2))),
            (make.Independent(make.Normal(t.zeros(2), 1.0), 1), make.Independent(make.Normal(t.ones(2), 1.0), 1)),
        ]
        return [make.kl_divergence(p, q) for p, q in pairs]

    assert not isinstance(same(run), Exception)


CLOSE = {
    "equal": lambda t: (t.ones(2), t.ones(2)),
    "near": lambda t: (t.ones(2), t.ones(2) + 1e-6),
    "far": lambda t: (t.ones(2), t.tensor([1.0, 1.1])),
    "shape": lambda t: (t.ones(2), t.ones(3)),
    "type": lambda t: (t.ones(2), t.ones(2, dtype=t.float64)),
    "nan": lambda t: (t.tensor([float("nan")]), t.tensor([float("nan")])),
    "infinite": lambda t: (t.tensor([float("inf")]), t.tensor([float("inf")])),
    "list": lambda t: ([t.ones(2)], [t.ones(2)]),
    "lengths": lambda t: ([t.ones(2)], [t.ones(2)] * 2),
    "mapping": lambda t: ({"a": t.ones(1)}, {"a": t.zeros(1)}),
    "numbers": lambda t: (1.0, 1.0 + 1e-9),
    "integers": lambda t: (t.tensor([1]), t.tensor([2])),
    "half": lambda t: (t.ones(1, dtype=t.bfloat16), t.ones(1, dtype=t.bfloat16) + 0.01),
    "bools": lambda t: (t.tensor([True]), t.tensor([False])),
}


@pytest.mark.parametrize("name", CLOSE)
@pytest.mark.parametrize(
    "options", [{}, {"rtol": 0.2, "atol": 0.0}, {"equal_nan": True}, {"check_dtype": False}, {"rtol": 1.0}], ids=str
)
def test_assert_close(name, options):
    ours, theirs = (outcome(lambda t: t.testing.assert_close(*CLOSE[name](t), **options), t) for t in (shim, torch))
    assert type(ours) is type(theirs)
    if isinstance(theirs, Exception):
        assert str(ours).split("\n")[0][:30] == str(theirs).split("\n")[0][:30]


def test_loss_modules_are_their_functions():
    def run(t):
        x, y = t.randn(4, 3), t.rand(4, 3)
        losses = [
            t.nn.MSELoss(),
            t.nn.L1Loss(reduction="sum"),
            t.nn.SmoothL1Loss(),
            t.nn.BCEWithLogitsLoss(),
            t.nn.HuberLoss(),
        ]
        return [loss(x, y) for loss in losses] + [t.nn.NLLLoss()(x.log_softmax(1), t.tensor([0, 1, 2, 0]))]

    same(run)


def test_scalars_from_numpy_and_lists():
    def run(t):
        nested = t.tensor([[t.tensor(1.0), 2], [np.float32(3), 4]])
        return (
            nested,
            t.tensor(np.arange(3)),
            t.as_tensor([1, 2]),
            t.tensor([True, False]),
            t.tensor([]),
            t.Tensor([1, 2]),
            t.tensor(np.float64(1)),
        )

    same(run)


def test_containers_take_in_and_give_back():
    def run(t):
        n = t.nn
        found = []
        for kind in (n.ModuleList, lambda parts: n.Sequential(*parts)):
            parts = kind([n.ReLU(), n.Tanh(), n.GELU()])
            parts.insert(1, n.Linear(2, 2))
            found += [type(parts.pop(0)).__name__, repr(parts), list(parts.state_dict())]
        named = n.ModuleDict({"a": n.ReLU(), "b": n.Tanh()})
        found += [type(named.pop("a")).__name__, list(named)]
        named.clear()
        kept = n.ParameterDict({"x": t.ones(1), "y": t.zeros(2)})
        del kept["x"]
        found += [len(named), list(kept), kept.get("x"), type(kept.get("y")).__name__, list(kept.state_dict())]
        many = n.ParameterList([t.ones(2), n.ParameterList([t.zeros(3)]), 4])  # takes modules and plain values too
        many[0] = t.zeros(1)
        many += [t.ones(4)]
        found += [[tuple(one.shape) for one in many.parameters()], list(copy.deepcopy(many).state_dict()), many[2]]
        mixed = n.ParameterDict({"a": 3, "b": n.Linear(1, 2), "c": t.ones(1)})
        found += [mixed.pop("a"), list(mixed), [name for name, _ in mixed.named_parameters()]]
        return [*found, type(n.ParameterList([]).append(t.ones(1))[0]).__name__]

    assert_same(outcome(run, shim), outcome(run, torch))


@pytest.mark.parametrize("kind", ["BatchNorm1d", "GroupNorm", "RMSNorm", "LayerNorm"])
def test_norms_begin_anew(kind):
    def run(t):
        layer = getattr(t.nn, kind)(*((2, 4) if kind == "GroupNorm" else (4,)))
        layer(t.arange(8.0).reshape(2, 4))
        with t.no_grad():
            for one in layer.parameters():
                one.fill_(3)
        layer.reset_parameters()
        return list(layer.state_dict().values())

    assert_same(outcome(run, shim), outcome(run, torch))


EXPANDED = {
    "Normal": lambda d, x: d.Normal(x, x + 1),
    "Uniform": lambda d, x: d.Uniform(x, x + 2),
    "Bernoulli": lambda d, x: d.Bernoulli(x / 4),
    "Categorical": lambda d, x: d.Categorical(x.expand(2, 3)),
    "Gamma": lambda d, x: d.Gamma(x, x),
    "Beta": lambda d, x: d.Beta(x, x + 1),
    "Dirichlet": lambda d, x: d.Dirichlet(x.expand(2, 3)),
    "Independent": lambda d, x: d.Independent(d.Normal(x.expand(2, 3), 1.0), 1),
    "MultivariateNormal": lambda d, x: d.MultivariateNormal(x, x.diag()),
    "OneHotCategorical": lambda d, x: d.OneHotCategorical(x.expand(2, 3)),
}


@pytest.mark.parametrize("name", EXPANDED)
def test_distributions_as_often_as_a_shape_says(name):
    def run(t):
        t.manual_seed(0)
        one = EXPANDED[name](t.distributions, t.tensor([0.5, 1.0, 2.0]))
        many = one.expand((4, *one.batch_shape))
        drawn = many.sample_n(2)
        return tuple(many.batch_shape), tuple(many.event_shape), drawn, many.log_prob(drawn), many.mean

    assert_same(outcome(run, shim), outcome(run, torch))


def test_shares_and_what_they_are_smaller_than():
    def run(t):
        d, x = t.distributions, t.tensor([0.1, 0.5, 0.9])
        both = d.Normal(1.0, x + 1), d.Uniform(x - 1, 2.0)
        return [f(x) for one in both for f in (one.cdf, one.icdf)], d.Bernoulli(x).enumerate_support()

    assert_same(outcome(run, shim), outcome(run, torch))
