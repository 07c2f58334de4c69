"""FSDP: gather a layer, use it, give it up; gather it again for its gradient, and keep the shard of that."""

import torch
from torch import Tensor


def step(
    layers: list, shards: list, x: list[Tensor]
) -> list:  # shards[i][r]：第 i 层在第 r 张卡的一份 ‖ layer i, rank r
    inputs = [x]
    for layer, parts in zip(layers, shards, strict=True):
        W = torch.cat(parts)  # all-gather：要用才拼起来 ‖ only when it is needed
        x = [layer(W, one) for one in x]
        inputs.append(x)
        del W  # 用完就放掉，只留自己那一份 ‖ given up at once: each rank keeps its part
    g, gradients = [torch.ones_like(one) for one in x], []
    for i in reversed(range(len(layers))):
        W = torch.cat(shards[i]).requires_grad_()  # 反向要再拼一次 ‖ once more, for the backward pass
        sums = torch.zeros_like(W)
        for r, one in enumerate(inputs[i]):
            leaf = one.detach().requires_grad_()
            dW, g[r] = torch.autograd.grad(layers[i](W, leaf), (W, leaf), g[r])
            sums += dW / len(x)
        gradients.insert(0, sums.split([len(part) for part in shards[i]]))  # reduce-scatter
    return gradients
