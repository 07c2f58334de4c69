r"""FSDP: a model in shards, gathered layer by layer

Data parallelism keeps the whole model on every rank. Fully sharded, each rank keeps only its part of every parameter,
of its gradient and of the optimizer's state. A layer is gathered right before it is needed and given up right after;
in the backward pass it is gathered once more, and its gradients are summed up into shards. More is sent, far less kept.

$$
\text{kept} = \frac{16\,\Phi}{R} + \text{the gathered layers}, \qquad
\text{sent} = (\underbrace{1 + 1}_{\text{gather}} + \underbrace{1}_{\text{reduce-scatter}}) \tfrac{R - 1}{R} \Phi
\quad\text{against}\quad 2\, \tfrac{R - 1}{R} \Phi
$$

Papers: [PyTorch FSDP](https://arxiv.org/abs/2304.11277), [ZeRO](https://arxiv.org/abs/1910.02054) (stage 3).
[fully_shard](https://docs.pytorch.org/docs/stable/distributed.fsdp.fully_shard.html) cuts each parameter along its
first dimension, as here.

Letters: `R` ranks, `Φ` parameters, `L` layers. All ranks live in one process here, and go layer by layer together.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

Layer = Callable[[Sequence[Tensor], Tensor], Tensor]


# --8<-- [start:core]
@dataclass
class Record:
    """What one step cost each rank.

    Attributes:
        sent: Numbers sent by each rank, on average.
        gathered: Numbers of whole parameters held now, besides the shards.
        peak: The most that were held.
        events: What happened in which order, such as "gather 0", "forward 0", "free 0".
    """

    sent: float = 0.0
    gathered: int = 0
    peak: int = 0
    events: list[str] = field(default_factory=list)


def shard(parameter: Tensor, ranks: int) -> list[Tensor]:
    """Cut a parameter along its first dimension; the last ranks get less, or nothing, where it does not come out even.

    Args:
        parameter: Of at least one dimension.
        ranks: `R`, at least 1.

    Returns:
        One part a rank, views.

    Raises:
        ValueError: If there is no dimension or no rank.
    """
    if parameter.ndim == 0 or ranks < 1:
        raise ValueError(f"a parameter {tuple(parameter.shape)} cannot be cut for {ranks} ranks")
    size = -(-len(parameter) // ranks)
    return [parameter[rank * size : (rank + 1) * size] for rank in range(ranks)]


def reduce_scatter(gradients: list[Tensor]) -> list[Tensor]:
    """The mean over ranks of a parameter's gradients, to each rank its part."""
    return shard(torch.stack(gradients).mean(dim=0), len(gradients))


def fsdp_step(
    layers: Sequence[Layer],
    shards: list[list[list[Tensor]]],
    batches: list[Tensor],
    loss: Callable[[Tensor], Tensor],
    reshard_after_forward: bool = True,
) -> tuple[list[Tensor], list[list[list[Tensor]]], Record]:
    """Forward and backward of one step, every rank with a batch of its own.

    A layer is computed anew in the backward pass, from its input, so that nothing keeps what was gathered before.

    Args:
        layers: What is gathered together: functions of its parameters and an input.
        shards: By layer and parameter, one shard a rank.
        batches: One a rank.
        loss: Of the last layer's output.
        reshard_after_forward: Whether a layer is given up after its forward pass. If not (ZeRO-2, as far as parameters
            go), the whole model is held at once and gathered once instead of twice.

    Returns:
        Losses, one a rank.
        Shards of the gradients, the mean over ranks, as `shards`.
        What it cost.

    Raises:
        ValueError: If `layers` and `shards` differ in length, or a parameter's shards are not one for each batch.
    """
    ranks, record = len(batches), Record()
    if len(layers) != len(shards) or any(len(parts) != ranks for layer in shards for parts in layer):
        raise ValueError("shards are not one list for each layer, with one shard for each batch")
    sizes = [sum(part.numel() for parts in layer for part in parts) for layer in shards]

    def gather(i: int) -> list[Tensor]:
        """A layer's whole parameters."""
        record.events.append(f"gather {i}")
        record.sent += (ranks - 1) / ranks * sizes[i]
        record.gathered += sizes[i]
        record.peak = max(record.peak, record.gathered)
        return [torch.cat(parts) for parts in shards[i]]

    def free(i: int) -> None:
        """Give them up."""
        record.events.append(f"free {i}")
        record.gathered -= sizes[i]

    inputs, kept = [list(batches)], {}
    with torch.no_grad():
        for i, layer in enumerate(layers):
            whole = gather(i)
            record.events.append(f"forward {i}")
            inputs.append([layer(whole, x) for x in inputs[i]])
            if reshard_after_forward:
                free(i)
            else:
                kept[i] = whole
    outputs = [x.detach().requires_grad_() for x in inputs[-1]]
    losses = [loss(x) for x in outputs]
    upstream = [torch.autograd.grad(one, x)[0] for one, x in zip(losses, outputs, strict=True)]
    gradients: list[list[list[Tensor]]] = [[] for _ in layers]
    for i in reversed(range(len(layers))):
        whole = kept.pop(i) if i in kept else gather(i)
        record.events.append(f"backward {i}")
        by_rank = []
        for r in range(ranks):
            leaves = [x.detach().requires_grad_() for x in (*whole, inputs[i][r])]
            with torch.enable_grad():
                output = layers[i](leaves[:-1], leaves[-1])
            *found, upstream[r] = torch.autograd.grad(output, leaves, upstream[r])
            by_rank.append(found)
        free(i)
        record.sent += (ranks - 1) / ranks * sizes[i]
        gradients[i] = [reduce_scatter(list(each)) for each in zip(*by_rank, strict=True)]
    return [one.detach() for one in losses], gradients, record


def forward_seconds(gather: Sequence[float], compute: Sequence[float], prefetch: int = 1) -> float:
    """How long a forward pass takes if layers are gathered while others compute.

    Args:
        gather: Seconds to gather each layer; one after another.
        compute: Seconds to compute each layer.
        prefetch: How many layers may be gathered ahead of the one that computes: so many more are held. 0: none.

    Returns:
        Seconds.

    Raises:
        ValueError: If the lists differ in length or `prefetch` is negative.
    """
    if len(gather) != len(compute) or prefetch < 0:
        raise ValueError(f"{len(gather)} and {len(compute)} layers, prefetch {prefetch}: they must fit")
    gathered, done = 0.0, [0.0] * (prefetch + 1)  # when the layers that came before were computed and freed
    for some, more in zip(gather, compute, strict=True):
        gathered = max(gathered, done[-prefetch - 1]) + some
        done.append(max(gathered, done[-1]) + more)
    return done[-1]


# --8<-- [end:core]


def demo() -> None:
    """Three layers on four ranks: what is held and sent, with and without giving layers up."""
    torch.manual_seed(0)
    parameters = [[torch.randn(8, 8) / 3] for _ in range(3)]
    layers = [lambda whole, x: (x @ whole[0].T).tanh()] * 3
    shards = [[shard(p, 4) for p in layer] for layer in parameters]
    for reshard in (True, False):
        _, _, record = fsdp_step(layers, shards, list(torch.randn(4, 5, 8)), lambda y: y.square().mean(), reshard)
        print(f"reshard {reshard}: shards {3 * 64 // 4}, gathered at most {record.peak}, sent {record.sent:.0f}")
        print("  " + ", ".join(record.events))


if __name__ == "__main__":
    demo()
