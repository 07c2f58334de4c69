"""Layers that few programs use: activations, norms, losses, and layers that find their sizes in the first input."""

from typing import Any

from .. import _create as make
from .._core import Tensor
from . import _losses, _more, init
from . import functional as F
from .layers import Linear, _activation, _BatchNorm, _layer
from .module import Module
from .parameter import Parameter

# Activations.

SELU, CELU = _activation("SELU", F.selu), _layer("CELU", F.celu, ("alpha",), alpha=1.0)
Tanhshrink = _layer("Tanhshrink", _more.tanhshrink)
Threshold = _layer("Threshold", _more.threshold, ("threshold", "value"), threshold=0.0, value=0.0)
Softmin = _layer("Softmin", F.softmin, ("dim",), dim=None)


class Hardshrink(Module):
    """0 where small."""

    function = staticmethod(_more.hardshrink)

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def forward(self, input: Tensor) -> Tensor:
        return type(self).function(input, self.lambd)

    def extra_repr(self) -> str:
        return str(self.lambd)


class Softshrink(Hardshrink):
    """Nearer to 0; 0 where small."""

    function = staticmethod(_more.softshrink)


class Softmax2d(Module):
    """Softmax over the channels of images."""

    def forward(self, input: Tensor) -> Tensor:
        return F.softmax(input, -3)


class Hardtanh(Module):
    """Values cut to an interval."""

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.min_val, self.max_val, self.inplace = min_val, max_val, inplace

    def forward(self, input: Tensor) -> Tensor:
        return _more.hardtanh(input, self.min_val, self.max_val, self.inplace)

    def extra_repr(self) -> str:
        return f"min_val={self.min_val}, max_val={self.max_val}" + (", inplace=True" if self.inplace else "")


class PReLU(Module):
    """`x` where positive, else a learned share of it."""

    def __init__(self, num_parameters: int = 1, init: float = 0.25, device: Any = None, dtype: Any = None) -> None:
        super().__init__()
        self.num_parameters = num_parameters
        self.weight = Parameter(make.full((num_parameters,), float(init), dtype=dtype))

    def forward(self, input: Tensor) -> Tensor:
        return _more.prelu(input, self.weight)

    def extra_repr(self) -> str:
        return f"num_parameters={self.num_parameters}"


class RReLU(Module):
    """`x` where positive, else a random share of it in training."""

    def __init__(self, lower: float = 1 / 8, upper: float = 1 / 3, inplace: bool = False) -> None:
        super().__init__()
        self.lower, self.upper, self.inplace = lower, upper, inplace

    def forward(self, input: Tensor) -> Tensor:
        return _more.rrelu(input, self.lower, self.upper, self.training, self.inplace)

    def extra_repr(self) -> str:
        return f"lower={self.lower}, upper={self.upper}"


# Dropout of whole channels.


class _Dropped(Module):
    function: Any = None

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
        self.p, self.inplace = p, inplace

    def forward(self, input: Tensor) -> Tensor:
        return type(self).function(input, self.p, self.training, self.inplace)

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace={self.inplace}"


class Dropout1d(_Dropped):
    """Channels of `(N, C, L)` set to 0 while training."""

    function = staticmethod(_more.dropout1d)


class Dropout2d(_Dropped):
    """Channels of `(N, C, H, W)` set to 0 while training."""

    function = staticmethod(_more.dropout2d)


class Dropout3d(_Dropped):
    """Channels of `(N, C, D, H, W)` set to 0 while training."""

    function = staticmethod(_more.dropout3d)


class AlphaDropout(_Dropped):
    """Values set to SELU's lower limit while training, mean and variance kept."""

    function = staticmethod(_more.alpha_dropout)


# Norms.


class BatchNorm3d(_BatchNorm):
    """Of `(N, C, D, H, W)`."""

    dims = (5,)


class SyncBatchNorm(_BatchNorm):
    """Over all processes, of which there is one."""

    dims = (2, 3, 4, 5)

    @classmethod
    def convert_sync_batchnorm(cls, module: Module, process_group: Any = None) -> Module:
        """The module as it is: there is one process."""
        return module


class _InstanceNorm(_BatchNorm):
    """Mean 0 and variance 1 of each channel of each example."""

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype)

    def forward(self, input: Tensor) -> Tensor:
        if input.ndim == self.dims[0] - 1:
            return self.forward(input.unsqueeze(0)).squeeze(0)
        if input.ndim not in self.dims:
            raise ValueError(f"expected {self.dims[0] - 1}D or {self.dims[0]}D input (got {input.ndim}D input)")
        return _more.instance_norm(
            input,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training or not self.track_running_stats,
            self.momentum,
            self.eps,
        )


class InstanceNorm1d(_InstanceNorm):
    """Of `(N, C, L)`."""

    dims = (3,)


class InstanceNorm2d(_InstanceNorm):
    """Of `(N, C, H, W)`."""

    dims = (4,)


class InstanceNorm3d(_InstanceNorm):
    """Of `(N, C, D, H, W)`."""

    dims = (5,)


class LocalResponseNorm(Module):
    """Divided by a power of the squares of neighbouring channels."""

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> None:
        super().__init__()
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k

    def forward(self, input: Tensor) -> Tensor:
        return _more.local_response_norm(input, self.size, self.alpha, self.beta, self.k)

    def extra_repr(self) -> str:
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"


# Shapes.


