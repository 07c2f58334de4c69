"""`torchvision.datasets`: two that everybody begins with, drawn by `classics.digits`."""

import sys
from collections.abc import Callable
from typing import Any

import torch
from classics.digits import pictures
from torch.utils.data import Dataset

from .picture import Picture


class MNIST(Dataset):
    """Digits, drawn here in the form of MNIST: 3,000 to train on and 600 to test, where the original has 70,000."""

    _kind = "digits"
    classes = [f"{n} - {word}" for n, word in enumerate("zero one two three four five six seven eight nine".split())]  # noqa: RUF012 as theirs
    _told = False

    def __init__(
        self,
        root: Any = "data",
        train: bool = True,
        transform: Callable[[Any], Any] | None = None,
        target_transform: Callable[[Any], Any] | None = None,
        download: bool = False,
    ) -> None:
        self.root, self.train, self.transform, self.target_transform = root, train, transform, target_transform
        cls = type(self)
        if not cls._told:
            cls._told = True
            sys.stderr.write(
                f"[{cls.__name__}: 网页里不能下载；这是本站自己画的样本，训练 3000 张、测试 600 张，不是原来的数据集\n"
                " drawn by this site, 3000 to train on and 600 to test, not the original]\n"
            )
        grey, shown = pictures(self._kind, bool(train))
        self.data, self.targets = torch.from_numpy(grey.copy()), torch.from_numpy(shown.copy())

    @property
    def class_to_idx(self) -> dict[str, int]:
        """The number of each class."""
        return {name: number for number, name in enumerate(self.classes)}

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        picture: Any = Picture(self.data[index].numpy())
        target: Any = int(self.targets[index])
        if self.transform is not None:
            picture = self.transform(picture)
        return picture, target if self.target_transform is None else self.target_transform(target)

    def __repr__(self) -> str:
        split = "Train" if self.train else "Test"
        lines = [f"Number of datapoints: {len(self)}", f"Root location: {self.root}", f"Split: {split}"]
        if self.transform or self.target_transform:
            lines.append("StandardTransform")
        lines = [f"Dataset {type(self).__name__}", *(f"    {line}" for line in lines)]
        for what, transform in (("Transform: ", self.transform), ("Target transform: ", self.target_transform)):
            if transform is not None:
                lines.append(what + repr(transform).replace("\n", "\n" + " " * len(what)))
        return "\n".join(lines)


class FashionMNIST(MNIST):
    """Clothes, drawn here in the form of FashionMNIST."""

    _kind = "clothes"
    classes = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]  # noqa: RUF012 as theirs
    _told = False


def __getattr__(name: str) -> Any:
    raise AttributeError(f"torchvision.datasets.{name} is not in the page: it has MNIST and FashionMNIST alone")
