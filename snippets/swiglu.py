r"""SwiGLU: a feed-forward network with a gate

The feed-forward network of a Transformer widens, bends and narrows again. A gated one widens twice and lets one
branch, bent by SiLU, decide how much of the other passes. Three matrices instead of two: to keep the number of
parameters, the hidden width becomes 2/3 of the usual 4 C.

$$
y = W_{\mathrm{down}} \big( \mathrm{SiLU}(W_{\mathrm{gate}}\, x) \odot W_{\mathrm{up}}\, x \big), \qquad
\mathrm{SiLU}(z) = z\, \sigma(z), \qquad 3 \cdot C \cdot \tfrac{2}{3} 4 C = 2 \cdot C \cdot 4 C
$$

Paper: [GLU Variants Improve Transformer](https://arxiv.org/abs/2002.05202), section 2.

Letters: `C` model width, `K` hidden width.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


# --8<-- [start:core]
def hidden_width(width: int, multiple_of: int = 256) -> int:
    """Two thirds of `4 width`, rounded up so that the matrices fit the hardware; LLaMA 7B: 4096 gives 11008.

    Args:
        width: `C`.
        multiple_of: What the result is a multiple of.

    Returns:
        `K`.

    Raises:
        ValueError: If a number is below 1.
    """
    if width < 1 or multiple_of < 1:
        raise ValueError(f"width {width} and multiple_of {multiple_of} are not both positive")
    hidden = 8 * width // 3
    return -(-hidden // multiple_of) * multiple_of


def swiglu(x: Tensor, gate: Tensor, up: Tensor, down: Tensor) -> Tensor:
    """The network as a function of its three weights.

    Args:
        x: Shape `(..., C)`.
        gate: Shape `(K, C)`, as `nn.Linear` keeps it.
        up: Shape `(K, C)`.
        down: Shape `(C, K)`.

    Returns:
        Shape `(..., C)`.
    """
    hidden = F.silu(x @ gate.T) * (x @ up.T)  # (..., K)
    return hidden @ down.T


def swiglu_packed(x: Tensor, gate_up: Tensor, down: Tensor) -> Tensor:
    """The same with `gate` and `up` in one matrix: one product that reads `x` once instead of two.

    Args:
        x: Shape `(..., C)`.
        gate_up: `torch.cat([gate, up])`, shape `(2 K, C)`.
        down: Shape `(C, K)`.

    Returns:
        Shape `(..., C)`.

    Raises:
        ValueError: If `gate_up` is not twice as high as `down` is wide: the halves would be split wrongly.
    """
    if gate_up.shape[0] != 2 * down.shape[1]:
        raise ValueError(f"gate_up {tuple(gate_up.shape)} and down {tuple(down.shape)} are not (2 K, C) and (C, K)")
    gate, up = (x @ gate_up.T).chunk(2, dim=-1)  # (..., K) each
    return (F.silu(gate) * up) @ down.T


class SwiGLU(nn.Module):
    """The gated network with the parameters as LLaMA names them, without bias.

    Args:
        width: `C`.
        hidden: `K`. None: `hidden_width(width)`.

    Raises:
        ValueError: If a width is below 1.
    """

    def __init__(self, width: int, hidden: int | None = None) -> None:
        super().__init__()
        hidden = hidden_width(width) if hidden is None else hidden
        if width < 1 or hidden < 1:
            raise ValueError(f"width {width} and hidden {hidden} are not both positive")
        self.gate_proj = nn.Linear(width, hidden, bias=False)
        self.up_proj = nn.Linear(width, hidden, bias=False)
        self.down_proj = nn.Linear(hidden, width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(..., C)` to `(..., C)`, each position for itself."""
        return swiglu(x, self.gate_proj.weight, self.up_proj.weight, self.down_proj.weight)


# --8<-- [end:core]


def demo() -> None:
    """LLaMA's hidden widths, beside the parameters of the plain network of width 4 C."""
    for name, width in (("7B", 4096), ("13B", 5120), ("65B", 8192)):
        hidden = hidden_width(width)
        share = 3 * width * hidden / (8 * width**2)
        print(f"LLaMA {name:3}: C {width}, K {hidden}, {share:.3f} times the plain parameters")
    torch.manual_seed(0)
    layer, x = SwiGLU(8, 16), torch.randn(2, 8)
    gate_up = torch.cat([layer.gate_proj.weight, layer.up_proj.weight])
    print("packed form equal:", torch.allclose(layer(x), swiglu_packed(x, gate_up, layer.down_proj.weight), atol=1e-6))


if __name__ == "__main__":
    demo()
