"""Best of n against every choice, every sequence of draws, scipy's hypergeometric distribution and Python's Counter."""

import itertools
import math
from collections import Counter

import pytest
import torch

from snippets.best_of_n import (
    best_of_n_distribution,
    best_of_n_kl,
    best_of_n_value,
    majority_vote,
    pass_at_k,
)
from snippets.essence import best_of_n as essence


@pytest.mark.parametrize("k", [1, 2, 5, 6])
def test_pass_at_k_is_the_share_of_choices_with_a_right_answer(device, k):
    correct = torch.arange(7, device=device)
    found = pass_at_k(6, correct, k)
    assert found.dtype == torch.float64
    for c in range(7):
        ways = list(itertools.combinations([True] * c + [False] * (6 - c), k))
        assert found[c].item() == pytest.approx(sum(map(any, ways)) / len(ways), abs=1e-12)


def test_pass_at_k_is_that_of_scipy_for_many_samples(device):
    from scipy.stats import hypergeom

    samples = torch.tensor([[200, 1000], [200, 150]], device=device)
    correct = torch.tensor([[7, 1], [0, 149]], device=device)
    expected = 1 - hypergeom.pmf(0, samples.cpu().numpy(), correct.cpu().numpy(), 100)
    torch.testing.assert_close(pass_at_k(samples, correct, 100).cpu(), torch.from_numpy(expected))


def test_pass_at_k_by_hand(device):
    """Three of ten right: 0.3 at 1, and 1 - C(7, 5) / C(10, 5) = 1 - 21 / 252 at 5."""
    three = torch.tensor(3, device=device)
    assert pass_at_k(10, three, 1).item() == pytest.approx(0.3)
    assert pass_at_k(10, three, 5).item() == pytest.approx(1 - 21 / 252)


def test_vote_is_that_of_a_counter(device):
    draw = torch.Generator().manual_seed(0)
    answers = torch.randint(-2, 3, (40, 5, 9), generator=draw)
    found = majority_vote(answers.to(device)).cpu()
    for row, answer in zip(answers.flatten(0, 1).tolist(), found.flatten().tolist(), strict=True):
        assert answer == Counter(row).most_common(1)[0][0]  # of equals the first met, too
    assert found.shape == (40, 5)


def test_weights_are_voices(device):
    answers = torch.tensor([[4, 4, 7, 9], [4, 4, 7, 9]], device=device)
    weights = torch.tensor([[0.2, 0.2, 0.5, 0.1], [0.3, 0.3, 0.5, 0.1]], device=device)
    assert majority_vote(answers, weights).tolist() == [7, 4]
    assert majority_vote(answers, torch.ones_like(weights)).tolist() == [4, 4]
    loud = torch.tensor([0.4, 0.1, 0.1, 0.35, 0.35], device=device)  # 0.6 for 1, and 0.7 for 2
    assert majority_vote(torch.tensor([1, 1, 1, 2, 2], device=device), loud) == 2
    assert majority_vote(torch.tensor([5, 6, 6], device=device), torch.tensor([1, 0, 0], device=device)).item() == 5


@pytest.mark.parametrize("n", [1, 2, 4, 7])
def test_value_of_the_best_is_the_mean_over_all_choices(device, n):
    draw = torch.Generator().manual_seed(0)
    scores, values = torch.randn(2, 3, 7, generator=draw)
    found = best_of_n_value(scores.to(device), values.to(device), n)
    assert found.dtype == torch.float64 and found.shape == (3,)
    for row in range(3):
        ways = itertools.combinations(range(7), n)
        best = [values[row, max(way, key=lambda i: scores[row, i].item())].item() for way in ways]
        assert found[row].item() == pytest.approx(sum(best) / len(best), abs=1e-6)


def test_value_with_right_and_wrong_as_the_score_is_pass_at_k(device):
    right = torch.tensor([0.0, 1.0, 0.0, 0.0, 1.0, 0.0], device=device)
    for k in range(1, 7):
        torch.testing.assert_close(best_of_n_value(right, right, k), pass_at_k(6, right.sum(), k))


def test_value_keeps_its_digits_among_many_answers(device):
    """The best of 100 ranks out of 1,000 is 100 * 1001 / 101 in the mean."""
    rank = torch.arange(1, 1001, device=device)
    assert best_of_n_value(rank, rank, 100).item() == pytest.approx(100 * 1001 / 101, rel=1e-10)


