"""Distributions that few programs use; draws take the same random numbers as torch's where torch's way is simple."""

import math
from typing import Any

from .._core import Tensor
from .._create import as_tensor, empty, one_hot, zeros_like
from .._draws import _sample_dirichlet, _standard_gamma, poisson
from .._dtypes import finfo
from .._engine import no_grad
from .._linalg import einsum
from .._pointwise import where
from .._random import normal, rand
from .._rare import digamma, lgamma
from .._shape import broadcast_tensors, stack
from ..linalg import cholesky, inv
from . import Bernoulli, Categorical, Distribution, Normal, _number, kl_divergence, register_kl
from .transforms import ExpTransform, SigmoidTransform, TransformedDistribution
from .utils import _standard_normal

TINY, EPS = 1.1754943508222875e-38, 1.1920928955078125e-07


class Exponential(Distribution):
    """Waiting times."""

    has_rsample = True

    def __init__(self, rate: Any, validate_args: Any = None) -> None:
        self.rate = _number(rate)

    mean = property(lambda self: self.rate.reciprocal())
    variance = property(lambda self: self.rate.pow(-2))

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Draws that gradients flow through."""
        return empty(self._extended(sample_shape), dtype=self.rate.dtype).exponential_() / self.rate

    def log_prob(self, value: Tensor) -> Tensor:
        """The logarithm of the density."""
        return self.rate.log() - self.rate * value

    def entropy(self) -> Tensor:
        """In nats."""
        return 1.0 - self.rate.log()


class Laplace(Distribution):
    """Two waiting times, back to back."""

    has_rsample = True

    def __init__(self, loc: Any, scale: Any, validate_args: Any = None) -> None:
        self.loc, self.scale = broadcast_tensors(_number(loc), _number(scale))

    mean = property(lambda self: self.loc)
    variance = property(lambda self: 2 * self.scale.square())

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Draws that gradients flow through."""
        u = empty(self._extended(sample_shape), dtype=self.loc.dtype).uniform_(EPS - 1, 1)
        return self.loc - self.scale * u.sign() * (-u.abs().clamp(min=TINY)).log1p()

    def log_prob(self, value: Tensor) -> Tensor:
        """The logarithm of the density."""
        return -(2 * self.scale).log() - (value - self.loc).abs() / self.scale

    def entropy(self) -> Tensor:
        """In nats."""
        return 1 + (2 * self.scale).log()


class Gumbel(Distribution):
    """The largest of many waiting times."""

    has_rsample = True

    def __init__(self, loc: Any, scale: Any, validate_args: Any = None) -> None:
        self.loc, self.scale = broadcast_tensors(_number(loc), _number(scale))

    mean = property(lambda self: self.loc + self.scale * 0.57721566490153286060)
    variance = property(lambda self: (math.pi / math.sqrt(6) * self.scale).square())

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Draws that gradients flow through."""
        u = empty(self._extended(sample_shape), dtype=self.loc.dtype).uniform_(TINY, 1 - EPS)
        return self.loc - self.scale * (-u.log()).log()

    def log_prob(self, value: Tensor) -> Tensor:
        """The logarithm of the density."""
        y = (self.loc - value) / self.scale
        return (y - y.exp()) - self.scale.log()

    def entropy(self) -> Tensor:
        """In nats."""
        return self.scale.log() + (1 + 0.57721566490153286060)


class LogNormal(TransformedDistribution):
    """The exponential of normal numbers."""

    def __init__(self, loc: Any, scale: Any, validate_args: Any = None) -> None:
        super().__init__(Normal(loc, scale), ExpTransform())

    loc = property(lambda self: self.base_dist.loc)
    scale = property(lambda self: self.base_dist.scale)
    mean = property(lambda self: (self.loc + self.scale.pow(2) / 2).exp())
    variance = property(lambda self: self.scale.pow(2).expm1() * (2 * self.loc + self.scale.pow(2)).exp())

    def entropy(self) -> Tensor:
        """In nats."""
        return self.base_dist.entropy() + self.loc


class HalfNormal(Distribution):
    """The size of normal numbers."""

    has_rsample = True

    def __init__(self, scale: Any, validate_args: Any = None) -> None:
        self.scale = _number(scale)

    mean = property(lambda self: self.scale * math.sqrt(2 / math.pi))
    variance = property(lambda self: self.scale.pow(2) * (1 - 2 / math.pi))

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Draws that gradients flow through."""
        return Normal(zeros_like(self.scale), self.scale).rsample(sample_shape).abs()

    def log_prob(self, value: Tensor) -> Tensor:
        """The logarithm of the density."""
        found = Normal(zeros_like(self.scale), self.scale).log_prob(value) + math.log(2)
        return where(value >= 0, found, -math.inf)

    def entropy(self) -> Tensor:
        """In nats."""
        return 0.5 * math.log(2 * math.pi) + 0.5 + self.scale.log() - math.log(2)


