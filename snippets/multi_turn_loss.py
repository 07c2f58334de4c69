r"""Multi-turn loss: which tokens of a dialogue are learned

A dialogue is one sequence of tokens; the model should learn what the assistant says and not what the user asks. Either
only the last answer carries loss, and a dialogue of K turns is split into K samples that repeat its prefix, or every
answer does, in one pass: under causal attention an answer sees nothing that comes later, so both give the same losses.

$$
\mathcal{L} = -\frac{\sum_t m_t \log p(x_t \mid x_{<t})}{\sum_t m_t}, \qquad
m_t = 1 \text{ where } x_t \text{ is said by the assistant}
$$

Source: [ChatGLM2-6B](https://github.com/THUDM/ChatGLM2-6B) (every answer, causal), where ChatGLM-6B took the last one.

Letters: `B` dialogues, `T` tokens of the longest, `K` answers of a dialogue, `V` vocabulary.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

IGNORE = -100  # the label of a position without loss, as in `F.cross_entropy`


# --8<-- [start:core]
@dataclass(frozen=True)
class Turn:
    """What one side says, as the template of the model writes it.

    Attributes:
        role: `system`, `user` or `assistant`.
        header: The tokens that announce the turn, such as `<|assistant|>`; the program writes them, nobody learns them.
        content: The tokens of the turn, with the one that ends it: a model that never learns it does not stop.
    """

    role: str
    header: tuple[int, ...]
    content: tuple[int, ...]


def label_turns(turns: Sequence[Turn], train_on: str = "all") -> tuple[list[int], list[int]]:
    """A dialogue as tokens and labels.

    Args:
        turns: The dialogue, in order.
        train_on: `all` answers of the assistant, or the `last` one.

    Returns:
        tokens: Headers and contents of all turns.
        labels: The tokens that carry loss, `IGNORE` elsewhere. They are not shifted: label t is token t.

    Raises:
        ValueError: If `train_on` is neither, or the assistant says nothing.
    """
    if train_on not in ("all", "last"):
        raise ValueError(f"train_on {train_on!r} is not all or last")
    answers = [at for at, turn in enumerate(turns) if turn.role == "assistant" and turn.content]
    if not answers:
        raise ValueError("the assistant says nothing: there is no token to learn")
    learned = answers if train_on == "all" else answers[-1:]
    tokens: list[int] = []
    labels: list[int] = []
    for at, turn in enumerate(turns):
        tokens += [*turn.header, *turn.content]
        labels += [IGNORE] * len(turn.header)
        labels += turn.content if at in learned else [IGNORE] * len(turn.content)
    return tokens, labels


def split_by_answer(turns: Sequence[Turn]) -> list[Sequence[Turn]]:
    """A dialogue of K answers as K dialogues that end with one: what `train_on="last"` needs to use all of them."""
    return [turns[: at + 1] for at, turn in enumerate(turns) if turn.role == "assistant" and turn.content]


def collate(samples: Sequence[tuple[Sequence[int], Sequence[int]]], pad: int = 0) -> tuple[Tensor, Tensor]:
    """Tokens and labels of several dialogues, padded on the right: two tensors `(B, T)`."""
    longest = max((len(tokens) for tokens, _ in samples), default=0)
    tokens = [[*tokens, *[pad] * (longest - len(tokens))] for tokens, _ in samples]
    labels = [[*labels, *[IGNORE] * (longest - len(labels))] for _, labels in samples]
    return torch.tensor(tokens), torch.tensor(labels)


def dialogue_loss(logits: Tensor, labels: Tensor, average: str = "token") -> Tensor:
    """Mean negative log-probability of the learned tokens, a scalar in float32 or wider.

    Args:
        logits: `(B, T, V)`; position t speaks of the token at t + 1.
        labels: `(B, T)`, from `collate`.
        average: Over every `token` alike, or over each `sample` first, so that a short one counts as much as a long.
            A sample without a token to learn does not count; where none has one, the loss is 0.

    Raises:
        ValueError: If `average` is neither, or the shapes do not fit.
    """
    if labels.shape != logits.shape[:-1]:
        raise ValueError(f"labels {tuple(labels.shape)} do not fit logits {tuple(logits.shape)}")
    if average not in ("token", "sample"):
        raise ValueError(f"average {average!r} is not token or sample")
    logits = logits if logits.dtype == torch.float64 else logits.float()
    targets, learned = labels[:, 1:], labels[:, 1:] != IGNORE  # (B, T - 1)
    counts = learned.sum(dim=1)  # (B,)
    logps = logits[:, :-1].log_softmax(dim=-1)  # (B, T - 1, V)
    losses = -logps.gather(-1, targets.clamp(min=0).unsqueeze(-1)).squeeze(-1)
    losses = losses.masked_fill(~learned, 0)
    if average == "token":
        return losses.sum() / counts.sum().clamp(min=1)
    return (losses.sum(dim=1) / counts.clamp(min=1)).sum() / (counts > 0).sum().clamp(min=1)


# --8<-- [end:core]


def demo() -> None:
    """Which tokens are learned, both ways."""
    user, assistant, end = 1, 2, 9
    turns = [
        Turn("user", (user,), (11, 12)),
        Turn("assistant", (assistant,), (21, end)),
        Turn("user", (user,), (13,)),
        Turn("assistant", (assistant,), (22, 23, end)),
    ]
    print("tokens:", *(f"{token:2}" for token in label_turns(turns)[0]))
    for train_on in ("all", "last"):
        print(
            f"{train_on:>6}:", *(" ." if label == IGNORE else f"{label:2}" for label in label_turns(turns, train_on)[1])
        )
    one, several = len(label_turns(turns)[0]), sum(len(label_turns(part)[0]) for part in split_by_answer(turns))
    print(f"tokens to compute: {one} in one pass, {several} when cut into {len(split_by_answer(turns))} samples")


if __name__ == "__main__":
    demo()
