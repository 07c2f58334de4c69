"""The torch API that the snippets use, on NumPy: same values, gradients and random numbers, for the reader's browser.

Read in this order: `_dtypes` (types), `_engine` (the tape), `_core` (the tensor), then the operations `_pointwise`,
`_shape`, `_index`, `_reduce`, `_linalg`, `_create`, `_random`, then `_print`, `autograd`, `nn`, `optim`.
What few programs use is imported when first asked for (`_LAZY`). What is not here raises an error of `_absent`;
`dir(torch)` and `dir(torch.Tensor)` list what is.
"""
# ruff: noqa: F401 - what is imported here is public

import math
import sys as _sys
from types import SimpleNamespace as _SimpleNamespace
from typing import Any

import numpy as _np

from . import _absent, _alias, _create, _dtypes, _index, _linalg, _pointwise, _print, _random, _reduce, _shape
from ._core import PUBLIC as _PUBLIC
from ._core import Tensor
from ._dtypes import Size, device, dtype, finfo, iinfo, layout, memory_format
from ._engine import enable_grad, inference_mode, is_grad_enabled, no_grad, set_grad_enabled
from ._lazy import FOREACH as _FOREACH
from ._lazy import METHODS as _METHODS
from ._lazy import RARE as _RARE

torch = _sys.modules[__name__]  # as in torch, `torch.torch`
_np.seterr(all="ignore")  # torch computes inf and nan without a word

__version__ = "2.13.0+numpy"
e, inf, nan, pi = math.e, math.inf, math.nan, math.pi
newaxis = None

_names = (
    "uint8 uint16 uint32 uint64 int8 int16 short int32 int64 long float16 half bfloat16 float32 float64 double "
    "complex64 cfloat complex128 cdouble"
)
globals().update({name: getattr(_dtypes, name) for name in _names.split()})
globals().update(_dtypes.LAYOUTS)
globals().update({"bool": _dtypes.bool_, "float": _dtypes.float32, "int": _dtypes.int32})
for _function in ("can_cast", "get_default_dtype", "promote_types", "result_type", "set_default_dtype"):
    _PUBLIC[_function] = getattr(_dtypes, _function)
_PUBLIC.update(device=device, Size=Size, is_grad_enabled=is_grad_enabled, uint8=_dtypes.uint8)
Generator, default_generator, DeviceObjType = _random.Generator, _random.default_generator, device

from . import autograd, nn  # noqa: E402 - they need the operations

_PUBLIC.update(
    {
        name: getattr(nn.functional, name)
        for name in """dropout native_dropout embedding layer_norm rms_norm cosine_similarity group_norm batch_norm
        kl_div
        binary_cross_entropy_with_logits margin_ranking_loss""".split()
    }
)
globals().update({name: value for name, value in _PUBLIC.items() if not name.startswith("_") and name != "Parameter"})

_LAZY = (
    {
        name: f".{name}"
        for name in """_C _subclasses accelerator amp backends compiler cuda distributed distributions fft func
    functional futures fx hub jit linalg mps multiprocessing onnx ops optim profiler random serialization special
    testing types _utils utils version xpu""".split()
    }
    | _absent.lazily(
        _draws="poisson _standard_gamma _sample_dirichlet",
        _foreach=" ".join(f"_foreach_{name}" for name in _FOREACH),
        _rare=" ".join(name for name in _RARE.split() if name[-1] != "_" and name not in _METHODS),
        _utils=" ".join(
            f"{name}Storage"
            for name in "Bool Byte Char Short Int Long Half BFloat16 Float Double ComplexFloat ComplexDouble".split()
        ),
        _windows="hann_window hamming_window blackman_window bartlett_window kaiser_window",
        amp="autocast GradScaler get_autocast_dtype is_autocast_enabled",
        compiler="compile _disable_dynamo",
        func="vmap",
        futures="Future",
        serialization="save load",
    )
    | _absent.lazily(
        **{
            "nn.functional": """conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d max_pool1d
            max_pool2d max_pool3d avg_pool1d adaptive_avg_pool1d selu celu prelu rrelu threshold hardshrink
            pairwise_distance instance_norm bilinear embedding_bag pixel_shuffle pixel_unshuffle channel_shuffle
            triplet_margin_loss cosine_embedding_loss ctc_loss hinge_embedding_loss poisson_nll_loss alpha_dropout"""
        }
    )
)


def _check(cond: Any, message: Any = None) -> None:
    """Raises where a condition does not hold."""
    if not cond:
        text = "Expected cond to be True" if message is None else message
        raise RuntimeError(text() if callable(text) else text)


_assert_async = _check
__config__ = _SimpleNamespace(show=lambda: "on NumPy, in Python", parallel_info=lambda: "one thread")
SymInt, SymFloat, SymBool = (type(name, (), {}) for name in ("SymInt", "SymFloat", "SymBool"))  # never made


def is_tensor(obj: Any) -> Any:
    """Whether this is a tensor."""
    return isinstance(obj, Tensor)


def detach(input: Any) -> Any:
    """The same memory, outside the tape."""
    return input.detach()


def set_default_device(device: Any) -> None:
    """The CPU is the only one."""
    _dtypes.check_device(device)


def get_default_device() -> Any:
    """The CPU."""
    return _dtypes.CPU


def use_deterministic_algorithms(mode: Any, *, warn_only: Any = False) -> None:
    """They are."""


def set_num_threads(n: Any) -> None:
    """There is one."""


def get_num_threads() -> Any:
    """1."""
    return 1


set_num_interop_threads, get_num_interop_threads = set_num_threads, get_num_threads


def set_float32_matmul_precision(precision: Any) -> None:
    """Products of float32 are computed in float32, whatever is asked for."""
    if precision not in ("highest", "high", "medium"):
        raise RuntimeError(f"{precision} is not one of 'highest', 'high', or 'medium'")
    _precision.append(precision)


_precision = ["highest"]


def get_float32_matmul_precision() -> Any:
    """What was asked for."""
    return _precision[-1]


def are_deterministic_algorithms_enabled() -> Any:
    """False, as torch says unless told otherwise."""
    return False


is_deterministic_algorithms_warn_only_enabled = are_deterministic_algorithms_enabled


def set_flush_denormal(mode: Any) -> Any:
    """Not here."""
    return False


def set_default_tensor_type(t: Any) -> None:
    """The type of new floating-point tensors, by the type of a tensor."""
    name = t if isinstance(t, str) else f"{t.__module__}.{t.__name__}"
    _dtypes.set_default_dtype(globals()[name.rpartition(".")[2]].kind)


def typename(obj: Any) -> Any:
    """The name of a type with its module."""
    if is_tensor(obj):
        return obj.type()
    kind = obj if isinstance(obj, type) else type(obj)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


__getattr__ = _absent.lacking(__name__, "torch", _LAZY)


def __dir__() -> list[str]:
    return sorted({*_LAZY, *(name for name in globals() if not name.startswith("_"))} - {"math", "Any"})
