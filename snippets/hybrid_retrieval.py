r"""Hybrid retrieval: BM25, dense vectors, and their ranks fused

BM25 counts the words of the query in a document: rare words weigh more, a word's tenth occurrence adds little, long
documents are marked down. Dense retrieval compares vectors and finds what is said in other words. Their scores have
different scales, so it is ranks that are fused.

$$
\mathrm{BM25} = \sum_{w \in q} \ln\Bigl(1 + \frac{N - n_w + \frac12}{n_w + \frac12}\Bigr)
\frac{f_{w,d} (k_1 + 1)}{f_{w,d} + k_1 (1 - b + b |d| / \overline{|d|})}, \qquad
\mathrm{RRF}(d) = \sum_r \frac{1}{k + \mathrm{rank}_r(d)}
$$

Sources: [The Probabilistic Relevance Framework: BM25 and Beyond](https://doi.org/10.1561/1500000019),
[Reciprocal Rank Fusion](https://doi.org/10.1145/1571941.1572114). The 1 in the logarithm is Lucene's: without it a word
in more than half of the documents would count against them.

Letters: `N` documents, `n_w` those with the word `w`, `f` its occurrences in `d`, `|d|` words of `d`, `C` vector width.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

WORD = re.compile(r"[^\W_一-鿿]+|[一-鿿]")


# --8<-- [start:core]
def words_of(text: str) -> list[str]:
    """The words of a text in lower case: letters and digits together, Chinese characters alone and in pairs.

    Pairs of neighbours (大模, 模型) stand in for a Chinese word segmenter.
    """
    words, before = [], None
    for found in WORD.finditer(text.lower()):
        word, chinese = found[0], "一" <= found[0] <= "鿿"
        words.append(word)
        if chinese and before and before.end() == found.start():
            words.append(before[0] + word)
        before = found if chinese else None
    return words


class BM25:
    """An index of documents, given as lists of words.

    Args:
        documents: Their words, at least one document.
        k1: How slowly repetition saturates; 0 counts a word once.
        b: How much length counts, 0 to 1.

    Raises:
        ValueError: If there is no document, `k1` is negative or `b` outside [0, 1].
    """

    def __init__(self, documents: Sequence[Sequence[str]], k1: float = 1.5, b: float = 0.75) -> None:
        if not documents:
            raise ValueError("there is no document")
        if k1 < 0 or not 0 <= b <= 1:
            raise ValueError(f"k1 {k1} is negative or b {b} not in [0, 1]")
        self.counts = [Counter(document) for document in documents]
        self.containing = Counter(word for count in self.counts for word in count)
        self.k1 = k1
        mean = sum(map(len, documents)) / len(documents)
        self.norms = [k1 * (1 - b + b * len(document) / mean) if mean else k1 for document in documents]

    def idf(self, word: str) -> float:
        """The weight of a word: large where few documents have it, never negative."""
        having = self.containing[word]
        return math.log(1 + (len(self.counts) - having + 0.5) / (having + 0.5))

    def scores(self, query: Iterable[str]) -> Tensor:
        """The score of every document, `(N,)`; a word that the query repeats counts again."""
        scores = [0.0] * len(self.counts)
        for word in query:
            idf = self.idf(word)
            for at, (count, norm) in enumerate(zip(self.counts, self.norms, strict=True)):
                if count[word]:
                    scores[at] += idf * count[word] * (self.k1 + 1) / (count[word] + norm)
        return torch.tensor(scores)


def dense_scores(query: Tensor, documents: Tensor) -> Tensor:
    """The cosine of a query `(C,)` with documents `(N, C)`: `(N,)`; a zero vector has 0."""
    lengths = query.norm() * documents.norm(dim=-1)
    return documents @ query / lengths.clamp(min=1e-12)


def ranking(scores: Tensor, top: int | None = None) -> list[int]:
    """Documents from the best score to the worst, the first of equals first, at most `top`.

    Documents that score nothing, 0 or less, are not in it: a list that did not find them must not vote for them.
    """
    order = scores.argsort(descending=True, stable=True).tolist()
    return [at for at in order if scores[at] > 0][:top]


def fuse(rankings: Iterable[Sequence[int]], k: float = 60.0) -> list[tuple[int, float]]:
    """Reciprocal rank fusion: documents and their fused scores, the best first, the smaller number among equals.

    Args:
        rankings: From each way to search the documents it found, best first.
        k: How little the first places stand out.

    Raises:
        ValueError: If `k` is negative, or a ranking names a document twice.
    """
    if k < 0:
        raise ValueError(f"k {k} is negative")
    fused: dict[int, float] = {}
    for found in rankings:
        if len(set(found)) < len(found):
            raise ValueError(f"ranking {list(found)} names a document twice")
        for rank, document in enumerate(found, start=1):
            fused[document] = fused.get(document, 0.0) + 1 / (k + rank)
    return sorted(fused.items(), key=lambda item: (-item[1], item[0]))


# --8<-- [end:core]


def demo() -> None:
    """One query, the two rankings and the fused one."""
    documents = ["GPU out of memory", "the card has no space left", "error code 0x80", "memory of a holiday"]
    vectors = torch.tensor([[0.9, 0.1], [1.0, 0.0], [0.2, 0.8], [-0.5, 0.9]])  # as an embedding model might give them
    lexical = ranking(BM25([words_of(text) for text in documents]).scores(words_of("memory error")))
    semantic = ranking(dense_scores(torch.tensor([1.0, 0.1]), vectors))
    print("lexical:", lexical, "semantic:", semantic)
    for document, score in fuse([lexical, semantic]):
        print(f"{score:.4f} {documents[document]}")


if __name__ == "__main__":
    demo()
