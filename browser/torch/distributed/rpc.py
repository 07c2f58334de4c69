"""`torch.distributed.rpc`: calls of other processes, of which there are none."""

from .._absent import lacking as _lacking


def is_available() -> bool:
    """False."""
    return False


__getattr__ = _lacking(__name__, "torch.distributed.rpc")
