"""The loss, its gradient p - y, and both in pieces of the positions."""

import torch


def loss_and_gradient(z, y):
    m = z.amax(dim=-1, keepdim=True)
    lse = m + (z - m).exp().sum(dim=-1, keepdim=True).log()  # 先减最大值，exp 不溢出 ‖ the largest out first
    p = (z - lse).exp()
    loss = lse - z.gather(-1, y[:, None])  # ℓ = log Σ exp(z) - z_y
    truth = torch.nn.functional.one_hot(y, z.shape[-1])
    return loss.sum(), p - truth  # 预测减真相 ‖ prediction minus truth


def chunked(h, W, y, n):
    loss, dh, dW = 0.0, [], torch.zeros_like(W)
    for h_n, y_n in zip(h.split(n), y.split(n), strict=True):  # 一次只有 n 行 logits ‖ n rows of logits at a time
        part, dz = loss_and_gradient(h_n @ W.T, y_n)
        loss, dW = loss + part, dW + dz.T @ h_n
        dh.append(dz @ W)  # 算完就丢掉 dz ‖ dz is forgotten here
    return loss / len(y), torch.cat(dh) / len(y), dW / len(y)
