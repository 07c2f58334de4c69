"""Perplexity: the exponential of the mean surprise, and windows for a text longer than the context."""

import torch


def nll(logits, w):  # logits: (t, V); w: (t,)
    return -logits.log_softmax(-1).gather(-1, w[:, None])[:, 0]  # -ln P(w_i | w_<i)


def perplexity(model, w):
    logits = model(w[None])[0]
    return nll(logits[:-1], w[1:]).mean().exp()  # 位置 i 预测 i + 1 ‖ position i speaks of i + 1


def sliding(model, w, window, stride):
    found, first = [], 1
    while first < len(w):
        end = min(max(window, first + stride), len(w))
        begin = max(0, end - window)  # 窗口尽量往左伸，作上文 ‖ reach as far left as the window allows
        logits = model(w[None, begin : end - 1])[0]
        # 每个 token 只计一次 ‖ each token once
        found.append(nll(logits[first - 1 - begin :], w[first:end]))
        first = end
    return torch.cat(found)
