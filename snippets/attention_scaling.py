r"""Attention scaling: why the scores are divided by √D

A dot product of `D` independent numbers grows with `D`. Softmax of large scores is all but one-hot, and where it is
one-hot its derivative is 0: nothing is learned. Dividing by √D gives the scores variance 1 at any width. Here are
the scores, and what they do to softmax: how peaked it is and how much gradient it lets through.

$$
\mathrm{Var}(q \cdot k) = \sum_{i=1}^{D} \mathbb{E}[q_i^2]\,\mathbb{E}[k_i^2] = D, \qquad
\Big\lVert \frac{\partial p}{\partial s} \Big\rVert_F^2 = \sum_i p_i^2 - 2 \sum_i p_i^3 + \Big(\sum_i p_i^2\Big)^2
$$

Paper: [Attention Is All You Need](https://arxiv.org/abs/1706.03762), section 3.2.1 and its footnote 4.

Letters: `T` number of queries, `S` number of keys, `D` head width; `s` scores and `p` weights of one query.
"""

import torch
from torch import Tensor


# --8<-- [start:core]
def attention_scores(query: Tensor, key: Tensor, scale: float | None = None) -> Tensor:
    """Dot products of every query with every key, times `scale`.

    Args:
        query: Shape `(..., T, D)`.
        key: Shape `(..., S, D)`.
        scale: A positive factor. None: `D ** -0.5`, which gives variance 1 where the entries have variance 1.

    Returns:
        Shape `(..., T, S)`.

    Raises:
        ValueError: If the widths differ or are 0, or `scale` is not positive.
    """
    D = query.shape[-1]
    if D == 0 or key.shape[-1] != D:
        raise ValueError(f"query has width {D} and key {key.shape[-1]}; they must be equal and positive")
    if scale is None:
        scale = D**-0.5
    if not scale > 0:
        raise ValueError(f"scale {scale} is not positive")
    return (query * scale) @ key.transpose(-2, -1)  # scaled first: float16 ends at 65504


@torch.no_grad()
def jacobian_norm(weights: Tensor) -> Tensor:
    """Size of softmax's derivative: the Frobenius norm of `diag(p) - p pᵀ`.

    It is 0 where one weight is 1: no gradient reaches the scores. Over two weights it is largest at one half each.

    Args:
        weights: Softmax of scores, `(..., S)`; the last dimension sums to 1.

    Returns:
        Shape `(...)`, in float32 or wider.
    """
    weights = weights.to(torch.promote_types(weights.dtype, torch.float32))
    squares = weights.square().sum(dim=-1)
    norm = squares - 2 * weights.pow(3).sum(dim=-1) + squares.square()
    return norm.clamp(min=0).sqrt()  # rounding may leave a one-hot row just below 0


@torch.no_grad()
def saturation(scores: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """How far softmax is from letting gradients through, over all rows of `scores`.

    Args:
        scores: Shape `(..., S)` with `S >= 1`; before softmax.

    Returns:
        Variance of the scores about 0, a scalar.
        Mean of each row's largest weight, a scalar: 1 / S is uniform, 1 is one-hot.
        Mean of `jacobian_norm`, a scalar.

    Raises:
        ValueError: If there is no score.
    """
    if scores.numel() == 0:
        raise ValueError(f"scores {tuple(scores.shape)} are empty")
    scores = scores.to(torch.promote_types(scores.dtype, torch.float32))
    weights = scores.softmax(dim=-1)
    return scores.square().mean(), weights.amax(dim=-1).mean(), jacobian_norm(weights).mean()


# --8<-- [end:core]


def demo() -> None:
    """Unscaled scores saturate as the head grows wider; scaled ones do not."""
    torch.manual_seed(0)
    for D in (16, 64, 512):
        query, key = torch.randn(256, 1, D), torch.randn(256, 16, D)
        for name, scale in (("1", 1.0), ("1/√D", None)):
            variance, largest, gradient = saturation(attention_scores(query, key, scale))
            print(f"D {D:3}  times {name:4}  variance {variance:6.1f}  largest {largest:.2f}  gradient {gradient:.2f}")


if __name__ == "__main__":
    demo()
