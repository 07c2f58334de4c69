"""Tree verification: from the root down, child after child; a rejected one leaves the rest to the next."""

import torch
from torch import Tensor


def verify(y: Tensor, parents: list[int], P: Tensor, Q: Tensor) -> Tensor:  # y: (N,), P, Q: (N + 1, V)
    u = torch.rand(1, len(y), dtype=torch.float64)[0]
    path, at, p, q = [], -1, P[0], Q[0]  # 从上下文出发 ‖ from the context
    for n, parent in enumerate(parents):
        if parent != at:  # 不是当前节点的孩子 ‖ no child of where we are
            continue
        x = y[n]
        if u[n] < p[x] / q[x]:  # 接受：往下走一层 ‖ accepted: one level down
            path, at, p, q = [*path, x], n, P[n + 1], Q[n + 1]
        else:
            p = (p - q).clamp(min=0)  # 拒绝：减去它那一份，再试下一个兄弟 ‖ rejected: less its share, try the next
            q = q.index_fill(0, x, 0)  # 兄弟互不相同，它不会再来 ‖ siblings differ: it does not come again
            p, q = p / p.sum(), q / q.sum()
    return torch.stack([*path, p.multinomial(1)[0]])  # 最后总有一个是大模型自己的 ‖ the last is the model's own
