r"""Unigram: the likeliest way to segment a text, and pruning

BPE grows a vocabulary; Unigram starts with one that is too large and throws away what the corpus misses least. Every
piece has a probability, a segmentation of a word the product of its pieces', so the best one can be found (Viterbi),
all of them summed (forward-backward, for EM) and any of them drawn.

$$
P(\mathbf{x}) = \prod_i p(x_i), \qquad p(x) \propto \sum_w c(w) \, \mathbb{E}_{\mathbf{x} \in S(w)}[n_{\mathbf{x}}(x)]
$$

Paper: [Subword Regularization](https://arxiv.org/abs/1804.10959), section 3.

Letters: `w` a word, `c(w)` how often it occurs, `S(w)` its segmentations, `n_x(x)` how often one uses the piece `x`.
Probabilities are natural logarithms; words begin with `▁`, which stands for the space.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

import torch

LogP = Mapping[str, float]


# --8<-- [start:core]
def count_words(texts: Iterable[str]) -> Counter[str]:
    """How often each word occurs, words being what spaces divide."""
    return Counter(f"▁{word}" for text in texts for word in text.split())


def pieces_ending(word: str, end: int, logp: LogP) -> Iterator[tuple[int, str]]:
    """Where the pieces that end at `end` begin, and the pieces."""
    return ((start, word[start:end]) for start in range(end) if word[start:end] in logp)


def viterbi(word: str, logp: LogP) -> list[str]:
    """The likeliest segmentation of a word by the logarithms of its pieces' probabilities.

    Raises:
        ValueError: If none exists: some character is not a piece.
    """
    best = [0.0]  # the logarithm of the best segmentation of word[:end]
    back: dict[int, int] = {}  # where its last piece begins
    for end in range(1, len(word) + 1):
        options = [(best[start] + logp[piece], start) for start, piece in pieces_ending(word, end, logp)]
        score, back[end] = max(options, default=(-math.inf, end))
        best.append(score)
    if best[-1] == -math.inf:
        raise ValueError(f"{word!r} cannot be segmented")
    pieces, end = [], len(word)
    while end:
        pieces.append(word[back[end] : end])
        end = back[end]
    return pieces[::-1]


def forward(word: str, logp: LogP, power: float = 1.0, without: str | None = None) -> list[float]:
    """For every prefix the logarithm of the sum over its segmentations of P^power; the last one speaks of the word.

    `power` 0 counts them, 1 sums their probabilities; `without` is a piece to leave out.
    """
    sums = [0.0]
    for end in range(1, len(word) + 1):
        found = pieces_ending(word, end, logp)
        sums.append(_logsumexp([sums[start] + power * logp[piece] for start, piece in found if piece != without]))
    return sums


def sample(word: str, logp: LogP, power: float = 1.0, generator: torch.Generator | None = None) -> list[str]:
    """Draw one with probability proportional to P^power: forwards the sums, backwards the choice of each piece."""
    sums = forward(word, logp, power)
    if sums[-1] == -math.inf:
        raise ValueError(f"{word!r} cannot be segmented")
    pieces, end = [], len(word)
    while end:
        options = list(pieces_ending(word, end, logp))
        shares = torch.tensor([math.exp(sums[at] + power * logp[piece] - sums[end]) for at, piece in options])
        end, piece = options[int(torch.multinomial(shares, 1, generator=generator))]
        pieces.append(piece)
    return pieces[::-1]


def expected_counts(words: Mapping[str, int], logp: LogP) -> dict[str, float]:
    """How often each piece is used in the corpus, averaged over all segmentations by their probability."""
    counts = dict.fromkeys(logp, 0.0)
    for word, count in words.items():
        sums = forward(word, logp)
        ends = [0.0] * len(word) + [1.0]  # the probability that a piece ends here, filled from the right
        for end in range(len(word), 0, -1):
            for start, piece in pieces_ending(word, end, logp):
                share = ends[end] * math.exp(sums[start] + logp[piece] - sums[end])
                ends[start] += share
                counts[piece] += count * share
    return counts


def em_step(words: Mapping[str, int], logp: LogP) -> dict[str, float]:
    """Probabilities by expected use: the likelihood of the corpus does not fall."""
    counts = expected_counts(words, logp)
    total = sum(counts.values())
    return {piece: math.log(max(count, 1e-9) / total) for piece, count in counts.items()}


def losses(words: Mapping[str, int], logp: LogP) -> dict[str, float]:
    """What the corpus would lose of its log-likelihood without each piece; single characters cannot be spared."""
    found = {piece: math.inf if len(piece) == 1 else 0.0 for piece in logp}
    for word, count in words.items():
        for piece in {piece for end in range(len(word) + 1) for _, piece in pieces_ending(word, end, logp)}:
            if len(piece) > 1:
                found[piece] += count * (forward(word, logp)[-1] - forward(word, logp, without=piece)[-1])
    return found


def train(words: Mapping[str, int], size: int, longest: int = 8, keep: float = 0.8) -> dict[str, float]:
    """Pieces and the logarithms of their probabilities: start with all that repeat, fit, prune, until `size` are left.

    Args:
        words: Words and how often they occur, from `count_words`.
        size: Pieces in the end.
        longest: Signs of a piece at most.
        keep: Share of the pieces that outlives a round of pruning.

    Raises:
        ValueError: If `keep` is not in (0, 1), or the characters alone are more than `size`.
    """
    if not 0 < keep < 1:
        raise ValueError(f"keep {keep} is not in (0, 1)")
    seeds: Counter[str] = Counter()
    for word, count in words.items():
        for start in range(len(word)):
            for end in range(start + 1, min(start + longest, len(word)) + 1):
                seeds[word[start:end]] += count
    seeds = Counter({piece: count for piece, count in seeds.items() if count > 1 or len(piece) == 1})
    characters = sum(len(piece) == 1 for piece in seeds)
    if characters > size:
        raise ValueError(f"size {size} is below the {characters} characters of the corpus")
    logp = {piece: math.log(count / seeds.total()) for piece, count in seeds.items()}
    while True:
        logp = em_step(words, em_step(words, logp))
        if len(logp) <= size:
            return logp
        loss = losses(words, logp)
        kept = sorted(logp, key=lambda piece: (-loss[piece], piece))[: max(size, int(keep * len(logp)))]
        logp = {piece: logp[piece] for piece in kept}


def _logsumexp(values: list[float]) -> float:
    """The logarithm of the sum of exponentials; -inf of nothing."""
    top = max(values, default=-math.inf)
    return top if top == -math.inf else top + math.log(sum(math.exp(value - top) for value in values))


# --8<-- [end:core]


def demo() -> None:
    """Train on four words and look at the segmentations of one."""
    words = Counter({"▁low": 5, "▁lower": 2, "▁newest": 6, "▁widest": 3})
    logp = train(words, size=16)
    print("pieces:", [piece for piece in logp if len(piece) > 1])
    print("▁lowest ->", viterbi("▁lowest", logp), f"of {math.exp(forward('▁lowest', logp, power=0)[-1]):.0f} cuts")


if __name__ == "__main__":
    demo()
