r"""Context parallelism: a sequence too long for one device, attended to over several

Each rank holds a part of the tokens. All but attention is done token by token, so attention alone has to talk. In ring
attention keys and values go round and each rank merges what it sees, piece by piece, by the logarithms of the sums of
exponentials. Ulysses exchanges once: from all heads of some tokens to all tokens of some heads, and back.

$$
y = e^{\ell_1 - \ell}\, y_1 + e^{\ell_2 - \ell}\, y_2, \qquad \ell = \log\big(e^{\ell_1} + e^{\ell_2}\big), \qquad
\text{sent: } \underbrace{2 (R - 1) \tfrac{T}{R} C}_{\text{ring}}, \;\;
\underbrace{4\, \tfrac{R - 1}{R} \tfrac{T}{R} C}_{\text{Ulysses}}
$$

Papers: [Ring Attention](https://arxiv.org/abs/2310.01889), [Striped Attention](https://arxiv.org/abs/2311.09431) for
the balance, [DeepSpeed Ulysses](https://arxiv.org/abs/2309.14509); zigzag parts as in
[The Llama 3 Herd of Models](https://arxiv.org/abs/2407.21783), section 3.3.2.

Letters: `R` ranks, `B` batch, `H` heads, `T` tokens in all, `D` head width, `C = H D`; `ℓ` is a query's logarithm of
the sum of exponentials. All ranks live in one process here.
"""

import torch
from torch import Tensor

# --8<-- [start:core]
NOTHING = -1e30  # the logarithm of no sum: finite, so that no gradient is nan


def split_positions(length: int, ranks: int, zigzag: bool = True) -> list[Tensor]:
    """Which positions each rank holds.

    Args:
        length: `T`, which `ranks` divides, twice as many of them for `zigzag`.
        ranks: `R`.
        zigzag: Two pieces each, one from the front and its mirror image from the back: then under a causal mask all
            have as much to do. Otherwise one piece each, and the last rank has nearly twice the mean.

    Returns:
        Positions of each rank, `(T / R,)`.

    Raises:
        ValueError: If the pieces do not come out even.
    """
    pieces = 2 * ranks if zigzag else ranks
    if ranks < 1 or length % pieces:
        raise ValueError(f"length {length} is not a multiple of {pieces} pieces")
    chunks = torch.arange(length).chunk(pieces)
    return [torch.cat([chunks[r], chunks[-1 - r]]) if zigzag else chunks[r] for r in range(ranks)]


def attend(
    query: Tensor, key: Tensor, value: Tensor, rows: Tensor, columns: Tensor, causal: bool
) -> tuple[Tensor, Tensor]:
    """Attention to some of the keys, with what is needed to merge it with attention to others.

    Args:
        query: `(B, H, t, D)`.
        key: `(B, H, s, D)`.
        value: `(B, H, s, D)`.
        rows: Positions of the queries, `(t,)`.
        columns: Positions of the keys, `(s,)`.
        causal: Whether a query sees only keys at its own position or before.

    Returns:
        Outputs `(B, H, t, D)`, in float32 or wider; 0 where a query sees none of these keys.
        Logarithms of the sums of exponentials, `(B, H, t, 1)`; `NOTHING` there.
    """
    wide = torch.promote_types(query.dtype, torch.float32)
    scores = (query.to(wide) * query.shape[-1] ** -0.5) @ key.to(wide).mT  # (B, H, t, s)
    if causal:
        scores = scores.masked_fill(columns > rows.unsqueeze(1), -torch.inf)
    largest = scores.detach().amax(dim=-1, keepdim=True).clamp(min=NOTHING)
    p = (scores - largest).exp()
    total = p.sum(dim=-1, keepdim=True).clamp(min=torch.finfo(wide).tiny)
    return p @ value.to(wide) / total, largest + total.log()


def merge(output: Tensor, logsumexp: Tensor, other: Tensor, other_logsumexp: Tensor) -> tuple[Tensor, Tensor]:
    """Attention to two sets of keys, from attention to each; in whatever order, the result is the same.

    Returns:
        Outputs, weighted by how much of the sum of exponentials each has.
        Its logarithm.
    """
    total = torch.logaddexp(logsumexp, other_logsumexp)
    return (logsumexp - total).exp() * output + (other_logsumexp - total).exp() * other, total


