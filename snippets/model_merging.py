r"""Model merging: one model out of several, without training

Models that were fine-tuned from the same base differ from it by task vectors, and these can be added, scaled and
subtracted like arrows. What two of them want of the same number may cancel: TIES keeps the large changes, lets each
number's sign be elected, and averages those that agree. DARE drops most changes by chance and enlarges the rest. SLERP
goes from one model to another along an arc, so that the length of the weights is kept on the way.

$$
\tau_m = \theta_m - \theta_0, \qquad \theta = \theta_0 + \lambda \sum_m w_m \tau_m, \qquad
\mathrm{slerp}(a, b; t) = \frac{\sin((1 - t)\Omega)}{\sin \Omega}\, a + \frac{\sin(t \Omega)}{\sin \Omega}\, b
$$

Papers: [Editing Models with Task Arithmetic](https://arxiv.org/abs/2212.04089);
[TIES-Merging](https://arxiv.org/abs/2306.01708), section 4; [DARE](https://arxiv.org/abs/2311.03099).

Letters: `M` models, `θ₀` the base, `τ` task vectors, `w` weights, `Ω` the angle between two models' weights.
"""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor


# --8<-- [start:core]
def trim(tau: Tensor, density: float) -> Tensor:
    """Keep the changes that are largest by size, set the others to 0.

    Args:
        tau: A task vector of one weight, any shape.
        density: Which share is kept, 0 to 1, rounded down.

    Returns:
        Shape and dtype of `tau`.

    Raises:
        ValueError: If `density` is not within 0 and 1.
    """
    _check_density(density, zero=True)
    kept = tau.abs().flatten().topk(int(density * tau.numel())).indices
    return torch.zeros_like(tau).flatten().index_put((kept,), tau.flatten()[kept]).view_as(tau)


def drop_and_rescale(tau: Tensor, density: float, generator: torch.Generator | None = None) -> Tensor:
    """Keep each change with probability `density`, divided by it: the mean over all draws is `tau` (DARE).

    Args:
        tau: A task vector of one weight, any shape.
        density: Above 0, up to 1; the paper's drop rate is `1 - density`.
        generator: Source of randomness on `tau`'s device. None: torch's own.

    Returns:
        Shape and dtype of `tau`.

    Raises:
        ValueError: If `density` is not above 0 and up to 1.
    """
    _check_density(density)
    return tau * torch.bernoulli(torch.full_like(tau, density), generator=generator) / density


def task_arithmetic(taus: Tensor, weights: Tensor) -> Tensor:
    """The weighted sum of task vectors. A negative weight makes a model forget.

    Args:
        taus: Of `M` models, `(M, ...)`.
        weights: `w`, `(M,)`.

    Returns:
        `(...)`.

    Raises:
        ValueError: If there are not as many weights as models.
    """
    return (taus * _spread(taus, weights)).sum(dim=0)


def ties(taus: Tensor, weights: Tensor, density: float) -> Tensor:
    """Trim, elect a sign for each number, and average the changes that have it.

    Args:
        taus: Of `M` models, `(M, ...)`.
        weights: `w`, `(M,)`, not negative: how much each counts in the election and in the mean.
        density: See `trim`; the paper keeps 0.2.

    Returns:
        `(...)`; 0 where all were trimmed. To be scaled by `λ`, tuned on data held out; without any, begin at 1.

    Raises:
        ValueError: If there are not as many weights as models, one is negative, or see `trim`.
    """
    if weights.min() < 0:
        raise ValueError(f"weights {weights.tolist()} are negative, which would turn the election around")
    w = _spread(taus, weights)
    taus = torch.stack([trim(tau, density) for tau in taus])
    elected = torch.where((w * taus).sum(dim=0) >= 0, 1, -1)  # (...): the side with the greater total
    agree = (taus.sign() == elected) * w  # (M, ...); what was trimmed has no sign and agrees with none
    total = agree.sum(dim=0)
    return (agree * taus).sum(dim=0) / torch.where(total > 0, total, 1.0)


def slerp(a: Tensor, b: Tensor, t: float, threshold: float = 0.9995) -> Tensor:
    """Between two models' weights along an arc; as a straight line where they are nearly parallel, or one is 0.

    Args:
        a: Of one model, any shape; taken as one long vector.
        b: Of the other, shape of `a`.
        t: 0 is `a`, 1 is `b`.
        threshold: From which cosine on the line is taken.

    Returns:
        Shape of `a`; its length is that of `a` and `b` if these are equally long.

    Raises:
        ValueError: If shapes differ.
    """
    if a.shape != b.shape:
        raise ValueError(f"a and b {tuple(a.shape)}, {tuple(b.shape)} differ in shape")
    cosine = (a * b).sum() / (a.norm() * b.norm())  # NaN where one is 0: no bound holds for it
    angle, bent = cosine.acos(), cosine.abs() <= threshold
    first = torch.where(bent, ((1 - t) * angle).sin() / angle.sin(), 1 - t)
    second = torch.where(bent, (t * angle).sin() / angle.sin(), t)
    return first * a + second * b


def merge_models(
    base: Mapping[str, Tensor],
    models: Sequence[Mapping[str, Tensor]],
    merge: Callable[[Tensor], Tensor],
    scale: float = 1.0,
) -> dict[str, Tensor]:
    """Merge whole models, each weight by itself, in float32 or wider.

    Args:
        base: State dictionary of `θ₀`, from which all were fine-tuned.
        models: `M` state dictionaries with the same names and shapes.
        merge: From `(M, ...)`, the task vectors of a weight, to `(...)`.
        scale: `λ`.

    Returns:
        A state dictionary in the dtypes of `base`; what holds no fractions, such as a counter, is taken from `base`.

    Raises:
        ValueError: If there is no model, or names or shapes are not those of `base`.
    """
    shapes = {name: weight.shape for name, weight in base.items()}
    if not models or any({name: weight.shape for name, weight in model.items()} != shapes for model in models):
        raise ValueError(f"the {len(models)} models are none, or have not the names and shapes of the base")
    merged = {}
    for name, weight in base.items():
        merged[name] = weight.clone()
        if weight.is_floating_point():
            wide = torch.promote_types(weight.dtype, torch.float32)
            taus = torch.stack([model[name].to(wide) - weight.to(wide) for model in models])  # (M, ...)
            merged[name] = (weight.to(wide) + scale * merge(taus)).to(weight.dtype)
    return merged


def _check_density(density: float, zero: bool = False) -> None:
    """Raise ValueError where a share of numbers is none."""
    if not (0 <= density <= 1 and (zero or density > 0)):
        raise ValueError(f"density {density} is not a share of the numbers")


def _spread(taus: Tensor, weights: Tensor) -> Tensor:
    """Weights `(M,)` as `(M, 1, ...)`, to be multiplied with `taus` `(M, ...)`."""
    if weights.ndim != 1 or len(weights) != len(taus):
        raise ValueError(f"weights {tuple(weights.shape)} are not one for each of {len(taus)} task vectors")
    return weights.to(taus).view(-1, *[1] * (taus.ndim - 1))


# --8<-- [end:core]


def demo() -> None:
    """Two task vectors that agree in one number, disagree in one, and each have one of their own."""
    taus = torch.tensor([[1.0, 1.0, 0.9, 0.01], [0.8, -0.6, 0.02, 0.7]])
    weights = torch.ones(2)
    print("sum ", task_arithmetic(taus, weights))
    print("mean", task_arithmetic(taus, weights / 2))
    print("TIES", ties(taus, weights, 0.75))


if __name__ == "__main__":
    demo()
