r"""Tokenizer compression: tokens per character, and a larger vocabulary

The same text costs more tokens where the vocabulary has no pieces for it: a Chinese character outside of it falls back
to the three bytes of its UTF-8. New pieces at the end of the vocabulary mend that; their embeddings begin as the mean
of the embeddings they replace, since a random one would say nothing.

$$
r = \frac{N_{\mathrm{token}}}{N_{\mathrm{char}}}, \qquad
E_{\mathrm{new}} = \frac{1}{n} \sum_{i=1}^{n} E_{t_i}, \quad t_1 \dots t_n \text{ the old tokens of the new piece}
$$

Papers: [Efficient and Effective Text Encoding for Chinese LLaMA and Alpaca](https://arxiv.org/abs/2304.08177),
[Neural Machine Translation with Byte-Level Subwords](https://arxiv.org/abs/1909.03341) (bytes).

Letters: `V` old vocabulary, `N` new pieces, `C` model width. Tokens 0-255 are the bytes, the pieces follow.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


# --8<-- [start:core]
@dataclass(frozen=True)
class Compression:
    """What a tokenizer makes of texts; compare it only on the same texts.

    Attributes:
        tokens: Tokens in all.
        characters: Unicode characters in all.
        bytes: Bytes of UTF-8 in all.
    """

    tokens: int
    characters: int
    bytes: int

    @property
    def tokens_per_character(self) -> float:
        """The compression rate: the smaller the better."""
        return self.tokens / self.characters

    @property
    def bytes_per_token(self) -> float:
        """What a token carries: the larger the better, and fair between languages of different scripts."""
        return self.bytes / self.tokens


def measure(encode: Callable[[str], Sequence[int]], texts: Iterable[str]) -> Compression:
    """Count what `encode` makes of texts.

    Raises:
        ValueError: If there is no character to count.
    """
    tokens = characters = size = 0
    for text in texts:
        tokens += len(encode(text))
        characters += len(text)
        size += sum(utf8_length(ord(character)) for character in text)
    if not characters:
        raise ValueError("the texts have no character")
    return Compression(tokens, characters, size)


def utf8_length(code: int) -> int:
    """Bytes of a character in UTF-8: ASCII 1, most other alphabets 2, Chinese 3, emoji and rare characters 4."""
    return 1 + (code >= 0x80) + (code >= 0x800) + (code >= 0x10000)


def encode(text: str, pieces: Sequence[str]) -> list[int]:
    """The longest piece that fits, from left to right; a character that no piece begins with becomes its bytes.

    Args:
        text: Any text.
        pieces: The vocabulary after the 256 bytes: piece i is token 256 + i.
    """
    number = {piece: 256 + at for at, piece in enumerate(pieces)}
    longest = max(map(len, pieces), default=0)
    tokens: list[int] = []
    start = 0
    while start < len(text):
        ends = range(min(start + longest, len(text)), start, -1)
        end = next((end for end in ends if text[start:end] in number), None)
        tokens += text[start].encode() if end is None else [number[text[start:end]]]
        start = start + 1 if end is None else end
    return tokens


def extend(pieces: Sequence[str], new: Iterable[str]) -> list[str]:
    """The vocabulary with new pieces at its end, each once: no old token changes its number."""
    return list(dict.fromkeys([*pieces, *new]))


def extend_embedding(weight: Tensor, parts: Sequence[Sequence[int]]) -> Tensor:
    """Rows for new pieces, each the mean of the rows of the tokens that it replaces.

    Args:
        weight: Embedding or output matrix, `(V, C)`.
        parts: For each new piece its tokens in the old vocabulary.

    Returns:
        `(V + N, C)`, the old rows first and as they were.

    Raises:
        ValueError: If a piece has no parts.
    """
    if not all(parts):
        raise ValueError(f"new piece {[bool(part) for part in parts].index(False)} has no parts")
    rows = [weight[list(part)].mean(dim=0) for part in parts]
    return torch.cat([weight, torch.stack(rows)]) if rows else weight.clone()


# --8<-- [end:core]


def demo() -> None:
    """An English vocabulary meets Chinese, then learns some."""
    old = ["model", "language", " ", "s", "large", " language", " model"]
    new = extend(old, ["模型", "语言", "大", "语言模型"])
    for name, pieces in (("old", old), ("new", new)):
        for text in ("large language models", "大语言模型"):
            found = measure(lambda text, pieces=pieces: encode(text, pieces), [text])
            print(f"{name}: {text}: {found.tokens} tokens, {found.tokens_per_character:.2f} per character")


if __name__ == "__main__":
    demo()
