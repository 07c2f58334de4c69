"""`torch.distributed.optim`: what shares an optimizer's state among processes; with one it is the optimizer."""

from typing import Any

from .._absent import lacking as _lacking


class ZeroRedundancyOptimizer:
    """Another optimizer."""

    def __new__(cls, params: Any, optimizer_class: Any, process_group: Any = None, **defaults: Any) -> Any:
        """The optimizer."""
        return optimizer_class(params, **defaults)


__getattr__ = _lacking(__name__, "torch.distributed.optim")
