"""ZeRO against the figures of its paper, what an optimizer really holds, and Adam without shards."""

from dataclasses import FrozenInstanceError

import pytest
import torch
from torch import nn

from snippets.essence import zero_memory as essence
from snippets.zero_memory import Bytes, rank_bytes, sent_elements, zero1_adam_step


@pytest.mark.parametrize(("stage", "gigabytes"), [(0, 120), (1, 31.4), (2, 16.6), (3, 1.9)])
def test_papers_figure_one(stage, gigabytes):
    """7.5B parameters on 64 ranks: 120; 30 + 90 / 64 = 31.4; 15 + 105 / 64 = 16.6; 120 / 64 = 1.9."""
    assert round(rank_bytes(7_500_000_000, 64, stage) / 1e9, 1) == gigabytes


def test_gpt_2_takes_24_gb_of_which_the_weights_are_3():
    assert rank_bytes(1_500_000_000) == 24e9
    assert rank_bytes(1_500_000_000, each=Bytes(gradient=0, optimizer=0)) == 3e9
    assert rank_bytes(1_500_000_000, ranks=64) == 24e9  # without ZeRO each rank holds all of it
    with pytest.raises(FrozenInstanceError):
        Bytes().weight = 4


def test_a_real_mixed_precision_step_holds_16_bytes_a_parameter():
    layer = nn.Linear(6, 5).to(torch.bfloat16)
    master = [parameter.detach().float().requires_grad_() for parameter in layer.parameters()]
    optimizer = torch.optim.AdamW(master)
    layer(torch.ones(1, 6, dtype=torch.bfloat16)).sum().backward()
    held = sum(parameter.nbytes + parameter.grad.nbytes for parameter in layer.parameters())
    for copy, parameter in zip(master, layer.parameters(), strict=True):
        copy.grad = parameter.grad.float()
    optimizer.step()
    moments = [state[name].nbytes for state in optimizer.state.values() for name in ("exp_avg", "exp_avg_sq")]
    held += sum(copy.nbytes for copy in master) + sum(moments)
    assert held == rank_bytes(6 * 5 + 5)


@pytest.mark.parametrize("stage", range(4))
def test_one_rank_gains_nothing(stage):
    assert rank_bytes(10, stage=stage) == rank_bytes(10, 1, stage) == 160
    assert sent_elements(10, 1, stage) == 0


@pytest.mark.parametrize(
    ("stage", "total"),
    [(0, 10 * 2 + 10 * 4 + 10 * 8), (1, 10 * 2 + 10 * 4 + 4 * 8), (2, 10 * 2 + 4 * 4 + 4 * 8), (3, 4 * 14)],
)
def test_shards_are_padded_and_bytes_can_be_others(stage, total):
    """Ten numbers on three ranks are four each."""
    assert rank_bytes(10, 3, stage, Bytes(weight=2, gradient=4, optimizer=8)) == total


def test_communication_of_the_paper():
    """An all-reduce sends 2 (N - 1) / N of the size; stage 3 sends half as much again."""
    assert [sent_elements(64, 4, stage) for stage in range(4)] == [96, 96, 96, 144]
    assert sent_elements(10, 3) == 2 * 2 * 4


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_sharded_steps_equal_adam_on_the_mean_gradient(device, dtype):
    ranks, size, steps = 4, 8, 3
    start = torch.randn(size, device=device).to(dtype)
    gradients = torch.randn(steps, ranks, size, device=device).to(dtype)
    whole = nn.Parameter(start.float())
    optimizer = torch.optim.Adam([whole], lr=0.1)
    weights = [start.clone() for _ in range(ranks)]
    states = [(shard.clone(), torch.zeros_like(shard), torch.zeros_like(shard)) for shard in start.float().chunk(ranks)]
    for step in range(steps):
        whole.grad = gradients[step].float().mean(dim=0)
        optimizer.step()
        zero1_adam_step(weights, list(gradients[step]), states, step + 1, lr=0.1)
        for weight in weights:
            torch.testing.assert_close(weight, whole.detach().to(dtype))
    torch.testing.assert_close(torch.cat([mean for _, mean, _ in states]), optimizer.state[whole]["exp_avg"])
    held = sum(part.nbytes for part in states[0])
    assert held == rank_bytes(size, ranks, 1, Bytes(weight=0, gradient=0))


def test_a_parameter_without_gradient_stays():
    """0 / (0 + eps) is 0, not NaN."""
    weights = [torch.ones(2)]
    zero1_adam_step(weights, [torch.zeros(2)], [(torch.ones(2), torch.zeros(2), torch.zeros(2))], 1, 0.1)
    assert weights[0].tolist() == [1.0, 1.0]


def test_tiny_gradients_show_eps():
    """g = 1e-8: the mean is 1e-8 and the root 1e-8, so the step is lr · 1e-8 / (1e-8 + 1e-8) = lr / 2."""
    weight, master, mean, square = torch.zeros(4, 1, dtype=torch.float64)
    zero1_adam_step([weight], [torch.full_like(weight, 1e-8)], [(master, mean, square)], 1, 1.0)
    assert weight.item() == pytest.approx(-0.5)


def test_uneven_shards_are_refused():
    with pytest.raises(ValueError, match="2 ranks do not divide 3"):
        zero1_adam_step([torch.zeros(3)] * 2, [torch.zeros(3)] * 2, [], 1, 0.1)


@pytest.mark.parametrize("function", [rank_bytes, sent_elements])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [((0, 1), "parameters 0"), ((1, 0), "ranks 0"), ((1, 1, 4), "stage 4"), ((1, 1, -1), "-1")],
)
def test_impossible_arguments_are_refused(function, arguments, message):
    with pytest.raises(ValueError, match=message):
        function(*arguments)


def test_a_single_parameter_on_a_single_rank_is_accepted():
    assert rank_bytes(1, 1) == 16


@pytest.mark.parametrize("stage", range(4))
def test_essence_is_the_module(stage):
    assert essence.rank_bytes(1600, 8, stage) == rank_bytes(1600, 8, stage)
    assert essence.sent(1600, 8, stage) == sent_elements(1600, 8, stage)
