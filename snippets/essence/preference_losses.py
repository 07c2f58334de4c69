"""What DPO became: labels that may be wrong, single verdicts, no reference, means instead of sums."""

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid as logσ


def cdpo(m: Tensor, ε: float) -> Tensor:  # m 是隐式奖励之差 ‖ m is the difference of implicit rewards
    return -(1 - ε) * logσ(m) - ε * logσ(-m)  # 有 ε 的标签是反的 ‖ ε of the labels are the wrong way round


def kto(r: Tensor, good: Tensor, z0: Tensor, β: float) -> Tensor:  # r 是对数概率比 ‖ r is the log-ratio
    gain = β * (r - z0)  # 比平均偏离多出多少 ‖ by how much it goes beyond the usual deviation
    return 1 - torch.where(good, gain, -gain).sigmoid()  # 好的要高出，差的要低于 ‖ above if good, below if bad


def orpo(l_w: Tensor, l_l: Tensor, λ: float) -> Tensor:  # 每 token 平均的对数概率 ‖ means over tokens
    log_odds = l_w - (1 - l_w.exp()).log() - l_l + (1 - l_l.exp()).log()
    return -l_w - λ * logσ(log_odds)  # 一边 SFT，一边拉开几率 ‖ fine-tune, and part the odds


def simpo(l_w: Tensor, l_l: Tensor, β: float, γ: float) -> Tensor:
    return -logσ(β * l_w - β * l_l - γ)  # 平均代替求和，不要参考 ‖ means for sums, and no reference
