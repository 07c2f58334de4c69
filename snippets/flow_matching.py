r"""Flow matching: learn the velocity of straight lines from noise to data

Draw a noise and a sample of the data, join them by a straight line, stand somewhere on it: the direction to go is data
minus noise. A network that is asked for this direction answers with the mean over all lines that pass there, and this
mean is a velocity field which carries the noise to the data: sampling is following it from t = 0 to t = 1. No schedule
of noise is needed, and few steps do. Rectified flow is the same thing.

$$
x_t = (1 - t)\, x_0 + t\, x_1, \qquad L = \mathbb{E}\, \lVert v_\theta(x_t, t) - (x_1 - x_0) \rVert^2, \qquad
\frac{dx}{dt} = v_\theta(x, t)
$$

Papers: [Flow Matching](https://arxiv.org/abs/2210.02747), equations 9 (the loss) and 20 to 23 (this path, there with a
last bit of noise, σ_min, which is 0 here); [Rectified flow](https://arxiv.org/abs/2209.03003), equation 1;
[Stable Diffusion 3](https://arxiv.org/abs/2403.03206) (which times to train at, and the shift);
[DiT](https://arxiv.org/abs/2212.09748), section 3.2 (adaLN-Zero).

Letters: `B` batch, `S` steps; `x_0` noise, `x_1` data, `t` from 0 (noise) to 1 (data). diffusers counts the other way:
its `sigma` is `1 - t`, and its velocity is noise minus data.
"""

from collections.abc import Callable
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# --8<-- [start:core]
Velocity = Callable[[Tensor, Tensor], Tensor]  # samples (B, ...) and their times (B,) to their velocities (B, ...)


def interpolate(noise: Tensor, data: Tensor, t: Tensor) -> Tensor:
    """The points at times `t` `(B,)` of the lines from `noise` to `data`, `(B, ...)` both, in the dtype of `data`.

    Raises:
        ValueError: If the shapes do not fit.
    """
    if noise.shape != data.shape or t.shape != data.shape[:1]:
        raise ValueError(f"noise {tuple(noise.shape)}, data {tuple(data.shape)} and t {tuple(t.shape)} do not fit")
    t = t.view(-1, *[1] * (data.ndim - 1))  # (B, 1, ...)
    return ((1 - t) * noise + t * data).to(data.dtype)


def sample_times(
    count: int,
    logit_mean: float | None = None,
    logit_std: float = 1.0,
    generator: torch.Generator | None = None,
    device: torch.device | None = None,
) -> Tensor:
    """Times to train at, `(count,)` in (0, 1).

    Args:
        count: `B`.
        logit_mean: None: all times alike. A number: the sigmoid of a normal variable, so that the middle of the way,
            where the direction is hardest to tell, comes more often. Stable Diffusion 3 takes 0.
        logit_std: Deviation of that variable.
        generator: Source of randomness on `device`. None: torch's own.
        device: Where the times shall be.

    Raises:
        ValueError: If `logit_std` is not positive.
    """
    if not logit_std > 0:
        raise ValueError(f"logit_std {logit_std} is not positive")
    if logit_mean is None:
        return torch.rand(count, generator=generator, device=device)
    return (logit_mean + logit_std * torch.randn(count, generator=generator, device=device)).sigmoid()


def shift_times(t: Tensor, shift: float) -> Tensor:
    """More of the way near the noise: large images are still recognisable where small ones are not.

    Args:
        t: Times of any shape.
        shift: Above 0; 1 changes nothing. √(m/n) keeps what n pixels looked like for m; SD3 takes 3. diffusers'
            `shift`.

    Raises:
        ValueError: If `shift` is not positive.
    """
    if not shift > 0:
        raise ValueError(f"shift {shift} is not positive")
    return t / (shift - (shift - 1) * t)


