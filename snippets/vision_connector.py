r"""Vision connector: features of an image become words among words

A vision encoder gives a vector for each patch, in a space of its own, and many of them. A connector makes them fewer
(pixel shuffle: each square of patches becomes one longer vector, so nothing is lost), maps them to the language model's
width by a small MLP, and the results take the places that a placeholder token holds in the text. The language model
sees a sequence of embeddings, and need not know which of them were words.

$$
v'_n = [\,v_{(sr, sc)};\ v_{(sr, sc + 1)};\ \dots;\ v_{(sr + s - 1, sc + s - 1)}\,], \qquad
h_n = W_2\,\mathrm{GELU}(W_1 v'_n + b_1) + b_2, \qquad
x_t = \begin{cases} h_{j(t)} & \text{token } t \text{ is the } j\text{-th placeholder} \\
\mathrm{Emb}(t) & \text{else} \end{cases}
$$

Papers: [Improved Baselines with Visual Instruction Tuning](https://arxiv.org/abs/2310.03744) (the MLP of LLaVA-1.5);
[How Far Are We to GPT-4V?](https://arxiv.org/abs/2404.16821) (pixel shuffle in InternVL 1.5).

Letters: `B` batch, `T` tokens, `M` images, `N` vectors of an image, `V` width of the vision encoder, `C` of the
language model, `s` scale.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn


# --8<-- [start:core]
def pixel_shuffle(features: Tensor, scale: int, grid: tuple[int, int] | None = None) -> Tensor:
    """Join each square of `s` x `s` neighbours into one vector: fewer tokens of the same content.

    Args:
        features: `(M, N, V)`, patches row by row, without CLS.
        scale: `s`; divides both sides of the grid.
        grid: Rows and columns of patches. None: a square.

    Returns:
        `(M, N / s², V s²)`: in each the rows of its square, in these the columns.

    Raises:
        ValueError: If `N` is not that of the grid, or `scale` does not divide it.
    """
    M, N, V = features.shape
    rows, columns = grid or (round(N**0.5), round(N**0.5))
    if rows * columns != N or scale < 1 or rows % scale or columns % scale:
        raise ValueError(f"{N} patches are not a grid {rows} x {columns} in squares of {scale}")
    squares = features.view(M, rows // scale, scale, columns // scale, scale, V)
    return squares.transpose(2, 3).reshape(M, N // scale**2, V * scale**2)


class Connector(nn.Module):
    """Pixel shuffle, then LLaVA's two linear maps; names are those of transformers' LLaVA.

    Args:
        vision_size: `V`.
        hidden_size: `C`.
        scale: `s`; 1 keeps every patch.
    """

    def __init__(self, vision_size: int, hidden_size: int, scale: int = 1) -> None:
        super().__init__()
        self.scale = scale
        self.linear_1 = nn.Linear(vision_size * scale**2, hidden_size)
        self.linear_2 = nn.Linear(hidden_size, hidden_size)

    def forward(self, features: Tensor, grid: tuple[int, int] | None = None) -> Tensor:
        """Map `(M, N, V)` to `(M, N / s², C)`; see `pixel_shuffle`."""
        return self.linear_2(F.gelu(self.linear_1(pixel_shuffle(features, self.scale, grid))))


def expand_image_tokens(input_ids: Sequence[int], image_token_id: int, counts: Sequence[int]) -> list[int]:
    """Put as many placeholders as an image has vectors where the text has one.

    Args:
        input_ids: Of a text with one `<image>` for each image.
        image_token_id: Of the placeholder.
        counts: How many vectors each image has, in their order.

    Returns:
        The longer text.

    Raises:
        ValueError: If there are not as many placeholders as images.
    """
    if list(input_ids).count(image_token_id) != len(counts):
        raise ValueError(f"{list(input_ids).count(image_token_id)} placeholders for {len(counts)} images")
    left = iter(counts)
    return [one for token in input_ids for one in ([token] * next(left) if token == image_token_id else [token])]


def merge_image_features(input_ids: Tensor, inputs_embeds: Tensor, features: Tensor, image_token_id: int) -> Tensor:
    """Vectors of images in the places of their placeholders, in the order of both.

    Args:
        input_ids: `(B, T)`, expanded.
        inputs_embeds: Embeddings of all tokens, `(B, T, C)`; what they are at placeholders does not matter.
        features: Of all images of the batch one after another, `(..., C)`, such as `(M, N, C)`.
        image_token_id: Of the placeholder.

    Returns:
        `(B, T, C)`, in the dtype of `inputs_embeds`; gradients flow to both.

    Raises:
        ValueError: If there are not as many placeholders as vectors, or widths differ.
    """
    flat = features.flatten(0, -2)  # (all N, C)
    holds = input_ids == image_token_id  # (B, T)
    if flat.shape[-1] != inputs_embeds.shape[-1] or int(holds.sum()) != len(flat):
        shapes = tuple(features.shape), tuple(inputs_embeds.shape)
        raise ValueError(f"{int(holds.sum())} placeholders for features {shapes[0]} among embeddings {shapes[1]}")
    if not len(flat):
        return inputs_embeds
    place = (holds.flatten().cumsum(dim=0) - 1).view_as(input_ids)  # the how many-th placeholder; -1 before the first
    return torch.where(holds.unsqueeze(-1), flat[place].to(inputs_embeds.dtype), inputs_embeds)


# --8<-- [end:core]


def demo() -> None:
    """How many tokens an image costs, and where they go."""
    for name, side, patch, scale in (("LLaVA-1.5", 336, 14, 1), ("InternVL 1.5, a tile", 448, 14, 2)):
        before = (side // patch) ** 2
        print(f"{name}: {before} patches, {before // scale**2} tokens")
    torch.manual_seed(0)
    connector = Connector(vision_size=8, hidden_size=6, scale=2)
    ids = torch.tensor([expand_image_tokens([5, 9, 7], 9, [4])])
    merged = merge_image_features(ids, torch.zeros(1, 6, 6), connector(torch.randn(1, 16, 8)), 9)
    print(ids.tolist(), "images at", merged[0].any(dim=-1).tolist())


if __name__ == "__main__":
    demo()
