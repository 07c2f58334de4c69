"""Token rewards against trl, the estimators against the divergence they estimate, the controller against trl."""

import math

import pytest
import torch

from snippets.essence import kl_penalty as essence
from snippets.kl_penalty import adapt_beta, kl_estimate, token_rewards

EXACT = {"atol": 1e-12, "rtol": 1e-12}
NAMES = {"kl": "k1", "abs": "abs", "mse": "k2"}  # trl's, and ours


def double(values, device):
    """A float64 tensor."""
    return torch.tensor(values, dtype=torch.float64, device=device)


@pytest.mark.parametrize("index", range(3))
def test_rewards_equal_trl_where_the_mask_holds(device, trl, index):
    case = trl["kl"][index]
    scores, logps, ref_logps = (double(case[name], device) for name in ("scores", "logps", "ref_logps"))
    mask = torch.tensor(case["mask"], device=device)
    rewards, kls = token_rewards(scores, logps, ref_logps, case["beta"], mask, NAMES[case["kind"]])
    torch.testing.assert_close(rewards[mask], double(case["rewards"], device)[mask], **EXACT)
    torch.testing.assert_close(kls, (double(case["kls"], device) * mask).sum(dim=1), **EXACT)
    assert (rewards[~mask] == 0).all()


def test_rewards_by_hand(device):
    """β = 0.5; logps (-1, -2, -3), reference (-2, -2, -1): k₁ = (1, 0, -2).

    Prices -0.5, 0 and +1: leaving the reference towards less likely tokens earns. The score 10 goes to the last token;
    with the last masked, to the second. Sums: -1, and 1 without the last.
    """
    scores = double([10.0, 10.0], device)
    logps, ref_logps = double([[-1.0, -2.0, -3.0]] * 2, device), double([[-2.0, -2.0, -1.0]] * 2, device)
    mask = torch.tensor([[True, True, True], [True, True, False]], device=device)
    rewards, kls = token_rewards(scores, logps, ref_logps, 0.5, mask)
    assert rewards.tolist() == [[-0.5, 0.0, 11.0], [-0.5, 10.0, 0.0]]
    assert kls.tolist() == [-1.0, 1.0]


def test_estimators_by_hand(device):
    """d = ln 2: k₁ = ln 2, k₂ = (ln 2)² / 2, k₃ = 1/2 - 1 + ln 2. d = -ln 2: k₃ = 2 - 1 - ln 2."""
    log2 = math.log(2)
    logps, ref_logps = double([0.0, -log2], device), double([-log2, 0.0], device)
    for kind, expected in (
        ("k1", [log2, -log2]),
        ("k2", [log2**2 / 2] * 2),
        ("k3", [log2 - 0.5, 1 - log2]),
        ("abs", [log2, log2]),
    ):
        torch.testing.assert_close(kl_estimate(logps, ref_logps, kind), double(expected, device), **EXACT)


def test_k1_and_k3_have_the_divergence_as_their_mean_and_k3_less_variance(device):
    policy, reference = torch.randn(2, 20, device=device, dtype=torch.float64).log_softmax(dim=-1)
    probs = policy.exp()
    exact = (probs * (policy - reference)).sum()

    def mean_and_variance(kind):
        estimate = kl_estimate(policy, reference, kind)
        mean = (probs * estimate).sum()
        return mean, (probs * (estimate - mean).square()).sum()

    for kind in ("k1", "k3"):
        torch.testing.assert_close(mean_and_variance(kind)[0], exact, **EXACT)
    assert mean_and_variance("k3")[1] < mean_and_variance("k1")[1]
    assert kl_estimate(policy, reference, "k3").min() >= 0
    assert kl_estimate(policy, reference, "k1").min() < 0
    assert torch.equal(kl_estimate(policy, reference), kl_estimate(policy, reference, "k1"))


def test_near_the_reference_k2_and_k3_agree(device):
    d = double([1e-3, -1e-3, 1e-6], device)
    k2, k3 = (kl_estimate(d, torch.zeros_like(d), kind) for kind in ("k2", "k3"))
    torch.testing.assert_close(k3, k2, rtol=1e-3, atol=0)


def test_rewards_sum_to_the_penalised_score(device):
    logps, ref_logps = torch.randn(2, 3, 7, device=device, dtype=torch.float64)
    scores = torch.randn(3, device=device, dtype=torch.float64)
    rewards, kls = token_rewards(scores, logps, ref_logps, 0.3)
    torch.testing.assert_close(rewards.sum(dim=1), scores - 0.3 * kls)
    torch.testing.assert_close(kls, (logps - ref_logps).sum(dim=1))


def test_policy_equal_to_the_reference_pays_nothing(device):
    logps = torch.randn(2, 4, device=device)
    for kind in ("k1", "k2", "k3", "abs"):
        rewards, kls = token_rewards(torch.tensor([3.0, -1.0], device=device), logps, logps, 5.0, kind=kind)
        assert rewards.tolist() == [[0, 0, 0, 3.0], [0, 0, 0, -1.0]]
        assert kls.tolist() == [0.0, 0.0]


