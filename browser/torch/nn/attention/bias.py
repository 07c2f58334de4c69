"""`torch.nn.attention.bias`: causal masks for queries and keys of different number."""

from ..._core import Tensor
from ..._create import ones
from ..._dtypes import bool_


def causal_upper_left(*size: int) -> Tensor:
    """True where key <= query, both counted from the start."""
    return ones(size, dtype=bool_).tril()


def causal_lower_right(*size: int) -> Tensor:
    """True where key <= query, both counted from the end."""
    return ones(size, dtype=bool_).tril(size[-1] - size[-2])
