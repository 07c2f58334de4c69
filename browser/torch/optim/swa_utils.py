"""`torch.optim.swa_utils`: averages of a model's weights."""

import copy
import math
from collections.abc import Callable
from typing import Any

from .._absent import lacking as _lacking
from .._create import tensor
from .._engine import no_grad
from ..nn.layers import _BatchNorm
from ..nn.module import Module
from .lr_scheduler import LRScheduler


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


class SWALR(LRScheduler):
    """From the rate that there is to one that stays, in some steps."""

    def __init__(
        self,
        optimizer: Any,
        swa_lr: Any,
        anneal_epochs: int = 10,
        anneal_strategy: str = "cos",
        last_epoch: int = -1,
    ) -> None:
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}")
        groups = optimizer.param_groups
        rates = swa_lr if isinstance(swa_lr, list | tuple) else [swa_lr] * len(groups)
        for group, rate in zip(groups, rates, strict=True):
            group["swa_lr"] = rate
        self.anneal_epochs, self._anneal_strategy = anneal_epochs, anneal_strategy
        super().__init__(optimizer, last_epoch)

    def _share(self, step: int) -> float:
        """How much of the last rate there is after so many steps."""
        t = max(0.0, min(1.0, step / max(1, self.anneal_epochs)))
        return t if self._anneal_strategy == "linear" else (1 - math.cos(math.pi * t)) / 2

    def get_lr(self) -> list[float]:
        """The rates of this step, by those of the one before."""
        step = max(1, self._step_count - 1) if self.anneal_epochs == 0 else self._step_count - 1
        before, share = self._share(step - 1), self._share(step)
        found = []
        for group in self.optimizer.param_groups:
            last = group["swa_lr"]
            first = last if before == 1 else (group["lr"] - before * last) / (1 - before)
            found.append(last * share + first * (1 - share))
        return found


@no_grad()
def update_bn(loader: Any, model: Module, device: Any = None) -> None:
    """The means and variances of a model's batch norms anew, of what a loader gives."""
    norms = {one: one.momentum for one in model.modules() if isinstance(one, _BatchNorm)}
    if not norms:
        return
    training = model.training
    model.train()
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
    for given in loader:
        model(given[0] if isinstance(given, list | tuple) else given)
    for norm, momentum in norms.items():
        norm.momentum = momentum
    model.train(training)


__getattr__ = _lacking(__name__, "torch.optim.swa_utils")
