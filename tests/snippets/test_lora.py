"""LoRA against peft, against numbers by hand, and through merge and unmerge."""

import pytest
import torch
from peft import LoraConfig, get_peft_model
from torch import nn

from snippets.essence import lora as essence
from snippets.lora import LoRALinear, apply_lora


class Block(nn.Module):
    """Projections by the names they have in LLaMA."""

    def __init__(self) -> None:
        super().__init__()
        self.q_proj = nn.Linear(12, 12)
        self.k_proj = nn.Linear(12, 12)
        self.v_proj = nn.Linear(12, 8, bias=False)
        self.o_proj = nn.Linear(8, 12)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.o_proj(torch.tanh(self.q_proj(x) * self.k_proj(x))[..., :8] * self.v_proj(x))


class Model(nn.Module):
    """Two blocks."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([Block(), Block()])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layer in self.layers:
            x = x + layer(x)
        return x


def trained(base: nn.Linear, rank: int = 3, alpha: float = 6.0) -> LoRALinear:
    """A layer whose update is not zero any more."""
    layer = LoRALinear(base, rank, alpha)
    nn.init.normal_(layer.lora_b)
    return layer.eval()  # merged, it refuses to be trained


def test_model_equals_peft_before_after_and_without_merge(device):
    ours, theirs = Model().to(device), Model().to(device)
    theirs.load_state_dict(ours.state_dict())
    names = apply_lora(ours, rank=4, alpha=16.0)
    config = LoraConfig(r=4, lora_alpha=16, target_modules=["q_proj", "v_proj"], init_lora_weights=False)
    theirs = get_peft_model(theirs, config)
    modules = dict(theirs.base_model.model.named_modules())
    assert sorted(names) == sorted(name for name, module in modules.items() if hasattr(module, "lora_A"))
    for name in names:
        ours.get_submodule(name).lora_a.data.copy_(modules[name].lora_A["default"].weight)
        ours.get_submodule(name).lora_b.data.copy_(modules[name].lora_B["default"].weight)

    x, _ = torch.randn(5, 12, device=device), (ours.eval(), theirs.eval())
    torch.testing.assert_close(ours(x), theirs(x), atol=1e-5, rtol=1e-5)
    for name in names:
        layer, reference = ours.get_submodule(name), modules[name]
        torch.testing.assert_close(layer.delta(), reference.get_delta_weight("default"), atol=1e-6, rtol=1e-5)
        layer.merge()
        reference.merge()
        torch.testing.assert_close(layer.base.weight, reference.base_layer.weight, atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(ours(x), theirs(x), atol=1e-5, rtol=1e-5)
    for name in names:
        ours.get_submodule(name).unmerge()
        modules[name].unmerge()
    torch.testing.assert_close(ours(x), theirs(x), atol=1e-5, rtol=1e-5)


def test_model_trains_the_same_parameters_as_peft():
    ours, theirs = Model(), get_peft_model(Model(), LoraConfig(r=2, target_modules=["q_proj", "v_proj"]))
    apply_lora(ours, rank=2, alpha=4.0)
    count = sum(parameter.numel() for parameter in ours.parameters() if parameter.requires_grad)
    assert count == sum(parameter.numel() for parameter in theirs.parameters() if parameter.requires_grad)
    assert count == 2 * (2 * (12 + 12) + 2 * (12 + 8))  # two blocks, r (in + out) each


def test_output_by_hand(device):
    """W = (1, 2), A = (1, -1), B = 3, α = 2, r = 1, x = (2, 1).

    W x = 4; A x = 1; the update is 2/1 · 3 · 1 = 6; together 10. Merged, W = (1 + 6, 2 - 6) = (7, -4): 14 - 4 = 10.
    """
    layer = LoRALinear(nn.Linear(2, 1, bias=False), rank=1, alpha=2.0)
    with torch.no_grad():
        layer.base.weight.copy_(torch.tensor([[1.0, 2.0]]))
        layer.lora_a.copy_(torch.tensor([[1.0, -1.0]]))
        layer.lora_b.fill_(3.0)
    layer = layer.to(device).eval()
    x = torch.tensor([2.0, 1.0], device=device)
    assert layer(x).tolist() == [10.0]
    layer.merge()
    assert layer.base.weight.tolist() == [[7.0, -4.0]]
    assert layer(x).tolist() == [10.0]


def test_lora_equals_base_layer_at_init(device):
    base = nn.Linear(6, 5).to(device)
    layer = LoRALinear(base, rank=2, alpha=8.0)
    x = torch.randn(3, 6, device=device)
    assert torch.equal(layer(x), base(x))
    assert layer.lora_a.abs().min() > 0


def test_a_begins_as_pefts_does():
    """The same random numbers, so the same matrix: a learning rate that is right for one is right for the other."""
    torch.manual_seed(0)
    ours = LoRALinear(nn.Linear(24, 6, bias=False), rank=4, alpha=8.0)
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(24, 6, bias=False))
    theirs = get_peft_model(model, LoraConfig(r=4, lora_alpha=8, target_modules=["0"]))
    torch.testing.assert_close(
        ours.lora_a.std(), theirs.base_model.model[0].lora_A["default"].weight.std(), rtol=0.3, atol=0
    )


def test_a_begins_uniform_up_to_one_over_the_root_of_the_width(device):
    layer = LoRALinear(nn.Linear(4096, 1).to(device), rank=64, alpha=1.0)
    assert 0.99 / 64 < layer.lora_a.abs().max() <= 1 / 64
    torch.testing.assert_close(layer.lora_a.std().item(), 1 / (64 * 3**0.5), atol=0, rtol=0.02)  # of a uniform one


def test_first_step_moves_b_alone(device):
    """The gradient of A is B^T(...), and B is zero; the base never moves."""
    layer = LoRALinear(nn.Linear(6, 5).to(device), rank=2, alpha=8.0)
    layer(torch.randn(3, 6, device=device)).square().sum().backward()
    assert layer.lora_b.grad.abs().max() > 0
    assert layer.lora_a.grad.abs().max() == 0
    assert layer.base.weight.grad is None
    assert layer.base.bias.grad is None


def test_update_has_the_rank_asked_for(device):
    layer = trained(nn.Linear(20, 16).to(device), rank=3)
    assert torch.linalg.matrix_rank(layer.delta().cpu()) == 3


def test_full_rank_reaches_any_update(device):
    """With r = min(in, out) and A the identity, B alone is the update."""
    layer = LoRALinear(nn.Linear(4, 4, bias=False).to(device), rank=4, alpha=4.0)
    wanted = torch.randn(4, 4, device=device)
    with torch.no_grad():
        layer.lora_a.copy_(torch.eye(4))
        layer.lora_b.copy_(wanted)
    torch.testing.assert_close(layer.delta(), wanted)


@pytest.mark.parametrize(("dtype", "atol"), [(torch.float32, 1e-5), (torch.float64, 1e-12), (torch.bfloat16, 0.15)])
def test_merging_changes_the_weight_and_not_the_output(device, dtype, atol):
    layer = trained(nn.Linear(32, 16).to(device, dtype))
    x = torch.randn(4, 7, 32, device=device, dtype=dtype)
    before, weight = layer(x), layer.base.weight.clone()
    layer.merge()
    torch.testing.assert_close(layer(x), before, atol=atol, rtol=0.02 if dtype == torch.bfloat16 else 1e-5)
    assert torch.equal(layer.base.weight, (weight.double() + layer.delta()).to(dtype))  # rounded once
    assert not torch.allclose(layer.base.weight, weight, atol=0.1)


@pytest.mark.parametrize(("dtype", "atol"), [(torch.float32, 1e-6), (torch.bfloat16, 0.05)])
def test_unmerge_restores_the_weight_up_to_rounding(device, dtype, atol):
    layer = trained(nn.Linear(32, 16).to(device, dtype))
    weight = layer.base.weight.clone()
    layer.merge()
    layer.unmerge()
    torch.testing.assert_close(layer.base.weight, weight, atol=atol, rtol=0)
    assert not layer.merged


def test_merging_twice_is_merging_once(device):
    layer = trained(nn.Linear(6, 5).to(device))
    layer.merge()
    weight = layer.base.weight.clone()
    layer.merge()
    assert torch.equal(layer.base.weight, weight)
    layer.unmerge()
    weight = layer.base.weight.clone()
    layer.unmerge()
    assert torch.equal(layer.base.weight, weight)


def test_gradients_are_right(device):
    layer = LoRALinear(nn.Linear(3, 2).to(device, torch.float64), rank=2, alpha=3.0)
    a, b, x = (
        torch.randn(shape, device=device, dtype=torch.float64, requires_grad=True) for shape in ((2, 3), (2, 2), (4, 3))
    )
    assert torch.autograd.gradcheck(
        lambda a, b, x: torch.func.functional_call(layer, {"lora_a": a, "lora_b": b}, (x,)), (a, b, x)
    )


def test_dropout_acts_on_the_update_while_training_and_never_on_the_base(device):
    layer = LoRALinear(nn.Linear(64, 4).to(device), rank=2, alpha=4.0, dropout=0.5)
    x = torch.randn(3, 64, device=device)
    assert torch.equal(layer(x), layer.base(x))
    nn.init.ones_(layer.lora_b)
    assert not torch.equal(layer(x), layer(x))
    layer.eval()
    assert torch.equal(layer(x), layer(x))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_update_lives_where_the_base_lives(device, dtype):
    layer = LoRALinear(nn.Linear(6, 5).to(device, dtype), rank=2, alpha=4.0)
    for parameter in layer.parameters():
        assert (parameter.device.type, parameter.dtype) == (device.type, dtype)
    assert layer(torch.randn(6, device=device, dtype=dtype)).dtype == dtype


def test_rank_above_the_width_and_a_single_feature_work(device):
    layer = trained(nn.Linear(1, 1).to(device), rank=5)
    x = torch.randn(1, 1, device=device)
    before = layer(x)
    layer.merge()
    torch.testing.assert_close(layer(x), before, atol=1e-5, rtol=1e-5)


def test_apply_freezes_all_but_the_updates():
    model = Model()
    wrapped = apply_lora(model, rank=2, alpha=4.0, names=["o_proj"])
    assert wrapped == ["layers.0.o_proj", "layers.1.o_proj"]
    trainable = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    assert trainable == {f"{name}.lora_{letter}" for name in wrapped for letter in "ab"}


def test_apply_reaches_the_layers_of_the_model_itself_with_all_its_arguments():
    model = Block()
    assert apply_lora(model, rank=3, alpha=4.5, dropout=0.25) == ["q_proj", "v_proj"]
    assert (model.q_proj.lora_a.shape, model.q_proj.scale, model.q_proj.dropout.p) == ((3, 12), 1.5, 0.25)


def test_apply_gives_a_shared_layer_one_update():
    model = Model()
    model.layers[1].q_proj = model.layers[0].q_proj
    apply_lora(model, rank=2, alpha=4.0, names=["q_proj"])
    assert isinstance(model.layers[0].q_proj, LoRALinear)
    assert model.layers[0].q_proj is model.layers[1].q_proj


def test_apply_refuses_a_name_without_a_layer_and_leaves_the_model_alone():
    model = Model()
    with pytest.raises(ValueError, match="no linear layer is called query_key_value"):
        apply_lora(model, rank=2, alpha=4.0, names=["q_proj", "query_key_value"])
    assert type(model.layers[0].q_proj) is nn.Linear
    assert all(parameter.requires_grad for parameter in model.parameters())


@pytest.mark.parametrize(("arguments", "message"), [((0, 1.0), "rank 0"), ((2, 1.0, 1.0), "dropout 1.0")])
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        LoRALinear(nn.Linear(2, 2), *arguments)


def test_merging_rounds_once(device):
    """A bfloat16 update of rank 8 in bfloat16 arithmetic is rounded for every term; here only with the weight."""
    layer = trained(nn.Linear(64, 32, bias=False).to(device, torch.bfloat16), rank=8)
    exact = layer.base.weight.double() + layer.scale * (layer.lora_b.double() @ layer.lora_a.double())
    layer.merge()
    error = (layer.base.weight.double() - exact).abs()
    assert (error <= exact.abs() * 2**-8 + 1e-6).all()  # half a unit in the last of 8 binary places


@pytest.mark.parametrize("rank", [4, 64])
def test_rslora_scales_as_pefts(rank):
    ours = LoRALinear(nn.Linear(8, 8), rank, alpha=16.0, use_rslora=True)
    theirs = get_peft_model(
        nn.Sequential(nn.Linear(8, 8)), LoraConfig(r=rank, lora_alpha=16, use_rslora=True, target_modules=["0"])
    )
    assert ours.scale == pytest.approx(theirs.base_model.model[0].scaling["default"])
    model = Block()
    apply_lora(model, rank=4, alpha=4.0, use_rslora=True)
    assert model.q_proj.scale == 2.0


def test_merged_layer_refuses_to_be_trained(device):
    """It would go on without learning anything."""
    layer = trained(nn.Linear(6, 5).to(device)).train()
    layer.merge()
    with pytest.raises(RuntimeError, match="unmerge"):
        layer(torch.randn(3, 6, device=device))
    with torch.no_grad():
        layer(torch.randn(3, 6, device=device))
    layer.unmerge()
    layer(torch.randn(3, 6, device=device)).sum().backward()


@pytest.mark.parametrize("merged", [False, True])
def test_modules_that_read_the_weight_see_the_update(device, merged):
    """`nn.TransformerEncoderLayer` and `nn.MultiheadAttention` read `.weight` and `.bias` instead of calling."""
    block = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True).to(device).eval()
    apply_lora(block, rank=2, alpha=4.0, names=["linear1", "linear2", "out_proj"])
    for name in ("linear1", "linear2", "self_attn.out_proj"):
        nn.init.normal_(block.get_submodule(name).lora_b)
    x = torch.randn(3, 5, 8, device=device)
    expected = block(x)  # with gradients: layer by layer
    expected.sum().backward()
    assert all(p.grad.abs().max() > 0 for p in block.parameters() if p.requires_grad)
    if merged:
        for name in ("linear1", "linear2", "self_attn.out_proj"):
            block.get_submodule(name).merge()
    with torch.no_grad():
        torch.testing.assert_close(block(x), expected, atol=1e-5, rtol=1e-5)  # by the fused kernel


def test_essence_gives_what_the_layer_gives():
    base = nn.Linear(6, 5, bias=False)
    layer = trained(base, rank=3, alpha=7.0)
    x, W0, A, B = torch.randn(4, 6), base.weight.detach().clone(), layer.lora_a, layer.lora_b
    torch.testing.assert_close(essence.lora(x, W0, A, B, alpha=7.0), layer(x))
    layer.merge()
    torch.testing.assert_close(essence.merged(W0, A, B, alpha=7.0), layer.base.weight)
    torch.manual_seed(1)
    A, B = essence.start(W0, r=3)
    torch.manual_seed(1)
    fresh = LoRALinear(nn.Linear(6, 5, bias=False), rank=3, alpha=7.0)
    assert A.abs().max() <= 6**-0.5 and A.shape == fresh.lora_a.shape and torch.equal(B, fresh.lora_b)
