"""Multi-turn loss: one pass over the dialogue, loss on what the assistant says."""

import torch.nn.functional as F


def label(turns):  # [(角色, 头, 内容)] ‖ [(role, header, content)]
    x, m = [], []
    for role, header, content in turns:
        x += [*header, *content]
        m += [0] * len(header)  # 角色标记不学 ‖ headers are not learned
        # 助手的话，连同结束符 ‖ the assistant's words, the end included
        m += [int(role == "assistant")] * len(content)
    return x, m


def dialogue_loss(logits, x, m):  # logits: (T, V); x, m: (T,)
    # 位置 t 预测 t + 1 ‖ position t speaks of t + 1
    nll = F.cross_entropy(logits[:-1], x[1:], reduction="none")
    m = m[1:]  # 掩码跟着被预测的 token 走 ‖ the mask goes with the token that is predicted
    return (m * nll).sum() / m.sum()
