"""DPO: the log-ratio to the reference is the reward, and a pair is one binary classification."""

import torch.nn.functional as F
from torch import Tensor


def log_pi(logits: Tensor, y: Tensor, response: Tensor) -> Tensor:
    logp = logits[:, :-1].log_softmax(dim=-1)  # 位置 t 预测第 t+1 个 token ‖ position t predicts token t + 1
    logp = logp.gather(-1, y[:, 1:, None]).squeeze(-1)  # 每个 token 的对数概率 ‖ of each token that was written
    return (logp * response[:, 1:]).sum(dim=-1)  # 只加回答的，提示不计 ‖ the response's tokens, not the prompt's


def dpo(pi_w: Tensor, pi_l: Tensor, ref_w: Tensor, ref_l: Tensor, beta: float) -> Tensor:
    r_w = beta * (pi_w - ref_w)  # 好回答的隐式奖励 ‖ the chosen response's implicit reward
    r_l = beta * (pi_l - ref_l)  # 差回答的 ‖ the rejected one's
    return -F.logsigmoid(r_w - r_l)  # 相减时 log Z(x) 消掉了 ‖ log Z(x) has cancelled
