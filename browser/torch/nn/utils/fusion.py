"""`torch.nn.utils.fusion`: a normalization by batch statistics that is finished, put into the layer before it."""

import copy
from typing import Any

from ..._core import Tensor
from ..._create import ones_like, zeros_like
from ..parameter import Parameter


def _fused(weight: Tensor, bias: Any, mean: Tensor, var: Tensor, eps: float, scale: Any, shift: Any, out: int) -> Any:
    bias = zeros_like(mean) if bias is None else bias
    scale = ones_like(mean) if scale is None else scale
    shift = zeros_like(mean) if shift is None else shift
    factor = scale * (var + eps).rsqrt()
    side = [1] * weight.ndim
    side[out] = -1
    return (
        Parameter(weight * factor.reshape(side), weight.requires_grad),
        Parameter((bias - mean) * factor + shift, bias.requires_grad),
    )


def fuse_conv_bn_weights(
    conv_w: Tensor, conv_b: Any, bn_rm: Tensor, bn_rv: Tensor, bn_eps: float, bn_w: Any, bn_b: Any,
    transpose: bool = False,
) -> Any:  # fmt: skip
    """Weight and bias of a convolution with the normalization behind it."""
    return _fused(conv_w, conv_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b, int(transpose))


def fuse_linear_bn_weights(
    linear_w: Tensor, linear_b: Any, bn_rm: Tensor, bn_rv: Tensor, bn_eps: float, bn_w: Any, bn_b: Any
) -> Any:
    """Weight and bias of a linear layer with the normalization behind it."""
    return _fused(linear_w, linear_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b, 0)


def fuse_conv_bn_eval(conv: Any, bn: Any, transpose: bool = False) -> Any:
    """One layer for two, neither of which is trained any more."""
    if conv.training or bn.training:
        raise AssertionError("Fusion only for eval!")
    fused = copy.deepcopy(conv)
    fused.weight, fused.bias = fuse_conv_bn_weights(
        fused.weight, fused.bias, bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias, transpose
    )
    return fused


fuse_linear_bn_eval = fuse_conv_bn_eval
