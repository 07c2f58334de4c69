"""The layers: parameters with torch's own first values, and the functions of `nn.functional`."""

import math
from typing import Any

from .. import _create as make
from .._core import Tensor
from . import functional as F
from . import init
from .module import Module
from .parameter import Parameter


class Identity(Module):
    """What goes in comes out."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def forward(self, input: Tensor) -> Tensor:
        return input


class Linear(Module):
    """`x @ weight.T + bias`."""

    def __init__(
        self, in_features: int, out_features: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        self.weight = Parameter(make.empty(out_features, in_features, device=device, dtype=dtype))
        if bias:
            self.bias = Parameter(make.empty(out_features, device=device, dtype=dtype))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Uniform within `1 / sqrt(in_features)`."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            bound = 1 / math.sqrt(self.in_features) if self.in_features > 0 else 0
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input: Tensor) -> Tensor:
        return F.linear(input, self.weight, self.bias)

    def extra_repr(self) -> str:
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"


class Bilinear(Module):
    """`x1ᵀ A x2 + bias` for each output."""

    def __init__(
        self,
        in1_features: int,
        in2_features: int,
        out_features: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.sizes = in1_features, in2_features, out_features
        self.weight = Parameter(make.empty(out_features, in1_features, in2_features))
        self.register_parameter("bias", Parameter(make.empty(out_features)) if bias else None)
        bound = 1 / math.sqrt(in1_features)
        init.uniform_(self.weight, -bound, bound)
        if bias:
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input1: Tensor, input2: Tensor) -> Tensor:
        from .._linalg import einsum

        out = einsum("...i,oij,...j->...o", input1, self.weight, input2)
        return out if self.bias is None else out + self.bias

    def extra_repr(self) -> str:
        names = zip(("in1_features", "in2_features", "out_features"), self.sizes, strict=True)
        return ", ".join(f"{name}={size}" for name, size in names) + f", bias={self.bias is not None}"


class Embedding(Module):
    """One row of weights for each index."""

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
        _weight: Tensor | None = None,
        _freeze: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if padding_idx is not None:
            if not -num_embeddings <= padding_idx < num_embeddings:
                raise AssertionError("Padding_idx must be within num_embeddings")
            padding_idx %= num_embeddings
        self.num_embeddings, self.embedding_dim, self.padding_idx = num_embeddings, embedding_dim, padding_idx
        self.max_norm, self.norm_type = max_norm, norm_type
        self.scale_grad_by_freq, self.sparse = scale_grad_by_freq, sparse
        if _weight is None:
            empty = make.empty(num_embeddings, embedding_dim, device=device, dtype=dtype)
            self.weight = Parameter(empty, requires_grad=not _freeze)
            self.reset_parameters()
        else:
            if tuple(_weight.shape) != (num_embeddings, embedding_dim):
                raise AssertionError("Shape of weight does not match num_embeddings and embedding_dim")
            self.weight = Parameter(_weight, requires_grad=not _freeze)

    def reset_parameters(self) -> None:
        """Standard normal; zeros for padding."""
        init.normal_(self.weight)
        if self.padding_idx is not None:
            self.weight._data[self.padding_idx] = 0

    @classmethod
    def from_pretrained(
        cls, embeddings: Tensor, freeze: bool = True, padding_idx: int | None = None, *args: Any, **kwargs: Any
    ) -> "Embedding":
        """An embedding with given rows."""
        return cls(*embeddings.shape, padding_idx, *args, **kwargs, _weight=embeddings, _freeze=freeze)

    def forward(self, input: Tensor) -> Tensor:
        return F.embedding(input, self.weight, self.padding_idx, self.max_norm, self.norm_type, self.scale_grad_by_freq)

    def extra_repr(self) -> str:
        text = f"{self.num_embeddings}, {self.embedding_dim}"
        for name, usual in (("padding_idx", None), ("max_norm", None), ("norm_type", 2)):
            value = getattr(self, name)
            text += f", {name}={value}" if value != usual else ""
        return text + (f", scale_grad_by_freq={self.scale_grad_by_freq}" if self.scale_grad_by_freq else "")


def _shape(value: Any) -> tuple[int, ...]:
    return (value,) if isinstance(value, int) else tuple(value)


class LayerNorm(Module):
    """Mean 0 and variance 1 over the last dimensions."""

    def __init__(
        self,
        normalized_shape: Any,
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.normalized_shape, self.eps, self.elementwise_affine = _shape(normalized_shape), eps, elementwise_affine
        kind = {"device": device, "dtype": dtype}
        self.register_parameter(
            "weight", Parameter(make.ones(self.normalized_shape, **kind)) if elementwise_affine else None
        )
        self.register_parameter(
            "bias", Parameter(make.zeros(self.normalized_shape, **kind)) if elementwise_affine and bias else None
        )

    def reset_parameters(self) -> None:
        """Ones and zeros."""
        if self.elementwise_affine:
            init.ones_(self.weight)
            if self.bias is not None:
                init.zeros_(self.bias)

    def forward(self, input: Tensor) -> Tensor:
        return F.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        affine = f"elementwise_affine={self.elementwise_affine}"
        bias = f", bias={self.bias is not None}" if self.elementwise_affine else ", bias=True"
        return f"{self.normalized_shape}, eps={self.eps}, {affine}{bias}"


class RMSNorm(Module):
    """Mean square 1 over the last dimensions."""

    def __init__(
        self,
        normalized_shape: Any,
        eps: float | None = None,
        elementwise_affine: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.normalized_shape, self.eps, self.elementwise_affine = _shape(normalized_shape), eps, elementwise_affine
        weight = Parameter(make.ones(self.normalized_shape, device=device, dtype=dtype)) if elementwise_affine else None
        self.register_parameter("weight", weight)

    def reset_parameters(self) -> None:
        """Ones."""
        if self.elementwise_affine:
            init.ones_(self.weight)

    def forward(self, input: Tensor) -> Tensor:
        return F.rms_norm(input, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


class GroupNorm(Module):
    """Mean 0 and variance 1 over groups of channels."""

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.num_groups, self.num_channels, self.eps, self.affine = num_groups, num_channels, eps, affine
        kind = {"device": device, "dtype": dtype}
        self.register_parameter("weight", Parameter(make.ones(num_channels, **kind)) if affine else None)
        self.register_parameter("bias", Parameter(make.zeros(num_channels, **kind)) if affine and bias else None)

    def reset_parameters(self) -> None:
        """Ones and zeros."""
        if self.affine:
            init.ones_(self.weight)
            if self.bias is not None:
                init.zeros_(self.bias)

    def forward(self, input: Tensor) -> Tensor:
        return F.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        text = f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}"
        return text + f", bias={self.bias is not None}"


class _BatchNorm(Module):
    """Mean 0 and variance 1 of each channel over the batch."""

    dims: tuple[int, ...] = ()

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.num_features, self.eps, self.momentum, self.affine = num_features, eps, momentum, affine
        self.track_running_stats = track_running_stats
        kind = {"device": device, "dtype": dtype}
        self.register_parameter("weight", Parameter(make.ones(num_features, **kind)) if affine else None)
        self.register_parameter("bias", Parameter(make.zeros(num_features, **kind)) if affine and bias else None)
        self.register_buffer("running_mean", make.zeros(num_features, **kind) if track_running_stats else None)
        self.register_buffer("running_var", make.ones(num_features, **kind) if track_running_stats else None)
        self.register_buffer("num_batches_tracked", make.tensor(0, device=device) if track_running_stats else None)

    def _load_from_state_dict(self, state_dict: Any, prefix: str, *rest: Any) -> None:
        if self.track_running_stats:  # what was saved before there was a count, or by hand, lacks nothing
            state_dict.setdefault(f"{prefix}num_batches_tracked", self.num_batches_tracked)
        super()._load_from_state_dict(state_dict, prefix, *rest)

    def reset_running_stats(self) -> None:
        """As before the first batch."""
        if self.track_running_stats:
            self.running_mean.zero_()
            self.running_var.fill_(1)
            self.num_batches_tracked.zero_()

    def reset_parameters(self) -> None:
        """As in the beginning."""
        self.reset_running_stats()
        GroupNorm.reset_parameters(self)  # type: ignore[arg-type]

    def forward(self, input: Tensor) -> Tensor:
        if input.ndim not in self.dims:
            raise ValueError(f"expected {' or '.join(f'{n}D' for n in self.dims)} input (got {input.ndim}D input)")
        batch = self.training or self.running_mean is None
        factor = self.momentum
        if self.training and self.track_running_stats:
            self.num_batches_tracked.add_(1)
            factor = 1 / int(self.num_batches_tracked) if factor is None else factor
        running = (self.running_mean, self.running_var) if not batch or self.track_running_stats else (None, None)
        return F.batch_norm(input, *running, self.weight, self.bias, batch, factor or 0.0, self.eps)

    def extra_repr(self) -> str:
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        )


class BatchNorm1d(_BatchNorm):
    """Of `(N, C)` or `(N, C, L)`."""

    dims = (2, 3)


class BatchNorm2d(_BatchNorm):
    """Of `(N, C, H, W)`."""

    dims = (4,)


class Dropout(Module):
    """Values set to 0 while training."""

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
        self.p, self.inplace = p, inplace

    def forward(self, input: Tensor) -> Tensor:
        return F.dropout(input, self.p, self.training, self.inplace)

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace={self.inplace}"


class Flatten(Module):
    """One dimension out of several."""

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__()
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, input: Tensor) -> Tensor:
        return input.flatten(self.start_dim, self.end_dim)

    def extra_repr(self) -> str:
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


# Layers of one function: the arguments in order, with their defaults and whether they are always printed.


class _Function(Module):
    """A function as a module."""

    function: Any = None
    fields: dict[str, Any] = {}  # noqa: RUF012 - each subclass has its own
    shown: Any = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()
        given = dict(zip(self.fields, args, strict=False)) | kwargs
        old = {name: given.pop(name, None) for name in ("size_average", "reduce")}
        if any(value is not None for value in old.values()):
            given["reduction"] = F._old_reduction(**old)
        unknown = set(given) - set(self.fields)
        if unknown or len(args) > len(self.fields):
            raise TypeError(
                f"{type(self).__name__}.__init__() got unexpected arguments {sorted(unknown) or list(args)}"
            )
        for name, default in self.fields.items():
            setattr(self, name, given.get(name, default))

    def forward(self, *inputs: Tensor) -> Tensor:
        return type(self).function(*inputs, **{name: getattr(self, name) for name in self.fields})

    def extra_repr(self) -> str:
        names = [*self.shown, *(["inplace"] if getattr(self, "inplace", False) else [])]
        return ", ".join(f"{name}={getattr(self, name)!r}" for name in names)


class _Loss(Module):
    """What losses derive from, readers' own too."""

    def __init__(self, size_average: Any = None, reduce: Any = None, reduction: str = "mean") -> None:
        super().__init__()
        old = size_average is not None or reduce is not None
        self.reduction = F._old_reduction(size_average, reduce) if old else reduction


