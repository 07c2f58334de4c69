"""`torch.distributions`: Categorical, Bernoulli, Normal, Uniform, others when asked for, and their divergences."""

import math
from typing import Any

from .._absent import lacking as _lacking
from .._absent import lazily as _lazily
from .._core import Tensor
from .._create import arange, as_tensor, empty
from .._dtypes import Size, get_default_dtype
from .._engine import no_grad
from .._pointwise import where
from .._random import bernoulli, multinomial
from .._random import normal as draw_normal
from .._shape import broadcast_tensors
from ..nn.functional import binary_cross_entropy_with_logits as loss
from ..nn.functional import softplus


class Distribution:
    """What they have in common; `batch_shape` counts distributions, `event_shape` is that of one draw."""

    has_rsample = False
    _event_dims = 0  # how many of the last dimensions of a draw belong together

    def __init__(self, batch_shape: Any = (), event_shape: Any = (), validate_args: Any = None) -> None:
        self._batch_shape, self._event_shape = Size(batch_shape), Size(event_shape)

    def _get_checked_instance(self, cls: type, _instance: Any = None) -> Any:
        """What a reader's `expand` fills."""
        return self.__new__(type(self)) if _instance is None else _instance

    @staticmethod
    def set_default_validate_args(value: bool) -> None:
        """Nothing is checked."""

    @property
    def batch_shape(self) -> Size:
        """How many distributions there are."""
        if "_batch_shape" in self.__dict__:
            return self._batch_shape
        return Size(self.mean.shape[: self.mean.ndim - self._event_dims])

    @property
    def event_shape(self) -> Size:
        """The shape of one draw."""
        if "_event_shape" in self.__dict__:
            return self._event_shape
        return Size(self.mean.shape[self.mean.ndim - self._event_dims :])

    @property
    def mean(self) -> Tensor:
        """The mean."""
        raise NotImplementedError

    @property
    def variance(self) -> Tensor:
        """The variance."""
        raise NotImplementedError

    @property
    def stddev(self) -> Tensor:
        """The standard deviation."""
        return self.variance.sqrt()

    def _extended(self, sample_shape: Any) -> tuple[int, ...]:
        return (*sample_shape, *self.batch_shape, *self.event_shape)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The same distribution as often as a shape says."""
        new, before = self._get_checked_instance(type(self), _instance), len(self.batch_shape)
        for name, value in self.__dict__.items():
            if isinstance(value, Tensor):
                value = value.expand(*batch_shape, *value.shape[before:])
            elif isinstance(value, Distribution):
                value = value.expand((*batch_shape, *value.batch_shape[before:]))
            new.__dict__[name] = value
        if "_batch_shape" in new.__dict__:
            new._batch_shape = Size(batch_shape)
        return new

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Draws that gradients flow through."""
        raise NotImplementedError

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Draws."""
        with no_grad():
            return self.rsample(sample_shape)

    def sample_n(self, n: int) -> Tensor:
        """So many draws, as it was asked for once."""
        return self.sample((n,))

    def log_prob(self, value: Tensor) -> Tensor:
        """The logarithm of the probability (density)."""
        raise NotImplementedError

    def cdf(self, value: Tensor) -> Tensor:
        """The share that is smaller."""
        raise NotImplementedError

    def icdf(self, value: Tensor) -> Tensor:
        """What such a share is smaller than."""
        raise NotImplementedError

    def entropy(self) -> Tensor:
        """In nats."""
        raise NotImplementedError

    def perplexity(self) -> Tensor:
        """The exponential of the entropy."""
        return self.entropy().exp()


def _number(value: Any) -> Tensor:
    """A parameter as a tensor."""
    return value if isinstance(value, Tensor) else as_tensor(value, dtype=get_default_dtype())


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

    @property
    def batch_shape(self) -> Size:
        """How many distributions there are."""
        return Size(self.probs.shape[:-1])

    event_shape = Size(())
    mean = variance = property(lambda self: self.probs.new_full(self.probs.shape[:-1], math.nan))

    @property
    def mode(self) -> Tensor:
        """The likeliest class."""
        return self.probs.argmax(-1)

    @property
    def param_shape(self) -> Size:
        """The shape of the probabilities."""
        return self.probs.shape

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """All classes."""
        values = arange(self.probs.shape[-1]).reshape(-1, *(1,) * (self.probs.ndim - 1))
        return values.expand(-1, *self.probs.shape[:-1]) if expand else values

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

    mean = property(lambda self: self.probs)
    variance = property(lambda self: self.probs * (1 - self.probs))

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Ones and zeros, drawn at random."""
        return bernoulli(self.probs.detach().expand(*sample_shape, *self.probs.shape).contiguous())

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """0 and 1, in the first dimension."""
        values = arange(2, dtype=self.probs.dtype).reshape(-1, *(1,) * self.probs.ndim)
        return values.expand(-1, *self.probs.shape) if expand else values

    def log_prob(self, value: Tensor) -> Tensor:
        """The logarithm of the probability."""
        return -loss(self.logits.expand_as(value), value, reduction="none")

    def entropy(self) -> Tensor:
        """In nats."""
        return loss(self.logits, self.probs, reduction="none")


