"""The PPO loop: it learns, it stays near if that is dear, and each round equals the parts put together."""

import math

import pytest
import torch

from snippets.essence import ppo as essence
from snippets.gae import gae, whiten
from snippets.kl_penalty import token_rewards
from snippets.policy_entropy import entropy_loss, policy_entropy
from snippets.policy_kl import policy_kl, should_stop
from snippets.ppo import ToyLM, ppo_round, token_logps
from snippets.ppo_loss import actor_loss, critic_loss


def models(device):
    """A policy and its frozen copy."""
    policy, reference = ToyLM(5, 12), ToyLM(5, 12)
    reference.load_state_dict(policy.state_dict())
    return policy.to(device), reference.to(device)


def climbs(tokens):
    """A reward: how often a token is one more than the last."""
    return (tokens[:, 1:] == (tokens[:, :-1] + 1) % 5).float().sum(dim=1)


def train(device, rounds=20, **settings):
    """Records of some rounds from the same start."""
    torch.manual_seed(0)
    policy, reference = models(device)
    optimizer = torch.optim.Adam(policy.parameters(), lr=0.02)
    generator = torch.Generator(device).manual_seed(1)
    return [
        ppo_round(policy, reference, climbs, optimizer, batch=32, length=6, generator=generator, **settings)
        for _ in range(rounds)
    ]


def test_reward_rises_and_a_dear_reference_bounds_the_divergence(device):
    cheap, dear = train(device, beta=0.01), train(device, beta=1.0)
    assert cheap[0]["kl"] == dear[0]["kl"] == 0
    assert cheap[0]["score"] == dear[0]["score"] < 1.8
    assert cheap[-1]["score"] > 3
    assert cheap[-1]["entropy"] < cheap[0]["entropy"]
    assert max(stats["kl"] for stats in dear) < 0.5 * cheap[-1]["kl"]
    assert dear[-1]["score"] < cheap[-1]["score"]


def test_entropy_bonus_keeps_the_policy_open(device):
    plain, open_ = train(device, beta=0.0), train(device, beta=0.0, entropy_weight=0.3)
    assert open_[-1]["entropy"] > plain[-1]["entropy"] + 0.1


