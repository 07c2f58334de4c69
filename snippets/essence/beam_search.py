"""Beam search: keep the K best prefixes, extend each by every token, keep the K best again."""

import torch


def beam_search(model, x, K, T, alpha):  # x: 输入 (n,) ‖ x: the prompt (n,)
    y, total = x[None], torch.zeros(1)  # 一条候选，对数概率之和为 0 ‖ one beam, its sum of log-probabilities 0
    for _ in range(T):
        logp = model(y)[:, -1].log_softmax(-1)  # (K, V): log p(y_t | y_<t, x)
        V = logp.shape[1]
        scores = (total[:, None] + logp).flatten()  # 全部 K × V 个扩展 ‖ all K × V extensions
        total, best = scores.topk(min(K, len(scores)))
        # 哪一条，哪个 token ‖ which beam, which token
        y = torch.cat([y[best // V], (best % V)[:, None]], dim=1)
    return y[:, len(x) :], total / T**alpha  # 按长度修正的得分 ‖ the score, by length
