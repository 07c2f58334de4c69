"""`torch.optim.swa_utils`: averages of a model's weights."""

import copy
from collections.abc import Callable
from typing import Any

from .._absent import lacking as _lacking
from .._create import tensor
from .._engine import no_grad
from ..nn.module import Module


def get_ema_avg_fn(decay: float = 0.999) -> Callable[..., Any]:
    """`decay * average + (1 - decay) * new`."""
    return lambda average, new, count: decay * average + (1 - decay) * new


class AveragedModel(Module):
    """A copy of a model whose weights are the mean of those that it was shown."""

    def __init__(
        self,
        model: Module,
        device: Any = None,
        avg_fn: Callable[..., Any] | None = None,
        multi_avg_fn: Callable[..., Any] | None = None,
        use_buffers: bool = False,
    ) -> None:
        super().__init__()
        self.module = copy.deepcopy(model)
        self.register_buffer("n_averaged", tensor(0))
        self.avg_fn, self.multi_avg_fn, self.use_buffers = avg_fn, multi_avg_fn, use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self.module(*args, **kwargs)

    @no_grad()
    def update_parameters(self, model: Module) -> None:
        """Take the model's weights into the mean."""
        pairs = list(zip(self.module.parameters(), model.parameters(), strict=True))
        if self.use_buffers:
            pairs += list(zip(self.module.buffers(), model.buffers(), strict=True))
        count = int(self.n_averaged)
        for own, new in pairs:
            if count == 0 or not own.dtype.is_floating_point:
                own.copy_(new)
            elif self.multi_avg_fn is not None:
                self.multi_avg_fn([own], [new], self.n_averaged)
            elif self.avg_fn is not None:
                own.copy_(self.avg_fn(own, new, self.n_averaged))
            else:
                own.add_((new - own) / (count + 1))
        if not self.use_buffers:
            for own, new in zip(self.module.buffers(), model.buffers(), strict=True):
                own.copy_(new)
        self.n_averaged.add_(1)


def get_ema_multi_avg_fn(decay: float = 0.999) -> Callable[..., Any]:
    """`get_ema_avg_fn` of several tensors."""

    @no_grad()
    def update(averages: list[Any], news: list[Any], count: Any) -> None:
        for average, new in zip(averages, news, strict=True):
            average.lerp_(new, 1 - decay)

    return update


__getattr__ = _lacking(__name__, "torch.optim.swa_utils")
