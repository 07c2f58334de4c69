r"""Expert parallelism: tokens travel to their experts and back

The experts of a layer do not fit on one device, so each rank keeps some of them. Every token is then sent to the ranks
of the experts that were chosen for it, computed there together with tokens from everywhere, and sent back: two
all-to-alls a layer. How long it takes is up to the busiest rank; a capacity bounds that, and drops what is beyond it.

$$
y_n = \sum_{j=1}^{k} w_{nj}\, \mathrm{FFN}_{e_{nj}}(x_n), \qquad
\text{capacity} = \Big\lceil c\, \frac{k N}{E} \Big\rceil, \qquad
\text{sent} \approx 2\, k\, N\, C\, \frac{R - 1}{R}
$$

Papers: [GShard](https://arxiv.org/abs/2006.16668) (capacity, all-to-all),
[Switch Transformers](https://arxiv.org/abs/2101.03961) (capacity factor, dropped tokens),
[MegaBlocks](https://arxiv.org/abs/2211.15841) (groups of any size, nothing dropped).

Letters: `R` ranks, `N` tokens of a rank, `E` experts in all, `k` of them for each token, `C` model width, `F` hidden
width. All ranks live in one process here.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor


# --8<-- [start:core]
@dataclass(frozen=True)
class Plan:
    """In which order a rank's tokens are sent.

    Attributes:
        tokens: Which token each row is, `(rows,)`, sorted by expert.
        choices: Which of its `k` choices sent it, `(rows,)`.
        counts: Rows for each expert, `(E,)`; they add up to the number of rows.
    """

    tokens: Tensor
    choices: Tensor
    counts: Tensor


def expert_capacity(tokens: int, k: int, num_experts: int, factor: float = 1.25) -> int:
    """How many of a rank's tokens an expert takes at most: `factor` times what it would get if all got the same.

    Raises:
        ValueError: If a number is not positive.
    """
    if min(tokens, k, num_experts) < 1 or not 0 < factor < math.inf:
        raise ValueError(f"tokens {tokens}, k {k}, num_experts {num_experts} or factor {factor} is not positive")
    return math.ceil(factor * tokens * k / num_experts)


def dispatch_plan(experts: Tensor, num_experts: int, capacity: int | None = None) -> Plan:
    """Sort a rank's tokens by expert, and leave out what an expert has no room for.

    Args:
        experts: Numbers of the experts chosen for each token, best first, `(N, k)`.
        num_experts: `E`.
        capacity: Rows that an expert takes from this rank. First choices come before second ones, and among them
            earlier tokens before later ones; a token that finds no room there keeps its other experts. None: no bound.

    Returns:
        The plan.

    Raises:
        ValueError: If `experts` is not `(N, k)` or `capacity` is negative.
    """
    if experts.ndim != 2 or (capacity is not None and capacity < 0):
        raise ValueError(f"experts {tuple(experts.shape)} is not (N, k), or capacity {capacity} is negative")
    flat = experts.T.flatten()  # (k N,): all first choices, then all second ones
    order = flat.argsort(stable=True)
    counts = F.one_hot(flat, num_experts).sum(dim=0)  # (E,)
    if capacity is not None:
        place = torch.arange(len(flat), device=flat.device) - (counts.cumsum(dim=0) - counts)[flat[order]]
        order = order[place < capacity]  # place in its expert's queue
        counts = counts.clamp(max=capacity)
    return Plan(order % len(experts), order // len(experts), counts)


def all_to_all(sends: list[list[Tensor]]) -> list[list[Tensor]]:
    """What rank `s` has for rank `r` reaches rank `r` as what came from `s`: as a matrix is transposed."""
    return [list(received) for received in zip(*sends, strict=True)]


def grouped_ffn(x: Tensor, counts: Tensor, gate_up: Tensor, down: Tensor) -> Tensor:
    """Each expert computes its own rows, however many: a grouped matrix product, no padding.

    Args:
        x: Rows sorted by expert, `(rows, C)`.
        counts: How many rows each expert has, `(E',)`.
        gate_up: Weights of the SwiGLU experts, `(E', 2 F, C)`.
        down: `(E', C, F)`.

    Returns:
        Shape `(rows, C)`.
    """
    results = []
    for rows, first, second in zip(x.split(counts.tolist()), gate_up, down, strict=True):
        gate, up = F.linear(rows, first).chunk(2, dim=-1)
        results.append(F.linear(F.silu(gate) * up, second))
    return torch.cat(results)


def expert_parallel_moe(
    x: list[Tensor],
    experts: list[Tensor],
    weights: list[Tensor],
    gate_up: list[Tensor],
    down: list[Tensor],
    capacity: int | None = None,
) -> tuple[list[Tensor], list[int], list[int]]:
    """A layer of experts over several ranks; gradients flow to tokens, weights and experts.

    Args:
        x: Each rank's tokens, `(N, C)`; ranks may have different `N`.
        experts: Each rank's choices, `(N, k)`, numbers among all `E`.
        weights: What they count, `(N, k)`.
        gate_up: Each rank's experts, `(E / R, 2 F, C)`: rank 0 has the first ones.
        down: `(E / R, C, F)`.
        capacity: As for `dispatch_plan`.

    Returns:
        Each rank's outputs, `(N, C)`; a token that no expert had room for gets 0, and lives on in the residual stream.
        Numbers that each rank sent to others, both ways together.
        Rows that each rank computed.

    Raises:
        ValueError: If the lists differ in length or ranks in their number of experts.
    """
    ranks, local = len(x), len(gate_up[0]) if gate_up else 0
    if not ranks == len(experts) == len(weights) == len(gate_up) == len(down) or not local:
        raise ValueError("x, experts, weights, gate_up and down are not one for each rank")
    if any(len(one) != local for one in (*gate_up, *down)):
        raise ValueError("ranks differ in their number of experts")
    plans = [dispatch_plan(chosen, ranks * local, capacity) for chosen in experts]
    counts = [list(plan.counts.split(local)) for plan in plans]  # for each rank it sends to, (E / R,)
    rows = [[int(some.sum()) for some in one] for one in counts]
    sends = [list(x[r][plan.tokens].split(rows[r])) for r, plan in enumerate(plans)]
    computed = []
    for r, (received, sizes) in enumerate(zip(all_to_all(sends), all_to_all(counts), strict=True)):
        # From each rank they come sorted by expert; what one expert computes must lie together.
        expert = torch.cat([torch.arange(local, device=n.device).repeat_interleave(n) for n in sizes])
        order = expert.argsort()
        results = grouped_ffn(torch.cat(received)[order], torch.stack(sizes).sum(dim=0), gate_up[r], down[r])
        computed.append(list(results[order.argsort()].split([len(one) for one in received])))
    outputs = []
    for r, (plan, returned) in enumerate(zip(plans, all_to_all(computed), strict=True)):
        scale = weights[r][plan.tokens, plan.choices].unsqueeze(-1).to(x[r].dtype)
        outputs.append(torch.zeros_like(x[r]).index_add(0, plan.tokens, torch.cat(returned) * scale))
    width = x[0].shape[-1]
    away = [[0 if r == s else rows[r][s] for s in range(ranks)] for r in range(ranks)]
    sent = [width * (sum(away[r]) + sum(away[s][r] for s in range(ranks))) for r in range(ranks)]
    return outputs, sent, [sum(rows[s][r] for s in range(ranks)) for r in range(ranks)]


# --8<-- [end:core]


def demo() -> None:
    """Four ranks, eight experts: what is sent and computed where, without and with a capacity."""
    torch.manual_seed(0)
    R, N, E, k, C, width = 4, 32, 8, 2, 16, 24
    x = [torch.randn(N, C) for _ in range(R)]
    lean = torch.linspace(1.5, 0, E)  # the first experts are liked more
    chosen = [(torch.randn(N, E) + lean).topk(k) for _ in range(R)]
    experts, weights = [c.indices for c in chosen], [c.values.softmax(dim=-1) for c in chosen]
    gate_up, down = [torch.randn(E // R, 2 * width, C) for _ in range(R)], [torch.randn(E // R, C, width)] * R
    for factor in (None, 1.25, 1.0):
        capacity = factor and expert_capacity(N, k, E, factor)
        _, sent, rows = expert_parallel_moe(x, experts, weights, gate_up, down, capacity)
        print(f"capacity {capacity}: rows computed {rows}, dropped {R * N * k - sum(rows)}, numbers sent {sent}")


if __name__ == "__main__":
    demo()
