r"""WordPiece: merge the pair that belongs together

BPE merges the most frequent pair. Two letters that are everywhere meet often by chance; WordPiece asks how much more
often they meet than chance would have it. Encoding takes the longest piece that fits, from left to right.

$$
\mathrm{score}(a, b) = \frac{\mathrm{count}(ab)}{\mathrm{count}(a)\,\mathrm{count}(b)}
$$

Papers: [Google's Neural Machine Translation System](https://arxiv.org/abs/1609.08144), section 4.1;
[BERT](https://arxiv.org/abs/1810.04805). Google's trainer is not public. The papers speak of the likelihood; the
score is how [a course](https://huggingface.co/learn/llm-course/chapter6/6) reads them. It is the pair's mutual
information, which leaves out how often the pair occurs: the gain in likelihood has that as a factor, and would merge
other pairs.

Letters: `a`, `b` pieces; one that does not begin a word is written with `##`. Of equal scores the first pair in
alphabetical order wins.
"""

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from fractions import Fraction
from itertools import pairwise

WORD = re.compile(r"[^\W_一-鿿]+|\S")  # letters and digits together; a Chinese character or a punctuation mark alone


# --8<-- [start:core]
def count_words(texts: Iterable[str]) -> Counter[str]:
    """How often each word occurs."""
    return Counter(word for text in texts for word in WORD.findall(text))


def pieces_of(word: str) -> list[str]:
    """The characters of a word: `pieces_of("low")` is `["l", "##o", "##w"]`."""
    return [character if at == 0 else f"##{character}" for at, character in enumerate(word)]


def join(first: str, second: str) -> str:
    """Two pieces as one: `join("##o", "##w")` is `"##ow"`."""
    return first + second.removeprefix("##")


def scores(corpus: Collection[tuple[list[str], int]]) -> dict[tuple[str, str], Fraction]:
    """The score of every pair of neighbours, exact, so that equals are equal.

    Args:
        corpus: Words as pieces, and how often each occurs.
    """
    single: Counter[str] = Counter()
    double: Counter[tuple[str, str]] = Counter()
    for pieces, count in corpus:
        for piece in pieces:
            single[piece] += count
        for pair in pairwise(pieces):
            double[pair] += count
    return {(a, b): Fraction(count, single[a] * single[b]) for (a, b), count in double.items()}


def log_likelihood(corpus: Collection[tuple[list[str], int]]) -> float:
    """Of the corpus, in nats, where each piece is as likely as it is frequent."""
    single = Counter[str]()
    for pieces, count in corpus:
        for piece in pieces:
            single[piece] += count
    total = sum(single.values())
    return sum(count * math.log(count / total) for count in single.values())


def merge(pieces: list[str], pair: tuple[str, str]) -> list[str]:
    """Join `pair` wherever it stands, from left to right."""
    merged: list[str] = []
    joined = True  # the last piece is a join already and takes no second one
    for piece in pieces:
        joined = not joined and (merged[-1], piece) == pair
        if joined:
            merged[-1] = join(*pair)
        else:
            merged.append(piece)
    return merged


def train(words: Mapping[str, int], size: int) -> list[str]:
    """Learn a vocabulary: all characters, then one joined piece after another until there are `size`.

    Args:
        words: Words and how often they occur, from `count_words`.
        size: Pieces in all; fewer if every word is one piece before that.

    Raises:
        ValueError: If the characters alone are more than `size`.
    """
    corpus = [(pieces_of(word), count) for word, count in words.items()]
    vocabulary = sorted({piece for pieces, _ in corpus for piece in pieces})
    if len(vocabulary) > size:
        raise ValueError(f"size {size} is below the {len(vocabulary)} characters of the corpus")
    while len(vocabulary) < size:
        found = scores(corpus)
        if not found:
            break
        best = min(found, key=lambda pair: (-found[pair], pair))
        corpus = [(merge(pieces, best), count) for pieces, count in corpus]
        if join(*best) not in vocabulary:  # abc may come of ab + c and of a + bc
            vocabulary.append(join(*best))
    return vocabulary


def encode_word(word: str, vocabulary: Collection[str], unknown: str = "[UNK]", longest: int = 100) -> list[str]:
    """The longest piece that fits, again and again; the whole word is `unknown` if none fits somewhere.

    Args:
        word: Without whitespace.
        vocabulary: The pieces; a set is fast.
        unknown: What stands for a word that cannot be written.
        longest: A word of more characters is not looked at, as in BERT.
    """
    if len(word) > longest:
        return [unknown]
    pieces: list[str] = []
    start = 0
    while start < len(word):
        prefix = "##" if start else ""
        ends = (end for end in range(len(word), start, -1) if prefix + word[start:end] in vocabulary)
        end = next(ends, None)
        if end is None:
            return [unknown]
        pieces.append(prefix + word[start:end])
        start = end
    return pieces


def encode(text: str, vocabulary: Collection[str], unknown: str = "[UNK]") -> list[str]:
    """The pieces of a text, word by word."""
    known = frozenset(vocabulary)
    return [piece for word in WORD.findall(text) for piece in encode_word(word, known, unknown)]


# --8<-- [end:core]


def demo() -> None:
    """The corpus of the BPE paper, with the merges WordPiece prefers."""
    words = {"low": 5, "lower": 2, "newest": 6, "widest": 3}
    vocabulary = train(words, size=20)
    print("learned:", vocabulary[11:])
    print("lowest ->", encode("lowest", vocabulary))
    print("slow ->", encode("slow", vocabulary))


if __name__ == "__main__":
    demo()
