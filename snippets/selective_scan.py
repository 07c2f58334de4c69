r"""Mamba's selective scan (S6): a recurrence that chooses what to keep

A state space model carries a state of fixed size along the sequence: it fades at rates `A`, takes in the input through
`B`, is read through `C`. Where these are constants the whole of it is a convolution and every token is treated alike.
Mamba computes `B`, `C` and the step `Δ` from the token: a long step overwrites the state, a short one passes the token
by. What is left is a linear recurrence, and since two of its steps make one of the same form, a scan in log L rounds.

$$
\bar A_t = \exp(\Delta_t A), \quad \bar B_t = \Delta_t B_t, \qquad
h_t = \bar A_t h_{t-1} + \bar B_t u_t, \qquad y_t = C_t^\top h_t + D u_t
$$

Paper: [Mamba](https://arxiv.org/abs/2312.00752): equations 2a and 2b for the recurrence, 4 for the discretization,
algorithm 2, figure 3 for the block. Names and shapes are those of `selective_scan_fn` in mamba_ssm.

Letters: `b` batch, `L` sequence, `c` model width, `d` channels, `n` states a channel, `K` taps of the convolution; `A`,
`B`, `C`, `D`, `Δ` as in the paper, `h` the state, `u` and `y` what goes in and comes out.
"""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Cache = tuple[Tensor, Tensor]  # the last K - 1 inputs of the convolution (b, d, K - 1) and the state (b, d, n)


# --8<-- [start:core]
def discretize(delta: Tensor, A: Tensor, B: Tensor, zoh: bool = False) -> tuple[Tensor, Tensor]:
    """What one step of length `delta` does.

    Args:
        delta: Steps `(b, d, L)`, positive.
        A: Rates `(d, n)`, negative: each channel's matrix is diagonal.
        B: How the input enters `(b, n, L)`.
        zoh: Hold the input for the length of the step (equation 4) for `B` as for `A`. Mamba's code, and so every
            checkpoint, takes `delta * B`, which is the same for short steps. Where True, no rate may be 0.

    Returns:
        What is kept of the state, `(b, d, L, n)`.
        What the input is multiplied with, `(b, d, L, n)`.
    """
    rate = delta.unsqueeze(-1) * A.unsqueeze(1)  # (b, d, L, n)
    length = torch.expm1(rate) / A.unsqueeze(1) if zoh else delta.unsqueeze(-1)
    return rate.exp(), length * B.mT.unsqueeze(1)


def recurrent_scan(a: Tensor, x: Tensor) -> Tensor:
    """All states of `h = a h + x`, one after the other: `a` and `x` `(b, d, L, n)`, and so are the states."""
    states = [x[:, :, 0]]
    for t in range(1, x.shape[2]):
        states.append(a[:, :, t] * states[-1] + x[:, :, t])
    return torch.stack(states, dim=2)


def parallel_scan(a: Tensor, x: Tensor) -> Tensor:
    """The same in log2 L rounds: two steps `(a, x)` and then `(a', x')` are the one step `(a' a, a' x + x')`."""
    span = 1  # each place stands for so many steps, those that end there
    while span < x.shape[2]:
        later, earlier = slice(span, None), slice(-span)
        x = torch.cat([x[:, :, :span], a[:, :, later] * x[:, :, earlier] + x[:, :, later]], dim=2)
        a = torch.cat([a[:, :, :span], a[:, :, later] * a[:, :, earlier]], dim=2)
        span *= 2
    return x


