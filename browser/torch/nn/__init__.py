"""`torch.nn`: modules, layers, losses."""
# ruff: noqa: F401 - what is imported here is public

from typing import Any

from .._absent import lacking as _lacking
from . import attention, functional, init, utils
from .containers import ModuleDict, ModuleList, ParameterDict, ParameterList, Sequential
from .layers import *  # noqa: F403
from .module import Module
from .parameter import Buffer, Parameter
from .transformer import MultiheadAttention, Transformer, TransformerEncoder, TransformerEncoderLayer

__getattr__ = _lacking(__name__, "torch.nn")
