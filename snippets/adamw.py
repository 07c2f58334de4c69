r"""AdamW, Adam and SGD, step by step

SGD takes one learning rate for all parameters. Adam divides each parameter's step by the size of its recent
gradients. Weight decay put into the gradient (L2) is divided too, so that parameters with large gradients hardly
decay; AdamW takes the decay out of the gradient and shrinks the parameters directly.

$$
m \leftarrow \beta_1 m + (1 - \beta_1) g, \quad v \leftarrow \beta_2 v + (1 - \beta_2) g^2, \qquad
\theta \leftarrow (1 - \eta\lambda)\, \theta - \eta\, \frac{m / (1 - \beta_1^n)}{\sqrt{v / (1 - \beta_2^n)} + \epsilon}
$$

Papers: [Adam](https://arxiv.org/abs/1412.6980), algorithm 1;
[Decoupled Weight Decay Regularization](https://arxiv.org/abs/1711.05101), algorithm 2.

Letters: `θ` parameters, `g` their gradient, `η` learning rate, `λ` weight decay, `m` and `v` moments, `n` number of
the step, from 1.
"""

from collections.abc import Iterable

import torch
from torch import Tensor


# --8<-- [start:core]
@torch.no_grad()
def sgd_step(
    theta: Tensor, grad: Tensor, velocity: Tensor, lr: float, momentum: float = 0.0, weight_decay: float = 0.0
) -> None:
    """One step of SGD, in place.

    Args:
        theta: Parameters, any shape; changed.
        grad: Their gradient.
        velocity: Sum of past gradients, zeros at the start; changed.
        lr: `η`.
        momentum: Share of the velocity that is kept; 0 forgets the past.
        weight_decay: `λ`, added to the gradient: for SGD this is the same as shrinking the parameters.
    """
    grad = grad + weight_decay * theta
    velocity.mul_(momentum).add_(grad)
    theta.sub_(lr * velocity)


@torch.no_grad()
def adam_step(
    theta: Tensor,
    grad: Tensor,
    m: Tensor,
    v: Tensor,
    step: int,
    lr: float = 1e-3,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    weight_decay: float = 0.01,
    decoupled: bool = True,
) -> None:
    """One step of AdamW, or of Adam with L2, in place.

    Args:
        theta: Parameters, any shape; changed.
        grad: Their gradient.
        m: First moment, zeros at the start; changed.
        v: Second moment, zeros at the start; changed.
        step: Number of this step, from 1.
        lr: `η`.
        betas: How slowly the two moments forget; large models mostly take 0.9 and 0.95.
        eps: Keeps the division away from 0.
        weight_decay: `λ`.
        decoupled: AdamW if set; if not, the decay goes into the gradient and through both moments.
    """
    beta1, beta2 = betas
    if decoupled:
        theta.mul_(1 - lr * weight_decay)
    else:
        grad = grad + weight_decay * theta
    m.mul_(beta1).add_((1 - beta1) * grad)
    v.mul_(beta2).add_((1 - beta2) * grad.square())
    mean = m / (1 - beta1**step)  # moments start at 0; this takes out the bias towards it
    root = (v / (1 - beta2**step)).sqrt()
    theta.sub_(lr * mean / (root + eps))


class AdamW:
    """The optimizer around `adam_step`: two numbers of state for each parameter.

    Args:
        parameters: Tensors that have gradients.
        lr: `η`; may be changed between steps.
        betas: See `adam_step`.
        eps: See `adam_step`.
        weight_decay: See `adam_step`. Biases and norms mostly get none: give them an optimizer of their own.
        decoupled: See `adam_step`.

    Raises:
        ValueError: If there is no parameter, `lr`, `eps` or `weight_decay` is negative, or a beta outside [0, 1).
    """

    def __init__(
        self,
        parameters: Iterable[Tensor],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
        decoupled: bool = True,
    ) -> None:
        self.parameters = list(parameters)
        if not self.parameters:
            raise ValueError("there is no parameter to optimize")
        if not min(lr, eps, weight_decay) >= 0:
            raise ValueError(f"lr {lr}, eps {eps} and weight_decay {weight_decay} are not all 0 or more")
        if not all(0 <= beta < 1 for beta in betas):
            raise ValueError(f"betas {betas} are not both in [0, 1)")
        self.lr, self.betas, self.eps = lr, betas, eps
        self.weight_decay, self.decoupled = weight_decay, decoupled
        self.steps = [0] * len(self.parameters)  # each parameter's own: one without gradient takes no step
        self.m = [torch.zeros_like(parameter) for parameter in self.parameters]
        self.v = [torch.zeros_like(parameter) for parameter in self.parameters]

    def step(self) -> None:
        """Move every parameter that has a gradient."""
        for i, parameter in enumerate(self.parameters):
            if parameter.grad is not None:
                self.steps[i] += 1
                adam_step(
                    parameter, parameter.grad, self.m[i], self.v[i], self.steps[i],
                    self.lr, self.betas, self.eps, self.weight_decay, self.decoupled,
                )  # fmt: skip

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for parameter in self.parameters:
            parameter.grad = None


# --8<-- [end:core]


def demo() -> None:
    """Two parameters, one with gradient noise 1000 times as large: what decay takes from each in 1,000 steps."""
    for decoupled in (False, True):
        torch.manual_seed(0)
        noise, size = torch.randn(1000, 2), torch.tensor([10.0, 0.01])
        left = []
        for weight_decay in (0.0, 0.1):
            theta = torch.ones(2)
            m, v = torch.zeros(2), torch.zeros(2)
            for n in range(1000):
                adam_step(theta, noise[n] * size, m, v, n + 1, weight_decay=weight_decay, decoupled=decoupled)
            left.append(theta)
        shrunk = [round(number, 3) for number in (left[0] - left[1]).tolist()]
        print(f"{'AdamW    ' if decoupled else 'Adam + L2'} shrunk by decay: {shrunk}")


if __name__ == "__main__":
    demo()
