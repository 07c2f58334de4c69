r"""DDPM: denoising diffusion

Noise is added to data in many small steps until nothing is left of it; a network learns to tell the noise in a noisy
sample; from pure noise, taking away what it finds step by step makes a new sample. Any step of the way there can be
reached at once, so training needs one random step a sample. A condition (a class, a text) goes into the network; with
classifier-free guidance its effect is enlarged.

$$
x_t = \sqrt{\bar\alpha_t}\, x_0 + \sqrt{1 - \bar\alpha_t}\, \epsilon, \qquad L = \lVert \epsilon -
\epsilon_\theta(x_t, t, c) \rVert^2, \qquad x_{t-1} = \frac{1}{\sqrt{\alpha_t}} \Bigl( x_t - \frac{\beta_t}{\sqrt{1 -
\bar\alpha_t}}\, \epsilon_\theta \Bigr) + \sigma_t z
$$

Papers: [Denoising Diffusion Probabilistic Models](https://arxiv.org/abs/2006.11239), algorithms 1 and 2;
[Classifier-Free Diffusion Guidance](https://arxiv.org/abs/2207.12598).

Letters: `B` batch, `t` step (0 is the least noise here, 1 in the papers), `S` steps in all, `β_t` variance added by a
step, `α_t = 1 - β_t`, `ᾱ_t` the product of all `α` up to `t`.
"""

from collections.abc import Callable

import torch
from torch import Tensor

# --8<-- [start:core]
Model = Callable[[Tensor, Tensor], Tensor]  # noisy samples (B, ...) and their steps (B,) to the noise in them


def linear_betas(steps: int = 1000, first: float = 1e-4, last: float = 0.02) -> Tensor:
    """The paper's schedule, `(S,)`.

    Raises:
        ValueError: If `steps` is below 1 or a variance is not in (0, 1).
    """
    if steps < 1 or not (0 < first < 1 and 0 < last < 1):
        raise ValueError(f"steps {steps} is below 1, or first {first} or last {last} is not in (0, 1)")
    return torch.linspace(first, last, steps)


def add_noise(x: Tensor, noise: Tensor, steps: Tensor, betas: Tensor) -> Tensor:
    """Samples at any step of the way to noise, in one go.

    Args:
        x: Data `(B, ...)`, of about unit variance.
        noise: Standard normal, the same shape.
        steps: Int64 `(B,)`, 0 to `S - 1`.
        betas: Schedule `(S,)`.

    Returns:
        Noisy samples `(B, ...)`.

    Raises:
        ValueError: If shapes do not fit or a step is not on the schedule.
    """
    if noise.shape != x.shape or steps.shape != x.shape[:1]:
        raise ValueError(f"x {tuple(x.shape)}, noise {tuple(noise.shape)} and steps {tuple(steps.shape)} do not fit")
    if steps.numel() and (steps.min() < 0 or steps.max() >= len(betas)):
        raise ValueError(f"a step is not from 0 to {len(betas) - 1}")
    return _noisy(x, noise, steps, betas)


def _noisy(x: Tensor, noise: Tensor, steps: Tensor, betas: Tensor) -> Tensor:
    """`add_noise` without the questions, for which a GPU would have to wait."""
    kept = (1 - betas).cumprod(dim=0)[steps]  # ᾱ, (B,), in the dtype of `betas`: bf16 has nothing between 0.996 and 1
    kept = kept.view(-1, *[1] * (x.ndim - 1))  # (B, 1, ...)
    return (kept.sqrt() * x + (1 - kept).sqrt() * noise).to(x.dtype)


def denoising_loss(model: Model, x: Tensor, betas: Tensor) -> Tensor:
    """One random step and noise for each sample, and the mean squared error of the noise the model finds."""
    steps = torch.randint(len(betas), x.shape[:1], device=x.device)
    noise = torch.randn_like(x)
    found = model(_noisy(x, noise, steps, betas), steps)
    if found.shape != x.shape:
        raise ValueError(f"the model finds noise {tuple(found.shape)} in {tuple(x.shape)}")
    return (found - noise).to(torch.promote_types(x.dtype, torch.float32)).square().mean()


def reverse_step(x: Tensor, found: Tensor, step: int, betas: Tensor, noise: Tensor) -> Tensor:
    """From step `step` to the one before: take away part of the noise found, and add a little new noise.

    Args:
        x: Noisy samples `(B, ...)`.
        found: The model's guess of the noise in them, the same shape.
        step: Where they are; from 0 the result is a finished sample, and nothing is added.
        betas: Schedule `(S,)`.
        noise: Standard normal, the same shape.

    Returns:
        Samples `(B, ...)` with one step less noise.

    Raises:
        ValueError: If `step` is not on the schedule.
    """
    if not 0 <= step < len(betas):
        raise ValueError(f"step {step} is not from 0 to {len(betas) - 1}")
    kept = (1 - betas).cumprod(dim=0)
    mean = (x - betas[step] / (1 - kept[step]).sqrt() * found) / (1 - betas[step]).sqrt()
    if step == 0:
        return mean
    variance = (1 - kept[step - 1]) / (1 - kept[step]) * betas[step]  # of x[t-1], given x[t] and x[0]
    return mean + variance.sqrt() * noise


@torch.no_grad()
def sample(model: Model, shape: tuple[int, ...], betas: Tensor) -> Tensor:
    """New samples of `shape` `(B, ...)`, from pure noise through all steps, on the schedule's device."""
    x = torch.randn(shape, device=betas.device)
    for step in reversed(range(len(betas))):
        steps = torch.full(shape[:1], step, device=betas.device)
        x = reverse_step(x, model(x, steps), step, betas, torch.randn(shape, device=betas.device))
    return x


def guided(conditional: Model, unconditional: Model, scale: float) -> Model:
    """A model whose condition counts `scale` times: 0 ignores it, 1 is plain, above 1 enlarges it.

    Usually both are one network, trained with the condition left out now and then.
    """

    def model(x: Tensor, steps: Tensor) -> Tensor:
        """The unconditional guess, moved along the difference that the condition makes."""
        without = unconditional(x, steps)
        return without + scale * (conditional(x, steps) - without)

    return model


# --8<-- [end:core]


def demo() -> None:
    """Learn one dimension with two values, -1 and 1, and make new ones."""
    torch.manual_seed(0)
    betas = linear_betas(30, last=0.3)
    layers = [torch.nn.Linear(2, 64), torch.nn.SiLU(), torch.nn.Linear(64, 64), torch.nn.SiLU(), torch.nn.Linear(64, 1)]
    network = torch.nn.Sequential(*layers)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01)

    def model(x: Tensor, steps: Tensor) -> Tensor:
        """The network sees the step as one more feature, from 0 to 1."""
        return network(torch.cat([x, steps[:, None] / len(betas)], dim=1))

    for step in range(301):
        loss = denoising_loss(model, torch.randint(2, (128, 1)) * 2.0 - 1, betas)
        if step % 150 == 0:
            print(f"step {step}: loss {loss.item():.2f}")
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    made = sample(model, (500, 1), betas)
    print(f"within 0.5 of -1 or 1: {((made.abs() - 1).abs() < 0.5).float().mean().item():.2f}")
    print(f"positive: {(made > 0).float().mean().item():.2f}")


if __name__ == "__main__":
    demo()
