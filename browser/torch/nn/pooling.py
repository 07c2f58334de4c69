"""Layers of pools, padding and resizing."""

from typing import Any

from .._core import Tensor
from . import _windows as F
from .layers import _layer
from .module import Module


class _Pool(Module):
    """The functions' arguments, kept; the stride is the kernel's size where none is given."""

    function: Any = None

    def __init__(self, kernel_size: Any, stride: Any = None, *rest: Any, **kwargs: Any) -> None:
        super().__init__()
        self.kernel_size, self.stride = kernel_size, kernel_size if stride is None else stride
        given = dict(zip(self.fields, rest, strict=False)) | kwargs
        if set(given) - set(self.fields):
            raise TypeError(f"{type(self).__name__}.__init__() got unexpected arguments {sorted(given)}")
        for name, default in self.fields.items():
            setattr(self, name, given.get(name, default))

    fields: dict[str, Any] = {}  # noqa: RUF012 - each subclass has its own

    def forward(self, input: Tensor) -> Any:
        return type(self).function(
            input, self.kernel_size, self.stride, **{name: getattr(self, name) for name in self.fields}
        )


class _MaxPool(_Pool):
    fields = {"padding": 0, "dilation": 1, "return_indices": False, "ceil_mode": False}  # noqa: RUF012

    def extra_repr(self) -> str:
        names = ("kernel_size", "stride", "padding", "dilation", "ceil_mode")
        return ", ".join(f"{name}={getattr(self, name)}" for name in names)


class _AvgPool(_Pool):
    fields = {  # noqa: RUF012
        "padding": 0, "ceil_mode": False, "count_include_pad": True, "divisor_override": None,
    }  # fmt: skip

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class MaxPool1d(_MaxPool):
    """The largest value of each window of one dimension."""

    function = staticmethod(F.max_pool1d)


class MaxPool2d(_MaxPool):
    """The largest value of each window of two dimensions."""

    function = staticmethod(F.max_pool2d)


class MaxPool3d(_MaxPool):
    """The largest value of each window of three dimensions."""

    function = staticmethod(F.max_pool3d)


class AvgPool1d(_AvgPool):
    """The mean of each window of one dimension."""

    function = staticmethod(F.avg_pool1d)
    fields = {"padding": 0, "ceil_mode": False, "count_include_pad": True}  # noqa: RUF012

    def extra_repr(self) -> str:
        names = ("kernel_size", "stride", "padding")
        return ", ".join(f"{name}={F.several(getattr(self, name), 1)}" for name in names)


class AvgPool2d(_AvgPool):
    """The mean of each window of two dimensions."""

    function = staticmethod(F.avg_pool2d)


class AvgPool3d(_AvgPool):
    """The mean of each window of three dimensions."""

    function = staticmethod(F.avg_pool3d)


class _Unpool(Module):
    function: Any = None
    dims = 1

    def __init__(self, kernel_size: Any, stride: Any = None, padding: Any = 0) -> None:
        super().__init__()
        self.kernel_size = F.several(kernel_size, self.dims)
        self.stride = self.kernel_size if stride is None else F.several(stride, self.dims)
        self.padding = F.several(padding, self.dims)

    def forward(self, input: Tensor, indices: Tensor, output_size: Any = None) -> Tensor:
        return type(self).function(input, indices, self.kernel_size, self.stride, self.padding, output_size)

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class MaxUnpool1d(_Unpool):
    """Largest values back at their places."""

    function = staticmethod(F.max_unpool1d)


class MaxUnpool2d(_Unpool):
    """Largest values back at their places."""

    function, dims = staticmethod(F.max_unpool2d), 2


LPPool1d = _layer("LPPool1d", F.lp_pool1d, norm_type=2.0, kernel_size=2, stride=None, ceil_mode=False)
LPPool2d = _layer("LPPool2d", F.lp_pool2d, norm_type=2.0, kernel_size=2, stride=None, ceil_mode=False)
for _name in ("adaptive_avg_pool", "adaptive_max_pool"):
    for _n in (1, 2, 3):
        _class = "".join(part.capitalize() for part in _name.split("_")) + f"{_n}d"
        globals()[_class] = _layer(_class, getattr(F, f"{_name}{_n}d"), ("output_size",), output_size=1)


# Padding.


class _Pad(Module):
    """More places around the last dimensions."""

    dims, mode = 1, "constant"

    def __init__(self, padding: Any) -> None:
        super().__init__()
        self.padding = (padding,) * (2 * self.dims) if isinstance(padding, int) else tuple(padding)

    def forward(self, input: Tensor) -> Tensor:
        return F.pad(input, self.padding, self.mode)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class _ConstantPad(_Pad):
    def __init__(self, padding: Any, value: float) -> None:
        super().__init__(padding)
        self.value = value

    def forward(self, input: Tensor) -> Tensor:
        return F.pad(input, self.padding, "constant", self.value)

    def extra_repr(self) -> str:
        return f"padding={self.padding}, value={self.value}"


for _mode, (_, _name) in {"constant": ("", "Zero"), **F.MODES}.items():
    for _n in (1, 2, 3):
        globals()[f"{_name}Pad{_n}d"] = type(f"{_name}Pad{_n}d", (_Pad,), {"dims": _n, "mode": _mode})
for _n in (1, 2, 3):
    globals()[f"ConstantPad{_n}d"] = type(f"ConstantPad{_n}d", (_ConstantPad,), {"dims": _n})


# Other sizes.


class Upsample(Module):
    """`interpolate`."""

    def __init__(
        self,
        size: Any = None,
        scale_factor: Any = None,
        mode: str = "nearest",
        align_corners: bool | None = None,
        recompute_scale_factor: bool | None = None,
    ) -> None:
        super().__init__()
        self.size, self.mode, self.align_corners = size, mode, align_corners
        many = isinstance(scale_factor, tuple)
        self.scale_factor = tuple(map(float, scale_factor)) if many else float(scale_factor) if scale_factor else None
        self.recompute_scale_factor = recompute_scale_factor

    def forward(self, input: Tensor) -> Tensor:
        return F.interpolate(
            input, self.size, self.scale_factor, self.mode, self.align_corners, self.recompute_scale_factor
        )

    def extra_repr(self) -> str:
        name = "scale_factor" if self.scale_factor is not None else "size"
        return f"{name}={getattr(self, name)}, mode={self.mode!r}"


class UpsamplingNearest2d(Upsample):
    """The nearest value."""

    def __init__(self, size: Any = None, scale_factor: Any = None) -> None:
        super().__init__(size, scale_factor, "nearest")


class UpsamplingBilinear2d(Upsample):
    """Straight lines between values."""

    def __init__(self, size: Any = None, scale_factor: Any = None) -> None:
        super().__init__(size, scale_factor, "bilinear", True)


PixelShuffle = _layer("PixelShuffle", F.pixel_shuffle, ("upscale_factor",), upscale_factor=2)
PixelUnshuffle = _layer("PixelUnshuffle", F.pixel_unshuffle, ("downscale_factor",), downscale_factor=2)
ChannelShuffle = _layer("ChannelShuffle", F.channel_shuffle, ("groups",), groups=1)

for _value in list(globals().values()):
    if isinstance(_value, type) and issubclass(_value, Module) and _value.__module__ == f"{__package__}.layers":
        _value.__module__ = __name__
