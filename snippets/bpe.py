r"""BPE: byte-level byte pair encoding

A vocabulary that can write any text and keeps common words whole: begin with the 256 bytes and, again and again, glue
the most frequent pair of neighbours into a new token. Encoding replays the merges in the order they were learned.

$$
(a^*, b^*) = \arg\max_{(a, b)} \sum_w c(w)\, n_w(a, b)
$$

Papers: [Neural Machine Translation of Rare Words with Subword Units](https://arxiv.org/abs/1508.07909);
[GPT-2](https://cdn.openai.com/better-language-models/language_models_are_unsupervised_multitask_learners.pdf) (bytes).

Letters: `w` a word of the pre-tokenizer, `c(w)` how often it occurs, `n_w(a, b)` how often `b` follows `a` in it.
Tokens are numbered 0-255 for the bytes and 256 + i for the i-th merge; of equal pairs the smaller numbers go first.
"""

import heapq
import re
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

# Near to GPT-2's rule: contractions, letters, digits, other characters, whitespace. A merge never leaves a word. GPT-2
# keeps all numbers apart, \p{N}; `re` knows decimal digits alone, and ², ½ and Ⅳ count as letters here.
WORD = re.compile(r"'(?:[sdmt]|ll|ve|re)| ?[^\W\d_]+| ?\d+| ?(?:[^\s\w]|_)+|\s+(?!\S)|\s+")
Pair = tuple[int, int]


# --8<-- [start:core]
def count_words(texts: Iterable[str]) -> Counter[bytes]:
    """How often each word occurs, the space in front of it included, as UTF-8."""
    return Counter(word.encode() for text in texts for word in WORD.findall(text))


def merge(tokens: Sequence[int], pair: Pair, new: int) -> list[int]:
    """Replace `pair` by `new` from left to right: `merge([1, 1, 1], (1, 1), 9)` is `[9, 1]`."""
    merged: list[int] = []
    for token in tokens:
        if merged and (merged[-1], token) == pair:
            merged[-1] = new
        else:
            merged.append(token)
    return merged


def train_plain(words: Mapping[bytes, int], merges: int) -> list[Pair]:
    """Learn up to `merges` merges, each by counting all pairs anew; a pair seen only once is left alone."""
    corpus = [(list(word), count) for word, count in words.items()]
    learned: list[Pair] = []
    while len(learned) < merges:
        counts: Counter[Pair] = Counter()
        for tokens, count in corpus:
            for pair in pairwise(tokens):
                counts[pair] += count
        if not (frequent := [(-count, pair) for pair, count in counts.items() if count > 1]):
            break
        _, best = min(frequent)
        corpus = [(merge(tokens, best, 256 + len(learned)), count) for tokens, count in corpus]
        learned.append(best)
    return learned


def train(words: Mapping[bytes, int], merges: int) -> list[Pair]:
    """Learn the merges of `train_plain`, touching only the places that change.

    The corpus is one array; `left` and `right` link what is left of each word; -1 ends it and, as index -1, is before
    the first. `places` lists where a pair began to stand, `heap` the most frequent pairs; both are checked when used.
    """
    tokens, weight = array("i"), array("q")
    for word, count in words.items():
        tokens.extend((*word, -1))
        weight.extend([count] * (len(word) + 1))
    left, right = array("q", range(-1, len(tokens) - 1)), array("q", range(1, len(tokens)))
    counts: dict[Pair, int] = defaultdict(int)
    places: dict[Pair, list[int]] = defaultdict(list)
    for at, pair in enumerate(pairwise(tokens)):
        if -1 not in pair:
            counts[pair] += weight[at]
            places[pair].append(at)
    heap = [(-count, pair) for pair, count in counts.items()]
    heapq.heapify(heap)
    learned: list[Pair] = []
    while heap and len(learned) < merges:
        count, pair = heapq.heappop(heap)
        if -count != counts[pair]:
            heapq.heappush(heap, (-counts[pair], pair))  # it has lost places since: offer it at what it is worth
            continue
        if -count < 2:
            break
        (first, second), new = pair, 256 + len(learned)
        learned.append(pair)
        fresh = set()
        for at in places.pop(pair):
            after = right[at]
            if tokens[at] != first or tokens[after] != second:
                continue  # merged away in the meantime
            before, then, many = left[at], right[after], weight[at]
            tokens[at], tokens[after] = new, -2
            right[at], left[then] = then, at
            x, y = tokens[before], tokens[then]
            for start, old, now in ((before, (x, first), (x, new)), (at, (second, y), (new, y))):
                if -1 not in now:
                    counts[old] -= many
                    counts[now] += many
                    places[now].append(start)
                    fresh.add(now)
        for pair in fresh:
            heapq.heappush(heap, (-counts[pair], pair))
    return learned


class BPE:
    """Encode and decode with learned merges; `vocabulary[i]` are the bytes of token `i`.

    Raises:
        ValueError: If a merge uses a token that does not exist yet.
    """

    def __init__(self, merges: Sequence[Pair]) -> None:
        self.vocabulary = [bytes([byte]) for byte in range(256)]
        self.ranks: dict[Pair, int] = {}
        for first, second in merges:
            if not 0 <= min(first, second) <= max(first, second) < len(self.vocabulary):
                raise ValueError(f"merge {(first, second)} uses a token that is not there yet")
            self.ranks.setdefault((first, second), len(self.vocabulary))
            self.vocabulary.append(self.vocabulary[first] + self.vocabulary[second])

    def encode(self, text: str) -> list[int]:
        """The tokens of a text, word by word; `decode` gives the text back."""
        words = WORD.findall(text)
        known = {word: self.encode_word(word.encode()) for word in set(words)}
        return [token for word in words for token in known[word]]

    def encode_word(self, word: bytes) -> list[int]:
        """Apply the earliest merge that fits, at its leftmost place, until none fits: O(n log n) by a heap."""
        tokens = [*word, -1]  # -1 is after the last token and, as index -1, before the first
        left, right = list(range(-1, len(word))), [*range(1, len(tokens)), 0]
        heap = [(self.ranks[pair], at, pair) for at, pair in enumerate(pairwise(tokens)) if pair in self.ranks]
        heapq.heapify(heap)
        while heap:
            new, at, pair = heapq.heappop(heap)
            after = right[at]
            if (tokens[at], tokens[after]) == pair:  # else it was merged away in the meantime
                tokens[at], tokens[after] = new, -2
                right[at], left[right[after]] = right[after], at
                for start in (left[at], at):
                    pair = (tokens[start], tokens[right[start]])
                    if pair in self.ranks:
                        heapq.heappush(heap, (self.ranks[pair], start, pair))
        return [token for token in tokens if token >= 0]

    def decode(self, tokens: Sequence[int]) -> str:
        """The text of the tokens; bytes that are no whole character become `�`."""
        if tokens and not 0 <= min(tokens) <= max(tokens) < len(self.vocabulary):
            raise ValueError(f"tokens {min(tokens)} to {max(tokens)} are not all below {len(self.vocabulary)}")
        return b"".join(self.vocabulary[token] for token in tokens).decode(errors="replace")


# --8<-- [end:core]


def demo() -> None:
    """Learn a handful of merges and see what they do to a text."""
    tokenizer = BPE(train(count_words(["low " * 5 + "lower " * 2 + "newest " * 6 + "widest " * 3]), merges=12))
    print("learned:", [token.decode() for token in tokenizer.vocabulary[256:]])
    print("the lowest ->", [tokenizer.decode([token]) for token in tokenizer.encode("the lowest")])


if __name__ == "__main__":
    demo()
