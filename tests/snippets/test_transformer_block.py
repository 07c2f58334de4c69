"""The Transformer block against `nn.TransformerEncoderLayer`, in both orders of the norms."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from snippets.essence import transformer_block as essence
from snippets.transformer_block import Attention, TransformerBlock

ORDERS = pytest.mark.parametrize("pre_norm", [True, False], ids=["pre", "post"])


def torchs(block: TransformerBlock, heads: int, dropout: float = 0.0) -> nn.TransformerEncoderLayer:
    """Torch's layer with the weights of `block`."""
    layer = nn.TransformerEncoderLayer(
        block.norm1.normalized_shape[0], heads, block.up_proj.out_features, dropout, batch_first=True,
        norm_first=block.pre_norm,
    ).to(block.up_proj.weight)  # fmt: skip
    names = {
        "attention.in_proj.weight": "self_attn.in_proj_weight",
        "attention.in_proj.bias": "self_attn.in_proj_bias",
        "attention.out_proj": "self_attn.out_proj",
        "up_proj": "linear1",
        "down_proj": "linear2",
    }
    state = {}
    for key, value in block.state_dict().items():
        for ours, theirs in names.items():
            key = key.replace(ours, theirs)
        state[key] = value
    layer.load_state_dict(state)
    return layer.train(block.training)


def block_of(device, pre_norm, dtype=torch.float32, **options) -> TransformerBlock:
    """A block whose norms are no longer the identity."""
    block = TransformerBlock(16, 4, 24, pre_norm, **options).to(device, dtype)
    for norm in (block.norm1, block.norm2):
        nn.init.normal_(norm.weight, 1.0, 0.3)
        nn.init.normal_(norm.bias, 0.0, 0.3)
    return block


@ORDERS
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize(("dtype", "atol"), [(torch.float32, 1e-5), (torch.float64, 1e-12), (torch.bfloat16, 6e-2)])
def test_block_equals_torchs_encoder_layer(device, pre_norm, causal, dtype, atol):
    block = block_of(device, pre_norm, dtype)
    x = torch.randn(2, 5, 16, device=device, dtype=dtype)
    mask = torch.ones(5, 5, dtype=torch.bool, device=device).triu(1) if causal else None
    expected = torchs(block, 4)(x, src_mask=mask)
    output = block(x, causal)
    assert output.dtype == dtype
    torch.testing.assert_close(output, expected, atol=atol, rtol=0)


