r"""上下文之后有几个互不相同的候选（从草稿 `q` 里不放回地抽出），`verify` 把每一个都按 $\min(1,p/q)$ 单独核对，
全拒绝了就从 `p` 重抽，分布于是不对。改对它：拒绝一个之后，$p$ 换成 $\max(0,p-q)$ 归一，$q$ 去掉这个 token 再归一，
然后才试下一个。

After the context stand some candidates, no two the same (drawn from the draft `q` without replacement). `verify` checks
each by itself with $\min(1,p/q)$ and, if all are rejected, draws from `p` again: what comes out is not distributed as
`p`. Mend it: after a rejection $p$ becomes $\max(0,p-q)$, normalized, $q$ loses this token and is normalized, and only
then the next one is tried.
"""

# --8<-- [start:task]
import torch


def verify(tokens, q, p):  # (K,), (V,), (V,) -> one token
    for x in tokens:
        if torch.rand(()) < p[x] / q[x]:
            return x
    return p.multinomial(1)[0]


torch.manual_seed(0)
q, p = torch.tensor([0.5, 0.25, 0.25]), torch.tensor([0.25, 0.5, 0.25])
found = torch.stack([verify(q.multinomial(2), q, p) for _ in range(2000)])
print(torch.bincount(found, minlength=3) / 2000, "should be", p)
# --8<-- [end:task]


# --8<-- [start:answer]
import torch


def verify(tokens, q, p):  # (K,), (V,), (V,) -> one token
    for x in tokens:
        if torch.rand(()) < p[x] / q[x]:
            return x
        p = (p - q).clamp(min=0)
        q = q.index_fill(0, x, 0.0)
        p, q = p / p.sum(), q / q.sum()
    return p.multinomial(1)[0]


torch.manual_seed(0)
q, p = torch.tensor([0.5, 0.25, 0.25]), torch.tensor([0.25, 0.5, 0.25])
found = torch.stack([verify(q.multinomial(2), q, p) for _ in range(2000)])
print(torch.bincount(found, minlength=3) / 2000, "should be", p)
# --8<-- [end:answer]


# --8<-- [start:check]
torch.manual_seed(7)
COUNT = 1500
for q_values, p_values, children, kept in (
    ([0.5, 0.25, 0.25], [0.25, 0.5, 0.25], 2, 0.875),
    ([0.5, 0.25, 0.125, 0.125], [0.125, 0.125, 0.25, 0.5], 2, 0.729),
    ([0.4, 0.3, 0.3], [0.0, 0.5, 0.5], 1, 0.6),
):
    q, p = torch.tensor(q_values), torch.tensor(p_values)
    before = q.clone(), p.clone()
    drawn = [q.multinomial(children) for _ in range(COUNT)]
    new = torch.stack([torch.as_tensor(verify(tokens, q, p)) for tokens in drawn])
    assert torch.equal(q, before[0]) and torch.equal(p, before[1]), (
        "不要就地改动传进来的 p 和 q ‖ the p and q that were given must stay as they are"
    )
    found = torch.bincount(new, minlength=len(p)) / COUNT
    worst = (found - p).abs().max().item()
    assert worst < 0.06, (
        f"q = {q_values} 时应当得到 {p_values}，现在是 {[round(x, 2) for x in found.tolist()]} ‖ "
        f"with q = {q_values} expected {p_values}, got {[round(x, 2) for x in found.tolist()]}"
    )
    among = sum(int(one in tokens) for one, tokens in zip(new, drawn, strict=True)) / COUNT
    assert among > kept - 0.05, (
        f"分布对了，但只有 {among:.2f} 的结果是候选里的，应当至少 {kept:.2f}：全部重抽就白起草了 ‖ "
        f"the distribution is right, but {among:.2f} of the results are candidates, expected at least {kept:.2f}: "
        "redrawing wastes them"
    )
# --8<-- [end:check]
