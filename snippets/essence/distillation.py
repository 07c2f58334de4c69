"""Distillation: the teacher's softened distribution and the right answers, weighed; or the teacher's text."""

import torch.nn.functional as F


def kl(log_p, log_q):
    return (log_p.exp() * (log_p - log_q)).sum(-1).mean()  # KL(p ‖ q)


def white_box(z_S, z_T, y, tau, alpha):  # z: (N, V)
    # 梯度不进老师 ‖ no gradient reaches the teacher
    log_p_T = (z_T.detach() / tau).log_softmax(-1)
    log_p_S = (z_S / tau).log_softmax(-1)
    soft = tau**2 * kl(log_p_T, log_p_S)  # 乘回 τ²，比例才不随温度变 ‖ τ² keeps the balance at any temperature
    hard = F.cross_entropy(z_S, y)  # 标准答案，不加温度 ‖ the right answers, without a temperature
    return alpha * soft + (1 - alpha) * hard


def black_box(question, solutions, answer, final):
    # 只留对的 ‖ the right ones
    right = [solution for solution in solutions if final(solution) == answer]
    # 做法不同都要 ‖ each way once
    return [(question, solution) for solution in dict.fromkeys(right)]
