"""RoPE against transformers' Llama, against complex multiplication, and the relative property."""

import math

import pytest
import torch
from transformers import LlamaConfig
from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding, apply_rotary_pos_emb

from snippets.essence import rope as essence
from snippets.rope import neighbours_to_halves, rope, rope_angles, rope_frequencies, rope_neighbours

ROTATIONS = pytest.mark.parametrize("rotate", [rope, rope_neighbours])


def angles(device, T=6, D=8, start=0):
    """Cosines and sines of the positions from `start` on."""
    return rope_angles(torch.arange(start, start + T, device=device), rope_frequencies(D, device=device))


@pytest.mark.parametrize("base", [10000.0, 500000.0])
@pytest.mark.parametrize(("dtype", "atol"), [(torch.float32, 1e-5), (torch.bfloat16, 4e-2), (torch.float16, 5e-3)])
def test_rotation_equals_transformers_llama(device, base, dtype, atol):
    config = LlamaConfig(
        hidden_size=64, num_attention_heads=4, rope_parameters={"rope_type": "default", "rope_theta": base}
    )
    theirs = LlamaRotaryEmbedding(config).to(device)
    query, key = torch.randn(2, 2, 4, 9, 16, device=device, dtype=dtype)
    positions = torch.stack([torch.arange(9), torch.arange(500, 509)]).to(device)  # (B, T)
    expected = apply_rotary_pos_emb(query, key, *theirs(query, positions))
    frequencies = rope_frequencies(16, base, device)
    torch.testing.assert_close(frequencies, theirs.inv_freq, atol=0, rtol=1e-6)
    cos, sin = rope_angles(positions, frequencies)  # (B, T, D / 2)
    for ours, reference in zip((query, key), expected, strict=True):
        output = rope(ours, cos, sin)
        assert output.dtype == dtype
        torch.testing.assert_close(output, reference, atol=atol, rtol=0)
        assert torch.equal(output, rope(ours, cos[:, None], sin[:, None]))


def test_neighbours_equal_complex_multiplication(device):
    """Meta's form: feature pairs as complex numbers, times e^(i m θ)."""
    x = torch.randn(2, 3, 6, 8, device=device)
    turns = torch.polar(torch.ones(6, 4), torch.arange(6)[:, None] * 10000.0 ** (-torch.arange(4) / 4)).to(device)
    expected = torch.view_as_real(torch.view_as_complex(x.unflatten(-1, (4, 2))) * turns).flatten(-2)
    torch.testing.assert_close(rope_neighbours(x, *angles(device)), expected, atol=1e-6, rtol=0)


def test_frequencies_by_hand(device):
    """D = 4, b = 100: 100^0 = 1 and 100^(-2/4) = 1/10."""
    torch.testing.assert_close(rope_frequencies(4, 100.0, device), torch.tensor([1.0, 0.1], device=device))
    assert rope_frequencies(128).dtype == torch.float32
    slowest = 2 * math.pi / rope_frequencies(128)[-1].item()
    assert math.isclose(slowest, 54410, rel_tol=1e-4)  # tokens a turn


@ROTATIONS
def test_quarter_turn_by_hand(device, rotate):
    """One pair (D = 2), frequency 1: by position π/2 the point (1, 0) goes to (0, 1), and (0, 1) to (-1, 0)."""
    cos, sin = rope_angles(torch.tensor([math.pi / 2, math.pi / 2], device=device), rope_frequencies(2, device=device))
    x = torch.tensor([[1.0, 0.0], [0.0, 1.0]], device=device)
    expected = torch.tensor([[0.0, 1.0], [-1.0, 0.0]], device=device)
    torch.testing.assert_close(rotate(x, cos, sin), expected, atol=1e-6, rtol=0)


@ROTATIONS
def test_score_depends_on_the_distance_alone(device, rotate):
    query, key = torch.randn(2, 1, 1, 6, 8, device=device)
    near = rotate(query, *angles(device)) @ rotate(key, *angles(device)).mT
    far = rotate(query, *angles(device, start=300)) @ rotate(key, *angles(device, start=300)).mT
    torch.testing.assert_close(near, far, atol=2e-4, rtol=0)
    moved = rotate(query, *angles(device)) @ rotate(key, *angles(device, start=1)).mT
    assert not torch.allclose(near, moved, atol=1e-2)


@ROTATIONS
def test_rotation_keeps_lengths_and_leaves_position_0_alone(device, rotate):
    x = torch.randn(2, 3, 6, 8, device=device)
    output = rotate(x, *angles(device))
    torch.testing.assert_close(output.norm(dim=-1), x.norm(dim=-1))
    assert torch.equal(output[:, :, 0], x[:, :, 0])
    assert not torch.allclose(output[:, :, 1:], x[:, :, 1:], atol=1e-2)


@ROTATIONS
def test_turning_back_restores(device, rotate):
    x = torch.randn(2, 3, 6, 8, device=device)
    cos, sin = angles(device)
    torch.testing.assert_close(rotate(rotate(x, cos, sin), cos, -sin), x, atol=1e-6, rtol=0)


@pytest.mark.parametrize("heads", [1, 3])
def test_reordered_projection_gives_the_same_scores(device, heads):
    x = torch.randn(2, 6, 10, device=device)
    weights = torch.randn(2, heads * 8, 10, device=device)

    def score(weights, rotate):
        query, key = ((x @ weight.T).view(2, 6, heads, 8).transpose(1, 2) for weight in weights)
        return rotate(query, *angles(device)) @ rotate(key, *angles(device)).mT

    reordered = [neighbours_to_halves(weight, heads) for weight in weights]
    expected = score(weights, rope_neighbours)
    torch.testing.assert_close(score(reordered, rope), expected, atol=1e-4, rtol=1e-4)
    assert not torch.allclose(score(weights, rope), expected, atol=0.1)