class Geometric(Distribution):
    """Failures before the first success."""

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: Any = None) -> None:
        if (probs is None) == (logits is None):
            raise ValueError("Either `probs` or `logits` must be specified, but not both.")
        self.probs = _number(probs) if probs is not None else _number(logits).sigmoid()

    mean = property(lambda self: 1.0 / self.probs - 1.0)
    variance = property(lambda self: (1.0 / self.probs - 1.0) / self.probs)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Draws."""
        u = empty(self._extended(sample_shape), dtype=self.probs.dtype).uniform_(TINY, 1)
        return (u.log() / (-self.probs.detach()).log1p()).floor()

    def log_prob(self, value: Tensor) -> Tensor:
        """The logarithm of the probability."""
        value, probs = broadcast_tensors(value, self.probs)
        kept = probs.masked_fill((probs == 1) & (value == 0), 0.0)
        return value * (-kept).log1p() + self.probs.log()


class Poisson(Distribution):
    """Counts."""

    def __init__(self, rate: Any, validate_args: Any = None) -> None:
        self.rate = _number(rate)

    mean = variance = property(lambda self: self.rate)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Draws."""
        with no_grad():
            return poisson(self.rate.expand(self._extended(sample_shape)))

    def log_prob(self, value: Tensor) -> Tensor:
        """The logarithm of the probability."""
        rate, value = broadcast_tensors(self.rate, value)
        return value * rate.log() - rate - lgamma(value + 1)


class Gamma(Distribution):
    """Sums of waiting times."""

    has_rsample = True

    def __init__(self, concentration: Any, rate: Any, validate_args: Any = None) -> None:
        self.concentration, self.rate = broadcast_tensors(_number(concentration), _number(rate))

    mean = property(lambda self: self.concentration / self.rate)
    variance = property(lambda self: self.concentration / self.rate.pow(2))

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Draws; gradients flow to the rate alone."""
        shape = self._extended(sample_shape)
        drawn = _standard_gamma(self.concentration.expand(shape)) / self.rate.expand(shape)
        return drawn.clamp_min(finfo(drawn.dtype).tiny)

    def log_prob(self, value: Tensor) -> Tensor:
        """The logarithm of the density."""
        a, b = self.concentration, self.rate
        return a * b.log() + (a - 1) * value.log() - b * value - lgamma(a)

    def entropy(self) -> Tensor:
        """In nats."""
        a = self.concentration
        return a - self.rate.log() + lgamma(a) + (1.0 - a) * digamma(a)


class Chi2(Gamma):
    """Sums of squares of normal numbers."""

    def __init__(self, df: Any, validate_args: Any = None) -> None:
        super().__init__(0.5 * _number(df), 0.5)


class StudentT(Distribution):
    """Normal numbers over the root of a mean square."""

    has_rsample = True

    def __init__(self, df: Any, loc: Any = 0.0, scale: Any = 1.0, validate_args: Any = None) -> None:
        self.df, self.loc, self.scale = broadcast_tensors(_number(df), _number(loc), _number(scale))

    mean = property(lambda self: where(self.df > 1, self.loc, math.nan))

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Draws; gradients flow to the place and the scale."""
        x = _standard_normal(self._extended(sample_shape), self.df.dtype, self.df.device)
        z = Chi2(self.df).rsample(sample_shape)
        return self.loc + self.scale * (x * (z / self.df).rsqrt())

    def log_prob(self, value: Tensor) -> Tensor:
        """The logarithm of the density."""
        y = (value - self.loc) / self.scale
        size = self.scale.log() + 0.5 * self.df.log() + 0.5 * math.log(math.pi) + lgamma(0.5 * self.df)
        return -0.5 * (self.df + 1) * (y**2 / self.df).log1p() - size + lgamma(0.5 * (self.df + 1))


