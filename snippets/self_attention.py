r"""Multi-head self-attention

Every position asks every other one "how much do you matter to me?" and takes the weighted mean of their values.
`H` heads do so side by side, each in its own `D` of the `C` features. Positions that are padding or lie in the
future are left out by a mask; a position that may look nowhere gets zeros, not NaN.

$$
\mathrm{head}_h = \mathrm{softmax}\Big(\frac{Q_h K_h^\top}{\sqrt{D}}\Big) V_h, \qquad
Y = [\mathrm{head}_1, \dots, \mathrm{head}_H]\, W_O
$$

Paper: [Attention Is All You Need](https://arxiv.org/abs/1706.03762), section 3.2.

Letters: `B` batch, `T` sequence, `S` length of the keys (`T` in self-attention), `C` model width, `H` heads,
`D = C / H` head width.
"""

import torch
from torch import Tensor, nn


# --8<-- [start:core]
def attention(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Scaled dot-product attention (equation 1 of the paper).

    Args:
        query: Shape `(..., T, D)`.
        key: Shape `(..., S, D)`.
        value: Shape `(..., S, D)`.
        mask: Bool, broadcastable to `(..., T, S)`; True where a query may look at a key. None: everywhere.

    Returns:
        The output, `(..., T, D)`.
        The weights, `(..., T, S)`; each row sums to 1, or to 0 where `mask` allows it no key at all.

    Raises:
        ValueError: If `mask` is not bool: 0/1 and additive masks would be read wrongly.
    """
    scores = (query * query.shape[-1] ** -0.5) @ key.transpose(-2, -1)  # (..., T, S); scaled first: fp16 tops at 65504
    if mask is None:
        weights = scores.softmax(dim=-1)
    elif mask.dtype != torch.bool:
        raise ValueError(f"mask has dtype {mask.dtype}, not torch.bool with True where a query may look")
    else:
        # The lowest finite number, not -inf: softmax over a row of -inf is 0/0, and its gradient NaN.
        weights = scores.masked_fill(~mask, torch.finfo(scores.dtype).min).softmax(dim=-1)
        weights = weights.masked_fill(~mask, 0.0)
    return weights @ value, weights


def causal_mask(length: int, device: torch.device | str | None = None) -> Tensor:
    """The mask `(T, T)` of a decoder: True where key position <= query position."""
    return torch.ones(length, length, dtype=torch.bool, device=device).tril()


class SelfAttention(nn.Module):
    """Multi-head self-attention: four projections around `attention`.

    Args:
        width: Model width `C`.
        heads: Number of heads `H`; must divide `width`.
        bias: Whether the projections have a bias.

    Raises:
        ValueError: If `heads` does not divide `width`.
    """

    def __init__(self, width: int, heads: int, bias: bool = False) -> None:
        super().__init__()
        if heads < 1 or width % heads:
            raise ValueError(f"width {width} is not divisible by heads {heads}")
        self.heads = heads
        self.q_proj = nn.Linear(width, width, bias=bias)
        self.k_proj = nn.Linear(width, width, bias=bias)
        self.v_proj = nn.Linear(width, width, bias=bias)
        self.out_proj = nn.Linear(width, width, bias=bias)

    def forward(self, x: Tensor, padding_mask: Tensor | None = None, causal: bool = False) -> Tensor:
        """Let every position of `x` look at the others.

        Args:
            x: Shape `(B, T, C)`.
            padding_mask: Bool `(B, T)`, True at real tokens and False at padding (as `attention_mask` in
                transformers; `nn.MultiheadAttention` has it the other way round). None: no padding.
            causal: Whether a position may look only at itself and what came before.

        Returns:
            Shape `(B, T, C)`. Rows at padding are to be ignored.

        Raises:
            ValueError: If `padding_mask` is not bool or not `(B, T)`.
        """
        B, T, C = x.shape
        mask = causal_mask(T, x.device) if causal else None  # (T, T)
        if padding_mask is not None:
            if padding_mask.shape != (B, T) or padding_mask.dtype != torch.bool:
                raise ValueError(f"padding_mask is {padding_mask.dtype} {tuple(padding_mask.shape)}, not bool {(B, T)}")
            keys = padding_mask[:, None, None, :]  # (B, 1, 1, T)
            mask = keys if mask is None else mask & keys  # (B, 1, T, T)
        query, key, value = (
            projection(x).view(B, T, self.heads, C // self.heads).transpose(1, 2)  # (B, H, T, D)
            for projection in (self.q_proj, self.k_proj, self.v_proj)
        )
        heads, _ = attention(query, key, value, mask)  # (B, H, T, D)
        return self.out_proj(heads.transpose(1, 2).reshape(B, T, C))  # (B, T, C)


# --8<-- [end:core]


def demo() -> None:
    """Run the classic sizes, then show that a causal layer cannot see the future."""
    torch.manual_seed(0)
    layer = SelfAttention(width=512, heads=8)
    x = torch.randn(16, 10, 512)
    print("output:", tuple(layer(x).shape))
    print("parameters:", sum(parameter.numel() for parameter in layer.parameters()))

    changed = x.clone()
    changed[:, 6] += 1.0
    moved = (layer(x, causal=True) - layer(changed, causal=True)).abs().amax(dim=(0, 2)) > 1e-6
    print("positions that notice a change at 6:", moved.nonzero().flatten().tolist())


if __name__ == "__main__":
    demo()
