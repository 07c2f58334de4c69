"""What of torchvision a page has: MNIST and FashionMNIST as drawn here, their transforms, and a grid of pictures."""

from typing import Any

from . import datasets, transforms, utils

__version__ = "0.28.0+page"
__all__ = ["datasets", "transforms", "utils"]


def __getattr__(name: str) -> Any:
    raise AttributeError(f"torchvision.{name} is not in the page: it has {', '.join(__all__)} alone")