class Dirichlet(Distribution):
    """Shares of a whole."""

    has_rsample, _event_dims = True, 1

    def __init__(self, concentration: Tensor, validate_args: Any = None) -> None:
        self.concentration = concentration

    mean = property(lambda self: self.concentration / self.concentration.sum(-1, keepdim=True))

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Draws, without gradients."""
        return _sample_dirichlet(self.concentration.expand(self._extended(sample_shape)))

    def log_prob(self, value: Tensor) -> Tensor:
        """The logarithm of the density."""
        a = self.concentration
        return ((a - 1) * value.log()).sum(-1) + lgamma(a.sum(-1)) - lgamma(a).sum(-1)

    def entropy(self) -> Tensor:
        """In nats."""
        a = self.concentration
        count, total = a.shape[-1], a.sum(-1)
        spread = (count - total) * digamma(total) + ((a - 1.0) * digamma(a)).sum(-1)
        return lgamma(a).sum(-1) - lgamma(total) - spread


class Beta(Distribution):
    """A share."""

    has_rsample = True

    def __init__(self, concentration1: Any, concentration0: Any, validate_args: Any = None) -> None:
        self.concentration1, self.concentration0 = broadcast_tensors(_number(concentration1), _number(concentration0))

    mean = property(lambda self: self.concentration1 / (self.concentration1 + self.concentration0))

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Draws, without gradients."""
        return Dirichlet(stack([self.concentration1, self.concentration0], -1)).rsample(sample_shape).select(-1, 0)

    def log_prob(self, value: Tensor) -> Tensor:
        """The logarithm of the density."""
        a, b = self.concentration1, self.concentration0
        return (a - 1) * value.log() + (b - 1) * (1 - value).log() + lgamma(a + b) - lgamma(a) - lgamma(b)

    def entropy(self) -> Tensor:
        """In nats."""
        a, b = self.concentration1, self.concentration0
        size = lgamma(a) + lgamma(b) - lgamma(a + b)
        return size - (a - 1) * digamma(a) - (b - 1) * digamma(b) + (a + b - 2) * digamma(a + b)


class OneHotCategorical(Distribution):
    """One of several classes, as a vector."""

    def __init__(self, probs: Tensor | None = None, logits: Tensor | None = None, validate_args: Any = None) -> None:
        self._categorical = Categorical(probs, logits)
        super().__init__(self._categorical.batch_shape, self._categorical.probs.shape[-1:])

    probs = property(lambda self: self._categorical.probs)
    logits = property(lambda self: self._categorical.logits)
    mean = probs
    variance = property(lambda self: self.probs * (1 - self.probs))

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Draws."""
        drawn = self._categorical.sample(sample_shape)
        return one_hot(drawn, self.event_shape[0]).to(self.probs.dtype)

    def log_prob(self, value: Tensor) -> Tensor:
        """The logarithm of the probability."""
        return self._categorical.log_prob(value.argmax(-1))

    def entropy(self) -> Tensor:
        """In nats."""
        return self._categorical.entropy()


class OneHotCategoricalStraightThrough(OneHotCategorical):
    """Draws that hand gradients to the probabilities."""

    has_rsample = True

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Draws that gradients flow through."""
        return self.sample(sample_shape) + (self.probs - self.probs.detach())


