"""Model sizes against transformers' Llama, torch's FLOP counter, tensors that autograd really keeps, and papers."""

from dataclasses import FrozenInstanceError

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode
from transformers import LlamaConfig, LlamaForCausalLM

from snippets.essence import model_size as essence
from snippets.model_size import Decoder, activation_bytes, training_days, training_flops

SHAPES = [
    Decoder(layers=2, width=12, heads=3, hidden=20, vocabulary=17),
    Decoder(layers=3, width=16, heads=4, hidden=24, vocabulary=11, kv_heads=2),
    Decoder(layers=1, width=16, heads=4, hidden=8, vocabulary=7, kv_heads=1, tied=True),
]


def llama(shape: Decoder) -> LlamaForCausalLM:
    """A real model of that shape, with random weights."""
    return LlamaForCausalLM(
        LlamaConfig(
            num_hidden_layers=shape.layers,
            hidden_size=shape.width,
            num_attention_heads=shape.heads,
            num_key_value_heads=shape.kv_heads or shape.heads,
            intermediate_size=shape.hidden,
            vocab_size=shape.vocabulary,
            tie_word_embeddings=shape.tied,
            attn_implementation="eager",
        )
    ).eval()


@pytest.mark.parametrize("shape", SHAPES)
def test_parameters_are_those_of_a_real_llama(shape):
    assert shape.parameters == sum(parameter.numel() for parameter in llama(shape).parameters())


