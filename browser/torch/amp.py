"""`torch.amp`: mixed precision. `autocast("cpu")` computes products in bfloat16, as torch does; for a GPU it is off."""

import functools
import warnings
from collections.abc import Callable
from typing import Any

from ._absent import lacking as _lacking
from ._dtypes import bfloat16, device, dtype, float16
from ._linalg import Cast


class autocast:
    """Products in a type of half precision, inside a `with` or a decorated function."""

    def __init__(
        self, device_type: Any = "cuda", dtype: dtype | None = None, enabled: bool = True, cache_enabled: Any = None
    ) -> None:
        if isinstance(device_type, bool):  # torch.cuda.amp.autocast takes `enabled` first
            device_type, enabled = "cuda", device_type
        self.device = device_type.type if isinstance(device_type, device) else device_type
        self.fast_dtype = dtype or get_autocast_dtype(self.device)
        if enabled and self.device != "cpu":
            warnings.warn(
                f"User provided device_type of '{self.device}', but {self.device.upper()} is not available. Disabling",
                stacklevel=2,
            )
            enabled = False
        self.enabled = enabled

    def __enter__(self) -> "autocast":
        self.before = Cast.kind
        if self.device == "cpu":
            Cast.kind = self.fast_dtype if self.enabled else None
        return self

    def __exit__(self, *error: object) -> None:
        Cast.kind = self.before

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            with self:
                return function(*args, **kwargs)

        return wrapped


def is_autocast_enabled(device_type: str = "cuda") -> bool:
    """Whether products are computed in half precision."""
    return device_type == "cpu" and Cast.kind is not None


def get_autocast_dtype(device_type: str) -> dtype:
    """The type of products inside `autocast`."""
    return Cast.kind or bfloat16 if device_type == "cpu" else float16


def is_autocast_available(device_type: str) -> bool:
    """Only on the CPU."""
    return device_type == "cpu"


class GradScaler:
    """Keeps small gradients of float16 from becoming zero on a GPU; here it is off and hands everything on."""

    def __init__(
        self,
        device: str = "cuda",
        init_scale: float = 65536.0,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ) -> None:
        if enabled and device != "cpu":
            warnings.warn("torch.cuda.amp.GradScaler is enabled, but CUDA is not available.  Disabling.", stacklevel=2)
        self._enabled = enabled and device == "cpu"
        self._scale, self._factors = init_scale, (growth_factor, backoff_factor, growth_interval)
        self._good, self._unscaled, self._bad = 0, False, False

    def is_enabled(self) -> bool:
        """Whether it scales."""
        return self._enabled

    def get_scale(self) -> float:
        """The factor."""
        return self._scale if self._enabled else 1.0

    def scale(self, outputs: Any) -> Any:
        """Losses times the factor."""
        if not self._enabled:
            return outputs
        return outputs * self._scale if not isinstance(outputs, list | tuple) else [self.scale(one) for one in outputs]

    def unscale_(self, optimizer: Any) -> None:
        """Gradients divided by the factor."""
        if not self._enabled or self._unscaled:
            return
        self._unscaled = True
        for group in optimizer.param_groups:
            for one in group["params"]:
                if one.grad is not None:
                    one.grad.mul_(1 / self._scale)
                    self._bad = self._bad or not bool(one.grad.isfinite().all())

    def step(self, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
        """A step, unless a gradient is infinite."""
        self.unscale_(optimizer)
        return None if self._bad else optimizer.step(*args, **kwargs)

    def update(self, new_scale: float | None = None) -> None:
        """A larger factor after many good steps, a smaller one after a bad one."""
        if self._enabled:
            growth, backoff, interval = self._factors
            self._good = 0 if self._bad else self._good + 1
            if self._bad:
                self._scale *= backoff
            elif self._good == interval:
                self._scale, self._good = self._scale * growth, 0
            self._scale = new_scale or self._scale
        self._unscaled = self._bad = False

    def state_dict(self) -> dict[str, Any]:
        """The factor; nothing where it is off."""
        if not self._enabled:
            return {}
        growth, backoff, interval = self._factors
        return {"scale": self._scale, "growth_factor": growth, "backoff_factor": backoff,
                "growth_interval": interval, "_growth_tracker": self._good}  # fmt: skip

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take a factor over."""
        if self._enabled:
            self._scale, self._good = state_dict["scale"], state_dict["_growth_tracker"]


def custom_fwd(fwd: Any = None, *, device_type: str = "cuda", cast_inputs: Any = None) -> Any:
    """A decorator of `Function.forward`: nothing to do."""
    return fwd if fwd is not None else lambda function: function


def custom_bwd(bwd: Any = None, *, device_type: str = "cuda") -> Any:
    """A decorator of `Function.backward`: nothing to do."""
    return bwd if bwd is not None else lambda function: function


__getattr__ = _lacking(__name__, "torch.amp")
