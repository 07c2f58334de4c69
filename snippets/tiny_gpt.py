r"""A tiny GPT: a whole language model, from token ids to generated text

Everything between token ids and text, in the form that Llama, Qwen and Mistral share: an embedding, `L` blocks, a norm,
and the embedding's matrix again as the head. A block adds to the stream what attention brings from earlier positions,
then what an MLP makes of each. One pass predicts at every position, for training; generation feeds the last prediction
back, and keeps keys and values instead of computing them again.

$$
x \leftarrow x + \mathrm{Attn}(\mathrm{RMS}(x)), \qquad x \leftarrow x + \mathrm{SwiGLU}(\mathrm{RMS}(x)), \qquad
\mathcal{L} = -\frac{1}{N} \sum_t \log \mathrm{softmax}\big(E\, \mathrm{RMS}(x_t)\big)_{y_{t+1}}
$$

Papers: [LLaMA](https://arxiv.org/abs/2302.13971), section 2.2; [GQA](https://arxiv.org/abs/2305.13245).

Letters: `B` batch, `T` sequence, `S` positions so far, `V` vocabulary, `C` width, `H` heads, `G` key/value heads, `D`
head width, `K` hidden width, `L` layers, `E` the embedding's matrix. Names are those of transformers' Llama.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn


# --8<-- [start:core]
@dataclass(frozen=True)
class Config:
    """Sizes, by transformers' names; `hidden_size` is divided by heads of even width, heads by key/value heads."""

    vocab_size: int = 64
    hidden_size: int = 32
    intermediate_size: int = 96
    num_hidden_layers: int = 2
    num_attention_heads: int = 4
    num_key_value_heads: int = 2
    rope_theta: float = 10000.0
    rms_norm_eps: float = 1e-6


Pair = tuple[Tensor, Tensor]  # keys and values of a layer, `(B, G, S, D)` each


class Attention(nn.Module):
    """Grouped-query attention with rotary positions."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        C, H, G = config.hidden_size, config.num_attention_heads, config.num_key_value_heads
        if C % (2 * H) or H % G:
            raise ValueError(f"{config} does not divide into heads of even width, or those into groups")
        self.head_dim = C // H
        self.q_proj, self.o_proj = nn.Linear(C, C, bias=False), nn.Linear(C, C, bias=False)
        self.k_proj, self.v_proj = (nn.Linear(C, G * self.head_dim, bias=False) for _ in range(2))

    def forward(self, x: Tensor, angles: Tensor, mask: Tensor, past: Pair | None) -> tuple[Tensor, Pair]:
        """Map `(B, T, C)` to `(B, T, C)`; also the keys and values of all `S` positions so far."""
        query, key, value = (
            projection(x).unflatten(-1, (-1, self.head_dim)).transpose(1, 2)  # (B, H, T, D), (B, G, T, D) twice
            for projection in (self.q_proj, self.k_proj, self.v_proj)
        )
        query, key = rotate(query, angles), rotate(key, angles)
        if past is not None:
            key, value = torch.cat([past[0], key], dim=2), torch.cat([past[1], value], dim=2)  # (B, G, S, D)
        heads = F.scaled_dot_product_attention(query, key, value, attn_mask=mask, enable_gqa=True)  # (B, H, T, D)
        return self.o_proj(heads.transpose(1, 2).flatten(2)), (key, value)


def rotate(x: Tensor, angles: Tensor) -> Tensor:
    """Rotary positions: `x` `(B, H, T, D)` by `angles` `(B, T, D / 2)`, feature `j` paired with `j + D / 2`."""
    cos, sin = angles.cos().unsqueeze(1), angles.sin().unsqueeze(1)  # (B, 1, T, D / 2): the same for all heads
    first, second = x.chunk(2, dim=-1)
    return torch.cat([first * cos - second * sin, second * cos + first * sin], dim=-1).to(x.dtype)


class Block(nn.Module):
    """Attention, then a gated MLP, each normalised before and added to the stream after."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        C, K = config.hidden_size, config.intermediate_size
        self.input_layernorm = nn.RMSNorm(C, eps=config.rms_norm_eps)
        self.self_attn = Attention(config)
        self.post_attention_layernorm = nn.RMSNorm(C, eps=config.rms_norm_eps)
        sizes = {"gate_proj": (C, K), "up_proj": (C, K), "down_proj": (K, C)}
        self.mlp = nn.ModuleDict({name: nn.Linear(*size, bias=False) for name, size in sizes.items()})

    def forward(self, x: Tensor, angles: Tensor, mask: Tensor, past: Pair | None) -> tuple[Tensor, Pair]:
        """Map `(B, T, C)` to `(B, T, C)`; the rest is `Attention`'s."""
        moved, cached = self.self_attn(self.input_layernorm(x), angles, mask, past)
        x = x + moved
        y = self.post_attention_layernorm(x)
        return x + self.mlp["down_proj"](F.silu(self.mlp["gate_proj"](y)) * self.mlp["up_proj"](y)), cached


