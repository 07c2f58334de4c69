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
        mask: Bool or 0/1, `(T, S)` or with all dimensions of the scores, 1 where it is the same along one: a mask
            `(B, T, S)` for heads must come as `(B, 1, T, S)`. True where a query may look. None: everywhere.

    Returns:
        The output, `(..., T, D)`.
        The weights, `(..., T, S)`; each row sums to 1, or to 0 where `mask` allows it no key at all.

    Raises:
        ValueError: If `mask` is of floats (additive masks would be read wrongly) or has other dimensions.
    """
    scores = (query * query.shape[-1] ** -0.5) @ key.transpose(-2, -1)  # (..., T, S); scaled first: fp16 tops at 65504
    scores = scores.to(torch.promote_types(scores.dtype, torch.float32))  # bf16 would round the sum of the softmax
    if mask is None:
        weights = scores.softmax(dim=-1)
    else:
        mask = _checked_mask(mask, scores.ndim)
        # The lowest finite number, not -inf: softmax over a row of -inf is 0/0, and its gradient NaN.
        weights = scores.masked_fill(~mask, torch.finfo(scores.dtype).min).softmax(dim=-1)
        weights = weights.masked_fill(~mask, 0.0)
    weights = weights.to(value.dtype)
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
        ValueError: As `attention`, or if `causal` is set and there are not as many keys as queries.
    """
    T, S = query.shape[-2], key.shape[-2]
    if causal and T != S:
        raise ValueError(f"causal attention of {T} queries to {S} keys: whose positions are they?")
    if mask is not None:
        mask = _checked_mask(mask, query.ndim)
        mask, causal = (mask & causal_mask(T, mask.device) if causal else mask), False
    return F.scaled_dot_product_attention(query, key, value, attn_mask=mask, is_causal=causal)


def causal_mask(length: int, device: torch.device | str | None = None) -> Tensor:
    """The mask `(T, T)` of a decoder: True where key position <= query position."""
    return torch.ones(length, length, dtype=torch.bool, device=device).tril()


class SelfAttention(nn.Module):
    """Multi-head self-attention: four projections around `attention`.

    Args:
        width: Model width `C`, transformers' `hidden_size`.
        heads: Number of heads `H`, its `num_attention_heads`; must divide `width`.
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
        self.o_proj = nn.Linear(width, width, bias=bias)

    def forward(self, x: Tensor, padding_mask: Tensor | None = None, causal: bool = False) -> Tensor:
        """Let every position of `x` look at the others.

        Args:
            x: Shape `(B, T, C)`.
            padding_mask: Bool or 0/1 `(B, T)`, 1 at real tokens and 0 at padding: a tokenizer's `attention_mask`
                (`nn.MultiheadAttention` has it the other way round). None: no padding.
            causal: Whether a position may look only at itself and what came before.

        Returns:
            Shape `(B, T, C)`. Rows at padding are to be ignored.

        Raises:
            ValueError: If `padding_mask` is of floats or not `(B, T)`.
        """
        B, T, C = x.shape
        mask = None
        if padding_mask is not None:
            if padding_mask.shape != (B, T):
                raise ValueError(f"padding_mask {tuple(padding_mask.shape)} is not {(B, T)}")
            mask = _checked_mask(padding_mask[:, None, None, :], 4)  # (B, 1, 1, T)
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
        return self.o_proj(heads.transpose(1, 2).reshape(B, T, C))  # (B, T, C)


def _checked_mask(mask: Tensor, dims: int) -> Tensor:
    """A mask as bool. One with a batch and no heads would meet the heads, and fit by chance where `B` is `H`."""
    if mask.is_floating_point():
        raise ValueError(f"mask has dtype {mask.dtype}, not bool or 0/1 with True where a query may look")
    if mask.ndim not in (2, dims):
        raise ValueError(f"mask {tuple(mask.shape)} has neither 2 nor {dims} dimensions: (B, T, S) wants a 1 for heads")
    return mask.bool()


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
