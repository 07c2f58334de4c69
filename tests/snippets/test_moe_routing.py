"""MoE routing against transformers' Mixtral, by hand, and what balancing does."""

import math

import pytest
import torch
import torch.nn.functional as F
from transformers import MixtralConfig
from transformers.models.mixtral.modeling_mixtral import MixtralSparseMoeBlock, load_balancing_loss_func
from transformers.models.olmoe.configuration_olmoe import OlmoeConfig
from transformers.models.olmoe.modeling_olmoe import OlmoeSparseMoeBlock

from snippets.essence import moe_routing as essence
from snippets.moe_routing import MoE, balance_bias, load_balancing_loss, route


def mixtral(ours: MoE, device, dtype=torch.float32) -> MixtralSparseMoeBlock:
    """Mixtral's block with our weights."""
    E, _, C = ours.gate_up.shape
    config = MixtralConfig(
        hidden_size=C, intermediate_size=ours.down.shape[-1], num_local_experts=E, num_experts_per_tok=ours.k,
        num_attention_heads=1, num_key_value_heads=1, experts_implementation="eager",
    )  # fmt: skip
    block = MixtralSparseMoeBlock(config).to(device, dtype)
    with torch.no_grad():
        block.gate.weight.copy_(ours.router.weight)
        block.experts.gate_up_proj.copy_(ours.gate_up)
        block.experts.down_proj.copy_(ours.down)
    return block


@pytest.mark.parametrize("k", [2, 5])
@pytest.mark.parametrize(("dtype", "atol"), [(torch.float32, 1e-5), (torch.float64, 1e-6)])
def test_layer_equals_mixtral(device, k, dtype, atol):
    ours = MoE(8, 12, 5, k).to(device, dtype)
    x = torch.randn(2, 9, 8, device=device, dtype=dtype)
    output, logits = ours(x)
    assert output.dtype == dtype
    assert logits.shape == (18, 5)
    torch.testing.assert_close(output, mixtral(ours, device, dtype)(x), atol=atol, rtol=0)


