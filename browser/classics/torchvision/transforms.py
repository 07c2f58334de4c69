"""`torchvision.transforms`: from a picture to a tensor, and what is done to small pictures on the way."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from .picture import Picture


def _pair(size: Any) -> tuple[int, int]:
    high, wide = (size, size) if isinstance(size, int) else (*size, *size)[:2]
    return int(high), int(wide)


class Compose:
    """One after the other."""

    def __init__(self, transforms: Sequence[Callable[[Any], Any]]) -> None:
        self.transforms = transforms

    def __call__(self, img: Any) -> Any:
        for transform in self.transforms:
            img = transform(img)
        return img

    def __repr__(self) -> str:
        return "\n".join(["Compose(", *(f"    {one}" for one in self.transforms), ")"])


class _Transform:
    """What has no settings is printed by its name."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class PILToTensor(_Transform):
    """A picture as bytes `(C, H, W)`."""

    def __call__(self, pic: Any) -> Any:
        values = np.array(pic)
        return torch.from_numpy(
            np.ascontiguousarray((values[..., None] if values.ndim == 2 else values).transpose(2, 0, 1))
        )


class ToTensor(_Transform):
    """A picture as float32 `(C, H, W)`; bytes become numbers from 0 to 1."""

    def __call__(self, pic: Any) -> Any:
        found = PILToTensor()(pic)
        return found.float().div(255) if found.dtype == torch.uint8 else found


class ToPILImage(_Transform):
    """A tensor `(C, H, W)` or an array `(H, W, C)` as a picture."""

    def __init__(self, mode: str | None = None) -> None:
        self.mode = mode

    def __call__(self, pic: Any) -> Any:
        if isinstance(pic, torch.Tensor):
            values = pic.mul(255).byte() if pic.is_floating_point() else pic
            pic = (values if values.ndim == 3 else values[None]).permute(1, 2, 0).numpy()
        return Picture(pic[..., 0] if pic.ndim == 3 and pic.shape[2] == 1 else pic)


class Normalize:
    """`(x - mean) / std`, for each channel."""

    def __init__(self, mean: Any, std: Any, inplace: bool = False) -> None:
        self.mean, self.std, self.inplace = mean, std, inplace

    def __call__(self, tensor: Any) -> Any:
        if not isinstance(tensor, torch.Tensor):
            raise TypeError(f"img should be Tensor Image. Got {type(tensor)}")
        mean, std = (torch.as_tensor(one, dtype=tensor.dtype) for one in (self.mean, self.std))
        if (std == 0).any():
            raise ValueError(f"std evaluated to zero after conversion to {tensor.dtype}, leading to division by zero.")
        mean, std = (one.view(-1, 1, 1) if one.ndim == 1 else one for one in (mean, std))
        return (tensor if self.inplace else tensor.clone()).sub_(mean).div_(std)

    def __repr__(self) -> str:
        return f"Normalize(mean={self.mean}, std={self.std})"


class Lambda(_Transform):
    """A function."""

    def __init__(self, lambd: Callable[[Any], Any]) -> None:
        self.lambd = lambd

    def __call__(self, img: Any) -> Any:
        return self.lambd(img)


class ConvertImageDtype(_Transform):
    """Bytes as numbers from 0 to 1."""

    def __init__(self, dtype: Any) -> None:
        self.dtype = dtype

    def __call__(self, image: Any) -> Any:
        return image.to(self.dtype).div(255) if image.dtype == torch.uint8 else image.to(self.dtype)


class Grayscale(_Transform):
    """Without colour, in one channel or three."""

    def __init__(self, num_output_channels: int = 1) -> None:
        self.num_output_channels = num_output_channels

    def __call__(self, img: Any) -> Any:
        grey = img.convert("L")
        return grey if self.num_output_channels == 1 else grey.convert("RGB")


class _Spatial:
    """A function of tensors `(C, H, W)` that takes pictures as well."""

    def __call__(self, img: Any) -> Any:
        if isinstance(img, torch.Tensor):
            return self.of_tensor(img)
        changed = self.of_tensor(PILToTensor()(img).float())
        return ToPILImage()(changed.round().clamp(0, 255).byte())

    def of_tensor(self, img: Any) -> Any:
        """What is done."""
        raise NotImplementedError


def _weights(before: int, after: int) -> Any:
    """What each new line takes of the old ones, `(after, before)`: a triangle, as wide as the step where lines go."""
    step = before / after
    middles = (np.arange(after) + 0.5) * step
    weights = np.maximum(0, 1 - np.abs(np.arange(before) + 0.5 - middles[:, None]) / max(step, 1))
    return torch.from_numpy((weights / weights.sum(1, keepdims=True)).astype(np.float32))


class Resize(_Spatial):
    """To another size; a number is that of the shorter side."""

    def __init__(self, size: Any, interpolation: Any = None, max_size: Any = None, antialias: Any = True) -> None:
        self.size = size

    def of_tensor(self, img: Any) -> Any:
        """By bilinear interpolation."""
        high, wide = img.shape[-2:]
        if isinstance(self.size, int):
            short = min(high, wide)
            size = int(self.size * high / short), int(self.size * wide / short)
        else:
            size = _pair(self.size)
        kind = img.dtype
        found = _weights(high, size[0]) @ img.float() @ _weights(wide, size[1]).T
        return found.to(kind) if kind.is_floating_point else found.round().to(kind)

    def __repr__(self) -> str:
        return f"Resize(size={self.size}, interpolation=bilinear, max_size=None, antialias=True)"


class Pad(_Spatial):
    """With zeros, or another number."""

    def __init__(self, padding: Any, fill: Any = 0, padding_mode: str = "constant") -> None:
        self.padding, self.fill, self.padding_mode = padding, fill, padding_mode

    def of_tensor(self, img: Any) -> Any:
        """On all sides."""
        many = (self.padding,) * 4 if isinstance(self.padding, int) else tuple(self.padding)
        left, top, right, bottom = many if len(many) == 4 else (*many, *many)
        return torch.nn.functional.pad(img, (left, right, top, bottom), self.padding_mode, self.fill)


class CenterCrop(_Spatial):
    """The middle."""

    def __init__(self, size: Any) -> None:
        self.size = _pair(size)

    def of_tensor(self, img: Any) -> Any:
        """Cut out."""
        (high, wide), (tall, broad) = self.size, img.shape[-2:]
        top, left = round((tall - high) / 2.0), round((broad - wide) / 2.0)
        return img[..., top : top + high, left : left + wide]


class RandomCrop(_Spatial):
    """Some part."""

    def __init__(self, size: Any, padding: Any = None) -> None:
        self.size, self.padding = _pair(size), padding

    def of_tensor(self, img: Any) -> Any:
        """Cut out."""
        if self.padding is not None:
            img = Pad(self.padding).of_tensor(img)
        (high, wide), (tall, broad) = self.size, img.shape[-2:]
        if (tall, broad) == (high, wide):
            return img
        top = torch.randint(0, tall - high + 1, size=(1,)).item()
        left = torch.randint(0, broad - wide + 1, size=(1,)).item()
        return img[..., top : top + high, left : left + wide]


class RandomHorizontalFlip(_Spatial):
    """The other way round, sometimes."""

    def __init__(self, p: float = 0.5) -> None:
        self.p = p

    def of_tensor(self, img: Any) -> Any:
        """Or not."""
        return img.flip(-1) if torch.rand(1) < self.p else img


def __getattr__(name: str) -> Any:
    raise AttributeError(f"torchvision.transforms.{name} is not in the page's torchvision, which has a dozen of them")
