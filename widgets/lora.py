"""LoRA：用两个窄矩阵逼近一次更新 ‖ LoRA: an update from two narrow matrices

把秩从 1 拉到 16：BA 越来越像要学的更新，误差落到截断 SVD 给出的下限附近，参数的份额也涨上去。再把位数降到 2：W₀ 的量化误差也要 BA 来补，误差又变大。 ‖ Raise
the rank from 1 to 16: BA comes to look like the update wanted, the error nears the bound that a truncated SVD gives, and the
share of parameters grows. Then lower the bits to 2: BA has to mend the error of quantization too.

秩已经是 8，为什么把 α 加大 4 倍并不会让最终误差更小？ ‖ At rank 8, why does four times the alpha not make the final error smaller?

α 只是 BA 前面的系数 α/r，它改变步子大小（等于改学习率），不改变 BA 能表示的矩阵：误差的下限由秩决定。 ‖ Alpha is only the factor α/r
before BA. It changes how far a step goes, like a learning rate, and not which matrices BA can be: the rank sets the bound.
"""

# @markdown 秩 r ‖ Rank r
rank = 4  # @param {type:"slider", min:1, max:16, step:1}
# @markdown α ‖ Alpha
alpha = 8  # @param {type:"slider", min:1, max:32, step:1}
# @markdown W₀ 的位数 ‖ Bits of W₀
bits = "16"  # @param ["16", "8", "4", "2"]
# @markdown ▸训练步数 ‖ ▸Training steps
steps = 40  # @param {type:"slider", min:0, max:80, step:2}

import torch
from torch import nn

from browser.charts import matrix
from browser.plot import lines
from snippets.lora import LoRALinear
from snippets.quantization import dequantize, quantize

C = 20
if "lora_target" not in globals():  # 控件不改它，只算一次 ‖ no control changes it: once
    torch.manual_seed(0)
    start = torch.randn(C, C) / C**0.5
    left, right = torch.linalg.qr(torch.randn(C, C))[0], torch.linalg.qr(torch.randn(C, C))[0]
    update = (
        left @ torch.diag(1.5 * 0.7 ** torch.arange(C)) @ right
    )  # 要学的，奇异值逐个减小 ‖ singular values that fall
    lora_target, whole = start + update, float(update.square().sum())


def gap():  # W₀ + BA 离目标还差多少 ‖ how far W₀ + BA is from the target
    return (layer.delta() - missing).square().sum()


errors = globals().get("lora_errors", [])
if (
    globals().get("lora_settings") != (rank, alpha, bits) or len(errors) > steps + 1
):  # 同样的设置接着训 ‖ the same go on
    lora_settings = (rank, alpha, bits)
    torch.manual_seed(1)
    base = nn.Linear(C, C, bias=False)
    base.weight.data = start if bits == "16" else dequantize(*quantize(start, int(bits)))
    layer = LoRALinear(base, rank, alpha)
    optimizer = torch.optim.Adam([layer.lora_a, layer.lora_b], lr=0.05)
    missing = lora_target - base.weight.detach()  # BA 要补上的 ‖ what BA has to add
    loss = gap()
    errors = [float(loss.detach()) / whole]
while len(errors) <= steps:
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    loss = gap()
    errors.append(float(loss.detach()) / whole)
lora_errors = errors

delta, size = layer.delta().detach(), float(lora_target.abs().max())
for key, title, values in (
    ("start", "W₀", base.weight.detach()), ("delta", f"BA，秩 {rank} ‖ BA, rank {rank}", delta),
    ("sum", "W₀ + BA", base.weight.detach() + delta), ("target", "目标 ‖ target", lora_target),
):  # fmt: skip
    matrix(values, largest=size, side=7.0, title=title, key=key)
best = float(torch.linalg.svdvals(missing)[rank:].square().sum()) / whole
lines({"误差 ‖ error": errors, f"秩 {rank} 的下限 ‖ bound of rank {rank}": [best] * (steps + 1)}, xlabel="训练步 ‖ step",
      title="W₀ + BA 离目标还差多少 ‖ How far W₀ + BA is from the target", key="loss")  # fmt: skip
share = rank * 2 * C / C**2
print(
    f"{steps} 步之后误差 {errors[-1]:.3f}，秩 {rank} 的下限 {best:.3f}；要训的参数是 {C}×{C} 的 {100 * share:.0f}%，换成 4096×4096 只有 {100 * rank * 2 / 4096:.2f}% ‖ after {steps} steps the error is {errors[-1]:.3f}, the bound of rank {rank} {best:.3f}; {100 * share:.0f}% of {C}×{C} is trained, and {100 * rank * 2 / 4096:.2f}% it would be of 4096×4096"
)
