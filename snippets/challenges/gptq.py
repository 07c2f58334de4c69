r"""`rest` 不管前面列的误差。把它改对：前 $j$ 列已经定为 `done`（与原来的 `W` 不同），余下的列（实数，先不取整）
取什么值，使输出的误差 $\mathrm{tr}\,(W-\hat W)H(W-\hat W)^\top$ 最小？$H$ 可逆。

`rest` lets the error of the first columns be. Mend it: the first $j$ columns are fixed to `done`, which is not what
they were in `W`. Which (real) values of the others make the error of the output,
$\mathrm{tr}\,(W-\hat W)H(W-\hat W)^\top$, least? $H$ has an inverse.
"""

# --8<-- [start:task]
import torch


def rest(W, done, H):  # W (out, in), done (out, j), H (in, in) -> (out, in - j)
    j = done.shape[1]
    return W[:, j:]


torch.manual_seed(0)
X, W = torch.randn(50, 2) @ torch.randn(2, 4) + 0.1 * torch.randn(50, 4), torch.randn(3, 4)
print(rest(W, W[:, :2].round(), X.T @ X / 50))
# --8<-- [end:task]

# --8<-- [start:answer]
import torch


def rest(W, done, H):  # W (out, in), done (out, j), H (in, in) -> (out, in - j)
    j = done.shape[1]
    error = W[:, :j] - done
    return W[:, j:] + error @ H[:j, j:] @ torch.linalg.inv(H[j:, j:])


torch.manual_seed(0)
X, W = torch.randn(50, 2) @ torch.randn(2, 4) + 0.1 * torch.randn(50, 4), torch.randn(3, 4)
print(rest(W, W[:, :2].round(), X.T @ X / 50))
# --8<-- [end:answer]

# --8<-- [start:check]
H = torch.tensor([[2.0, 1.0], [1.0, 1.0]])
found = rest(torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0]]), H)
assert found.shape == (1, 1), f"形状应当是 (out, in - j) = (1, 1)，现在是 {tuple(found.shape)}"
assert torch.allclose(found, torch.tensor([[1.0]]), atol=1e-4), (
    f"第一列少了 1，两个输入的相关是 1、第二个的平方是 1，第二列应当补 1×1/1 = 1，现在是 {found.item():.3f}"
)
same = rest(W, W[:, :2], X.T @ X / 50)
assert torch.allclose(same, W[:, 2:], atol=1e-3), "前面没有误差时，余下的不用动"
H = X.T @ X / 50 + 0.1 * torch.eye(4)
for j in (1, 2, 3):
    done = W[:, :j].round()
    whole = torch.cat([done, rest(W, done, H)], dim=1)
    slope = ((W - whole) @ H)[:, j:]
    assert slope.abs().max() < 1e-2, (
        f"前 {j} 列定下之后，误差对余下各列的导数应当是 0，现在最大 {slope.abs().max():.3f}"
    )
# --8<-- [end:check]
