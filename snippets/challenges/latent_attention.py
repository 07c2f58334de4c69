"""矩阵吸收：改写 query_side 与 output_side，使 attend 只碰潜向量 c，结果与展开 key、value 的写法相同。

Absorption: while decoding, no position's keys and values may be made. Rewrite query_side and output_side, so that
attend touches the latents c alone, and gives what the plain form gives.
"""

# --8<-- [start:task]
import torch

H, N, V, R = 4, 8, 6, 5  # 头数，key、value、潜向量的宽度 ‖ heads, widths of keys, values, latents


def query_side(q, W_K):  # (H, N), (H, N, R) -> (H, R)
    return torch.zeros(H, R)


def output_side(u, W_V):  # (H, R), (H, V, R) -> (H, V)
    return torch.zeros(H, V)


def attend(q, c, W_K, W_V):  # c 是缓存，(S, R) ‖ c is the cache, (S, R)
    weights = (query_side(q, W_K) @ c.T / N**0.5).softmax(dim=-1)  # (H, S)
    return output_side(weights @ c, W_V)


q, c = torch.randn(H, N), torch.randn(7, R)
print(attend(q, c, torch.randn(H, N, R), torch.randn(H, V, R)).shape)
# --8<-- [end:task]

# --8<-- [start:answer]
import torch

H, N, V, R = 4, 8, 6, 5


def query_side(q, W_K):
    return (q.unsqueeze(1) @ W_K).squeeze(1)  # q · (W_K c) = (W_Kᵀ q) · c


def output_side(u, W_V):
    return (W_V @ u.unsqueeze(-1)).squeeze(-1)  # Σ a_t W_V c_t = W_V Σ a_t c_t


def attend(q, c, W_K, W_V):
    weights = (query_side(q, W_K) @ c.T / N**0.5).softmax(dim=-1)
    return output_side(weights @ c, W_V)


# --8<-- [end:answer]

# --8<-- [start:check]
for S in (1, 7, 20):
    q, c = torch.randn(H, N), torch.randn(S, R)
    W_K, W_V = torch.randn(H, N, R), torch.randn(H, V, R)
    moved = query_side(q, W_K)
    assert tuple(moved.shape) == (H, R), (
        f"query_side 应当得到 ({H}, {R})，得到 {tuple(moved.shape)} ‖ "
        f"query_side should give ({H}, {R}), got {tuple(moved.shape)}"
    )
    output = attend(q, c, W_K, W_V)
    assert tuple(output.shape) == (H, V), (
        f"attend 应当得到 ({H}, {V})，得到 {tuple(output.shape)} ‖ "
        f"attend should give ({H}, {V}), got {tuple(output.shape)}"
    )
    for h in range(H):
        keys, values = c @ W_K[h].T, c @ W_V[h].T  # (S, N), (S, V)：展开的写法
        scores = keys @ q[h]
        assert torch.allclose(c @ moved[h], scores, atol=1e-4), (
            f"第 {h} 个头的分数与展开的写法不同 ‖ the scores of head {h} differ from those of the expanded form"
        )
        expected = (scores / N**0.5).softmax(dim=0) @ values
        assert torch.allclose(output[h], expected, atol=1e-4), (
            f"第 {h} 个头的输出与展开的写法不同 ‖ the output of head {h} differs from that of the expanded form"
        )
# --8<-- [end:check]
