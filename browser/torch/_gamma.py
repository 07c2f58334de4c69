"""The gamma function's kin, computed in float64 and stored in the type of the argument."""

import math

import numpy as np

# Lanczos' approximation, g = 7 and 9 terms: 15 digits.
LANCZOS = (
    0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
    12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
)  # fmt: skip
BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6)


def _at_least_half(x: np.ndarray) -> np.ndarray:
    """log Γ for x >= 0.5."""
    x = x - 1
    total = LANCZOS[0] + sum(c / (x + n) for n, c in enumerate(LANCZOS[1:], start=1))
    t = x + 7.5
    return 0.5 * math.log(2 * math.pi) + (x + 0.5) * np.log(t) - t + np.log(total)


def lgamma_values(x: np.ndarray) -> np.ndarray:
    """The logarithm of |Γ(x)|; by reflection below one half."""
    wide = np.asarray(x, np.float64)
    low = wide < 0.5
    mirrored = _at_least_half(np.where(low, 1 - wide, wide))
    reflected = math.log(math.pi) - np.log(np.abs(np.sin(math.pi * wide))) - mirrored
    out = np.where(low, reflected, mirrored)
    return np.where((wide <= 0) & (wide == np.floor(wide)) | np.isinf(wide), np.inf, out).astype(x.dtype)


def digamma_values(x: np.ndarray) -> np.ndarray:
    """The derivative of log Γ: shifted up to 6 and more, then the asymptotic series."""
    wide = np.asarray(x, np.float64)
    low = wide < 0.5
    at = np.where(low, 1 - wide, wide)
    total = np.zeros_like(at)
    for _ in range(6):
        small = at < 6
        total -= np.where(small, 1 / at, 0)
        at = np.where(small, at + 1, at)
    inverse = 1 / (at * at)
    series = sum(b / (2 * n) * inverse**n for n, b in enumerate(BERNOULLI, start=1))
    out = total + np.log(at) - 0.5 / at - series
    out = np.where(low, out - math.pi / np.tan(math.pi * wide), out)
    out = np.where(wide == 0, np.copysign(np.inf, -wide), out)
    return np.where((wide < 0) & (wide == np.floor(wide)), np.nan, out).astype(x.dtype)


def polygamma_values(n: int, x: np.ndarray) -> np.ndarray:
    """The n-th derivative of `digamma`, for positive arguments."""
    if n == 0:
        return digamma_values(x)
    at = np.asarray(x, np.float64)
    total = np.zeros_like(at)
    for _ in range(20):
        small = at < 20
        total += np.where(small, at ** -(n + 1.0), 0)
        at = np.where(small, at + 1, at)
    series = math.factorial(n - 1) / at**n + math.factorial(n) / (2 * at ** (n + 1))
    for k, b in enumerate(BERNOULLI, start=1):
        series = series + b * math.factorial(2 * k + n - 1) / math.factorial(2 * k) / at ** (2 * k + n)
    return ((-1) ** (n + 1) * (math.factorial(n) * total + series)).astype(x.dtype)
