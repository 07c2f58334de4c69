r"""`scan` 一步一步算 $h_t=a_th_{t-1}+x_t$，长度 `L` 就要 `L` 步。改成 $\log_2L$ 轮：两步 $(a,x)$、$(a',x')$
合起来还是一步 $(a'a,\;a'x+x')$，每一轮让每个位置代表的步数翻一倍。不许再逐个位置循环。

`scan` computes $h_t=a_th_{t-1}+x_t$ step by step: `L` steps for a length of `L`. Make it $\log_2L$ rounds: two steps
$(a,x)$ and $(a',x')$ are together the one step $(a'a,\;a'x+x')$, so that each round doubles how many steps each place
stands for. No loop over the places any more.
"""

# --8<-- [start:task]
import torch


def scan(a, x):  # (L,), (L,) -> (L,)
    h, states = 0.0, []
    for t in range(len(x)):
        h = a[t] * h + x[t]
        states.append(h)
    return torch.stack(states)


print(scan(torch.tensor([0.5, 0.5, 0.5, 2.0]), torch.tensor([1.0, 0.0, 4.0, 1.0])))
# --8<-- [end:task]


# --8<-- [start:answer]
import torch


def scan(a, x):  # (L,), (L,) -> (L,)
    span = 1
    while span < len(x):
        x = torch.cat([x[:span], a[span:] * x[:-span] + x[span:]])
        a = torch.cat([a[:span], a[span:] * a[:-span]])
        span *= 2
    return x


print(scan(torch.tensor([0.5, 0.5, 0.5, 2.0]), torch.tensor([1.0, 0.0, 4.0, 1.0])))
# --8<-- [end:answer]


# --8<-- [start:check]
from snippets.selective_scan import recurrent_scan

torch.manual_seed(3)
for L in (1, 2, 3, 5, 8, 13):
    a, x = torch.rand(L), torch.randn(L)
    found, expected = scan(a, x), recurrent_scan(a.view(1, 1, L, 1), x.view(1, 1, L, 1)).flatten()
    assert found.shape == (L,) and torch.allclose(found, expected, atol=1e-5), (
        f"长度 {L} 时状态不对：x 要用这一轮之前的 a 来合 ‖ "
        f"wrong states at length {L}: x is joined with the a of before this round"
    )
asked = []
getitem, iterate = torch.Tensor.__getitem__, torch.Tensor.__iter__
torch.Tensor.__getitem__ = lambda self, where: asked.append(where) or getitem(self, where)
torch.Tensor.__iter__ = lambda self: asked.extend(range(len(self))) or iterate(self)
try:
    scan(torch.rand(256), torch.randn(256))
finally:
    torch.Tensor.__getitem__, torch.Tensor.__iter__ = getitem, iterate
assert len(asked) <= 80, (
    f"长 256 的序列取了 {len(asked)} 次：还在逐个位置循环 ‖ "
    f"of a sequence of 256 something was taken {len(asked)} times: there is still a loop over the places"
)
# --8<-- [end:check]
