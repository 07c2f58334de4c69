"""torch's own attention layers, against which the snippets' tests compare."""

import copy
import math
from typing import Any

from .. import _create as make
from .._core import Tensor
from .._dtypes import bool_
from .._reduce import softmax
from . import functional as F
from . import init
from .containers import ModuleList
from .layers import Dropout, LayerNorm, Linear
from .module import Module
from .parameter import Parameter


class NonDynamicallyQuantizableLinear(Linear):
    """The output projection, under torch's name for it."""


class MultiheadAttention(Module):
    """Attention with several heads; the three input projections lie in one matrix."""

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        batch_first: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if embed_dim % num_heads:
            raise AssertionError("embed_dim must be divisible by num_heads")
        kind = {"device": device, "dtype": dtype}
        self.embed_dim, self.num_heads, self.dropout, self.batch_first = embed_dim, num_heads, dropout, batch_first
        self.in_proj_weight = Parameter(make.empty(3 * embed_dim, embed_dim, **kind))
        self.register_parameter("in_proj_bias", Parameter(make.zeros(3 * embed_dim, **kind)) if bias else None)
        self.out_proj = NonDynamicallyQuantizableLinear(embed_dim, embed_dim, bias=bias, **kind)
        init.xavier_uniform_(self.in_proj_weight)
        if bias:
            init.zeros_(self.out_proj.bias)

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """Masks are True (or -inf) where a key is *not* to be seen."""
        if query.ndim == 2 or not self.batch_first:
            axis = 0 if query.ndim == 2 else 1
            swap = (lambda x: x.unsqueeze(0)) if query.ndim == 2 else (lambda x: x.transpose(0, 1))
            query, key, value = swap(query), swap(key), swap(value)
        else:
            axis = None
        heads = [
            F.linear(x, weight, bias).unflatten(-1, (self.num_heads, -1)).transpose(1, 2)  # (B, H, T, D)
            for x, weight, bias in zip((query, key, value), self.in_proj_weight.chunk(3), self._biases(), strict=True)
        ]
        scores = heads[0] / math.sqrt(heads[0].shape[-1]) @ heads[1].transpose(-2, -1)
        if attn_mask is not None:
            scores = scores + _additive(
                attn_mask.unflatten(0, (-1, self.num_heads)) if attn_mask.ndim == 3 else attn_mask, scores
            )
        if key_padding_mask is not None:
            scores = scores + _additive(key_padding_mask, scores)[:, None, None, :]
        weights = F.dropout(softmax(scores, -1), self.dropout, self.training)
        out = self.out_proj((weights @ heads[2]).transpose(1, 2).flatten(2))
        if axis is not None:
            out = out.squeeze(0) if axis == 0 else out.transpose(0, 1)
        if not need_weights:
            return out, None
        shown = weights.mean(dim=1) if average_attn_weights else weights
        return out, shown.squeeze(0) if axis == 0 else shown

    def _biases(self) -> Any:
        return (None,) * 3 if self.in_proj_bias is None else self.in_proj_bias.chunk(3)


def _additive(mask: Tensor, like: Tensor) -> Tensor:
    """A mask to be added to scores."""
    if mask.dtype is bool_:
        return make.zeros(mask.shape, dtype=like.dtype).masked_fill(mask, -math.inf)
    return mask


class TransformerEncoderLayer(Module):
    """Self-attention and a feed-forward network, each with a residual and a norm before or after."""

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Any = F.relu,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        kind = {"device": device, "dtype": dtype}
        self.self_attn = MultiheadAttention(d_model, nhead, dropout, bias, batch_first, **kind)
        self.linear1 = Linear(d_model, dim_feedforward, bias, **kind)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, bias, **kind)
        self.norm_first = norm_first
        self.norm1 = LayerNorm(d_model, layer_norm_eps, bias=bias, **kind)
        self.norm2 = LayerNorm(d_model, layer_norm_eps, bias=bias, **kind)
        self.dropout1, self.dropout2 = Dropout(dropout), Dropout(dropout)
        self.activation = {"relu": F.relu, "gelu": F.gelu}[activation] if isinstance(activation, str) else activation

    def forward(
        self, src: Tensor, src_mask: Any = None, src_key_padding_mask: Any = None, is_causal: bool = False
    ) -> Tensor:
        def attend(x: Tensor) -> Tensor:
            out, _ = self.self_attn(
                x, x, x, key_padding_mask=src_key_padding_mask, need_weights=False, attn_mask=src_mask
            )
            return self.dropout1(out)

        def feed(x: Tensor) -> Tensor:
            return self.dropout2(self.linear2(self.dropout(self.activation(self.linear1(x)))))

        if self.norm_first:
            src = src + attend(self.norm1(src))
            return src + feed(self.norm2(src))
        src = self.norm1(src + attend(src))
        return self.norm2(src + feed(src))


class TransformerEncoder(Module):
    """Copies of a layer, one after the other."""

    def __init__(
        self, encoder_layer: Module, num_layers: int, norm: Module | None = None, enable_nested_tensor: bool = True
    ) -> None:
        super().__init__()
        self.layers = ModuleList([copy.deepcopy(encoder_layer) for _ in range(num_layers)])
        self.num_layers, self.norm = num_layers, norm

    def forward(
        self, src: Tensor, mask: Any = None, src_key_padding_mask: Any = None, is_causal: bool | None = None
    ) -> Tensor:
        for layer in self.layers:
            src = layer(src, src_mask=mask, src_key_padding_mask=src_key_padding_mask)
        return src if self.norm is None else self.norm(src)


class Transformer(Module):
    """Only its mask is here."""

    @staticmethod
    def generate_square_subsequent_mask(sz: int, device: Any = None, dtype: Any = None) -> Tensor:
        """-inf above the diagonal, 0 elsewhere."""
        return make.full((sz, sz), -math.inf, dtype=dtype).triu(1)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise NotImplementedError("torch.nn.Transformer is not in the browser's torch; there is TransformerEncoder")