@pytest.mark.parametrize("updates", [1, 3])
def test_round_equals_the_parts_put_together(device, updates):
    """The same samples through the snippets of the parts, each tested against trl: the same parameters after it."""
    policy, reference = models(device)
    with torch.no_grad():
        for parameter in reference.parameters():
            parameter += 0.3 * torch.randn_like(parameter)
    other, _ = models(device)
    other.load_state_dict(policy.state_dict())
    # Large steps, so that clipping has something to do from the second update on.
    optimizers = [torch.optim.SGD(model.parameters(), lr=2.0) for model in (policy, other)]
    seeds = [torch.Generator(device).manual_seed(2) for _ in range(2)]
    settings = {"beta": 0.3, "gamma": 0.9, "lam": 0.8, "clip": 0.1}
    stats = ppo_round(
        policy,
        reference,
        climbs,
        optimizers[0],
        batch=16,
        length=4,
        critic_weight=0.7,
        entropy_weight=0.05,
        updates=updates,
        target_kl=100.0,
        generator=seeds[0],
        **settings,
    )

    with torch.no_grad():
        tokens = other.sample(16, 4, seeds[1])
        logits, old_values = other(tokens)
        old_logps, ref_logps = token_logps(logits, tokens), token_logps(reference(tokens)[0], tokens)
        rewards, kls = token_rewards(climbs(tokens), old_logps, ref_logps, 0.3)
        advantages, returns = gae(rewards, old_values, 0.9, 0.8)
        advantages = whiten(advantages)
        entropy = policy_entropy(logits).mean()
    clipped = 0.0
    for _ in range(updates):
        logits, values = other(tokens)
        actor, share = actor_loss(token_logps(logits, tokens), old_logps, advantages, clip=0.1)
        critic, critic_share = critic_loss(values, old_values, returns, clip=0.1)
        clipped += share.item() * critic_share.item()
        optimizers[1].zero_grad()
        (actor + 0.7 * critic + 0.05 * entropy_loss(policy_entropy(logits))).backward()
        optimizers[1].step()
    assert (clipped > 0) == (updates > 1)
    for ours, expected in zip(policy.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(ours, expected, atol=1e-4, rtol=1e-4)
    assert stats["updates"] == updates
    assert math.isclose(stats["score"], climbs(tokens).mean().item())
    assert math.isclose(stats["kl"], kls.mean().item(), rel_tol=1e-4, abs_tol=1e-5)
    assert math.isclose(stats["entropy"], entropy.item(), rel_tol=1e-5)


def test_first_update_by_hand(device):
    """Two responses of one token, rewards d and 0, all weights 0: the advantages are those, their deviation d / √2.

    With d = √2 · 10⁻⁸ the small number added to it counts as much: (d / 2) / (2 · 10⁻⁸) = √2 / 4, up and down. The
    gradient of a token's log-probability is (1/2, -1/2) or (-1/2, 1/2), and the loss is the mean of two.
    """
    policy, reference = (ToyLM(2, 3).double().to(device) for _ in range(2))
    with torch.no_grad():
        for parameter in [*policy.parameters(), *reference.parameters()]:
            parameter.zero_()
    policy.sample = lambda *_: torch.tensor([[0], [1]], device=device)
    rewards = torch.tensor([math.sqrt(2) * 1e-8, 0.0], dtype=torch.float64, device=device)
    optimizer = torch.optim.SGD(policy.parameters(), lr=1.0)
    ppo_round(policy, reference, lambda _: rewards, optimizer, batch=2, length=1, updates=1)
    assert policy.actor.bias.tolist() == pytest.approx([math.sqrt(2) / 8, -math.sqrt(2) / 8])


@pytest.mark.parametrize(("lr", "updates"), [(0.02, 4), (0.2, 1)])
def test_defaults_are_what_they_are_said_to_be(device, lr, updates):
    """Small steps, where all updates are made, and large ones, which are stopped after the first."""
    results = []
    written = {"beta": 0.05, "gamma": 1.0, "lam": 0.95, "clip": 0.2, "critic_weight": 0.5, "entropy_weight": 0.0}
    for settings in ({}, {"batch": 64, "length": 8, "updates": 4, "target_kl": 0.05, **written}):
        torch.manual_seed(0)
        policy, reference = models(device)
        with torch.no_grad():
            reference.actor.bias += torch.randn(5, device=device)
        optimizer = torch.optim.Adam(policy.parameters(), lr)
        generator = torch.Generator(device).manual_seed(1)
        assert ppo_round(policy, reference, climbs, optimizer, **settings, generator=generator)["updates"] == updates
        results.append(list(policy.parameters()))
    torch.testing.assert_close(*results)


def test_updates_stop_where_the_policy_has_gone_too_far(device):
    torch.manual_seed(0)
    policy, reference = models(device)
    optimizer = torch.optim.SGD(policy.parameters(), lr=5.0)
    before = [parameter.clone() for parameter in policy.parameters()]
    generator = torch.Generator(device).manual_seed(3)
    stats = ppo_round(policy, reference, climbs, optimizer, 16, 6, updates=50, target_kl=0.01, generator=generator)
    assert 1 <= stats["updates"] < 50
    tokens = reference.sample(16, 6, torch.Generator(device).manual_seed(3))  # the same as in the round
    with torch.no_grad():
        logps, old_logps = token_logps(policy(tokens)[0], tokens), token_logps(reference(tokens)[0], tokens)
    assert should_stop(policy_kl(logps, old_logps)[1].item(), 0.01)
    assert any(not torch.equal(a, b) for a, b in zip(before, policy.parameters(), strict=True))


def test_updates_stop_at_one_and_a_half_times_the_target(device):
    def round_of_two(target_kl):
        torch.manual_seed(0)
        policy, reference = models(device)
        optimizer = torch.optim.SGD(policy.parameters(), lr=0.5)
        generator = torch.Generator(device).manual_seed(3)
        stats = ppo_round(
            policy, reference, climbs, optimizer, 16, 6, 0.0, updates=2, target_kl=target_kl, generator=generator
        )
        return stats["updates"], policy, reference

    made, policy, reference = round_of_two(0.0)  # of a policy that has not moved at all, 0 is not above 0
    assert made == 1
    tokens = reference.sample(16, 6, torch.Generator(device).manual_seed(3))
    with torch.no_grad():
        logps, old_logps = (token_logps(model(tokens)[0], tokens) for model in (policy, reference))
    limit = policy_kl(logps, old_logps)[1].item() / 1.5
    assert [round_of_two(factor * limit)[0] for factor in (0.99, 1.01)] == [1, 2]


def test_samples_follow_the_distribution_that_forward_gives(device):
    """All 9 pairs over 3 tokens: expected counts from the logits, and Pearson's χ² with 8 degrees of freedom."""
    torch.manual_seed(0)
    model = ToyLM(3, 8).to(device)
    tokens = model.sample(4000, 2)
    counts = torch.bincount(3 * tokens[:, 0] + tokens[:, 1], minlength=9).double()
    pairs = torch.cartesian_prod(torch.arange(3), torch.arange(3)).to(device)
    expected = 4000 * token_logps(model(pairs)[0], pairs).sum(dim=1).exp().double()
    assert math.isclose(expected.sum().item(), 4000, rel_tol=1e-5)
    assert ((counts - expected).square() / expected).sum() < 42  # by chance once in a million


def test_logits_and_values_look_at_earlier_tokens_alone(device):
    model = ToyLM(5, 12).to(device)
    tokens = torch.randint(5, (2, 6), device=device)
    changed = tokens.clone()
    changed[:, 3] = (changed[:, 3] + 1) % 5
    for before, after in zip(model(tokens), model(changed), strict=True):
        torch.testing.assert_close(before[:, :4], after[:, :4])
        assert not torch.allclose(before[:, 4:], after[:, 4:])


def test_every_row_of_the_embedding_is_used(device):
    model = ToyLM(5, 12).to(device)
    model(torch.arange(6, device=device)[None].clamp(max=4))[0].sum().backward()
    assert (model.embed.weight.grad != 0).any(dim=1).tolist() == [True] * 6


def test_reference_never_changes_and_the_reward_sees_the_samples(device):
    policy, reference = models(device)
    before, seen = [parameter.clone() for parameter in reference.parameters()], []
    optimizer = torch.optim.Adam(policy.parameters())

    def reward(tokens):
        seen.append(tokens)
        return climbs(tokens)

    ppo_round(policy, reference, reward, optimizer, batch=3, length=4, updates=1)
    assert [tuple(tokens.shape) for tokens in seen] == [(3, 4)]
    assert all(torch.equal(a, b) for a, b in zip(before, reference.parameters(), strict=True))
    assert all(parameter.grad is None for parameter in reference.parameters())


def test_responses_of_one_token(device):
    policy, reference = models(device)
    optimizer = torch.optim.Adam(policy.parameters())
    stats = ppo_round(policy, reference, lambda tokens: (tokens[:, 0] == 1).float(), optimizer, batch=8, length=1)
    assert all(math.isfinite(value) for value in stats.values())


@pytest.mark.parametrize(("batch", "length", "updates"), [(0, 4, 1), (4, 0, 1), (4, 4, 0), (1, 1, 1), (-2, -2, 1)])
def test_wrong_arguments_are_refused(batch, length, updates):
    with pytest.raises(ValueError, match="are not all enough"):
        ppo_round(None, None, None, None, batch, length, updates=updates)


def test_essence_is_the_module():
    def learn(one_round):
        torch.manual_seed(0)
        policy, reference = ToyLM(6, 8).double(), ToyLM(6, 8).double()
        optimizer = torch.optim.Adam(policy.parameters(), lr=0.01)
        for _ in range(3):
            one_round(policy, reference, optimizer)
        return torch.cat([parameter.detach().flatten() for parameter in policy.parameters()])

    def climbs_of(tokens):
        return (tokens[:, 1:] == (tokens[:, :-1] + 1) % 6).double().sum(dim=1)

    ours = learn(lambda *models: ppo_round(*models[:2], climbs_of, models[2], beta=0.1, clip=0.1, target_kl=math.inf))
    shown = learn(lambda *models: essence.ppo_round(*models[:2], climbs_of, models[2], beta=0.1, eps=0.1))
    torch.testing.assert_close(shown, ours)
