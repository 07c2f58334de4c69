r"""Learning rate schedule: warm-up, cosine, clipping

Training starts with small steps, since Adam's moments know little yet, rises within some thousand steps to the
peak, and falls along half a cosine to a tenth of it. Gradients whose norm is too large are clipped to a fixed one, so
that one bad batch cannot throw the model off. LLaMA: 2,000 steps of warm-up, floor 10 %, length 1.0.

$$
\eta(n) = \begin{cases} \eta_{\max}\, n / W & n < W \\
\eta_{\max} \big( r + (1 - r)\, \tfrac{1 + \cos \pi x}{2} \big), \; x = \tfrac{n - W}{N - W} & n \ge W \end{cases}
\qquad g \leftarrow g \cdot \min\Big(1, \frac{c}{\lVert g \rVert}\Big)
$$

Papers: [SGDR](https://arxiv.org/abs/1608.03983) (cosine), [LLaMA](https://arxiv.org/abs/2302.13971), section 2.3,
[On the difficulty of training RNNs](https://arxiv.org/abs/1211.5063) (clipping),
[MiniCPM](https://arxiv.org/abs/2404.06395) (warm-up, stable, decay).

Letters: `n` number of the step, `W` steps of warm-up, `N` steps in all, `r` floor as a share of the peak, `c` largest
norm of the gradient.
"""

import math
from collections.abc import Iterable

import torch
from torch import Tensor


# --8<-- [start:core]
def cosine_schedule(step: int, peak: float, total: int, warmup: int = 2000, floor: float = 0.1) -> float:
    """The learning rate of a step: linear warm-up, then half a cosine.

    Args:
        step: `n`, from 0; beyond `total` it stays at the floor.
        peak: Largest learning rate.
        total: `N`. The cosine must end where training ends: stopped half-way it has not cooled down.
        warmup: `W`.
        floor: `r`, in [0, 1].

    Returns:
        The learning rate; 0 at step 0 where there is a warm-up.

    Raises:
        ValueError: If `step` is negative, `floor` outside [0, 1] or `warmup` not in 0 to `total`.
    """
    _check(step, total, warmup, floor)
    if step < warmup:
        return peak * step / warmup
    progress = (step - warmup) / (total - warmup) if step < total else 1.0
    return peak * (floor + (1 - floor) * (1 + math.cos(math.pi * progress)) / 2)


def stable_schedule(
    step: int, peak: float, total: int, warmup: int = 2000, decay: int = 2000, floor: float = 0.1
) -> float:
    """Warm-up, stable, decay: the rate stays at the peak and falls linearly over the last `decay` steps.

    Where training will end need not be known before: any checkpoint of the stable part can be cooled down.
    Arguments and errors are those of `cosine_schedule`; in addition `decay` must fit behind the warm-up.
    """
    _check(step, total, warmup, floor)
    if not 0 <= decay <= total - warmup:
        raise ValueError(f"decay {decay} is not in 0 to {total - warmup}")
    if step < warmup:
        return peak * step / warmup
    left = max(total - step, 0)  # steps to go
    return peak * (floor + (1 - floor) * min(left / max(1, decay), 1.0))


@torch.no_grad()
def clip_gradients(parameters: Iterable[Tensor], max_norm: float = 1.0) -> Tensor:
    """Shorten all gradients by one factor where their common norm is above `max_norm`; the direction stays.

    Under mixed precision, unscale first. In data-parallel training every rank must see the whole norm.

    Args:
        parameters: Tensors; their `.grad` is changed in place, those without are skipped.
        max_norm: `c`, positive.

    Returns:
        The norm before clipping, a scalar: worth a curve of its own, since spikes announce trouble.

    Raises:
        ValueError: If `max_norm` is not positive, or the norm is not finite: one factor cannot mend NaN.
    """
    if not max_norm > 0:
        raise ValueError(f"max_norm {max_norm} is not positive")
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    if not gradients:
        return torch.tensor(0.0)
    wide = torch.promote_types(gradients[0].dtype, torch.float32)
    norm = torch.stack([gradient.to(wide).norm() for gradient in gradients]).norm()
    if not bool(norm.isfinite()):
        raise ValueError(f"the gradients' norm is {norm.item()}: skip this step")
    factor = (max_norm / norm).clamp(max=1.0)
    for gradient in gradients:
        gradient.mul_(factor.to(gradient.dtype))
    return norm


def _check(step: int, total: int, warmup: int, floor: float) -> None:
    """Raise ValueError unless the arguments describe a schedule."""
    if step < 0:
        raise ValueError(f"step {step} is negative")
    if not 0 <= warmup <= total:
        raise ValueError(f"warmup {warmup} is not in 0 to {total}")
    if not 0 <= floor <= 1:
        raise ValueError(f"floor {floor} is not in [0, 1]")


# --8<-- [end:core]


def demo() -> None:
    """Both schedules at a few of 10,000 steps, and a gradient that is clipped."""
    for step in (0, 1000, 2000, 6000, 9000, 10000):
        rates = [schedule(step, 3e-4, 10000) for schedule in (cosine_schedule, stable_schedule)]
        print(f"step {step:5}: cosine {rates[0]:.2e}, stable {rates[1]:.2e}")
    parameter = torch.zeros(2, requires_grad=True)
    parameter.grad = torch.tensor([3.0, 4.0])
    norm = clip_gradients([parameter])
    print(f"norm {norm.item():.1f} clipped to", [round(entry, 2) for entry in parameter.grad.tolist()])


if __name__ == "__main__":
    demo()
