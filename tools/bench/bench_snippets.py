"""The fast forms against what one would take instead: time and peak memory, each side in a process of its own.

A side is a function that makes its inputs, the same for both sides, and returns the call to measure. Imports of other
libraries stand inside, so that trl's sides run in their own environment (`make oracles`).
"""

import gc
import json
import os
import random
import re
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn

from tools.bench.table import Row, middle

TITLE = "代码：快的写法与常用的库相比"
ROOT = Path(__file__).parents[2]
TRL_PYTHON = ROOT / ".venv-oracles" / "bin" / "python"
ROUNDS = 3  # processes of each side, in turns; of their medians the median counts
Call = Callable[[], object]
SIDES: dict[str, Callable[[str], Call]] = {}


def side(function: Callable[[str], Call]) -> Callable[[str], Call]:
    """Register a side under its function's name."""
    SIDES[function.__name__] = function
    return function


def with_backward(call: Callable[[], Tensor], *parameters: Tensor) -> Call:
    """The call, and the gradient of its sum, given back at the end."""

    def both() -> None:
        call().sum().backward()
        for parameter in parameters:
            parameter.grad = None

    return both


def _episodes(device: str) -> tuple[Tensor, Tensor, Tensor]:
    """Rewards, values, and a mask of responses that end early."""
    mask = torch.arange(2048, device=device) < torch.randint(200, 2049, (64, 1), device=device)
    return *torch.randn(2, 64, 2048, device=device).unbind(), mask


@side
def gae_ours(device: str) -> Call:
    """The scan, and whitening: trl's function does both."""
    from snippets.gae import gae_scan, whiten

    rewards, values, mask = _episodes(device)
    return lambda: whiten(gae_scan(rewards, values, mask=mask)[0], mask)


@side
def gae_trl(device: str) -> Call:
    """The loop of trl 0.11.4, and whitening."""
    from trl.trainer.ppo_trainer import PPOTrainer

    rewards, values, mask = _episodes(device)
    trainer = SimpleNamespace(config=SimpleNamespace(gamma=1.0, lam=0.95, whiten_rewards=False))
    return lambda: PPOTrainer.compute_advantages(trainer, values, rewards, mask.float())


def mixed_text(size: int) -> list[str]:
    """About `size` bytes of made-up Chinese and English lines whose words are as unequal as real ones (Zipf)."""
    rng = random.Random(0)
    signs = [chr(0x4E00 + at) for at in range(3000)]
    by_rank = list(accumulate(1 / rank for rank in range(1, 3001)))
    chinese = ["".join(rng.choices(signs, cum_weights=by_rank, k=rng.randint(1, 3))) for _ in range(20_000)]
    english = ["".join(rng.choices("etaoinshrdlucmfwypvbgk", k=rng.randint(2, 9))) for _ in range(20_000)]
    by_rank = list(accumulate(1 / rank for rank in range(1, 20_001)))
    lines: list[str] = []
    written = 0
    while written < size:
        clauses = ("".join(rng.choices(chinese, cum_weights=by_rank, k=rng.randint(2, 5))) for _ in range(3))
        words = " ".join(rng.choices(english, cum_weights=by_rank, k=rng.randint(5, 15)))
        lines.append("，".join(clauses) + f"。{words}.")
        written += len(lines[-1].encode())
    return lines


@side
def bpe_ours(device: str) -> Call:
    """Words counted and 4,096 merges learned."""
    from snippets.bpe import count_words, train

    texts = mixed_text(5_000_000)
    return lambda: train(count_words(texts), 4096)


@side
def bpe_tokenizers(device: str) -> Call:
    """The same by tokenizers, in one thread."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    texts = mixed_text(5_000_000)
    alphabet = pre_tokenizers.ByteLevel.alphabet()

    def learn() -> None:
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.train_from_iterator(
            texts,
            trainers.BpeTrainer(vocab_size=256 + 4096, min_frequency=2, initial_alphabet=alphabet, show_progress=False),
        )

    return learn


def _logits(device: str) -> Tensor:
    return 3 * torch.randn(64, 151_936, device=device)


@side
def sampling_ours(device: str) -> Call:
    """Top-k 50, then top-p 0.9, among the shortlist."""
    from snippets.sampling import sample_from_top

    logits = _logits(device)
    return lambda: sample_from_top(logits, top_k=50, temperature=0.8, top_p=0.9)


@side
def sampling_transformers(device: str) -> Call:
    """transformers' three warpers and torch.multinomial."""
    from transformers.generation import logits_process as warpers

    logits = _logits(device)
    chain = warpers.LogitsProcessorList(
        [
            warpers.TemperatureLogitsWarper(0.8),
            warpers.TopKLogitsWarper(50),
            warpers.TopPLogitsWarper(0.9),
        ]
    )
    return lambda: torch.multinomial(chain(None, logits).softmax(dim=-1), num_samples=1)


