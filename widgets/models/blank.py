"""A model of 10,000 parameters that fills a blank: one layer of self-attention, so that a picture can show all it does.

It was trained by `python -m widgets.models.train_blank` on sentences of a small grammar, Chinese ones by characters and
English ones by words. In each a blank is decided by one other word: 一＿猫 by 猫, "the key to the doors ___" by "key".
"""

import base64
import json
import re
from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor, nn

from snippets.self_attention import attention

WEIGHTS = Path(__file__).with_suffix(".json")
WIDTH, HEADS, LONGEST = 32, 2, 12
BLANK, UNKNOWN = "＿", "?"
WORD = re.compile(r"＿|_+|[A-Za-z']+|[^\W_]|[^\s\w]")


def tokenize(text: str) -> list[str]:
    """Up to 12 words or Chinese characters; `_` is the blank."""
    return [BLANK if word.startswith(("_", BLANK)) else word for word in WORD.findall(text)[:LONGEST]]


class Blank(nn.Module):
    """Embedding, positions, one layer of attention around residuals, a small MLP, and the embedding's matrix again."""

    def __init__(self, words: list[str]) -> None:
        super().__init__()
        self.words = words
        self.ids = {word: at for at, word in enumerate(words)}
        self.embed = nn.Parameter(torch.randn(len(words), WIDTH) * 0.3)
        self.place = nn.Parameter(torch.randn(LONGEST, WIDTH) * 0.3)
        self.qkv = nn.Parameter(torch.randn(3, WIDTH, WIDTH) * WIDTH**-0.5)
        self.out = nn.Parameter(torch.randn(WIDTH, WIDTH) * WIDTH**-0.5)
        self.up = nn.Parameter(torch.randn(WIDTH, 2 * WIDTH) * WIDTH**-0.5)
        self.down = nn.Parameter(torch.randn(2 * WIDTH, WIDTH) * WIDTH**-0.5)

    def tokens(self, words: list[str]) -> Tensor:
        """Ids `(T,)`; a word that was not in the grammar is unknown."""
        return torch.tensor([self.ids.get(word, self.ids.get(word.lower(), 1)) for word in words], dtype=torch.long)

    def heads(self, ids: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values of `(B, T)` ids, each `(B, H, T, D)`."""
        x = self.embed[ids] + self.place[: ids.shape[-1]]  # (B, T, C)
        query, key, value = ((x @ w).unflatten(-1, (HEADS, -1)).transpose(1, 2) for w in self.qkv)
        return query, key, value

    def forward(self, ids: Tensor, mask: Tensor | None = None) -> Tensor:
        """Logits `(B, T, V)` of what stands at each place; `mask` as `attention` takes it."""
        mixed, _ = attention(*self.heads(ids), mask)
        x = self.embed[ids] + self.place[: ids.shape[-1]] + mixed.transpose(1, 2).flatten(2) @ self.out
        x = x + torch.relu(x @ self.up) @ self.down
        return x @ self.embed.T


@lru_cache(maxsize=1)
def load() -> Blank:
    """The trained model: int8 numbers and a scale for each row."""
    kept = json.loads(WEIGHTS.read_text("utf-8"))
    model = Blank(kept["words"])
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            numbers = base64.b85decode(kept[name]["numbers"])
            signed = torch.tensor([byte - 256 if byte > 127 else byte for byte in numbers], dtype=torch.float32)
            scale = torch.tensor(kept[name]["scales"]).reshape(*parameter.shape[:-1], 1)
            parameter.copy_(signed.reshape(parameter.shape) * scale)
    return model.requires_grad_(False)


def dump(model: Blank) -> str:
    """What `load` reads."""
    kept: dict[str, object] = {"words": model.words}
    for name, parameter in model.named_parameters():
        scale = parameter.detach().abs().amax(-1, keepdim=True) / 127
        scale = torch.tensor([float(f"{x:.4g}") for x in scale.flatten().tolist()]).reshape(scale.shape)
        numbers = (parameter.detach() / scale).round().clamp(-127, 127).flatten().to(torch.int64) % 256
        scales = [float(f"{x:.4g}") for x in scale.flatten().tolist()]
        kept[name] = {"numbers": base64.b85encode(bytes(numbers.tolist())).decode(), "scales": scales}
    return json.dumps(kept, ensure_ascii=False, indent=1) + "\n"
