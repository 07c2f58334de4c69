r"""Prompt tuning: P-tuning and prefixes

A prompt is a row of vectors to the model; so learn the vectors and leave the model alone. The shallow way puts them in
front of the embeddings (prompt tuning), and P-tuning lets an LSTM make them, so that neighbours are learned together.
The deep way (prefix tuning, P-tuning v2) gives every layer keys and values of its own to look at.

$$
\max_H \sum_{(x, y)} \log p_\theta\bigl(y \mid [H; e(x)]\bigr), \qquad
\mathrm{Attn}\bigl(Q, [P_K^{(l)}; K], [P_V^{(l)}; V]\bigr)
$$

Papers: [Prompt Tuning](https://arxiv.org/abs/2104.08691), [P-Tuning](https://arxiv.org/abs/2103.10385),
[Prefix-Tuning](https://arxiv.org/abs/2101.00190), [P-Tuning v2](https://arxiv.org/abs/2110.07602).

Letters: `B` batch, `T` sequence, `C` model width, `m` virtual tokens, `L` layers, `H` heads of keys and values, `D`
head width.
"""

import torch
from torch import Tensor, nn


# --8<-- [start:core]
class SoftPrompt(nn.Module):
    """`m` trainable vectors in front of the input.

    Args:
        size: `m`, at least 1.
        width: `C`.
        encoder: What makes the vectors: `none`, they are the parameters; `mlp`; or `lstm`, P-tuning's, forwards and
            backwards and an MLP behind. After training only what it makes is kept.
        hidden: Width inside the encoder, by default `width`.
        start: Embeddings of real words to begin with, `(m, C)`; only without an encoder.

    Raises:
        ValueError: If `size` is below 1, `encoder` is none of these, or `start` does not fit.
    """

    def __init__(
        self, size: int, width: int, encoder: str = "none", hidden: int | None = None, start: Tensor | None = None
    ) -> None:
        super().__init__()
        if size < 1:
            raise ValueError(f"size {size} is below 1")
        if encoder not in ("none", "mlp", "lstm"):
            raise ValueError(f"encoder {encoder!r} is not none, mlp or lstm")
        if start is not None and (encoder != "none" or start.shape != (size, width)):
            raise ValueError(f"start {tuple(start.shape)} does not fit {(size, width)} with encoder {encoder!r}")
        hidden = hidden or width
        vectors = torch.randn(size, width) if start is None else start.detach().clone()
        self.vectors = nn.Parameter(vectors)  # (m, C)
        self.lstm = nn.LSTM(width, hidden, 2, batch_first=True, bidirectional=True) if encoder == "lstm" else None
        if encoder == "lstm":
            self.mlp = nn.Sequential(nn.Linear(2 * hidden, 2 * hidden), nn.ReLU(), nn.Linear(2 * hidden, width))
        elif encoder == "mlp":
            layers = (nn.Linear(width, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU())
            self.mlp = nn.Sequential(*layers, nn.Linear(hidden, width))
        else:
            self.mlp = nn.Identity()

    def forward(self) -> Tensor:
        """The virtual tokens, `(m, C)`."""
        if self.lstm is None:
            return self.mlp(self.vectors)
        return self.mlp(self.lstm(self.vectors[None])[0])[0]


def prepend(prompt: Tensor, embeddings: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Put a prompt in front of a batch that is padded on the right; the model's logits are then `m` longer.

    Args:
        prompt: `(m, C)`, from `SoftPrompt`.
        embeddings: `(B, T, C)`, what the model's own table gives for the input.
        mask: `(B, T)`, 1 at tokens and 0 at padding.

    Returns:
        embeddings: `(B, m + T, C)`.
        mask: `(B, m + T)`.
    """
    front = prompt.to(embeddings.dtype).expand(len(embeddings), -1, -1)  # (B, m, C)
    seen = mask.new_ones(len(mask), len(prompt))
    return torch.cat([front, embeddings], dim=1), torch.cat([seen, mask], dim=1)


class Prefix(nn.Module):
    """`m` trainable keys and values for each layer.

    Args:
        size: `m`, at least 1.
        layers: `L`.
        heads: `H`, of keys and values: fewer than those of queries under grouped-query attention.
        head_width: `D`.
        hidden: With it, an MLP of this width makes them from `m` vectors (prefix tuning); without, they are the
            parameters (P-tuning v2's usual choice).

    Raises:
        ValueError: If `size` is below 1.
    """

    def __init__(self, size: int, layers: int, heads: int, head_width: int, hidden: int | None = None) -> None:
        super().__init__()
        if size < 1:
            raise ValueError(f"size {size} is below 1")
        self.shape = (size, layers, 2, heads, head_width)
        width, whole = heads * head_width, layers * 2 * heads * head_width
        self.vectors = nn.Parameter(torch.randn(size, width if hidden else whole))
        self.mlp = nn.Sequential(nn.Linear(width, hidden), nn.Tanh(), nn.Linear(hidden, whole)) if hidden else None

    def forward(self, batch: int) -> list[tuple[Tensor, Tensor]]:
        """For each layer the keys and the values, `(B, H, m, D)` each: what a KV cache holds before the first token."""
        made = self.vectors if self.mlp is None else self.mlp(self.vectors)
        made = made.view(self.shape).permute(1, 2, 3, 0, 4)  # (L, 2, H, m, D)
        return [(layer[0].expand(batch, -1, -1, -1), layer[1].expand(batch, -1, -1, -1)) for layer in made]


def attention_with_prefix(query: Tensor, key: Tensor, value: Tensor, prefix: tuple[Tensor, Tensor]) -> Tensor:
    """Causal attention in which every token also sees the prefix.

    Args:
        query: `(B, H, T, D)`; `key` and `value` have the same shape.
        key: See `query`.
        value: See `query`.
        prefix: Keys and values of this layer, `(B, H, m, D)` each, from `Prefix`.
    """
    keys, values = torch.cat([prefix[0], key], dim=2), torch.cat([prefix[1], value], dim=2)  # (B, H, m + T, D)
    scores = (query * query.shape[-1] ** -0.5) @ keys.transpose(-1, -2)  # (B, H, T, m + T)
    scores = scores.to(torch.promote_types(scores.dtype, torch.float32))
    size, length = prefix[0].shape[2], query.shape[2]
    seen = torch.ones(length, size + length, dtype=torch.bool, device=query.device).tril(size)
    return scores.masked_fill(~seen, -torch.inf).softmax(dim=-1).to(values.dtype) @ values


# --8<-- [end:core]


def demo() -> None:
    """How many parameters each way trains, in a small model."""
    size, width, layers, heads = 8, 256, 6, 4
    ways = {
        "prompt tuning": SoftPrompt(size, width),
        "P-tuning (LSTM)": SoftPrompt(size, width, encoder="lstm", hidden=64),
        "P-tuning v2": Prefix(size, layers, heads, width // heads),
        "prefix tuning (MLP)": Prefix(size, layers, heads, width // heads, hidden=64),
    }
    for name, module in ways.items():
        print(f"{name}: {sum(parameter.numel() for parameter in module.parameters()):,}")


if __name__ == "__main__":
    demo()
