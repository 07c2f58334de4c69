"""`torchvision.utils`: many pictures as one."""

from typing import Any

import torch


def make_grid(
    tensor: Any,
    nrow: int = 8,
    padding: int = 2,
    normalize: bool = False,
    value_range: Any = None,
    pad_value: float = 0.0,
) -> Any:
    """Pictures `(N, C, H, W)` in rows, as one `(3, …)`."""
    if isinstance(tensor, list):
        tensor = torch.stack(tensor)
    if tensor.ndim == 2:
        tensor = tensor[None]
    if tensor.ndim == 3:
        tensor = tensor[None]
    if tensor.shape[1] == 1:
        tensor = tensor.expand(-1, 3, -1, -1)
    if normalize:
        low, high = value_range or (tensor.min().item(), tensor.max().item())
        tensor = tensor.clone().clamp_(low, high).sub_(low).div_(max(high - low, 1e-5))
    if len(tensor) == 1:
        return tensor[0]
    across = min(nrow, len(tensor))
    down = -(-len(tensor) // across)
    high, wide = tensor.shape[2] + padding, tensor.shape[3] + padding
    grid = tensor.new_full((tensor.shape[1], high * down + padding, wide * across + padding), pad_value)
    for at, one in enumerate(tensor):
        top, left = at // across * high + padding, at % across * wide + padding
        grid[:, top : top + high - padding, left : left + wide - padding] = one
    return grid


def __getattr__(name: str) -> Any:
    raise AttributeError(f"torchvision.utils.{name} is not in the page: it has make_grid alone")
