"""`torch.utils`: data, checkpoints and a stopwatch, imported when asked for."""

from .._absent import lacking as _lacking

_NAMES = "_foreach_utils _pytree benchmark checkpoint data dlpack hooks model_zoo tensorboard"
_PLACES = {name: f".{name}" for name in _NAMES.split()}

__getattr__ = _lacking(__name__, "torch.utils", _PLACES)
