"""`torch.version`."""

__version__ = "2.13.0+numpy"
cuda = hip = xpu = None
debug = False
