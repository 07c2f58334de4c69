r"""Mixed precision: half the bits for products, all of them for the weights' small steps

Numbers of 16 bits halve memory and double the speed of products, and break two things. Small gradients become 0 in
float16, whose range is short: the loss is scaled up before the backward pass and the gradients down after it. Small
steps vanish in a weight of 16 bits, float16 or bfloat16: steps are added to a copy in float32, or rounded at random.

$$
g = \frac{1}{s} \nabla_{w_{16}} (s \cdot \mathcal L), \qquad w_{32} \leftarrow w_{32} - \eta\, u(g), \qquad
w_{16} \leftarrow \mathrm{round}(w_{32}), \qquad
\mathrm{SR}(x) = \begin{cases} \lceil x \rceil & \text{with probability } (x - \lfloor x \rfloor) / \delta \\
\lfloor x \rfloor & \text{else} \end{cases}
$$

Papers: [Mixed Precision Training](https://arxiv.org/abs/1710.03740), section 3;
[Deep Learning with Limited Numerical Precision](https://arxiv.org/abs/1502.02551), section 3, for `SR`.

Letters: `s` scale of the loss, `g` gradient, `u` what the optimizer makes of it, `η` learning rate; `⌊x⌋`, `⌈x⌉`
the two numbers of 16 bits around `x`, `δ` apart.
"""

from collections.abc import Iterable

import torch
from torch import Tensor


# --8<-- [start:core]
class GradScaler:
    """The scale of the loss: half of it after an overflow, twice of it when there was none for long.

    As `torch.amp.GradScaler`, whose defaults these are; nothing here waits for a GPU.

    Args:
        init_scale: `s` at the start.
        growth_factor: What `s` is multiplied by after `growth_interval` steps in a row without overflow.
        backoff_factor: What it is multiplied by after a step with one.
        growth_interval: See `growth_factor`.
        device: Where losses are.

    Raises:
        ValueError: If the scale could not grow, not shrink, or is not positive.
    """

    def __init__(
        self,
        init_scale: float = 2.0**16,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        device: torch.device | str = "cpu",
    ) -> None:
        if not (init_scale > 0 and growth_factor > 1 and 0 < backoff_factor < 1 and growth_interval >= 1):
            raise ValueError(
                f"init_scale {init_scale} or growth_interval {growth_interval} is not positive, growth_factor "
                f"{growth_factor} not above 1, or backoff_factor {backoff_factor} not between 0 and 1"
            )
        self.growth_factor, self.backoff_factor, self.growth_interval = growth_factor, backoff_factor, growth_interval
        self.scale_now = torch.tensor(float(init_scale), device=device)
        self.good_steps = torch.tensor(0, device=device)

    def scale(self, loss: Tensor) -> Tensor:
        """The loss to go backward from, a scalar, in float32 at least: float16 ends at 65,504."""
        return loss.to(torch.promote_types(loss.dtype, torch.float32)) * self.scale_now

    def update(self, found_inf: Tensor) -> None:
        """Choose the next step's scale.

        Args:
            found_inf: Whether a gradient of this step was not finite; a scalar, bool.
        """
        good = torch.where(found_inf, 0, self.good_steps + 1)
        grows = good == self.growth_interval
        factor = torch.where(found_inf, self.backoff_factor, torch.where(grows, self.growth_factor, 1.0))
        self.scale_now = self.scale_now * factor
        self.good_steps = torch.where(grows, 0, good)


class MasterWeights:
    """Copies in float32 of a model's weights, for the optimizer: it moves these, and the model gets them rounded.

    Args:
        parameters: The model's, in 16 bits.

    Raises:
        ValueError: If there is none.
    """

    def __init__(self, parameters: Iterable[Tensor]) -> None:
        self.narrow = list(parameters)
        if not self.narrow:
            raise ValueError("there is no parameter")
        self.wide = [parameter.detach().float().clone() for parameter in self.narrow]

    def take_gradients(self, scale: Tensor | float = 1.0) -> Tensor:
        """Move the model's gradients to the copies, unscaled, and forget the model's. Clip after this.

        Args:
            scale: `s`, by which the loss was multiplied.

        Returns:
            Whether one of them is not finite: a scalar, bool. Such a step is to be left out.
        """
        finite = torch.ones((), dtype=torch.bool, device=self.narrow[0].device)
        for narrow, wide in zip(self.narrow, self.wide, strict=True):
            wide.grad = None if narrow.grad is None else narrow.grad.float() / scale
            narrow.grad = None
            if wide.grad is not None:
                finite = finite & wide.grad.isfinite().all().to(finite.device)
        return ~finite

    @torch.no_grad()
    def give_weights(self) -> None:
        """Round the copies to the nearest number of the model's type, and give them to it."""
        for narrow, wide in zip(self.narrow, self.wide, strict=True):
            narrow.copy_(wide)


def round_stochastically(x: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """Round to one of the two neighbours in bfloat16, so that the mean over many roundings is the number itself.

    bfloat16 is the upper half of float32's bits: random lower halves are added, and what carries over rounds away
    from zero.

    Args:
        x: Any shape, float32.
        generator: Source of the randomness, on the device of `x`.

    Returns:
        The same shape, bfloat16.

    Raises:
        ValueError: If `x` is not float32.
    """
    if x.dtype != torch.float32:
        raise ValueError(f"numbers of {x.dtype} are not float32, whose upper 16 bits bfloat16 is")
    noise = torch.randint(2**16, x.shape, generator=generator, device=x.device, dtype=torch.int32)
    return round_with_noise(x, noise)


def round_with_noise(x: Tensor, noise: Tensor) -> Tensor:
    """What `round_stochastically` does with given noise.

    Args:
        x: Any shape, float32.
        noise: Shape of `x`, int32, 0 to 65,535.

    Returns:
        Shape of `x`, bfloat16. What is not finite stays as it is.
    """
    upper = (x.view(torch.int32) + noise) & -(2**16)
    return torch.where(x.isfinite(), upper.view(torch.float32), x).to(torch.bfloat16)


# --8<-- [end:core]


def demo() -> None:
    """A weight of 1 moved by 0.001, 200 times, in each way."""
    weights = {"float32": torch.tensor([1.0]), "bfloat16": torch.tensor([1.0]).bfloat16()}
    model = torch.tensor([1.0]).bfloat16()
    master = MasterWeights([model])
    random, generator = torch.full((1000,), 1.0).bfloat16(), torch.Generator().manual_seed(0)
    for _ in range(200):
        for weight in weights.values():
            weight += 0.001
        master.wide[0] += 0.001
        master.give_weights()
        random = round_stochastically(random.float() + 0.001, generator)
    for name, weight in weights.items():
        print(f"{name:20} {weight.item():.4f}")
    print(f"{'master in float32':20} {model.item():.4f}")
    print(f"{'stochastic, mean':20} {random.float().mean().item():.4f}")


if __name__ == "__main__":
    demo()