def test_of_equal_scores_the_later_is_chosen(device):
    scores, values = torch.zeros(3, device=device), torch.tensor([1, 10, 100], device=device)
    assert best_of_n_value(scores, values, 3).item() == pytest.approx(100.0)
    assert best_of_n_value(scores, values, 2).item() == pytest.approx(70.0)  # (10 + 100 + 100) / 3


@pytest.mark.parametrize("n", [1, 2, 3, 5])
@pytest.mark.parametrize("scores", [[0.5, -1.0, 3.0, 2.0], [1.0, 2.0, 1.0, 2.0], [0.0, 0.0, 0.0, 0.0]])
def test_distribution_is_that_of_every_sequence_of_draws(device, scores, n):
    p = torch.tensor([0.4, 0.3, 0.3, 0.0], device=device)
    found = best_of_n_distribution(p, torch.tensor(scores, device=device), n)
    expected = [0.0] * 4
    for draws in itertools.product(range(4), repeat=n):
        chance = math.prod(p[i].item() for i in draws)
        best = [i for i in draws if scores[i] == max(scores[j] for j in draws)]
        for i in best:
            expected[i] += chance / len(best)
    torch.testing.assert_close(found.cpu(), torch.tensor(expected, dtype=torch.float64), atol=1e-7, rtol=1e-6)


def exact_kl(p, q):
    kept = q > 0
    return (q[kept] * (q[kept] / p[kept]).log()).sum().item()


@pytest.mark.parametrize("n", [1, 2, 8, 64])
def test_kl_is_reached_by_many_different_scores_and_never_passed(device, n):
    many = torch.full((20_000,), 1 / 20_000, dtype=torch.float64)
    ranks = torch.arange(1, 20_001, dtype=torch.float64) / 20_000
    q = ranks**n - (ranks - 1 / 20_000) ** n  # the best of n when all scores differ
    assert exact_kl(many, q) == pytest.approx(best_of_n_kl(n), abs=0.01)
    few = torch.tensor([0.7, 0.2, 0.1], dtype=torch.float64, device=device)
    found = best_of_n_distribution(few, torch.tensor([0.0, 1.0, 2.0], device=device), n)
    assert exact_kl(few, found) <= best_of_n_kl(n) + 1e-12
    assert exact_kl(few, found) <= -math.log(0.1)  # what is rare can be chosen no more than always


def test_kl_by_hand():
    assert best_of_n_kl(1) == 0.0
    assert best_of_n_kl(2) == pytest.approx(math.log(2) - 0.5)


ONES = torch.ones(3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: pass_at_k(3, ONES, 0), "k 0"),
        (lambda: pass_at_k(3, ONES, 4), "k 4 is below 1 or above num_samples 3"),
        (lambda: majority_vote(torch.ones(2, 0)), "no sample"),
        (lambda: majority_vote(ONES, torch.ones(3, 1)), r"\(3, 1\)"),
        (lambda: best_of_n_value(ONES, ONES, 0), "n 0"),
        (lambda: best_of_n_value(ONES, ONES, 4), "n 4"),
        (lambda: best_of_n_value(ONES, torch.ones(1, 3), 2), r"\(1, 3\)"),
        (lambda: best_of_n_distribution(ONES / 3, ONES, 0), "n 0"),
        (lambda: best_of_n_distribution(ONES / 3, ONES[:1], 1), r"\(1,\)"),
        (lambda: best_of_n_distribution(torch.eye(3), torch.eye(3), 1), r"\(3, 3\)"),
        (lambda: best_of_n_kl(0), "n 0"),
    ],
)
def test_wrong_arguments_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_essence_gives_what_the_module_gives():
    draw = torch.Generator().manual_seed(0)
    scores, values = torch.randn(2, 9, generator=draw)
    for n in (1, 3, 9):
        expected = best_of_n_value(scores, values, n).item()
        assert essence.best_of_n_value(scores.tolist(), values.tolist(), n) == pytest.approx(expected)
        assert essence.pass_at_k(9, 4, n) == pytest.approx(pass_at_k(9, torch.tensor(4), n).item())
        assert essence.best_of_n_kl(n) == best_of_n_kl(n)
    answers = torch.randint(4, (30, 8), generator=draw)
    assert [essence.majority_vote(row) for row in answers.tolist()] == majority_vote(answers).tolist()
