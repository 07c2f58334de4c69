"""这个网络是 Post Norm。改成 Pre Norm：归一化移到残差分支里面，最后补上该补的一次。

This network is Post-Norm. Turn it into Pre-Norm: the norms move into the residual branches, and what then is missing
at the end is added.
"""

# --8<-- [start:task]
import torch


def norm(x):
    return torch.nn.functional.layer_norm(x, x.shape[-1:])


def network(x, sublayers):  # 注意力、前馈、注意力……各是一个函数 ‖ attention, MLP, attention: functions
    for F in sublayers:
        x = norm(x + F(x))
    return x


torch.manual_seed(0)
print(network(torch.randn(2, 4), [torch.tanh, torch.relu]))
# --8<-- [end:task]

# --8<-- [start:answer]
import torch


def norm(x):
    return torch.nn.functional.layer_norm(x, x.shape[-1:])


def network(x, sublayers):
    for F in sublayers:
        x = x + F(norm(x))  # 加到没有归一的 x 上 ‖ added to x as it was
    return norm(x)  # 残差流越来越大，最后归一一次 ‖ the stream grew: one norm at the end


# --8<-- [end:answer]

# --8<-- [start:check]
for width, depth in ((4, 1), (6, 2), (8, 5)):
    x, weights = 3 * torch.randn(3, width) + 1, torch.randn(depth, width, width)
    seen = []

    def sublayer(W, seen=seen):
        def F(z):
            seen.append(z)
            return torch.tanh(z @ W)

        return F

    output = network(x, [sublayer(W) for W in weights])
    stream = x
    for at, (W, y) in enumerate(zip(weights, seen, strict=False)):
        assert torch.allclose(y, norm(stream), atol=1e-4), (
            f"第 {at} 个子层的输入应当是归一化之后的残差流 ‖ "
            f"the input of sublayer {at} should be the normalized residual stream"
        )
        stream = stream + torch.tanh(norm(stream) @ W)
    assert len(seen) == depth, (
        f"{depth} 个子层各用一次，实际用了 {len(seen)} 次 ‖ {depth} sublayers are used once each, got {len(seen)} uses"
    )
    assert not torch.allclose(output, stream, atol=1e-4), (
        "最后还差一次归一化：残差流的大小随深度增长 ‖ "
        "the last normalization is missing: the residual stream grows with depth"
    )
    assert torch.allclose(output, norm(stream), atol=1e-4), (
        "残差要加在没有归一的 x 上，最后再归一一次 ‖ "
        "add to the x that is not normalized, then normalize once at the end"
    )
# --8<-- [end:check]
