"""Gradients of gradients are real torch's, or are refused by the name of what has none; hooks of what is saved."""

import copy
import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.browser.torch_api import test_functions as functions
from tests.browser.torch_api import test_rare as rare
from tests.browser.torch_api.pair import ROOT, plain, shim
from tests.browser.torch_api.test_functions import QUICK, SEEDS, numbers

pytestmark = pytest.mark.slow

KINDS = {
    "real": functions.REAL,
    "positive": functions.POSITIVE,
    "unit": functions.UNIT,
    "matrix": functions.MATRIX,
    "rare": rare.REAL,
}
TABLE = {f"{kind} {name}": (kind, run) for kind, table in KINDS.items() for name, run in table.items()}
# What is refused: the functions whose backward keeps more than their input and result.
REFUSED = {
    "real int_types", "matrix running", "matrix complex", "rare i0", "rare logaddexp2", "rare hypot", "rare copysign",
    "rare ldexp", "rare special",
}  # fmt: skip


def smooth(value, found=None):
    """The outputs that gradients go through."""
    found = [] if found is None else found
    if isinstance(value, tuple | list):
        for one in value:
            smooth(one, found)
    elif getattr(value, "requires_grad", False) and not value.dtype.is_complex:
        found.append(value)
    return found


def twice(module, run, *arrays):
    """First and second derivatives of each output, as arrays; None where one does not depend on an input."""
    found = []
    given_ = [module.tensor(array, dtype=module.float64, requires_grad=True) for array in arrays]
    for place in range(len(smooth(run(module, *given_)))):
        out = smooth(run(module, *given_))[place]
        options = {"create_graph": True, "allow_unused": True}
        try:
            first = module.autograd.grad((out * out).sum(), given_, **options)
            again = [(one * one).sum() for one in first if one is not None and one.requires_grad]
            second = module.autograd.grad(sum(again), given_, allow_unused=True) if again else (None,) * len(given_)
        except NotImplementedError as error:
            assert module is shim and "create_graph=True through" in str(error), error
            found.append("refused")
            continue
        found.append([None if one is None else plain(one)[2] for one in (*first, *second)])
    return found


def compare(run, *arrays):
    """Both torches; how many outputs are refused."""
    try:
        theirs = twice(torch, run, *arrays)
    except RuntimeError as error:  # it has none itself, or the example is of float32 alone
        pytest.skip(str(error))
    ours = twice(shim, run, *arrays)
    assert len(theirs) == len(ours)
    for real, own in zip(theirs, ours, strict=True):
        if own == "refused":
            continue
        for one, other in zip(real, own, strict=True):
            zero = [part is None or not np.any(part) for part in (one, other)]
            assert all(zero) or np.allclose(one, other, rtol=1e-6, atol=1e-8, equal_nan=True), (one, other)
    return ours.count("refused")


@pytest.mark.parametrize("name", TABLE)
@given(seed=SEEDS)
@QUICK
@pytest.mark.filterwarnings("ignore")
def test_second_derivatives_are_torchs_or_refused(name, seed):
    kind, run = TABLE[name]
    values = numbers(seed, (3, 3), kind if kind in ("positive", "unit") else "real")
    assert bool(compare(run, values)) == (name in REFUSED)


def alone():
    """Each example in a process in which nothing before it was asked of the browser's torch; those that are refused."""
    refused = set()
    for name, (kind, run) in TABLE.items():
        child = os.fork()
        if not child:
            values = numbers(0, (3, 3), kind if kind in ("positive", "unit") else "real")
            failed = True
            try:
                failed = "refused" in twice(shim, run, values)
            except RuntimeError:  # the example is of float32 alone
                failed = False
            finally:
                os._exit(failed)
        refused |= {name} if os.waitpid(child, 0)[1] else set()
    return refused