class _WeightedLoss(_Loss):
    """Those with a weight for each class."""

    def __init__(
        self, weight: Any = None, size_average: Any = None, reduce: Any = None, reduction: str = "mean"
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)


def _layer(name: str, function: Any, shown: Any = (), **fields: Any) -> type[_Function]:
    members = {"function": staticmethod(function), "fields": fields, "shown": shown, "__doc__": function.__doc__}
    loss = () if "reduction" not in fields else (_WeightedLoss,) if "weight" in fields else (_Loss,)
    return type(name, (_Function, *loss), members | {"__module__": __name__})


class _Activation(_Function):
    """A function with an `inplace` that is printed only where set."""

    fields = {"inplace": False}  # noqa: RUF012

    def forward(self, input: Tensor) -> Tensor:
        out = type(self).function(input)
        return input.copy_(out) if self.inplace else out

    def extra_repr(self) -> str:
        return "inplace=True" if self.inplace else ""


def _activation(name: str, function: Any) -> type[_Activation]:
    return type(
        name, (_Activation,), {"function": staticmethod(function), "__doc__": function.__doc__, "__module__": __name__}
    )


ReLU, ReLU6, SiLU = _activation("ReLU", F.relu), _activation("ReLU6", F.relu6), _activation("SiLU", F.silu)
Mish, Hardswish, Hardsigmoid = (
    _activation(n, f) for n, f in (("Mish", F.mish), ("Hardswish", F.hardswish), ("Hardsigmoid", F.hardsigmoid))
)
Tanh, Sigmoid = _layer("Tanh", F.tanh), _layer("Sigmoid", F.sigmoid)
LogSigmoid, Softsign = _layer("LogSigmoid", F.logsigmoid), _layer("Softsign", F.softsign)
GELU = _layer("GELU", F.gelu, ("approximate",), approximate="none")
ELU, GLU = _layer("ELU", F.elu, ("alpha",), alpha=1.0, inplace=False), _layer("GLU", F.glu, ("dim",), dim=-1)
LeakyReLU = _layer("LeakyReLU", F.leaky_relu, ("negative_slope",), negative_slope=0.01, inplace=False)
Softplus = _layer("Softplus", F.softplus, ("beta", "threshold"), beta=1.0, threshold=20.0)
Softmax, LogSoftmax = (
    _layer("Softmax", F.softmax, ("dim",), dim=None),
    _layer("LogSoftmax", F.log_softmax, ("dim",), dim=None),
)
CosineSimilarity = _layer("CosineSimilarity", F.cosine_similarity, dim=1, eps=1e-8)

