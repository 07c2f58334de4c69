r"""decoder-only 模型里，提示词也算历史，于是照抄提示里的专名会被禁。给 `banned` 加上豁免：
`tokens` 的前 `prompt` 个是提示，只有**整个落在生成部分**的 n-gram 才算历史。

In a decoder-only model the prompt is history too, and copying a name from it is banned. Exempt it: the first
`prompt` of `tokens` are the prompt, and only n-grams that lie **wholly in what was generated** count as
history.
"""


# --8<-- [start:task]
def banned(tokens, n, prompt):  # list of ids -> set of ids that may not come next
    prefix = tokens[len(tokens) - n + 1 :]
    found = set()
    for start in range(len(tokens) - n + 1):
        if tokens[start : start + n - 1] == prefix:
            found.add(tokens[start + n - 1])
    return found


print(banned([7, 8, 9, 1, 7, 8], n=3, prompt=3))  # 7 8 9 is the prompt's: 9 should be free
# --8<-- [end:task]


# --8<-- [start:answer]
def banned(tokens, n, prompt):  # list of ids -> set of ids that may not come next
    prefix = tokens[len(tokens) - n + 1 :]
    found = set()
    for start in range(prompt, len(tokens) - n + 1):
        if tokens[start : start + n - 1] == prefix:
            found.add(tokens[start + n - 1])
    return found


print(banned([7, 8, 9, 1, 7, 8], n=3, prompt=3))  # 7 8 9 is the prompt's: 9 should be free
# --8<-- [end:answer]


# --8<-- [start:check]
import random

assert banned([7, 8, 9, 1, 7, 8], 3, 3) == set(), "提示里的 7 8 9 不算历史，9 不该被禁"
assert banned([5, 7, 8, 9, 1, 7, 8], 3, 1) == {9}, "生成部分自己的 7 8 9 仍是历史，9 要禁"
assert banned([7, 8, 9, 7, 8], 3, 1) == set(), "7 8 9 跨在提示与生成之间，没有整个落在生成部分，不算"
assert banned([4, 1, 2, 4], 2, 1) == set() and banned([1, 4, 2, 4], 2, 1) == {2}, "n = 2 的例子不对"
assert banned([1, 2, 3, 4], 1, 2) == {3, 4}, "n = 1 时，生成过的 token 各只能用一次，提示里的不算"
random.seed(7)
for _ in range(300):
    tokens = [random.randint(0, 2) for _ in range(random.randint(1, 12))]
    n, prompt = random.randint(1, 4), random.randint(0, len(tokens))
    written = tokens[prompt:]
    history = {tuple(written[at : at + n]) for at in range(len(written) - n + 1)}
    last = tuple(tokens[len(tokens) - n + 1 :])
    want = {token for token in range(3) if len(last) == n - 1 and (*last, token) in history}
    got = set(banned(list(tokens), n, prompt))
    assert got == want, f"tokens = {tokens}、n = {n}、prompt = {prompt} 时应当禁 {want}，现在禁 {got}"
# --8<-- [end:check]