class TinyGPT(nn.Module):
    """The whole model; its head is the embedding's matrix (`tie_word_embeddings`).

    Raises:
        ValueError: If the sizes of `config` do not divide.
    """

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.embed_tokens = nn.Embedding(config.vocab_size, config.hidden_size)  # E
        self.layers = nn.ModuleList(Block(config) for _ in range(config.num_hidden_layers))
        self.norm = nn.RMSNorm(config.hidden_size, eps=config.rms_norm_eps)
        for weight in self.parameters():
            if weight.ndim == 2:
                nn.init.normal_(weight, std=0.02)  # GPT-2's, for the embedding too: as a head it must begin small

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor | None = None, past: list[Pair] | None = None
    ) -> tuple[Tensor, list[Pair]]:
        """Logits of the tokens that follow.

        Args:
            input_ids: `(B, T)`, the tokens after those in `past`.
            attention_mask: Bool or 0/1 `(B, S)`, False at padding on the left, for `past` too. None: no padding.
            past: Keys and values from the calls before. None: there were none.

        Returns:
            Logits, `(B, T, V)`; at position `t` of the token at `t + 1`. Rows at padding are to be ignored.
            Keys and values for the next call.
        """
        B, T = input_ids.shape
        S = T + (past[0][0].shape[2] if past else 0)
        real = input_ids.new_ones(B, S).bool() if attention_mask is None else attention_mask.bool()
        positions = (real.cumsum(dim=1) - 1).clamp(min=0)[:, S - T :].float()  # (B, T), from each row's first token
        D = self.layers[0].self_attn.head_dim
        exponents = torch.arange(0, D, 2, device=input_ids.device).float() / D
        angles = positions.unsqueeze(-1) * self.config.rope_theta**-exponents  # (B, T, D / 2)
        mask = torch.ones(T, S, dtype=torch.bool, device=input_ids.device).tril(S - T) & real[:, None, None, :]
        x, cache = self.embed_tokens(input_ids), []  # (B, T, C)
        for at, layer in enumerate(self.layers):
            x, cached = layer(x, angles, mask, past[at] if past else None)
            cache.append(cached)
        return self.norm(x) @ self.embed_tokens.weight.T, cache


def next_token_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Mean cross-entropy of each token after the first, a scalar in float32; labels of -100 do not count.

    Args:
        logits: `(B, T, V)`, from the model.
        labels: `(B, T)`, the tokens that went in, not shifted; -100 at padding, and at the token after it.
    """
    return F.cross_entropy(logits[:, :-1].flatten(0, 1).float(), labels[:, 1:].flatten())


@torch.no_grad()
def generate(
    model: TinyGPT, input_ids: Tensor, max_new_tokens: int, attention_mask: Tensor | None = None,
    choose: Callable[[Tensor], Tensor] = lambda logits: logits.argmax(dim=-1),
) -> Tensor:  # fmt: skip
    """Prompts `(B, T)`, padded on the left, and what follows: `(B, T + max_new_tokens)`.

    The prompt goes through the model once, then each new token alone. `choose` maps logits `(B, V)` to ids `(B,)`.
    """
    mask = torch.ones_like(input_ids) if attention_mask is None else attention_mask.long()
    tokens, new, past = input_ids, input_ids, None
    for _ in range(max_new_tokens):
        logits, past = model(new, mask, past)
        new = choose(logits[:, -1]).unsqueeze(1)  # (B, 1)
        tokens, mask = torch.cat([tokens, new], dim=1), torch.cat([mask, torch.ones_like(new)], dim=1)
    return tokens


# --8<-- [end:core]


def demo() -> None:
    """Learn to say four digits again after a separator, which takes attention to the right place."""
    torch.manual_seed(0)
    model = TinyGPT(Config(vocab_size=6))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    for step in range(81):
        digits = torch.randint(5, (16, 4))
        tokens = torch.cat([digits, torch.full((16, 1), 5), digits], dim=1)
        labels = tokens.masked_fill(torch.arange(9) < 5, -100)  # what comes first is chance
        loss = next_token_loss(model(tokens)[0], labels)
        if step % 40 == 0:
            print(f"step {step}: loss {loss.item():.3f}")
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print("2 0 3 1 goes on with", generate(model, torch.tensor([[2, 0, 3, 1, 5]]), 4)[0, 5:].tolist())


if __name__ == "__main__":
    demo()
