"""采样：下一个词怎么选出来 ‖ Sampling: how the next token is chosen

把温度拉到 2：尾巴抬起来了。再把 top-p 降到 0.5：只剩两三个词，概率重新归一。 ‖ Raise the temperature to 2: the tail
comes up. Then lower top-p to 0.5: two or three tokens stay, and their probabilities are renormalised.

top-p 拉到 1、min-p 设 0.1，温度从 1 升到 3，留下的词从 3 个变成 10 个，为什么？ ‖ With top-p 1 and min-p 0.1, raising the temperature
from 1 to 3 takes the tokens left from 3 to 10. Why?

min-p 的门槛是最大概率的一成，也就是除以温度之后的 logit 差不超过 ln 10 ≈ 2.3：温度 1 时原来的差要在 2.3 以内，温度 3 时放宽到 6.9，
全部进来。 ‖ min-p asks for a tenth of the largest probability: a logit at most ln 10 ≈ 2.3 below the largest, after the division
by the temperature. At 1 that is 2.3 of the original logits, at 3 it is 6.9, and all come in.
"""

# @markdown 温度 ‖ Temperature
temperature = 1.0  # @param {type:"slider", min:0.1, max:3, step:0.1}
# @markdown top-k
top_k = 10  # @param {type:"slider", min:1, max:10, step:1}
# @markdown top-p
top_p = 0.9  # @param {type:"slider", min:0.05, max:1, step:0.05}
# @markdown min-p
min_p = 0.0  # @param {type:"slider", min:0, max:0.5, step:0.02}
# @markdown 抽 100 次 ‖ Draw 100
draw = False  # @param {type:"boolean"}

import torch

from browser.charts import bars, timeline
from snippets.sampling import apply_temperature, gumbel_max, keep_min_p, keep_top_k, keep_top_p

words = (
    "光 夜 色 月 在 照 明 窗 下 ， ‖ mat sofa bed floor roof lap table moon sea ,".split()
)  # 床前明月___ ‖ The cat sat on the ___
logits = torch.tensor([6.0, 4.6, 4.1, 3.2, 2.9, 2.2, 1.8, 1.1, 0.6, 0.2])
rules = {f"÷ {temperature}": apply_temperature(logits, temperature)}  # 依次四条，次序不同结果也不同 ‖ in this order
rules[f"top-k {top_k}"] = keep_top_k(rules[f"÷ {temperature}"], top_k)
rules[f"top-p {top_p:.2f}"] = keep_top_p(rules[f"top-k {top_k}"], top_p)
last = rules[f"top-p {top_p:.2f}"]
rules[f"min-p {min_p:.2f}"] = last = keep_min_p(last, min_p) if min_p else last

before, probs = (logits / temperature).softmax(-1), last.softmax(-1)
kept = (probs > 0).tolist()
shown = [f"{100 * p:.1f}%" if p > 0 else "—" for p in probs.tolist()]
height, marks = torch.where(probs > 0, probs, before), None
if draw:  # 条是抽到的次数，竖线是概率 ‖ bars: how often it was drawn; lines: its probability
    drawn = gumbel_max(last.expand(100, -1), torch.Generator().manual_seed(0)).bincount(minlength=10)
    height, marks, shown = drawn / 100, probs, [f"{n} / {s}" for n, s in zip(drawn.tolist(), shown)]
bars(height, labels=words, kept=kept, shown=shown, marks=marks, key="next",
     title="床前明月___：抽到的次数 / 概率 ‖ The cat sat on the ___: times drawn / probability" if draw else "床前明月___ ‖ The cat sat on the ___")  # fmt: skip
timeline([(rule, [(word, "run" if x > -torch.inf else "quiet") for word, x in zip(words, left.tolist())]) for rule, left in rules.items()],
         title="四条规则依次留下谁 ‖ Whom the four rules leave, one after the other", key="rules")  # fmt: skip
covered = float(before[probs > 0].sum())
left = [int(rule.isfinite().sum()) for rule in rules.values()]
print(
    f"10 个词依次剩下 {left[1]}、{left[2]}、{left[3]} 个，它们原来一共占 {100 * covered:.1f}% ‖ of 10 tokens {left[1]}, {left[2]}, {left[3]} are left in turn; together they held {100 * covered:.1f}%"
)