def test_reordering_by_hand():
    """Two heads of D = 4: (0, 1, 2, 3) are the pairs (0, 1), (2, 3); in halves they stand as 0, 2, 1, 3."""
    assert neighbours_to_halves(torch.arange(8), 2).tolist() == [0, 2, 1, 3, 4, 6, 5, 7]


def test_angles_stay_exact_where_half_precision_would_not(device):
    positions = torch.tensor([256.0, 257.0], device=device)
    cos, sin = rope_angles(positions, rope_frequencies(4, device=device))
    assert cos.dtype == sin.dtype == torch.float32
    assert (cos[0] != cos[1]).all()
    torch.testing.assert_close(cos[1, 0].item(), math.cos(257), atol=1e-5, rtol=0)
    torch.testing.assert_close(sin[1, 0].item(), math.sin(257), atol=1e-5, rtol=0)


@ROTATIONS
def test_half_precision_is_rounded_once(device, rotate):
    """Each output is within half a unit in the last place of the exact one."""
    x = torch.randn(1, 1, 6, 8, device=device).bfloat16()
    exact = rotate(x.double(), *(part.double() for part in angles(device)))
    assert torch.equal(rotate(x, *angles(device)), exact.bfloat16())


@ROTATIONS
def test_gradients_are_right(device, rotate):
    x = torch.randn(1, 2, 3, 4, device=device, dtype=torch.float64, requires_grad=True)
    cos, sin = angles(device, T=3, D=4)
    assert torch.autograd.gradcheck(lambda x: rotate(x, cos.double(), sin.double()), (x,))


@ROTATIONS
def test_no_position_and_one(device, rotate):
    for T in (0, 1):
        x = torch.randn(2, 3, T, 8, device=device)
        assert torch.equal(rotate(x, *angles(device, T=T)), x)


@pytest.mark.parametrize("width", [0, 3, -2])
def test_odd_and_empty_widths_are_refused(width):
    with pytest.raises(ValueError, match=f"head_width {width} is not even and positive"):
        rope_frequencies(width)


def test_base_that_is_not_positive_is_refused():
    with pytest.raises(ValueError, match=r"base 0\.0 is not positive"):
        rope_frequencies(4, 0.0)
    assert rope_frequencies(4, 0.25).tolist() == [1.0, 2.0]


@ROTATIONS
@pytest.mark.parametrize("shape", [(1, 1, 6, 4), (1, 1, 5, 8), (1, 1, 1, 8)])
def test_shapes_that_do_not_fit_are_refused(rotate, shape):
    with pytest.raises(ValueError, match="has not the length and twice the width"):
        rotate(torch.ones(shape), *angles("cpu"))


@pytest.mark.parametrize(("rows", "heads"), [(6, 2), (8, 0), (8, 3)])
def test_rows_that_do_not_make_heads_are_refused(rows, heads):
    with pytest.raises(ValueError, match=f"{rows} rows are not {heads} heads of even width"):
        neighbours_to_halves(torch.ones(rows, 2), heads)


@ROTATIONS
def test_positions_of_rows_do_not_meet_the_heads(device, rotate):
    """As many heads as rows: angles `(B, T, D / 2)` would fit either way, and turn head 1 by the places of row 1."""
    x = torch.randn(2, 2, 3, 8, device=device)
    positions = torch.tensor([[0, 1, 2], [7, 8, 9]], device=device)
    output = rotate(x, *rope_angles(positions, rope_frequencies(8, device=device)))
    for row in range(2):
        alone = rotate(x[row], *rope_angles(positions[row], rope_frequencies(8, device=device)))  # (H, T, D)
        torch.testing.assert_close(output[row], alone)


@ROTATIONS
@pytest.mark.parametrize("shape", [(2, 6), (3, 1, 6), (1, 2, 1, 6)])
def test_angles_of_another_batch_are_refused(rotate, shape):
    """Two rows of positions for three, without the row's heads, and with too many dimensions."""
    angles = rope_angles(torch.zeros(shape), rope_frequencies(8))
    with pytest.raises(ValueError, match="another batch"):
        rotate(torch.ones((3, 2, 6, 8)) if len(shape) == 2 else torch.ones(2, 2, 6, 8), *angles)


@ROTATIONS
def test_cosines_and_sines_of_two_shapes_are_refused(rotate):
    cos, sin = angles("cpu")
    with pytest.raises(ValueError, match="has not the length"):
        rotate(torch.ones(1, 1, 6, 8), cos, sin[:1])


@ROTATIONS
def test_three_rows_of_angles_do_not_fit_two_rows_of_heads(rotate):
    """Without a batch: angles `(3, T, D / 2)` for `(2, T, D)`."""
    with pytest.raises(ValueError, match="another batch"):
        rotate(torch.ones(2, 6, 8), *rope_angles(torch.zeros(3, 6), rope_frequencies(8)))


def test_essence_is_the_module():
    x, m = torch.randn(2, 3, 6, 8), torch.arange(5, 11)
    torch.testing.assert_close(essence.rope(x, m), rope(x, *rope_angles(m, rope_frequencies(8))))
    query, key = torch.randn(2, 6, 8)
    torch.testing.assert_close(essence.score(query, key, m + 40, m + 37), essence.score(query, key, m, m - 3))
