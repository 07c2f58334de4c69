"""`torch.hann_window` and its like, weights of a piece of a signal; and the spectrum of each piece: `torch.stft`."""

import math
import warnings
from typing import Any

import numpy as np

from . import fft
from ._core import Tensor, wrap
from ._create import arange, ones
from ._dtypes import fit, get_default_dtype
from ._shape import view_as_real
from .nn import functional as F


def _weighted(count: int, periodic: bool, kind: Any, weights: Any) -> Tensor:
    kind = kind or get_default_dtype()
    if count == 1:
        return wrap(np.ones(1, kind.np), kind)
    return wrap(fit(weights(np.arange(count) / max(count - (0 if periodic else 1), 1)), kind), kind)


def _window(name: str, weights: Any) -> Any:
    def apply(window_length: int, periodic: bool = True, *, dtype: Any = None, device: Any = None, **kw: Any) -> Tensor:
        return _weighted(window_length, periodic, dtype, weights)

    apply.__name__, apply.__doc__ = name, "Weights of a piece of a signal."
    return apply


hann_window = _window("hann_window", lambda t: 0.5 - 0.5 * np.cos(2 * math.pi * t))
hamming_window = _window("hamming_window", lambda t: 0.54 - 0.46 * np.cos(2 * math.pi * t))
blackman_window = _window(
    "blackman_window", lambda t: 0.42 - 0.5 * np.cos(2 * math.pi * t) + 0.08 * np.cos(4 * math.pi * t)
)
bartlett_window = _window("bartlett_window", lambda t: 1 - np.abs(2 * t - 1))


def kaiser_window(
    window_length: int, periodic: bool = True, beta: float = 12.0, *, dtype: Any = None, device: Any = None, **kw: Any
) -> Tensor:
    """Weights of a piece of a signal; `beta` says how narrow."""
    return _weighted(
        window_length, periodic, dtype, lambda t: np.i0(beta * np.sqrt(1 - (2 * t - 1) ** 2)) / np.i0(beta)
    )


def _whole_window(window: Tensor | None, win_length: int | None, n_fft: int, like: Tensor) -> Tensor:
    """A window as long as a piece, the given one in its middle."""
    length = win_length or n_fft
    if window is None:
        window = ones(length, dtype=like.dtype.to_real())
    if window.ndim != 1 or len(window) != length:
        raise RuntimeError(
            f"expected a 1D window tensor of size equal to win_length={length}, but got window with size "
            f"{list(window.shape)}"
        )
    before = (n_fft - length) // 2
    return F.pad(window, (before, n_fft - length - before))


def stft(
    input: Tensor,
    n_fft: int,
    hop_length: int | None = None,
    win_length: int | None = None,
    window: Tensor | None = None,
    center: bool = True,
    pad_mode: str = "reflect",
    normalized: bool = False,
    onesided: bool | None = None,
    return_complex: bool | None = None,
) -> Tensor:
    """The spectrum of each piece of a signal, frequencies by pieces."""
    real = not input.is_complex()
    if return_complex is None and real:
        raise RuntimeError(
            "stft requires the return_complex parameter be given for real inputs, and will further require that "
            "return_complex=True in a future PyTorch release."
        )
    signal = input if input.ndim > 1 else input.unsqueeze(0)
    if center:
        signal = F.pad(signal.unsqueeze(0), (n_fft // 2, n_fft // 2), pad_mode).squeeze(0)
    if not 0 < n_fft <= signal.shape[-1]:
        raise RuntimeError(f"stft: expected 0 < n_fft <= {signal.shape[-1]}, but got n_fft={n_fft}")
    if window is None:
        warnings.warn(
            "A window was not provided. A rectangular window will be applied,which is known to cause spectral leakage. "
            "Other windows such as torch.hann_window or torch.hamming_window are recommended.",
            stacklevel=3,
        )
    weights = _whole_window(window, win_length, n_fft, input)
    pieces = signal.unfold(-1, n_fft, hop_length or n_fft // 4) * weights
    transform = fft.rfft if pieces.dtype is input.dtype and real and onesided in (None, True) else fft.fft
    found = transform(pieces, norm="ortho" if normalized else "backward").transpose(-1, -2)
    found = found if input.ndim > 1 else found.squeeze(0)
    return view_as_real(found) if return_complex is False else found


def istft(
    input: Tensor,
    n_fft: int,
    hop_length: int | None = None,
    win_length: int | None = None,
    window: Tensor | None = None,
    center: bool = True,
    normalized: bool = False,
    onesided: bool | None = None,
    length: int | None = None,
    return_complex: bool = False,
) -> Tensor:
    """The signal that has such spectra: `stft` taken back, where its pieces overlap enough."""
    if not input.is_complex():
        raise RuntimeError(
            "istft requires a complex-valued input tensor matching the output from stft with return_complex=True."
        )
    spectra = (input if input.ndim > 2 else input.unsqueeze(0)).transpose(-1, -2)
    weights, hop = _whole_window(window, win_length, n_fft, input), hop_length or n_fft // 4
    norm = "ortho" if normalized else "backward"
    half = not return_complex and (onesided or (onesided is None and spectra.shape[-1] != n_fft))
    pieces = fft.irfft(spectra, n_fft, norm=norm) if half else fft.ifft(spectra, norm=norm)
    pieces = pieces if return_complex or half else view_as_real(pieces)[..., 0]
    count = spectra.shape[-2]
    whole = n_fft + hop * (count - 1)
    places = (hop * arange(count)[:, None] + arange(n_fft)).reshape(-1)

    def added(parts: Tensor) -> Tensor:
        return parts.new_zeros(parts.shape[0], whole).index_add(1, places, parts.reshape(parts.shape[0], -1))

    first = n_fft // 2 if center else 0
    last = first + length if length is not None else whole - first
    signal, weight = added(pieces * weights)[:, first:last], added(weights.square().expand(1, count, n_fft))
    weight = weight[:, first:last]
    if not float(weight.abs().min()) > 1e-11:
        raise RuntimeError("window overlap add min: 1")
    found = signal / weight
    if last > whole:
        warnings.warn("The length of signal is shorter than the length parameter. It is padded.", stacklevel=3)
        found = F.pad(found, (0, last - whole))
    return found if input.ndim > 2 else found.squeeze(0)
