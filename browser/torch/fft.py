"""`torch.fft`: discrete Fourier transforms, with gradients; computed by NumPy in the type of the input."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ._absent import lacking as _lacking
from ._core import Tensor, axes_of, make, wide, wrap
from ._dtypes import fit, get_default_dtype
from ._shape import roll


def _lifted(input: Tensor, real: bool) -> Tensor:
    """The input as floating point; complex where the transform takes complex numbers."""
    kind = input.dtype if input.dtype.rank > 1 else get_default_dtype()
    return input.to(kind if real else kind.to_complex())


def _sizes(shape: Sequence[int], s: Any, dim: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The dimensions that are transformed, and their sizes."""
    if dim is None:
        axes = tuple(range(len(shape))) if s is None else tuple(range(len(shape) - len(s), len(shape)))
    else:
        axes = axes_of(dim, len(shape))
    sizes = tuple(shape[axis] for axis in axes) if s is None else tuple(s)
    return axes, tuple(shape[axis] if size == -1 else size for axis, size in zip(axes, sizes, strict=True))


def _fitted(g: np.ndarray, shape: Sequence[int], axes: Sequence[int]) -> np.ndarray:
    """Cut or filled with zeros to the shape that the input had: the gradient of cutting and filling."""
    for axis in axes:
        size = shape[axis]
        if g.shape[axis] > size:
            g = np.take(g, np.arange(size), axis)
        elif g.shape[axis] < size:
            g = np.concatenate(
                [g, np.zeros((*g.shape[:axis], size - g.shape[axis], *g.shape[axis + 1 :]), g.dtype)], axis
            )
    return g


OPPOSITE = {"backward": "forward", "forward": "backward", "ortho": "ortho"}


def _complex(input: Tensor, s: Any, dim: Any, norm: str | None, inverse: bool) -> Tensor:
    """From complex numbers to complex numbers. Its adjoint is the other way, with the other norm."""
    x, norm = _lifted(input, False), norm or "backward"
    axes, sizes = _sizes(x._data.shape, s, dim)
    there, back = (np.fft.ifftn, np.fft.fftn) if inverse else (np.fft.fftn, np.fft.ifftn)
    shape = x._data.shape

    def backward(g: np.ndarray) -> tuple[np.ndarray]:
        return (_fitted(back(g, axes=axes, norm=OPPOSITE[norm]), shape, axes),)

    return make(there(x._data, sizes, axes, norm), x.dtype, "FftC2C0", (x,), backward)


def _real(input: Tensor, s: Any, dim: Any, norm: str | None) -> Tensor:
    """From real numbers to the half of the complex ones that tells the rest."""
    x, norm = _lifted(input, True), norm or "backward"
    axes, sizes = _sizes(x._data.shape, s, dim)
    shape, last = x._data.shape, axes[-1]

    def backward(g: np.ndarray) -> tuple[np.ndarray]:
        whole = np.zeros((*g.shape[:last], sizes[-1], *g.shape[last + 1 :]), g.dtype)
        whole[(slice(None),) * last + (slice(g.shape[last]),)] = g
        return (_fitted(np.fft.ifftn(whole, axes=axes, norm=OPPOSITE[norm]).real, shape, axes),)

    kind = x.dtype.to_complex()
    return make(np.fft.rfftn(wide(x), sizes, axes, norm), kind, "FftR2C0", (x,), backward)


def _to_real(input: Tensor, s: Any, dim: Any, norm: str | None) -> Tensor:
    """From that half back to real numbers; the last size is `2 (n - 1)` where none is given."""
    x, norm = _lifted(input, False), norm or "backward"
    axes, _ = _sizes(x._data.shape, s, dim)
    shape, last = x._data.shape, axes[-1]
    sizes = [shape[axis] for axis in axes[:-1]] + [2 * (shape[last] - 1)] if s is None else list(s)
    kind = x.dtype.to_real()

    def backward(g: np.ndarray) -> tuple[np.ndarray]:
        half = np.fft.rfftn(g, axes=axes, norm=OPPOSITE[norm])
        inner = [slice(None)] * g.ndim
        inner[last] = slice(1, (sizes[-1] + 1) // 2)
        half[tuple(inner)] *= 2
        return (_fitted(half, shape, axes),)

    return make(np.fft.irfftn(x._data, sizes, axes, norm), kind, "FftC2R0", (x,), backward)


def _one(name: str, transform: Callable[..., Tensor], **options: Any) -> Any:
    def apply(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Tensor:
        return transform(input, None if n is None else (n,), (dim,), norm, **options)

    apply.__name__, apply.__doc__ = name, "Along one dimension."
    return apply


def _two(name: str, transform: Callable[..., Tensor], **options: Any) -> Any:
    def apply(input: Tensor, s: Any = None, dim: Any = (-2, -1), norm: str | None = None) -> Tensor:
        return transform(input, s, dim, norm, **options)

    apply.__name__, apply.__doc__ = name, "Along two dimensions."
    return apply


def _many(name: str, transform: Callable[..., Tensor], **options: Any) -> Any:
    def apply(input: Tensor, s: Any = None, dim: Any = None, norm: str | None = None) -> Tensor:
        return transform(input, s, dim, norm, **options)

    apply.__name__, apply.__doc__ = name, "Along several dimensions."
    return apply


fft, ifft = _one("fft", _complex, inverse=False), _one("ifft", _complex, inverse=True)
fft2, ifft2 = _two("fft2", _complex, inverse=False), _two("ifft2", _complex, inverse=True)
fftn, ifftn = _many("fftn", _complex, inverse=False), _many("ifftn", _complex, inverse=True)
rfft, irfft = _one("rfft", _real), _one("irfft", _to_real)
rfft2, irfft2 = _two("rfft2", _real), _two("irfft2", _to_real)
rfftn, irfftn = _many("rfftn", _real), _many("irfftn", _to_real)


def fftfreq(n: int, d: float = 1.0, *, dtype: Any = None, device: Any = None) -> Tensor:
    """The frequencies of `fft`."""
    kind = dtype or get_default_dtype()
    return wrap(fit(np.fft.fftfreq(n, d), kind), kind)


def rfftfreq(n: int, d: float = 1.0, *, dtype: Any = None, device: Any = None) -> Tensor:
    """The frequencies of `rfft`."""
    kind = dtype or get_default_dtype()
    return wrap(fit(np.fft.rfftfreq(n, d), kind), kind)


def fftshift(input: Tensor, dim: Any = None) -> Tensor:
    """Frequency 0 in the middle."""
    axes = axes_of(dim, input.ndim)
    return roll(input, [input.shape[axis] // 2 for axis in axes], list(axes))


def ifftshift(input: Tensor, dim: Any = None) -> Tensor:
    """Frequency 0 in front."""
    axes = axes_of(dim, input.ndim)
    return roll(input, [-(input.shape[axis] // 2) for axis in axes], list(axes))


__getattr__ = _lacking(__name__, "torch.fft")
