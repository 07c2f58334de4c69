r"""草稿的第一个 token 被拒绝之后，`verify` 从大模型的 `p` 重抽，结果的分布就不再是 `p`。改对它：
从剩余分布 $\max(0,p-q)$ 里抽。`drafted` 是 `N` 次独立的草稿，一次处理一批，每一次只核对一个 token。

Where a drafted token is rejected, `verify` draws from the large model's `p` again, and what comes out is not
distributed as `p`. Mend it: draw from what is left over, $\max(0,p-q)$. `drafted` are `N` independent drafts of
one token each.
"""

# --8<-- [start:task]
import torch


def verify(drafted, q, p):  # (N,), (V,), (V,) -> (N,)
    accept = torch.rand(len(drafted)) < (p / q)[drafted]
    again = p.multinomial(len(drafted), replacement=True)
    return torch.where(accept, drafted, again)


torch.manual_seed(0)
q, p = torch.tensor([0.6, 0.1, 0.3]), torch.tensor([0.2, 0.5, 0.3])
drafted = q.multinomial(20000, replacement=True)
print(torch.bincount(verify(drafted, q, p), minlength=3) / 20000, "should be", p)
# --8<-- [end:task]


# --8<-- [start:answer]
import torch


def verify(drafted, q, p):  # (N,), (V,), (V,) -> (N,)
    accept = torch.rand(len(drafted)) < (p / q)[drafted]
    rest = (p - q).clamp(min=0)
    if rest.sum() == 0:  # p equals q: nothing is ever rejected
        return drafted
    again = rest.multinomial(len(drafted), replacement=True)
    return torch.where(accept, drafted, again)


torch.manual_seed(0)
q, p = torch.tensor([0.6, 0.1, 0.3]), torch.tensor([0.2, 0.5, 0.3])
drafted = q.multinomial(20000, replacement=True)
print(torch.bincount(verify(drafted, q, p), minlength=3) / 20000, "should be", p)
# --8<-- [end:answer]


# --8<-- [start:check]
def shares(q, p, count=40000):
    """What comes out, and how much of the draft was kept."""
    drafted = q.multinomial(count, replacement=True)
    new = verify(drafted, q, p)
    assert new.shape == drafted.shape, (
        f"{count} 个草稿应当换来 {count} 个 token，现在是 {tuple(new.shape)} ‖ "
        f"{count} drafts should give {count} tokens, got {tuple(new.shape)}"
    )
    return torch.bincount(new, minlength=len(p)) / count, (new == drafted).float().mean().item()


torch.manual_seed(11)
cases = [([0.6, 0.1, 0.3], [0.2, 0.5, 0.3]), ([0.25] * 4, [0.7, 0.1, 0.1, 0.1]), ([0.05, 0.95], [0.5, 0.5])]
for q_values, p_values in cases:
    q, p = torch.tensor(q_values), torch.tensor(p_values)
    found, kept = shares(q, p)
    worst = (found - p).abs().max().item()
    assert worst < 0.015, (
        f"q = {q_values} 时应当得到 {p_values}，现在是 {[round(x, 3) for x in found.tolist()]} ‖ "
        f"with q = {q_values} expected {p_values}, got {[round(x, 3) for x in found.tolist()]}"
    )
    overlap = torch.minimum(p, q).sum().item()
    assert kept > overlap - 0.02, (
        f"分布对了，但只留下 {kept:.2f} 的草稿，应当留下 {overlap:.2f}：全部重抽就白起草了 ‖ "
        f"the distribution is right, but {kept:.2f} of the drafts are kept, expected {overlap:.2f}: "
        "redrawing wastes them"
    )
same = torch.tensor([0.5, 0.3, 0.2])
found, kept = shares(same, same.clone(), 2000)
assert kept == 1.0, (
    "p 与 q 相同时，草稿应当全部接受（这时剩余分布全是 0，小心报错） ‖ "
    "with p equal to q all drafts are accepted (the rest is all 0 then: mind the error)"
)
# --8<-- [end:check]
