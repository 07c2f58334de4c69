r"""KV cache: do not compute the past again

Under a causal mask the keys and values of a position never change once they are computed. Generation keeps them and
feeds the model only the new token: one query against all cached keys. The result is that of the full pass; the price
is memory that grows with the length.

$$
\text{bytes} = 2 \cdot L \cdot G \cdot D \cdot T \cdot B \cdot b, \qquad
\text{positions put through the model for } T \text{ tokens}: \; T \text{ instead of } \tfrac{T (T + 1)}{2}
$$

Source: [Transformer Inference Arithmetic](https://kipp.ly/transformer-inference-arithmetic/).

Letters: `B` batch, `T` new positions, `S` positions known so far, `C` model width, `H` heads, `G` key/value heads
(`H` here), `D` head width, `L` layers, `b` bytes of a number.
"""

import torch
from torch import Tensor, nn


# --8<-- [start:core]
class KVCache:
    """Keys and values of one layer, in buffers made once: appending copies the new positions and nothing else.

    Args:
        batch: `B`.
        kv_heads: `G`.
        max_length: Positions there is room for.
        head_width: `D`.
        dtype: Of the stored numbers. None: that of the first keys.
        device: Where they live. None: where the first keys live.
    """

    def __init__(
        self,
        batch: int,
        kv_heads: int,
        max_length: int,
        head_width: int,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
    ) -> None:
        self.shape = (batch, kv_heads, max_length, head_width)
        self.dtype, self.device = dtype, device
        self.keys = self.values = torch.empty(0)  # until the first positions come
        self.length = 0

    @torch.no_grad()
    def append(self, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """Store new positions.

        Args:
            key: Shape `(B, G, T, D)`.
            value: Shape `(B, G, T, D)`.

        Returns:
            All keys so far, `(B, G, S, D)`, a view without gradient.
            All values so far, `(B, G, S, D)`, a view without gradient.

        Raises:
            ValueError: If the shapes do not fit or there is no room left.
        """
        B, G, room, D = self.shape
        end = self.length + key.shape[2]
        if key.shape != value.shape or key.shape != (B, G, end - self.length, D):
            raise ValueError(f"key {tuple(key.shape)} and value {tuple(value.shape)} are not ({B}, {G}, T, {D})")
        if end > room:
            raise ValueError(f"{end} positions do not fit into a cache for {room}")
        if self.keys.ndim == 1:
            self.keys, self.values = (key.new_zeros(self.shape, dtype=self.dtype, device=self.device) for _ in range(2))
        self.keys[:, :, self.length : end] = key
        self.values[:, :, self.length : end] = value
        self.length = end
        return self.keys[:, :, :end], self.values[:, :, :end]

    def truncate(self, length: int) -> None:
        """Forget what came after the first `length` positions, as speculative decoding does with refused tokens.

        Raises:
            ValueError: If there are fewer positions than that.
        """
        if not 0 <= length <= self.length:
            raise ValueError(f"cannot keep {length} of {self.length} positions")
        self.length = length


class CachedSelfAttention(nn.Module):
    """Causal multi-head self-attention that can go on from a cache.

    Args:
        width: Model width `C`, transformers' `hidden_size`.
        heads: `H`, its `num_attention_heads`; must divide `width`.

    Raises:
        ValueError: If `heads` does not divide `width`.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        if heads < 1 or width % heads:
            raise ValueError(f"width {width} is not divisible by heads {heads}")
        self.heads = heads
        self.qkv_proj = nn.Linear(width, 3 * width, bias=False)
        self.o_proj = nn.Linear(width, width, bias=False)

    def forward(self, x: Tensor, cache: KVCache | None = None, attention_mask: Tensor | None = None) -> Tensor:
        """Outputs of the positions in `x`, which follow those in `cache`.

        Args:
            x: Shape `(B, T, C)`: the whole prompt at first (prefill), then the new token alone (`T = 1`, decode).
            cache: Filled up by `T` positions. None: `x` is all there is.
            attention_mask: Bool or 0/1 `(B, S)`, False at padding, for all positions so far: prompts of different
                lengths are padded on the left, and a 1 is added with each new token. None: no padding.

        Returns:
            Shape `(B, T, C)`. Rows at padding are to be ignored.

        Raises:
            ValueError: If `attention_mask` is of floats or not `(B, S)`.
        """
        B, T, C = x.shape
        # (B, H, T, D) each
        query, key, value = self.qkv_proj(x).view(B, T, 3, self.heads, C // self.heads).permute(2, 0, 3, 1, 4)
        if cache is not None:
            key, value = cache.append(key, value)  # (B, H, S, D)
        S = key.shape[2]
        positions = torch.arange(S, device=x.device)
        mask = positions <= positions[S - T :, None]  # (T, S): the queries are the last T of S positions
        if attention_mask is not None:
            if attention_mask.shape != (B, S) or attention_mask.is_floating_point():
                raise ValueError(f"attention_mask is {tuple(attention_mask.shape)}, not bool or 0/1 {(B, S)}")
            mask = mask & attention_mask.bool()[:, None, None, :]  # (B, 1, T, S)
        scores = (query * query.shape[-1] ** -0.5) @ key.to(x.dtype).transpose(-2, -1)  # (B, H, T, S)
        scores = scores.to(torch.promote_types(scores.dtype, torch.float32))
        weights = scores.masked_fill(~mask, torch.finfo(scores.dtype).min).softmax(dim=-1).masked_fill(~mask, 0.0)
        heads = weights.to(x.dtype) @ value.to(x.dtype)  # (B, H, T, D); the cache may be narrower than the layer
        return self.o_proj(heads.transpose(1, 2).reshape(B, T, C))


def cache_bytes(
    layers: int, kv_heads: int, head_width: int, length: int, batch: int = 1, bytes_per_number: int = 2
) -> int:
    """Memory of a model's cache: keys and values, of every layer, head, position and sequence.

    Raises:
        ValueError: If a size is negative.
    """
    sizes = (layers, kv_heads, head_width, length, batch, bytes_per_number)
    if min(sizes) < 0:
        raise ValueError(f"sizes {sizes} are not all 0 or more")
    return 2 * layers * kv_heads * head_width * length * batch * bytes_per_number


# --8<-- [end:core]


@torch.no_grad()
def demo() -> None:
    """Prefill five positions, decode three, compare with the full pass; then the size of real caches."""
    torch.manual_seed(0)
    layer, x = CachedSelfAttention(64, 4), torch.randn(1, 8, 64)
    cache = KVCache(1, 4, max_length=8, head_width=16)
    steps = [layer(x[:, :5], cache), *(layer(x[:, t : t + 1], cache) for t in range(5, 8))]
    print("same as the full pass:", torch.allclose(torch.cat(steps, dim=1), layer(x), atol=1e-6))
    for name, sizes in (("LLaMA 7B", (32, 32, 128)), ("Llama 2 70B", (80, 8, 128))):
        print(f"{name}: {cache_bytes(*sizes, length=4096) / 2**30:.2f} GiB for 4096 tokens in float16")


if __name__ == "__main__":
    demo()
