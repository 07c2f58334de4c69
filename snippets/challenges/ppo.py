"""调到两头都满意：15 轮之后，平均得分至少 4.6（满分 7），而对参考模型的 KL 不超过 6.5 nat。只改 `settings`；`beta`、
`lr`、`updates`、`clip`、`entropy_weight` 都可以动。检查换两个随机种子重跑，两次都要过。

Satisfy both sides: after 15 rounds the mean score is at least 4.6 (of 7) and the KL to the reference at most 6.5
nats. Change `settings` alone: `beta`, `lr`, `updates`, `clip` and `entropy_weight` are yours. The check runs two
other seeds, and both must pass.
"""

# --8<-- [start:task]
import torch

from snippets.ppo import ToyLM, ppo_round

settings = {"beta": 0.05, "lr": 0.01, "updates": 4}


def climbs(tokens):
    return (tokens[:, 1:] == (tokens[:, :-1] + 1) % 6).float().sum(dim=1)


def train(seed, lr, **others):
    torch.manual_seed(seed)
    policy, reference = ToyLM(6, 16).double(), ToyLM(6, 16).double()
    reference.load_state_dict(policy.state_dict())
    optimizer = torch.optim.Adam(policy.parameters(), lr=lr)
    for _ in range(15):
        stats = ppo_round(policy, reference, climbs, optimizer, **others)
    return stats["score"], stats["kl"]


score, kl = train(0, **settings)
print(f"score {score:.1f}, KL {kl:.1f}")
# --8<-- [end:task]

# --8<-- [start:answer]
settings = {"beta": 0.3, "lr": 0.01, "updates": 4}
# --8<-- [end:answer]

# --8<-- [start:check]
import torch

from snippets.ppo import ToyLM, ppo_round

allowed = {"beta", "lr", "updates", "clip", "entropy_weight"}
assert set(settings) <= allowed, f"只能动这几个：{sorted(allowed)} ‖ only these may be changed: {sorted(allowed)}"


def trained(seed, lr=0.01, **others):
    torch.manual_seed(seed)
    policy, reference = ToyLM(6, 16).double(), ToyLM(6, 16).double()
    reference.load_state_dict(policy.state_dict())
    optimizer = torch.optim.Adam(policy.parameters(), lr=lr)
    for _ in range(15):
        stats = ppo_round(
            policy,
            reference,
            lambda tokens: (tokens[:, 1:] == (tokens[:, :-1] + 1) % 6).float().sum(dim=1),
            optimizer,
            **others,
        )
    return stats["score"], stats["kl"]


for seed in (1, 2):
    score, kl = trained(seed, **settings)
    assert kl <= 6.5, (
        f"种子 {seed}：得分 {score:.1f}，KL {kl:.1f}，离参考模型太远：β 再大些 ‖ "
        f"seed {seed}: score {score:.1f}, KL {kl:.1f}, too far from the reference: a larger β"
    )
    assert score >= 4.6, (
        f"种子 {seed}：得分 {score:.1f}，KL {kl:.1f}，学得不够：β 太大，或者步子太小、更新太少 ‖ "
        f"seed {seed}: score {score:.1f}, KL {kl:.1f}, too little learned: β too large, or steps too small or too few"
    )
# --8<-- [end:check]
