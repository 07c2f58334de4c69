r"""Ring all-reduce: the sum of everybody's gradients, to everybody

In data parallelism every rank has gradients of its own and needs the sum of all. A centre that collects and hands out
would carry all the traffic. In a ring each rank only sends one piece at a time to the next one: first the pieces are
added up on their way round (reduce-scatter), then the finished ones go round (all-gather).

$$
\text{sent by each rank} = 2\,(N - 1)\,\frac{S}{N} < 2S
$$

Papers: [Horovod: fast and easy distributed deep learning in TensorFlow](https://arxiv.org/abs/1802.05799), section 3;
[Bandwidth Optimal All-reduce Algorithms for Clusters of
Workstations](https://doi.org/10.1016/j.jpdc.2008.09.002).

Letters: `N` ranks, `S` numbers in a tensor. All ranks live in one process here, and a message is a copied piece.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor


# --8<-- [start:core]
@dataclass
class Traffic:
    """What went over the ring.

    Attributes:
        sent: Numbers sent by each rank.
        rounds: In one round every rank sends one piece and receives one.
    """

    sent: list[int] = field(default_factory=list)
    rounds: int = 0


def reduce_scatter(pieces: list[list[Tensor]], traffic: Traffic) -> None:
    """Add the pieces up on their way round, in place: afterwards rank `i` holds the whole sum of piece `i + 1`.

    Args:
        pieces: For each rank its tensor, split into `N` chunks.
        traffic: Counts what is sent.
    """
    for step in range(len(pieces) - 1):
        _round(pieces, -step, torch.Tensor.add_, traffic)


def all_gather(pieces: list[list[Tensor]], traffic: Traffic) -> None:
    """Send the finished pieces round, in place, where rank `i` holds piece `i + 1`: afterwards everybody has all.

    Args:
        pieces: As `reduce_scatter` leaves them.
        traffic: Counts what is sent.
    """
    for step in range(len(pieces) - 1):
        _round(pieces, 1 - step, torch.Tensor.copy_, traffic)


@torch.no_grad()
def ring_all_reduce(tensors: list[Tensor]) -> tuple[list[Tensor], Traffic]:
    """The sum of all tensors, for every rank.

    Args:
        tensors: One a rank, of one shape and dtype; they are left as they are. The sum is taken in their dtype.

    Returns:
        One sum a rank, all bit for bit the same: each piece was added up once and then copied.
        What was sent.

    Raises:
        ValueError: If there is no rank, or shapes or dtypes differ.
    """
    if not tensors:
        raise ValueError("no ranks: there is nothing to sum")
    kinds = {(tuple(tensor.shape), tensor.dtype) for tensor in tensors}
    if len(kinds) > 1:
        raise ValueError(f"tensors differ in shape or dtype: {sorted(map(str, kinds))}")
    buffers = [tensor.flatten().clone() for tensor in tensors]  # (S,) each
    pieces = [list(buffer.tensor_split(len(tensors))) for buffer in buffers]  # views: N of S / N, or one more
    traffic = Traffic(sent=[0] * len(tensors))
    reduce_scatter(pieces, traffic)
    all_gather(pieces, traffic)
    return [buffer.view(tensor.shape) for buffer, tensor in zip(buffers, tensors, strict=True)], traffic


def seconds(size: int, ranks: int, latency: float, bandwidth: float) -> float:
    """Time of a ring all-reduce: every round costs the latency of one message and its piece's way over one link.

    Args:
        size: Bytes of a tensor.
        ranks: `N`.
        latency: Seconds a message.
        bandwidth: Bytes a second of one link.

    Returns:
        Seconds; the first part grows with the ranks, the second ends below `2 size / bandwidth`.

    Raises:
        ValueError: If `ranks` is below 1 or `bandwidth` not above 0.
    """
    if ranks < 1 or bandwidth <= 0:
        raise ValueError(f"ranks {ranks} is below 1 or bandwidth {bandwidth} is not above 0")
    return 2 * (ranks - 1) * (latency + size / ranks / bandwidth)


def _round(pieces: list[list[Tensor]], offset: int, take: Callable[[Tensor, Tensor], Tensor], traffic: Traffic) -> None:
    """Every rank sends piece `rank + offset` to the next rank, which adds or copies it: all at once."""
    ranks = len(pieces)
    messages = [pieces[rank][(rank + offset) % ranks].clone() for rank in range(ranks)]
    for rank, message in enumerate(messages):
        take(pieces[(rank + 1) % ranks][(rank + offset) % ranks], message)
        traffic.sent[rank] += message.numel()
    traffic.rounds += 1


# --8<-- [end:core]


def demo() -> None:
    """Four ranks sum eight numbers; then more ranks and the traffic of each."""
    torch.manual_seed(0)
    tensors = [torch.randint(0, 10, (8,)) for _ in range(4)]
    sums, _ = ring_all_reduce(tensors)
    print("all have the sum:", all(torch.equal(result, sum(tensors)) for result in sums), sums[0].tolist())
    for ranks in (2, 4, 16, 64):
        _, traffic = ring_all_reduce([torch.zeros(6400)] * ranks)
        print(f"{ranks} ranks, 6400 numbers: {traffic.sent[0]} sent by each in {traffic.rounds} rounds")


if __name__ == "__main__":
    demo()