def test_gradients_equal_mixtrals(device):
    ours = MoE(8, 12, 5).to(device)
    theirs = mixtral(ours, device)
    x, signal = torch.randn(2, 2, 9, 8, device=device)
    (ours(x)[0] * signal).sum().backward()
    (theirs(x) * signal).sum().backward()
    torch.testing.assert_close(ours.router.weight.grad, theirs.gate.weight.grad, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(ours.gate_up.grad, theirs.experts.gate_up_proj.grad, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(ours.down.grad, theirs.experts.down_proj.grad, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("k", [1, 2, 3])
@pytest.mark.parametrize("masked", [False, True])
def test_balancing_loss_equals_transformers_over_k(device, k, masked):
    """Transformers counts choices per token, which add up to `k`; here they are shares, which add up to 1."""
    logits = torch.randn(12, 6, device=device, requires_grad=True)
    real = torch.arange(12, device=device) < 7 if masked else None
    expected = load_balancing_loss_func((logits,), 6, k, real.view(1, 12).float() if masked else None) / k
    loss = load_balancing_loss(logits, k, real)
    torch.testing.assert_close(loss, expected)
    ours, theirs = (torch.autograd.grad(value, logits)[0] for value in (loss, expected))
    torch.testing.assert_close(ours, theirs, atol=1e-6, rtol=1e-5)


def test_routing_by_hand(device):
    """Logits ln 1, ln 6, ln 2, k = 2: experts 1 and 2, weights 6/8 and 2/8."""
    weights, experts = route(torch.tensor([[1.0, 6.0, 2.0]], device=device).log(), 2)
    assert experts.tolist() == [[1, 2]]
    torch.testing.assert_close(weights, torch.tensor([[0.75, 0.25]], device=device))


def test_choosing_before_or_after_softmax_is_the_same_once_renormalised(device):
    logits = torch.randn(20, 7, device=device)
    weights, experts = route(logits, 3)
    top = logits.softmax(dim=-1).topk(3)
    assert torch.equal(experts, top.indices)
    torch.testing.assert_close(weights, top.values / top.values.sum(dim=-1, keepdim=True))


def test_bias_changes_the_choice_and_not_the_weights(device):
    logits = torch.tensor([[1.0, 6.0, 2.0]], device=device).log()
    weights, experts = route(logits, 2, torch.tensor([9.0, 0.0, 0.0], device=device))
    assert experts.tolist() == [[0, 1]]
    torch.testing.assert_close(weights, torch.tensor([[1 / 7, 6 / 7]], device=device))


def test_loss_is_1_for_even_and_up_to_e_over_k_for_one_sided_choices(device):
    even = 50 * torch.eye(4, device=device)
    assert math.isclose(load_balancing_loss(even, 1).item(), 1.0, rel_tol=1e-5)
    one_sided = torch.tensor([[50.0, 50.0, 0.0, 0.0]], device=device).expand(9, 4)
    assert math.isclose(load_balancing_loss(one_sided, 2).item(), 2.0, rel_tol=1e-5)
    assert math.isclose(
        load_balancing_loss(one_sided + torch.tensor([9.0, 0, 0, 0], device=device), 1).item(), 4.0, rel_tol=1e-3
    )


def test_loss_by_hand(device):
    """Two experts, probabilities 3/4, 1/4 and 2/3, 1/3, both to expert 0: f = (1, 0), P_0 = 17/24; 2 · 17/24."""
    logits = torch.tensor([[3.0, 1.0], [2.0, 1.0]], device=device).log()
    assert math.isclose(load_balancing_loss(logits, 1).item(), 17 / 12, rel_tol=1e-6)


def test_following_the_losss_gradient_evens_out_the_choices(device):
    logits = (torch.randn(200, 8, device=device) + torch.arange(8, device=device) / 2).requires_grad_()
    before = load_balancing_loss(logits, 2).item()
    for _ in range(50):
        (gradient,) = torch.autograd.grad(load_balancing_loss(logits, 2), logits)
        logits = (logits - 20 * gradient).detach().requires_grad_()
    assert load_balancing_loss(logits, 2).item() < 1 + (before - 1) / 2


def test_bias_steps_by_hand(device):
    """Choices 0, 0, 1, 2 of four experts: 2, 1, 1, 0 against a mean of 1."""
    experts = torch.tensor([[0, 1], [0, 2]], device=device)
    bias = balance_bias(torch.tensor([0.5, 0.0, 0.0, 0.0], device=device), experts, rate=0.25)
    assert bias.tolist() == [0.25, 0.0, 0.0, 0.25]


def test_bias_steps_even_out_the_choices(device):
    logits = torch.randn(400, 8, device=device) + torch.arange(8, device=device) / 2
    bias = torch.zeros(8, device=device)
    for _ in range(300):
        _, experts = route(logits, 2, bias)
        bias = balance_bias(bias, experts, rate=0.02)
    counts = F.one_hot(experts, 8).sum(dim=(0, 1))
    assert counts.max() < 1.3 * counts.float().mean()
    skewed = F.one_hot(route(logits, 2)[1], 8).sum(dim=(0, 1))
    assert skewed.max() > 2 * skewed.float().mean()


def test_default_rate_is_that_of_the_paper():
    assert balance_bias(torch.zeros(2), torch.tensor([[0]])).tolist() == pytest.approx([-0.001, 0.001])


def test_gradients_are_right(device):
    layer = MoE(3, 2, 4).to(device, torch.float64)
    x = torch.randn(5, 3, device=device, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: layer(x)[0], (x,))
    logits = torch.randn(6, 4, device=device, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda logits: load_balancing_loss(logits, 2), (logits,))


def test_tokens_are_independent_and_empty_batches_stay_empty(device):
    layer = MoE(8, 12, 5).to(device)
    x = torch.randn(2, 9, 8, device=device)
    torch.testing.assert_close(layer(x)[0][1, 3], layer(x[1, 3])[0], atol=1e-6, rtol=1e-5)
    assert layer(x[:, :0])[0].shape == (2, 0, 8)


def test_ties_and_huge_logits_still_give_k_different_experts(device):
    for logits in (torch.zeros(4, 6, device=device), torch.tensor([[1e30, -1e30, 1e30, 0.0]], device=device)):
        weights, experts = route(logits, 2)
        assert (experts[:, 0] != experts[:, 1]).all()
        torch.testing.assert_close(weights, torch.full_like(weights, 0.5))


def test_half_precision_logits_are_weighed_in_float32(device):
    weights, _ = route(torch.randn(4, 6, device=device).bfloat16(), 2)
    assert weights.dtype == torch.float32
    assert load_balancing_loss(torch.randn(4, 6, device=device).bfloat16(), 2).dtype == torch.float32


def test_fresh_weights_have_the_variance_of_one_over_what_they_read(device):
    layer = MoE(64, 256, 4).to(device)
    assert layer.gate_up.std().item() == pytest.approx(1 / 8, rel=0.05)
    assert layer.down.std().item() == pytest.approx(1 / 16, rel=0.05)


@pytest.mark.parametrize("k", [0, 5])
def test_wrong_arguments_are_refused(k):
    with pytest.raises(ValueError, match=r"real \(1,\) does not fit"):
        load_balancing_loss(torch.ones(2, 4), 2, torch.tensor([True]))
    for build in (lambda: route(torch.ones(2, 4), k), lambda: MoE(2, 2, 4, k)):
        with pytest.raises(ValueError, match=f"k {k} is not in 1 to 4"):
            build()
    for widths in ((0, 2), (2, 0)):
        with pytest.raises(ValueError, match="are not both positive"):
            MoE(*widths, 4)
    for logits, real in ((torch.ones(0, 4), None), (torch.ones(2, 4), torch.tensor([0, 0]))):
        assert load_balancing_loss(logits, 2, real).item() == 0


def test_smallest_layer_works_and_two_experts_a_token_are_the_default():
    assert MoE(1, 1, 1, 1)(torch.ones(3, 1))[0].shape == (3, 1)
    assert MoE(2, 2, 4).k == 2


@pytest.mark.parametrize("k", [1, 2, 5])
def test_weights_that_are_not_renormalised_equal_olmoes(device, k):
    """With k = 1 this is Switch's gate."""
    ours = MoE(8, 12, 5, k, norm_topk_prob=False).to(device)
    config = OlmoeConfig(
        hidden_size=8, intermediate_size=12, num_experts=5, num_experts_per_tok=k, norm_topk_prob=False,
        num_attention_heads=1, experts_implementation="eager",
    )  # fmt: skip
    theirs = OlmoeSparseMoeBlock(config).to(device)
    with torch.no_grad():
        theirs.gate.weight.copy_(ours.router.weight)
        theirs.experts.gate_up_proj.copy_(ours.gate_up)
        theirs.experts.down_proj.copy_(ours.down)
    x, signal = torch.randn(2, 2, 9, 8, device=device)
    output, expected = ours(x)[0], theirs(x)
    expected = expected[0] if isinstance(expected, tuple) else expected
    torch.testing.assert_close(output, expected, atol=1e-5, rtol=0)
    (output * signal).sum().backward()
    (expected * signal).sum().backward()
    torch.testing.assert_close(ours.router.weight.grad, theirs.gate.weight.grad, atol=1e-5, rtol=1e-4)
    assert ours.router.weight.grad.abs().max() > 1e-3


def test_a_single_renormalised_expert_teaches_the_router_nothing(device):
    """Its weight is 1 whatever the logits: the gradient is 0, and a layer built so is refused."""
    logits = torch.randn(6, 4, device=device, requires_grad=True)
    weights, _ = route(logits, 1)
    assert (weights == 1).all()
    assert torch.autograd.grad(weights.sum(), logits)[0].abs().max() == 0
    with pytest.raises(ValueError, match="without a gradient"):
        MoE(2, 2, 4, k=1)
    MoE(2, 2, 1, k=1)  # one expert in all needs no router


def test_router_chooses_in_float32_where_the_layer_is_in_half_precision(device):
    """Two experts whose logits differ by 1 in 1000: bfloat16 would see a tie, and send every token to the first."""
    layer = MoE(1, 2, 2, 1, norm_topk_prob=False).to(device, torch.bfloat16)
    with torch.no_grad():
        layer.router.weight.copy_(torch.tensor([[1.0], [1.0078125]]))  # neighbours in bfloat16
    logits = layer(torch.full((1, 1), 1.0078125, device=device, dtype=torch.bfloat16))[1]
    assert logits.dtype == torch.float32
    assert (logits[0, 1] - logits[0, 0]).item() == pytest.approx(0.00787, rel=1e-2)


def test_half_precision_is_near_double(device):
    layer = MoE(8, 12, 5).to(device, torch.bfloat16)
    x = torch.randn(9, 8, device=device, dtype=torch.bfloat16)
    output, logits = layer(x)
    exact, exact_logits = layer.double()(x.double())
    assert output.dtype == torch.bfloat16
    torch.testing.assert_close(logits.double(), exact_logits, atol=1e-5, rtol=0)
    torch.testing.assert_close(output.double(), exact, atol=6e-2, rtol=0)


def test_padding_counts_neither_in_the_loss_nor_in_its_gradient(device):
    logits = torch.randn(5, 4, device=device)
    real = torch.tensor([1, 0, 1, 1, 0], device=device)
    dirty = logits.masked_fill(real[:, None] == 0, torch.nan).requires_grad_()
    loss = load_balancing_loss(dirty, 2, real)
    torch.testing.assert_close(loss, load_balancing_loss(logits[real.bool()], 2))
    loss.backward()
    assert dirty.grad.isfinite().all()


def test_two_experts_with_one_choice_need_the_whole_softmax_too():
    with pytest.raises(ValueError, match="without a gradient"):
        MoE(2, 2, 2, k=1)
    assert MoE(2, 2, 2).router.bias is None


def test_loss_of_a_single_token_and_of_a_single_expert(device):
    """One token of probabilities 3/4 and 1/4: E f P = 2 · 1 · 3/4. With one expert there is nothing to balance."""
    logits = torch.tensor([[3.0, 1.0], [1.0, 9.0]], device=device).log()
    assert load_balancing_loss(logits, 1, torch.tensor([1, 0], device=device)).item() == pytest.approx(1.5)
    assert load_balancing_loss(logits[:, :1], 1).item() == 1


@torch.no_grad()
def test_essence_is_the_module():
    layer, x = MoE(width=6, hidden=8, experts=5, k=2), torch.randn(11, 6)

    def mlp(i):
        def network(tokens):
            gate, up = (tokens @ layer.gate_up[i].T).chunk(2, dim=-1)
            return (F.silu(gate) * up) @ layer.down[i].T

        return network

    output, logits = layer(x)
    torch.testing.assert_close(essence.moe(x, layer.router.weight, [mlp(i) for i in range(5)], 2), output)
    torch.testing.assert_close(essence.balance(logits, 2), load_balancing_loss(logits, 2))
