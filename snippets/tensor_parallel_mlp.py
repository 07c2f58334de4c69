r"""Tensor parallelism: an MLP by columns, then by rows

A layer too large for one device is sharded across several. If the first matrix is split by columns, every rank has
whole hidden features and can apply the activation alone; the second matrix, split by rows, takes just those features.
One sum over the ranks at the end gives the output: one all-reduce forward, one backward.

$$
Z = \mathrm{GELU}(X A)\,B = \sum_{i=1}^{N} \mathrm{GELU}(X A_i)\,B_i, \qquad
A = [A_1, \dots, A_N], \quad B = [B_1; \dots; B_N]
$$

Paper: [Megatron-LM: Training Multi-Billion Parameter Language Models Using Model
Parallelism](https://arxiv.org/abs/1909.08053), section 3.

Letters: `B` batch, `T` sequence, `C` model width, `F` hidden width, `N` ranks. Matrices are stored as in `nn.Linear`,
`(out, in)`: the columns of `A` are the rows of its weight. All ranks live in one process here.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional


# --8<-- [start:core]
@dataclass(frozen=True)
class Shard:
    """What one rank holds of the MLP.

    Attributes:
        up: `(F / N, C)`, its hidden features.
        up_bias: `(F / N,)`.
        down: `(C, F / N)`.
        gate: `(F / N, C)` in a gated MLP, else None: then the activation is GELU.
    """

    up: Tensor
    up_bias: Tensor
    down: Tensor
    gate: Tensor | None = None


def split_mlp(up: Tensor, up_bias: Tensor, down: Tensor, ranks: int, gate: Tensor | None = None) -> list[Shard]:
    """Cut an MLP for `ranks` ranks; gradients flow back to the whole matrices.

    Args:
        up: Weight of the first layer, `(F, C)`.
        up_bias: Its bias, `(F,)`.
        down: Weight of the second layer, `(C, F)`. Its bias is not split: see `reduce`.
        ranks: `N`, Megatron-LM's `tensor_model_parallel_size`.
        gate: Weight of the gate, `(F, C)`, for SwiGLU. It must be split at the same features as `up`: where a
            checkpoint holds both in one matrix, separate them first; splitting it whole would part gate from value.

    Returns:
        One shard a rank.

    Raises:
        ValueError: If the shapes do not fit or `ranks` does not divide `F`.
    """
    hidden, width = up.shape
    if up_bias.shape != (hidden,) or down.shape != (width, hidden) or (gate is not None and gate.shape != up.shape):
        raise ValueError(f"up {tuple(up.shape)}, its bias {tuple(up_bias.shape)}, down {tuple(down.shape)} do not fit")
    if ranks < 1 or hidden % ranks:
        raise ValueError(f"{ranks} ranks do not divide {hidden} hidden features")
    gates = [None] * ranks if gate is None else gate.chunk(ranks)
    parts = zip(up.chunk(ranks), up_bias.chunk(ranks), down.chunk(ranks, dim=1), gates, strict=True)
    return [Shard(*part) for part in parts]


def partial_output(x: Tensor, shard: Shard) -> Tensor:
    """What one rank computes alone, without a word to the others.

    Args:
        x: The whole input, `(..., C)`: every rank has it. Its gradients from all ranks must be added up; in one
            process autograd does that, between processes it is the backward pass's all-reduce (Megatron's `f`).
        shard: The rank's weights.

    Returns:
        Its summand of the output, `(..., C)`.
    """
    hidden = functional.linear(x, shard.up, shard.up_bias)  # (..., F / N)
    if shard.gate is None:
        hidden = functional.gelu(hidden)
    else:
        hidden = functional.silu(functional.linear(x, shard.gate)) * hidden
    return functional.linear(hidden, shard.down)  # (..., C)


def reduce(partials: list[Tensor], bias: Tensor) -> Tensor:
    """The all-reduce of the forward pass (Megatron's `g`), and the second layer's bias: once, not once a rank."""
    return torch.stack(partials).sum(dim=0) + bias


def parallel_mlp(x: Tensor, shards: list[Shard], bias: Tensor) -> Tensor:
    """The MLP over all ranks, one after the other: `(..., C)` to `(..., C)`.

    Args:
        x: Shape `(..., C)`.
        shards: See `split_mlp`.
        bias: The second layer's, `(C,)`.

    Returns:
        The same as the MLP in one piece, up to the order of additions.
    """
    return reduce([partial_output(x, shard) for shard in shards], bias)


# --8<-- [end:core]


def demo() -> None:
    """Four ranks give what one gives."""
    torch.manual_seed(0)
    up, up_bias, down, bias = torch.randn(32, 8), torch.randn(32), torch.randn(8, 32), torch.randn(8)
    x = torch.randn(2, 5, 8)
    whole = parallel_mlp(x, split_mlp(up, up_bias, down, ranks=1), bias)
    for ranks in (2, 4):
        shards = split_mlp(up, up_bias, down, ranks)
        same = torch.allclose(parallel_mlp(x, shards, bias), whole, atol=1e-4)
        print(f"{ranks} ranks hold {shards[0].up.numel()} of {up.numel()} weights of the first layer; same: {same}")


if __name__ == "__main__":
    demo()
