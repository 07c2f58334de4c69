r"""ZeRO: who holds what of 16 bytes a parameter

Mixed precision with Adam keeps 16 bytes for every parameter: 2 for the fp16 weight, 2 for its gradient, and 12 of
fp32 for the master copy and Adam's two moments. Plain data parallelism repeats all of it on every rank; ZeRO shards the
optimizer's part (stage 1), the gradients too (2), the weights too (3).

$$
M_0 = (2 + 2 + 12)\,\Phi, \quad M_1 = (2 + 2)\,\Phi + \frac{12\Phi}{N}, \quad
M_2 = 2\Phi + \frac{(2 + 12)\,\Phi}{N}, \quad M_3 = \frac{16\Phi}{N}
$$

Paper: [ZeRO: Memory Optimizations Toward Training Trillion Parameter Models](https://arxiv.org/abs/1910.02054),
sections 3 and 5; section 7 for the communication.

Letters: `Φ` parameters, `N` ranks of data parallelism.
"""

from dataclasses import dataclass

import torch
from torch import Tensor


# --8<-- [start:core]
@dataclass(frozen=True)
class Bytes:
    """Bytes for each parameter.

    Attributes:
        weight: fp16 or bf16: 2.
        gradient: 2; 4 where gradients are summed up in fp32.
        optimizer: fp32 master copy and two moments: 4 + 4 + 4.
    """

    weight: float = 2
    gradient: float = 2
    optimizer: float = 12


def rank_bytes(parameters: int, ranks: int = 1, stage: int = 0, each: Bytes | None = None) -> float:
    """What one rank holds of the model states.

    Args:
        parameters: `Φ`, all of them trainable.
        ranks: `N`, of data parallelism alone.
        stage: 0 shards nothing, 1 the optimizer's states, 2 gradients too, 3 weights too.
        each: None: the usual 2 + 2 + 12.

    Returns:
        Bytes, without activations and buffers. The shards are padded until every rank has as many numbers.

    Raises:
        ValueError: If `parameters` or `ranks` is below 1 or `stage` is not 0 to 3.
    """
    _check(parameters, ranks, stage)
    each = each or Bytes()
    shard = -(-parameters // ranks)  # rounded up
    optimizer = shard if stage >= 1 else parameters
    gradients = shard if stage >= 2 else parameters
    weights = shard if stage >= 3 else parameters
    return weights * each.weight + gradients * each.gradient + optimizer * each.optimizer


def sent_elements(parameters: int, ranks: int, stage: int = 0) -> float:
    """Numbers that one rank sends in a step.

    Up to stage 2 a reduce-scatter of the gradients and an all-gather, of the gradients or of the new weights: together
    an all-reduce. Stage 3 gathers the weights before the forward and again before the backward pass.

    Raises:
        ValueError: As `rank_bytes`.
    """
    _check(parameters, ranks, stage)
    once = (ranks - 1) * -(-parameters // ranks)  # one reduce-scatter or all-gather
    return (3 if stage == 3 else 2) * once


@torch.no_grad()
def zero1_adam_step(
    weights: list[Tensor], gradients: list[Tensor], states: list[tuple[Tensor, Tensor, Tensor]], step: int, lr: float
) -> None:
    """One Adam step of stage 1, the ranks played one after the other; changes `weights` and `states` in place.

    Args:
        weights: One flat `(Φ,)` a rank, all equal; any dtype.
        gradients: One `(Φ,)` a rank, each from the rank's own part of the batch.
        states: For each rank the master copy, the mean and the squared mean of its own shard: `(Φ / N,)` in float32.
        step: Counts from 1.
        lr: Learning rate; the betas are 0.9 and 0.999, eps 1e-8.

    Raises:
        ValueError: If the ranks do not divide the parameters: pad them first.
    """
    ranks, size = len(weights), weights[0].numel()
    if size % ranks:
        raise ValueError(f"{ranks} ranks do not divide {size} parameters")
    shards = []
    for rank, (master, mean, square) in enumerate(states):
        part = slice(rank * size // ranks, (rank + 1) * size // ranks)
        gradient = sum(own[part].to(master.dtype) for own in gradients) / ranks  # reduce-scatter
        mean.lerp_(gradient, 1 - 0.9)
        square.lerp_(gradient.square(), 1 - 0.999)
        master -= lr * (mean / (1 - 0.9**step)) / ((square / (1 - 0.999**step)).sqrt() + 1e-8)
        shards.append(master)
    for weight in weights:
        weight.copy_(torch.cat(shards))  # all-gather, rounded to the weights' dtype


def _check(parameters: int, ranks: int, stage: int) -> None:
    """Refuse what is no configuration."""
    if parameters < 1 or ranks < 1:
        raise ValueError(f"parameters {parameters} or ranks {ranks} is below 1")
    if stage not in (0, 1, 2, 3):
        raise ValueError(f"stage {stage} is not 0, 1, 2 or 3")


# --8<-- [end:core]


def demo() -> None:
    """GPT-2 on one device, and 7.5B parameters on 64."""
    print(f"GPT-2 1.5B: {rank_bytes(1_500_000_000) / 1e9:.0f} GB")
    for stage in range(4):
        print(f"7.5B on 64 ranks, stage {stage}: {rank_bytes(7_500_000_000, 64, stage) / 1e9:.1f} GB a rank")


if __name__ == "__main__":
    demo()