def _heads(device: str) -> tuple[Tensor, ...]:
    return tuple(torch.randn(1, 8, 2048, 64, device=device).requires_grad_() for _ in range(3))


@side
def self_attention_ours(device: str) -> Call:
    """The fused form, causal, forwards and backwards."""
    from snippets.self_attention import attention_fused

    heads = _heads(device)
    return with_backward(lambda: attention_fused(*heads, causal=True), *heads)


@side
def self_attention_torch(device: str) -> Call:
    """torch's own function."""
    heads = _heads(device)
    return with_backward(lambda: nn.functional.scaled_dot_product_attention(*heads, is_causal=True), *heads)


@side
def self_attention_plain(device: str) -> Call:
    """The plain form, for comparison."""
    from snippets.self_attention import attention, causal_mask

    heads = _heads(device)
    return with_backward(lambda: attention(*heads, causal_mask(2048, device))[0], *heads)


def _preferences(device: str) -> tuple[Tensor, Tensor, Tensor]:
    """Logits and labels of four chosen and four rejected responses, and the reference's log-probabilities."""
    logits = torch.randn(8, 1024, 32_000, device=device).requires_grad_()
    return logits, torch.randint(32_000, (8, 1024), device=device), torch.full((8,), -1e4, device=device)


@side
def dpo_loss_ours(device: str) -> Call:
    """From logits to the loss and back, block by block."""
    from snippets.dpo_loss import dpo_loss, sequence_logps_by_block

    logits, labels, reference = _preferences(device)

    def loss() -> Tensor:
        logps = sequence_logps_by_block(logits, labels)
        return dpo_loss(*logps.chunk(2), *reference.chunk(2))[0]

    return with_backward(loss, logits)


@side
def dpo_loss_trl(device: str) -> Call:
    """From logits to the loss and back, by trl 0.11.4."""
    from trl import DPOTrainer
    from trl.trainer.dpo_config import FDivergenceType

    logits, labels, reference = _preferences(device)
    trainer = SimpleNamespace(
        accelerator=SimpleNamespace(device=device),
        beta=0.1,
        f_divergence_params=None,
        f_divergence_type=FDivergenceType.REVERSE_KL.value,
        label_smoothing=0.0,
        loss_type="sigmoid",
        reference_free=False,
    )

    def loss() -> Tensor:
        logps, _ = DPOTrainer.get_batch_logps(logits, labels)
        return DPOTrainer.dpo_loss(trainer, *logps.chunk(2), *reference.chunk(2))[0]

    return with_backward(loss, logits)


def _adapted(device: str) -> tuple[nn.Linear, Tensor]:
    return nn.Linear(1024, 1024, bias=False, device=device), torch.randn(8, 256, 1024, device=device).requires_grad_()


@side
def lora_ours(device: str) -> Call:
    """Rank 8 on a layer of 1,024 by 1,024, forwards and backwards."""
    from snippets.lora import LoRALinear

    base, x = _adapted(device)
    layer = LoRALinear(base, rank=8, alpha=16.0)
    return with_backward(lambda: layer(x), x, layer.lora_a, layer.lora_b)


@side
def lora_peft(device: str) -> Call:
    """The same by peft."""
    from peft import LoraConfig
    from peft.tuners.lora import Linear

    base, x = _adapted(device)
    layer = Linear(base.requires_grad_(False), "default", LoraConfig(), r=8, lora_alpha=16)
    return with_backward(lambda: layer(x), x, *layer.lora_A.parameters(), *layer.lora_B.parameters())


@side
def lora_merged(device: str) -> Call:
    """Merged, forwards."""
    from snippets.lora import LoRALinear

    base, x = _adapted(device)
    layer = LoRALinear(base, rank=8, alpha=16.0)
    layer.merge()
    return torch.no_grad()(lambda: layer(x))


