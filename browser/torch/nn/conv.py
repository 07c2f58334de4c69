"""Layers of convolutions, of one to three dimensions, and their transposes."""

import math
from typing import Any

from .. import _create as make
from .._core import Tensor
from . import _windows as F
from . import init
from .module import Module
from .parameter import Parameter

MODES = ("zeros", "reflect", "replicate", "circular")


class _ConvNd(Module):
    """Weights over windows."""

    dims = 1
    transposed = False

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if in_channels % groups:
            raise ValueError("in_channels must be divisible by groups")
        if out_channels % groups:
            raise ValueError("out_channels must be divisible by groups")
        if isinstance(padding, str) and padding not in ("same", "valid"):
            raise ValueError(f"Invalid padding string '{padding}', should be one of 'valid', 'same'")
        if padding_mode not in MODES:
            raise ValueError(f"padding_mode must be one of {set(MODES)}, but got padding_mode='{padding_mode}'")
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size, self.stride, self.dilation = (
            F.several(value, self.dims) for value in (kernel_size, stride, dilation)
        )
        self.padding = padding if isinstance(padding, str) else F.several(padding, self.dims)
        if padding == "same" and any(step != 1 for step in self.stride):
            raise ValueError("padding='same' is not supported for strided convolutions")
        self.padding_mode, self.output_padding = padding_mode, (0,) * self.dims
        first, second = (in_channels, out_channels) if self.transposed else (out_channels, in_channels)
        kind = {"device": device, "dtype": dtype}
        self.weight = Parameter(make.empty(first, second // groups, *self.kernel_size, **kind))
        self.register_parameter("bias", Parameter(make.empty(out_channels, **kind)) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Uniform within `1 / sqrt(inputs of a value)`."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            fan_in = init._fans(self.weight)[0]
            if fan_in:
                init.uniform_(self.bias, -1 / math.sqrt(fan_in), 1 / math.sqrt(fan_in))

    def _conv_forward(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        padding = self.padding
        if self.padding_mode != "zeros":
            pairs = F.same_padding(self.kernel_size, self.stride, self.dilation) if padding == "same" else [
                (size, size) for size in (padding if padding != "valid" else (0,) * self.dims)
            ]  # fmt: skip
            input = F.pad(input, [side for pair in reversed(pairs) for side in pair], self.padding_mode)
            padding = 0
        return F.convolution(input, weight, bias, self.stride, padding, self.dilation, self.groups, self.dims)

    def forward(self, input: Tensor) -> Tensor:
        return self._conv_forward(input, self.weight, self.bias)

    def extra_repr(self) -> str:
        text = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"
        text += "" if self.padding == (0,) * self.dims else f", padding={self.padding}"
        text += "" if self.dilation == (1,) * self.dims else f", dilation={self.dilation}"
        text += "" if self.output_padding == (0,) * self.dims else f", output_padding={self.output_padding}"
        text += f", groups={self.groups}" if self.groups != 1 else ""
        text += "" if self.bias is not None else ", bias=False"
        return text + (f", padding_mode={self.padding_mode}" if self.padding_mode != "zeros" else "")


class Conv1d(_ConvNd):
    """Over one dimension: `(B, in, T)` to `(B, out, T')`."""


class Conv2d(_ConvNd):
    """Over two dimensions: `(B, in, H, W)` to `(B, out, H', W')`."""

    dims = 2


class Conv3d(_ConvNd):
    """Over three dimensions: `(B, in, D, H, W)` to `(B, out, D', H', W')`."""

    dims = 3


class _ConvTransposeNd(_ConvNd):
    """Each value spread over a window."""

    transposed = True

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Any = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if padding_mode != "zeros":
            raise ValueError(f'Only "zeros" padding mode is supported for {type(self).__name__}')
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias, "zeros", device, dtype
        )
        self.output_padding = F.several(output_padding, self.dims)

    def forward(self, input: Tensor, output_size: Any = None) -> Tensor:
        extra = self.output_padding
        if output_size is not None:
            least = [
                (size - 1) * step - 2 * side + gap * (span - 1) + 1
                for size, step, side, gap, span in zip(
                    input.shape[-self.dims :], self.stride, self.padding, self.dilation, self.kernel_size, strict=True
                )
            ]
            extra = tuple(want - have for want, have in zip(tuple(output_size)[-self.dims :], least, strict=True))
        return F.convolution_transpose(
            input, self.weight, self.bias, self.stride, self.padding, extra, self.groups, self.dilation, self.dims
        )


class ConvTranspose1d(_ConvTransposeNd):
    """The transpose of `Conv1d`."""


class ConvTranspose2d(_ConvTransposeNd):
    """The transpose of `Conv2d`."""

    dims = 2


class ConvTranspose3d(_ConvTransposeNd):
    """The transpose of `Conv3d`."""

    dims = 3


class Unfold(Module):
    """All windows as columns."""

    def __init__(self, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> None:
        super().__init__()
        self.kernel_size, self.dilation, self.padding, self.stride = kernel_size, dilation, padding, stride

    def forward(self, input: Tensor) -> Tensor:
        return F.unfold(input, self.kernel_size, self.dilation, self.padding, self.stride)

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, dilation={self.dilation}, padding={self.padding}, stride={self.stride}"


class Fold(Module):
    """Columns added up in their places."""

    def __init__(
        self, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
    ) -> None:
        super().__init__()
        self.output_size, self.kernel_size, self.dilation = output_size, kernel_size, dilation
        self.padding, self.stride = padding, stride

    def forward(self, input: Tensor) -> Tensor:
        return F.fold(input, self.output_size, self.kernel_size, self.dilation, self.padding, self.stride)

    def extra_repr(self) -> str:
        names = ("output_size", "kernel_size", "dilation", "padding", "stride")
        return ", ".join(f"{name}={getattr(self, name)}" for name in names)
