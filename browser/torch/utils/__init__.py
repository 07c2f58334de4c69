"""`torch.utils`: data, checkpoints and a stopwatch, imported when asked for."""

from .._absent import lacking as _lacking

_PLACES = {name: f".{name}" for name in ("benchmark", "checkpoint", "data", "hooks", "_pytree")}

__getattr__ = _lacking(__name__, "torch.utils", _PLACES)