@side
def lora_bare(device: str) -> Call:
    """The bare layer, forwards."""
    base, x = _adapted(device)
    return torch.no_grad()(lambda: base(x))


def _documents() -> list[str]:
    rng = random.Random(0)
    signs = [chr(0x4E00 + at) for at in range(2000)]
    return ["".join(rng.choices(signs, k=rng.randint(30, 90))) for _ in range(100_000)]


@side
def minhash_ours(device: str) -> Call:
    """Signatures of 128 numbers of 100,000 texts of 30 to 90 characters, shingles included."""
    from snippets.minhash import signatures

    texts = _documents()
    return lambda: signatures(texts, device=device)


@side
def minhash_datasketch(device: str) -> Call:
    """The same by datasketch, in bulk."""
    from datasketch import MinHash

    from snippets.minhash import shingles

    texts = _documents()
    return lambda: MinHash.bulk(([s.encode() for s in shingles(text)] for text in texts), num_perm=128)


def _dtype(device: str) -> torch.dtype:
    return torch.bfloat16 if device == "cuda" else torch.float32  # what one trains in there


def _turned(device: str) -> tuple[Tensor, ...]:
    return tuple(torch.randn(8, 8, 512, 64, device=device, dtype=_dtype(device)).requires_grad_() for _ in range(2))


@side
def rope_ours(device: str) -> Call:
    """Queries and keys of 8 x 8 heads, 512 positions, turned, forwards and backwards."""
    from snippets.rope import rope, rope_angles, rope_frequencies

    query, key = _turned(device)
    cos, sin = rope_angles(torch.arange(512, device=device), rope_frequencies(64, device=device))
    return with_backward(lambda: rope(query, cos, sin) + rope(key, cos, sin), query, key)


@side
def rope_transformers(device: str) -> Call:
    """The same by transformers' Llama."""
    from transformers.models.llama.modeling_llama import apply_rotary_pos_emb

    from snippets.rope import rope_angles, rope_frequencies

    query, key = _turned(device)
    angles = rope_angles(torch.arange(512, device=device), rope_frequencies(64, device=device))
    cos, sin = (torch.cat([half, half], dim=-1)[None].to(query.dtype) for half in angles)
    return with_backward(lambda: sum(apply_rotary_pos_emb(query, key, cos, sin)), query, key)


def _states(device: str) -> Tensor:
    return torch.randn(4, 512, 1024, device=device, dtype=_dtype(device)).requires_grad_()


@side
def rms_norm_ours(device: str) -> Call:
    """4 x 512 tokens of width 1,024, forwards and backwards, through torch's kernel."""
    from snippets.rms_norm import rms_norm_fused

    x, weight = _states(device), nn.Parameter(torch.ones(1024, device=device, dtype=_dtype(device)))
    return with_backward(lambda: rms_norm_fused(x, weight), x, weight)


@side
def rms_norm_transformers(device: str) -> Call:
    """The same by transformers' Llama."""
    from transformers.models.llama.modeling_llama import LlamaRMSNorm

    x, norm = _states(device), LlamaRMSNorm(1024).to(device, _dtype(device))
    return with_backward(lambda: norm(x), x, norm.weight)


@side
def swiglu_ours(device: str) -> Call:
    """4 x 512 tokens, width 1,024, hidden 2,816, forwards and backwards, gate and up in one matrix."""
    from snippets.swiglu import swiglu_packed

    x, like = _states(device), {"device": device, "dtype": _dtype(device)}
    gate_up = nn.Parameter(torch.randn(2 * 2816, 1024, **like) / 32)
    down = nn.Parameter(torch.randn(1024, 2816, **like) / 53)
    return with_backward(lambda: swiglu_packed(x, gate_up, down), x, gate_up, down)


@side
def swiglu_transformers(device: str) -> Call:
    """The same by transformers' Llama."""
    from transformers import LlamaConfig
    from transformers.models.llama.modeling_llama import LlamaMLP

    x, network = _states(device), LlamaMLP(LlamaConfig(hidden_size=1024, intermediate_size=2816))
    network.to(device, _dtype(device))
    return with_backward(lambda: network(x), x, *network.parameters())


