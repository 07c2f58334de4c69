r"""Vision transformer: an image as a sequence of patches

An image is cut into squares, each square becomes one vector by the same linear map, and from there on it is a sequence
like any other: a learned vector is put in front (CLS) to gather what is to be said of the whole, positions are added,
and an encoder without a causal mask follows. The positions belong to one grid; for images of another size they are
interpolated as if they were a picture themselves.

$$
z_0 = [\,x_{\text{cls}};\ x_1 E;\ \dots;\ x_N E\,] + P, \qquad x_n \in \mathbb{R}^{K \cdot p^2}, \quad
N = \frac{H}{p} \cdot \frac{W}{p}, \qquad y = \mathrm{Head}\big(\mathrm{LN}(z_L)_{\text{cls}}\big)
$$

Paper: [An Image is Worth 16x16 Words](https://arxiv.org/abs/2010.11929), equations 1 to 4, and section 3.2 for other
sizes.

Letters: `B` batch, `K` channels, `H`, `W` height and width, `p` patch size, `N` patches, `C` width of the model.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


# --8<-- [start:core]
def patchify(images: Tensor, patch_size: int) -> Tensor:
    """Cut images into squares, row by row from the top left.

    Args:
        images: `(B, K, H, W)`.
        patch_size: `p`; divides `H` and `W`.

    Returns:
        `(B, N, K p p)`: of each patch its channels, in each its rows, so that a convolution's weight fits flattened.

    Raises:
        ValueError: If the images have not four dimensions, or `patch_size` does not divide them.
    """
    if images.ndim != 4 or patch_size < 1 or images.shape[2] % patch_size or images.shape[3] % patch_size:
        raise ValueError(f"images {tuple(images.shape)} are not (B, K, H, W) in squares of {patch_size}")
    B, K, H, W = images.shape
    squares = images.view(B, K, H // patch_size, patch_size, W // patch_size, patch_size)
    return squares.permute(0, 2, 4, 1, 3, 5).flatten(3).flatten(1, 2)  # (B, N, K p p)


def resize_positions(positions: Tensor, grid: tuple[int, int], new_grid: tuple[int, int]) -> Tensor:
    """Positions for another number of patches, by bicubic interpolation.

    Args:
        positions: Of CLS, then of the patches row by row, `(1 + N, C)`.
        grid: Rows and columns of patches that they were learned for.
        new_grid: Rows and columns that are wanted.

    Returns:
        `(1 + N', C)`; that of CLS, which has no place, stays.

    Raises:
        ValueError: If `grid` has not as many patches as there are positions.
    """
    rows, columns = grid
    if positions.ndim != 2 or len(positions) != 1 + rows * columns:
        raise ValueError(f"positions {tuple(positions.shape)} are not (1 + {rows} x {columns}, C)")
    if grid == new_grid:
        return positions
    picture = positions[1:].T.reshape(1, -1, rows, columns)  # (1, C, rows, columns)
    resized = F.interpolate(picture, size=new_grid, mode="bicubic", align_corners=False)
    return torch.cat([positions[:1], resized[0].flatten(1).T])


class ViT(nn.Module):
    """A classifier of images; `hidden_size` and so on are transformers' names.

    Args:
        image_size: Height and width that its positions are for.
        patch_size: `p`.
        num_channels: `K`.
        hidden_size: `C`.
        num_hidden_layers: Blocks, each norm first.
        num_attention_heads: Divides `hidden_size`.
        intermediate_size: Of the MLPs.
        num_labels: Classes.
        layer_norm_eps: Of the norms.

    Raises:
        ValueError: If `patch_size` does not divide `image_size`.
    """

    def __init__(
        self,
        image_size: int = 12,
        patch_size: int = 3,
        num_channels: int = 1,
        hidden_size: int = 32,
        num_hidden_layers: int = 2,
        num_attention_heads: int = 4,
        intermediate_size: int = 64,
        num_labels: int = 4,
        layer_norm_eps: float = 1e-12,
    ) -> None:
        super().__init__()
        if image_size % patch_size:
            raise ValueError(f"patch_size {patch_size} does not divide image_size {image_size}")
        self.patch_size, side = patch_size, image_size // patch_size
        self.grid = side, side
        self.projection = nn.Linear(num_channels * patch_size**2, hidden_size)  # E
        self.cls_token = nn.Parameter(torch.zeros(hidden_size))
        self.position_embeddings = nn.Parameter(torch.empty(1 + side * side, hidden_size).normal_(std=0.02))  # P
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(
                hidden_size, num_attention_heads, intermediate_size, 0.0, "gelu", layer_norm_eps, True, True
            )  # no dropout; batch first, norm first
            for _ in range(num_hidden_layers)
        )
        self.layernorm = nn.LayerNorm(hidden_size, eps=layer_norm_eps)
        self.classifier = nn.Linear(hidden_size, num_labels)

    def features(self, images: Tensor, interpolate_pos_encoding: bool = False) -> Tensor:
        """The last hidden states, of CLS and of the patches.

        Args:
            images: `(B, K, H, W)`.
            interpolate_pos_encoding: Take images of other sizes than `image_size`.

        Returns:
            `(B, 1 + N, C)`.

        Raises:
            ValueError: If the size is another and that was not asked for, or see `patchify`.
        """
        patches = self.projection(patchify(images, self.patch_size))  # (B, N, C)
        grid = images.shape[2] // self.patch_size, images.shape[3] // self.patch_size
        if grid != self.grid and not interpolate_pos_encoding:
            raise ValueError(f"{grid} patches, and positions for {self.grid}: see interpolate_pos_encoding")
        cls = self.cls_token.expand(len(images), 1, -1)  # (B, 1, C)
        z = torch.cat([cls, patches], dim=1) + resize_positions(self.position_embeddings, self.grid, grid)
        for layer in self.layers:
            z = layer(z)
        return self.layernorm(z)

    def forward(self, images: Tensor, interpolate_pos_encoding: bool = False) -> Tensor:
        """Logits `(B, num_labels)` from what CLS has gathered; see `features`."""
        return self.classifier(self.features(images, interpolate_pos_encoding)[:, 0])


# --8<-- [end:core]


def demo() -> None:
    """How many tokens an image is, and shapes on the way."""
    for size, patch in ((224, 32), (224, 16), (384, 16)):
        print(f"{size} x {size} in patches of {patch}: {(size // patch) ** 2} tokens")
    torch.manual_seed(0)
    images = torch.randn(2, 1, 12, 18)
    print("patches", tuple(patchify(images, 3).shape))
    print("features", tuple(ViT().features(images, interpolate_pos_encoding=True).shape))


if __name__ == "__main__":
    demo()
