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
import torch.nn.functional as F
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
    else:
        _check_mask(mask)
        # The lowest finite number, not -inf: softmax over a row of -inf is 0/0, and its gradient NaN.
        weights = scores.masked_fill(~mask, torch.finfo(scores.dtype).min).softmax(dim=-1)
        weights = weights.masked_fill(~mask, 0.0)
    return weights @ value, weights


def attention_fused(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None, causal: bool = False
) -> Tensor:
    """The output of `attention` by torch's own kernel, which never holds the weights: what to take for long sequences.

    Args:
        query: As in `attention`; so are `key`, `value` and `mask`.
        key: See there.
        value: See there.
        mask: See there.
        causal: As if `mask` were `causal_mask(T)`, or also that; without a `mask`, the kernel skips the future.

    Returns:
        Shape `(..., T, D)`.

    Raises:
        ValueError: If `mask` is not bool, or `causal` is set and there are not as many keys as queries.
    """
    T, S = query.shape[-2], key.shape[-2]
    if causal and T != S:
        raise ValueError(f"causal attention of {T} queries to {S} keys: whose positions are they?")
    if mask is not None:
        _check_mask(mask)
        mask, causal = (mask & causal_mask(T, mask.device) if causal else mask), False
    return F.scaled_dot_product_attention(query, key, value, attn_mask=mask, is_causal=causal)


def causal_mask(length: int, device: torch.device | str | None = None) -> Tensor:
    """The mask `(T, T)` of a decoder: True where key position <= query position."""
    return torch.ones(length, length, dtype=torch.bool, device=device).tril()


class SelfAttention(nn.Module):
    """Multi-head self-attention: four projections around `attention`.

    Args:
        width: Model width `C`.
        heads: Number of heads `H`; must divide `width`.
        bias: Whether the projections have a bias.
        fused: Whether to go through `attention_fused`.

    Raises:
        ValueError: If `heads` does not divide `width`.
    """

    def __init__(self, width: int, heads: int, bias: bool = False, fused: bool = False) -> None:
        super().__init__()
        if heads < 1 or width % heads:
            raise ValueError(f"width {width} is not divisible by heads {heads}")
        self.heads = heads
        self.fused = fused
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
        mask = None
        if padding_mask is not None:
            if padding_mask.shape != (B, T) or padding_mask.dtype != torch.bool:
                raise ValueError(f"padding_mask is {padding_mask.dtype} {tuple(padding_mask.shape)}, not bool {(B, T)}")
            mask = padding_mask[:, None, None, :]  # (B, 1, 1, T)
        query, key, value = (
            projection(x).view(B, T, self.heads, C // self.heads).transpose(1, 2)  # (B, H, T, D)
            for projection in (self.q_proj, self.k_proj, self.v_proj)
        )
        if self.fused:
            heads = attention_fused(query, key, value, mask, causal)  # (B, H, T, D)
        else:
            if causal:
                past = causal_mask(T, x.device)  # (T, T)
                mask = past if mask is None else mask & past  # (B, 1, T, T)
            heads, _ = attention(query, key, value, mask)  # (B, H, T, D)
        return self.out_proj(heads.transpose(1, 2).reshape(B, T, C))  # (B, T, C)


def _check_mask(mask: Tensor) -> None:
    """Raise ValueError unless a mask is bool: 0/1 and additive masks would be read wrongly."""
    if mask.dtype != torch.bool:
        raise ValueError(f"mask has dtype {mask.dtype}, not torch.bool with True where a query may look")


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
