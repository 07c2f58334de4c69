r"""Muon: a step that moves a weight matrix as far in every direction

The gradient of a weight matrix is mostly a few large directions: SGD moves along these and hardly along the others.
Muon keeps the directions of the momentum and makes all of its singular values about 1. A polynomial of odd degree
does that with a few products of matrices and without a singular value decomposition: applied to a matrix, it is applied
to each singular value.

$$
M \leftarrow \mu M + (1 - \mu) G, \qquad N = (1 - \mu) G + \mu M, \qquad
X_0 = \frac{N}{\lVert N \rVert_F}, \qquad X \leftarrow a X + b \, (X X^\top) X + c \, (X X^\top)^2 X, \qquad
W \leftarrow (1 - \eta \lambda) W - \eta \, s \, X
$$

Sources: [Muon](https://kellerjordan.github.io/posts/muon/), whose `s` is `original`;
[Muon is Scalable for LLM Training](https://arxiv.org/abs/2502.16982), equation 4, whose `s` is `match_rms_adamw`.

Letters: `W` a weight of `A` rows and `B` columns, `G` its gradient, `M` momentum, `η` learning rate, `λ` weight decay.
"""

import math
from collections.abc import Iterable

import torch
from torch import Tensor

# --8<-- [start:core]
QUINTIC = (3.4445, -4.7750, 2.0315)  # steep at 0; ends near 1, not at 1
CUBIC = (1.5, -0.5, 0.0)  # Newton and Schulz's own: ends at 1, but slowly


@torch.no_grad()
def newton_schulz(
    matrix: Tensor,
    ns_coefficients: tuple[float, float, float] = QUINTIC,
    ns_steps: int = 5,
    eps: float = 1e-7,
    dtype: torch.dtype | None = None,
) -> Tensor:
    """The same singular vectors, with singular values near 1.

    Args:
        matrix: `(..., A, B)`.
        ns_coefficients: `a`, `b`, `c` of the polynomial.
        ns_steps: How many times it is applied.
        eps: Least length to divide by, so that a matrix of zeros stays one.
        dtype: What to compute in. None: float32 or wider; `torch.optim.Muon` takes bfloat16, which is enough.

    Returns:
        Shape and dtype of `matrix`.

    Raises:
        ValueError: If there are no two dimensions.
    """
    if matrix.ndim < 2:
        raise ValueError(f"shape {tuple(matrix.shape)} is none of a matrix, (..., A, B)")
    a, b, c = ns_coefficients
    X = matrix.to(dtype or torch.promote_types(matrix.dtype, torch.float32))
    tall = X.shape[-2] > X.shape[-1]
    X = X.mT if tall else X  # X Xᵀ is the smaller of the two products
    X = X / X.norm(dim=(-2, -1), keepdim=True).clamp(min=eps)  # no singular value is above 1 then
    for _ in range(ns_steps):
        gram = X @ X.mT
        X = a * X + (b * gram + c * (gram @ gram)) @ X
    return (X.mT if tall else X).to(matrix.dtype)


def step_scale(rows: int, columns: int, adjust_lr_fn: str | None = None) -> float:
    """`s`: what the learning rate is multiplied by, for a step of full rank whose singular values are 1.

    Args:
        rows: `A`, the outputs of `nn.Linear`.
        columns: `B`, its inputs.
        adjust_lr_fn: None or "original": a tall matrix gets more. "match_rms_adamw": the root mean square of the step
            becomes 0.2, about that of AdamW, so that AdamW's learning rate and weight decay can be taken over.

    Returns:
        The factor.

    Raises:
        ValueError: If there is no such way.
    """
    if adjust_lr_fn in (None, "original"):
        return math.sqrt(max(1.0, rows / columns))
    if adjust_lr_fn == "match_rms_adamw":
        return 0.2 * math.sqrt(max(rows, columns))  # r values 1 in A·B numbers: a mean square of 1 / max(A, B)
    raise ValueError(f"adjust_lr_fn {adjust_lr_fn!r} is neither None, 'original' nor 'match_rms_adamw'")


class Muon:
    """The optimizer, for the matrices of hidden layers: one number of state for each parameter, where AdamW has two.

    Embeddings, the output head, biases and norms stay with AdamW.

    Args:
        parameters: Matrices, `(A, B)`, that have gradients.
        lr: `η`; may be changed between steps.
        weight_decay: `λ`, decoupled as in AdamW.
        momentum: `μ`.
        nesterov: Look ahead: `N` as above; if not, `N` is `M`.
        ns_coefficients: See `newton_schulz`.
        eps: See `newton_schulz`.
        ns_steps: See `newton_schulz`.
        adjust_lr_fn: See `step_scale`.
        dtype: See `newton_schulz`.

    Raises:
        ValueError: If there is no parameter, one is not a matrix, a number is negative, or `momentum` is 1 or more.
    """

    def __init__(
        self,
        parameters: Iterable[Tensor],
        lr: float = 1e-3,
        weight_decay: float = 0.1,
        momentum: float = 0.95,
        nesterov: bool = True,
        ns_coefficients: tuple[float, float, float] = QUINTIC,
        eps: float = 1e-7,
        ns_steps: int = 5,
        adjust_lr_fn: str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        self.parameters = list(parameters)
        if not self.parameters:
            raise ValueError("there is no parameter to optimize")
        if wrong := [tuple(one.shape) for one in self.parameters if one.ndim != 2]:
            raise ValueError(f"parameters of shapes {wrong} are no matrices: give them to AdamW")
        if not (min(lr, weight_decay, momentum) >= 0 and momentum < 1):
            raise ValueError(f"lr {lr}, weight_decay {weight_decay} are not 0 or more, or momentum {momentum} not < 1")
        self.lr, self.weight_decay, self.momentum, self.nesterov = lr, weight_decay, momentum, nesterov
        self.ns_coefficients, self.eps, self.ns_steps, self.dtype = ns_coefficients, eps, ns_steps, dtype
        self.scales = [step_scale(*one.shape, adjust_lr_fn) for one in self.parameters]
        self.buffers = [torch.zeros_like(one) for one in self.parameters]

    @torch.no_grad()
    def step(self) -> None:
        """Move every parameter that has a gradient."""
        for parameter, buffer, scale in zip(self.parameters, self.buffers, self.scales, strict=True):
            if parameter.grad is not None:
                buffer.lerp_(parameter.grad, 1 - self.momentum)
                ahead = parameter.grad.lerp(buffer, self.momentum) if self.nesterov else buffer
                update = newton_schulz(ahead, self.ns_coefficients, self.ns_steps, self.eps, self.dtype)
                parameter.mul_(1 - self.lr * self.weight_decay)
                parameter.sub_(self.lr * scale * update)

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for parameter in self.parameters:
            parameter.grad = None


# --8<-- [end:core]


def demo() -> None:
    """Singular values before and after, by each polynomial."""
    torch.manual_seed(0)
    U, _ = torch.linalg.qr(torch.randn(6, 6))
    V, _ = torch.linalg.qr(torch.randn(8, 8))
    sizes = torch.tensor([10.0, 3.0, 1.0, 0.3, 0.1, 0.01])
    gradient = (U * sizes) @ V[:6]
    print("before ", [round(x, 2) for x in torch.linalg.svdvals(gradient).tolist()])
    for name, coefficients in (("quintic", QUINTIC), ("cubic", CUBIC)):
        after = torch.linalg.svdvals(newton_schulz(gradient, coefficients))
        print(f"{name:7}", [round(x, 2) for x in after.tolist()])


if __name__ == "__main__":
    demo()
