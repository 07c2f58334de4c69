r"""DDPM 要一步步走完。改成 **DDIM** 的一步：确定性地从第 `t` 步直接跳到更早的第 `s` 步。
先由猜到的噪声算出 $\hat x_0=(x_t-\sqrt{1-\bar\alpha_t}\,\epsilon)/\sqrt{\bar\alpha_t}$，
再按第 `s` 步的比例把**同一个**噪声加回去；`s = -1` 表示走到头，返回 $\hat x_0$。

DDPM has to take every step. Make this one of **DDIM**: jump from step `t` to an earlier `s`, without new noise.
Find $\hat x_0=(x_t-\sqrt{1-\bar\alpha_t}\,\epsilon)/\sqrt{\bar\alpha_t}$ from the noise that was guessed, and
add the **same** noise back in the proportion of step `s`; `s = -1` is the end and gives $\hat x_0$.
"""

# --8<-- [start:task]
import torch


def jump(x, noise, t, s, betas):  # from step t to s < t; the model guessed `noise` in x
    kept = (1 - betas).cumprod(dim=0)
    mean = (x - betas[t] / (1 - kept[t]).sqrt() * noise) / (1 - betas[t]).sqrt()
    return mean + betas[t].sqrt() * torch.randn_like(x)


torch.manual_seed(0)
betas = torch.linspace(1e-4, 0.02, 1000)
x0, noise = torch.ones(3), torch.randn(3)
kept = (1 - betas).cumprod(dim=0)
x = kept[800].sqrt() * x0 + (1 - kept[800]).sqrt() * noise
print(jump(x, noise, 800, -1, betas), "should be", x0)
# --8<-- [end:task]


# --8<-- [start:answer]
import torch


def jump(x, noise, t, s, betas):  # from step t to s < t; the model guessed `noise` in x
    kept = (1 - betas).cumprod(dim=0)
    x0 = (x - (1 - kept[t]).sqrt() * noise) / kept[t].sqrt()
    if s < 0:
        return x0
    return kept[s].sqrt() * x0 + (1 - kept[s]).sqrt() * noise


torch.manual_seed(0)
betas = torch.linspace(1e-4, 0.02, 1000)
x0, noise = torch.ones(3), torch.randn(3)
kept = (1 - betas).cumprod(dim=0)
x = kept[800].sqrt() * x0 + (1 - kept[800]).sqrt() * noise
print(jump(x, noise, 800, -1, betas), "should be", x0)
# --8<-- [end:answer]


# --8<-- [start:check]
torch.manual_seed(3)
kept = (1 - betas).cumprod(dim=0)
x0, noise = torch.randn(2, 5, 4)


def at(step):
    """Where the path of this data and this noise is at a step."""
    return kept[step].sqrt() * x0 + (1 - kept[step]).sqrt() * noise


once, again = (jump(at(500), noise, 500, 200, betas) for _ in range(2))
assert once.shape == x0.shape, (
    f"形状应当不变，现在是 {tuple(once.shape)} ‖ the shape should stay, got {tuple(once.shape)}"
)
assert torch.equal(once, again), (
    "两次结果不同：DDIM 的一步不加新噪声 ‖ two runs differ: a step of DDIM adds no new noise"
)
end = jump(at(900), noise, 900, -1, betas)
assert torch.allclose(end, x0, atol=1e-2), (
    "噪声猜得全对时，s = -1 应当正好得到 x0 ‖ with the true noise, s = -1 should give exactly x0"
)
for t, s in ((999, 700), (700, 699), (500, 0), (30, 10)):
    found = jump(at(t), noise, t, s, betas)
    assert not torch.allclose(found, kept[s].sqrt() * x0, atol=1e-3), (
        f"t = {t}、s = {s}：忘了把噪声加回去 ‖ t = {t}, s = {s}: the noise was not added back"
    )
    assert torch.allclose(found, at(s), atol=1e-2), (
        f"从 {t} 跳到 {s}，应当正好落在同一条路的第 {s} 步上 ‖ from {t} to {s} should land at step {s} of the same path"
    )
far = jump(at(999), noise, 999, 400, betas)
assert torch.allclose(jump(far, noise, 400, -1, betas), x0, atol=2e-2), (
    "分两次跳与一次跳，终点应当相同 ‖ two jumps should end where one does"
)
# --8<-- [end:check]
