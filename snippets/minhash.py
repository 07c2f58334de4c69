r"""MinHash: find near-duplicates without comparing all pairs

Two texts are as alike as the shares of short pieces (shingles) they have in common. The smallest hash of a text's
shingles is equal in two texts as often as the shingles are; many such minima make a signature, and texts whose
signatures agree in some band of rows are worth a look.

$$
\Pr[\min h(A) = \min h(B)] = J(A, B) = \frac{|A \cap B|}{|A \cup B|}, \qquad
\Pr[\mathrm{candidate}] = 1 - (1 - J^r)^b
$$

Papers: [On the resemblance and containment of documents](https://doi.org/10.1109/SEQUEN.1997.666900),
[Deduplicating Training Data Makes Language Models Better](https://arxiv.org/abs/2107.06499).

Letters: `N` texts, `M` hashes of a signature, `b` bands of `r` rows, `M = b r`; `L` most shingles of a text.
"""

from collections import defaultdict
from collections.abc import Sequence
from itertools import combinations

import torch
from torch import Tensor

BASE, SPREAD = 0x27D4EB2F165667C5, 0x9E3779B97F4A7C15 - 2**64  # odd, and as int64 has them: arithmetic wraps around


# --8<-- [start:core]
def shingles(text: str, width: int = 5) -> set[str]:
    """All pieces of `width` characters; a text that is shorter is one piece, filled up with zeros."""
    if width < 1:
        raise ValueError(f"width {width} is below 1")
    text = text.ljust(width, "\0")
    return {text[at : at + width] for at in range(len(text) - width + 1)}


def jaccard(one: str, two: str, width: int = 5) -> float:
    """The exact similarity of two texts: shingles in both, of those in either."""
    a, b = shingles(one, width), shingles(two, width)
    return len(a & b) / len(a | b)


def hash_functions(size: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """`size` random maps `a x + b` of 32-bit numbers, `a` odd, so that each is one to one: two int32 tensors `(M,)`."""
    if size < 1:
        raise ValueError(f"size {size} is below 1")
    generator = torch.Generator().manual_seed(seed)
    a, b = torch.randint(-(2**31), 2**31, (2, size), generator=generator)
    return (a | 1).int(), b.int()


def _wrap(number: int, bits: int) -> int:
    """A number as the signed integer of so many bits that it overflows to."""
    return (number + 2 ** (bits - 1)) % 2**bits - 2 ** (bits - 1)


def signature_plain(text: str, size: int = 128, width: int = 5, seed: int = 0) -> list[int]:
    """The signature of one text, number by number."""
    hashes = set()
    for shingle in shingles(text, width):
        h = 0
        for character in shingle:
            h = _wrap(h * BASE + ord(character), 64)
        hashes.add((h ^ (h >> 32)) * SPREAD >> 32)
    a, b = hash_functions(size, seed)
    return [min(_wrap(x * ai + bi, 32) for x in hashes) for ai, bi in zip(a.tolist(), b.tolist(), strict=True)]


def signatures(
    texts: Sequence[str], size: int = 128, width: int = 5, seed: int = 0, device: torch.device | str = "cpu"
) -> Tensor:
    """The signatures of many texts, `(N, M)` int32: what `signature_plain` gives, all texts at once.

    Args:
        texts: Any strings.
        size: `M`; the error of the estimate is at most 1 / (2 √M).
        width: Characters of a shingle.
        seed: Chooses the hash functions; only signatures of the same seed and width can be compared.
        device: Where to compute.

    Raises:
        ValueError: If `size` or `width` is below 1.
    """
    a, b = hash_functions(size, seed)
    if width < 1:
        raise ValueError(f"width {width} is below 1")
    maps = list(zip(a.tolist(), b.to(device), strict=True))
    found = torch.empty(len(texts), size, dtype=torch.int32, device=device)
    if not texts:
        return found
    padded = [text.ljust(width, "\0") for text in texts]
    lengths = torch.tensor([len(text) for text in padded], device=device)
    codes = torch.frombuffer(bytearray("".join(padded).encode("utf-32-le")), dtype=torch.int32).to(device).long()
    h = torch.zeros(len(codes) - width + 1, dtype=torch.long, device=device)
    for at in range(width):
        h = h * BASE + codes[at : at + len(h)]
    hashes = (((h ^ (h >> 32)) * SPREAD) >> 32).int()  # of every window, those across two texts included
    starts, counts = lengths.cumsum(0) - lengths, lengths - width + 1
    order = counts.argsort(descending=True)
    at = 0
    while at < len(texts):  # texts of about the same length, few enough to stay in the cache
        longest = int(counts[order[at]])
        some = order[at : at + max(1, 2**16 // longest)]
        places = torch.arange(longest, device=device)[:, None].minimum(counts[some] - 1)  # repeats the last shingle
        x = hashes[starts[some] + places]  # (L, n)
        found[some] = torch.stack([torch.add(bi, x, alpha=ai).amin(dim=0) for ai, bi in maps], dim=1)
        at += len(some)
    return found


def similarity(one: Tensor, two: Tensor) -> Tensor:
    """The estimated similarity of signatures `(..., M)`: the share of equal numbers, `(...)`."""
    return (one == two).float().mean(dim=-1)


def candidates(signatures: Tensor, bands: int) -> set[tuple[int, int]]:
    """Pairs of texts that agree in all rows of some band.

    Raises:
        ValueError: If `bands` does not divide the size of the signatures.
    """
    if bands < 1 or signatures.shape[1] % bands:
        raise ValueError(f"size {signatures.shape[1]} is not divisible by bands {bands}")
    pairs = set()
    for band in signatures.chunk(bands, dim=1):
        buckets: dict[tuple[int, ...], list[int]] = defaultdict(list)
        for at, rows in enumerate(band.tolist()):
            buckets[tuple(rows)].append(at)
        pairs |= {pair for bucket in buckets.values() for pair in combinations(bucket, 2)}
    return pairs


# --8<-- [end:core]


def demo() -> None:
    """Three texts, exact and estimated."""
    texts = ["大语言模型需要大量干净的数据来训练", "大语言模型需要大量干净的数据来训练。", "今天天气不错，适合出门散步"]
    found = signatures(texts)
    for one, two in combinations(range(3), 2):
        estimate = similarity(found[one], found[two])
        print(f"texts {one} and {two}: Jaccard {jaccard(texts[one], texts[two]):.3f}, estimated {estimate:.3f}")
    print("candidates:", candidates(found, bands=16))


if __name__ == "__main__":
    demo()