def _head(device: str) -> tuple[Tensor, Tensor, Tensor]:
    """Last states, the head's weight and labels: 2,048 positions, a vocabulary of 32,000."""
    hidden = torch.randn(2048, 256, device=device, requires_grad=True)
    weight = torch.randn(32_000, 256, device=device, requires_grad=True)
    return hidden, weight, torch.randint(32_000, (2048,), device=device)


@side
def cross_entropy_ours(device: str) -> Call:
    """256 positions' logits at a time."""
    from snippets.cross_entropy import linear_cross_entropy

    hidden, weight, labels = _head(device)
    return with_backward(lambda: linear_cross_entropy(hidden, weight, labels, chunk=256), hidden, weight)


@side
def cross_entropy_torch(device: str) -> Call:
    """All logits, and torch's loss."""
    hidden, weight, labels = _head(device)
    return with_backward(lambda: nn.functional.cross_entropy(hidden @ weight.T, labels), hidden, weight)


@dataclass(frozen=True)
class Against:
    """A comparison: what is measured, the two sides, and how many times as fast ours must be, by device."""

    what: str
    ours: str
    theirs: str
    cpu: float
    cuda: float | None = None  # None: only on the CPU
    memory: float | None = None  # ours may take at most so much of theirs


EQUAL = 0.95  # "no slower", and what two runs of the same code differ by
TABLE = [
    Against("`gae_scan` 与白化，B=64、T=2,048；对 trl 0.11.4 的循环", "gae_ours", "gae_trl", 10, 30),
    Against(
        "`bpe` 训练，5 MB 中英文、4,096 次合并；对 tokenizers（Rust，单线程）",
        "bpe_ours", "bpe_tokenizers", 1 / 15,
    ),
    Against(
        "`sampling`，B=64、V=151,936，top-k 50、top-p 0.9；对 transformers 的 warper 加 multinomial",
        "sampling_ours", "sampling_transformers", 1.5, 1.5,
    ),
    Against(
        "`attention_fused`，B=1、H=8、T=2,048、D=64，因果，前向加反向；对 `F.scaled_dot_product_attention`",
        "self_attention_ours", "self_attention_torch", 1 / 1.1, 1 / 1.1,
    ),
    Against(
        "`attention_fused`，同上；对本页的朴素写法 `attention`",
        "self_attention_ours", "self_attention_plain", 1, 1,
    ),
    Against(
        "`dpo_loss` 从 logits 起，B=8、T=1,024、V=32,000，前向加反向；对 trl 0.11.4",
        "dpo_loss_ours", "dpo_loss_trl", EQUAL, EQUAL, memory=0.6,
    ),
    Against(
        "`linear_cross_entropy`，2,048 个位置、C=256、V=32,000，前向加反向；对 `F.cross_entropy`",
        "cross_entropy_ours", "cross_entropy_torch", 1 / 1.1, 1 / 1.1, memory=0.4,
    ),
    Against("`lora` 前向加反向，1,024 × 1,024、r=8、2,048 个 token；对 peft", "lora_ours", "lora_peft", EQUAL, EQUAL),
    Against("`lora` 合并后的前向；对裸的 `nn.Linear`", "lora_merged", "lora_bare", EQUAL, EQUAL),
    Against(
        "`minhash`，100,000 条 30 到 90 字的文本、128 个哈希；对 datasketch",
        "minhash_ours", "minhash_datasketch", 5, 5,
    ),
    Against(
        "`rope` 前向加反向，B=8、H=8、T=512、D=64；对 transformers",
        "rope_ours", "rope_transformers", EQUAL, EQUAL,
    ),
    Against(
        "`rms_norm_fused` 前向加反向，2,048 × 1,024；对 transformers",
        "rms_norm_ours", "rms_norm_transformers", EQUAL, EQUAL,
    ),
    Against(
        "`swiglu_packed` 前向加反向，2,048 × 1,024、K=2,816；对 transformers",
        "swiglu_ours", "swiglu_transformers", EQUAL, EQUAL,
    ),
]  # fmt: skip


def figures(name: str, device: str) -> dict[str, float]:
    """Median seconds of a side's call after one to warm up, and its peak memory in MB beyond the inputs.

    On the CPU, seconds of processor time: with one thread that is the wall's, and other processes do not count.
    """
    clock = time.perf_counter if device == "cuda" else time.process_time
    torch.manual_seed(0)
    call = SIDES[name](device)
    call()
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here
    before, seconds = _status("VmRSS"), list[float]()
    if device == "cuda":
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
    while len(seconds) < 3 or (sum(seconds) < 1 and len(seconds) < 50):
        start = clock()
        call()
        if device == "cuda":
            torch.cuda.synchronize()
        seconds.append(clock() - start)
    peak = torch.cuda.max_memory_allocated() if device == "cuda" else _status("VmHWM")
    return {"seconds": middle(seconds), "memory": (peak - before) / 2**20}


