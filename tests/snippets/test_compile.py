"""Losses and what they are made of compile as a whole, so they never ask the GPU for a number to decide by."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from snippets.clip_loss import clip_loss
from snippets.cross_entropy import cross_entropy, linear_cross_entropy
from snippets.ddpm import denoising_loss, linear_betas
from snippets.distillation import distillation_loss
from snippets.dpo_loss import dpo_loss, ipo_loss, sequence_logps
from snippets.flow_matching import flow_matching_loss
from snippets.gae import whiten
from snippets.gradient_accumulation import causal_lm_loss
from snippets.grpo import grpo_loss
from snippets.kl_penalty import kl_estimate
from snippets.masked_diffusion_lm import masked_diffusion_loss
from snippets.masked_lm import masked_lm_loss
from snippets.moe_routing import load_balancing_loss
from snippets.multi_token_prediction import mtp_loss
from snippets.multi_turn_loss import dialogue_loss
from snippets.perplexity import perplexity
from snippets.policy_entropy import entropy_loss, policy_entropy
from snippets.policy_kl import exact_kl, policy_kl
from snippets.ppo_loss import actor_loss, critic_loss, token_logps
from snippets.preference_losses import kto_loss, kto_reference_point, noisy_dpo_loss, orpo_loss, simpo_loss
from snippets.process_reward import process_reward_loss
from snippets.reward_model_loss import last_token_rewards, ranking_loss, reward_model_loss
from snippets.sentence_embedding import contrastive_loss
from snippets.sequence_policy_loss import cispo_loss, dapo_loss, gspo_loss
from snippets.tiny_gpt import next_token_loss

B, T, V = 3, 4, 5
LOGITS = torch.linspace(-2, 2, B * T * V).sin().view(B, T, V)
LABELS = torch.tensor([[1, 2, -100, 3], [0, 4, 1, -100], [-100, 2, 2, 2]])
ROWS = LOGITS[..., 0]  # (B, T)
MASK = torch.tensor([[1, 1, 0, 0], [0, 1, 1, 1], [1, 1, 1, 1]])  # as a tokenizer has it
SCORES = LOGITS[:, 0, 0]  # (B,)

LOSSES: dict[str, Callable[[Tensor], object]] = {
    "clip_loss": lambda x: clip_loss(x[:, 0], x[:, 1], x[0, 0, 0]),
    "cross_entropy": lambda x: cross_entropy(x, LABELS, 0.1, 0.1),
    "linear_cross_entropy": lambda x: linear_cross_entropy(x[0], LOGITS[1], LABELS[0].clamp(max=3), chunk=2),
    "causal_lm_loss": lambda x: causal_lm_loss(x, LABELS, (LABELS[:, 1:] != -100).sum()) + causal_lm_loss(x, LABELS),
    "denoising_loss": lambda x: denoising_loss(lambda noisy, steps: noisy * x.mean(), x, linear_betas()),
    "distillation_loss": lambda x: distillation_loss(x, LOGITS, LABELS),
    "dpo_loss": lambda x: dpo_loss(x[:, 0, 0], x[:, 0, 1], SCORES, SCORES)[0],
    "ipo_loss": lambda x: ipo_loss(x[:, 0, 0], x[:, 0, 1], SCORES, SCORES),
    "sequence_logps": lambda x: sequence_logps(x, LABELS),
    "whiten": lambda x: whiten(x[..., 0], MASK),
    "flow_matching_loss": lambda x: flow_matching_loss(lambda points, t: points * x.mean() + t[:, None, None], x),
    "grpo_loss": lambda x: grpo_loss(x[..., 0], ROWS, SCORES, MASK, ROWS, average="constant", max_completion_length=9),
    "kl_estimate": lambda x: kl_estimate(x[..., 0], ROWS, "k3"),
    "masked_diffusion_loss": lambda x: masked_diffusion_loss(x, LABELS.clamp(min=0), MASK, SCORES[:, None].exp(), MASK),
    "masked_lm_loss": lambda x: masked_lm_loss(x, LABELS),
    "mtp_loss": lambda x: mtp_loss([x[:, 1:], x[:, 2:]], LABELS),
    "load_balancing_loss": lambda x: load_balancing_loss(x[0], 2, MASK[0]),
    "dialogue_loss": lambda x: dialogue_loss(x, LABELS, "sample"),
    "perplexity": lambda x: perplexity(x, LABELS),
    "policy_entropy": policy_entropy,
    "entropy_loss": lambda x: entropy_loss(x[..., 0], MASK),
    "exact_kl": lambda x: exact_kl(x, LOGITS + 1),
    "policy_kl": lambda x: policy_kl(x[..., 0], ROWS, MASK),
    "actor_loss": lambda x: actor_loss(x[..., 0], ROWS, ROWS, MASK)[0],
    "critic_loss": lambda x: critic_loss(x[..., 0], ROWS, ROWS, MASK)[0],
    "token_logps": lambda x: token_logps(x, LABELS.clamp(min=0)),
    "noisy_dpo_loss": lambda x: noisy_dpo_loss(x, 0.2) + noisy_dpo_loss(x, 0.2, robust=True),
    "kto_loss": lambda x: kto_loss(x[:, 0, 0], SCORES, SCORES > 0, kto_reference_point(x[:, 1, 1], SCORES)),
    "orpo_loss": lambda x: orpo_loss(x[:, 0, 0] - 3, x[:, 0, 1] - 3),
    "simpo_loss": lambda x: simpo_loss(x[:, 0, 0], x[:, 0, 1]),
    "last_token_rewards": lambda x: last_token_rewards(x[..., 0], MASK),
    "reward_model_loss": lambda x: reward_model_loss(x[:, 0, 0], x[:, 0, 1], center=0.1),
    "ranking_loss": lambda x: ranking_loss(x[..., 0]),
    "dapo_loss": lambda x: dapo_loss(x[..., 0], ROWS + 0.1, SCORES, MASK),
    "gspo_loss": lambda x: gspo_loss(x[..., 0], ROWS + 0.1, SCORES, MASK),
    "cispo_loss": lambda x: cispo_loss(x[..., 0], ROWS + 0.1, SCORES, MASK),
    "process_reward_loss": lambda x: process_reward_loss(x[..., 0], ROWS.sigmoid(), MASK),
    "next_token_loss": lambda x: next_token_loss(x, LABELS),
    "contrastive_loss": lambda x: contrastive_loss(x[:, 0], x[:, 1]),
}


@pytest.mark.parametrize("name", LOSSES)
def test_loss_compiles_whole_and_stays_the_same(name):
    """A branch on a value, `.item()` or a boolean index would break the graph, and make a GPU wait."""
    loss = LOSSES[name]
    torch.manual_seed(0)
    expected = loss(LOGITS)
    torch.manual_seed(0)
    torch.testing.assert_close(torch.compile(loss, fullgraph=True, backend="eager")(LOGITS), expected)
