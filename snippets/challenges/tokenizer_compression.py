r"""最长匹配不一定最省：词表里有 ab、abc、cd 时，abcd 被切成 abc、d，还不如 ab、cd（若 d 要 3 个字节，
差得更多）。把 `encode` 改成 token 数**最少**的切法。词表里没有的字符照旧写成它的 UTF-8 字节。

The longest match is not always the cheapest. Make `encode` give **as few tokens as possible**; a character that
is not in the vocabulary still becomes the bytes of its UTF-8.
"""


# --8<-- [start:task]
def encode(text, pieces):  # list of strings; a byte is one token too
    tokens, start = [], 0
    while start < len(text):
        ends = range(len(text), start, -1)
        end = next((end for end in ends if text[start:end] in pieces), None)
        tokens += list(text[start].encode()) if end is None else [text[start:end]]
        start = start + 1 if end is None else end
    return tokens


print(encode("大语言模型", ["大语", "大", "语言模型", "语言"]))
# --8<-- [end:task]


# --8<-- [start:answer]
def encode(text, pieces):  # list of strings; a byte is one token too
    best = [[]]  # for each prefix the shortest way to write it
    for end in range(1, len(text) + 1):
        options = [best[end - 1] + list(text[end - 1].encode())]
        options += [best[start] + [text[start:end]] for start in range(end) if text[start:end] in pieces]
        best.append(min(options, key=len))
    return best[-1]


print(encode("大语言模型", ["大语", "大", "语言模型", "语言"]))
# --8<-- [end:answer]


# --8<-- [start:check]
import random


def spell(tokens):
    """The text that tokens stand for."""
    parts = [bytes([token]) if isinstance(token, int) else token.encode() for token in tokens]
    return b"".join(parts).decode()


def fewest(text, pieces):
    """By trying everything."""
    if not text:
        return 0
    ways = [len(text[0].encode()) + fewest(text[1:], pieces)]
    ways += [1 + fewest(text[len(piece) :], pieces) for piece in pieces if text.startswith(piece)]
    return min(ways)


assert encode("", ["a"]) == [], "空文本没有 token ‖ an empty text has no tokens"
for text, pieces in (("abc大", ["abc", "ab", "c大"]), ("大bcd", ["bcd", "大b", "cd"])):
    found = encode(text, pieces)
    assert len(found) == 2, (
        f"{text} 用词表 {pieces} 只要 2 个 token，现在是 {len(found)} 个：从哪一头取最长都不够 ‖ "
        f"{text} with the vocabulary {pieces} needs 2 tokens, got {len(found)}: longest first is not "
        "enough from either end"
    )
random.seed(3)
for alphabet in ("ab", "大语言", "a言😀"):
    for _ in range(40):
        pieces = sorted({"".join(random.choices(alphabet, k=random.randint(1, 4))) for _ in range(5)})
        text = "".join(random.choices(alphabet + "x", k=random.randint(1, 9)))
        found = encode(text, pieces)
        known = all(isinstance(token, int) or token in pieces for token in found)
        assert known, (
            f"{found} 里有词表 {pieces} 之外的片段：没有的字符要写成字节（整数） ‖ "
            f"{found} has pieces that are not in {pieces}: write unknown characters as bytes (integers)"
        )
        assert spell(found) == text, f"{found} 拼回去不是 {text} ‖ {found} put together is not {text}"
        least = fewest(text, pieces)
        assert len(found) == least, (
            f"{text} 用词表 {pieces} 最少 {least} 个 token，现在是 {len(found)} 个：{found} ‖ "
            f"{text} with the vocabulary {pieces} needs {least} tokens at least, got {len(found)}: {found}"
        )
# --8<-- [end:check]
