"""What is run: pieces of public code at small sizes, most of them trained for a few steps. Names are `package:what`."""

import importlib
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

UNITS: dict[str, Callable[[], Any]] = {}
STEPS = 3


def unit(name: str) -> Callable[[Callable[[], Any]], Callable[[], Any]]:
    """Name a unit."""

    def add(function: Callable[[], Any]) -> Callable[[], Any]:
        UNITS[name] = function
        return function

    return add


def of(path: str, name: str) -> Any:
    """A member of a module, imported when the unit runs."""
    return getattr(importlib.import_module(path), name)


def floats(value: Any) -> list[torch.Tensor]:
    """The floating-point tensors of a result."""
    if isinstance(value, torch.Tensor):
        return [value] if value.is_floating_point() else []
    if isinstance(value, dict):
        value = list(value.values())
    return [one for part in value for one in floats(part)] if isinstance(value, list | tuple) else []


def number(result: torch.Tensor) -> torch.Tensor:
    """A loss that a norm does not make constant: Adam would blow up what rounding leaves of a gradient of zero."""
    weights = torch.linspace(-1, 1, result.numel()).reshape(result.shape)
    return result if result.ndim == 0 else (result.float() * weights).mean() + result.float().square().mean()


def trained(module: nn.Module, *inputs: Any, call: Any = None, optimizer: Any = None, **named: Any) -> Any:
    """Losses of a few steps, the last result, and how far the parameters are from zero."""
    parameters = [one for one in module.parameters() if one.requires_grad]
    steps = optimizer(parameters) if optimizer else torch.optim.SGD(parameters, lr=0.05, momentum=0.9)
    losses, found = [], None
    for _ in range(STEPS):
        found = (call or module)(*inputs, **named)
        loss = sum(number(one) for one in floats(found) if one.requires_grad)
        steps.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        steps.step()
        losses.append(loss.item())
    return {"losses": losses, "result": floats(found)[:2], "size": sum(one.detach().abs().sum() for one in parameters)}


def model(name: str, path: str, make: Callable[[Any], Any], *inputs: Callable[[], Any], **named: Any) -> None:
    """A unit that makes a module of a class and trains it on inputs."""
    package = path.split(".")[0]
    cls = name.rpartition(" ")[2] if " " in name else name

    def run() -> Any:
        module = make(of(path, cls))
        return trained(module, *(one() for one in inputs), **{key: one() for key, one in named.items()})

    UNITS[f"{package}:{name}"] = run


def randn(*shape: int) -> Callable[[], torch.Tensor]:
    """Random numbers, made when the unit runs."""
    return lambda: torch.randn(*shape)


def tokens(count: int, *shape: int) -> Callable[[], torch.Tensor]:
    """Random tokens, made when the unit runs."""
    return lambda: torch.randint(0, count, shape)


# llms-from-scratch.

L = "llms_from_scratch"
GPT = {
    "vocab_size": 65,
    "context_length": 32,
    "emb_dim": 32,
    "n_heads": 4,
    "n_layers": 2,
    "drop_rate": 0.1,
    "qkv_bias": False,
}
model("SelfAttention_v1", f"{L}.ch03", lambda c: c(8, 4), randn(6, 8))
model("SelfAttention_v2", f"{L}.ch03", lambda c: c(8, 4), randn(6, 8))
model("CausalAttention", f"{L}.ch03", lambda c: c(8, 4, 6, 0.2), randn(2, 6, 8))
model("MultiHeadAttentionWrapper", f"{L}.ch03", lambda c: c(8, 4, 6, 0.2, 2), randn(2, 6, 8))
model("MultiHeadAttention", f"{L}.ch03", lambda c: c(8, 8, 6, 0.2, 2), randn(2, 6, 8))
model("PyTorchMultiHeadAttention", f"{L}.ch03", lambda c: c(8, 8, 2, 0.0), randn(2, 6, 8))
model("GPTModel", f"{L}.ch04", lambda c: c(GPT), tokens(65, 2, 16))
model("GPTModelFast", f"{L}.ch04", lambda c: c({**GPT, "drop_rate": 0.0}), tokens(65, 2, 16))
model("TransformerBlock", f"{L}.ch04", lambda c: c(GPT), randn(2, 16, 32))
model("kv GPTModel", f"{L}.kv_cache.gpt2", lambda c: c({**GPT, "drop_rate": 0.0}), tokens(65, 2, 16))
model("NeuralNetwork", f"{L}.appendix_a", lambda c: c(10, 3), randn(5, 10))
model("LinearWithLoRA", f"{L}.appendix_e", lambda c: c(nn.Linear(8, 4), 2, 4), randn(3, 8))


@unit(f"{L}:dataloader and training")
def _() -> Any:
    from llms_from_scratch.ch04 import GPTModel
    from llms_from_scratch.ch05 import calc_loss_batch, calc_loss_loader
    from torch.utils.data import DataLoader, TensorDataset

    ids = torch.randint(0, 65, (40, 17))
    loader = DataLoader(TensorDataset(ids[:, :-1], ids[:, 1:]), batch_size=4, shuffle=True, drop_last=True)
    net = GPTModel(GPT)
    optimizer = torch.optim.AdamW(net.parameters(), lr=4e-4, weight_decay=0.1)
    losses = []
    for x, y in loader:
        optimizer.zero_grad()
        loss = calc_loss_batch(x, y, net, torch.device("cpu"))
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    net.eval()
    return losses, calc_loss_loader(loader, net, "cpu", 2)


@unit(f"{L}:generate")
def _() -> Any:
    from llms_from_scratch.ch04 import GPTModel, generate_text_simple
    from llms_from_scratch.ch05 import generate

    net = GPTModel(GPT).eval()
    start = torch.randint(0, 65, (1, 4))
    sampled = generate(net, start, 10, 32, temperature=1.3, top_k=5)
    return generate_text_simple(net, start, 10, 32), sampled


