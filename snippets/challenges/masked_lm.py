r"""`mask` 逐个 token 决定遮不遮，于是 `play ##ing` 会只遮住一半，另一半就把答案说出来了。把它改成**整词遮盖**：
以 `##` 开头的片段属于前一个词，一个词的片段要么全遮、要么全不遮，每个词以概率 `p` 入选；
`[CLS]` 与 `[SEP]` 永远不遮。

`mask` decides for each token alone, so half of `play ##ing` may be hidden and the other half gives it away.
Make it **whole word masking**: pieces that begin with `##` belong to the word before them; all pieces of a word
are hidden or none, each word with probability `p`; `[CLS]` and `[SEP]` never are.
"""

# --8<-- [start:task]
import torch


def mask(pieces, p):  # list of strings -> list of strings, hidden ones as "[MASK]"
    hidden = torch.rand(len(pieces)) < p
    return ["[MASK]" if hide else piece for piece, hide in zip(pieces, hidden, strict=True)]


torch.manual_seed(0)
print(mask("[CLS] he is play ##ing chess ##board ##s [SEP]".split(), 0.5))
# --8<-- [end:task]


# --8<-- [start:answer]
import torch


def mask(pieces, p):  # list of strings -> list of strings, hidden ones as "[MASK]"
    masked, hide = [], False
    for piece in pieces:
        if not piece.startswith("##"):  # a word begins: decide once
            hide = piece not in ("[CLS]", "[SEP]") and torch.rand(()).item() < p
        masked.append("[MASK]" if hide else piece)
    return masked


torch.manual_seed(0)
print(mask("[CLS] he is play ##ing chess ##board ##s [SEP]".split(), 0.5))
# --8<-- [end:answer]


# --8<-- [start:check]
pieces = "[CLS] he play ##ing chess ##board ##s [SEP] un ##happy [SEP]".split()
words = [[1], [2, 3], [4, 5, 6], [8, 9]]
torch.manual_seed(5)
rounds, hits = 600, [0] * len(words)
for _ in range(rounds):
    masked = mask(pieces, 0.3)
    assert len(masked) == len(pieces), (
        "长度不能变：一个片段对一个 [MASK] ‖ the length should stay: one [MASK] for each piece"
    )
    changed = [at for at in range(len(pieces)) if masked[at] != pieces[at]]
    assert not {0, 7, 10} & set(changed), "[CLS] 或 [SEP] 被遮了 ‖ [CLS] or [SEP] was masked"
    assert all(masked[at] == "[MASK]" for at in changed), (
        "没有遮的片段应当原样留下 ‖ pieces that are not masked should stay as they are"
    )
    for index, word in enumerate(words):
        inside = sum(at in changed for at in word)
        assert inside in (0, len(word)), f"一个词只遮了一半：{masked} ‖ half a word was masked: {masked}"
        hits[index] += inside > 0
for word, hit in zip(words, hits, strict=True):
    share = hit / rounds
    name = " ".join(pieces[at] for at in word)
    assert abs(share - 0.3) < 0.09, (
        f"每个词应当以 0.3 的概率入选，「{name}」是 {share:.2f}：一个词只该抽一次 ‖ "
        f"each word should be chosen with probability 0.3, {name} has {share:.2f}: draw once for a word"
    )
together = sum(all(piece == "[MASK]" for piece in mask("a b".split(), 0.5)) for _ in range(300)) / 300
assert abs(together - 0.25) < 0.12, "不同的词应当各自独立地抽 ‖ each word should be drawn by itself"
assert mask(pieces, 0.0) == pieces, "p = 0 时什么也不遮 ‖ p = 0 masks nothing"
# --8<-- [end:check]