class Unflatten(Module):
    """Several dimensions out of one."""

    def __init__(self, dim: int, unflattened_size: Any) -> None:
        super().__init__()
        self.dim, self.unflattened_size = dim, unflattened_size

    def forward(self, input: Tensor) -> Tensor:
        return input.unflatten(self.dim, self.unflattened_size)

    def extra_repr(self) -> str:
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"


class EmbeddingBag(Module):
    """Sums, means or maxima of rows, a bag of indices each."""

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: str = "mean",
        sparse: bool = False,
        _weight: Tensor | None = None,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if max_norm is not None or scale_grad_by_freq:
            raise NotImplementedError("max_norm and scale_grad_by_freq of EmbeddingBag are not in the browser's torch")
        self.num_embeddings, self.embedding_dim, self.mode = num_embeddings, embedding_dim, mode
        self.include_last_offset, self.padding_idx = include_last_offset, padding_idx
        if _weight is None:
            self.weight = Parameter(make.empty(num_embeddings, embedding_dim, dtype=dtype))
            init.normal_(self.weight)
            if padding_idx is not None:
                self.weight._data[padding_idx] = 0
        else:
            self.weight = Parameter(_weight)

    def forward(self, input: Tensor, offsets: Tensor | None = None, per_sample_weights: Tensor | None = None) -> Tensor:
        return _more.embedding_bag(
            input,
            self.weight,
            offsets,
            mode=self.mode,
            per_sample_weights=per_sample_weights,
            include_last_offset=self.include_last_offset,
            padding_idx=self.padding_idx,
        )

    def extra_repr(self) -> str:
        return f"{self.num_embeddings}, {self.embedding_dim}, mode={self.mode!r}"


PairwiseDistance = _layer("PairwiseDistance", _losses.pairwise_distance, p=2.0, eps=1e-6, keepdim=False)

# Losses.

CosineEmbeddingLoss = _layer("CosineEmbeddingLoss", _losses.cosine_embedding_loss, margin=0.0, reduction="mean")
CTCLoss = _layer("CTCLoss", _losses.ctc_loss, blank=0, reduction="mean", zero_infinity=False)
GaussianNLLLoss = _layer("GaussianNLLLoss", _losses.gaussian_nll_loss, full=False, eps=1e-6, reduction="mean")
HingeEmbeddingLoss = _layer("HingeEmbeddingLoss", _losses.hinge_embedding_loss, margin=1.0, reduction="mean")
MultiLabelSoftMarginLoss = _layer(
    "MultiLabelSoftMarginLoss", _losses.multilabel_soft_margin_loss, weight=None, reduction="mean"
)
MultiMarginLoss = _layer("MultiMarginLoss", _losses.multi_margin_loss, p=1, margin=1.0, weight=None, reduction="mean")
PoissonNLLLoss = _layer(
    "PoissonNLLLoss", _losses.poisson_nll_loss, log_input=True, full=False, eps=1e-8, reduction="mean"
)
SoftMarginLoss = _layer("SoftMarginLoss", _losses.soft_margin_loss, reduction="mean")
TripletMarginLoss = _layer(
    "TripletMarginLoss", _losses.triplet_margin_loss, margin=1.0, p=2.0, eps=1e-6, swap=False, reduction="mean"
)
TripletMarginWithDistanceLoss = _layer(
    "TripletMarginWithDistanceLoss", _losses.triplet_margin_with_distance_loss,
    distance_function=None, margin=1.0, swap=False, reduction="mean",
)  # fmt: skip


class AdaptiveLogSoftmaxWithLoss(Module):
    """Softmax over many classes: the frequent ones, and clusters of rare ones with narrower layers."""

    def __init__(
        self, in_features: int, n_classes: int, cutoffs: Any, div_value: float = 4.0, head_bias: bool = False, **kw: Any
    ) -> None:
        from .containers import ModuleList, Sequential

        super().__init__()
        self.in_features, self.n_classes, self.cutoffs = in_features, n_classes, [*cutoffs, n_classes]
        self.shortlist_size, self.n_clusters = cutoffs[0], len(cutoffs)
        self.head = Linear(in_features, cutoffs[0] + self.n_clusters, bias=head_bias)
        self.tail = ModuleList()
        for n in range(self.n_clusters):
            width = int(in_features // (div_value ** (n + 1)))
            size = self.cutoffs[n + 1] - self.cutoffs[n]
            self.tail.append(Sequential(Linear(in_features, width, bias=False), Linear(width, size, bias=False)))

    def log_prob(self, input: Tensor) -> Tensor:
        """Log-probabilities of all classes."""
        from .._shape import cat

        head = F.log_softmax(self.head(input), 1)
        parts = [head[:, : self.shortlist_size]]
        for n, tail in enumerate(self.tail):
            parts.append(F.log_softmax(tail(input), 1) + head[:, self.shortlist_size + n, None])
        return cat(parts, 1)

    def forward(self, input_: Tensor, target_: Tensor) -> Any:
        from collections import namedtuple

        found = self.log_prob(input_).gather(1, target_.unsqueeze(1)).squeeze(1)
        return namedtuple("ASMoutput", ["output", "loss"])(found, (-found).mean())

    def predict(self, input: Tensor) -> Tensor:
        """The likeliest classes."""
        return self.log_prob(input).argmax(1)


for _name, _class in list(globals().items()):
    if getattr(_class, "__module__", "") == f"{__package__}.layers" and _name not in ("Linear", "_BatchNorm"):
        _class.__module__ = __name__
