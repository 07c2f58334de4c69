"""From a text to its tokens, and to one vector."""

import torch

from pictures.canvas import Canvas
from snippets.sentence_embedding import contrastive_loss, cosine
from snippets.wordpiece import encode_word


def tokenizer() -> str:
    pieces = ["[CLS]", "[SEP]", "play", "##ing", "chess", "!"]
    tokens = ["[CLS]", *(piece for word in ("playing", "chess", "!") for piece in encode_word(word, pieces)), "[SEP]"]
    picture = Canvas(
        258,
        "一句话走过流水线：规范化改成小写，预切分成三块，子词模型把 playing 切成 play 与 ##ing，"
        "后处理加上首尾的特殊 token，最后查词表得到整数",
    )
    rows = (
        ("原文", ["Playing chess!"]),
        ("1 规范化", ["playing chess!"]),
        ("2 预切分", ["playing", "chess", "!"]),
        ("3 子词", tokens[1:-1]),
        ("4 后处理", tokens),
        ("查词表", [str(pieces.index(token)) for token in tokens]),
    )
    for row, (name, parts) in enumerate(rows):
        y = 8 + 42 * row
        picture.text(4, y + 18, name, "start")
        widths = [10 + 7 * len(part) for part in (tokens if row == 5 else parts)]
        x = 66 + (258 - sum(widths) - 3 * (len(widths) - 1)) / 2
        for part, width in zip(parts, widths, strict=True):
            picture.box(x, y, width, 26, part, shade=0.15 if row > 2 else 0.0)
            x += width + 3
        if row < 5:
            picture.arrow((195, y + 26), (195, y + 42))
    return picture.done()


def wordpiece() -> str:
    vocabulary = {"low", "wid", "##est", "##er"}
    picture = Canvas(
        270,
        "从左到右取词表里最长的前缀：lowest 试到 low 才有，余下的 est 带上 ## 再查，切成 low 与 ##est；"
        "lowly 的后一半怎么缩短都不在词表里，整个词变成 UNK",
    )
    y = 8.0
    for word in ("lowest", "lowly"):
        result = encode_word(word, vocabulary)
        picture.text(4, y + 16, word, "start", bold=True)
        start = 0
        while start < len(word):
            prefix = "##" if start else ""
            tries = [prefix + word[start:end] for end in range(len(word), start, -1)]
            hit = next((at for at, one in enumerate(tries) if one in vocabulary), len(tries) - 1)
            for at, one in enumerate(tries[: hit + 1]):
                known = one in vocabulary
                picture.box(64 + 66 * at, y, 62, 24, f"{one} {'有' if known else '无'}", shade=0.25 if known else 0.0)
            y += 34
            if tries[hit] not in vocabulary:
                break
            start += len(tries[hit].removeprefix("##"))
        picture.text(64, y + 12, "→ " + "、".join(result), "start")
        y += 36
    picture.text(4, y + 16, "词表：" + "、".join(sorted(vocabulary, key=lambda one: one.removeprefix("##"))), "start")
    picture.text(4, y + 38, "一段对不上，丢的是整个词，不只那一段", "start")
    return picture.done()


def sentence_embedding() -> str:
    torch.manual_seed(1)
    anchors = torch.randn(4, 16)
    positives = anchors + 1.2 * torch.randn(4, 16)
    likeness = cosine(anchors, positives)
    loss = contrastive_loss(anchors, positives, temperature=0.2)
    picture = Canvas(
        266,
        "四个问题与四段文字两两求余弦：对角线是成对的，要拉近；同一行的其余三段是批内负例，要推远；"
        f"温度 0.2 时这一批的损失是 {loss:.2f}",
    )
    for at in range(4):
        picture.text(103 + 62 * at, 18, f"文字 {at + 1}")
        picture.text(4, 52 + 46 * at, f"问题 {at + 1}", "start")
        for column in range(4):
            value = float(likeness[at, column])
            picture.box(72 + 62 * column, 26 + 46 * at, 62, 46, f"{value:.2f}", shade=0.45 * max(value, 0.0))
    picture.text(164, 234, "对角线：正例；同行其余：批内负例")
    picture.text(164, 256, f"每行除以温度 0.2 做 softmax，损失 {loss:.2f}")
    return picture.done()