@ORDERS
def test_gradients_equal_torchs(device, pre_norm):
    block = block_of(device, pre_norm)
    reference = torchs(block, 4)
    x, signal = torch.randn(2, 2, 5, 16, device=device)
    for module in (block, reference):
        (module(x) * signal).sum().backward()
    for ours, theirs in (("up_proj", "linear1"), ("norm1", "norm1"), ("norm2", "norm2"), ("down_proj", "linear2")):
        expected = reference.get_submodule(theirs).weight.grad
        torch.testing.assert_close(block.get_submodule(ours).weight.grad, expected, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(
        block.attention.in_proj.weight.grad, reference.self_attn.in_proj_weight.grad, atol=1e-4, rtol=1e-4
    )


@pytest.mark.parametrize("causal", [False, True])
def test_attention_equals_torchs_multihead_attention(device, causal):
    ours, theirs = Attention(16, 2).to(device), nn.MultiheadAttention(16, 2, batch_first=True, device=device)
    theirs.load_state_dict({name.replace("in_proj.", "in_proj_"): value for name, value in ours.state_dict().items()})
    x = torch.randn(2, 5, 16, device=device)
    mask = torch.ones(5, 5, dtype=torch.bool, device=device).triu(1) if causal else None
    torch.testing.assert_close(ours(x, causal), theirs(x, x, x, attn_mask=mask)[0], atol=1e-6, rtol=0)


def test_fresh_sublayers_that_answer_zero_show_where_the_norm_stands(device):
    """With both output projections 0, Pre-Norm is the identity and Post-Norm two layer norms, which are one."""
    x = 3 * torch.randn(2, 5, 16, device=device) + 1
    for pre_norm in (True, False):
        block = TransformerBlock(16, 4, pre_norm=pre_norm).to(device)
        for projection in (block.attention.out_proj, block.down_proj):
            nn.init.zeros_(projection.weight)
            nn.init.zeros_(projection.bias)
        expected = x if pre_norm else F.layer_norm(x, (16,))
        torch.testing.assert_close(block(x), expected, atol=1e-4, rtol=0)


@torch.no_grad()
def test_stream_grows_under_pre_norm_and_keeps_its_size_under_post_norm(device):
    for pre_norm in (True, False):
        hidden, sizes = torch.randn(4, 8, 16, device=device), []
        for _ in range(12):
            block = TransformerBlock(16, 4, pre_norm=pre_norm).to(device)
            nn.init.xavier_normal_(block.up_proj.weight)
            nn.init.xavier_normal_(block.down_proj.weight)
            hidden = block(hidden)
            sizes.append(hidden.square().mean().sqrt().item())
        if pre_norm:
            assert sizes[0] < sizes[5] < sizes[11]
            assert sizes[11] > 2
        else:
            assert all(abs(size - 1) < 1e-2 for size in sizes)


def test_width_of_the_network_is_four_times_by_default():
    """Attention 4 C² + 4 C, network 8 C² + 5 C, two norms 4 C: 12 C² + 13 C."""
    assert sum(parameter.numel() for parameter in TransformerBlock(16, 2).parameters()) == 12 * 16**2 + 13 * 16


@ORDERS
def test_causal_block_does_not_see_the_future(device, pre_norm):
    block = block_of(device, pre_norm)
    x = torch.randn(2, 5, 16, device=device)
    changed = x.clone()
    changed[:, 3] += torch.randn(16, device=device)
    before, after = block(x, causal=True), block(changed, causal=True)
    torch.testing.assert_close(before[:, :3], after[:, :3], atol=1e-6, rtol=0)
    assert not torch.allclose(before[:, 4], after[:, 4], atol=1e-4)
    assert not torch.allclose(block(x)[:, 0], block(changed)[:, 0], atol=1e-4)


@ORDERS
def test_dropout_acts_while_training_in_both_sublayers_and_the_hidden_layer(device, pre_norm):
    """With p so near 1 that everything is dropped, only residuals and norms are left."""
    block = TransformerBlock(16, 4, pre_norm=pre_norm, dropout=0.999999).to(device)
    x = torch.randn(2, 5, 16, device=device)
    torch.testing.assert_close(block(x), x if pre_norm else F.layer_norm(x, (16,)), atol=1e-4, rtol=0)
    torch.testing.assert_close(block.mlp(x), block.down_proj.bias.expand(2, 5, 16))
    block.eval()
    torch.testing.assert_close(block(x), torchs(block, 4)(x), atol=1e-5, rtol=0)


@ORDERS
def test_gradients_are_right(device, pre_norm):
    block = TransformerBlock(4, 2, 3, pre_norm).to(device, torch.float64)
    x = torch.randn(1, 3, 4, device=device, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: block(x, causal=True), (x,))


@ORDERS
@pytest.mark.parametrize("shape", [(2, 1, 16), (0, 5, 16), (2, 0, 16)])
def test_one_position_and_empty_batches(device, pre_norm, shape):
    assert block_of(device, pre_norm)(torch.randn(shape, device=device), causal=True).shape == shape


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((10, 4), "width 10 is not divisible by heads 4"),
        ((8, 0), "width 8 is not divisible by heads 0"),
        ((8, 2, 0), "hidden 0 is below 1"),
        ((8, 2, 8, True, 1.0), r"dropout 1\.0 is not in"),
        ((8, 2, 8, True, -0.1), r"dropout -0\.1 is not in"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        TransformerBlock(*arguments)


def test_smallest_block_works():
    assert TransformerBlock(1, 1, 1)(torch.ones(2, 3, 1)).shape == (2, 3, 1)


def test_block_is_pre_norm_and_attention_sees_everything_by_default(device):
    assert TransformerBlock(1, 1).pre_norm
    attention, x = Attention(16, 2).to(device), torch.randn(2, 5, 16, device=device)
    assert torch.equal(attention(x), attention(x, causal=False))
    assert not torch.equal(attention(x), attention(x, causal=True))


def test_softmax_of_half_precision_is_summed_in_float32(device):
    """Equal scores over 1,000 positions: the mean of ones is one."""
    layer = Attention(4, 1).to(device, torch.bfloat16)
    with torch.no_grad():
        layer.in_proj.weight.zero_()
        layer.in_proj.bias.fill_(1.0)
        layer.out_proj.weight.copy_(torch.eye(4))
        layer.out_proj.bias.zero_()
    output = layer(torch.zeros(1, 1000, 4, device=device, dtype=torch.bfloat16))
    torch.testing.assert_close(output.float(), torch.ones(1, 1000, 4, device=device), atol=8e-3, rtol=0)


@ORDERS
@torch.no_grad()
def test_essence_is_the_module(device, pre_norm):
    block, x = TransformerBlock(8, 2, pre_norm=pre_norm).to(device), torch.randn(2, 5, 8, device=device)
    form = essence.pre_norm if pre_norm else essence.post_norm
    torch.testing.assert_close(form(x, [block.attention, block.mlp], [block.norm1, block.norm2]), block(x))