class Multinomial(Distribution):
    """How often each class was drawn."""

    def __init__(
        self, total_count: int = 1, probs: Tensor | None = None, logits: Tensor | None = None, validate_args: Any = None
    ) -> None:
        self.total_count, self._categorical = total_count, Categorical(probs, logits)
        super().__init__(self._categorical.batch_shape, self._categorical.probs.shape[-1:])

    probs = property(lambda self: self._categorical.probs)
    logits = property(lambda self: self._categorical.logits)
    mean = property(lambda self: self.probs * self.total_count)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Draws."""
        drawn = self._categorical.sample((self.total_count, *sample_shape))
        return one_hot(drawn, self.event_shape[0]).sum(0).to(self.probs.dtype)

    def log_prob(self, value: Tensor) -> Tensor:
        """The logarithm of the probability."""
        logits, value = broadcast_tensors(self.logits, value)
        logits = logits.masked_fill((value == 0) & (logits == -math.inf), 0.0)
        return lgamma(value.sum(-1) + 1) - lgamma(value + 1).sum(-1) + (logits * value).sum(-1)


class Independent(Distribution):
    """A distribution of which the last batch dimensions make one draw."""

    def __init__(self, base_distribution: Any, reinterpreted_batch_ndims: int, validate_args: Any = None) -> None:
        self.base_dist, self.reinterpreted_batch_ndims = base_distribution, reinterpreted_batch_ndims
        self.has_rsample = base_distribution.has_rsample
        shape = base_distribution.batch_shape
        cut = len(shape) - reinterpreted_batch_ndims
        super().__init__(shape[:cut], (*shape[cut:], *base_distribution.event_shape))

    mean = property(lambda self: self.base_dist.mean)
    variance = property(lambda self: self.base_dist.variance)
    mode = property(lambda self: self.base_dist.mode)

    def _summed(self, value: Tensor) -> Tensor:
        dims = self.reinterpreted_batch_ndims
        return value.sum(tuple(range(-dims, 0))) if dims else value

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Draws that gradients flow through."""
        return self.base_dist.rsample(sample_shape)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Draws."""
        return self.base_dist.sample(sample_shape)

    def log_prob(self, value: Tensor) -> Tensor:
        """The logarithm of the density."""
        return self._summed(self.base_dist.log_prob(value))

    def entropy(self) -> Tensor:
        """In nats."""
        return self._summed(self.base_dist.entropy())


class MultivariateNormal(Distribution):
    """Normal vectors, by covariance, its inverse, or its triangular factor."""

    has_rsample = True
    _event_dims = 1

    def __init__(
        self,
        loc: Tensor,
        covariance_matrix: Tensor | None = None,
        precision_matrix: Tensor | None = None,
        scale_tril: Tensor | None = None,
        validate_args: Any = None,
    ) -> None:
        if scale_tril is None:
            scale_tril = cholesky(inv(precision_matrix) if covariance_matrix is None else covariance_matrix)
        batch = broadcast_tensors(loc[..., 0], scale_tril[..., 0, 0])[0].shape
        self.loc = loc.expand(*batch, loc.shape[-1])
        self.scale_tril = scale_tril.expand(*batch, *scale_tril.shape[-2:])

    mean = mode = property(lambda self: self.loc)
    covariance_matrix = property(lambda self: self.scale_tril @ self.scale_tril.mT)
    variance = property(lambda self: self.scale_tril.square().sum(-1))

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Draws that gradients flow through."""
        noise = normal(0.0, 1.0, self._extended(sample_shape), dtype=self.loc.dtype)
        return self.loc + (self.scale_tril @ noise.unsqueeze(-1)).squeeze(-1)

    def log_prob(self, value: Tensor) -> Tensor:
        """The logarithm of the density."""
        gap = (inv(self.scale_tril) @ (value - self.loc).unsqueeze(-1)).squeeze(-1)
        size = self.scale_tril.diagonal(0, -2, -1).log().sum(-1)
        return -0.5 * (self.loc.shape[-1] * math.log(2 * math.pi) + gap.square().sum(-1)) - size

    def entropy(self) -> Tensor:
        """In nats."""
        size = self.scale_tril.diagonal(0, -2, -1).log().sum(-1)
        return 0.5 * self.loc.shape[-1] * (1.0 + math.log(2 * math.pi)) + size


