r"""PPO: the whole loop on a toy language model

One round: sample responses, score them, turn each score into token rewards with a price for leaving the reference,
estimate advantages, then update actor and critic a few times on the same samples, by clipped losses, and stop early
if the policy has gone too far. Here the language model is small enough to watch all of it work in two seconds.

$$
r_t = -\beta \log \frac{\pi_{\mathrm{old}}(y_t)}{\pi_{\mathrm{ref}}(y_t)} + [t = T]\, R(y), \qquad
A_t = r_t + \gamma V_{t+1} - V_t + \gamma\lambda A_{t+1}
$$

$$
\mathcal{L} = \mathbb{E}_t \big[ \max(-\rho_t A_t,\; -\mathrm{clip}(\rho_t, 1 \pm \epsilon) A_t)
+ c_v (V - R_t)^2 / 2 - c_e H \big]
$$

Papers: [Proximal Policy Optimization Algorithms](https://arxiv.org/abs/1707.06347),
[Fine-Tuning Language Models from Human Preferences](https://arxiv.org/abs/1909.08593).

Letters: `B` batch, `T` response, `V` vocabulary, `C` width. Each part has a snippet of its own, with masks and more.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn


# --8<-- [start:core]
class ToyLM(nn.Module):
    """A recurrent language model with a value head: the critic reads the same states as the actor."""

    def __init__(self, vocabulary: int, width: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(vocabulary + 1, width)  # one more: the start
        self.mix = nn.Linear(2 * width, width)
        self.actor = nn.Linear(width, vocabulary)
        self.critic = nn.Linear(width, 1)

    def step(self, token: Tensor, state: Tensor) -> Tensor:
        """The state `(B, C)` after one more token `(B,)`."""
        return torch.tanh(self.mix(torch.cat([self.embed(token), state], dim=-1)))

    def forward(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Logits `(B, T, V)` and values `(B, T)` before each of the tokens `(B, T)`."""
        start = torch.full_like(tokens[:, :1], self.embed.num_embeddings - 1)
        state, states = self.mix.weight.new_zeros(len(tokens), self.mix.out_features), []
        for token in torch.cat([start, tokens[:, :-1]], dim=1).unbind(dim=1):
            state = self.step(token, state)
            states.append(state)
        hidden = torch.stack(states, dim=1)  # (B, T, C)
        return self.actor(hidden), self.critic(hidden).squeeze(-1)

    @torch.no_grad()
    def sample(self, batch: int, length: int, generator: torch.Generator | None = None) -> Tensor:
        """Token ids `(B, T)`, drawn one after the other."""
        token = torch.full((batch,), self.embed.num_embeddings - 1, device=self.mix.weight.device)
        state, tokens = self.mix.weight.new_zeros(batch, self.mix.out_features), []
        for _ in range(length):
            state = self.step(token, state)
            token = torch.multinomial(self.actor(state).softmax(dim=-1), 1, generator=generator).squeeze(1)
            tokens.append(token)
        return torch.stack(tokens, dim=1)


def token_logps(logits: Tensor, tokens: Tensor) -> Tensor:
    """Log-probability `(B, T)` of each token."""
    return logits.log_softmax(dim=-1).gather(-1, tokens.unsqueeze(-1)).squeeze(-1)


def ppo_round(
    policy: ToyLM,
    reference: ToyLM,
    reward: Callable[[Tensor], Tensor],
    optimizer: torch.optim.Optimizer,
    batch: int = 64,
    length: int = 8,
    beta: float = 0.05,
    gamma: float = 1.0,
    lam: float = 0.95,
    clip: float = 0.2,
    critic_weight: float = 0.5,
    entropy_weight: float = 0.0,
    updates: int = 4,
    target_kl: float = 0.05,
    generator: torch.Generator | None = None,
) -> dict[str, float]:
    """Sample once, learn a few times; `policy` and `optimizer` change in place.

    Args:
        policy: Actor and critic.
        reference: A frozen copy of the policy from before the first round.
        reward: Token ids `(B, T)` to scores `(B,)`: the reward model.
        optimizer: Of the policy's parameters.
        batch: Responses to sample.
        length: Tokens of each.
        beta: Price of a nat away from the reference.
        gamma: Discount.
        lam: Of GAE.
        clip: Of both losses.
        critic_weight: `c_v`.
        entropy_weight: `c_e`.
        updates: Passes over the samples.
        target_kl: The rest of the updates are dropped once the policy is 1.5 times this far from the sampling one.
        generator: Source of the samples.

    Returns:
        Means over the batch: `score`, `kl` to the reference per response, `entropy`; and the `updates` made.

    Raises:
        ValueError: If `batch`, `length` or `updates` is below 1, or there is one token in all: nothing to whiten.
    """
    if min(batch, updates) < 1 or batch * length < 2:
        raise ValueError(f"batch {batch}, length {length} and updates {updates} are not all enough")
    with torch.no_grad():  # 1. experience: everything here is data
        tokens = policy.sample(batch, length, generator)
        logits, old_values = policy(tokens)
        old_logps, ref_logps = token_logps(logits, tokens), token_logps(reference(tokens)[0], tokens)
        entropy = -(logits.softmax(dim=-1) * logits.log_softmax(dim=-1)).sum(dim=-1).mean()
        scores = reward(tokens)
        rewards = -beta * (old_logps - ref_logps)  # (B, T)
        rewards[:, -1] += scores
        advantages, advantage, next_value = torch.zeros_like(rewards), 0.0, 0.0
        for t in reversed(range(length)):
            delta = rewards[:, t] + gamma * next_value - old_values[:, t]
            advantage = delta + gamma * lam * advantage
            advantages[:, t], next_value = advantage, old_values[:, t]
        returns = advantages + old_values
        advantages = (advantages - advantages.mean()) / (advantages.std() + 1e-8)
    made = 0
    for _ in range(updates):  # 2. learning
        logits, values = policy(tokens)
        logps = token_logps(logits, tokens)
        if 0.5 * (logps - old_logps).square().mean() > 1.5 * target_kl:
            break
        ratio = (logps - old_logps).exp()
        actor = torch.maximum(-advantages * ratio, -advantages * ratio.clamp(1 - clip, 1 + clip)).mean()
        near = old_values + (values - old_values).clamp(-clip, clip)
        critic = 0.5 * torch.maximum((values - returns).square(), (near - returns).square()).mean()
        spread = -(logits.softmax(dim=-1) * logits.log_softmax(dim=-1)).sum(dim=-1).mean()
        optimizer.zero_grad()
        (actor + critic_weight * critic - entropy_weight * spread).backward()
        optimizer.step()
        made += 1
    kl = (old_logps - ref_logps).sum(dim=1).mean()
    return {"score": scores.mean().item(), "kl": kl.item(), "entropy": entropy.item(), "updates": made}


# --8<-- [end:core]


def demo() -> None:
    """The reward: how many of eight tokens are one more than the last. What is learned is paid for in KL."""
    torch.manual_seed(0)
    policy, reference = ToyLM(6, 16), ToyLM(6, 16)
    reference.load_state_dict(policy.state_dict())
    optimizer = torch.optim.Adam(policy.parameters(), lr=0.01)
    for step in range(25):
        stats = ppo_round(policy, reference, lambda x: (x[:, 1:] == (x[:, :-1] + 1) % 6).float().sum(dim=1), optimizer)
        if step % 8 == 0:
            print(f"round {step}: score {stats['score']:.2f}, KL {stats['kl']:.2f}, entropy {stats['entropy']:.2f}")


if __name__ == "__main__":
    demo()
