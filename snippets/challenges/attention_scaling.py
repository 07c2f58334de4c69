"""改成 QK-Norm：q、k 各自除以自己的长度，点积成为余弦，再乘 g；q、k 再大，分数也不超过 g。

Turn this into QK-Norm: q and k are divided by their own lengths, so that the dot product is a cosine, then multiplied
by a learned number g; however large training makes q and k, no score is above g.
"""

# --8<-- [start:task]
import torch


def scores(q, k, g):  # q: (T, D), k: (S, D)
    return q @ k.T / q.shape[-1] ** 0.5


torch.manual_seed(0)
q, k = 30 * torch.randn(2, 64), 30 * torch.randn(5, 64)
print(scores(q, k, g=10.0))
print(scores(q, k, g=10.0).softmax(dim=-1))
# --8<-- [end:task]

# --8<-- [start:answer]
import torch


def scores(q, k, g):
    q = q / q.norm(dim=-1, keepdim=True)
    k = k / k.norm(dim=-1, keepdim=True)
    return g * (q @ k.T)  # 不再除以 √D ‖ no √D: a cosine does not grow with the width


# --8<-- [end:answer]

# --8<-- [start:check]
for T, S, D, g in ((2, 5, 64, 10.0), (4, 4, 4, 1.0), (3, 7, 16, 2.5)):
    queries, keys = torch.randn(T, D), torch.randn(S, D)
    result = scores(queries, keys, g)
    assert tuple(result.shape) == (T, S), (
        f"形状应当是 ({T}, {S})，得到 {tuple(result.shape)} ‖ the shape should be ({T}, {S}), got {tuple(result.shape)}"
    )
    assert torch.allclose(scores(7 * queries, keys, g), result, atol=1e-4), (
        "q 放大 7 倍，分数不该变 ‖ q made 7 times longer should not change the scores"
    )
    assert torch.allclose(scores(queries, 7 * keys, g), result, atol=1e-4), (
        "k 放大 7 倍，分数不该变 ‖ k made 7 times longer should not change the scores"
    )
    assert bool((result.abs() <= g + 1e-4).all()), f"分数不该超过 g = {g} ‖ no score should exceed g = {g}"
    first = (queries[0] * keys[-1]).sum() / (queries[0].norm() * keys[-1].norm())
    assert torch.allclose(result[0, -1], g * first, atol=1e-4), (
        "第一个查询与最后一个 key 的分数应当是 g 乘它们的余弦 ‖ "
        "the score of the first query and the last key should be g times their cosine"
    )
    mirror = scores(queries, queries, g)
    assert torch.allclose(mirror.diagonal(), torch.full((T,), g), atol=1e-4), (
        "向量与它自己的分数应当正好是 g ‖ the score of a vector with itself should be exactly g"
    )
# --8<-- [end:check]
