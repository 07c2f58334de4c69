"""A picture as a data set gives it: what of Pillow's is asked of it."""

from typing import Any

import numpy as np


class Picture:
    """Bytes `(H, W)` or `(H, W, C)`."""

    __module__, __qualname__ = "PIL.Image", "Image"

    def __init__(self, values: np.ndarray) -> None:
        self.values = values

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.values.shape[1], self.values.shape[0]

    @property
    def mode(self) -> str:
        """Grey, or three colours."""
        return "L" if self.values.ndim == 2 else "RGB"

    width = property(lambda self: self.size[0])
    height = property(lambda self: self.size[1])

    def convert(self, mode: str) -> "Picture":
        """In another mode."""
        if mode == self.mode:
            return self
        if mode == "RGB":
            return Picture(np.repeat(self.values[..., None], 3, 2))
        weights = np.array([299, 587, 114]) / 1000
        return Picture((self.values @ weights).round().astype(np.uint8))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self.values if dtype is None else self.values.astype(dtype)

    def __repr__(self) -> str:
        return f"<PIL.Image.Image image mode={self.mode} size={self.width}x{self.height}>"
