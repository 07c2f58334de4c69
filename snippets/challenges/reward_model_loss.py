"""给排行榜打分：`wins[i][j]` 是模型 i 胜过模型 j 的次数。胜率不公平：只跟弱者比的模型胜率高。
请按 Bradley-Terry（P(i 胜 j) = σ(s_i − s_j)）求最大似然的分数，平均为 0。

Score a leaderboard: `wins[i][j]` tells how often model i beat model j. The share of wins is unfair: who meets weak
opponents alone wins often. Find the scores of largest likelihood under Bradley-Terry (P(i beats j) = σ(s_i − s_j)),
with mean 0.
"""

# --8<-- [start:task]
import torch


def scores(wins):
    """Counts `(M, M)` to scores `(M,)`."""
    share = wins.sum(dim=1) / (wins.sum(dim=1) + wins.sum(dim=0))
    return share - share.mean()


wins = torch.tensor([[0.0, 6, 0], [4, 0, 9], [0, 1, 0]])
print(scores(wins))
# --8<-- [end:task]

# --8<-- [start:answer]
import torch


def scores(wins):
    """Counts `(M, M)` to scores `(M,)`."""
    met, s = wins + wins.T, torch.zeros(len(wins))
    for _ in range(500):  # at the maximum, the wins expected are the wins counted: solve for one score at a time
        strength = s.exp()
        s = wins.sum(dim=1).log() - (met / (strength[:, None] + strength)).sum(dim=1).log()
        s = s - s.mean()
    return s


# --8<-- [end:answer]

# --8<-- [start:check]
counts = torch.tensor([[0.0, 6, 0], [4, 0, 9], [0, 1, 0]])
s = scores(counts)
assert s.shape == (3,), "每个模型一个分数 ‖ one score for each model"
assert abs(s.mean().item()) < 1e-3, "分数只有相对意义：请把平均移到 0 ‖ scores are relative: move their mean to 0"
assert abs((s[0] - s[1]).item() - 0.4055) < 0.02, (
    "0 对 1 是 6 比 4：分差应是 log(6/4) = 0.41 ‖ 0 against 1 is 6 to 4: the difference should be log(6/4) = 0.41"
)
assert abs((s[1] - s[2]).item() - 2.1972) < 0.05, (
    "1 对 2 是 9 比 1：分差应是 log 9 = 2.20 ‖ 1 against 2 is 9 to 1: the difference should be log 9 = 2.20"
)
counts = torch.tensor([[0.0, 5, 2, 0], [3, 0, 7, 4], [1, 3, 0, 6], [0, 2, 2, 0]])
s = scores(counts)
expected = ((counts + counts.T) * torch.sigmoid(s[:, None] - s)).sum(dim=1)
assert torch.allclose(expected, counts.sum(dim=1), atol=0.05), (
    "最大似然处，每个模型的期望胜场应等于实际胜场；还没有收敛，或者似然写错了 ‖ "
    "at the maximum the expected wins equal the real ones: not converged, or a wrong likelihood"
)
# --8<-- [end:check]