def ring_attention(
    query: list[Tensor], key: list[Tensor], value: list[Tensor], positions: list[Tensor], causal: bool = True
) -> tuple[list[Tensor], list[int], list[int]]:
    """Keys and values go round; every rank keeps its queries, and merges.

    Args:
        query: Each rank's, `(B, H, T / R, D)`.
        key: Each rank's.
        value: Each rank's.
        positions: Each rank's positions in the sequence, `(T / R,)`, in any order.
        causal: Whether a query sees only its own position and what came before.

    Returns:
        Each rank's outputs, `(B, H, T / R, D)`, in the dtype of `query`.
        Numbers that each rank sent.
        Scores that each rank had to compute, of all heads: those that the mask leaves.

    Raises:
        ValueError: If there is no rank or the lists differ in length.
    """
    ranks = _ranks(query, key, value, positions)
    outputs, sent, work = [], [0] * ranks, [0] * ranks
    for r in range(ranks):
        output = logsumexp = None
        for step in range(ranks):
            s = (r - step) % ranks  # whose keys have come here
            part = attend(query[r], key[s], value[s], positions[r], positions[s], causal)
            output, logsumexp = part if output is None else merge(output, logsumexp, *part)
            work[r] += query[r].shape[1] * _visible(positions[r], positions[s], causal)
            if step < ranks - 1:
                sent[r] += key[s].numel() + value[s].numel()
        outputs.append(output.to(query[r].dtype))
    return outputs, sent, work


def ulysses_attention(
    query: list[Tensor], key: list[Tensor], value: list[Tensor], positions: list[Tensor], causal: bool = True
) -> tuple[list[Tensor], list[int], list[int]]:
    """All-to-all: every rank gets all tokens of some heads, attends as if alone, and gives the outputs back.

    Arguments and returns are those of `ring_attention`.

    Raises:
        ValueError: As there, or if the ranks do not divide the heads.
    """
    ranks = _ranks(query, key, value, positions)
    if query[0].shape[1] % ranks or key[0].shape[1] % ranks:
        raise ValueError(f"{ranks} ranks do not divide {query[0].shape[1]} and {key[0].shape[1]} heads")
    everywhere = torch.cat(positions)
    work = [query[0].shape[1] // ranks * _visible(everywhere, everywhere, causal)] * ranks
    by_head = []  # each rank's heads, of all tokens
    for r in range(ranks):
        q, k, v = (torch.cat([x.chunk(ranks, dim=1)[r] for x in parts], dim=2) for parts in (query, key, value))
        by_head.append(attend(q, k, v, everywhere, everywhere, causal)[0].to(q.dtype))
    sizes = [len(one) for one in positions]
    outputs = [torch.cat(parts, dim=1) for parts in zip(*(one.split(sizes, dim=2) for one in by_head), strict=True)]
    sent = [4 * one.numel() * (ranks - 1) // ranks for one in query]  # query, key, value, and the output
    return outputs, sent, work


def _visible(rows: Tensor, columns: Tensor, causal: bool) -> int:
    """How many scores the mask leaves."""
    return int((columns <= rows.unsqueeze(1)).sum()) if causal else len(rows) * len(columns)


def _ranks(*lists: list[Tensor]) -> int:
    """How many ranks there are, refused unless every list has one entry for each."""
    if not lists[0] or len({len(one) for one in lists}) > 1:
        raise ValueError(f"lists of {[len(one) for one in lists]} are not one entry for each rank")
    return len(lists[0])


# --8<-- [end:core]


def demo() -> None:
    """Eight tokens on four ranks: what each holds, computes and sends."""
    torch.manual_seed(0)
    q, k, v = torch.randn(3, 1, 4, 8, 2)
    for zigzag in (False, True):
        positions = split_positions(8, 4, zigzag)
        parts = [[x[:, :, one] for one in positions] for x in (q, k, v)]
        _, sent, work = ring_attention(*parts, positions)
        print(f"zigzag {zigzag}: rank 0 holds {positions[0].tolist()}, scores {work}, sent {sent[0]}")
    outputs, sent, work = ulysses_attention(*parts, positions)
    print(f"Ulysses: scores {work}, sent {sent[0]}, outputs {tuple(outputs[0].shape)}")


if __name__ == "__main__":
    demo()
