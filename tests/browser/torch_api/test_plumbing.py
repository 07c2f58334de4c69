"""Hooks, `torch.func`, checkpoints, parametrizations; and what a page has one of (process, device) does nothing and
says so."""

import importlib

import pytest
import torch
import torch.nn.utils.prune

from tests.browser.torch_api.pair import as_on_cpu, shim
from tests.browser.torch_api.test_modules import same


def test_hooks_on_tensors():
    def run(t):
        seen = []
        x = t.ones(3, requires_grad=True)
        y = x * 2
        first = x.register_hook(lambda g: seen.append(("leaf", g.clone())))
        y.register_hook(lambda g: g * 3)
        x.register_post_accumulate_grad_hook(lambda p: seen.append(("arrived", p.grad.clone())))
        (y.sum() + x.sum()).backward()
        first.remove()
        (x * 5).sum().backward()
        return [name for name, _ in seen], [value for _, value in seen], x.grad, x.is_leaf, y.retains_grad

    assert not isinstance(same(run), Exception)


def test_hooks_on_modules():
    def run(t):
        seen = []
        net = t.nn.Sequential(t.nn.Linear(2, 3), t.nn.ReLU(), t.nn.Linear(3, 1))
        net[0].register_full_backward_hook(lambda m, gi, go: seen.append([gi[0], go[0]]))
        net[2].register_full_backward_hook(lambda m, gi, go: (gi[0] * 2,))
        net[2].register_full_backward_pre_hook(lambda m, go: (go[0] * 3,))
        net[1].register_forward_pre_hook(lambda m, args: (args[0] + 1,))
        net.register_forward_hook(lambda m, args, kwargs, out: out * 2, with_kwargs=True)
        x = t.ones(4, 2, requires_grad=True)
        net(x).sum().backward()
        return seen, x.grad, [p.grad for p in net.parameters()]

    assert not isinstance(same(run), Exception)


def test_states_with_hooks_and_assignment():
    def run(t):
        net = t.nn.Linear(2, 2)
        net.register_state_dict_post_hook(lambda m, state, prefix, meta: state.update(extra=t.ones(1)) or None)
        net.register_load_state_dict_pre_hook(lambda m, state, prefix, *rest: state.pop("extra", None) and None)
        state = net.state_dict()
        other = t.nn.Linear(2, 2, dtype=t.float64)
        other.load_state_dict({"weight": t.ones(2, 2), "bias": t.zeros(2)}, assign=True)
        net.load_state_dict(state)
        return list(state), str(other.weight.dtype), isinstance(other.weight, t.nn.Parameter)

    assert not isinstance(same(run), Exception)


def test_functions_of_functions():
    def run(t):
        f = t.func
        w, x, y = t.randn(3), t.randn(5, 3), t.randn(5)

        def loss(w, x, y):
            return ((x * w).sum(-1) - y) ** 2

        each = f.vmap(f.grad(loss), in_dims=(None, 0, 0))(w, x, y)
        table = f.jacrev(lambda v: v.sin() * v.sum())(w)
        value, back = f.vjp(lambda v: v.exp(), w)
        both = f.jvp(lambda v: v.exp(), (w,), (t.ones(3),))
        found, aux = f.grad(lambda v: (v.square().sum(), v + 1), has_aux=True)(w)
        two = f.grad(lambda a, b: (a * b).sum(), argnums=(0, 1))(w, w + 1)
        stacked = f.vmap(lambda a, b: {"s": a + b, "p": (a * b).sum()}, in_dims=(1, 0))(x, x.T)
        return (
            each,
            table,
            value,
            back(t.ones(3)),
            both,
            found,
            aux,
            two,
            stacked["s"],
            stacked["p"],
            f.jacfwd(lambda v: v**2)(w),
        )

    assert not isinstance(same(run, rtol=1e-4, atol=1e-5), Exception)


def test_ensembles():
    def run(t):
        nets = [t.nn.Linear(2, 1) for _ in range(3)]
        parameters, buffers = t.func.stack_module_state(nets)
        x = t.randn(4, 2)
        return t.func.vmap(lambda p, b: t.func.functional_call(nets[0], (p, b), (x,)))(parameters, buffers)

    assert not isinstance(same(run), Exception)


def test_checkpoints_draw_and_count_as_torchs():
    def run(t):
        net = t.nn.Sequential(t.nn.Linear(3, 4), t.nn.Dropout(0.5), t.nn.Linear(4, 1))
        x = t.randn(5, 3, requires_grad=True)
        out = t.utils.checkpoint.checkpoint(net, x, use_reentrant=False)
        out.sum().backward()
        return out, x.grad, [p.grad for p in net.parameters()], t.rand(1)

    assert not isinstance(same(run), Exception)


