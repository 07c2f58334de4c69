r"""Scaling laws: how large, on how many tokens, and how sure

Loss falls as a power of parameters and of tokens, towards a floor that no model of the kind gets below. Runs that cost
little say where: at one budget the best size is the bottom of a parabola in `log N` (IsoFLOP), and all runs together
give five numbers, by a robust fit of the logarithm. From these follow size and tokens for a budget nobody has spent
yet, and what that run's loss should be. Whether they can be trusted is tried on runs that the fit has not seen.

$$
L(N, D) = E + \frac{A}{N^\alpha} + \frac{B}{D^\beta}, \qquad
\min_{E, A, B, \alpha, \beta} \sum_i \mathrm{Huber}_\delta\big(\log L(N_i, D_i) - \log L_i\big), \qquad
N^* = G \Big(\frac{C}{6}\Big)^{\frac{\beta}{\alpha + \beta}}, \quad
G = \Big(\frac{\alpha A}{\beta B}\Big)^{\frac{1}{\alpha + \beta}}
$$

Paper: [Training Compute-Optimal Large Language Models](https://arxiv.org/abs/2203.15556), sections 3.2 (IsoFLOP), 3.3
(the fit), equation 4 (the optimum); [Chinchilla Scaling: A replication attempt](https://arxiv.org/abs/2404.10102) for
`EPOCH`.

Letters: `N` parameters, `D` tokens, `C` FLOPs of training, `6 N D`; `R` runs, `S` starts of the fit.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor


# --8<-- [start:core]
@dataclass(frozen=True)
class ScalingLaw:
    """Loss in nats per token of `N` parameters trained on `D` tokens; all five numbers are positive."""

    E: float
    A: float
    B: float
    alpha: float
    beta: float

    def loss(self, N: Tensor, D: Tensor) -> Tensor:
        """What the law says; shapes broadcast."""
        return self.E + self.A * N**-self.alpha + self.B * D**-self.beta

    def optimum(self, flops: Tensor | float) -> tuple[Tensor, Tensor]:
        """Parameters and tokens, each of the shape of `flops`, with the least loss where `6 N D` is `flops`."""
        C = torch.as_tensor(flops, dtype=torch.float64)
        both = self.alpha + self.beta
        G = (self.alpha * self.A / (self.beta * self.B)) ** (1 / both)
        N = G * (C / 6) ** (self.beta / both)
        return N, C / (6 * N)


CHINCHILLA = ScalingLaw(E=1.69, A=406.4, B=410.7, alpha=0.34, beta=0.28)  # as published, to few digits
EPOCH = ScalingLaw(E=1.8172, A=482.01, B=2085.43, alpha=0.3478, beta=0.3658)  # the same runs, read off and fitted again


def isoflop_optimum(N: Tensor, loss: Tensor) -> tuple[float, float]:
    """The best size at one budget: the bottom of the parabola through the losses over `log N`.

    Args:
        N: Parameters of the runs, all of the same FLOPs, `(R,)`, at least 3 sizes.
        loss: What they reached, `(R,)`.

    Returns:
        Parameters there, not rounded.
        The loss there.

    Raises:
        ValueError: If there are fewer than 3 sizes, or the bottom is not among them: then it would be a guess.
    """
    if N.ndim != 1 or N.shape != loss.shape or len(set(N.tolist())) < 3:
        raise ValueError(f"N and loss {tuple(N.shape)}, {tuple(loss.shape)} are not three sizes (R,) and their losses")
    x = N.double().log()
    middle = x.mean()
    powers = (x - middle).unsqueeze(1) ** torch.arange(3, device=x.device)  # (R, 3)
    c, b, a = torch.linalg.lstsq(powers, loss.double().unsqueeze(1)).solution[:, 0].tolist()
    bottom = math.inf if a <= 0 else middle.item() - b / (2 * a)
    if not x.min() <= bottom <= x.max():
        raise ValueError(f"the bottom is not between {N.min().item():.3g} and {N.max().item():.3g}: train other sizes")
    return math.exp(bottom), c - b * b / (4 * a)


def fit_power_law(x: Tensor, y: Tensor) -> tuple[float, float]:
    """Least squares of `log y` over `log x`: of the best sizes over FLOPs, for one.

    Args:
        x: Positive, `(R,)`, at least two different.
        y: Positive, `(R,)`.

    Returns:
        The exponent.
        The coefficient before the power.

    Raises:
        ValueError: If shapes differ, or there are fewer than two points.
    """
    if x.ndim != 1 or x.shape != y.shape or len(set(x.tolist())) < 2:
        raise ValueError(f"x and y {tuple(x.shape)}, {tuple(y.shape)} are not two or more points (R,)")
    u, v = x.double().log(), y.double().log()
    exponent = ((u - u.mean()) * v).sum() / (u - u.mean()).square().sum()
    return exponent.item(), (v.mean() - exponent * u.mean()).exp().item()


def fit_scaling_law(N: Tensor, D: Tensor, loss: Tensor, delta: float = 1e-3, steps: int = 300) -> ScalingLaw:
    """The five numbers, by the method of Levenberg and Marquardt from 25 starts at once.

    Args:
        N: Parameters, `(R,)`.
        D: Tokens, `(R,)`.
        loss: Nats per token, positive, `(R,)`.
        delta: From which error of `log loss` on a run counts by its size and no longer by its square, so that a run
            that went wrong does not lead the rest.
        steps: Of the method.

    Returns:
        The law of the start that ended best.

    Raises:
        ValueError: If there are fewer than 5 runs, fewer than 3 values of `N` or `D`, shapes differ, or a loss or
            `delta` is not positive.
    """
    fit = N.ndim == 1 and N.shape == D.shape == loss.shape and len(N) >= 5
    if not fit or min(len(set(N.tolist())), len(set(D.tolist()))) < 3 or not loss.min() > 0 or not delta > 0:
        shapes = tuple(N.shape), tuple(D.shape), tuple(loss.shape)
        raise ValueError(f"N, D, loss {shapes} are not 5 runs of 3 sizes, a loss is not positive, or delta {delta} not")
    n, d, target = N.double().log(), D.double().log(), loss.double().log()  # (R,)
    middle_n, middle_d = n.mean(), d.mean()
    n, d = n - middle_n, d - middle_d  # from the middle on: coefficients and exponents are then told apart best

    def look(p: Tensor) -> tuple[Tensor, Tensor]:
        """Errors `(S, R)` of laws `p` `(S, 5)`, and the share `(S, R, 3)` that each term has of the loss."""
        e, a, b, alpha, beta = p.unsqueeze(-1).unbind(dim=-2)  # each (S, 1)
        terms = torch.stack([e.expand(len(p), len(n)), a - alpha * n, b - beta * d], dim=-1)  # (S, R, 3)
        return terms.logsumexp(dim=-1) - target, terms.softmax(dim=-1)

    def cost(error: Tensor) -> Tensor:
        """Huber's loss of each start, `(S,)`."""
        size = error.abs()
        return torch.where(size <= delta, error.square() / 2, delta * (size - delta / 2)).sum(dim=-1)

    powers = torch.cartesian_prod(*[torch.linspace(0.1, 1, 5)] * 2).to(n)  # (S, 2)
    p = torch.cat([target.mean().expand(len(powers), 3), powers], dim=1)  # (S, 5); at first each term is a whole loss
    damping = torch.full_like(p[:, :1], 1e-2)
    for _ in range(steps):
        error, share = look(p)
        slopes = torch.cat([share, -share[..., 1:] * torch.stack([n, d], dim=-1)], dim=-1)  # (S, R, 5)
        weight = (delta / error.abs()).clamp(max=1)  # Huber's loss as squares with weights; 1 where delta / 0
        curvature = slopes.mT @ (weight.unsqueeze(-1) * slopes)  # (S, 5, 5)
        ridge = torch.diag_embed(damping * curvature.diagonal(dim1=-2, dim2=-1).clamp(min=1e-12))
        move = torch.linalg.solve(curvature + ridge, (slopes.mT @ (weight * error).unsqueeze(-1))).squeeze(-1)
        better = (cost(look(p - move)[0]) <= cost(error)).unsqueeze(-1)  # (S, 1)
        p = torch.where(better, p - move, p)
        damping = torch.where(better, damping / 3, damping * 4).clamp(min=1e-12)
    e, a, b, alpha, beta = p[cost(look(p)[0]).argmin()].tolist()
    A, B = math.exp(a + alpha * middle_n.item()), math.exp(b + beta * middle_d.item())
    return ScalingLaw(math.exp(e), A, B, alpha, beta)


