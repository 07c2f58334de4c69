"""What libraries ask of torch beyond its documented names, and the arguments that they give by name."""

import importlib
from urllib.error import URLError

import numpy as np
import pytest
import torch

from tests.browser.torch_api.pair import assert_same, check, outcome, shim

X = np.arange(6, dtype=np.float32).reshape(2, 3) - 2
Y = np.linspace(0.5, 2, 6, dtype=np.float32).reshape(2, 3)
BY_NAME = {
    "flip": lambda t, x: (t.flip(x, dims=[1]), x.flip(dims=(0,))),
    "permute": lambda t, x: (t.permute(x, dims=(1, 0)), x.permute(dims=(1, 0))),
    "view": lambda t, x: x.view(size=(3, 2)),
    "reshape": lambda t, x: (t.reshape(x, shape=(6,)), x.reshape(shape=(3, -1))),
    "expand": lambda t, x: x.expand(size=(4, 2, 3)),
    "repeat": lambda t, x: x.repeat(repeats=(1, 2)),
    "tile": lambda t, x: t.tile(x, dims=(2,)),
    "new_zeros": lambda t, x: x.new_zeros(size=(2,)),
    "Python's types": lambda t, x: (
        t.tensor([1, 2], dtype=float), t.zeros(2, dtype=int), x.to(int), x.sum(dtype=float), t.ones(1, dtype=bool)
    ),
    "a number first": lambda t, x: (
        x.add(0.5, x), t.sub(x, 2, x), x.detach().clone().add_(3, x.detach()), x.addcmul(0.5, x, x),
        t.addcdiv(x, 2, x, x.detach() + 9), x.detach().clone().addcdiv_(2, x.detach(), x.detach() + 9),
    ),
    "operators": lambda t, x: (t.ops.aten.add.Tensor(x, x), t.ops.aten.relu(x), t.ops.aten.add is t.ops.aten.add),
    "nextafter": lambda t, x: t.nextafter(x.detach(), x.detach() + 1),
    "resize_as_": lambda t, x: x.detach().clone().resize_as_(t.zeros(3, 2)),
    "storage": lambda t, x: (
        x.storage().size(), x[1].untyped_storage().nbytes(), x.storage()[2], x.storage().tolist(), len(x.storage())
    ),
    "inv_ex": lambda t, x: list(t.linalg.inv_ex(x[:, :2] + 3 * t.eye(2))),
    "solve_ex": lambda t, x: list(t.linalg.solve_ex(x[:, :2] + 3 * t.eye(2), x)),
    "logarithms of complex sums": lambda t, x: (
        t.logaddexp(t.complex(x, x * 2), t.complex(x, 1 - x)), t.logcumsumexp(t.complex(x, x * 2), 1)
    ),
    "lists": lambda t, x: (
        t._foreach_mul([x, x], scalar=2.0), t._foreach_add([x], other=[x]), t._foreach_pow([x], exponent=2),
        t._foreach_addcmul([x], tensor1=[x], tensor2=[x], value=0.5),
        t._foreach_lerp([x], tensors1=[x * 2], weight=0.3),
    ),
    "unsigned": lambda t, x: (t.tensor([1, 2], dtype=t.uint16), t.ones(1, dtype=t.uint64).to(t.int64)),
}  # fmt: skip
EACH = {
    "add": (Y,), "add_": (Y,), "mul": (2.5,), "lerp": (Y, 0.3), "addcmul": (Y, Y, [0.5, 1.0]), "addcdiv_": (Y, Y),
    "norm": (), "maximum": (Y,), "minimum_": (Y,), "clamp_min": (0.0,), "clamp_max_": (1.0,), "pow": (2,), "abs": (),
    "div": ([2.0, 3.0],), "sub_": (Y,), "copy_": (Y,), "zero_": (), "neg": (), "sign": (), "sigmoid": (),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:TypedStorage", "ignore:This overload", "ignore:add", "ignore:sub")
@pytest.mark.parametrize("name", BY_NAME)
def test_arguments_by_name(name):
    check(BY_NAME[name], [X])


@pytest.mark.parametrize("name", EACH)
def test_operations_on_lists(name):
    def run(t):
        given = [t.tensor(X), t.tensor(X + 1)]
        args = [[t.tensor(one), t.tensor(2 * one)] if isinstance(one, np.ndarray) else one for one in EACH[name]]
        found = getattr(t, f"_foreach_{name}")(given, *args)
        return list(found), given

    ours, theirs = outcome(run, shim), outcome(run, torch)
    assert not isinstance(theirs, Exception)
    assert_same(ours, theirs)


def loaded(name):
    """A module of each torch."""
    return [importlib.import_module(f"{t.__name__}.{name}") for t in (shim, torch)]


@pytest.mark.parametrize(
    "name",
    """nn.modules.loss._Loss nn.modules.loss._WeightedLoss nn.modules.container.Sequential nn.modules.utils._pair
    nn.modules.batchnorm._BatchNorm nn.attention.SDPBackend nn.attention.sdpa_kernel utils.model_zoo.load_url
    hub.HASH_REGEX hub.urlparse hub.get_dir distributions.utils.lazy_property distributions.utils.broadcast_all
    distributions.transforms._InverseTransform distributions.constraints.greater_than_eq jit.annotations.List
    autograd.function.FunctionCtx futures.Future nn.parallel.scatter_gather.scatter nn.utils.fusion.fuse_conv_bn_eval
    utils._foreach_utils._group_tensors_by_device_and_dtype utils.dlpack.from_dlpack distributed.ProcessGroup
    _subclasses.fake_tensor.is_fake autograd.forward_ad.unpack_dual onnx.is_in_onnx_export
    fx.experimental.proxy_tensor.get_proxy_mode autograd.Variable autograd.profiler.record_function functional.einsum
    functional.F nn._reduction.get_enum nn.modules.module._IncompatibleKeys nn.modules.conv._ConvNd
    nn.modules.instancenorm._InstanceNorm distributions.kl.register_kl distributions.utils._standard_normal
    distributed.Backend distributed.optim.ZeroRedundancyOptimizer distributed.rpc.is_available jit._overload_method
    cuda.Stream cuda.Event multiprocessing.Queue types.Number utils.data.dataloader._BaseDataLoaderIter
    _tensor_str._tensor_str _vmap_internals._vmap cuda.random.manual_seed serialization.DEFAULT_PROTOCOL
    utils._foreach_utils._foreach_supported_types utils.data._utils.collate.np_str_obj_array_pattern
    jit.interface jit.freeze multiprocessing.get_context""".split(),
)
def test_what_libraries_import(name):
    module, _, member = name.rpartition(".")
    for one in loaded(module):
        assert hasattr(one, member)
    module, owner = shim, module.split(".")
    for part in owner:  # and by attribute, where real torch has it so
        module = getattr(module, part)
    assert hasattr(module, member)


def test_a_module_that_torch_has_not_is_not_made_up():
    for t in (shim, torch):
        assert not hasattr(t.nn.modules, "no_such_module")
        with pytest.raises(ImportError):
            importlib.import_module(f"{t.__name__}.nn.modules.no_such_module")


def test_losses_and_scripts_are_of_the_kinds_that_libraries_ask_for():
    def run(t):
        loss, weighted = t.nn.modules.loss._Loss, t.nn.modules.loss._WeightedLoss

        class Own(loss):
            def forward(self, x):
                return x.mean() if self.reduction == "mean" else x.sum()

        mine = weighted(t.ones(2), reduction="sum")
        layer = t.nn.CrossEntropyLoss(weight=t.ones(2))
        kinds = [isinstance(one, loss) for one in (t.nn.MSELoss(), layer, t.nn.KLDivLoss(), t.nn.ReLU())]
        script = [isinstance(t.nn.Linear(1, 1), t.jit.ScriptModule), isinstance(layer, weighted)]
        return kinds, script, Own(reduction="sum")(t.ones(3)), list(mine.state_dict()), mine.reduction, layer.weight

    assert_same(outcome(run, shim), outcome(run, torch))


def test_variables_are_leaves_with_the_same_memory():
    """As tutorials of before 0.4 write it."""

    def run(t):
        data = t.ones(2)
        x = t.autograd.Variable(data, requires_grad=True)
        (x * 3).sum().backward()
        data.mul_(2)
        kinds = isinstance(data, t.autograd.Variable), isinstance(3, t.autograd.Variable), type(x).__name__
        return x.detach(), x.grad, kinds, t.autograd.Variable(x * 2).requires_grad

    assert_same(outcome(run, shim), outcome(run, torch))
    for t in (shim, torch):
        with pytest.raises(TypeError, match="Variable data has to be a tensor, but got list"):
            t.autograd.Variable([1.0])


def test_layouts_and_orders_of_memory_are_of_their_types():
    def run(t):
        kinds = isinstance(t.sparse_coo, t.layout), isinstance(t.channels_last, t.memory_format)
        return str(t.strided), str(t.ones(1).layout), str(t.preserve_format), kinds, t.ones(1).layout == t.strided

    assert run(shim) == run(torch)


def test_a_dictionary_of_modules_begins_with_what_a_subclass_makes_of_it():
    def run(t):
        class Named(t.nn.ModuleDict):
            def __init__(self):
                super().__init__()
                self.seen = []

            def update(self, modules):
                self.seen.append(len(modules))

        return Named().seen

    assert run(shim) == run(torch) == []


def test_parameters_of_a_class_of_the_readers_share_memory():
    def run(t):
        class Point(t.nn.Parameter):
            def __new__(cls, data):
                return t.Tensor._make_subclass(cls, data, True)

        data = t.ones(2)
        point = Point(data)
        (point * 3).sum().backward()
        data.add_(1)
        return point.detach(), point.grad, type(point).__name__, point.is_leaf

    assert_same(outcome(run, shim), outcome(run, torch))


def test_dropout_behind_gelu_draws_in_the_order_of_memory():
    """As in torch, the result lies in memory as what was given."""

    def run(t):
        t.manual_seed(0)
        x = t.nn.functional.gelu(t.arange(24.0).reshape(2, 3, 4).transpose(1, 2))
        return x.stride(), t.nn.functional.dropout(x, 0.5)

    assert_same(outcome(run, shim), outcome(run, torch))


def test_a_normalization_is_put_into_the_layer_before_it():
    def run(t):
        t.manual_seed(0)
        conv, norm = t.nn.Conv2d(2, 3, 3, bias=False).eval(), t.nn.BatchNorm2d(3).eval()
        norm.running_mean.normal_()
        x = t.randn(1, 2, 5, 5)
        return t.nn.utils.fusion.fuse_conv_bn_eval(conv, norm)(x)

    assert_same(outcome(run, shim), outcome(run, torch))


def test_a_download_says_that_a_page_has_no_network():
    with pytest.raises(URLError, match="a page cannot download http"):
        shim.hub.load_state_dict_from_url("http://weights")


@pytest.mark.parametrize("strategy", ["cos", "linear"])
@pytest.mark.parametrize("epochs", [0, 1, 4])
def test_rates_of_averaged_weights(strategy, epochs):
    def run(t):
        optimizer = t.optim.SGD([t.nn.Parameter(t.ones(1))], lr=0.5)
        schedule = t.optim.swa_utils.SWALR(optimizer, swa_lr=0.05, anneal_epochs=epochs, anneal_strategy=strategy)
        rates = []
        for _ in range(6):
            optimizer.step()
            schedule.step()
            rates.append(optimizer.param_groups[0]["lr"])
        return rates

    assert run(shim) == pytest.approx(run(torch))


def test_batch_norms_are_measured_anew():
    def run(t):
        t.manual_seed(0)
        model = t.nn.Sequential(t.nn.Linear(3, 4), t.nn.BatchNorm1d(4)).eval()
        t.optim.swa_utils.update_bn([(t.randn(8, 3), 0), (t.randn(8, 3), 1)], model)
        return model[1].running_mean, model[1].running_var, model[1].momentum, model.training

    assert_same(outcome(run, shim), outcome(run, torch))


def test_activations_in_place():
    def run(t):
        x = t.arange(-2.0, 2)
        names = "relu_ elu_ leaky_relu_ selu_ celu_ hardtanh_".split()
        results = [getattr(t.nn.functional, name)(y := x.clone()) is y for name in names]
        return results, t.nn.functional.threshold_(x.clone(), 0.5, 9.0), t.nn.functional.elu_(x.clone(), 0.3)

    assert_same(outcome(run, shim), outcome(run, torch))


def test_what_is_logged_goes_nowhere_and_says_so_once():
    with pytest.warns(UserWarning, match="nothing is written in the browser"):
        writer = shim.utils.tensorboard.SummaryWriter()
    writer.add_scalar("loss", 0.5, 1)
    writer.add_scalars("losses", {"a": 1.0}, global_step=2)
    writer.close()