def selective_scan(
    u: Tensor,
    delta: Tensor,
    A: Tensor,
    B: Tensor,
    C: Tensor,
    D: Tensor | None = None,
    z: Tensor | None = None,
    delta_bias: Tensor | None = None,
    delta_softplus: bool = False,
    state: Tensor | None = None,
    zoh: bool = False,
    scan: Callable[[Tensor, Tensor], Tensor] = parallel_scan,
) -> tuple[Tensor, Tensor]:
    """From inputs to outputs, by way of the states.

    Args:
        u: Inputs `(b, d, L)`, L at least 1.
        delta: Steps `(b, d, L)`; before the softplus if `delta_softplus`.
        A: Rates `(d, n)`, negative.
        B: How the input enters the state, `(b, n, L)`.
        C: How the state is read, `(b, n, L)`.
        D: How much of the input goes past the state, `(d,)`. None: nothing.
        z: Gates `(b, d, L)`, which multiply the output as silu(z). None: no gates.
        delta_bias: Added to `delta`, `(d,)`.
        delta_softplus: Make the steps positive by softplus.
        state: Where an earlier call stopped, `(b, d, n)`; by default nothing.
        zoh: See `discretize`.
        scan: `parallel_scan` or `recurrent_scan`.

    Returns:
        Outputs `(b, d, L)`, in the dtype of `u`.
        The state after the last input, `(b, d, n)`, in float32 or wider.

    Raises:
        ValueError: If the shapes do not fit.
    """
    if u.ndim != 3 or u.shape[2] < 1 or delta.shape != u.shape or (z is not None and z.shape != u.shape):
        shapes = [None if x is None else tuple(x.shape) for x in (u, delta, z)]
        raise ValueError(f"u, delta, z {shapes} are not (b, d, L), with L at least 1")
    batch, channels, length = u.shape
    states = A.shape[-1:]  # (n,)
    for name, one, shape in (
        ("A", A, (channels, *states)),
        ("B", B, (batch, *states, length)),
        ("C", C, (batch, *states, length)),
        ("D", D, (channels,)),
        ("delta_bias", delta_bias, (channels,)),
        ("state", state, (batch, channels, *states)),
    ):
        if one is not None and one.shape != shape:
            raise ValueError(f"{name} {tuple(one.shape)} is not {shape}")
    wide = torch.promote_types(u.dtype, torch.float32)
    inputs, delta = u.to(wide), delta.to(wide)
    if delta_bias is not None:
        delta = delta + delta_bias.to(wide).unsqueeze(-1)
    if delta_softplus:
        delta = F.softplus(delta)
    keep, enter = discretize(delta, A.to(wide), B.to(wide), zoh)  # (b, d, L, n), twice
    x = enter * inputs.unsqueeze(-1)  # (b, d, L, n)
    if state is not None:  # as if it came in with the first input
        x = torch.cat([x[:, :, :1] + keep[:, :, :1] * state.to(wide).unsqueeze(2), x[:, :, 1:]], dim=2)
    h = scan(keep, x)  # (b, d, L, n)
    y = (h * C.to(wide).mT.unsqueeze(1)).sum(dim=-1)  # (b, d, L)
    if D is not None:
        y = y + D.to(wide).unsqueeze(-1) * inputs
    if z is not None:
        y = y * F.silu(z.to(wide))
    return y.to(u.dtype), h[:, :, -1]


class MambaBlock(nn.Module):
    """Figure 3: widen, mix a few neighbours, scan, gate, narrow. Parameters are named as in mamba_ssm."""

    def __init__(self, d_model: int, d_state: int = 16, d_conv: int = 4, expand: int = 2) -> None:
        """`c` is `d_model`, `d` is `expand * d_model`, `n` is `d_state`, `K` is `d_conv`."""
        super().__init__()
        channels, rank = expand * d_model, math.ceil(d_model / 16)
        self.in_proj = nn.Linear(d_model, 2 * channels, bias=False)
        self.conv1d = nn.Conv1d(channels, channels, d_conv, groups=channels)
        self.x_proj = nn.Linear(channels, rank + 2 * d_state, bias=False)  # Δ through a narrow place, B and C
        self.dt_proj = nn.Linear(rank, channels)
        self.A_log = nn.Parameter(torch.arange(1.0, d_state + 1).log().repeat(channels, 1))  # rates -1 to -n
        self.D = nn.Parameter(torch.ones(channels))
        self.out_proj = nn.Linear(channels, d_model, bias=False)
        nn.init.uniform_(self.dt_proj.weight, -(rank**-0.5), rank**-0.5)
        with torch.no_grad():  # steps between 0.001 and 0.1 to begin with, evenly in their logarithm
            steps = torch.empty(channels).uniform_(math.log(0.001), math.log(0.1)).exp()
            self.dt_proj.bias.copy_(steps.expm1().log())  # softplus undone

    def forward(self, x: Tensor, cache: Cache | None = None) -> tuple[Tensor, Cache]:
        """`x` `(b, L, c)` to outputs of its shape, and what the next call has to be given to go on."""
        u, z = self.in_proj(x).mT.chunk(2, dim=1)  # (b, d, L) each
        past, state = cache or (u.new_zeros(*u.shape[:2], self.conv1d.kernel_size[0] - 1), None)
        u = torch.cat([past, u], dim=2)  # (b, d, K - 1 + L)
        past = u[:, :, x.shape[1] :]
        u = F.silu(self.conv1d(u))  # (b, d, L)
        states = self.A_log.shape[1]
        delta, B, C = self.x_proj(u.mT).split([self.dt_proj.in_features, states, states], dim=-1)  # (b, L, ...)
        delta = self.dt_proj.weight @ delta.mT  # (b, d, L); the bias is added in the scan
        A = -self.A_log.float().exp()
        y, state = selective_scan(u, delta, A, B.mT, C.mT, self.D, z, self.dt_proj.bias, True, state)
        return self.out_proj(y.mT), (past, state)


# --8<-- [end:core]


def demo() -> None:
    """A number to remember among numbers to pass by: only a step that looks at the token can do it."""
    torch.manual_seed(0)
    u, A, one = torch.tensor([[[5.0, 1.0, -2.0, 3.0, 1.0]]]), -torch.ones(1, 1), torch.ones(1, 1, 5)
    marked = torch.tensor([[[9.0, 0.001, 0.001, 0.001, 0.001]]])
    for name, delta in {"constant steps": 0.5 * one, "chosen steps": marked}.items():
        y, _ = selective_scan(u, delta, A, one, one, zoh=True)
        print(f"{name:14} states {[round(x, 2) for x in y.flatten().tolist()]}")


if __name__ == "__main__":
    demo()
