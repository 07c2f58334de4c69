"""解码竞赛：一次大模型调用换几个词 ‖ A race of decoders: how many tokens for one call

把一致程度拉到 1、草稿长度拉到 6：每次调用得 7 个词。再拉到 0.3：草稿大半被拒，长草稿白写了。再看束宽：1 只走眼前最可能的词，加到 2 就找到总概率更高的句子。 ‖ Raise
agreement to 1 and the draft to 6: each call gives 7 tokens. Lower it to 0.3: most of the draft is refused, and long drafts are
wasted. A beam of 1 takes the likeliest token each time; widened to 2 it finds a
likelier sentence.

草稿模型总是猜不准，推测解码会不会把输出的质量拉低？ ‖ If the draft model is a bad guesser, does speculative decoding lower the quality?

不会。被拒的位置用大模型减去草稿之后剩下的分布重抽，输出的分布与大模型自己抽的完全一样，猜不准只是少省几次调用。 ‖ No. A refused place is
drawn again from what the draft gave too little, so the output is distributed exactly as the large model's own; bad guesses
only save fewer calls.
"""

# @markdown 草稿长度 ‖ Draft length
lookahead = 4  # @param {type:"slider", min:1, max:8, step:1}
# @markdown 一致程度 ‖ Agreement
agreement = 0.7  # @param {type:"slider", min:0, max:1, step:0.05}
# @markdown 束宽 ‖ Beam width
beams = 2  # @param {type:"slider", min:1, max:4, step:1}
# @markdown ▸第几步 ‖ ▸Step
step = 6  # @param {type:"slider", min:1, max:6, step:1}

import torch

from browser.charts import timeline, tree
from snippets.beam_search import beam_search
from snippets.speculative_decoding import verify

words = "今天 天气 真 好 ， 我们 去 爬山 吧 。 ‖ now it is fine so we go out again .".split()
V = len(words)
# 大模型：看前一个词，给下一个词的 logits ‖ the large model: logits of the next token by the last one
torch.manual_seed(0)
table = 0.3 * torch.randn(V, V)
for word, following, logit in (
    (0, 1, 3.0), (0, 5, 2.8), (1, 2, 1.6), (1, 3, 1.4), (1, 6, 1.3), (2, 3, 3.0), (3, 4, 3.0), (4, 5, 3.0),
    (5, 6, 4.5), (6, 7, 4.5), (7, 8, 4.5), (8, 9, 4.0), (9, 0, 3.0),
):  # fmt: skip
    table[word, following] = logit
large = table.softmax(-1)
draft = agreement * large + (1 - agreement) * torch.full((V, V), 1 / V)  # 草稿：一部分像它，一部分乱猜 ‖ partly alike

generator = torch.Generator().manual_seed(0)
last, passes, accepted = 0, [], 0
for _ in range(step):
    drafted, at = [], last
    for _ in range(lookahead):
        at = int(torch.multinomial(draft[at], 1, generator=generator))
        drafted.append(at)
    rows = torch.tensor([last, *drafted])
    new, count = verify(torch.tensor(drafted), draft[rows[:-1]], large[rows], generator)
    boxes = [(words[t], "run" if n < count else "quiet") for n, t in enumerate(drafted)]
    boxes.insert(count, (words[int(new[-1])], "third"))  # 大模型自己的那个词 ‖ the large model's own token
    passes.append((f"{len(passes) + 1}", boxes[: count + 2]))
    last, accepted = int(new[-1]), accepted + count
timeline(passes, names={"run": "接受 ‖ accepted", "third": "大模型的 ‖ its own", "quiet": "拒绝 ‖ refused"},
         title="推测解码：一行是一次大模型调用 ‖ Speculative decoding: a row is one call", key="draft")  # fmt: skip


def model(ids):  # beam_search 要的形式 ‖ as beam_search wants it
    return table[ids]


kept = [([0], 0.0)]
levels = [[(words[0], 0, "", True)]]
for _ in range(min(step, 4)):  # 每束展开两个最好的，留下总分最高的 ‖ each beam's two best; the highest sums stay
    found = [([*seq, t], total + float(large[seq[-1], t].log()), parent)
             for parent, (seq, total) in enumerate(kept) for t in large[seq[-1]].topk(min(2, V)).indices.tolist()]  # fmt: skip
    best = sorted(range(len(found)), key=lambda n: -found[n][1])
    alive = [n for n, node in enumerate(levels[-1]) if node[3]]
    levels.append(
        [
            (words[found[n][0][-1]], alive[found[n][2]], f"{found[n][1]:.2f}", rank < beams)
            for rank, n in enumerate(best)
        ]
    )
    kept = [found[n][:2] for n in best[:beams]]
tree(levels, title="束搜索：方框下是 log p 的和 ‖ Beam search: sums of log p", key="beams")
[(found, score), *_] = beam_search(model, torch.tensor([0]), beams, min(step, 4), alpha=0)
per_call = (accepted + step) / step
sentence = " ".join(words[t] for t in [0, *found])
print(
    f"{step} 次调用得 {accepted + step} 个词，每次 {per_call:.1f} 个；束宽 {beams} 找到「{sentence}」，log p = {score:.2f} ‖ {step} calls gave {accepted + step} tokens, {per_call:.1f} a call; a beam of {beams} finds “{sentence}”, log p = {score:.2f}"
)
