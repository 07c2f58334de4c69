"""`torch.hann_window` and its like: weights of a piece of a signal."""

import math
from typing import Any

import numpy as np

from ._core import Tensor, wrap
from ._dtypes import fit, get_default_dtype


def _window(name: str, weights: Any) -> Any:
    def apply(window_length: int, periodic: bool = True, *, dtype: Any = None, device: Any = None, **kw: Any) -> Tensor:
        kind = dtype or get_default_dtype()
        if window_length == 1:
            return wrap(np.ones(1, kind.np), kind)
        turn = np.arange(window_length) / max(window_length - (0 if periodic else 1), 1)
        return wrap(fit(weights(turn), kind), kind)

    apply.__name__, apply.__doc__ = name, "Weights of a piece of a signal."
    return apply


hann_window = _window("hann_window", lambda t: 0.5 - 0.5 * np.cos(2 * math.pi * t))
hamming_window = _window("hamming_window", lambda t: 0.54 - 0.46 * np.cos(2 * math.pi * t))
blackman_window = _window(
    "blackman_window", lambda t: 0.42 - 0.5 * np.cos(2 * math.pi * t) + 0.08 * np.cos(4 * math.pi * t)
)
bartlett_window = _window("bartlett_window", lambda t: 1 - np.abs(2 * t - 1))
