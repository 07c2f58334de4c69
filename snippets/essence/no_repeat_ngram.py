"""N-gram blocking: ban what would complete an n-gram for the second time."""

import torch


def banned(y, n):  # y: 已生成的 token ‖ y: the tokens so far
    t = len(y)
    prefix = y[t - n + 1 :]  # 末尾 n - 1 个 ‖ the last n - 1
    B = set()
    for j in range(t - n + 1):  # 每个旧 n-gram 从 j 开始 ‖ every n-gram that has occurred begins at some j
        if y[j : j + n - 1] == prefix:  # 前缀相同 ‖ the same prefix
            B.add(y[j + n - 1])  # 那次后面跟的 token 就要禁 ‖ what followed it then is banned
    return B


def block(z, y, n):  # z: (V,) logits
    z = z.clone()
    z[torch.tensor(sorted(banned(y, n)), dtype=torch.long)] = -torch.inf
    return z
