"""Sinusoidal positions against the closed form, transformers' Marian, and the laws they obey."""

import math

import pytest
import torch
import torch.nn.functional as F
from transformers.models.marian.modeling_marian import MarianSinusoidalPositionalEmbedding

from snippets.essence import sinusoidal_positions as essence
from snippets.sinusoidal_positions import add_positions, shift_positions, sinusoidal_positions


@pytest.mark.parametrize("width", [2, 6, 64])
@pytest.mark.parametrize("base", [10000.0, 50.0])
def test_entries_equal_the_closed_form(device, width, base):
    vectors = sinusoidal_positions(torch.arange(20, device=device), width, base)
    assert (vectors.shape, vectors.dtype, vectors.device.type) == ((20, width), torch.float32, device.type)
    for m in range(20):
        for i in range(width // 2):
            angle = m / base ** (2 * i / width)
            assert math.isclose(vectors[m, 2 * i].item(), math.sin(angle), abs_tol=1e-5)
            assert math.isclose(vectors[m, 2 * i + 1].item(), math.cos(angle), abs_tol=1e-5)


def test_entries_equal_transformers_up_to_their_order():
    """Marian puts all sines first and all cosines behind them."""
    theirs = MarianSinusoidalPositionalEmbedding(30, 16)
    theirs.weight = torch.nn.Parameter(theirs.create_weight())
    expected = theirs(torch.Size([1, 30]))
    ours = sinusoidal_positions(torch.arange(30), 16)
    torch.testing.assert_close(torch.cat([ours[:, 0::2], ours[:, 1::2]], dim=-1), expected, atol=1e-5, rtol=0)


def test_product_depends_on_the_distance_alone(device):
    vectors = sinusoidal_positions(torch.arange(40, device=device), 32)
    products = vectors @ vectors.T
    frequencies = 10000.0 ** (-torch.arange(16, device=device) / 16)
    for distance in (0, 1, 7, 39):
        expected = (distance * frequencies).cos().sum()
        diagonal = products.diagonal(distance)
        torch.testing.assert_close(diagonal, expected.expand_as(diagonal), atol=1e-4, rtol=0)


@pytest.mark.parametrize("steps", [1, -3, 100, 0, 0.5])
def test_shift_is_a_rotation_that_does_not_depend_on_the_place(device, steps):
    positions = torch.arange(10, device=device)
    shifted = shift_positions(sinusoidal_positions(positions, 16, 500.0), steps, 500.0)
    torch.testing.assert_close(shifted, sinusoidal_positions(positions + steps, 16, 500.0), atol=1e-4, rtol=0)


def test_shift_uses_the_base_of_the_paper_by_default(device):
    positions = torch.arange(10, device=device)
    shifted = shift_positions(sinusoidal_positions(positions, 16), 5000)
    torch.testing.assert_close(shifted, sinusoidal_positions(positions + 5000, 16, 10000.0), atol=1e-4, rtol=0)


def test_attention_is_blind_to_order_without_positions_and_not_with_them(device):
    x, order = torch.randn(1, 6, 16, device=device) / 4, torch.randperm(6, device=device)
    order[0], order[1] = order[1].clone(), order[0].clone()
    shuffled = x[:, order]
    plain, plain_shuffled = (F.scaled_dot_product_attention(words, words, words) for words in (x, shuffled))
    torch.testing.assert_close(plain[:, order], plain_shuffled, atol=1e-6, rtol=0)
    placed, placed_shuffled = (
        F.scaled_dot_product_attention(words, words, words) for words in map(add_positions, (x, shuffled))
    )
    assert not torch.allclose(placed[:, order], placed_shuffled, atol=1e-2)


def test_word_vectors_are_scaled_and_positions_added(device):
    x = torch.ones(2, 5000, 16, device=device)
    expected = 4.0 + sinusoidal_positions(torch.arange(5000, device=device), 16, 100.0).expand(2, 5000, 16)
    torch.testing.assert_close(add_positions(x, base=100.0), expected)
    torch.testing.assert_close(add_positions(0 * x)[0], sinusoidal_positions(torch.arange(5000, device=device), 16))


def test_left_padding_counts_from_the_first_real_token(device):
    real = torch.tensor([[True] * 4, [False, False, True, True]], device=device)
    x = torch.zeros(2, 4, 8, device=device)
    output = add_positions(x, real)
    torch.testing.assert_close(output[1, 2:], output[0, :2])
    torch.testing.assert_close(output[0], add_positions(x)[0])
    torch.testing.assert_close(output[1, 0], output[0, 0])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_dtype_of_the_words_is_kept_and_angles_are_exact(device, dtype):
    x = torch.zeros(1, 300, 4, device=device, dtype=dtype)
    output = add_positions(x)
    assert output.dtype == dtype
    exact = torch.arange(300, device=device, dtype=torch.float64).sin()
    torch.testing.assert_close(output[0, :, 0].double(), exact, atol=1e-2 if dtype == torch.bfloat16 else 1e-4, rtol=0)


def test_vectors_are_float32_whatever_torchs_default(bfloat16_by_default):
    """C = 6, b = 1000: the angles at position 1 are 1, 1/10, 1/100."""
    sines = sinusoidal_positions(torch.tensor(1), 6, 1000.0)[0::2]
    torch.testing.assert_close(sines, torch.tensor([1.0, 0.1, 0.01], dtype=torch.float32).sin())


def test_gradient_of_the_words_is_the_factor(device):
    x = torch.randn(1, 3, 4, device=device, dtype=torch.float64, requires_grad=True)
    add_positions(x).sum().backward()
    assert (x.grad == 2.0).all()


def test_no_position_one_position_and_a_scalar(device):
    assert sinusoidal_positions(torch.arange(0, device=device), 4).shape == (0, 4)
    assert sinusoidal_positions(torch.tensor(0, device=device), 4).tolist() == [0.0, 1.0, 0.0, 1.0]
    assert add_positions(torch.ones(2, 0, 4, device=device)).shape == (2, 0, 4)


@pytest.mark.parametrize("width", [0, 5, -2])
def test_wrong_arguments_are_refused(width):
    with pytest.raises(ValueError, match=f"width {width} is not even and positive"):
        sinusoidal_positions(torch.arange(3), width)
    with pytest.raises(ValueError, match=r"base 0\.0 is not positive"):
        sinusoidal_positions(torch.arange(3), 4, 0.0)
    assert sinusoidal_positions(torch.arange(3), 4, 0.5).isfinite().all()
    with pytest.raises(ValueError, match=r"real is torch\.float32 \(1, 3\)"):
        add_positions(torch.ones(1, 3, 4), torch.ones(1, 3))
    with pytest.raises(ValueError, match=r"real is torch\.bool \(3,\), not bool or 0/1 \(1, 3\)"):
        add_positions(torch.ones(1, 3, 4), torch.ones(3, dtype=torch.bool))


def test_a_tokenizers_mask_is_taken(device):
    x, real = torch.randn(1, 4, 6, device=device), torch.tensor([[0, 0, 1, 1]], device=device)
    assert torch.equal(add_positions(x, real), add_positions(x, real.bool()))


def test_essence_is_the_module():
    m, x = torch.tensor([0, 3, 700]), torch.randn(5, 8)
    expected = sinusoidal_positions(m, 8)
    torch.testing.assert_close(essence.positions(m, 8), expected, atol=1e-5, rtol=0)
    torch.testing.assert_close(essence.add(x), add_positions(x[None])[0])
    torch.testing.assert_close(essence.shift(expected, 3), shift_positions(expected, 3))
