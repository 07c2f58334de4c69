r"""Sequence packing: several samples in one row, without seeing each other

Samples of a batch differ in length, and what is padded is computed in vain. Packing puts samples one after another into
rows of equal length. Attention stays inside a sample, positions begin anew in each, and no sample has to predict the
first token of the next: then a packed row gives every token what it would have got alone.

$$
\eta = \frac{\sum_i \ell_i}{B \max_i \ell_i}, \qquad M_{t,u} = [\, s(t) = s(u) \,] \cdot [\, u \le t \,]
$$

Paper: [Efficient Sequence Packing without Cross-contamination](https://arxiv.org/abs/2107.02027).

Letters: `B` rows, `T` length of a row, `ℓ` length of a sample, `s(t)` the sample that position t belongs to.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

IGNORE = -100  # the label of a position without loss, as in `F.cross_entropy`


# --8<-- [start:core]
def efficiency(lengths: Sequence[int]) -> float:
    """Share of real tokens where samples are padded to the longest of them."""
    if not lengths or min(lengths) < 1:
        raise ValueError(f"lengths {list(lengths)} are empty or hold an empty sample")
    return sum(lengths) / (len(lengths) * max(lengths))


def assign_rows(lengths: Sequence[int], capacity: int) -> list[list[int]]:
    """Which samples share a row: the longest first, each into the row that it fills best (best-fit decreasing).

    Args:
        lengths: Tokens of each sample.
        capacity: Tokens of a row, `T`.

    Returns:
        Numbers of samples, row by row.

    Raises:
        ValueError: If a sample is empty or longer than a row.
    """
    rows: list[list[int]] = []
    room: list[int] = []
    for sample in sorted(range(len(lengths)), key=lambda sample: (-lengths[sample], sample)):
        length = lengths[sample]
        if not 1 <= length <= capacity:
            raise ValueError(f"sample {sample} has {length} tokens; a row takes 1 to {capacity}")
        fitting = [row for row in range(len(rows)) if room[row] >= length]
        if not fitting:
            rows.append([])
            room.append(capacity)
            fitting = [len(rows) - 1]
        best = min(fitting, key=lambda row: room[row])
        rows[best].append(sample)
        room[best] -= length
    return rows


def pack(
    samples: Sequence[Tensor], rows: Sequence[Sequence[int]], capacity: int, pad: int = 0
) -> tuple[Tensor, Tensor, Tensor]:
    """Lay samples into rows.

    Args:
        samples: Tokens of each, `(ℓ,)`.
        rows: From `assign_rows`.
        capacity: `T`.
        pad: The token behind the last sample of a row.

    Returns:
        tokens: `(B, T)`.
        segments: The sample's place in its row, 0, 1, …, and -1 at padding, `(B, T)`.
        positions: Position within the sample, from 0 in each, `(B, T)`.
    """
    tokens = torch.full((len(rows), capacity), pad)
    segments, positions = torch.full_like(tokens, -1), torch.zeros_like(tokens)
    for row, members in enumerate(rows):
        start = 0
        for place, sample in enumerate(members):
            end = start + len(samples[sample])
            if end > capacity:
                raise ValueError(f"row {row} needs {end} tokens and takes {capacity}")
            tokens[row, start:end] = samples[sample]
            segments[row, start:end] = place
            positions[row, start:end] = torch.arange(end - start)
            start = end
    return tokens, segments, positions


def block_causal_mask(segments: Tensor) -> Tensor:
    """What each position may look at: its own sample up to itself. `(B, T)` to bool `(B, T, T)`.

    Padding looks at padding, so that no row of the softmax is empty.
    """
    same = segments.unsqueeze(-1) == segments.unsqueeze(-2)  # (B, T, T)
    return same & torch.ones_like(same).tril()


def packed_labels(tokens: Tensor, segments: Tensor) -> Tensor:
    """Labels for a loss that compares position t with label t + 1: none at padding and at the start of a sample.

    Args:
        tokens: `(B, T)`.
        segments: `(B, T)`, from `pack`.
    """
    before = segments.roll(1, dims=-1)
    before[..., :1] = -1  # nothing is before the first position
    return tokens.masked_fill((segments != before) | (segments < 0), IGNORE)


def cumulative_lengths(segments: Tensor) -> Tensor:
    """Where the samples of one row `(T,)` begin, and where the last one ends: `cu_seqlens` of a variable-length kernel.

    Padding is not a sample. The kernel needs no mask: it never computes what the mask would remove.
    """
    counts = torch.bincount(segments[segments >= 0])
    return torch.cat([counts.new_zeros(1), counts.cumsum(0)]).int()


# --8<-- [end:core]


def demo() -> None:
    """Six samples, padded and packed."""
    lengths = [100, 200, 300, 1400, 700, 500]
    rows = assign_rows(lengths, capacity=1600)
    print(f"padded: {efficiency(lengths):.0%} real tokens in {len(lengths)} rows")
    print(f"packed: {sum(lengths) / (len(rows) * 1600):.0%} real tokens in {len(rows)} rows: {rows}")
    _, segments, positions = pack([torch.arange(3), torch.arange(2)], [[0, 1]], capacity=6)
    print("segments", segments[0].tolist(), "positions", positions[0].tolist())
    print(block_causal_mask(segments)[0].int())


if __name__ == "__main__":
    demo()
