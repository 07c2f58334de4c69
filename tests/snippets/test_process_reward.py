"""Process rewards against every outcome of the rollouts, a toy tree whose values are known, and torch's own loss."""

import itertools
import math

import pytest
import torch
import torch.nn.functional as F

from snippets.essence import process_reward as essence
from snippets.process_reward import first_error, process_reward_loss, progress, solution_scores, step_labels

RATES = (0.9, 0.6, 0.5)  # a step is correct with this probability, whatever came before


def solutions():
    """Every solution of the toy tree: which of its steps are correct, and how likely it is."""
    for steps in itertools.product([True, False], repeat=len(RATES)):
        yield steps, math.prod(rate if ok else 1 - rate for ok, rate in zip(steps, RATES, strict=True))


def value(prefix):
    """Chance that all steps are correct, given the first ones: by enumeration of the tree."""
    fits = [(steps, chance) for steps, chance in solutions() if steps[: len(prefix)] == prefix]
    return sum(chance for steps, chance in fits if all(steps)) / sum(chance for _, chance in fits)


@pytest.mark.parametrize("K", [1, 2, 4])
@pytest.mark.parametrize("chance", [0.0, 0.1, 0.5, 1.0])
def test_mean_of_labels_over_all_rollouts(device, K, chance):
    """Soft: the value itself, whatever K. Hard: 1 - (1 - V)^K, which grows with K."""
    ways = torch.tensor(list(itertools.product([False, True], repeat=K)), device=device)  # (2^K, K)
    weights = torch.where(ways, chance, 1 - chance).prod(dim=1)
    outcomes = ways.unsqueeze(1)  # one step
    soft, hard = step_labels(outcomes).squeeze(1), step_labels(outcomes, hard=True).squeeze(1)
    assert soft.dtype == hard.dtype == torch.float32
    assert (weights @ soft).item() == pytest.approx(chance, abs=1e-6)
    assert (weights @ hard).item() == pytest.approx(1 - (1 - chance) ** K, abs=1e-6)


def test_labels_by_hand(device):
    outcomes = torch.tensor([[[1, 1, 0, 1], [0, 1, 0, 0], [0, 0, 0, 0]]], device=device)
    assert step_labels(outcomes).tolist() == [[0.75, 0.25, 0.0]]
    assert step_labels(outcomes.bool(), hard=True).tolist() == [[1.0, 1.0, 0.0]]


def test_rollouts_of_the_tree_find_its_values(device):
    """20,000 rollouts from each prefix of a correct solution, drawn step by step."""
    draws = torch.rand(20_000, len(RATES), device=device) < torch.tensor(RATES, device=device)
    outcomes = torch.stack([draws[:, t:].all(dim=1) for t in range(1, len(RATES) + 1)])  # (S, K)
    exact = [value((True,) * t) for t in range(1, len(RATES) + 1)]
    assert exact == pytest.approx([0.3, 0.5, 1.0])
    assert step_labels(outcomes).tolist() == pytest.approx(exact, abs=0.015)


@pytest.mark.parametrize("steps", range(10))
def test_binary_search_finds_every_first_error(steps):
    for wrong in range(1, steps + 2):
        asked = []
        assert first_error(lambda t, wrong=wrong, asked=asked: asked.append(t) or t < wrong, steps) == wrong
        assert len(asked) <= math.ceil(math.log2(steps + 1))
        assert all(1 <= t <= steps for t in asked)


def test_loss_is_torchs_own_over_the_steps_that_exist(device):
    logits = torch.randn(3, 4, device=device, dtype=torch.float64)
    labels = torch.rand(3, 4, device=device, dtype=torch.float64)
    mask = torch.arange(4, device=device) < torch.tensor([[4], [2], [1]], device=device)
    expected = F.binary_cross_entropy_with_logits(logits[mask], labels[mask])
    torch.testing.assert_close(process_reward_loss(logits, labels, mask), expected)
    torch.testing.assert_close(process_reward_loss(logits, labels, mask.long()), expected)
    dirty = [x.masked_fill(~mask, math.nan) for x in (logits, labels)]
    dirty[0].requires_grad_()
    loss = process_reward_loss(*dirty, mask)
    torch.testing.assert_close(loss, expected)
    loss.backward()
    torch.testing.assert_close(dirty[0].grad, torch.where(mask, logits.sigmoid() - labels, 0.0) / 7)
    assert process_reward_loss(logits, labels, torch.zeros_like(mask)).item() == 0.0
    alone = (
        torch.zeros_like(mask).index_fill(1, torch.tensor(2, device=device), True) & mask
    )  # one step of one solution
    torch.testing.assert_close(
        process_reward_loss(logits, labels, alone), F.binary_cross_entropy_with_logits(logits[alone], labels[alone])
    )


def test_loss_is_least_at_the_value(device):
    """Of hard outcomes of 0.3 the best logit is that of 0.3: what is trained is a value."""
    labels = torch.tensor([[1.0] * 3 + [0.0] * 7], device=device)
    logits = torch.full_like(labels, math.log(0.3 / 0.7), requires_grad=True)
    process_reward_loss(logits, labels, torch.ones_like(labels, dtype=torch.bool)).backward()
    assert logits.grad.sum().item() == pytest.approx(0.0, abs=1e-7)


