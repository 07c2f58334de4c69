"""`torch.nn.parallel`: one device; a module in a wrapper of torch's name calls the module."""

from contextlib import nullcontext
from typing import Any

from ..._absent import lacking as _lacking
from ..._notice import once
from ..module import Module


def scatter(inputs: Any, target_gpus: Any, dim: int = 0) -> list[Any]:
    """All to the one device."""
    return [inputs]


class DataParallel(Module):
    """Calls its module."""

    def __init__(self, module: Module, device_ids: Any = None, output_device: Any = None, dim: int = 0) -> None:
        super().__init__()
        once(f"torch.nn.{type(self).__name__}", "there is one device, so the module runs as it is")
        self.module = module

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:
        return self.module(*inputs, **kwargs)


class DistributedDataParallel(DataParallel):
    """Calls its module; there is nobody to share gradients with."""

    def __init__(self, module: Module, device_ids: Any = None, output_device: Any = None, **kwargs: Any) -> None:
        self.__dict__["require_backward_grad_sync"] = True
        super().__init__(module)
        self.require_backward_grad_sync = True

    def no_sync(self) -> Any:
        """A `with` that changes nothing."""
        return nullcontext()


__getattr__ = _lacking(__name__, "torch.nn.parallel")