def test_what_is_refused_does_not_hang_on_what_was_imported_before():
    code = "from tests.browser.torch_api import test_twice as t; print(*sorted(t.alone()), sep='\\n')"
    ran = subprocess.run([sys.executable, "-W", "ignore", "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert set(ran.stdout.splitlines()) == REFUSED, ran.stderr


@pytest.mark.parametrize("name", sorted(functions.TWO.keys() - {"mixed"}))  # that is of several types
@given(shapes=functions.broadcastable(), seed=SEEDS)
@QUICK
@pytest.mark.filterwarnings("ignore")
def test_second_derivatives_of_two(name, shapes, seed):
    first, second = (numbers(seed + n, shape, "positive") for n, shape in enumerate(shapes))
    assert compare(functions.TWO[name], first, second) == 0


def both_ways(run):
    """What a function of a torch gives under each, as arrays."""
    made = []
    for module in (torch, shim):
        module.manual_seed(0)
        made.append(plain(run(module)))
    for one, other in zip(
        *(value if isinstance(value, list | tuple) and not isinstance(value[0], str) else [value] for value in made),
        strict=True,
    ):
        np.testing.assert_allclose(other[2], one[2], rtol=2e-4, atol=1e-5)


def test_the_textbook_example():
    def run(t):
        x = t.tensor(2.0, requires_grad=True)
        slopes = [x**3 * x.exp()]
        for _ in range(3):
            slopes.append(t.autograd.grad(slopes[-1], x, create_graph=True)[0])
        return [one.detach() for one in slopes]

    both_ways(run)


def test_the_penalty_of_wgan_gp_reaches_the_parameters():
    def run(t):
        nn = t.nn
        critic = nn.Sequential(
            nn.Conv2d(1, 4, 3, 2, 1), nn.LeakyReLU(0.2), nn.Conv2d(4, 8, 3, 1, 1), nn.InstanceNorm2d(8, affine=True),
            nn.SiLU(), nn.Flatten(), nn.Linear(128, 16), nn.LayerNorm(16), nn.GELU(), nn.Linear(16, 1),
        )  # fmt: skip
        between = t.randn(5, 1, 8, 8, requires_grad=True)
        out = critic(between)
        slopes = t.autograd.grad(out, between, t.ones_like(out), create_graph=True, retain_graph=True)[0]
        penalty = ((slopes.view(5, -1).norm(2, dim=1) - 1) ** 2).mean()
        (penalty * 10 + out.mean()).backward()
        return [penalty.detach(), *(one.grad for one in critic.parameters())]

    both_ways(run)


def test_maml_differentiates_through_its_inner_step():
    def run(t):
        w, b = t.randn(3, 2, requires_grad=True), t.zeros(2, requires_grad=True)
        x, y = t.randn(8, 3), t.randint(0, 2, (8,))
        fast = [w, b]
        for _ in range(2):
            loss = t.nn.functional.cross_entropy(t.tanh(x @ fast[0] + fast[1]), y)
            fast = [
                one - 0.4 * slope
                for one, slope in zip(fast, t.autograd.grad(loss, fast, create_graph=True), strict=True)
            ]
        t.nn.functional.cross_entropy(t.tanh(x @ fast[0] + fast[1]), y).backward()
        return [w.grad, b.grad]

    both_ways(run)


@pytest.mark.filterwarnings("ignore:Using backward")
def test_backward_can_build_its_own_graph():
    def run(t):
        x = t.randn(4, requires_grad=True)
        (x**3).sum().backward(create_graph=True)
        first = x.grad
        x.grad = None
        (first**2).sum().backward()
        return [first.detach(), x.grad]

    both_ways(run)


def test_hessians_and_products_with_them():
    def run(t):
        f = t.autograd.functional
        x, v = t.randn(4), t.randn(4)

        def energy(x):
            return (x.softmax(0) * x**2).sum() + x.prod()

        def joint(x, y):
            return (x.outer(y).sin()).sum()

        out = [
            f.hessian(energy, x),
            f.hvp(energy, x, v)[1],
            f.vhp(energy, x, v)[1],
            f.jacobian(lambda x: x.tanh() * x.sum(), x),
        ]
        out += [one for row in f.hessian(joint, (x, v)) for one in row]
        out += [t.func.hessian(energy)(x), t.func.grad(lambda x: t.func.grad(energy)(x).square().sum())(x)]
        out += [t.func.vmap(t.func.hessian(energy))(t.stack([x, v])), t.func.jacrev(t.func.grad(energy))(x)]
        return out

    both_ways(run)


def test_a_function_with_its_own_gradient_is_differentiated_by_what_that_computes():
    def run(t):
        class Cube(t.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                ctx.save_for_backward(x)
                return x**3

            @staticmethod
            def backward(ctx, g):
                (x,) = ctx.saved_tensors
                return g * 3 * x**2

        x = t.randn(4, requires_grad=True)
        first = t.autograd.grad(Cube.apply(x).sum(), x, create_graph=True)[0]
        return [first.detach(), t.autograd.grad(first.sum(), x)[0]]

    both_ways(run)


def test_hooks_see_gradients_that_are_recorded():
    def run(t):
        x = t.randn(4, requires_grad=True)
        y = x.sin()
        y.register_hook(lambda g: g * x)
        first = t.autograd.grad((y**2).sum(), x, create_graph=True)[0]
        return [first.detach(), t.autograd.grad(first.sum(), x)[0]]

    both_ways(run)


def test_what_has_no_second_derivative_is_named():
    x = shim.randn(3, 1, 4, requires_grad=True)
    out, _ = shim.nn.GRU(4, 4)(x)
    with pytest.raises(RuntimeError, match=r"differentiate twice .*Recurrent"):
        shim.autograd.grad(out.sum(), x, create_graph=True)
    half = shim.randn(4, dtype=shim.float16, requires_grad=True)
    with pytest.raises(NotImplementedError, match="create_graph=True through Exp"):
        shim.autograd.grad(half.exp().sum(), half, create_graph=True)
    checkpointed = shim.utils.checkpoint.checkpoint(lambda x: x.exp(), x, use_reentrant=True)
    with pytest.raises(RuntimeError, match="differentiate twice"):
        shim.autograd.grad(checkpointed.sum(), x, create_graph=True)


def test_an_ordinary_step_imports_nothing_of_it():
    import subprocess
    import sys

    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import torch; x = torch.ones(2, requires_grad=True); "
        "(x.exp() * x).sum().backward(); assert 'torch._twice' not in sys.modules; "
        "torch.autograd.grad((x * x).sum(), x, create_graph=True); assert 'torch._twice' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, str(functions.__file__).split("tests")[0] + "browser"], check=True)


# Hooks of what is saved.


def test_backward_gets_what_unpack_gives():
    def run(t):
        x = t.randn(4, 3, requires_grad=True)
        with t.autograd.graph.saved_tensors_hooks(lambda kept: kept, lambda kept: kept * 2):
            y = x.exp()
        (y * y).sum().backward()
        return [x.grad]

    both_ways(run)


def test_hooks_that_save_elsewhere_change_nothing(tmp_path):
    def run(t):
        files = iter(range(100))

        def pack(x):
            path = tmp_path / f"{t.__name__}{next(files)}.pt"
            t.save(x, path)
            return path

        model = t.nn.Sequential(t.nn.Linear(3, 5), t.nn.Tanh(), t.nn.LayerNorm(5), t.nn.GELU(), t.nn.Linear(5, 2))
        x = t.randn(4, 3, requires_grad=True)
        plainly = copy.deepcopy(model)
        plainly(x).softmax(-1)[:, 0].log().sum().backward()
        expected, x.grad = [x.grad, *(one.grad for one in plainly.parameters())], None
        with t.autograd.graph.saved_tensors_hooks(pack, t.load):
            loss = model(x).softmax(-1)[:, 0].log().sum()
        assert next(files) > 4
        loss.backward()
        for one, other in zip(expected, [x.grad, *(one.grad for one in model.parameters())], strict=True):
            assert t.allclose(one, other)
        return [x.grad]

    both_ways(run)


@given(seed=st.integers(0, 3))
@QUICK
def test_saving_on_the_cpu_is_what_happens_anyway(seed):
    def run(t):
        x = t.tensor(numbers(seed, (3,)), requires_grad=True)
        with t.autograd.graph.save_on_cpu():
            y = (x.exp() * x).sum()
        y.backward()
        return [x.grad]

    both_ways(run)