class MixtureSameFamily(Distribution):
    """One of several distributions of a kind, chosen by a `Categorical`."""

    def __init__(self, mixture_distribution: Any, component_distribution: Any, validate_args: Any = None) -> None:
        self.mixture_distribution, self.component_distribution = mixture_distribution, component_distribution
        super().__init__(component_distribution.batch_shape[:-1], component_distribution.event_shape)

    def log_prob(self, value: Tensor) -> Tensor:
        """The logarithm of the density."""
        dims = len(self.event_shape)
        found = self.component_distribution.log_prob(value.unsqueeze(-1 - dims))
        return (found + self.mixture_distribution.logits.log_softmax(-1)).logsumexp(-1)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Draws."""
        dims = len(self.event_shape)
        chosen = self.mixture_distribution.sample(sample_shape)
        drawn = self.component_distribution.sample(sample_shape)
        index = chosen.reshape(*chosen.shape, 1, *(1,) * dims)
        index = index.expand(*chosen.shape, 1, *self.event_shape)
        return drawn.gather(chosen.ndim, index).squeeze(chosen.ndim)


class _LogitRelaxedBernoulli(Distribution):
    has_rsample = True

    def __init__(self, temperature: Any, probs: Any = None, logits: Any = None) -> None:
        self.temperature, self._plain = as_tensor(temperature), Bernoulli(probs, logits)

    mean = property(lambda self: self._plain.logits)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        probs = self._plain.probs.clamp(EPS, 1 - EPS)
        noise = rand(self._extended(sample_shape), dtype=probs.dtype).clamp(EPS, 1 - EPS)
        both = noise.log() - (-noise).log1p() + probs.log() - (-probs).log1p()
        return both / self.temperature

    def log_prob(self, value: Tensor) -> Tensor:
        gap = self._plain.logits - value * self.temperature
        return self.temperature.log() + gap - 2 * gap.exp().log1p()


class RelaxedBernoulli(TransformedDistribution):
    """Draws between 0 and 1 that gradients flow through."""

    def __init__(self, temperature: Any, probs: Any = None, logits: Any = None, validate_args: Any = None) -> None:
        super().__init__(_LogitRelaxedBernoulli(temperature, probs, logits), SigmoidTransform())


class RelaxedOneHotCategorical(Distribution):
    """Nearly one class, with gradients."""

    has_rsample = True
    _event_dims = 1

    def __init__(self, temperature: Any, probs: Any = None, logits: Any = None, validate_args: Any = None) -> None:
        self.temperature, self._plain = as_tensor(temperature), Categorical(probs, logits)

    mean = property(lambda self: self._plain.probs)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Draws that gradients flow through."""
        noise = rand(self._extended(sample_shape), dtype=self._plain.logits.dtype).clamp(EPS, 1 - EPS)
        scores = (self._plain.logits - (-noise.log()).log()) / self.temperature
        return (scores - scores.logsumexp(-1, keepdim=True)).exp()


@register_kl(Independent, Independent)
def _independent(p: Independent, q: Independent) -> Tensor:
    return p._summed(kl_divergence(p.base_dist, q.base_dist))


@register_kl(Laplace, Laplace)
def _laplace(p: Laplace, q: Laplace) -> Tensor:
    ratio, gap = p.scale / q.scale, (p.loc - q.loc).abs()
    return -ratio.log() + gap / q.scale + ratio * (-gap / p.scale).exp() - 1


@register_kl(Exponential, Exponential)
def _exponential(p: Exponential, q: Exponential) -> Tensor:
    ratio = q.rate / p.rate
    return -ratio.log() + ratio - 1


@register_kl(MultivariateNormal, MultivariateNormal)
def _multivariate(p: MultivariateNormal, q: MultivariateNormal) -> Tensor:
    sizes = [one.scale_tril.diagonal(0, -2, -1).log().sum(-1) for one in (q, p)]
    back = inv(q.scale_tril)
    spread = (back @ p.scale_tril).square().sum((-2, -1))
    gap = einsum("...ij,...j->...i", back, q.loc - p.loc).square().sum(-1)
    return sizes[0] - sizes[1] + 0.5 * (spread + gap - p.loc.shape[-1])
