r"""Sliding-window attention: the last few tokens, and a place to look when there is nothing to see

A layer that looks at its last `w` positions alone needs a cache of `w` positions, however long the text: the next key
overwrites the oldest. Stacked layers still see further. But softmax weights must sum to one, and trained heads rest
theirs on the first tokens when nothing else is of use; once these fall out of the window, the model breaks. Two cures:
keep the first few tokens for good (StreamingLLM), or learn one number a head that takes part in the softmax and has no
value (gpt-oss).

$$
A_{ij} = \frac{\exp(s_{ij})}{\exp(b) + \sum_{j' \in \mathcal{W}_i} \exp(s_{ij'})}, \qquad
\mathcal{W}_i = \{j \le i : j > i - w \text{ or } j < n_{\text{sink}}\}, \qquad
\mathrm{slot}(p) = \begin{cases} p & p < n_{\text{sink}} \\
n_{\text{sink}} + (p - n_{\text{sink}}) \bmod w & \text{otherwise} \end{cases}
$$

Papers: [Mistral 7B](https://arxiv.org/abs/2310.06825), section 2; [StreamingLLM](https://arxiv.org/abs/2309.17453),
section 3; the learned number as in [gpt-oss](https://arxiv.org/abs/2508.10925).

Letters: `B` batch, `H` heads, `G` key/value heads, `T` queries, `S` keys, `D` head width, `w` window, `b` a sink logit.
"""

import torch
from torch import Tensor


# --8<-- [start:core]
def window_attention(
    query: Tensor, key: Tensor, value: Tensor, window: int, sinks: int = 0, sink_logits: Tensor | None = None
) -> Tensor:
    """Causal attention to the last `window` positions, itself included, and to the first `sinks`.

    Args:
        query: Shape `(B, H, T, D)`; the last `T` of the `S` positions.
        key: Shape `(B, G, S, D)`, `G` a divisor of `H`.
        value: Shape `(B, G, S, D)`.
        window: `w`, at least 1.
        sinks: First positions that everybody may look at, beside the window.
        sink_logits: Shape `(H,)`: a score of each head that takes weight and gives nothing. None: no such score.

    Returns:
        Shape `(B, H, T, D)`.

    Raises:
        ValueError: If shapes do not fit, there are more queries than keys, or a number is out of its range.
    """
    if window < 1 or sinks < 0:
        raise ValueError(f"window {window} is below 1 or sinks {sinks} below 0")
    T, S = query.shape[-2], key.shape[-2]
    if T > S:
        raise ValueError(f"{T} queries are more than {S} keys")
    i = torch.arange(S - T, S, device=query.device).unsqueeze(1)  # (T, 1)
    j = torch.arange(S, device=query.device)
    return _attend(query, key, value, (j <= i) & ((j > i - window) | (j < sinks)), sink_logits)


