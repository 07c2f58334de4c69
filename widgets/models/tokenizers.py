"""BPE, WordPiece and Unigram as `train_tokenizers.py` trained them on `corpus.txt`, some 300 sentences of this site."""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from snippets import bpe, unigram, wordpiece

HERE = Path(__file__).parent
CORPUS, LEARNED = HERE / "corpus.txt", HERE / "tokenizers.json"
MERGES, STEP = 500, 250


@lru_cache(maxsize=1)
def learned() -> Any:
    """What training gave."""
    return json.loads(LEARNED.read_text("utf-8"))


def bpe_merges() -> list[tuple[int, int]]:
    """All 500 merges, in order."""
    return [(first, second) for first, second in learned()["bpe"]]


def bpe_model(merges: int) -> bpe.BPE:
    """BPE after so many merges."""
    return bpe.BPE(bpe_merges()[:merges])


def wordpiece_encode(text: str, merges: int) -> list[str]:
    """WordPiece with all characters of its corpus and so many joined pieces."""
    characters, pieces = learned()["wordpiece"]
    return wordpiece.encode(text, pieces[: characters + merges])


def unigram_encode(text: str, merges: int) -> list[str]:
    """Unigram with so many pieces beside the characters, in steps of 250; a character it never saw is `?`."""
    logp = learned()["unigram"][str(round(merges / STEP) * STEP)]
    lowest = min(logp.values()) - 10
    words = [f"▁{word}" for word in text.split()]
    return [piece for word in words for piece in unigram.viterbi(word, {**dict.fromkeys(word, lowest), **logp})]
