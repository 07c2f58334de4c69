"""NTK-aware, dynamic and YaRN frequencies against transformers, and the two ends the base was chosen for."""

import math

import pytest
import torch
from transformers import LlamaConfig
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

from snippets.essence import ntk_rope as essence
from snippets.ntk_rope import (
    dynamic_ntk_frequencies,
    ntk_base,
    ntk_frequencies,
    yarn_attention_factor,
    yarn_frequencies,
)


def theirs(kind, head_width, trained, length=None, base=10000.0, **parameters):
    """Frequencies and attention factor of transformers."""
    config = LlamaConfig(
        hidden_size=head_width, num_attention_heads=1, max_position_embeddings=trained,
        rope_parameters={"rope_type": kind, "rope_theta": base, **parameters},
    )  # fmt: skip
    return ROPE_INIT_FUNCTIONS[kind](config, torch.device("cpu"), seq_len=length)


@pytest.mark.parametrize("head_width", [4, 64, 128])
@pytest.mark.parametrize("length", [1, 2048, 2049, 8192])
@pytest.mark.parametrize("factor", [1.0, 2.0])
def test_dynamic_frequencies_equal_transformers(head_width, length, factor):
    expected, _ = theirs("dynamic", head_width, 2048, length, factor=factor)
    ours = dynamic_ntk_frequencies(head_width, length, 2048, factor)
    torch.testing.assert_close(ours, expected, atol=0, rtol=1e-5)


@pytest.mark.parametrize("head_width", [16, 64, 128])
@pytest.mark.parametrize("factor", [1.0, 4.0, 16.0])
@pytest.mark.parametrize("trained", [64, 2048, 4096])
@pytest.mark.parametrize("turns", [(32.0, 1.0), (4.0, 0.5)])
def test_yarn_frequencies_equal_transformers(head_width, factor, trained, turns):
    expected, temperature = theirs(
        "yarn", head_width, trained, factor=factor, original_max_position_embeddings=trained,
        beta_fast=turns[0], beta_slow=turns[1],
    )  # fmt: skip
    ours = yarn_frequencies(head_width, factor, trained, 10000.0, *turns)
    torch.testing.assert_close(ours, expected, atol=0, rtol=1e-5)
    assert math.isclose(yarn_attention_factor(factor), temperature)


def test_defaults_of_yarn_are_those_of_transformers():
    """Pair 16.1 of 64 turns 32 times within 2,048 tokens; it would be pair 15.9 for 33."""
    expected, _ = theirs("yarn", 128, 2048, factor=8.0, original_max_position_embeddings=2048)
    torch.testing.assert_close(yarn_frequencies(128, 8.0, 2048), expected, atol=0, rtol=1e-5)


def test_small_base_equals_transformers():
    """With base 10 pair 17.7 of 8 would turn once within 1,024 tokens: the ramp ends at 15 = D - 1, beyond the last."""
    expected, _ = theirs("yarn", 16, 1024, base=10.0, factor=4.0, original_max_position_embeddings=1024)
    torch.testing.assert_close(yarn_frequencies(16, 4.0, 1024, 10.0), expected, atol=0, rtol=1e-5)
    expected, _ = theirs("dynamic", 16, 1024, 4096, base=10.0, factor=2.0)
    torch.testing.assert_close(dynamic_ntk_frequencies(16, 4096, 1024, 2.0, 10.0), expected, atol=0, rtol=1e-5)


def test_frequencies_are_float32_whatever_torchs_default(bfloat16_by_default):
    """D = 6, b = 1000: 1, 1/10, 1/100."""
    torch.testing.assert_close(ntk_frequencies(6, 1.0, 1000.0), torch.tensor([1.0, 0.1, 0.01], dtype=torch.float32))


@pytest.mark.parametrize("head_width", [4, 64, 128])
@pytest.mark.parametrize("factor", [2.0, 8.0])
@pytest.mark.parametrize("base", [10000.0, 500.0])
def test_fastest_pair_stays_and_slowest_is_slowed_as_by_interpolation(head_width, factor, base):
    plain = base ** (-torch.arange(0, head_width, 2) / head_width)
    ratio = plain / ntk_frequencies(head_width, factor, base)
    assert ratio[0] == 1
    assert math.isclose(ratio[-1].item(), factor, rel_tol=1e-4)
    assert (ratio[1:] > ratio[:-1]).all()
    steps = ratio[1:] / ratio[:-1]  # a geometric series
    torch.testing.assert_close(steps, steps[:1].expand_as(steps), atol=0, rtol=1e-4)


@pytest.mark.parametrize(("factor", "base"), [(2, 20221), (4, 40890), (8, 82685)])
def test_bases_of_width_128_by_hand(factor, base):
    """10000 · s^(128/126): 2 gives 20221, 4 gives 40890, 8 gives 82685."""
    assert round(ntk_base(128, factor)) == base