def extrapolation_error(N: Tensor, D: Tensor, loss: Tensor, flops: float, delta: float = 1e-3) -> Tensor:
    """What a law that has seen the runs up to `flops` says of the dearer ones: prediction over loss, less 1.

    Args:
        N: See `fit_scaling_law`.
        D: See there.
        loss: See there.
        flops: Where to cut; runs of more are predicted.
        delta: See there.

    Returns:
        One number for each run above `flops`, in the order of the runs; 0.01 is one per cent too high.

    Raises:
        ValueError: If no run is above, or `fit_scaling_law` cannot fit those below.
    """
    seen = 6 * N.double() * D.double() <= flops
    if seen.all():
        raise ValueError(f"no run is above {flops:.3g} FLOPs")
    law = fit_scaling_law(N[seen], D[seen], loss[seen], delta)
    return law.loss(N[~seen].double(), D[~seen].double()) / loss[~seen].double() - 1


# --8<-- [end:core]


def demo() -> None:
    """Runs that follow a known law up to noise, and what they say of a budget a thousand times theirs."""
    torch.manual_seed(0)
    flops = torch.tensor([1e18, 1e19, 1e20], dtype=torch.float64).repeat_interleave(7)
    N = EPOCH.optimum(flops)[0] * torch.logspace(-0.6, 0.6, 7, dtype=torch.float64).repeat(3)
    D = flops / (6 * N)
    loss = EPOCH.loss(N, D) * (1 + 0.002 * torch.randn(21, dtype=torch.float64))
    for law in (EPOCH, fit_scaling_law(N, D, loss)):
        size, tokens = law.optimum(1e23)
        print(f"1e23 FLOPs: N {size:.3g}, D {tokens:.3g}, loss {law.loss(size, tokens):.3f}")


if __name__ == "__main__":
    demo()
