"""Activation checkpointing: keep what goes in, run again in the backward pass."""

import torch


class Again(torch.autograd.Function):
    @staticmethod
    def forward(ctx, f, x):  # 这里面不记图，中间结果随手丢掉 ‖ without a graph: what lies between is dropped
        ctx.f, ctx.random = f, torch.get_rng_state()
        ctx.save_for_backward(x)
        return f(x)

    @staticmethod
    def backward(ctx, g):
        x, now = ctx.saved_tensors[0].detach().requires_grad_(), torch.get_rng_state()
        torch.set_rng_state(ctx.random)  # dropout 丢同样的 ‖ dropout drops the same
        with torch.enable_grad():
            y = ctx.f(x)  # 再算一遍，这次记图 ‖ once more, with a graph
        torch.set_rng_state(now)
        y.backward(g)  # 权重的梯度自己加上去了 ‖ weights get theirs by themselves
        return None, x.grad


def segments(layers, k, x):  # k 段，每段只留输入 ‖ k segments, of each what goes in
    n = len(layers) // k
    for at in range(0, len(layers), n):
        x = Again.apply(torch.nn.Sequential(*layers[at : at + n]), x)
    return x
