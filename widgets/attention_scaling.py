"""为什么除以 √d：16 个键上的权重 ‖ Why divide by √d: the weights over 16 keys

选“1”（不除），把 d 拉到 512：一个键几乎独占权重，能传回的梯度只剩三分之一。再换成 ÷√d：d 怎么变，分布都差不多。 ‖ Choose "1" (no division) and
raise d to 512: one key takes nearly all the weight, and a third of the gradient gets back. Then choose √d: whatever d is, the
distribution stays about the same.

换成 ÷d，d 越大权重越平，为什么这也不好？ ‖ With ÷d, weights get flatter as d grows. Why is that no good either?

点积的方差是 d，除以 d 之后方差只剩 1/d：分数都挤在 0 附近，softmax 接近均匀，查询分不出键。除以 √d 方差正好是 1，与 d 无关。 ‖ The
variance of a dot product is d; divided by d it is 1/d, so that all scores lie near 0, softmax is nearly uniform and a
query cannot tell keys apart. Divided by √d the variance is 1, whatever d is.
"""

# @markdown 头宽 d = 2 的几次方 ‖ Head width d = 2 to the power of
log2_d = 6  # @param {type:"slider", min:2, max:9, step:1}
# @markdown 分数除以 ‖ Scores divided by
divisor = "√d"  # @param ["1", "√d", "d"]

import torch

from browser.charts import bars
from browser.plot import lines
from snippets.attention_scaling import attention_scores, saturation


def scores_of(D, divisor):  # 只用前 d 个特征 ‖ with the first d features alone
    scale = {"1": 1.0, "√d": D**-0.5, "d": 1 / D}[divisor]
    return attention_scores(queries[..., :D], keys[..., :D], scale)


widths = range(2, 10)
if "scaling_curves" not in globals():  # 控件不改它们，只算一次 ‖ no control changes them: once
    torch.manual_seed(0)
    queries, keys = (
        torch.randn(16, 1, 512),
        torch.randn(16, 16, 512),
    )  # 16 个查询，各有 16 个键 ‖ 16 queries, 16 keys each
    scaling_curves = {f"÷ {by}": [float(saturation(scores_of(2**w, by))[2]) for w in widths] for by in ("1", "√d", "d")}
D = 2**log2_d
scores = scores_of(D, divisor)
variance, largest, gradient = (float(x) for x in saturation(scores))
weights = scores[0, 0].softmax(-1)
bars(weights, labels=[f"k{n}" for n in range(16)], top=1, title="一个查询的 16 个权重 ‖ The 16 weights of one query",
     shown=[f"{w:.3f}" for w in weights.tolist()], key="weights")  # fmt: skip

lines(scaling_curves | {f"d = {D}": [gradient if w == log2_d else torch.nan for w in widths]}, x=widths, xlabel="log₂ d",
      title="能传回的梯度，16 个查询的平均 ‖ What gradient gets back, mean of 16 queries", key="gradient")  # fmt: skip
print(
    f"d = {D}，分数的方差 {variance:.2f}，最大的权重平均 {largest:.2f}，梯度 {gradient:.3f} ‖ d = {D}: variance of the scores {variance:.2f}, largest weight {largest:.2f} on average, gradient {gradient:.3f}"
)
