r"""Transformer block: Pre-Norm and Post-Norm

A block is attention, which moves information between positions, and a feed-forward network, which works on each
position alone; a residual connection goes around both. Normalising what goes into a sublayer (Pre-Norm) leaves a
path of plain additions from the first layer to the last; normalising the sum (Post-Norm, the original) does not.

$$
\text{Pre-Norm: } x \leftarrow x + F(\mathrm{LN}(x)), \qquad
\text{Post-Norm: } x \leftarrow \mathrm{LN}(x + F(x)), \qquad
F \in \{\mathrm{attention}, \mathrm{MLP}\}
$$

Papers: [Attention Is All You Need](https://arxiv.org/abs/1706.03762), section 3.1 (Post-Norm);
[On Layer Normalization in the Transformer Architecture](https://arxiv.org/abs/2002.04745) (Pre-Norm).

Letters: `B` batch, `T` sequence, `C` model width, `H` heads, `D = C / H` head width.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


# --8<-- [start:core]
class Attention(nn.Module):
    """Multi-head self-attention with biases, as the original has it.

    Args:
        width: `C`.
        heads: `H`; must divide `width`.

    Raises:
        ValueError: If `heads` does not divide `width`.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        if heads < 1 or width % heads:
            raise ValueError(f"width {width} is not divisible by heads {heads}")
        self.heads = heads
        self.in_proj = nn.Linear(width, 3 * width)
        self.out_proj = nn.Linear(width, width)

    def forward(self, x: Tensor, causal: bool = False) -> Tensor:
        """Map `(B, T, C)` to `(B, T, C)`; if `causal`, a position sees itself and what came before."""
        B, T, C = x.shape
        heads = self.in_proj(x).view(B, T, 3, self.heads, C // self.heads).permute(2, 0, 3, 1, 4)  # (3, B, H, T, D)
        query, key, value = heads[0], heads[1], heads[2]
        scores = (query * query.shape[-1] ** -0.5) @ key.transpose(-2, -1)  # (B, H, T, T)
        if causal:
            future = torch.ones(T, T, dtype=torch.bool, device=x.device).triu(1)
            scores = scores.masked_fill(future, -torch.inf)
        weights = scores.to(torch.promote_types(x.dtype, torch.float32)).softmax(dim=-1).to(x.dtype)
        output = weights @ value  # (B, H, T, D)
        return self.out_proj(output.transpose(1, 2).reshape(B, T, C))


class TransformerBlock(nn.Module):
    """One block with layer norm before or after the residual addition.

    Args:
        width: `C`.
        heads: `H`; must divide `width`.
        hidden: Width of the feed-forward network. None: 4 `C`.
        pre_norm: Pre-Norm if set, Post-Norm if not. The parameters are the same and fit both: a wrong choice raises
            no error when weights are loaded.
        dropout: Probability of dropping an output of a sublayer or of the hidden layer while training.

    Raises:
        ValueError: If `heads` does not divide `width`, `hidden` is below 1 or `dropout` outside [0, 1).
    """

    def __init__(
        self, width: int, heads: int, hidden: int | None = None, pre_norm: bool = True, dropout: float = 0.0
    ) -> None:
        super().__init__()
        hidden = 4 * width if hidden is None else hidden
        if hidden < 1:
            raise ValueError(f"hidden {hidden} is below 1")
        if not 0 <= dropout < 1:
            raise ValueError(f"dropout {dropout} is not in [0, 1)")
        self.pre_norm = pre_norm
        self.attention = Attention(width, heads)
        self.up_proj = nn.Linear(width, hidden)
        self.down_proj = nn.Linear(hidden, width)
        self.norm1 = nn.LayerNorm(width)
        self.norm2 = nn.LayerNorm(width)
        self.dropout = nn.Dropout(dropout)

    def mlp(self, x: Tensor) -> Tensor:
        """The feed-forward network: each position of `(B, T, C)` for itself."""
        return self.down_proj(self.dropout(F.relu(self.up_proj(x))))

    def forward(self, x: Tensor, causal: bool = False) -> Tensor:
        """Map `(B, T, C)` to `(B, T, C)`.

        A stack of Pre-Norm blocks needs one more norm behind the last; Post-Norm blocks have it already.
        """
        if self.pre_norm:
            x = x + self.dropout(self.attention(self.norm1(x), causal))
            return x + self.dropout(self.mlp(self.norm2(x)))
        x = self.norm1(x + self.dropout(self.attention(x, causal)))
        return self.norm2(x + self.dropout(self.mlp(x)))


# --8<-- [end:core]


@torch.no_grad()
def demo() -> None:
    """Through 24 fresh blocks: the size of the residual stream, and how much of the input is left in it."""
    for name, pre_norm in (("Pre-Norm", True), ("Post-Norm", False)):
        torch.manual_seed(0)
        hidden = x = torch.randn(8, 16, 64)
        for depth in range(1, 25):
            hidden = TransformerBlock(64, 4, pre_norm=pre_norm)(hidden, causal=True)
            if depth in (1, 24):
                left = ((hidden * x).sum() / (hidden.norm() * x.norm())).item()
                print(
                    f"{name:9} after {depth:2} blocks: size {hidden.std().item():.2f}, likeness to the input {left:.2f}"
                )


if __name__ == "__main__":
    demo()
