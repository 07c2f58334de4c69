r"""`write` 是线性注意力：同一个键写两次，读出来的是两个值之和。改成门控的 delta 规则：先让状态整个乘上 $\alpha$，再只写
「新值与这个键下已存的值」之差的 $\beta$ 倍。键的长度是 1。

`write` is linear attention: what is written twice under a key is read as a sum. Make it the gated delta rule: multiply
the state by $\alpha$, and then write $\beta$ times the difference of the new value to what the key holds. Keys have
length 1.
"""

# --8<-- [start:task]
import torch


def write(S, k, v, beta, alpha):  # S (D, M), k (D,), v (M,)
    return S + torch.outer(k, v)


k = torch.tensor([0.6, 0.8])
S = write(torch.zeros(2, 1), k, torch.tensor([5.0]), 1.0, 1.0)
S = write(S, k, torch.tensor([7.0]), 1.0, 1.0)
print("read", (S.T @ k).tolist())
# --8<-- [end:task]

# --8<-- [start:answer]
import torch


def write(S, k, v, beta, alpha):  # S (D, M), k (D,), v (M,)
    S = alpha * S
    return S + beta * torch.outer(k, v - S.T @ k)


k = torch.tensor([0.6, 0.8])
S = write(torch.zeros(2, 1), k, torch.tensor([5.0]), 1.0, 1.0)
S = write(S, k, torch.tensor([7.0]), 1.0, 1.0)
print("read", (S.T @ k).tolist())
# --8<-- [end:answer]

# --8<-- [start:check]
from snippets.gated_delta import gated_delta_recurrent

k = torch.tensor([0.6, 0.8])
S = write(torch.zeros(2, 1), k, torch.tensor([5.0]), 1.0, 1.0)
read = (write(S, k, torch.tensor([7.0]), 1.0, 1.0).T @ k).item()
assert abs(read - 7) < 1e-5, (
    f"β = 1 时新值应当盖掉旧值，读出 7，现在是 {read:.2f} ‖ with β = 1 the new value replaces the old one: "
    f"7 is read, not {read:.2f}"
)
other = torch.tensor([-0.8, 0.6])
kept = (write(S, other, torch.tensor([9.0]), 1.0, 1.0).T @ k).item()
assert abs(kept - 5) < 1e-5, (
    "写在正交的键下，不该动到这个键 ‖ what is written under an orthogonal key must not touch this one"
)
faded = (write(S, other, torch.tensor([9.0]), 1.0, 0.5).T @ k).item()
assert abs(faded - 2.5) < 1e-5, "α 要先乘上整个状态 ‖ α multiplies all of the state first"
torch.manual_seed(0)
K, V = torch.nn.functional.normalize(torch.randn(6, 4), dim=1), torch.randn(6, 3)
beta, alpha = torch.rand(2, 6)
S = torch.zeros(4, 3)
for t in range(6):
    S = write(S, K[t], V[t], beta[t], alpha[t])
_, expected = gated_delta_recurrent(
    K[None, None], K[None, None], V[None, None], beta[None, None], alpha.log()[None, None]
)
assert torch.allclose(S, expected[0, 0], atol=1e-5), (
    "六步之后状态不对：先衰减，再减去衰减之后还存着的 ‖ wrong after six steps: first fade, then subtract what is left"
)
# --8<-- [end:check]