@unit(f"{L}:save and load")
def _() -> Any:
    import io

    from llms_from_scratch.ch04 import GPTModel

    net, other = GPTModel(GPT), GPTModel(GPT)
    file = io.BytesIO()
    torch.save({"model": net.state_dict()}, file)
    file.seek(0)
    other.load_state_dict(torch.load(file, weights_only=True)["model"])
    x = torch.randint(0, 65, (1, 8))
    return net.eval()(x), other.eval()(x)


LLAMA = {
    "vocab_size": 65, "context_length": 32, "emb_dim": 32, "n_heads": 4, "n_layers": 2, "hidden_dim": 48,
    "n_kv_groups": 2, "rope_base": 500_000.0, "dtype": torch.float32,
    "rope_freq": {"factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_context_length": 32},
}  # fmt: skip
model("Llama3Model", f"{L}.llama3", lambda c: c(LLAMA), tokens(65, 2, 12))
model("bfloat16 Llama3Model", f"{L}.llama3", lambda c: c({**LLAMA, "dtype": torch.bfloat16}), tokens(65, 2, 12))
model("Llama3ModelFast", f"{L}.llama3", lambda c: c(LLAMA), tokens(65, 2, 12))
model("kv Llama3Model", f"{L}.kv_cache.llama3", lambda c: c(LLAMA), tokens(65, 2, 12))
QWEN = {
    "vocab_size": 65, "context_length": 32, "emb_dim": 32, "n_heads": 4, "n_layers": 2, "hidden_dim": 48, "head_dim": 8,
    "qk_norm": True, "n_kv_groups": 2, "rope_base": 1_000_000.0, "dtype": torch.float32, "num_experts": 0,
}  # fmt: skip
MOE = {**QWEN, "num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 24, "moe_hidden_dim": 24}
model("Qwen3Model", f"{L}.qwen3", lambda c: c(QWEN), tokens(65, 2, 12))
model("kv Qwen3Model", f"{L}.kv_cache.qwen3", lambda c: c(QWEN), tokens(65, 2, 12))

# labml-nn.

B = "labml_nn"
T = f"{B}.transformers"
model(
    "MultiHeadAttention",
    f"{T}.mha",
    lambda c: c(4, 32),
    query=randn(5, 2, 32),
    key=randn(5, 2, 32),
    value=randn(5, 2, 32),
)
model("FeedForward", f"{T}.feed_forward", lambda c: c(16, 32, is_gated=True, activation=nn.SiLU()), randn(5, 2, 16))
model(
    "AFTLocal",
    f"{T}.aft",
    lambda c: c(16, 8, 4),
    query=randn(8, 2, 16),
    key=randn(8, 2, 16),
    value=randn(8, 2, 16),
    mask=lambda: torch.ones(8, 8, 1).tril() > 0,
)
model("Conv1dCompression", f"{T}.compressive", lambda c: c(2, 16), randn(8, 2, 16))
model("FNetMix", f"{T}.fnet", lambda c: nn.Sequential(nn.Linear(16, 16), Mixed(c())), randn(8, 2, 16))
model("GMLPBlock", f"{T}.gmlp", lambda c: c(16, 32, 8), x=randn(8, 2, 16))
model("HourGlass", f"{T}.hour_glass", lambda c: c(2, 16, 0.1, 32, [2]), randn(8, 2, 16))
model(
    "MultiDConvHeadAttention",
    f"{T}.primer_ez",
    lambda c: c(2, 16),
    query=randn(8, 2, 16),
    key=randn(8, 2, 16),
    value=randn(8, 2, 16),
)
model(
    "RotaryPEMultiHeadAttention",
    f"{T}.rope",
    lambda c: c(2, 16),
    query=randn(8, 2, 16),
    key=randn(8, 2, 16),
    value=randn(8, 2, 16),
)
model(
    "RelativeMultiHeadAttention",
    f"{T}.xl.relative_mha",
    lambda c: c(2, 16),
    query=randn(8, 2, 16),
    key=randn(8, 2, 16),
    value=randn(8, 2, 16),
)
model("PatchEmbeddings", f"{T}.vit", lambda c: c(16, 4, 3), randn(2, 3, 16, 16))
model("LSTM", f"{B}.lstm", lambda c: c(8, 16, 2), randn(5, 2, 8))
model("HyperLSTM", f"{B}.hypernetworks.hyper_lstm", lambda c: c(8, 16, 4, 4, 2), randn(5, 2, 8))
model("RHN", f"{B}.recurrent_highway_networks", lambda c: c(8, 16, 2, 2), randn(5, 2, 8))
model("Router", f"{B}.capsule_networks", lambda c: c(6, 3, 4, 8, 2), randn(2, 6, 4))
model("MNISTCapsuleNetworkModel", f"{B}.capsule_networks.mnist", lambda c: c(), randn(2, 1, 28, 28))
model("ConvMixerLayer", f"{B}.conv_mixer", lambda c: c(8, 5), randn(2, 8, 12, 12))
model("ResNetBase", f"{B}.resnet", lambda c: c([1, 1], [8, 16], img_channels=3), randn(2, 3, 16, 16))
model("bottleneck ResNetBase", f"{B}.resnet", lambda c: c([1, 1], [8, 16], [4, 8], 3), randn(2, 3, 16, 16))
model(
    "UNet", f"{B}.diffusion.ddpm.unet", lambda c: c(3, 32, (1, 2), (False, False), 1), randn(2, 3, 8, 8), tokens(10, 2)
)
model("Linear", f"{B}.lora", lambda c: c(8, 4, True, 2), randn(3, 8))
model(
    "GraphAttentionLayer",
    f"{B}.graphs.gat",
    lambda c: c(8, 8, 2, dropout=0.1),
    randn(5, 8),
    lambda: torch.ones(5, 5, 1) > 0,
)
model(
    "GraphAttentionV2Layer",
    f"{B}.graphs.gatv2",
    lambda c: c(8, 8, 2, dropout=0.1),
    randn(5, 8),
    lambda: torch.ones(5, 5, 1) > 0,
)
model("LayerNorm", f"{B}.normalization.layer_norm", lambda c: c(8), randn(3, 8))
model("BatchNorm", f"{B}.normalization.batch_norm", lambda c: c(4), randn(3, 4, 5))
model("InstanceNorm", f"{B}.normalization.instance_norm", lambda c: c(4), randn(3, 4, 5, 5))
model("GroupNorm", f"{B}.normalization.group_norm", lambda c: c(2, 4), randn(3, 4, 5, 5))
model("BatchChannelNorm", f"{B}.normalization.batch_channel_norm", lambda c: c(4, 2), randn(3, 4, 5, 5))
model("Conv2d", f"{B}.normalization.weight_standardization.conv2d", lambda c: c(3, 4, 3), randn(2, 3, 8, 8))
model(
    "AlibiMultiHeadAttention",
    f"{T}.alibi",
    lambda c: c(4, 32),
    query=randn(5, 2, 32),
    key=randn(5, 2, 32),
    value=randn(5, 2, 32),
    mask=lambda: torch.ones(5, 5, 1).tril() > 0,
)
model("Generator", f"{B}.gan.dcgan", lambda c: c(), randn(2, 100))
model("Discriminator", f"{B}.gan.dcgan", lambda c: c(), randn(2, 1, 28, 28))
model("GeneratorResNet", f"{B}.gan.cycle_gan", lambda c: c(3, 1), randn(1, 3, 16, 16))
for _name in ("Adam", "AdamWarmup", "AMSGrad", "RAdam", "AdaBelief", "Noam"):
    _file = {
        "Adam": "adam",
        "AdamWarmup": "adam_warmup",
        "AMSGrad": "amsgrad",
        "RAdam": "radam",
        "AdaBelief": "ada_belief",
        "Noam": "noam",
    }[_name]

    def _run(name: str = _name, file: str = _file) -> Any:
        cls = of(f"{B}.optimizers.{file}", name)
        more = {"d_model": 32, "warmup": 10} if name == "Noam" else {}
        return trained(nn.Linear(4, 3), torch.randn(5, 4), optimizer=lambda p: cls(p, **more))

    UNITS[f"{B}:optimizer {_name}"] = _run


class Mixed(nn.Module):
    """FNet's mixing takes three arguments."""

    def __init__(self, mix: nn.Module) -> None:
        super().__init__()
        self.mix = mix

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.mix(x, x, x)


@unit(f"{B}:DDPM")
def _() -> Any:
    from labml_nn.diffusion.ddpm import DenoiseDiffusion

    net = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.SiLU(), nn.Conv2d(8, 3, 3, padding=1))

    class Eps(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = net

        def forward(self, x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
            return self.net(x)

    eps = Eps()
    diffusion = DenoiseDiffusion(eps, 20, torch.device("cpu"))
    x = torch.randn(2, 3, 8, 8)
    out = trained(eps, x, call=diffusion.loss)
    with torch.no_grad():
        return out, diffusion.p_sample(x, torch.full((2,), 5))


@unit(f"{B}:label smoothing and positional encoding")
def _() -> Any:
    from labml_nn.transformers.label_smoothing_loss import LabelSmoothingLoss
    from labml_nn.transformers.positional_encoding import get_positional_encoding

    loss = LabelSmoothingLoss(5, 0, 0.1)
    return loss(torch.randn(3, 5).log_softmax(-1), torch.tensor([1, 2, 3])), get_positional_encoding(8, 6)


@unit(f"{B}:transformer encoder and decoder")
def _() -> Any:
    from labml_nn.transformers import Encoder, TransformerLayer
    from labml_nn.transformers.feed_forward import FeedForward
    from labml_nn.transformers.mha import MultiHeadAttention

    layer = TransformerLayer(
        d_model=16, self_attn=MultiHeadAttention(2, 16), feed_forward=FeedForward(16, 32), dropout_prob=0.1
    )
    return trained(Encoder(layer, 2), torch.randn(5, 2, 16), mask=None)


@unit(f"{B}:switch transformer")
def _() -> Any:
    from labml_nn.transformers.feed_forward import FeedForward
    from labml_nn.transformers.switch import SwitchFeedForward

    switch = SwitchFeedForward(
        capacity_factor=1.2, drop_tokens=False, is_scale_prob=True, n_experts=3, expert=FeedForward(16, 32), d_model=16
    )
    return trained(switch, torch.randn(5, 2, 16))


@unit(f"{B}:feedback transformer")
def _() -> Any:
    from labml_nn.transformers.feed_forward import FeedForward
    from labml_nn.transformers.feedback import FeedbackAttention, FeedbackTransformer, FeedbackTransformerLayer

    layer = FeedbackTransformerLayer(
        d_model=16, attn=FeedbackAttention(2, 16), feed_forward=FeedForward(16, 32), dropout_prob=0.1
    )
    return trained(FeedbackTransformer(layer, 2), torch.randn(5, 2, 16))


@unit(f"{B}:fast weights")
def _() -> Any:
    from labml_nn.transformers.fast_weights import DPFP, FastWeightsAttention, FastWeightsAttentionTransformerLayer
    from labml_nn.transformers.feed_forward import FeedForward

    layer = FastWeightsAttentionTransformerLayer(
        d_model=16, attn=FastWeightsAttention(2, 16, 0.1, DPFP()), feed_forward=FeedForward(16, 32), dropout_prob=0.1
    )
    return trained(layer, torch.randn(5, 2, 16))


@unit(f"{B}:sampling")
def _() -> Any:
    from labml_nn.sampling.nucleus import NucleusSampler
    from labml_nn.sampling.temperature import TemperatureSampler
    from labml_nn.sampling.top_k import TopKSampler

    logits = torch.randn(4, 20)
    plain = TemperatureSampler(0.8)
    return plain(logits), TopKSampler(5, plain)(logits), NucleusSampler(0.9, plain)(logits)


@unit(f"{B}:VQ of sketch-rnn's decoder losses")
def _() -> Any:
    from labml_nn.sketch_rnn import DecoderRNN, EncoderRNN

    encoder = EncoderRNN(8, 16)
    z, mu, sigma = encoder(torch.randn(6, 2, 5))
    decoder = DecoderRNN(8, 16, 3)
    _, q, _ = decoder(torch.randn(6, 2, 5), z, None)
    (z.sum() + q.sum()).backward()
    return z, mu, sigma, q, encoder.lstm.weight_ih_l0.grad


# d2l.

D = "d2l.torch"
model("LeNet", D, lambda c: _ready(c(), torch.randn(2, 1, 28, 28)), randn(2, 1, 28, 28))
model("Residual", D, lambda c: _ready(c(4, use_1x1conv=True, strides=2), torch.randn(2, 3, 8, 8)), randn(2, 3, 8, 8))
model("ResNeXtBlock", D, lambda c: _ready(c(8, 2, 1, True), torch.randn(2, 8, 8, 8)), randn(2, 8, 8, 8))
model("RNNScratch", D, lambda c: c(5, 8), randn(4, 2, 5))
model("RNN", D, lambda c: c(5, 8), randn(4, 2, 5))
model("GRU", D, lambda c: c(5, 8, 2, 0.1), randn(4, 2, 5))
model("Seq2SeqEncoder", D, lambda c: c(10, 8, 16, 2), tokens(10, 4, 9))
model(
    "AdditiveAttention",
    D,
    lambda c: _ready(
        c(8, 0.1), torch.randn(2, 1, 20), torch.ones(2, 10, 2), torch.ones(2, 10, 4), torch.tensor([2, 6])
    ),
    randn(2, 1, 20),
    lambda: torch.ones(2, 10, 2),
    lambda: torch.ones(2, 10, 4),
    lambda: torch.tensor([2, 6]),
)
model(
    "MultiHeadAttention",
    D,
    lambda c: _ready(c(20, 5, 0.1), *(torch.ones(2, n, 20) for n in (4, 6, 6)), torch.tensor([3, 2])),
    randn(2, 4, 20),
    randn(2, 6, 20),
    randn(2, 6, 20),
    lambda: torch.tensor([3, 2]),
)
model(
    "TransformerEncoderBlock",
    D,
    lambda c: _ready(c(24, 24, 8, 0.1), torch.ones(2, 10, 24), torch.tensor([3, 2])),
    randn(2, 10, 24),
    lambda: torch.tensor([3, 2]),
)
model(
    "TransformerEncoder",
    D,
    lambda c: _ready(c(20, 24, 24, 8, 2, 0.1), torch.ones(2, 10, dtype=torch.long), torch.tensor([3, 2])),
    tokens(20, 2, 10),
    lambda: torch.tensor([3, 2]),
)
model(
    "BERTEncoder",
    D,
    lambda c: _ready(
        c(50, 32, 48, 4, 2, 0.1), torch.ones(2, 8, dtype=torch.long), torch.zeros(2, 8, dtype=torch.long), None
    ),
    tokens(50, 2, 8),
    lambda: torch.zeros(2, 8, dtype=torch.long),
    lambda: None,
)


def _ready(module: nn.Module, *inputs: Any) -> nn.Module:
    """Lazy layers get their sizes."""
    module(*inputs)
    return module


@unit("d2l:linear regression with a trainer")
def _() -> Any:
    from d2l import torch as d2l

    data = d2l.SyntheticRegressionData(w=torch.tensor([2, -3.4]), b=4.2, num_train=64, num_val=32, batch_size=8)
    net = d2l.LinearRegression(lr=0.03)
    net.board = d2l.ProgressBoard()
    net.plot = lambda *args, **kwargs: None
    d2l.Trainer(max_epochs=2).fit(net, data)
    return net.get_w_b()


@unit("d2l:softmax regression")
def _() -> Any:
    from d2l import torch as d2l

    net = d2l.SoftmaxRegression(num_outputs=10, lr=0.1)
    x, y = torch.randn(8, 1, 28, 28), torch.randint(0, 10, (8,))
    net(x)
    optimizer = net.configure_optimizers()
    losses = []
    for _ in range(3):
        loss = net.loss(net(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss)
    return losses, net.accuracy(net(x), y)


@unit("d2l:anchor boxes")
def _() -> Any:
    from d2l import torch as d2l

    boxes = d2l.multibox_prior(torch.rand(1, 3, 6, 8), sizes=[0.75, 0.5], ratios=[1, 2])
    truth = torch.tensor([[[0, 0.1, 0.08, 0.52, 0.92], [1, 0.55, 0.2, 0.9, 0.88]]])
    labels = d2l.multibox_target(boxes, truth)
    kept = d2l.nms(boxes[0][:20], torch.rand(20), 0.5)
    return boxes, labels, kept


@unit("d2l:synthetic data and iterators")
def _() -> Any:
    from d2l import torch as d2l

    x, y = d2l.synthetic_data(torch.tensor([2, -3.4]), 4.2, 20)
    return [list(batch) for batch in d2l.load_array((x, y), 5)]


@unit("d2l:GAN steps")
def _() -> Any:
    from d2l import torch as d2l

    generator, critic = nn.Linear(2, 2), nn.Sequential(nn.Linear(2, 5), nn.Tanh(), nn.Linear(5, 1))
    loss = nn.BCEWithLogitsLoss(reduction="sum")
    optimizers = [torch.optim.Adam(net.parameters(), lr=0.05) for net in (critic, generator)]
    z, x = torch.normal(0, 1, size=(8, 2)), torch.randn(8, 2)
    return d2l.update_D(x, z, critic, generator, loss, optimizers[0]), d2l.update_G(
        z, critic, generator, loss, optimizers[1]
    )


@unit("d2l:masked softmax")
def _() -> Any:
    from d2l import torch as d2l

    return d2l.masked_softmax(torch.rand(2, 2, 4), torch.tensor([2, 3])), d2l.linreg(
        torch.rand(3, 2), torch.rand(2, 1), 0.5
    )


# lucidrains.

V = "vit_pytorch"
VIT = {"image_size": 32, "patch_size": 8, "num_classes": 10, "dim": 32, "depth": 2, "heads": 4, "mlp_dim": 64}
IMAGE = randn(2, 3, 32, 32)
model("ViT", f"{V}.vit", lambda c: c(**VIT, dropout=0.1, emb_dropout=0.1), IMAGE)
model("SimpleViT", f"{V}.simple_vit", lambda c: c(**VIT), IMAGE)
model("DeepViT", f"{V}.deepvit", lambda c: c(**VIT), IMAGE)
model("CaiT", f"{V}.cait", lambda c: c(**VIT, cls_depth=1), IMAGE)
model(
    "T2TViT",
    f"{V}.t2t",
    lambda c: c(dim=32, image_size=32, depth=2, heads=4, mlp_dim=64, num_classes=10, t2t_layers=((7, 4), (3, 2))),
    IMAGE,
)
model(
    "CCT",
    f"{V}.cct",
    lambda c: c(
        img_size=32, embedding_dim=32, n_conv_layers=1, num_layers=2, num_heads=2, mlp_ratio=2.0, num_classes=10
    ),
    IMAGE,
)
model(
    "PiT",
    f"{V}.pit",
    lambda c: c(image_size=32, patch_size=8, dim=32, num_classes=10, depth=(1, 1), heads=4, mlp_dim=64),
    IMAGE,
)
model(
    "CvT",
    f"{V}.cvt",
    lambda c: c(
        num_classes=10,
        s1_emb_dim=16,
        s1_heads=1,
        s1_depth=1,
        s2_emb_dim=16,
        s2_heads=1,
        s2_depth=1,
        s3_emb_dim=16,
        s3_heads=1,
        s3_depth=1,
    ),
    IMAGE,
)
model("XCiT", f"{V}.xcit", lambda c: c(**{**VIT, "depth": 2}, cls_depth=1, local_patch_kernel_size=3), IMAGE)
model(
    "MaxViT",
    f"{V}.max_vit",
    lambda c: c(
        num_classes=10,
        dim_conv_stem=8,
        dim=16,
        dim_head=8,
        depth=(1,),
        window_size=8,
        mbconv_expansion_rate=2,
        mbconv_shrinkage_rate=0.25,
        dropout=0.1,
    ),
    IMAGE,
)
model(
    "MobileViT",
    f"{V}.mobile_vit",
    lambda c: c(
        image_size=(32, 32),
        dims=[16, 24, 32],
        channels=[8, 8, 12, 12, 16, 16, 20, 20, 24, 24, 32],
        num_classes=10,
        patch_size=(1, 1),
    ),
    IMAGE,
)
model("simple_vit_with_fft SimpleViT", f"{V}.simple_vit_with_fft", lambda c: c(**VIT, freq_patch_size=8), IMAGE)
model("register SimpleViT", f"{V}.simple_vit_with_register_tokens", lambda c: c(**VIT, num_register_tokens=2), IMAGE)
model("qk_norm SimpleViT", f"{V}.simple_vit_with_qk_norm", lambda c: c(**VIT), IMAGE)
model("parallel ViT", f"{V}.parallel_vit", lambda c: c(**VIT, num_parallel_branches=2), IMAGE)
model("patch_merger ViT", f"{V}.vit_with_patch_merger", lambda c: c(**VIT), IMAGE)
model("small ViT", f"{V}.vit_for_small_dataset", lambda c: c(**VIT), IMAGE)
model(
    "NesT",
    f"{V}.nest",
    lambda c: c(image_size=32, patch_size=4, dim=16, heads=2, num_hierarchies=2, block_repeats=(1, 1), num_classes=10),
    IMAGE,
)
model("RvT", f"{V}.rvt", lambda c: c(**VIT), IMAGE)
model(
    "TwinsSVT",
    f"{V}.twins_svt",
    lambda c: c(
        num_classes=10,
        s1_emb_dim=16,
        s1_patch_size=2,
        s1_local_patch_size=2,
        s1_global_k=2,
        s1_depth=1,
        s2_emb_dim=16,
        s2_patch_size=2,
        s2_local_patch_size=2,
        s2_global_k=2,
        s2_depth=1,
        s3_emb_dim=16,
        s3_patch_size=2,
        s3_local_patch_size=2,
        s3_global_k=2,
        s3_depth=1,
        s4_emb_dim=16,
        s4_patch_size=2,
        s4_local_patch_size=2,
        s4_global_k=2,
        s4_depth=1,
    ),
    IMAGE,
)
model("ATS ViT", f"{V}.ats_vit", lambda c: c(**VIT, max_tokens_per_depth=(8, 4)), IMAGE)


@unit(f"{V}:distillation")
def _() -> Any:
    from vit_pytorch.distill import DistillableViT, DistillWrapper

    teacher = nn.Sequential(nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 10))
    student = DistillableViT(**VIT)
    return trained(
        DistillWrapper(student=student, teacher=teacher, temperature=3, alpha=0.5),
        torch.randn(2, 3, 32, 32),
        torch.tensor([1, 2]),
    )


@unit("x_transformers:decoder and its wrapper")
def _() -> Any:
    from x_transformers import AutoregressiveWrapper, Decoder, TransformerWrapper

    net = TransformerWrapper(num_tokens=64, max_seq_len=32, attn_layers=Decoder(dim=32, depth=2, heads=4))
    wrapped = AutoregressiveWrapper(net)
    out = trained(wrapped, torch.randint(0, 64, (2, 17)))
    return out, wrapped.generate(torch.randint(0, 64, (1, 3)), 8)


@unit("x_transformers:rotary, gated, normed decoder")
def _() -> Any:
    from x_transformers import Decoder, TransformerWrapper

    layers = Decoder(
        dim=32, depth=2, heads=4, rotary_pos_emb=True, ff_glu=True, ff_swish=True, use_rmsnorm=True, attn_kv_heads=2
    )
    return trained(TransformerWrapper(num_tokens=64, max_seq_len=32, attn_layers=layers), torch.randint(0, 64, (2, 16)))


@unit("x_transformers:alibi encoder with memory")
def _() -> Any:
    from x_transformers import Encoder, TransformerWrapper

    layers = Encoder(dim=32, depth=2, heads=4, alibi_pos_bias=True, attn_num_mem_kv=4)
    return trained(TransformerWrapper(num_tokens=64, max_seq_len=32, attn_layers=layers), torch.randint(0, 64, (2, 16)))


@unit("x_transformers:XTransformer")
def _() -> Any:
    from x_transformers import XTransformer

    net = XTransformer(
        dim=32,
        enc_num_tokens=32,
        enc_depth=1,
        enc_heads=2,
        enc_max_seq_len=16,
        dec_num_tokens=32,
        dec_depth=1,
        dec_heads=2,
        dec_max_seq_len=16,
    )
    return trained(net, torch.randint(0, 32, (2, 16)), torch.randint(0, 32, (2, 16)), mask=torch.ones(2, 16).bool())


@unit("lion_pytorch:Lion")
def _() -> Any:
    from lion_pytorch import Lion

    return trained(nn.Linear(4, 3), torch.randn(5, 4), optimizer=lambda p: Lion(p, lr=1e-3, weight_decay=1e-2))


@unit("rotary_embedding_torch:RotaryEmbedding")
def _() -> Any:
    from rotary_embedding_torch import RotaryEmbedding

    rotary = RotaryEmbedding(dim=8)
    q, k = torch.randn(1, 2, 12, 16), torch.randn(1, 2, 12, 16)
    xpos = RotaryEmbedding(dim=8, use_xpos=True)
    return rotary.rotate_queries_or_keys(q), *xpos.rotate_queries_and_keys(q, k)


model(
    "LocalTransformer",
    "local_attention",
    lambda c: c(
        num_tokens=32, dim=16, depth=2, max_seq_len=16, causal=True, local_attn_window_size=4, heads=2, dim_head=8
    ),
    tokens(32, 2, 16),
)
model(
    "LinearAttentionTransformerLM",
    "linear_attention_transformer",
    lambda c: c(num_tokens=32, dim=16, depth=1, max_seq_len=16, heads=2, causal=True),
    tokens(32, 2, 16),
)
model(
    "Performer", "performer_pytorch", lambda c: c(dim=16, depth=1, heads=2, dim_head=8, nb_features=8), randn(2, 12, 16)
)
model(
    "ReformerLM",
    "reformer_pytorch",
    lambda c: c(
        num_tokens=32,
        dim=16,
        depth=1,
        max_seq_len=16,
        heads=2,
        dim_head=8,
        bucket_size=4,
        n_hashes=2,
        causal=True,
        ff_chunks=1,
    ),
    tokens(32, 2, 16),
)
model(
    "Nystromformer",
    "nystrom_attention",
    lambda c: c(dim=16, depth=1, dim_head=8, heads=2, num_landmarks=4, pinv_iterations=4),
    randn(2, 12, 16),
)
model(
    "Perceiver",
    "perceiver_pytorch",
    lambda c: c(
        num_freq_bands=3,
        depth=1,
        max_freq=8,
        num_latents=6,
        latent_dim=16,
        latent_heads=2,
        latent_dim_head=8,
        cross_dim_head=8,
        num_classes=5,
    ),
    randn(2, 8, 8, 3),
)
model(
    "PerceiverIO",
    "perceiver_pytorch",
    lambda c: c(
        depth=1,
        dim=8,
        queries_dim=8,
        logits_dim=5,
        num_latents=6,
        latent_dim=16,
        latent_heads=2,
        latent_dim_head=8,
        cross_dim_head=8,
    ),
    randn(2, 12, 8),
    queries=randn(4, 8),
)
model("MoE", "mixture_of_experts", lambda c: c(dim=16, num_experts=4, hidden_dim=32), randn(2, 32, 16))
model("HeirarchicalMoE", "mixture_of_experts", lambda c: c(dim=16, num_experts=(2, 2)), randn(2, 32, 16))
model("SoftMoE", "soft_moe_pytorch", lambda c: c(dim=16, seq_len=12, num_experts=3), randn(2, 12, 16))
model(
    "VectorQuantize",
    "vector_quantize_pytorch",
    lambda c: nn.Sequential(nn.Linear(8, 8), c(dim=8, codebook_size=16, decay=0.8)),
    randn(2, 10, 8),
)
model(
    "ResidualVQ",
    "vector_quantize_pytorch",
    lambda c: nn.Sequential(nn.Linear(8, 8), c(dim=8, codebook_size=16, num_quantizers=2)),
    randn(2, 10, 8),
)
model(
    "FSQ", "vector_quantize_pytorch", lambda c: nn.Sequential(nn.Linear(8, 4), c(levels=[8, 5, 5, 5])), randn(2, 10, 8)
)
model(
    "LFQ",
    "vector_quantize_pytorch",
    lambda c: nn.Sequential(nn.Linear(8, 4), c(codebook_size=16, dim=4)),
    randn(2, 10, 8),
)
model(
    "Unet1D",
    "denoising_diffusion_pytorch",
    lambda c: c(dim=16, dim_mults=(1, 2), channels=3),
    randn(2, 3, 16),
    tokens(10, 2),
)
model(
    "Unet",
    "denoising_diffusion_pytorch",
    lambda c: c(dim=16, dim_mults=(1, 2), flash_attn=False),
    randn(1, 3, 16, 16),
    tokens(10, 1),
)
model(
    "AxialAttention", "axial_attention", lambda c: c(dim=8, dim_index=1, heads=2, num_dimensions=2), randn(1, 8, 6, 6)
)
model(
    "AxialImageTransformer",
    "axial_attention",
    lambda c: c(dim=8, depth=2, heads=2, reversible=False),
    randn(1, 8, 6, 6),
)
model(
    "MLPMixer",
    "mlp_mixer_pytorch",
    lambda c: c(image_size=16, channels=3, patch_size=4, dim=16, depth=2, num_classes=5),
    randn(2, 3, 16, 16),
)
model(
    "Permutator",
    "mlp_mixer_pytorch",
    lambda c: c(image_size=16, patch_size=4, dim=16, depth=2, num_classes=5, segments=4),
    randn(2, 3, 16, 16),
)
model("gMLP", "g_mlp_pytorch", lambda c: c(num_tokens=32, dim=16, depth=2, seq_len=12, causal=True), tokens(32, 2, 12))
model(
    "gMLPVision",
    "g_mlp_pytorch",
    lambda c: c(image_size=16, patch_size=4, num_classes=5, dim=16, depth=2),
    randn(2, 3, 16, 16),
)
model(
    "TabTransformer",
    "tab_transformer_pytorch",
    lambda c: c(categories=(4, 5), num_continuous=3, dim=8, dim_out=1, depth=1, heads=2, dim_head=8),
    lambda: torch.tensor([[1, 2], [3, 0]]),
    randn(2, 3),
)
model(
    "FTTransformer",
    "tab_transformer_pytorch",
    lambda c: c(categories=(4, 5), num_continuous=3, dim=8, dim_out=1, depth=1, heads=2, dim_head=8),
    lambda: torch.tensor([[1, 2], [3, 0]]),
    randn(2, 3),
)
model("PKM", "product_key_memory", lambda c: c(dim=16, heads=2, num_keys=8, topk=4, dim_head=8), randn(2, 6, 16))
model("BERT", "bert_pytorch", lambda c: c(40, hidden=16, n_layers=2, attn_heads=2), tokens(40, 2, 8), tokens(3, 2, 8))
model(
    "Attention",
    "memory_efficient_attention_pytorch",
    lambda c: c(dim=16, dim_head=8, heads=2, causal=True, memory_efficient=True, q_bucket_size=4, k_bucket_size=4),
    randn(2, 12, 16),
)
model(
    "FlashAttention",
    "memory_efficient_attention_pytorch",
    lambda c: c(dim=16, dim_head=8, heads=2, causal=True, q_bucket_size=4, k_bucket_size=4),
    randn(2, 12, 16),
)
model("HyperConnections", "hyper_connections", lambda c: c(2, dim=8, branch=nn.Linear(8, 8)), randn(4, 5, 8))


@unit("ema_pytorch:EMA")
def _() -> Any:
    from ema_pytorch import EMA

    net = nn.Linear(4, 3)
    ema = EMA(net, beta=0.9, update_after_step=0, update_every=1)
    for _ in range(3):
        with torch.no_grad():
            net.weight.add_(torch.randn(3, 4))
        ema.update()
    return ema(torch.ones(2, 4)), net(torch.ones(2, 4))


@unit("entmax:sparsemax and entmax15")
def _() -> Any:
    from entmax import entmax15, entmax_bisect, sparsemax

    x = torch.randn(3, 6, requires_grad=True)
    parts = sparsemax(x, dim=-1), entmax15(x, dim=-1), entmax_bisect(x, alpha=1.7, dim=-1)
    sum((one * torch.arange(6.0)).sum() for one in parts).backward()
    return *parts, x.grad


@unit("torchdiffeq:odeint")
def _() -> Any:
    from torchdiffeq import odeint

    net = nn.Linear(2, 2)
    out = odeint(lambda t, y: net(y).tanh(), torch.ones(3, 2), torch.linspace(0, 1, 5), method="rk4")
    out.square().mean().backward()
    return out, net.weight.grad, odeint(lambda t, y: -y, torch.ones(2), torch.linspace(0, 1, 3))


@unit("torchdiffeq:odeint_adjoint")
def _() -> Any:
    from torchdiffeq import odeint_adjoint

    class Field(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = nn.Linear(2, 2)

        def forward(self, t: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
            return self.net(y).tanh()

    field = Field()
    out = odeint_adjoint(field, torch.ones(3, 2), torch.linspace(0, 1, 3), method="rk4")
    out.square().mean().backward()
    return out, field.net.weight.grad


@unit("loralib:Linear, Embedding, MergedLinear, Conv2d")
def _() -> Any:
    import loralib as lora

    net = nn.Sequential(
        lora.Embedding(20, 8, r=2),
        lora.Linear(8, 12, r=2, lora_alpha=4),
        lora.MergedLinear(12, 12, r=2, enable_lora=[True, False, True]),
    )
    lora.mark_only_lora_as_trainable(net)
    out = trained(net, torch.randint(0, 20, (2, 5)))
    return out, sorted(lora.lora_state_dict(net)), net.eval()(torch.randint(0, 20, (2, 5)))


@unit("pytorch_warmup:warmups")
def _() -> Any:
    import pytorch_warmup

    optimizer = torch.optim.AdamW([nn.Parameter(torch.ones(2))], lr=0.01)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=10)
    warmup = pytorch_warmup.UntunedLinearWarmup(optimizer)
    rates = []
    for _ in range(6):
        optimizer.step()
        with warmup.dampening():
            scheduler.step()
        rates.append(optimizer.param_groups[0]["lr"])
    return rates


for _name in (
    "AccSGD AdaBelief AdaBound Adafactor AdaMod AdamP AggMo Apollo DiffGrad Lamb LARS MADGRAD NovoGrad "
    "PID QHAdam QHM RAdam "
    "SGDP SGDW Shampoo SWATS Yogi A2GradUni"
).split():

    def _step(name: str = _name) -> Any:
        import torch_optimizer

        more = {"lr": 1e-2} if name in ("LARS", "SGDW", "PID", "Apollo", "QHAdam", "QHM") else {}
        more |= {"momentum": 0.9} if name == "QHM" else {}
        return trained(
            nn.Linear(4, 3), torch.randn(5, 4), optimizer=lambda p: getattr(torch_optimizer, name)(p, **more)
        )

    UNITS[f"torch_optimizer:{_name}"] = _step

for _package, _name, _options in (
    ("adabelief_pytorch", "AdaBelief", {"print_change_log": False}),
    ("adan_pytorch.adan", "Adan", {"lr": 1e-3}),
    ("prodigyopt", "Prodigy", {}),
    ("schedulefree", "SGDScheduleFree", {"lr": 0.1}),
    ("pytorch_lamb", "Lamb", {}),
):

    def _other(package: str = _package, name: str = _name, options: Any = _options) -> Any:
        def make(parameters: Any) -> Any:
            optimizer = of(package, name)(parameters, **options)
            if hasattr(optimizer, "train"):
                optimizer.train()
            return optimizer

        return trained(nn.Linear(4, 3), torch.randn(5, 4), optimizer=make)

    UNITS[f"{_package.split('.')[0]}:{_name}"] = _other


# einops, torchtune, timm, metric learning.


@unit("einops:rearrange, reduce, repeat, einsum, layers")
def _() -> Any:
    from einops import einsum, pack, rearrange, reduce, repeat, unpack
    from einops.layers.torch import EinMix, Rearrange, Reduce

    x = torch.randn(2, 3, 8, 8)
    packed, shapes = pack([torch.randn(2, 3), torch.randn(2, 4, 3)], "b * d")
    net = nn.Sequential(
        Rearrange("b c (h p) w -> b (h p w) c", p=2),
        EinMix("b t c -> b t d", weight_shape="c d", bias_shape="d", c=3, d=5),
        Reduce("b t d -> b d", "mean"),
    )
    return (
        rearrange(x, "b c (h p1) (w p2) -> b (h w) (p1 p2 c)", p1=4, p2=4), reduce(x, "b c h w -> b c", "max"),
        repeat(x[0, 0], "h w -> (h r) w", r=2), einsum(x, x, "b c h w, b d h w -> b c d"), packed, unpack(packed,
        shapes, "b * d"), net(x),
    )  # fmt: skip


model("RMSNorm", "torchtune.modules.rms_norm", lambda c: c(8), randn(3, 8))
model(
    "RotaryPositionalEmbeddings",
    "torchtune.modules.position_embeddings",
    lambda c: nn.Sequential(nn.Linear(8, 8), c(8, 16)),
    randn(2, 6, 2, 8),
)

for _name, _make, _input in (
    ("Mlp", lambda c: c(8, 16), (2, 5, 8)), ("GluMlp", lambda c: c(8, 16), (2, 5, 8)),
    ("SEModule", lambda c: c(16), (2, 16, 6, 6)), ("EcaModule", lambda c: c(16), (2, 16, 6, 6)),
    ("PatchEmbed", lambda c: c(16, 4, 3, 8), (2, 3, 16, 16)),
    ("SelectAdaptivePool2d", lambda c: nn.Sequential(nn.Conv2d(3, 4, 3), c(pool_type="avgmax")), (2, 3, 8, 8)),
    ("BlurPool2d", lambda c: nn.Sequential(nn.Conv2d(3, 4, 3), c(4)), (2, 3, 9, 9)), ("LayerNorm2d",
    lambda c: c(4), (2, 4, 6, 6)),
    ("Conv2dSame", lambda c: c(3, 4, 3, stride=2), (2, 3, 9, 9)), ("StdConv2d", lambda c: c(3, 4, 3), (2, 3, 9, 9)),
    ("GlobalContext", lambda c: c(16), (2, 16, 6, 6)),
    ("NonLocalAttn", lambda c: c(16), (2, 16, 6, 6)), ("SelectiveKernel", lambda c: c(16), (2, 16, 6, 6)),
    ("SplitAttn", lambda c: c(16), (2, 16, 6, 6)),
    ("AttentionPool2d", lambda c: c(16, feat_size=6, num_heads=2), (2, 16, 6, 6)),
):  # fmt: skip
    model(_name, "timm.layers", _make, randn(*_input))


@unit("pytorch_metric_learning:losses")
def _() -> Any:
    from pytorch_metric_learning import losses

    labels, found = torch.tensor([0, 0, 1, 1, 2, 2]), []
    net = nn.Linear(4, 8)
    x = torch.randn(6, 4)
    for name in (
        "TripletMarginLoss",
        "ContrastiveLoss",
        "NTXentLoss",
        "SupConLoss",
        "MultiSimilarityLoss",
        "CircleLoss",
    ):
        found.append(getattr(losses, name)()(net(x), labels))
    sum(found).backward()
    return found, net.weight.grad