def test_what_stands_under_the_mask_does_not_matter(device):
    logps, ref_logps = torch.randn(2, 2, 4, device=device)
    mask = torch.tensor([[False, True, True, False], [False, True, False, True]], device=device)
    expected = token_rewards(torch.ones(2, device=device), logps, ref_logps, 0.1, mask)
    logps, ref_logps = logps.masked_fill(~mask, torch.nan), ref_logps.masked_fill(~mask, -torch.inf)
    for ours, wanted in zip(
        token_rewards(torch.ones(2, device=device), logps, ref_logps, 0.1, mask), expected, strict=True
    ):
        assert torch.equal(ours, wanted)


def test_rewards_are_data_and_estimates_carry_gradient(device):
    logps = torch.randn(1, 3, device=device, dtype=torch.float64, requires_grad=True)
    ref_logps = torch.randn(1, 3, device=device, dtype=torch.float64, requires_grad=True)
    rewards, kls = token_rewards(torch.ones(1, device=device), logps, ref_logps, 0.1)
    assert not rewards.requires_grad
    assert not kls.requires_grad
    for kind in ("k1", "k2", "k3", "abs"):
        assert torch.autograd.gradcheck(lambda a, b, kind=kind: kl_estimate(a, b, kind), (logps, ref_logps))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_widened(device, dtype):
    logps, ref_logps = (-5 * torch.rand(2, 3, 4, device=device)).to(dtype)
    scores = torch.randn(3, device=device)
    rewards, _ = token_rewards(scores, logps, ref_logps, 0.1)
    assert rewards.dtype == torch.float32
    torch.testing.assert_close(rewards, token_rewards(scores, logps.float(), ref_logps.float(), 0.1)[0])


def test_no_price_leaves_the_score_alone(device):
    logps, ref_logps = torch.randn(2, 1, 3, device=device)
    assert token_rewards(torch.ones(1, device=device), logps, ref_logps, 0.0)[0].tolist() == [[0.0, 0.0, 1.0]]


def test_one_token_and_no_responses(device):
    one = torch.zeros(1, 1, device=device)
    assert token_rewards(torch.ones(1, device=device), one, one, 0.1)[0].tolist() == [[1.0]]
    none = torch.zeros(0, 4, device=device)
    assert token_rewards(torch.zeros(0, device=device), none, none, 0.1)[0].shape == (0, 4)


def test_controller_equals_trl(trl):
    case = trl["adaptive_kl"]
    beta, betas = case["init"], []
    for kl in case["kls"]:
        beta = adapt_beta(beta, kl, case["target"], case["horizon"], case["steps"])
        betas.append(beta)
    assert betas == pytest.approx(case["betas"], rel=1e-12)


def test_controller_by_hand():
    """Target 10, horizon 100, 50 samples: KL 11 is 10 % too much: 1 + 0.1 · 0.5. KL 40 and 0 count as ±20 %."""
    assert [adapt_beta(1.0, kl, 10.0, 100, 50) for kl in (10.0, 11.0, 40.0, 0.0)] == pytest.approx([1, 1.05, 1.1, 0.9])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"beta": -0.1}, "beta -0.1"),
        ({"beta": math.nan}, "beta nan"),
        ({"scores": torch.zeros(3)}, r"scores \(3,\)"),
        ({"logps": torch.zeros(2)}, "not"),
        ({"ref_logps": torch.zeros(2, 1)}, r"ref_logps \(2, 1\)"),
        ({"mask": torch.ones(2, 3)}, "not bool"),
        ({"mask": torch.ones(2, 1, dtype=torch.bool)}, "not bool"),
        ({"mask": torch.tensor([[True] * 3, [False] * 3])}, "no token"),
        ({"kind": "kl"}, "kind 'kl'"),
    ],
)
def test_wrong_arguments_are_refused(change, message):
    arguments = {"scores": torch.zeros(2), "logps": torch.zeros(2, 3), "ref_logps": torch.zeros(2, 3), "beta": 0.1}
    with pytest.raises(ValueError, match=message):
        token_rewards(**{**arguments, **change})


def test_target_and_horizon_may_be_below_1():
    """Target 1/2, horizon 1/4, one sample: KL 0.55 is 10 % too much, 1 + 0.1 · 4."""
    assert adapt_beta(1.0, 0.55, 0.5, 0.25, 1) == pytest.approx(1.4)


@pytest.mark.parametrize(("target", "horizon"), [(0.0, 1.0), (1.0, 0.0), (-1.0, 5.0)])
def test_controller_refuses_a_target_or_horizon_of_nothing(target, horizon):
    with pytest.raises(ValueError, match="not both positive"):
        adapt_beta(0.1, 1.0, target, horizon, 8)


def test_essence_is_the_module():
    torch.manual_seed(0)
    logps, ref_logps = -torch.rand(2, 3, 5, dtype=torch.float64)
    scores = torch.randn(3, dtype=torch.float64)
    shown = essence.token_rewards(scores, logps, ref_logps, 0.2)
    torch.testing.assert_close(shown, token_rewards(scores, logps, ref_logps, 0.2)[0])
    for kind, estimate in zip(("k1", "k2", "k3"), essence.estimates(logps, ref_logps), strict=True):
        torch.testing.assert_close(estimate, kl_estimate(logps, ref_logps, kind))