def test_weights_that_are_computed():
    def run(t):
        utils = t.nn.utils

        class Symmetric(t.nn.Module):
            def forward(self, x):
                return x.triu() + x.triu(1).mT

        layer = t.nn.Linear(3, 3)
        utils.parametrize.register_parametrization(layer, "weight", Symmetric())
        x = t.randn(2, 3)
        before = layer(x)
        before.sum().backward()
        names = [name for name, _ in layer.named_parameters()]
        grad = layer.parametrizations.weight.original.grad
        utils.parametrize.remove_parametrizations(layer, "weight")
        pruned = t.nn.Linear(4, 4)
        utils.prune.l1_unstructured(pruned, "weight", 0.5)
        utils.prune.ln_structured(pruned, "weight", 1, 2, 0)
        return before, names, grad, layer(x), pruned.weight, list(pruned.state_dict()), pruned(t.ones(1, 4))

    assert not isinstance(same(run), Exception)


@pytest.mark.filterwarnings("ignore:.*deprecated")
def test_weights_by_direction_and_length():
    def run(t):
        layer = t.nn.utils.weight_norm(t.nn.Linear(3, 2))
        spectral = t.nn.utils.spectral_norm(t.nn.Linear(3, 2))
        x = t.randn(4, 3)
        out = layer(x) + spectral(x)
        out.sum().backward()
        return out, [(name, p.grad) for name, p in layer.named_parameters()], list(spectral.state_dict()), spectral(x)

    assert not isinstance(same(run), Exception)


def test_mixed_precision_on_the_cpu():
    def run(t):
        layer, x = t.nn.Linear(4, 4), t.randn(2, 4)
        with t.autocast("cpu", dtype=t.bfloat16):
            out = layer(x)
            loss = t.nn.functional.mse_loss(out, t.zeros(2, 4))
            kinds = [str(one.dtype) for one in (out, x @ x.T, out + 1, loss)]
            with t.autocast("cpu", enabled=False):
                kinds.append(str((x @ x.T).dtype))
        loss.backward()
        return kinds, str(layer.weight.grad.dtype), t.is_autocast_enabled("cpu")

    assert not isinstance(same(run), Exception)


def test_what_a_page_has_not_says_so_and_the_code_runs():
    importlib.import_module("browser_torch._notice")._said.clear()
    with pytest.warns(UserWarning, match="nothing is compiled"):
        net = shim.compile(shim.nn.Linear(2, 2))
    assert shim.compile(net) is net
    with pytest.warns(UserWarning, match="one device"):
        wrapped = shim.nn.DataParallel(net)
    assert wrapped(shim.ones(1, 2)).shape == (1, 2)
    with pytest.warns(UserWarning, match="one process"):
        shim.distributed.init_process_group("gloo", rank=0, world_size=1)
    x = shim.ones(2)
    shim.distributed.all_reduce(x)
    assert (shim.distributed.get_rank(), shim.distributed.get_world_size(), x.tolist()) == (0, 1, [1.0, 1.0])
    shim.distributed.destroy_process_group()
    with pytest.raises(NotImplementedError, match="one process"):
        shim.distributed.init_process_group("gloo", rank=0, world_size=4)
    with pytest.warns(UserWarning, match="not available"):
        scaler = shim.amp.GradScaler()
    assert scaler.scale(x) is x
    assert not any(
        ask() for ask in (shim.backends.mps.is_available, shim.accelerator.is_available, shim.cuda.is_available)
    )


def test_code_that_is_to_be_compiled_or_run_beside_runs_as_it_is():
    jit = shim.jit
    assert jit.wait(jit.fork(abs, -2)) == 2 and jit.isinstance(3, int) and shim._disable_dynamo(abs)(-1) == 1


@as_on_cpu
def test_answers_to_questions_about_the_machine_are_torchs():
    def run(t):
        b = t.backends
        b.cudnn.deterministic, b.cudnn.benchmark = True, False
        return (
            t.cuda.device_count(), t.cuda.max_memory_allocated(), t.cuda.is_bf16_supported(), t.mps.is_available(),
            t.xpu.is_available(),
            b.mps.is_built(), t.accelerator.current_accelerator(), t.distributed.is_available(),
            t.distributed.is_initialized(),
            t.is_autocast_enabled(), t.jit.is_scripting(), t.compiler.is_compiling(),
        )  # fmt: skip

    try:
        assert not isinstance(same(run), Exception)
    finally:
        torch.backends.cudnn.deterministic = False