def test_half_precision_is_computed_in_float32(device):
    logits, labels = torch.randn(2, 3, device=device).bfloat16(), torch.rand(2, 3, device=device)
    mask = torch.ones(2, 3, device=device, dtype=torch.bool)
    loss = process_reward_loss(logits, labels, mask)
    assert loss.dtype == torch.float32
    torch.testing.assert_close(loss, process_reward_loss(logits.float(), labels, mask), atol=0, rtol=0)
    scores = labels.bfloat16()
    for how in ("min", "product", "last", "mean"):
        found = solution_scores(scores, mask, how)
        assert found.dtype == torch.float32
        torch.testing.assert_close(found, solution_scores(scores.float(), mask, how), atol=0, rtol=0)


def test_product_of_correctness_is_the_chance_that_all_are_correct(device):
    """And of values the last one is: both are what enumeration of the tree finds."""
    mask = torch.ones(1, len(RATES), dtype=torch.bool, device=device)
    rates = torch.tensor([RATES], dtype=torch.float64, device=device)
    assert solution_scores(rates, mask, "product").item() == pytest.approx(value(()))
    values = torch.tensor([[value((True,) * t) for t in (1, 2, 3)]], dtype=torch.float64, device=device)
    assert solution_scores(values, mask, "last").item() == value((True,) * 3) == 1.0


@pytest.mark.parametrize(("how", "expected"), [("min", [0.2, 0.5]), ("product", [0.09, 0.4]), ("last", [0.5, 0.8])])
def test_scores_by_hand(device, how, expected):
    steps = torch.tensor([[0.9, 0.2, 0.5], [0.5, 0.8, math.nan]], device=device)
    mask = torch.tensor([[1, 1, 1], [1, 1, 0]], device=device)
    assert solution_scores(steps, mask, how).tolist() == pytest.approx(expected)
    torch.testing.assert_close(solution_scores(steps, mask, "mean"), torch.tensor([1.6 / 3, 0.65], device=device))


def test_weakest_step_is_taken_unless_said_otherwise(device):
    steps, mask = torch.rand(4, 3, device=device), torch.ones(4, 3, dtype=torch.bool, device=device)
    assert torch.equal(solution_scores(steps, mask), steps.amin(dim=1))


def test_progress_adds_up_to_what_start_and_end_decide(device):
    """Over all solutions of the tree its mean is 0 at every step: what was to be expected earns nothing."""
    gains = torch.zeros(len(RATES), dtype=torch.float64, device=device)
    for steps, chance in solutions():
        values = [value(steps[:t]) for t in range(1, len(steps) + 1)]
        found = progress(torch.tensor(values, dtype=torch.float64, device=device), value(()))
        assert found.sum().item() == pytest.approx(all(steps) - value(()))
        gains += chance * found
    torch.testing.assert_close(gains, torch.zeros_like(gains), atol=1e-12, rtol=0)


def test_progress_of_a_batch_and_of_idle_steps(device):
    values = torch.tensor([[0.5, 0.5, 1.0], [0.2, 0.0, 0.0]], device=device)
    expected = torch.tensor([[0.25, 0.0, 0.5], [0.1, -0.2, 0.0]], device=device)
    torch.testing.assert_close(progress(values, torch.tensor([0.25, 0.1], device=device)), expected)


TWO = torch.zeros(2, 3)
ALL = torch.ones(2, 3, dtype=torch.bool)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: step_labels(torch.zeros(3)), r"outcomes \(3,\)"),
        (lambda: step_labels(torch.zeros(3, 0)), r"outcomes \(3, 0\)"),
        (lambda: process_reward_loss(TWO, TWO[:1], ALL), "not one shape"),
        (lambda: process_reward_loss(TWO[:1], TWO, ALL), "not one shape"),
        (lambda: process_reward_loss(TWO, TWO, TWO), r"mask \(torch.float32\)"),
        (lambda: process_reward_loss(TWO[0], TWO[0], ALL[0]), "not one shape"),
        (lambda: solution_scores(TWO[:1], ALL), "not one shape"),
        (lambda: solution_scores(TWO, ALL, "max"), "how 'max' is not one of"),
        (lambda: solution_scores(TWO, ALL & (torch.arange(2)[:, None] > 0)), "a solution has no step"),
    ],
)
def test_wrong_arguments_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_essence_gives_what_the_module_gives():
    torch.manual_seed(0)
    outcomes = torch.randint(2, (5, 4))
    for hard in (False, True):
        assert essence.step_labels(outcomes.tolist(), hard) == pytest.approx(step_labels(outcomes, hard).tolist())
    for wrong in range(1, 8):
        assert essence.first_error(lambda t, wrong=wrong: t < wrong, 6) == first_error(lambda t, w=wrong: t < w, 6)
    steps = torch.rand(1, 5, dtype=torch.float64)
    for how in ("min", "product", "last", "mean"):
        expected = solution_scores(steps, torch.ones(1, 5, dtype=torch.bool), how).item()
        assert essence.solution_score(steps[0].tolist(), how) == pytest.approx(expected)
    assert essence.progress(steps[0].tolist(), 0.3) == pytest.approx(progress(steps[0], 0.3).tolist())
