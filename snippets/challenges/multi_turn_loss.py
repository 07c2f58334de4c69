r"""`label` 让模型把用户的话也学了去，又把每轮回复的结束符漏了：这样训出来的模型会替用户说话，而且停不下来。
改对它：只有助手说的 token 与**它的结束符**计损失，别处是 -100；角色标记（每轮的第一个 token）谁的都不学。

`label` makes the model learn what the user says and leaves out the token that ends each answer: such a model
speaks for the user, and does not stop. Mend it: the assistant's tokens and **the end of each answer** have
loss, all else is -100; the marks of roles, the first token of each turn, are never learned.
"""

# --8<-- [start:task]
USER, BOT, TOOL, END = 1, 2, 4, 3  # a turn is [role, tokens..., END]


def label(turns):  # list of turns -> (tokens, labels); labels are not shifted
    tokens, labels = [], []
    for turn in turns:
        tokens += turn
        labels += [-100, *turn[1:-1], -100]
    return tokens, labels


print(label([[USER, 10, 11, END], [BOT, 20, END], [USER, 12, END], [BOT, 21, 22, END]]))
# --8<-- [end:task]


# --8<-- [start:answer]
USER, BOT, TOOL, END = 1, 2, 4, 3  # a turn is [role, tokens..., END]


def label(turns):  # list of turns -> (tokens, labels); labels are not shifted
    tokens, labels = [], []
    for turn in turns:
        tokens += turn
        labels += [-100, *turn[1:]] if turn[0] == BOT else [-100] * len(turn)
    return tokens, labels


print(label([[USER, 10, 11, END], [BOT, 20, END], [USER, 12, END], [BOT, 21, 22, END]]))
# --8<-- [end:answer]


# --8<-- [start:check]
turns = [[USER, 10, 11, END], [BOT, 20, END], [TOOL, 30, END], [BOT, 2, 22, END], [USER, END], [BOT, END]]
tokens, labels = label([list(turn) for turn in turns])
assert tokens == [token for turn in turns for token in turn], (
    "token 序列应当是各轮首尾相接，一个不少 ‖ the tokens should be those of all turns, one after another"
)
assert len(labels) == len(tokens), (
    f"标签应当与 token 一样多：{len(tokens)} 个，现在是 {len(labels)} 个 ‖ "
    f"there should be as many labels as tokens: {len(tokens)}, got {len(labels)}"
)
want, names = [], {USER: "用户", BOT: "助手", TOOL: "工具"}
for turn in turns:
    want += [(turn[0], at, token, len(turn)) for at, token in enumerate(turn)]
for (role, at, token, length), got in zip(want, labels, strict=True):
    name = names[role]
    if at == 0:
        assert got == -100, f"{name}的角色标记不该学 ‖ role marks should not be learned"
    elif role != BOT:
        assert got == -100, f"{name}的 token {token} 不该计损失 ‖ the token {token} of another role should not count"
    elif at == length - 1:
        assert got == END, (
            "助手的结束符没有计损失：模型学不会停 ‖ "
            "the assistant's end token does not count: the model never learns to stop"
        )
    else:
        assert got == token, (
            f"助手的 token {token} 应当计损失，标签是它自己（不移位），现在是 {got} ‖ "
            f"the assistant's token {token} should count, its label is itself (no shift), got {got}"
        )
# --8<-- [end:check]