CrossEntropyLoss = _layer(
    "CrossEntropyLoss",
    F.cross_entropy,
    weight=None,
    size_average=None,
    ignore_index=-100,
    reduce=None,
    reduction="mean",
    label_smoothing=0.0,
)
NLLLoss = _layer(
    "NLLLoss", F.nll_loss, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction="mean"
)
KLDivLoss = _layer("KLDivLoss", F.kl_div, reduction="mean", log_target=False)
MSELoss, L1Loss = _layer("MSELoss", F.mse_loss, reduction="mean"), _layer("L1Loss", F.l1_loss, reduction="mean")
SmoothL1Loss = _layer("SmoothL1Loss", F.smooth_l1_loss, reduction="mean", beta=1.0)
HuberLoss = _layer("HuberLoss", F.huber_loss, reduction="mean", delta=1.0)
BCELoss = _layer("BCELoss", F.binary_cross_entropy, weight=None, reduction="mean")
BCEWithLogitsLoss = _layer(
    "BCEWithLogitsLoss", F.binary_cross_entropy_with_logits, weight=None, reduction="mean", pos_weight=None
)
MarginRankingLoss = _layer("MarginRankingLoss", F.margin_ranking_loss, margin=0.0, reduction="mean")

__all__ = [
    name
    for name, value in list(globals().items())
    if isinstance(value, type) and issubclass(value, Module) and name[0] != "_"
]
