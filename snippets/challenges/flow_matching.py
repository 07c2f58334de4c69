r"""`sample` 用欧拉法走 `S` 步：每步取起点的速度。改成中点法：先用起点的速度走半步，在那里（时间也是半步之后）
再问一次速度，用它从起点走完整步。误差应当与步长的平方成正比。

`sample` follows the velocity by Euler's method: each of `S` steps takes the velocity at its beginning. Make it the
midpoint method: go half a step with the velocity at the beginning, ask there for the velocity again (the time, too, is
half a step later), and take the whole step from the beginning with it. The error should fall with the square of the
step.
"""

# --8<-- [start:task]
import torch


def sample(v, x, S):
    for k in range(S):
        t = k / S
        x = x + v(x, t) / S
    return x


def v(x, t):  # from x at t = 0 it leads to (x + 1) e - 2 at t = 1
    return x + t


for S in (4, 8, 16):
    print(S, "steps: from 0 to", round(sample(v, torch.tensor(0.0), S).item(), 4), "and not to 0.7183")
# --8<-- [end:task]


# --8<-- [start:answer]
import torch


def sample(v, x, S):
    for k in range(S):
        t = k / S
        half = x + v(x, t) / (2 * S)
        x = x + v(half, t + 1 / (2 * S)) / S
    return x


def v(x, t):  # from x at t = 0 it leads to (x + 1) e - 2 at t = 1
    return x + t


for S in (4, 8, 16):
    print(S, "steps: from 0 to", round(sample(v, torch.tensor(0.0), S).item(), 4), "and not to 0.7183")
# --8<-- [end:answer]


# --8<-- [start:check]
from snippets.flow_matching import follow

asked = []


def watched(x, t):
    asked.append(float(t))
    return torch.sin(2 * x + 3 * t)


start = torch.linspace(-1, 1, 5, dtype=torch.float64)
sample(watched, start, 2)
assert len(asked) == 4, (
    f"两步的中点法要问 4 次速度，现在问了 {len(asked)} 次 ‖ "
    f"two steps of the midpoint method ask for 4 velocities, not for {len(asked)}"
)
assert asked == [0, 0.25, 0.5, 0.75], (
    f"应当在时间 0、0.25、0.5、0.75 问速度，现在是 {asked} ‖ "
    f"velocities belong to the times 0, 0.25, 0.5, 0.75, not {asked}"
)


def field(x, t):
    return torch.sin(2 * x + 3 * torch.as_tensor(t, dtype=x.dtype))


for S in (1, 5, 20):
    times = torch.linspace(0, 1, S + 1, dtype=torch.float64)
    expected = follow(field, start, times, midpoint=True)
    assert torch.allclose(sample(field, start, S), expected, atol=1e-9), (
        f"{S} 步走到的地方不对：整步要从这一步的起点走，用中点的速度 ‖ "
        f"{S} steps end elsewhere: the whole step begins where the step began, with the velocity of the middle"
    )
errors = [
    abs(sample(lambda x, t: x + t, torch.zeros(1, dtype=torch.float64), S).item() - 0.718281828) for S in (50, 100)
]
assert 3.5 < errors[0] / errors[1] < 4.5, (
    f"步长减半，误差应当减到四分之一，现在减到 1/{errors[0] / errors[1]:.1f} ‖ "
    f"half the step should be a quarter of the error, not 1/{errors[0] / errors[1]:.1f}"
)
# --8<-- [end:check]
