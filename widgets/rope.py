"""RoPE：每一对特征是一只钟 ‖ RoPE: every pair of features is a clock

让 m 和 n 一起加 10：两根指针都转了，夹角（绿色）一点没变。再把 n 拉远，快的钟转了许多圈，慢的才动一点。 ‖ Raise m and n by 10
both: the hands turn, and the angle between them (green) stays. Then move n away: the fast clocks go round many times, the
slow ones hardly move.

为什么把位置从 4096 外推到 16384 会出问题，而把位置除以 4 就好得多？ ‖ Why does going from position 4096 to 16384 fail, and why
does dividing positions by 4 help?

最慢的钟在训练长度里转不满一圈，更远的位置给出从没见过的角度；位置除以 4（PI）把角度压回见过的范围，代价是快的钟分不清相邻位置，
NTK 换底数，让快的钟几乎不变。 ‖ The slowest clocks never completed a turn in training, so positions beyond give angles never seen.
Dividing positions (PI) brings them back, at the price that fast clocks blur neighbours; NTK changes the base, and leaves
the fast ones nearly as they were.
"""

# @markdown 查询的位置 m ‖ Position m of the query
m = 12  # @param {type:"slider", min:0, max:64, step:1}
# @markdown 键的位置 n ‖ Position n of the key
n = 7  # @param {type:"slider", min:0, max:64, step:1}
# @markdown 底数 10 的几次方 ‖ Base: 10 to the power of
log_base = 4.0  # @param {type:"slider", min:1, max:6, step:0.5}
# @markdown 窗口扩大几倍 ‖ Window extended by
factor = 4  # @param {type:"slider", min:1, max:8, step:1}
# @markdown 怎样扩大 ‖ How
method = "none"  # @param ["none", "PI", "NTK"]

import torch

from browser.charts import dial
from browser.plot import lines
from snippets.alibi import alibi_slopes
from snippets.ntk_rope import ntk_frequencies
from snippets.position_interpolation import interpolated_angles
from snippets.rope import rope_frequencies

D, base = 16, 10.0**log_base
ways = {
    "none": rope_frequencies(D, base),
    "PI": interpolated_angles(torch.tensor(1), D, factor, base),  # 位置除以倍数 ‖ positions divided by the factor
    "NTK": ntk_frequencies(D, factor, base),  # 换一个更大的底数 ‖ a larger base
}
theta = ways[method]  # 每对特征每个位置转的角度 ‖ what each pair turns by per position
dial({f"q, m = {m}": m * theta, f"k, n = {n}": n * theta}, labels=[f"θ{j} = {t:.2g}" for j, t in enumerate(theta.tolist())],
     title="8 对特征，从快到慢 ‖ 8 pairs of features, from fast to slow", key="clocks")  # fmt: skip

distance = torch.arange(0, 257, 4)
score = {
    name: torch.cos(distance[:, None] * t).mean(-1) for name, t in ways.items()
}  # q = k 时的分数 ‖ the score where q = k
score["ALiBi"] = 1 - alibi_slopes(8)[5] * distance  # 随距离直线下降 ‖ falls in a straight line
shown = ["none", method, "ALiBi"] if method != "none" else ["none", "ALiBi"]
lines({name: score[name].clamp(min=-1) for name in shown}, x=distance, xlabel="m − n",
      title="q = k 时，分数随距离怎样变 ‖ The score over distance where q = k", key="score")  # fmt: skip
here = float(torch.cos((m - n) * theta).mean())
turns = abs(m - n) * float(theta[0]) / 6.2832
print(
    f"m − n = {m - n}，分数 {here:.3f}（q = k 时）；最快的钟差 {turns:.2f} 圈 ‖ m − n = {m - n}, score {here:.3f} where q = k; the fastest clock is {turns:.2f} turns apart"
)