class Normal(Distribution):
    """The normal distribution."""

    def __init__(self, loc: Any, scale: Any, validate_args: Any = None) -> None:
        self.loc, self.scale = broadcast_tensors(_number(loc), _number(scale))

    has_rsample = True
    mode = property(lambda self: self.loc)
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

    def cdf(self, value: Tensor) -> Tensor:
        """The share that is smaller."""
        return 0.5 * (1 + ((value - self.loc) / self.scale / math.sqrt(2)).erf())

    def icdf(self, value: Tensor) -> Tensor:
        """What such a share is smaller than."""
        return self.loc + self.scale * (2 * value - 1).erfinv() * math.sqrt(2)

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
        self.low, self.high = broadcast_tensors(_number(low), _number(high))

    has_rsample = True
    mean = property(lambda self: (self.low + self.high) / 2)
    variance = property(lambda self: (self.high - self.low).square() / 12)

    def entropy(self) -> Tensor:
        """In nats."""
        return (self.high - self.low).log()

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Draws that gradients flow through."""
        shape = (*sample_shape, *(self.low + self.high).shape)
        return empty(shape, dtype=self.low.dtype).uniform_() * (self.high - self.low) + self.low

    def cdf(self, value: Tensor) -> Tensor:
        """The share that is smaller."""
        return ((value - self.low) / (self.high - self.low)).clamp(0, 1)

    def icdf(self, value: Tensor) -> Tensor:
        """What such a share is smaller than."""
        return value * (self.high - self.low) + self.low

    def log_prob(self, value: Tensor) -> Tensor:
        """The logarithm of the density."""
        inside = (value >= self.low) & (value < self.high)
        return where(inside, -(self.high - self.low).log(), -math.inf)


_DIVERGENCES: dict[tuple[type, type], Any] = {}


def register_kl(type_p: type, type_q: type) -> Any:
    """Decorate the divergence of two kinds."""

    def decorate(function: Any) -> Any:
        _DIVERGENCES[type_p, type_q] = function
        return function

    return decorate


def kl_divergence(p: Any, q: Any) -> Tensor:
    """The expectation of `log p - log q` under `p`."""
    for kind in type(p).__mro__:
        for other in type(q).__mro__:
            if (kind, other) in _DIVERGENCES:
                return _DIVERGENCES[kind, other](p, q)
    raise NotImplementedError(
        f"the divergence of {type(p).__name__} and {type(q).__name__} is not in the browser's torch"
    )


@register_kl(Categorical, Categorical)
def _categorical(p: Categorical, q: Categorical) -> Tensor:
    terms = p.probs * (p.logits - q.logits)
    return terms.masked_fill(q.probs == 0, math.inf).masked_fill(p.probs == 0, 0.0).sum(-1)


@register_kl(Normal, Normal)
def _normal(p: Normal, q: Normal) -> Tensor:
    ratio = (p.scale / q.scale).square()
    return 0.5 * (ratio + ((p.loc - q.loc) / q.scale).square() - 1 - ratio.log())


@register_kl(Bernoulli, Bernoulli)
def _bernoulli(p: Bernoulli, q: Bernoulli) -> Tensor:
    first = p.probs * (softplus(-q.logits) - softplus(-p.logits))
    return first + (1 - p.probs) * (softplus(q.logits) - softplus(p.logits))


_PLACES = _lazily(
    more="""Beta Chi2 Dirichlet Exponential Gamma Geometric HalfNormal Independent Laplace LogNormal Multinomial
    MultivariateNormal MixtureSameFamily OneHotCategorical OneHotCategoricalStraightThrough Poisson RelaxedBernoulli
    RelaxedOneHotCategorical StudentT Gumbel""",
    transforms="""transforms TransformedDistribution Transform AffineTransform ExpTransform SigmoidTransform
    TanhTransform
    ComposeTransform SoftplusTransform PowerTransform""",
    constraints="constraints",
    kl="kl",
    utils="utils",
)

__getattr__ = _lacking(__name__, "torch.distributions", _PLACES)
