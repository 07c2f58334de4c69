"""把单头注意力改成 H 个头：宽度 C 分成 H 份，各算各的，拼起来再乘 W_O。

Turn one head into H: the width C is divided into H parts, each attends for itself, and what they found is laid side
by side and multiplied by W_O.
"""

# --8<-- [start:task]
import torch


def attention(X, W_Q, W_K, W_V, W_O, H):  # X: (T, C)；W: (C, C) ‖ X: (T, C); each W: (C, C)
    Q, K, V = X @ W_Q, X @ W_K, X @ W_V
    weights = (Q @ K.T / Q.shape[-1] ** 0.5).softmax(dim=-1)
    return weights @ V @ W_O


torch.manual_seed(0)
X = torch.randn(5, 12)
print(attention(X, *torch.randn(4, 12, 12), H=3).shape)
# --8<-- [end:task]

# --8<-- [start:answer]
import torch


def attention(X, W_Q, W_K, W_V, W_O, H):
    T, C = X.shape
    D = C // H
    Q, K, V = ((X @ W).view(T, H, D).transpose(0, 1) for W in (W_Q, W_K, W_V))  # (H, T, D)
    weights = (Q @ K.transpose(-2, -1) / D**0.5).softmax(dim=-1)  # 除以 √D，不是 √C ‖ √D, not √C
    return (weights @ V).transpose(0, 1).reshape(T, C) @ W_O


# --8<-- [end:answer]

# --8<-- [start:check]
for T, C, H in ((5, 12, 3), (4, 8, 1), (3, 8, 8), (6, 6, 2)):
    X, (W_Q, W_K, W_V, W_O) = torch.randn(T, C), torch.randn(4, C, C) / C**0.5
    D, parts = C // H, []
    for h in range(H):
        own = slice(h * D, (h + 1) * D)  # 第 h 个头的那几列
        q, k, v = X @ W_Q[:, own], X @ W_K[:, own], X @ W_V[:, own]
        parts.append((q @ k.T / D**0.5).softmax(dim=-1) @ v)
    output = attention(X, W_Q, W_K, W_V, W_O, H)
    assert tuple(output.shape) == (T, C), (
        f"输出应当是 ({T}, {C})，得到 {tuple(output.shape)} ‖ "
        f"the output should be ({T}, {C}), got {tuple(output.shape)}"
    )
    side_by_side = torch.cat(parts, dim=-1)
    missing = torch.allclose(output, side_by_side, atol=1e-4)
    assert not missing, (
        "各个头算对了，可是漏了 W_O：它们还没有混合 ‖ the heads are right, but W_O is missing: they are not mixed yet"
    )
    expected = side_by_side @ W_O
    assert torch.allclose(output, expected, atol=1e-4), (
        f"C={C}, H={H}：与逐个头计算的结果不同（拆头的次序？缩放用的宽度？） ‖ "
        f"C={C}, H={H}: differs from head by head (order of the split? width of the scaling?)"
    )
# --8<-- [end:check]