def test_base_by_hand():
    """D = 4: s^(4/2) = s²; base 100 and factor 3 give 900."""
    assert math.isclose(ntk_base(4, 3.0, 100.0), 900.0)


def test_plain_rope_within_the_trained_length():
    plain = 10000.0 ** (-torch.arange(0, 64, 2) / 64)
    for frequencies in (
        ntk_frequencies(64, 1.0),
        dynamic_ntk_frequencies(64, 100, 2048),
        yarn_frequencies(64, 1.0, 2048),
    ):
        torch.testing.assert_close(frequencies, plain, atol=0, rtol=1e-6)
    assert yarn_attention_factor(1.0) == 1.0


def test_dynamic_meets_the_fixed_form_at_the_length_it_was_made_for():
    ours = dynamic_ntk_frequencies(128, 8192, 2048)
    torch.testing.assert_close(ours, ntk_frequencies(128, 4.0), atol=0, rtol=1e-6)


def test_yarn_keeps_pairs_that_turn_often_and_interpolates_those_that_hardly_turn():
    plain = ntk_frequencies(128, 1.0)
    turns = 4096 * plain / (2 * math.pi)
    ratio = plain / yarn_frequencies(128, 4.0, 4096)
    assert (ratio[turns > 40] == 1).all()
    torch.testing.assert_close(ratio[turns < 0.8], torch.full_like(ratio[turns < 0.8], 4.0))
    assert (ratio[1:] >= ratio[:-1]).all()


def test_yarn_attention_factor_by_hand():
    assert math.isclose(yarn_attention_factor(math.e), 1.1)
    assert math.isclose(yarn_attention_factor(math.exp(0.25)), 1.025)
    assert yarn_attention_factor(0.5) == 1.0


def test_ramp_of_no_width_is_a_step():
    """Where both bounds fall on the first pair there is nothing to divide by; of 1 and 1/100 the second is halved."""
    torch.testing.assert_close(yarn_frequencies(4, 2.0, 6), torch.tensor([1.0, 0.005]), atol=0, rtol=1e-6)


@pytest.mark.parametrize("head_width", [2, 5, 0])
def test_widths_that_have_no_middle_are_refused(head_width):
    for build in (
        lambda: ntk_frequencies(head_width, 2.0),
        lambda: dynamic_ntk_frequencies(head_width, 5, 5),
        lambda: yarn_frequencies(head_width, 2.0, 5),
    ):
        with pytest.raises(ValueError, match=f"head_width {head_width} is not even and at least 4"):
            build()


@pytest.mark.parametrize("factor", [0.5, math.nan])
def test_factors_below_1_are_refused(factor):
    for build in (lambda: ntk_base(8, factor), lambda: yarn_frequencies(8, factor, 5)):
        with pytest.raises(ValueError, match=f"factor {factor} is below 1"):
            build()


def test_other_wrong_arguments_are_refused():
    with pytest.raises(ValueError, match=r"base 1\.0 is not above 1"):
        ntk_base(8, 2.0, 1.0)
    with pytest.raises(ValueError, match=r"base 1\.0 is not above 1"):
        yarn_frequencies(8, 2.0, 5, 1.0)
    assert ntk_base(4, 2.0, 1.5) == 6.0
    with pytest.raises(ValueError, match="trained_length 0 is below 1"):
        dynamic_ntk_frequencies(8, 5, 0)
    with pytest.raises(ValueError, match="trained_length 0 is below 1"):
        yarn_frequencies(8, 2.0, 0)
    for turns in ((1.0, 1.0), (1.0, 2.0), (1.0, 0.0)):
        with pytest.raises(ValueError, match="is not above slow_turns"):
            yarn_frequencies(8, 2.0, 5, 10000.0, *turns)


def test_smallest_lengths_work():
    torch.testing.assert_close(dynamic_ntk_frequencies(8, 1, 1), ntk_frequencies(8, 1.0))
    assert yarn_frequencies(8, 2.0, 1).isfinite().all()


@pytest.mark.parametrize("s", [1.0, 2.0, 8.0])
def test_essence_is_the_module(s):
    torch.testing.assert_close(essence.interpolated(128, s), ntk_frequencies(128, 1.0) / s)
    torch.testing.assert_close(essence.ntk(128, s), ntk_frequencies(128, s))
    torch.testing.assert_close(essence.yarn(128, s, 4096), yarn_frequencies(128, s, 4096))
    for length in (100, 9000):
        expected = dynamic_ntk_frequencies(128, length, 4096)
        torch.testing.assert_close(essence.dynamic_ntk(128, 4096, length), expected)
