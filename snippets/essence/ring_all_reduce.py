"""Ring all-reduce: two walks round the ring, first adding, then copying."""

from torch import Tensor


def ring_all_reduce(x: Tensor) -> Tensor:
    N = len(x)  # x：(N, N, S/N)，第一维是卡，第二维是块 ‖ x: (N, N, S/N), ranks, then pieces
    x = x.clone()
    for step in range(N - 1):  # Reduce-Scatter：收到就加上 ‖ reduce-scatter: add what comes
        sent = [x[i, (i - step) % N].clone() for i in range(N)]
        for i in range(N):
            x[(i + 1) % N, (i - step) % N] += sent[i]
    for step in range(N - 1):  # All-Gather：收到就覆盖 ‖ all-gather: copy what comes
        sent = [x[i, (i + 1 - step) % N].clone() for i in range(N)]
        for i in range(N):
            x[(i + 1) % N, (i + 1 - step) % N] = sent[i]
    return x  # 每轮发 S/N，共 2(N-1) 轮 ‖ S/N a round, 2 (N - 1) rounds
