"""`torch.utils`: nothing yet but the place, so that what is missing in it says its full name."""

from .._absent import lacking as _lacking

__getattr__ = _lacking(__name__, "torch.utils")
