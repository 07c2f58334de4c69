"""Position interpolation against transformers' linear scaling, and against plain RoPE at fractions."""

import math

import pytest
import torch
from transformers import LlamaConfig
from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding, apply_rotary_pos_emb

from snippets.essence import position_interpolation as essence
from snippets.position_interpolation import (
    interpolated_angles,
    interpolated_rope,
    interpolation_factor,
    score_waves,
)


@pytest.mark.parametrize("factor", [1.0, 2.0, 8.0])
@pytest.mark.parametrize("base", [10000.0, 500000.0])
@pytest.mark.parametrize(("dtype", "atol"), [(torch.float32, 1e-5), (torch.bfloat16, 4e-2)])
def test_rotation_equals_transformers_linear_scaling(device, factor, base, dtype, atol):
    parameters = {"rope_type": "linear", "rope_theta": base, "factor": factor}
    config = LlamaConfig(hidden_size=64, num_attention_heads=4, rope_parameters=parameters)
    theirs = LlamaRotaryEmbedding(config).to(device)
    query, key = torch.randn(2, 2, 4, 7, 16, device=device, dtype=dtype)
    positions = torch.stack([torch.arange(7), torch.arange(90, 97)]).to(device)
    expected = apply_rotary_pos_emb(query, key, *theirs(query, positions))
    for ours, reference in zip((query, key), expected, strict=True):
        output = interpolated_rope(ours, positions, factor, base)
        assert torch.equal(output, interpolated_rope(ours, positions[:, None], factor, base))
        assert output.dtype == dtype
        torch.testing.assert_close(output, reference, atol=atol, rtol=0)


def test_position_3001_of_4096_is_1500_and_a_half_of_2048(device):
    factor = interpolation_factor(2048, 4096)
    assert factor == 2.0
    x = torch.randn(1, 1, 1, 8, device=device)
    long = interpolated_rope(x, torch.tensor([3001], device=device), factor)
    torch.testing.assert_close(long, interpolated_rope(x, torch.tensor([1500.5], device=device)), atol=1e-6, rtol=0)


def test_angles_by_hand(device):
    """D = 4, b = 100: frequencies 1 and 1/10. Position 6 with factor 4 is 1.5: angles 1.5 and 0.15."""
    angles = interpolated_angles(torch.tensor(6, device=device), 4, 4.0, 100.0)
    torch.testing.assert_close(angles, torch.tensor([1.5, 0.15], device=device))


def test_default_base_is_10000_and_the_smallest_width_2(device):
    """D = 4: frequencies 1 and 1/100, at position 100 the angles 100 and 1. D = 2 has frequency 1 alone."""
    place = torch.tensor([100], device=device)
    torch.testing.assert_close(interpolated_angles(place, 4), torch.tensor([[100.0, 1.0]], device=device))
    assert interpolated_angles(place, 2, 4.0).tolist() == [[25.0]]
    sines = interpolated_rope(torch.tensor([[[[1.0, 1.0, 0.0, 0.0]]]], device=device), place)[..., 2:].flatten()
    torch.testing.assert_close(sines, torch.tensor([100.0, 1.0], device=device).sin())
    torch.testing.assert_close(score_waves(place, 4)[0, 2:], sines)


def test_angles_are_float32_whatever_torchs_default(bfloat16_by_default):
    """D = 6, b = 1000: frequencies 1, 1/10, 1/100."""
    angles = interpolated_angles(torch.tensor(1), 6, 1.0, 1000.0)
    torch.testing.assert_close(angles, torch.tensor([1.0, 0.1, 0.01], dtype=torch.float32))


def test_no_angle_is_beyond_the_trained_ones(device):
    trained = interpolated_angles(torch.arange(2048, device=device), 128).amax(dim=0)
    long = torch.arange(8192, device=device)
    assert (interpolated_angles(long, 128, 4.0).amax(dim=0) <= trained * (8191 / 4 / 2047 + 1e-6)).all()
    assert (interpolated_angles(long, 128).amax(dim=0) > 3.9 * trained).all()


