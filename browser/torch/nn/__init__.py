"""`torch.nn`: modules, layers, losses."""
# ruff: noqa: F401 - what is imported here is public

from typing import Any

from .._absent import lacking as _lacking
from .._absent import lazily as _lazily
from . import attention, functional, init, utils
from .containers import ModuleDict, ModuleList, ParameterDict, ParameterList, Sequential
from .layers import *  # noqa: F403
from .layers import _BatchNorm, _Loss, _WeightedLoss
from .module import Module, _IncompatibleKeys
from .parameter import Buffer, Parameter

_PLACES = _lazily(
    _reduction="_reduction",
    conv="""_ConvNd _ConvTransposeNd
    Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d Fold Unfold""",
    lazy="""LazyLinear LazyConv1d LazyConv2d LazyConv3d LazyConvTranspose1d LazyConvTranspose2d LazyConvTranspose3d
    LazyBatchNorm1d LazyBatchNorm2d LazyBatchNorm3d UninitializedParameter UninitializedBuffer""",
    more="""SELU CELU Hardshrink Softshrink Tanhshrink Threshold Softmin Softmax2d Hardtanh PReLU RReLU Dropout1d
    Dropout2d
    Dropout3d AlphaDropout BatchNorm3d SyncBatchNorm _InstanceNorm
    InstanceNorm1d InstanceNorm2d InstanceNorm3d LocalResponseNorm
    Unflatten EmbeddingBag PairwiseDistance CosineEmbeddingLoss CTCLoss GaussianNLLLoss HingeEmbeddingLoss
    MultiLabelSoftMarginLoss MultiMarginLoss PoissonNLLLoss SoftMarginLoss TripletMarginLoss
    TripletMarginWithDistanceLoss AdaptiveLogSoftmaxWithLoss""",
    parallel="parallel DataParallel",
    pooling="""MaxPool1d MaxPool2d MaxPool3d AvgPool1d AvgPool2d AvgPool3d MaxUnpool1d MaxUnpool2d LPPool1d LPPool2d
    AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveAvgPool3d AdaptiveMaxPool1d AdaptiveMaxPool2d AdaptiveMaxPool3d
    ZeroPad1d
    ZeroPad2d ZeroPad3d ReflectionPad1d ReflectionPad2d ReflectionPad3d ReplicationPad1d ReplicationPad2d
    ReplicationPad3d CircularPad1d CircularPad2d CircularPad3d ConstantPad1d ConstantPad2d ConstantPad3d Upsample
    UpsamplingNearest2d UpsamplingBilinear2d PixelShuffle PixelUnshuffle ChannelShuffle""",
    rnn="RNN LSTM GRU RNNCell LSTMCell GRUCell RNNBase RNNCellBase",
    transformer="""MultiheadAttention Transformer TransformerEncoder TransformerEncoderLayer TransformerDecoder
    TransformerDecoderLayer""",
)

__getattr__ = _lacking(__name__, "torch.nn", _PLACES)
