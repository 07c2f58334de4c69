"""`torch.backends`: what there is to compute with. Nothing but the CPU: switches can be set, and change nothing."""

from types import SimpleNamespace
from typing import Any

from .._absent import lacking as _lacking


class _Switches(SimpleNamespace):
    """A backend that is not there: its settings, and functions that say so."""

    def is_available(self) -> bool:
        """False."""
        return False

    is_built = is_available

    def is_acceptable(self, tensor: Any) -> bool:
        """False."""
        return False

    def version(self) -> None:
        """None."""
        return

    def flags(self, **kwargs: Any) -> "_Switches":
        """Settings inside a `with`."""
        return self

    def __enter__(self) -> None:
        pass

    def __exit__(self, *error: object) -> None:
        pass


class _Cuda(_Switches):
    def _set(self, enabled: bool) -> None:
        """A way of attention on a GPU, on or off."""

    def _is(self) -> bool:
        return True

    def sdp_kernel(self, *args: Any, **kwargs: Any) -> "_Cuda":
        """A way of attention on a GPU, inside a `with`."""
        return self


for _way in ("flash", "mem_efficient", "math", "cudnn"):
    setattr(_Cuda, f"enable_{_way}_sdp", _Cuda._set)
    setattr(_Cuda, f"{_way}_sdp_enabled", _Cuda._is)

cudnn = _Switches(enabled=True, benchmark=False, deterministic=False, allow_tf32=True, benchmark_limit=10)
cuda = _Cuda(
    matmul=SimpleNamespace(allow_tf32=False, allow_fp16_reduced_precision_reduction=True), is_built=lambda: False
)
mps, mkl, mkldnn, openmp, opt_einsum, xnnpack, cpu = (_Switches() for _ in range(7))
mha = SimpleNamespace(get_fastpath_enabled=lambda: False, set_fastpath_enabled=lambda value: None)
cpu.get_cpu_capability = lambda: "DEFAULT"

__getattr__ = _lacking(__name__, "torch.backends")