@pytest.mark.parametrize("factor", [1.0, 2.0])
def test_scores_are_sums_of_the_waves(device, factor):
    D, base = 8, 300.0
    query, key = torch.randn(2, D, device=device)
    (q1, q2), (k1, k2) = query.view(2, D // 2), key.view(2, D // 2)
    coefficients = torch.cat([q1 * k1 + q2 * k2, q1 * k2 - q2 * k1])
    for m, n in ((5, 5), (9, 2), (40, 1)):
        turned = [
            interpolated_rope(x.view(1, 1, 1, D), torch.tensor([p], device=device), factor, base).flatten()
            for x, p in ((query, m), (key, n))
        ]
        waves = score_waves(torch.tensor(m - n, device=device), D, factor, base)
        torch.testing.assert_close(waves @ coefficients, turned[0] @ turned[1], atol=1e-4, rtol=0)


def test_scores_within_the_window_stay_bounded_and_those_beyond_do_not(device):
    """The paper's figure 2: coefficients that give scores of about 1 at all trained distances."""
    trained = torch.arange(0, 2048, 8)
    waves = score_waves(trained, 128).double()
    wanted = 2 * torch.rand(len(trained), dtype=torch.float64) - 1
    gram = waves.T @ waves + 1e-3 * torch.eye(128, dtype=torch.float64)
    coefficients = torch.linalg.solve(gram, waves.T @ wanted)
    beyond = torch.arange(2048, 4096)

    def largest(distances, factor):
        return (score_waves(distances, 128, factor).double() @ coefficients).abs().max().item()

    assert largest(torch.arange(2048), 1.0) < 2
    assert largest(beyond, 1.0) > 10
    assert largest(beyond, 2.0) < 2


def test_neighbours_come_closer_by_the_factor(device):
    near = interpolated_angles(torch.tensor([10, 11], device=device), 16, 8.0)
    plain = interpolated_angles(torch.tensor([10, 11], device=device), 16)
    torch.testing.assert_close((near[1] - near[0]) * 8, plain[1] - plain[0], atol=1e-5, rtol=0)


def test_gradients_are_right(device):
    x = torch.randn(1, 2, 3, 4, device=device, dtype=torch.float64, requires_grad=True)
    positions = torch.arange(3, device=device)
    assert torch.autograd.gradcheck(lambda x: interpolated_rope(x, positions, 2.0), (x,))


@pytest.mark.parametrize("T", [0, 1])
def test_no_position_and_the_first_are_left_alone(device, T):
    x = torch.randn(2, 3, T, 8, device=device)
    assert torch.equal(interpolated_rope(x, torch.arange(T, device=device), 4.0), x)
    assert interpolation_factor(2048, 2048) == 1.0


@pytest.mark.parametrize(("trained", "target"), [(2048, 1024), (0, 5), (-1, 5)])
def test_lengths_that_are_not_longer_are_refused(trained, target):
    with pytest.raises(ValueError, match=f"target_length {target} is not at least trained_length {trained}"):
        interpolation_factor(trained, target)


def test_other_wrong_arguments_are_refused():
    for width in (0, 3):
        with pytest.raises(ValueError, match=f"head_width {width} is not even and positive"):
            interpolated_angles(torch.arange(3), width)
    for factor in (0.5, math.nan):
        with pytest.raises(ValueError, match=f"factor {factor} is below 1"):
            interpolated_angles(torch.arange(3), 4, factor)
    with pytest.raises(ValueError, match=r"base 0\.0 is not positive"):
        interpolated_angles(torch.arange(3), 4, 1.0, 0.0)
    assert interpolated_angles(torch.arange(3), 4, 1.0, 0.5)[2].tolist() == pytest.approx([2.0, 2 * 2**0.5])
    with pytest.raises(ValueError, match="2 positions are not one for each of 3"):
        interpolated_rope(torch.ones(1, 1, 3, 4), torch.arange(2))


def test_smallest_lengths_work():
    assert interpolation_factor(1, 1) == 1.0
    assert interpolation_factor(1, 3) == 3.0


def test_positions_of_rows_do_not_meet_the_heads(device):
    """As many heads as rows: (B, T) positions would fit either way."""
    x = torch.randn(2, 2, 3, 4, device=device)
    positions = torch.tensor([[0, 1, 2], [5, 6, 7]], device=device)
    output = interpolated_rope(x, positions)
    for row in range(2):
        torch.testing.assert_close(output[row : row + 1], interpolated_rope(x[row : row + 1], positions[row]))
    for wrong in (positions[:, None, None], positions[None], positions.repeat(2, 1)):
        with pytest.raises(ValueError, match=r"are not \(T,\) or \(B, T\)"):
            interpolated_rope(x, wrong)


def test_essence_is_the_module(device):
    x, m = torch.randn(2, 3, 6, 8, device=device), torch.arange(6, device=device)
    torch.testing.assert_close(essence.f(x.cpu(), m.cpu()), interpolated_rope(x, m).cpu())
    expected = interpolated_rope(x, m, interpolation_factor(4, 12)).cpu()
    torch.testing.assert_close(essence.interpolated(x.cpu(), m.cpu(), 4, 12), expected)