@pytest.mark.parametrize("shape", SHAPES)
def test_forward_flops_are_those_torch_counts(shape):
    """The one product it counts besides is that of the rotary angles: positions times frequencies, once a batch."""
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        llama(shape)(torch.zeros(2, 5, dtype=torch.long))
    rotary = 2 * 5 * (shape.width // shape.heads // 2)
    assert counter.get_total_flops() - shape.forward_flops(batch=2, length=5) in (0, rotary, 2 * rotary)


@pytest.mark.parametrize("shape", SHAPES)
def test_cache_is_as_large_as_a_real_one(shape):
    with torch.no_grad():
        cache = llama(shape)(torch.zeros(2, 5, dtype=torch.long), use_cache=True).past_key_values
    held = sum(layer.keys.nbytes + layer.values.nbytes for layer in cache.layers)
    assert shape.cache_bytes(batch=2, length=5, itemsize=4) == held
    assert shape.cache_bytes(batch=2, length=5) == held / 2


@pytest.mark.parametrize(
    ("size", "billions"),
    [
        ((32, 4096, 32, 11_008), 6.7),
        ((40, 5120, 40, 13_824), 13.0),
        ((60, 6656, 52, 17_920), 32.5),
        ((80, 8192, 64, 22_016), 65.2),
    ],
)
def test_parameters_are_those_of_llamas_table(size, billions):
    """The paper cuts 65.29 to 65.2 and writes 6.7, 13.0 and 32.5 for 6.74, 13.02 and 32.53."""
    assert int(Decoder(*size, vocabulary=32_000).parameters / 1e8) / 10 == billions


def test_llama_2_70b_and_its_cache():
    """GQA with 8 of 64 heads; 80 layers of two times 1,024 numbers are 320 KiB a token in fp16."""
    shape = Decoder(layers=80, width=8192, heads=64, hidden=28_672, vocabulary=32_000, kv_heads=8)
    assert shape.parameters == 68_976_648_192
    assert shape.cache_bytes(batch=1, length=1) == 320 * 2**10
    assert isinstance(shape.kv_width, int)
    with pytest.raises(FrozenInstanceError):
        shape.kv_heads = 0


class Block(nn.Module):
    """A GPT block as the paper of the activation formula has it; dropout keeps a mask of one byte an entry."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norms = nn.ModuleList([nn.LayerNorm(width) for _ in range(2)])
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    @staticmethod
    def dropout(x: torch.Tensor) -> torch.Tensor:
        return torch.native_dropout(x, 0.1, True)[0]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The scale lies on the weights in the paper's count; here it is left out."""
        B, T, C = x.shape
        query, key, value = (
            part.view(B, T, self.heads, -1).transpose(1, 2) for part in self.qkv(self.norms[0](x)).split(C, dim=-1)
        )
        weights = self.dropout((query @ key.transpose(-2, -1)).softmax(dim=-1))
        x = x + self.dropout(self.out((weights @ value).transpose(1, 2).reshape(B, T, C)))
        return x + self.dropout(self.down(F.gelu(self.up(self.norms[1](x)))))


@pytest.mark.parametrize(("heads", "batch", "length"), [(2, 3, 8), (4, 1, 16)])
def test_activations_are_what_autograd_keeps(heads, batch, length):
    """Counted by storage, without the weights and without the norms' two statistics a token."""
    block = Block(width=32, heads=heads).to(torch.bfloat16)
    weights = {parameter.untyped_storage().data_ptr() for parameter in block.parameters()}
    kept = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights and tensor.numel() > batch * length:
            kept[storage.data_ptr()] = tensor  # held, so that no address is used twice
        return tensor

    x = torch.randn(batch, length, 32, dtype=torch.bfloat16, requires_grad=True)
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        block(x)
    # the same bytes can be reached as parts of one storage (query, key, value): count what is used of each
    used = sum(tensor.untyped_storage().nbytes() for tensor in kept.values())
    assert used == activation_bytes(1, 32, heads, batch, length)


def test_activations_by_hand():
    """L = 2, d = 4, a = 1, b = 1, s = 3: 34 · 12 = 408 and 5 · 9 = 45 a layer."""
    assert activation_bytes(layers=2, width=4, heads=1, batch=1, length=3) == 2 * (408 + 45)
    assert activation_bytes(layers=2, width=4, heads=1, batch=1, length=3, flash=True) == 2 * 408


def test_training_takes_three_forward_passes_of_the_matrices():
    """Short against the width, attention's own products vanish: 6 N D is three times the forward pass."""
    shape = Decoder(layers=4, width=4096, heads=32, hidden=11_008, vocabulary=1)
    assert training_flops(shape.matrices, 7) == pytest.approx(3 * shape.forward_flops(1, 7), rel=1e-3)
    assert training_flops(1.0, 1.0, recompute=True) == 4 / 3 * training_flops(1.0, 1.0)


def test_talk_000s_month():
    """6 · 175e9 · 300e9 = 3.15e23; 1,000 · 312e12 · 86,400 a day: 11.7 days at full speed, 29 at 40 %."""
    flops = training_flops(175e9, 300e9)
    assert flops == pytest.approx(3.15e23)
    assert training_days(flops, 1000, 312e12, 1.0) == pytest.approx(11.685, abs=1e-3)
    assert training_days(flops, 1000, 312e12, 0.4) == pytest.approx(29.21, abs=0.01)


def test_megatron_lms_34_days():
    """Its paper: 1,024 A100s at 140 TFLOPs with recomputation."""
    flops = training_flops(175e9, 300e9, recompute=True)
    assert training_days(flops, 1024, 312e12, 140 / 312) == pytest.approx(34, abs=0.5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        *(({size: 0}, "below 1") for size in ("layers", "width", "hidden", "vocabulary", "kv_heads")),
        ({"heads": 0, "kv_heads": 1}, "below 1"),
        ({"heads": 5}, "divide"),
        ({"kv_heads": 3}, "divide"),
    ],
)
def test_impossible_shapes_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        Decoder(**({"layers": 1, "width": 16, "heads": 4, "hidden": 8, "vocabulary": 7} | change))


def test_sizes_of_one_are_accepted():
    assert Decoder(1, 1, 1, 1, 1).parameters == 2 + (4 + 3 + 2) + 1


@pytest.mark.parametrize(("devices", "peak", "utilization"), [(0, 1.0, 1.0), (1, 0.0, 1.0), (1, 1.0, 0.0), (1, 1, 1.1)])
def test_impossible_machines_are_refused(devices, peak, utilization):
    with pytest.raises(ValueError, match="utilization"):
        training_days(1.0, devices, peak, utilization)


def test_one_device_at_full_speed_is_accepted():
    assert training_days(86_400.0, 1, 1.0, 1.0) == 1.0


def test_essence_is_the_module():
    model = Decoder(layers=3, width=64, heads=8, hidden=96, vocabulary=100, kv_heads=2)
    assert essence.parameters(L=3, d=64, d_kv=16, f=96, V=100) == model.parameters
    assert essence.flops(7e9, 1e12) == training_flops(7e9, 1e12)
    assert essence.activations(L=3, s=32, b=2, d=64, a=8) == activation_bytes(3, 64, 8, batch=2, length=32)
    assert essence.days(1e23, 64, 3e14, 0.4) == pytest.approx(training_days(1e23, 64, 3e14, 0.4))
