"""Classifier-free guidance: score with the prompt and without, and enlarge the difference."""

import torch


def guide(logits, negative_logits, gamma):
    logp = logits.log_softmax(-1)  # log p(x_t | x_<t, c)
    logp_bar = negative_logits.log_softmax(-1)  # log p(x_t | x_<t, c̄)
    # 放大差，再归一 ‖ enlarge, then normalise
    return (logp_bar + gamma * (logp - logp_bar)).log_softmax(-1)


def generate(model, c, c_bar, gamma, steps):  # c, c_bar: (B, T)
    x = c[:, :0]  # 两个上下文，一段续写 ‖ two contexts, one continuation
    for _ in range(steps):
        logits = model(torch.cat([c, x], 1))[:, -1]
        negative_logits = model(torch.cat([c_bar, x], 1))[:, -1]
        new = guide(logits, negative_logits, gamma).argmax(-1, keepdim=True)
        x = torch.cat([x, new], 1)
    return x
