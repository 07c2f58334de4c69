r"""Multi-head latent attention (MLA): cache one small vector for all heads

What generation reads from memory is the cache of keys and values. MLA keeps neither: a token leaves one vector of width
`R`, from which every head makes its own keys and values, and one small key with its position, shared by all heads. The
matrix that would make the keys can be moved over to the query, and that for the values to the output: then attention
runs on the cached vectors themselves, and no head's keys are ever made.

$$
c_t = \mathrm{RMS}(W_a x_t), \quad k_t^h = [\,W_K^h c_t;\; \mathrm{RoPE}(W_r x_t)\,], \quad v_t^h = W_V^h c_t, \qquad
q^h \cdot k_t^h = \big((W_K^h)^\top q^h_{\text{nope}}\big) \cdot c_t + q^h_{\text{rope}} \cdot k_t^{\text{rope}}
$$

Papers: [DeepSeek-V2](https://arxiv.org/abs/2405.04434), section 2.1; [DeepSeek-V3](https://arxiv.org/abs/2412.19437),
section 2.1.1.

Letters: `B` batch, `T` sequence, `S` positions so far, `C` model width, `H` heads, `R` width of the latent; `N`, `P`,
`V` a head's width without position, with position, and of its values. Names are those of transformers' DeepseekV3.
"""

import torch
from torch import Tensor, nn


# --8<-- [start:core]
class LatentAttention(nn.Module):
    """Causal attention whose cache is one latent and one rotated key for each token.

    Args:
        hidden_size: `C`.
        num_heads: `H`.
        kv_lora_rank: `R`.
        qk_nope_head_dim: `N`.
        qk_rope_head_dim: `P`, even.
        v_head_dim: `V`.
        q_lora_rank: Width through which the queries go. None: one matrix.
        rope_theta: Base of the rotation, which pairs features `2j` and `2j + 1`.

    Raises:
        ValueError: If a width is below 1 or `qk_rope_head_dim` is odd.
    """

    def __init__(
        self,
        hidden_size: int,
        num_heads: int,
        kv_lora_rank: int,
        qk_nope_head_dim: int,
        qk_rope_head_dim: int,
        v_head_dim: int,
        q_lora_rank: int | None = None,
        rope_theta: float = 10000.0,
    ) -> None:
        super().__init__()
        sizes = (hidden_size, num_heads, kv_lora_rank, qk_nope_head_dim, qk_rope_head_dim, v_head_dim)
        if min(sizes) < 1 or qk_rope_head_dim % 2:
            raise ValueError(f"widths {sizes} are not all positive, or qk_rope_head_dim {qk_rope_head_dim} is odd")
        self.widths = qk_nope_head_dim, qk_rope_head_dim, v_head_dim
        self.num_heads, self.kv_lora_rank, self.rope_theta = num_heads, kv_lora_rank, rope_theta
        query_width = num_heads * (qk_nope_head_dim + qk_rope_head_dim)
        if q_lora_rank is None:
            self.q_proj = nn.Linear(hidden_size, query_width, bias=False)
        else:
            self.q_a_proj = nn.Linear(hidden_size, q_lora_rank, bias=False)
            self.q_a_layernorm = nn.RMSNorm(q_lora_rank, eps=1e-6)
            self.q_b_proj = nn.Linear(q_lora_rank, query_width, bias=False)
        self.kv_a_proj_with_mqa = nn.Linear(hidden_size, kv_lora_rank + qk_rope_head_dim, bias=False)
        self.kv_a_layernorm = nn.RMSNorm(kv_lora_rank, eps=1e-6)
        self.kv_b_proj = nn.Linear(kv_lora_rank, num_heads * (qk_nope_head_dim + v_head_dim), bias=False)
        self.o_proj = nn.Linear(num_heads * v_head_dim, hidden_size, bias=False)

    def forward(self, x: Tensor, past: Tensor | None = None, absorb: bool = False) -> tuple[Tensor, Tensor]:
        """Outputs of the positions in `x`, which follow those in `past`.

        Args:
            x: `(B, T, C)`.
            past: What the calls before returned, `(B, S - T, R + P)`: all that is cached. None: there were none.
            absorb: Attend to the latents, instead of making keys and values for `S` positions of `H` heads first. The
                result is the same; it pays where `T` is small against `S`, as in decoding.

        Returns:
            Outputs, `(B, T, C)`.
            The cache for the next call, `(B, S, R + P)`.
        """
        N, P, V = self.widths
        B, T, _ = x.shape
        start = 0 if past is None else past.shape[1]
        hidden = self.q_proj(x) if hasattr(self, "q_proj") else self.q_b_proj(self.q_a_layernorm(self.q_a_proj(x)))
        query = hidden.view(B, T, self.num_heads, N + P).transpose(1, 2)  # (B, H, T, N + P)
        latent, rotated = self.kv_a_proj_with_mqa(x).split([self.kv_lora_rank, P], dim=-1)  # (B, T, R), (B, T, P)
        q_nope, q_rope = query[..., :N], rotate(query[..., N:], start, self.rope_theta)
        new = torch.cat([self.kv_a_layernorm(latent), rotate(rotated, start, self.rope_theta)], dim=-1)  # (B, T, R + P)
        cache = new if past is None else torch.cat([past, new], dim=1)  # (B, S, R + P)
        latents, keys = cache[:, None].split([self.kv_lora_rank, P], dim=-1)  # (B, 1, S, R) and (B, 1, S, P): no heads
        W = self.kv_b_proj.weight.view(self.num_heads, N + V, self.kv_lora_rank)
        to_key, to_value = W[:, :N], W[:, N:]  # (H, N, R), (H, V, R)
        if absorb:
            scores = (q_nope @ to_key) @ latents.transpose(-2, -1)  # (B, H, T, R) against what is cached
        else:
            scores = q_nope @ (latents @ to_key.transpose(-2, -1)).transpose(-2, -1)  # keys of each head, (B, H, S, N)
        scores = (scores + q_rope @ keys.transpose(-2, -1)) * (N + P) ** -0.5  # (B, H, T, S)
        future = torch.ones(T, start + T, dtype=torch.bool, device=x.device).triu(start + 1)
        wide = scores.to(torch.promote_types(x.dtype, torch.float32)).masked_fill(future, -torch.inf)
        weights = wide.softmax(dim=-1).to(x.dtype)  # (B, H, T, S)
        if absorb:
            heads = (weights @ latents) @ to_value.transpose(-2, -1)  # (B, H, T, R), then (B, H, T, V)
        else:
            heads = weights @ (latents @ to_value.transpose(-2, -1))  # values of each head, (B, H, S, V)
        return self.o_proj(heads.transpose(1, 2).flatten(2)), cache


