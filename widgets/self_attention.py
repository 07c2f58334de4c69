"""注意力：空格该看谁 ‖ Attention: whom the blank looks at

点（或用方向键选）空格那一行：它几乎只看“书”，所以猜“本”。把掩码换成 causal：后面的字看不见了，猜错。也可以改句子，空格写成 _。 ‖
The blank looks at "keys", not at the nearer "door", so it says "are". Set the mask to window: "keys" is out of sight, and the
guess turns to "is". Point at another row, or write a sentence of your own with the blank as _.

换成 window（宽 3）之后，空格为什么猜不出来了？把窗口加宽有用吗？ ‖ With a window of 3, why can the blank not be
guessed any more? How wide must the window be?

窗口 w 只看自己和前面 w − 1 个位置，决定答案的词在窗口外，分数在 softmax 之前就被换成了最低值，权重是 0。窗口要够得着那个词；中文例句里它在
后面，多宽都没有用，要换成 none，或者 prefix 而且长度到 6。 ‖ A window of w sees itself and the w − 1 before; the deciding word lies outside, its score
was replaced by the lowest number before the softmax, and its weight is 0. The window must reach back to that word: 5.
"""

# @markdown 句子，空格写成 _ ‖ A sentence; write the blank as _
text = "我买了一_书和两条鱼 ‖ the keys to the door _ old"  # @param {type:"string"}
# @markdown 掩码 ‖ Mask
mask = "none"  # @param ["none", "causal", "window", "prefix", "padding"]
# @markdown 窗口 / 前缀 / 句子的长度 ‖ Length of window, prefix or sentence
size = 3  # @param {type:"slider", min:1, max:12, step:1}
# @markdown 哪一行（查询），0 是空格 ‖ Which row (query); 0: the blank
row = 0  # @param {type:"slider", min:0, max:12, step:1}
# @markdown 头 ‖ Head
head = 1  # @param {type:"slider", min:1, max:2, step:1}

import torch

from browser.charts import arcs, bars, matrix
from snippets.attention_mask import causal_mask, padding_mask, prefix_mask, sliding_window_mask
from snippets.self_attention import attention
from widgets.models.blank import BLANK, load, tokenize

model = load()  # 这个仓库训练的：看量词、单复数、his/her 该填什么 ‖ trained by this repository on a grammar of blanks
words = tokenize(text) or [BLANK]
ids = model.tokens(words)
T, length = len(words), torch.tensor([min(size, len(words))])
masks = {
    "none": lambda: torch.ones(T, T, dtype=torch.bool),
    "causal": lambda: causal_mask(T),
    "window": lambda: sliding_window_mask(T, size),
    "prefix": lambda: prefix_mask(length, T)[0],
    "padding": lambda: padding_mask(length, T).expand(T, T),
}
seen = masks[mask]()
query, key, value = (x[:, head - 1] for x in model.heads(ids[None]))  # (1, T, D)
raw = (query @ key.transpose(-2, -1))[0]  # (T, T)
scaled = raw * query.shape[-1] ** -0.5
weights = attention(query, key, value, seen)[1][0]

at = min(row, T) - 1 if row else (words.index(BLANK) if BLANK in words else 0)
arcs(words, weights[at], at, pick=("row", 1), title=f"「{words[at]}」看谁 ‖ What {words[at]} looks at", key="arcs")
matrix(weights, rows=words, columns=words, pick=("row", 1), picked=at, title="权重 ‖ Weights", key="weights")
steps = {"1 QKᵀ": raw, "2 ÷ √d": scaled, "3 + mask": scaled.masked_fill(~seen, -torch.inf), "4 softmax": weights}
for number, (title, values) in enumerate(steps.items()):
    matrix(values, numbers=False, side=max(9.0, 110 / T), pick=("row", 1), picked=at, title=title, key=f"step{number}")

probs = model(ids[None], seen)[0, at].softmax(-1)
best = probs.topk(2)
guesses = [model.words[n] for n in best.indices.tolist()]
bars(best.values, labels=guesses, top=1, shown=[f"{100 * p:.0f}%" for p in best.values.tolist()],
     title=f"模型认为第 {at} 个位置是 ‖ What the model takes place {at} for", key="guess")  # fmt: skip
most = int(weights[at].argmax())
print(
    f"「{words[at]}」最看「{words[most]}」（{100 * float(weights[at, most]):.0f}%），模型填「{guesses[0]}」（{100 * float(best.values[0]):.0f}%） ‖ {words[at]} looks most at {words[most]} ({100 * float(weights[at, most]):.0f}%); the model fills in {guesses[0]} ({100 * float(best.values[0]):.0f}%)"
)
