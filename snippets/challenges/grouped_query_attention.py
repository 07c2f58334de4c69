"""这里所有查询头共用第 0 份 K、V，是 MQA。改成 GQA：H 个查询头按连续的组分用 G 份 K、V。

Here all query heads share copy 0 of K and V: MQA. Turn it into GQA: H query heads use G copies of K and V, in
contiguous groups.
"""

# --8<-- [start:task]
import torch


def attention(Q, K, V):  # (H, T, D), (G, T, D), (G, T, D)
    K, V = K[:1], V[:1]  # 只用第 0 份 ‖ copy 0 only
    weights = (Q @ K.transpose(-2, -1) / Q.shape[-1] ** 0.5).softmax(dim=-1)
    return weights @ V


torch.manual_seed(0)
Q, K, V = torch.randn(8, 5, 4), torch.randn(2, 5, 4), torch.randn(2, 5, 4)
print(attention(Q, K, V).shape)
# --8<-- [end:task]

# --8<-- [start:answer]
import torch


def attention(Q, K, V):
    group = Q.shape[0] // K.shape[0]  # 每份 K、V 服务几个查询头 ‖ query heads of each copy
    K = K.repeat_interleave(group, dim=0)  # 0 0 0 0 1 1 1 1
    V = V.repeat_interleave(group, dim=0)
    weights = (Q @ K.transpose(-2, -1) / Q.shape[-1] ** 0.5).softmax(dim=-1)
    return weights @ V


# --8<-- [end:answer]

# --8<-- [start:check]
for H, G in ((8, 2), (6, 3), (4, 4), (4, 1)):
    queries, keys, values = torch.randn(H, 5, 4), torch.randn(G, 5, 4), torch.randn(G, 5, 4)
    output = attention(queries, keys, values)
    assert tuple(output.shape) == (H, 5, 4), (
        f"输出应当是 ({H}, 5, 4)，得到 {tuple(output.shape)} ‖ "
        f"the output should be ({H}, 5, 4), got {tuple(output.shape)}"
    )
    for h in range(H):
        g = h * G // H
        expected = (queries[h] @ keys[g].T / 2).softmax(dim=-1) @ values[g]
        assert torch.allclose(output[h], expected, atol=1e-5), (
            f"H={H}, G={G}：第 {h} 个头应当用第 {g} 份 K、V ‖ H={H}, G={G}: head {h} should use copy {g} of K and V"
        )
# --8<-- [end:check]