def rotate(x: Tensor, start: int, theta: float) -> Tensor:
    """Turn the pairs `(2j, 2j + 1)` of `(..., T, P)` by positions from `start` on; the pairs' halves come out apart."""
    T, P = x.shape[-2:]
    positions = torch.arange(start, start + T, device=x.device).float()
    angles = positions[:, None] * theta ** -(torch.arange(0, P, 2, device=x.device).float() / P)  # (T, P / 2)
    cos, sin = angles.cos(), angles.sin()
    first, second = x[..., 0::2], x[..., 1::2]
    return torch.cat([first * cos - second * sin, second * cos + first * sin], dim=-1).to(x.dtype)


def cached_numbers(num_heads: int, head_dim: int, kv_heads: int | None = None, latent: int | None = None) -> int:
    """Numbers cached for a token of one layer: `2 G D`, or the latent's width `R + P` where one is given.

    Raises:
        ValueError: If a size is below 1.
    """
    kv_heads = num_heads if kv_heads is None else kv_heads
    if min(num_heads, head_dim, kv_heads, 1 if latent is None else latent) < 1:
        raise ValueError(f"sizes {(num_heads, head_dim, kv_heads, latent)} are not all positive")
    return 2 * kv_heads * head_dim if latent is None else latent


# --8<-- [end:core]


@torch.no_grad()
def demo() -> None:
    """Both ways to compute are one; what DeepSeek-V3 caches beside others with as many heads."""
    torch.manual_seed(0)
    layer, x = LatentAttention(64, 4, 16, 16, 8, 16, q_lora_rank=24), torch.randn(1, 10, 64)
    plain, _ = layer(x)
    _, cache = layer(x[:, :9])
    last, cache = layer(x[:, 9:], cache, absorb=True)
    print("absorbed and cached equals plain:", torch.allclose(last, plain[:, 9:], atol=1e-6), tuple(cache.shape))
    for name, sizes in {"MHA": {}, "GQA of 8": {"kv_heads": 8}, "MLA": {"latent": 512 + 64}}.items():
        print(f"{name:8} {cached_numbers(128, 128, **sizes):6} numbers a token and layer")


if __name__ == "__main__":
    demo()
