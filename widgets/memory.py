"""显存与开销：装得下吗，要多久 ‖ Memory and cost: does it fit, and how long does it take

选 70B、上下文 2k，把 ZeRO 从 0 拨到 3、卡数加到 64：训练从一千多 GB 缩到一张卡装得下。再把 KV 头从 all 换成 8，看推理的缓存。 ‖ Choose 70B and
2k, move ZeRO from 0 to 3 and the GPUs to 64: training shrinks from more than 1000 GB to what one card holds. Then set the KV heads to 8,
and watch the cache of inference.

7B 的模型 16 位权重只有 14 GB，为什么用 Adam 全量训练要 100 GB 以上？ ‖ A model of 7B has 14 GB of 16-bit weights. Why does full
training with Adam take more than 100 GB?

每个参数除了 2 字节权重，还有 2 字节梯度和 12 字节优化器状态（fp32 的主权重与两个矩），一共 16 字节；激活值另算。 ‖ Beside 2 bytes of
weight, each parameter has 2 of gradient and 12 of optimizer state (fp32 master weight and two moments): 16 in all, and
activations come on top.
"""

# @markdown 模型 ‖ Model
model = "7B"  # @param ["1B", "7B", "13B", "70B"]
# @markdown 上下文 ‖ Context
context = "4k"  # @param ["2k", "4k", "32k", "128k"]
# @markdown 推理的权重 ‖ Weights for inference
precision = "16 bit"  # @param ["16 bit", "8 bit", "4 bit"]
# @markdown KV 头 ‖ KV heads
kv_heads = "all"  # @param ["all", "8", "1"]
# @markdown ZeRO 阶段 ‖ ZeRO stage
stage = "0"  # @param ["0", "1", "2", "3"]
# @markdown 卡数 ‖ GPUs
gpus = 8  # @param {type:"slider", min:1, max:64, step:1}
# @markdown 同时几条 ‖ Sequences at once
batch = 8  # @param {type:"slider", min:1, max:128, step:1}

from browser.charts import bars
from snippets.model_size import Decoder, activation_bytes, training_days, training_flops
from snippets.zero_memory import rank_bytes

sizes = {
    "1B": (16, 2048, 32, 8192),
    "7B": (32, 4096, 32, 11008),
    "13B": (40, 5120, 40, 13824),
    "70B": (80, 8192, 64, 28672),
}
layers, width, heads, hidden = sizes[model]
length = int(context[:-1]) * 1024
decoder = Decoder(layers, width, heads, hidden, 32000, kv_heads=heads if kv_heads == "all" else int(kv_heads))
N, GB = decoder.parameters, 1e9

held = [rank_bytes(N, gpus, int(stage)) / GB]  # 一张卡：权重、梯度、优化器 ‖ one card: weights, gradients, optimizer
kept = (
    activation_bytes(layers, width, heads, 1, length, flash=True) / GB
)  # 每卡一条，FlashAttention ‖ one sequence a card
bars({"权重＋梯度＋Adam ‖ weights, gradients, Adam": held, "激活值 ‖ activations": [kept]}, labels=["每卡 ‖ a card"],
     limits={"24 GB": 24, "80 GB": 80}, shown=[f"{held[0] + kept:.0f} GB"], top=max(100, held[0] + kept),
     title="训练，一张卡上 ‖ Training, on one card", key="training")  # fmt: skip

weights = N * {"16 bit": 2, "8 bit": 1, "4 bit": 0.5}[precision] / GB
cache = decoder.cache_bytes(batch, length) / GB
bars({"权重 ‖ weights": [weights], "KV 缓存 ‖ KV cache": [cache]}, labels=["全部 ‖ in all"],
     limits={"24 GB": 24, "80 GB": 80}, shown=[f"{weights + cache:.0f} GB"], top=max(100, weights + cache),
     title=f"推理，{batch} 条 × {context} ‖ Inference, {batch} × {context}", key="inference")  # fmt: skip

days = training_days(
    training_flops(N, 20 * N), gpus, 989e12, 0.4
)  # 每个参数 20 个 token，H100 利用率 40% ‖ 20 tokens a parameter
speed = (
    batch * gpus * 3350 / (weights + cache)
)  # 每步把权重和缓存读一遍，3350 GB/s ‖ each step reads weights and cache once
fits = "装得下 ‖ fits" if held[0] + kept <= 80 else "装不下 ‖ does not fit"
print(
    f"{N / 1e9:.1f}B 参数。训练每卡 {held[0] + kept:.0f} GB（80 GB 的卡{fits}），{gpus} 张 H100 训 {20 * N / 1e9:.0f}B token 约 {days:.0f} 天 ‖ {N / 1e9:.1f}B parameters. Training takes {held[0] + kept:.0f} GB a card ({fits} on 80 GB); {gpus} H100 need about {days:.0f} days for {20 * N / 1e9:.0f}B tokens"
)
print(
    f"推理 {weights + cache:.0f} GB，读得再快也不超过每秒 {speed:.0f} 个 token ‖ Inference takes {weights + cache:.0f} GB, and gives at most {speed:.0f} tokens a second"
)