class RollingCache:
    """Keys and values of one layer in `sinks + window` slots: the first stay, the rest are overwritten in turn.

    Args:
        window: `w`, at least 1.
        sinks: First positions that are kept for good.

    Raises:
        ValueError: If a number is out of its range.
    """

    def __init__(self, window: int, sinks: int = 0) -> None:
        if window < 1 or sinks < 0:
            raise ValueError(f"window {window} is below 1 or sinks {sinks} below 0")
        self.window, self.sinks, self.length = window, sinks, 0
        self.keys = self.values = torch.empty(0)  # until the first position comes
        self.held: list[int] = []  # the position in each slot

    @torch.no_grad()
    def append(self, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """Store one position.

        Args:
            key: Shape `(B, G, 1, D)`.
            value: Shape `(B, G, 1, D)`.

        Returns:
            Keys of all positions that are held, `(B, G, S, D)`, in the order of their slots.
            Their values, `(B, G, S, D)`.

        Raises:
            ValueError: If the shapes differ or there is more than one position.
        """
        if key.shape != value.shape or key.ndim != 4 or key.shape[2] != 1:
            raise ValueError(f"key {tuple(key.shape)} and value {tuple(value.shape)} are not both (B, G, 1, D)")
        if not self.held:
            B, G, _, D = key.shape
            self.keys, self.values = (key.new_zeros(B, G, self.sinks + self.window, D) for _ in range(2))
        slot, position = self.slot(self.length), self.length
        self.keys[:, :, slot], self.values[:, :, slot] = key[:, :, 0], value[:, :, 0]
        self.held[slot : slot + 1] = [position]
        self.length += 1
        return self.keys[:, :, : len(self.held)], self.values[:, :, : len(self.held)]

    def slot(self, position: int) -> int:
        """Where a position is stored."""
        return position if position < self.sinks else self.sinks + (position - self.sinks) % self.window

    def places(self) -> Tensor:
        """For each slot its place among those held, `(S,)`: what StreamingLLM takes for positions.

        They never leave the range that the model was trained on. Keys must then be stored without their rotation, and
        be rotated at every step; the query's place is the largest.
        """
        return torch.tensor(self.held).argsort().argsort()


def cached_attention(query: Tensor, keys: Tensor, values: Tensor, sink_logits: Tensor | None = None) -> Tensor:
    """Attention of the newest position, `(B, H, 1, D)`, to all that a cache holds; arguments as `window_attention`.

    The order of the slots is of no matter: a softmax has none, and positions are in the keys.
    """
    return _attend(query, keys, values, None, sink_logits)


def receptive_field(layers: int, window: int) -> int:
    """Positions that the last one can have heard of, itself included, through layers on top of each other."""
    return 1 + layers * (window - 1)


def held_positions(length: int, layers: int, window: int, full_every: int = 0) -> int:
    """Positions that the caches of all layers hold; every `full_every`-th layer has full attention (0: none)."""
    full = layers // full_every if full_every else 0
    return full * length + (layers - full) * min(length, window)


def _attend(query: Tensor, key: Tensor, value: Tensor, may_look: Tensor | None, sink_logits: Tensor | None) -> Tensor:
    """Softmax attention in float32 or wider, with one more column for the sink's logit."""
    B, H, T, D = query.shape
    if key.shape != value.shape or key.shape[0] != B or key.shape[-1] != D or H % key.shape[1]:
        raise ValueError(
            f"query {tuple(query.shape)}, key {tuple(key.shape)} and value {tuple(value.shape)} do not fit"
        )
    if sink_logits is not None and sink_logits.shape != (H,):
        raise ValueError(f"sink_logits {tuple(sink_logits.shape)} are not ({H},)")
    wide = torch.promote_types(query.dtype, torch.float32)
    key, value = (x.repeat_interleave(H // x.shape[1], dim=1).to(wide) for x in (key, value))  # (B, H, S, D)
    scores = query.to(wide) @ key.transpose(-1, -2) * D**-0.5  # (B, H, T, S)
    if may_look is not None:
        scores = scores.masked_fill(~may_look, float("-inf"))  # each position sees itself: no row is empty
    if sink_logits is not None:
        column = sink_logits.to(wide).view(1, H, 1, 1).expand(B, H, T, 1)
        weights = torch.cat([scores, column], dim=-1).softmax(dim=-1)[..., :-1]  # rows sum to less than 1
    else:
        weights = scores.softmax(dim=-1)
    return (weights @ value).to(query.dtype)


# --8<-- [end:core]


def demo() -> None:
    """A cache of 2 + 4 slots gives what masked attention over all 12 positions gives."""
    torch.manual_seed(0)
    query, key, value = torch.randn(3, 1, 2, 12, 8)
    whole = window_attention(query, key, value, window=4, sinks=2)
    cache = RollingCache(window=4, sinks=2)
    for p in range(12):
        keys, values = cache.append(key[:, :, p : p + 1], value[:, :, p : p + 1])
        step = cached_attention(query[:, :, p : p + 1], keys, values)
        assert torch.allclose(step[:, :, 0], whole[:, :, p], atol=1e-5)
    print("positions held:", cache.held, "their places:", cache.places().tolist())
    print("32 layers of 4096 reach", receptive_field(32, 4096), "positions")


if __name__ == "__main__":
    demo()
