"""`torch.distributions`: Categorical, Bernoulli, Normal, and the divergence between two of a kind."""

import math
from typing import Any

from ._absent import lacking as _lacking
from ._core import Tensor
from ._create import as_tensor, empty
from ._pointwise import where
from ._random import bernoulli, multinomial
from ._random import normal as draw_normal


class Distribution:
    """What they have in common."""

    def log_prob(self, value: Tensor) -> Tensor:
        """The logarithm of the probability (density)."""
        raise NotImplementedError


class Categorical(Distribution):
    """One of several classes, by probabilities or logits."""

    def __init__(self, probs: Tensor | None = None, logits: Tensor | None = None, validate_args: Any = None) -> None:
        if (probs is None) == (logits is None):
            raise ValueError("Either `probs` or `logits` must be specified, but not both.")
        if probs is not None:
            self.probs = probs / probs.sum(-1, keepdim=True)
            self.logits = self.probs.clamp(1.1920929e-07, 1 - 1.1920929e-07).log()
        else:
            self.logits = logits - logits.logsumexp(-1, keepdim=True)
            self.probs = self.logits.softmax(-1)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Classes, drawn at random."""
        shape = tuple(sample_shape)
        flat = self.probs.detach().reshape(-1, self.probs.shape[-1])
        return multinomial(flat, math.prod(shape), True).T.reshape(*shape, *self.probs.shape[:-1])

    def log_prob(self, value: Tensor) -> Tensor:
        """The logarithm of the probability."""
        index = value.long().unsqueeze(-1)
        shape = (
            (*(max(a, b) for a, b in zip(index.shape[:-1], self.logits.shape[:-1], strict=False)),)
            if index.ndim == self.logits.ndim
            else index.shape[:-1]
        )
        return self.logits.expand(*shape, -1).gather(-1, index.expand(*shape, 1)).squeeze(-1)

    def entropy(self) -> Tensor:
        """In nats."""
        return -(self.logits.clamp(min=-3.4028234663852886e38) * self.probs).sum(-1)


class Bernoulli(Distribution):
    """1 or 0."""

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: Any = None) -> None:
        if (probs is None) == (logits is None):
            raise ValueError("Either `probs` or `logits` must be specified, but not both.")
        if probs is not None:
            self.probs = as_tensor(probs)
            some = self.probs.clamp(1.1920929e-07, 1 - 1.1920929e-07)
            self.logits = some.log() - (-some).log1p()
        else:
            self.logits = as_tensor(logits)
            self.probs = self.logits.sigmoid()

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Ones and zeros, drawn at random."""
        return bernoulli(self.probs.detach().expand(*sample_shape, *self.probs.shape).contiguous())

    def log_prob(self, value: Tensor) -> Tensor:
        """The logarithm of the probability."""
        from .nn.functional import binary_cross_entropy_with_logits as loss

        return -loss(self.logits.expand_as(value), value, reduction="none")

    def entropy(self) -> Tensor:
        """In nats."""
        from .nn.functional import binary_cross_entropy_with_logits as loss

        return loss(self.logits, self.probs, reduction="none")


class Normal(Distribution):
    """The normal distribution."""

    def __init__(self, loc: Any, scale: Any, validate_args: Any = None) -> None:
        self.loc, self.scale = as_tensor(loc), as_tensor(scale)

    mean = property(lambda self: self.loc)
    stddev = property(lambda self: self.scale)
    variance = property(lambda self: self.scale.square())

    def _noise(self, sample_shape: Any) -> Tensor:
        shape = (*sample_shape, *(self.loc + self.scale).shape)
        return draw_normal(0.0, 1.0, shape, dtype=self.loc.dtype)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Draws that gradients flow through."""
        return self.loc + self._noise(sample_shape) * self.scale

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Draws."""
        return self.rsample(sample_shape).detach()

    def log_prob(self, value: Tensor) -> Tensor:
        """The logarithm of the density."""
        return (
            -((value - self.loc).square()) / (2 * self.variance) - self.scale.log() - math.log(math.sqrt(2 * math.pi))
        )

    def entropy(self) -> Tensor:
        """In nats."""
        return 0.5 + 0.5 * math.log(2 * math.pi) + self.scale.log()


class Uniform(Distribution):
    """Equal density between two limits."""

    def __init__(self, low: Any, high: Any, validate_args: Any = None) -> None:
        self.low, self.high = as_tensor(low), as_tensor(high)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Draws."""
        shape = (*sample_shape, *(self.low + self.high).shape)
        return empty(shape, dtype=self.low.dtype).uniform_() * (self.high - self.low) + self.low

    def log_prob(self, value: Tensor) -> Tensor:
        """The logarithm of the density."""
        inside = (value >= self.low) & (value < self.high)
        return where(inside, -(self.high - self.low).log(), -math.inf)


def kl_divergence(p: Any, q: Any) -> Tensor:
    """The expectation of `log p - log q` under `p`."""
    if isinstance(p, Categorical) and isinstance(q, Categorical):
        terms = p.probs * (p.logits - q.logits)
        terms = terms.masked_fill(q.probs == 0, math.inf).masked_fill(p.probs == 0, 0.0)
        return terms.sum(-1)
    if isinstance(p, Normal) and isinstance(q, Normal):
        ratio = (p.scale / q.scale).square()
        return 0.5 * (ratio + ((p.loc - q.loc) / q.scale).square() - 1 - ratio.log())
    raise NotImplementedError(
        f"the divergence of {type(p).__name__} and {type(q).__name__} is not in the browser's torch"
    )


class kl:
    """`torch.distributions.kl`."""

    kl_divergence = staticmethod(kl_divergence)


__getattr__ = _lacking(__name__, "torch.distributions")
