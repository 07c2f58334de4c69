r"""`long_nll` 把长文本切成互不重叠的窗口，于是每个窗口的开头几乎没有上文，困惑度偏高。改用滑动窗口：
除全文第一个之外，每个 token **恰好计一次**，前面至少有 `window // 2` 个 token 的上文（文本开头没有那么多时，
看得到全部），而且一次送进模型的不超过 `window` 个 token。

`long_nll` cuts a long text into windows that do not overlap, so the first tokens of each have almost no context
and perplexity comes out too high. Slide the window: every token but the very first is scored **exactly once**,
with at least `window // 2` tokens before it in sight (all there are, near the beginning), and the model never
reads more than `window` tokens at once.
"""

# --8<-- [start:task]
import torch


def long_nll(model, tokens, window):  # (T,) -> (T - 1,)
    found = []
    for begin in range(0, len(tokens) - 1, window):
        part = tokens[begin : begin + window + 1]
        logps = model(part[None, :-1])[0].log_softmax(dim=-1)  # position t speaks of the token at t + 1
        found.append(-logps.gather(-1, part[1:, None])[:, 0])
    return torch.cat(found)


print(long_nll(lambda ids: torch.zeros(1, ids.shape[1], 8), torch.arange(8), window=4).exp())
# --8<-- [end:task]


# --8<-- [start:answer]
import torch


def long_nll(model, tokens, window):  # (T,) -> (T - 1,)
    found, first = [], 1  # the next token to score
    while first < len(tokens):
        begin = max(0, first - max(1, window // 2))
        part = tokens[begin : begin + window + 1]
        logps = model(part[None, :-1])[0].log_softmax(dim=-1)
        nll = -logps.gather(-1, part[1:, None])[:, 0]
        found.append(nll[first - begin - 1 :])
        first = begin + len(part)
    return torch.cat(found)


print(long_nll(lambda ids: torch.zeros(1, ids.shape[1], 8), torch.arange(8), window=4).exp())
# --8<-- [end:answer]


# --8<-- [start:check]
read = []


def counting(ids):
    """The more tokens in sight, the larger the surprise: exp(nll) - 99 tells how many there were."""
    assert ids.ndim == 2 and ids.shape[0] == 1, "模型要的是 (1, t) ‖ the model takes (1, t)"
    read.append(ids.shape[1])
    logits = torch.zeros(1, ids.shape[1], 100)
    logits[0, :, 99] = torch.arange(1.0, ids.shape[1] + 1).log()
    return logits


for length, window in ((40, 8), (41, 8), (9, 8), (5, 8), (30, 5), (2, 4)):
    tokens = torch.arange(length) % 99
    read.clear()
    nll = long_nll(counting, tokens, window)
    assert nll.shape == (length - 1,), (
        f"{length} 个 token 应当有 {length - 1} 个得分，现在是 {tuple(nll.shape)} ‖ "
        f"{length} tokens should have {length - 1} scores, got {tuple(nll.shape)}"
    )
    assert max(read) <= window, (
        f"一次送进了 {max(read)} 个 token，窗口只有 {window} ‖ "
        f"{max(read)} tokens were fed at once, the window is {window}"
    )
    context = (nll.exp() - 99).round().tolist()
    for at, seen in enumerate(context, start=1):
        least = min(at, window // 2)
        assert seen >= least, (
            f"长 {length}、窗口 {window}：第 {at} 个 token 只看到 {seen:.0f} 个上文，应当至少 {least} ‖ "
            f"length {length}, window {window}: token {at} sees {seen:.0f} tokens before it, expected at least {least}"
        )
torch.manual_seed(2)
table, tokens = torch.randn(7, 7), torch.randint(7, (33,))
want = -table[tokens[:-1]].log_softmax(-1).gather(-1, tokens[1:, None])[:, 0]
got = long_nll(lambda ids: table[ids], tokens, 6)
assert torch.allclose(got, want, atol=1e-5), (
    "有的 token 计了两次，或者次序、下标错了一位 ‖ some tokens count twice, or the order or an index is off by one"
)
# --8<-- [end:check]
