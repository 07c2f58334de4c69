"""Gradient accumulation: a batch in k pieces, with the gradient of the whole."""

import torch.nn.functional as F


def targets(labels):  # labels: (B, T)，没有错位 ‖ not shifted
    return labels[:, 1:].flatten()  # 第一个 token 不用预测 ‖ nothing predicts the first token


def step(model, batches, optimizer):  # k 个微批：(tokens, labels) ‖ k micro-batches
    N = sum((targets(labels) != -100).sum() for _, labels in batches)  # 先数清整批 ‖ count the whole first
    for tokens, labels in batches:
        logits = model(tokens)[:, :-1].flatten(0, 1)
        L = F.cross_entropy(logits, targets(labels), reduction="sum")
        (L / N).backward()  # 除以 N，不是这一批的 n；梯度自己加起来 ‖ not by n; gradients add up by themselves
    optimizer.step()  # k 次反向，一次更新 ‖ k backward passes, one update
    optimizer.zero_grad()
