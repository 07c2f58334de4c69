"""推理时 BN 只是逐通道的一乘一加，可以并进前面的线性层。写 fold：返回新的 W、b，一次乘法就得到 BN 之后的结果。

At inference batch norm is one multiplication and one addition for each channel, which fit into the linear layer
before. Write fold: return a new W and b that give in one product what came out of batch norm.
"""

# --8<-- [start:task]
import torch


def fold(W, b, mean, var, gamma, beta, eps=1e-5):  # W: (C, K)；其余 (C,) ‖ W: (C, K); others (C,)
    return W, b


torch.manual_seed(0)
x, W, b = torch.randn(5, 3), torch.randn(3, 3), torch.randn(3)
mean, var, gamma, beta = torch.randn(3), torch.rand(3) + 0.5, torch.randn(3), torch.randn(3)
new_W, new_b = fold(W, b, mean, var, gamma, beta)
print("wanted", ((x @ W.T + b - mean) / (var + 1e-5).sqrt() * gamma + beta)[0])
print("got   ", (x @ new_W.T + new_b)[0])
# --8<-- [end:task]

# --8<-- [start:answer]
import torch


def fold(W, b, mean, var, gamma, beta, eps=1e-5):
    scale = gamma / (var + eps).sqrt()
    return scale[:, None] * W, scale * (b - mean) + beta  # 每个输出通道一行 ‖ a row for each channel


# --8<-- [end:answer]

# --8<-- [start:check]
for C, K in ((3, 3), (4, 2), (5, 5)):
    x, W, b = torch.randn(6, K), torch.randn(C, K), torch.randn(C)
    mean, var, gamma, beta = torch.randn(C), torch.rand(C) + 0.1, torch.randn(C), torch.randn(C)
    for eps in (1e-5, 0.5):
        new_W, new_b = fold(W, b, mean, var, gamma, beta, eps)
        assert tuple(new_W.shape) == (C, K), f"W 的形状不该变：({C}, {K})，得到 {tuple(new_W.shape)}"
        assert tuple(new_b.shape) == (C,), f"b 的形状不该变：({C},)，得到 {tuple(new_b.shape)}"
        scale = gamma / (var + eps).sqrt()
        expected = (x @ W.T + b - mean) * scale + beta
        difference = (x @ new_W.T + new_b) - expected
        same_shift = torch.allclose(difference, difference[:1].expand(6, C), atol=1e-4)
        assert same_shift, f"C={C}, K={K}, eps={eps}：W 的缩放不对；每个输出通道是 W 的一行"
        assert torch.allclose(difference, torch.zeros(6, C), atol=1e-4), (
            f"C={C}, K={K}：b 不对；原来的 b 也要先减均值、再缩放"
        )
# --8<-- [end:check]
