"""`torch.distributions.transforms`: draws sent through invertible functions."""

import math
from collections.abc import Sequence
from typing import Any

from .._absent import lacking as _lacking
from .._core import Tensor
from ..nn.functional import softplus
from . import Distribution, constraints


class Transform:
    """An invertible function, and how much it stretches."""

    event_dim = 0
    domain = codomain = constraints.real  # type: ignore[attr-defined]

    def __init__(self, cache_size: int = 0) -> None:
        self._cache_size = cache_size
        self._last: tuple[Any, Any] = (None, None)

    def __call__(self, x: Tensor) -> Tensor:
        if self._cache_size and self._last[0] is x:
            return self._last[1]
        y = self._call(x)
        if self._cache_size:
            self._last = (x, y)
        return y

    def _inverse_of(self, y: Tensor) -> Tensor:
        return self._last[0] if self._cache_size and self._last[1] is y else self._inverse(y)

    @property
    def inv(self) -> "Transform":
        """The other way round."""
        return _InverseTransform(self)

    def _call(self, x: Tensor) -> Tensor:
        raise NotImplementedError

    def _inverse(self, y: Tensor) -> Tensor:
        raise NotImplementedError

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        """The logarithm of the stretching."""
        raise NotImplementedError


class _InverseTransform(Transform):
    def __init__(self, whole: Transform) -> None:
        super().__init__()
        self.whole = whole

    def _call(self, x: Tensor) -> Tensor:
        return self.whole._inverse_of(x)

    def _inverse(self, y: Tensor) -> Tensor:
        return self.whole(y)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        return -self.whole.log_abs_det_jacobian(y, x)


class ExpTransform(Transform):
    """`exp(x)`."""

    def _call(self, x: Tensor) -> Tensor:
        return x.exp()

    def _inverse(self, y: Tensor) -> Tensor:
        return y.log()

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        return x


class AffineTransform(Transform):
    """`loc + scale x`."""

    def __init__(self, loc: Any, scale: Any, event_dim: int = 0, cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.loc, self.scale, self.event_dim = loc, scale, event_dim

    def _call(self, x: Tensor) -> Tensor:
        return self.loc + self.scale * x

    def _inverse(self, y: Tensor) -> Tensor:
        return (y - self.loc) / self.scale

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        size = self.scale.abs().log() if isinstance(self.scale, Tensor) else math.log(abs(self.scale))
        out = x * 0 + size
        return out.sum(tuple(range(-self.event_dim, 0))) if self.event_dim else out


def _clipped_sigmoid(x: Tensor) -> Tensor:
    return x.sigmoid().clamp(1.1754943508222875e-38, 1 - 1.1920928955078125e-07)


class SigmoidTransform(Transform):
    """`1 / (1 + exp(-x))`."""

    def _call(self, x: Tensor) -> Tensor:
        return _clipped_sigmoid(x)

    def _inverse(self, y: Tensor) -> Tensor:
        y = y.clamp(1.1754943508222875e-38, 1 - 1.1920928955078125e-07)
        return y.log() - (-y).log1p()

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        return -softplus(-x) - softplus(x)


class TanhTransform(Transform):
    """`tanh(x)`."""

    def _call(self, x: Tensor) -> Tensor:
        return x.tanh()

    def _inverse(self, y: Tensor) -> Tensor:
        return 0.5 * (y.log1p() - (-y).log1p())

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        return 2.0 * (math.log(2.0) - x - softplus(-2.0 * x))


class SoftplusTransform(Transform):
    """`log(1 + exp(x))`."""

    def _call(self, x: Tensor) -> Tensor:
        return softplus(x)

    def _inverse(self, y: Tensor) -> Tensor:
        return (-y).expm1().neg().log() + y

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        return -softplus(-x)


class PowerTransform(Transform):
    """`x ** exponent`."""

    def __init__(self, exponent: Any, cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.exponent = exponent

    def _call(self, x: Tensor) -> Tensor:
        return x**self.exponent

    def _inverse(self, y: Tensor) -> Tensor:
        return y ** (1 / self.exponent)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        return (self.exponent * y / x).abs().log()


class ComposeTransform(Transform):
    """Several, one after the other."""

    def __init__(self, parts: Sequence[Transform], cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.parts = list(parts)
        self.event_dim = max((one.event_dim for one in parts), default=0)

    def _call(self, x: Tensor) -> Tensor:
        for one in self.parts:
            x = one(x)
        return x

    def _inverse(self, y: Tensor) -> Tensor:
        for one in reversed(self.parts):
            y = one._inverse_of(y)
        return y

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        total: Any = 0
        for one in self.parts:
            after = one(x)
            total, x = total + one.log_abs_det_jacobian(x, after), after
        return total


class TransformedDistribution(Distribution):
    """Draws of a distribution, sent through functions."""

    def __init__(self, base_distribution: Any, transforms: Any, validate_args: Any = None) -> None:
        self.base_dist = base_distribution
        self.transforms = [transforms] if isinstance(transforms, Transform) else list(transforms)
        self.has_rsample = base_distribution.has_rsample
        super().__init__(base_distribution.batch_shape, base_distribution.event_shape)

    def _sent(self, x: Tensor) -> Tensor:
        for one in self.transforms:
            x = one(x)
        return x

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Draws that gradients flow through."""
        return self._sent(self.base_dist.rsample(sample_shape))

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Draws."""
        return self._sent(self.base_dist.sample(sample_shape)).detach()

    def log_prob(self, value: Tensor) -> Tensor:
        """The logarithm of the density."""
        total: Any = 0.0
        dims = len(self.event_shape)
        for one in reversed(self.transforms):
            x = one._inverse_of(value)
            part = one.log_abs_det_jacobian(x, value)
            extra = dims - one.event_dim
            total = total - (part.sum(tuple(range(-extra, 0))) if extra > 0 else part)
            value = x
        return total + self.base_dist.log_prob(value)


__getattr__ = _lacking(__name__, "torch.distributions.transforms")