def _status(field: str) -> int:
    """Bytes, from Linux's account of this process."""
    found = re.search(rf"{field}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) * 1024 if found else 0


def measured(name: str, device: str) -> dict[str, float]:
    """`figures` of a side in a new process, one thread, with the Python that has its library."""
    python = TRL_PYTHON if name.endswith("_trl") else Path(sys.executable)
    environment = os.environ | {"OMP_NUM_THREADS": "1", "RAYON_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    command = [python, "-W", "ignore", "-m", "tools.bench.bench_snippets", name, device]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def compared(against: Against, device: str, goal: float) -> Row:
    """One row of the table: the two sides in turns, so that a busy moment hits both."""
    rounds = [[measured(name, device) for name in (against.ours, against.theirs)] for _ in range(ROUNDS)]
    (ours, theirs), (our_memory, their_memory) = (
        [middle([pair[at][key] for pair in rounds]) for at in (0, 1)] for key in ("seconds", "memory")
    )
    ratio = middle([pair[1]["seconds"] / pair[0]["seconds"] for pair in rounds])
    share = our_memory / max(their_memory, 1)
    memory = f"峰值内存 {share:.2f} 倍：{our_memory:,.0f} 对 {their_memory:,.0f} MB"
    if max(our_memory, their_memory) < 10:  # less than an allocator keeps back
        memory = "峰值内存都不到 10 MB"
    asked = "不慢于（±5% 算持平）" if goal == EQUAL else f"≥ {goal:.3g} 倍"
    if against.memory:
        asked += f"，内存 ≤ {against.memory} 倍"
    return Row(
        f"{against.what}（{'GPU' if device == 'cuda' else 'CPU'}）",
        f"{ratio:.2f} 倍速：{_time(ours)} 对 {_time(theirs)}；{memory}",
        asked,
        ratio >= goal and (against.memory is None or share <= against.memory),
    )


def _time(seconds: float) -> str:
    """Seconds or milliseconds, three digits."""
    return f"{seconds:.3g} s" if seconds >= 1 else f"{seconds * 1000:.3g} ms"


def bpe_against_plain() -> Row:
    """Training against the plain form, which would take an hour: at least what its cheapest merges would cost.

    A merge costs the plain form as much as the corpus has tokens. Ten are timed; all 4,096 take at least 4,096 times
    as long as one with the fewest tokens, those left at the end.
    """
    from snippets.bpe import BPE, count_words, train, train_plain

    words = count_words(mixed_text(5_000_000))
    start = time.process_time()
    merges = train(words, 4096)
    fast = time.process_time() - start
    start = time.process_time()
    train_plain(words, 10)
    one = (time.process_time() - start) / 10
    tokenizer = BPE(merges)
    share = sum(len(tokenizer.encode_word(word)) for word in words) / sum(map(len, words))
    plain = one * 4096 * share
    return Row(
        "`bpe` 训练，5 MB 中英文、4,096 次合并，不计切词；对朴素的 `train_plain`（CPU）",
        f"≥ {plain / fast:,.0f} 倍速：{_time(fast)} 对至少 {_time(plain)}"
        f"（前 10 次合并每次 {_time(one)}，最后剩下 {share:.0%} 的 token）",
        "≥ 100 倍",
        plain / fast >= 100,
    )


def measure() -> list[Row]:
    """Every comparison on the CPU, and on a GPU where there is one."""
    rows = [bpe_against_plain()]
    for against in TABLE:
        goals: dict[str, Any] = {"cpu": against.cpu}
        if against.cuda and torch.cuda.is_available():
            goals["cuda"] = against.cuda
        for device, goal in goals.items():
            if against.theirs.endswith("_trl") and not TRL_PYTHON.exists():
                rows.append(Row(against.what, "未测：没有 trl 的环境（make oracles）"))
            else:
                rows.append(compared(against, device, goal))
    return rows


if __name__ == "__main__":
    print(json.dumps(figures(*sys.argv[1:])))
