"""`torch.nn`: modules, layers, losses."""
# ruff: noqa: F401 - what is imported here is public

from typing import Any

from . import attention, functional, init, utils
from .containers import ModuleDict, ModuleList, ParameterDict, ParameterList, Sequential
from .layers import *  # noqa: F403
from .module import Module
from .parameter import Buffer, Parameter
from .transformer import MultiheadAttention, Transformer, TransformerEncoder, TransformerEncoderLayer


def __getattr__(name: str) -> Any:
    if name.startswith("_"):
        raise AttributeError(name)
    raise NotImplementedError(
        f"torch.nn.{name} is not in the browser's torch; print(dir(torch.nn)) lists what there is"
    )