def flow_matching_loss(model: Velocity, data: Tensor, t: Tensor | None = None, noise: Tensor | None = None) -> Tensor:
    """Mean squared error of the model's velocities, a scalar in float32 or wider.

    Args:
        model: Asked once, for all samples.
        data: `(B, ...)`, of about unit variance.
        t: Times `(B,)`. None: all alike, drawn here.
        noise: Where the lines begin, of the shape of `data`. None: standard normal, drawn here.

    Raises:
        ValueError: If the shapes do not fit.
    """
    noise = torch.randn_like(data) if noise is None else noise
    t = sample_times(len(data), device=data.device) if t is None else t
    found = model(interpolate(noise, data, t), t)
    if found.shape != data.shape:
        raise ValueError(f"the model finds velocities {tuple(found.shape)} of samples {tuple(data.shape)}")
    wide = torch.promote_types(data.dtype, torch.float32)
    return (found.to(wide) - (data.to(wide) - noise.to(wide))).square().mean()


@torch.no_grad()
def follow(model: Velocity, x: Tensor, times: Tensor, midpoint: bool = False) -> Tensor:
    """Go with the flow.

    Args:
        model: Asked once a step, twice with `midpoint`.
        x: Where to begin `(B, ...)`: noise, if the times begin at 0.
        times: Times to stop at, `(S + 1,)`; falling ones go back, from data to the noise it would come from.
        midpoint: Take the velocity in the middle of the step and not that at its beginning (Euler): the error then
            falls with the square of the step.

    Returns:
        Where it ends, `(B, ...)`.

    Raises:
        ValueError: If `times` is not a row of at least one time.
    """
    if times.ndim != 1 or len(times) < 1:
        raise ValueError(f"times {tuple(times.shape)} is not a row of at least one")
    for t, after in pairwise(times):
        velocity = model(x, t.expand(len(x)))
        if midpoint:
            velocity = model(x + (after - t) / 2 * velocity, ((t + after) / 2).expand(len(x)))
        x = x + (after - t) * velocity
    return x


class AdaLNZero(nn.Module):
    """How DiT tells a layer the time and the class: they set the norm's shift and scale, and how much is added."""

    def __init__(self, width: int, condition: int) -> None:
        """For rows of `width`, by a condition of `condition` numbers."""
        super().__init__()
        self.linear = nn.Linear(condition, 3 * width)
        nn.init.zeros_(self.linear.weight)  # gate 0: at first the layer around it changes nothing
        nn.init.zeros_(self.linear.bias)

    def forward(self, x: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """Rows `(B, T, width)` for the layer, and the gate `(B, 1, width)` of what it gives back."""
        shift, scale, gate = self.linear(F.silu(condition)).unsqueeze(1).chunk(3, dim=-1)  # (B, 1, width) each
        return F.layer_norm(x, x.shape[-1:], eps=1e-6) * (1 + scale) + shift, gate


# --8<-- [end:core]


def demo() -> None:
    """Two heaps of data, at -2 and 2: a small network learns the flow, and a few steps follow it."""
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(2, 64), nn.SiLU(), nn.Linear(64, 64), nn.SiLU(), nn.Linear(64, 1))
    optimizer = torch.optim.Adam(network.parameters(), lr=3e-3)

    def model(x: Tensor, t: Tensor) -> Tensor:
        """The network sees the time as one more feature."""
        return network(torch.cat([x, t[:, None]], dim=1))

    for step in range(401):
        loss = flow_matching_loss(model, torch.randint(2, (256, 1)) * 4.0 - 2 + 0.3 * torch.randn(256, 1))
        if step % 200 == 0:
            print(f"step {step}: loss {loss.item():.2f}")
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    for steps in (1, 4, 16):
        made = follow(model, torch.randn(2000, 1), torch.linspace(0, 1, steps + 1))
        print(f"{steps:2} steps: {((made.abs() - 2).abs() < 0.8).float().mean():.2f} within 0.8 of -2 or 2")


if __name__ == "__main__":
    demo()
