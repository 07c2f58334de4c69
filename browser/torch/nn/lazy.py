"""Layers that find a size in the first input: until then their parameters have no shape."""

from typing import Any

from .. import _create as make
from .._core import Tensor
from .._engine import no_grad
from . import conv, layers, more
from .module import Module
from .parameter import Buffer, Parameter


class UninitializedParameter(Parameter):
    """A parameter whose shape is not known yet."""

    def __new__(cls, requires_grad: bool = True, device: Any = None, dtype: Any = None) -> Any:
        """Empty; the type is the one that it will have."""
        return super().__new__(cls, make.empty(0, dtype=dtype), requires_grad)

    @property
    def shape(self) -> Any:
        """Not known.

        Raises:
            RuntimeError: Always.
        """
        raise RuntimeError(
            "Can't access the shape of an uninitialized parameter or buffer. This error usually happens in "
            "`load_state_dict` when trying to load an uninitialized parameter into an initialized one. Call `forward` "
            "to initialize the parameters before accessing their attributes."
        )

    def __repr__(self) -> str:
        return "<UninitializedParameter>"

    def materialize(self, shape: Any, device: Any = None, dtype: Any = None) -> None:
        """Become a parameter of this shape."""
        self._data = make.empty(tuple(shape), dtype=dtype or self.dtype)._data
        self.__class__ = Parameter


class UninitializedBuffer(Buffer):
    """A buffer whose shape is not known yet."""


class _Lazy:
    """Makes itself an ordinary layer before its first forward."""

    eager: type[Module]

    def _wait(self, **shapes: Any) -> None:
        """Have parameters without a shape."""
        for name, wanted in shapes.items():
            self.register_parameter(name, UninitializedParameter() if wanted else None)
        self._start = self.register_forward_pre_hook(lambda module, args: module._begin(args[0]))

    def _begin(self, input: Tensor) -> None:
        self._start.remove()
        del self._start
        with no_grad():
            self.initialize_parameters(input)
        self.__class__ = self.eager

    def has_uninitialized_params(self) -> bool:
        """True until the first forward."""
        return True

    def reset_parameters(self) -> None:
        """Nothing to set yet."""


class LazyLinear(_Lazy, layers.Linear):
    """`Linear`, whose `in_features` are those of the first input."""

    eager = layers.Linear

    def __init__(self, out_features: int, bias: bool = True, device: Any = None, dtype: Any = None) -> None:
        Module.__init__(self)
        self.in_features, self.out_features = 0, out_features
        self._wait(weight=True, bias=bias)

    def initialize_parameters(self, input: Tensor) -> None:
        """Take the size of an input."""
        self.in_features = input.shape[-1]
        self.weight.materialize((self.out_features, self.in_features))
        if self.bias is not None:
            self.bias.materialize((self.out_features,))
        layers.Linear.reset_parameters(self)


class _LazyConv(_Lazy):
    eager: Any

    def __init__(self, out_channels: int, kernel_size: Any, *args: Any, bias: bool = True, **kwargs: Any) -> None:
        groups = kwargs.get("groups", 1)
        with _without_drawing():
            self.eager.__init__(self, groups, out_channels, kernel_size, *args, bias=bias, **kwargs)
        self.in_channels = 0
        self._wait(weight=True, bias=bias)

    def initialize_parameters(self, input: Tensor) -> None:
        """Take the number of channels of an input."""
        self.in_channels = input.shape[input.ndim - self.dims - 1]
        first, second = self.out_channels, self.in_channels
        first, second = (second, first) if self.transposed else (first, second)
        self.weight.materialize((first, second // self.groups, *self.kernel_size))
        if self.bias is not None:
            self.bias.materialize((self.out_channels,))
        self.eager.reset_parameters(self)


class _without_drawing:
    """Inside, making a layer draws no random numbers that count."""

    def __enter__(self) -> None:
        from .._random import get_rng_state

        self.state = get_rng_state()

    def __exit__(self, *error: object) -> None:
        from .._random import set_rng_state

        set_rng_state(self.state)


class _LazyNorm(_Lazy):
    eager: Any

    def __init__(
        self, eps: float = 1e-5, momentum: float = 0.1, affine: bool = True, *args: Any, **kwargs: Any
    ) -> None:
        self.eager.__init__(self, 0, eps, momentum, False, *args, **kwargs)
        self.affine = affine
        self._wait(weight=affine, bias=affine)

    def initialize_parameters(self, input: Tensor) -> None:
        """Take the number of channels of an input."""
        self.num_features = input.shape[1]
        for name, value in (("weight", 1.0), ("bias", 0.0)):
            if getattr(self, name) is not None:
                getattr(self, name).materialize((self.num_features,))
                getattr(self, name).fill_(value)
        if self.track_running_stats:
            self.running_mean, self.running_var = make.zeros(self.num_features), make.ones(self.num_features)


def _lazy(base: type, eager: Any) -> Any:
    name = f"Lazy{eager.__name__}"
    doc = f"`{eager.__name__}`, of which the first input tells a size."
    return type(name, (base, eager), {"eager": eager, "__doc__": doc, "__module__": __name__})


LazyConv1d, LazyConv2d, LazyConv3d = (_lazy(_LazyConv, one) for one in (conv.Conv1d, conv.Conv2d, conv.Conv3d))
LazyConvTranspose1d, LazyConvTranspose2d, LazyConvTranspose3d = (
    _lazy(_LazyConv, one) for one in (conv.ConvTranspose1d, conv.ConvTranspose2d, conv.ConvTranspose3d)
)
LazyBatchNorm1d, LazyBatchNorm2d, LazyBatchNorm3d = (
    _lazy(_LazyNorm, one) for one in (layers.BatchNorm1d, layers.BatchNorm2d, more.BatchNorm3d)
)
