r"""LoRA: low-rank adaptation

Fine-tuning moves a weight matrix by an update of low rank. LoRA freezes the matrix and learns only the update, as a
product of two thin ones: `A` takes the input down to `r` features, `B` brings it up again. `B` starts at zero, so
training starts at the pretrained model; after training the product is added to the weight and costs nothing.

$$
h = W_0 x + \frac{\alpha}{r} B A x, \qquad A \in \mathbb{R}^{r \times \mathrm{in}},\;
B \in \mathbb{R}^{\mathrm{out} \times r}, \qquad B = 0 \text{ at the start}
$$

Paper: [LoRA: Low-Rank Adaptation of Large Language Models](https://arxiv.org/abs/2106.09685), section 4.1.

Letters: `in`, `out` widths of the layer, `r` rank, `α` scale of the update.
"""

from collections.abc import Collection

import torch
import torch.nn.functional as F
from torch import Tensor, nn


# --8<-- [start:core]
class LoRALinear(nn.Module):
    """A frozen linear layer plus a trainable update of rank `rank`.

    Args:
        base: The pretrained layer `(..., in) -> (..., out)`. It is frozen in place.
        rank: `r`, at least 1; peft's `r`.
        alpha: `α`, peft's `lora_alpha`; the update is scaled by `alpha / rank`.
        dropout: Probability of dropping an input of the update while training; peft's `lora_dropout`.
        use_rslora: Scale by `alpha / √rank` instead: with `alpha / rank` an update of high rank hardly learns.

    Raises:
        ValueError: If `rank` is below 1 or `dropout` outside [0, 1).
    """

    def __init__(
        self, base: nn.Linear, rank: int, alpha: float, dropout: float = 0.0, use_rslora: bool = False
    ) -> None:
        super().__init__()
        if rank < 1:
            raise ValueError(f"rank {rank} is below 1")
        if not 0 <= dropout < 1:
            raise ValueError(f"dropout {dropout} is not in [0, 1)")
        self.base = base.requires_grad_(False)
        self.scale = alpha / (rank**0.5 if use_rslora else rank)
        self.dropout = nn.Dropout(dropout)
        self.merged = False
        like = {"device": base.weight.device, "dtype": base.weight.dtype}
        self.lora_a = nn.Parameter(torch.empty(rank, base.in_features, **like))  # (r, in)
        nn.init.kaiming_uniform_(self.lora_a, a=5**0.5)  # as peft and the authors: uniform, at most 1/√in
        self.lora_b = nn.Parameter(torch.zeros(base.out_features, rank, **like))  # (out, r)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(..., in)` to `(..., out)`.

        Raises:
            RuntimeError: If a merged layer is to be trained: the update is in the weight, and would learn nothing.
        """
        if self.merged:
            if self.training and torch.is_grad_enabled():
                raise RuntimeError("a merged update cannot be trained: unmerge() first, or eval()")
            return self.base(x)
        down = self.scale * F.linear(self.dropout(x), self.lora_a)  # (..., r); scaled here, where it is thin
        return self.base(x) + F.linear(down, self.lora_b)  # (..., out)

    @property
    def weight(self) -> Tensor:
        """The weight with its update, `(out, in)`, for modules that read it instead of calling the layer.

        `nn.MultiheadAttention` does so with its `out_proj`; dropout is left out there.
        """
        return self.base.weight if self.merged else (self.base.weight + self.delta()).to(self.base.weight.dtype)

    @property
    def bias(self) -> Tensor | None:
        """That of the base layer."""
        return self.base.bias

    def delta(self) -> Tensor:
        """The update of the weight, `(out, in)`, in float32 or wider: it is rounded once, when it is added."""
        wide = torch.promote_types(self.lora_a.dtype, torch.float32)
        return self.scale * (self.lora_b.to(wide) @ self.lora_a.to(wide))

    @torch.no_grad()
    def merge(self) -> None:
        """Add the update to the weight: inference then costs what the base layer costs. Merging twice is once.

        `state_dict` does not say whether a layer is merged: save it unmerged, or save `base` alone.
        """
        if not self.merged:
            self.base.weight.copy_(self.base.weight + self.delta())
            self.merged = True

    @torch.no_grad()
    def unmerge(self) -> None:
        """Take the update out of the weight again, up to rounding in the weight's dtype."""
        if self.merged:
            self.base.weight.copy_(self.base.weight - self.delta())
            self.merged = False


def apply_lora(
    model: nn.Module,
    rank: int,
    alpha: float,
    names: Collection[str] = ("q_proj", "v_proj"),
    dropout: float = 0.0,
    use_rslora: bool = False,
) -> list[str]:
    """Freeze `model` and put a `LoRALinear` around every linear layer called one of `names`, in place.

    Args:
        model: Any module that has the layers somewhere inside.
        rank: See `LoRALinear`.
        alpha: See `LoRALinear`.
        names: Last parts of the layers' names, such as `q_proj`; peft's `target_modules`. The default is the paper's.
        dropout: See `LoRALinear`.
        use_rslora: See `LoRALinear`.

    Returns:
        Full names of the layers that were wrapped.

    Raises:
        ValueError: If a name stands for no linear layer: it would silently stay untrained.
    """
    found = [
        (prefix, module, name, child)
        for prefix, module in model.named_modules()
        for name, child in module.named_children()
        if name in names and isinstance(child, nn.Linear)
    ]
    missing = sorted(set(names) - {name for _, _, name, _ in found})
    if missing:
        raise ValueError(f"no linear layer is called {', '.join(missing)}")
    model.requires_grad_(False)
    wrapped: dict[nn.Linear, LoRALinear] = {}  # a layer that is used twice gets one update
    for _, module, name, child in found:
        if child not in wrapped:
            wrapped[child] = LoRALinear(child, rank, alpha, dropout, use_rslora)
        setattr(module, name, wrapped[child])
    return [f"{prefix}.{name}" if prefix else name for prefix, _, name, _ in found]


# --8<-- [end:core]


def demo() -> None:
    """Teach a frozen layer a rank-1 change, then merge what it learned."""
    torch.manual_seed(0)
    layer = LoRALinear(nn.Linear(16, 16, bias=False), rank=2, alpha=4.0)
    change = torch.randn(16, 1) @ torch.randn(1, 16) / 16
    x = torch.randn(64, 16)
    target = layer.base(x) + x @ change.T
    optimizer = torch.optim.Adam([layer.lora_a, layer.lora_b], lr=0.03)
    for step in range(61):
        loss = (layer(x) - target).square().mean()
        if step % 20 == 0:
            print(f"step {step}: loss {loss.item():.5f}")
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    before = layer.eval()(x)
    layer.merge()
    print("merged output is the same:", torch.allclose(before, layer(x), atol=1e-5))


if __name__ == "__main__":
    demo()
