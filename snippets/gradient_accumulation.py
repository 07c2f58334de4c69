r"""Gradient accumulation: a batch in pieces, with the gradient of the whole

A batch that does not fit goes through the model in micro-batches whose gradients add up. The sum is the gradient of the
batch only if every token is divided by the number of tokens of the whole batch. A mean over each micro-batch's own
tokens, then over the micro-batches, gives a token more weight where there are few.

$$
\nabla \frac{\sum_i L_i}{\sum_i n_i} = \sum_{i=1}^{k} \nabla \frac{L_i}{N}, \quad N = \sum_i n_i, \qquad
\text{not} \quad \frac{1}{k} \sum_i \nabla \frac{L_i}{n_i}
$$

Source: [Fixing Gradient Accumulation](https://huggingface.co/blog/gradient_accumulation) (2024-10).

Letters: `k` micro-batches, `L_i` sum of the losses of one, `n_i` its tokens with a loss; `B` rows, `T` tokens, `V`
vocabulary.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext

import torch
import torch.nn.functional as F
from torch import Tensor

# --8<-- [start:core]
Batch = tuple[Tensor, Tensor]  # tokens and labels, (B, T) each


def split_batch(batch: Batch, micro_batch_size: int) -> list[Batch]:
    """Rows of a batch in pieces; the last may be smaller.

    Args:
        batch: Tokens and labels, `(B, T)` each.
        micro_batch_size: Rows of a piece.

    Returns:
        The pieces, in order.

    Raises:
        ValueError: If pieces would have no row, or tokens and labels differ in shape.
    """
    tokens, labels = batch
    if micro_batch_size < 1 or tokens.shape != labels.shape:
        shapes = tuple(tokens.shape), tuple(labels.shape)
        raise ValueError(f"micro_batch_size {micro_batch_size} is below 1, or tokens and labels {shapes} differ")
    return list(zip(tokens.split(micro_batch_size), labels.split(micro_batch_size), strict=True))


def count_items(batches: Sequence[Batch], ignore_index: int = -100) -> Tensor:
    """How many tokens have a loss, in all micro-batches of a step: transformers' `num_items_in_batch`.

    Args:
        batches: Tokens and labels, `(B, T)` each, not shifted: the first label of a row is never predicted.
        ignore_index: Label without a loss.

    Returns:
        Number, int64; a tensor, so that no GPU is waited for.

    Raises:
        ValueError: If there is no batch.
    """
    if not batches:
        raise ValueError("there is no micro-batch")
    return torch.stack([(labels[:, 1:] != ignore_index).sum() for _, labels in batches]).sum()


def causal_lm_loss(
    logits: Tensor, labels: Tensor, num_items_in_batch: Tensor | int | None = None, ignore_index: int = -100
) -> Tensor:
    """Cross-entropy of each next token.

    Args:
        logits: `(B, T, V)`.
        labels: `(B, T)`, not shifted.
        num_items_in_batch: What the sum is divided by: the tokens of the whole step. None: those of this micro-batch.
        ignore_index: Label without a loss.

    Returns:
        Scalar, in float32 or wider. 0 where no token has a loss.
    """
    logits = logits[:, :-1].flatten(0, 1)
    targets = labels[:, 1:].flatten()
    logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
    total = F.cross_entropy(logits, targets, ignore_index=ignore_index, reduction="sum")
    if num_items_in_batch is None:
        num_items_in_batch = (targets != ignore_index).sum().clamp(min=1)
    return total / num_items_in_batch


def accumulate(
    model: Callable[[Tensor], Tensor],
    batches: Sequence[Batch],
    num_items_in_batch: Tensor | int | None = None,
    world_size: int = 1,
    no_sync: Callable[[], AbstractContextManager[object]] = nullcontext,
    ignore_index: int = -100,
) -> Tensor:
    """Add the gradient of a whole step to what the parameters have, a micro-batch at a time.

    Args:
        model: Logits `(B, T, V)` of tokens `(B, T)`.
        batches: The micro-batches of this rank.
        num_items_in_batch: Tokens with a loss of all micro-batches **and ranks**, from an all-reduce. None: of these
            micro-batches, which is right for one rank alone.
        world_size: Ranks. `DistributedDataParallel` takes the mean over them, which this makes up for.
        no_sync: The model's own, so that ranks talk once a step: all but the last backward pass run inside.
        ignore_index: Label without a loss.

    Returns:
        This rank's share of the loss, without a gradient. The mean over all ranks is the loss of the step.

    Raises:
        ValueError: If there is no micro-batch, or `world_size` is below 1, or above it without `num_items_in_batch`.
    """
    if world_size < 1 or (world_size > 1 and num_items_in_batch is None):
        raise ValueError(f"world_size {world_size} is below 1, or num_items_in_batch of all ranks is missing")
    if num_items_in_batch is None:
        num_items_in_batch = count_items(batches, ignore_index).clamp(min=1)
    losses = []
    for at, (tokens, labels) in enumerate(batches, 1):
        with no_sync() if at < len(batches) else nullcontext():
            loss = causal_lm_loss(model(tokens), labels, num_items_in_batch, ignore_index) * world_size
            loss.backward()  # frees this micro-batch's activations before the next one's are made
        losses.append(loss.detach())
    return torch.stack(losses).sum()


def token_weights(counts: Sequence[int], by: str = "token") -> list[float]:
    """What a token of each micro-batch counts in the loss of the step.

    Args:
        counts: `n_i`, tokens with a loss of each micro-batch.
        by: "token": `1 / N`. "batch": `1 / (k n_i)`, the mean of means.

    Returns:
        A weight for each micro-batch; times its tokens, they add up to 1.

    Raises:
        ValueError: If a micro-batch has no token, there is none, or no such average.
    """
    if not counts or min(counts) < 1 or by not in ("token", "batch"):
        raise ValueError(f"counts {list(counts)} are not all 1 or more, or by {by!r} is neither 'token' nor 'batch'")
    return [1 / (sum(counts) if by == "token" else len(counts) * count) for count in counts]


# --8<-- [end:core]


def demo() -> None:
    """Gradients of a small model, by each average, beside that of the whole batch."""
    torch.manual_seed(0)
    tokens = torch.randint(8, (3, 12))
    labels = tokens.clone()
    for row, length in enumerate((12, 4, 2)):
        labels[row, length:] = -100
    model = torch.nn.Sequential(torch.nn.Embedding(8, 4), torch.nn.Linear(4, 8))

    def gradient(run: Callable[[], object]) -> Tensor:
        """What a run leaves behind."""
        model.zero_grad()
        run()
        return torch.cat([parameter.grad.flatten() for parameter in model.parameters() if parameter.grad is not None])

    pieces = split_batch((tokens, labels), 1)
    whole = gradient(lambda: causal_lm_loss(model(tokens), labels).backward())
    right = gradient(lambda: accumulate(model, pieces))
    wrong = gradient(lambda: [(causal_lm_loss(model(x), y) / len(pieces)).backward() for x, y in pieces])
    for name, found in (("tokens of the step", right), ("a mean of means", wrong)):
        print(f"{name:18} off by {((found - whole).norm() / whole.norm()).item():.1%}")


if __name__ == "__main__":
    demo()
