r"""Beam search

Greedy decoding takes the best token and regrets it later; trying everything takes `V^T` runs. Beam search keeps the
`K` best prefixes, extends each by every token, and keeps the `K` best again. Finished sequences are ranked by their
log-probability per token to the power `α`: without that, every further token can only make a sequence worse.

$$
\mathrm{score}(y) = \frac{1}{|y|^{\alpha}} \sum_{t=1}^{|y|} \log p(y_t \mid y_{<t}, x)
$$

Paper: [Google's Neural Machine Translation System](https://arxiv.org/abs/1609.08144), section 7, for the length
normalisation; its form is that of transformers' `length_penalty`.

Letters: `K` beams, `T` tokens so far, `V` vocabulary; `x` the prompt, `y` what is generated; `α` length penalty.
"""

from collections.abc import Callable

import torch
from torch import Tensor


# --8<-- [start:core]
@torch.no_grad()
def beam_search(
    model: Callable[[Tensor], Tensor],
    prompt: Tensor,
    beams: int,
    steps: int,
    eos: int | None = None,
    alpha: float = 1.0,
) -> list[tuple[list[int], float]]:
    """The best continuations of one prompt that beams find.

    Args:
        model: Token ids `(K, T)` to logits `(K, T, V)`; called with all beams at once.
        prompt: Token ids, `(T,)`, not empty.
        beams: `K`, transformers' `num_beams`, at least 1; 1 is greedy decoding, but with `alpha` above 0 it looks past
            an end for a better one.
        steps: The most tokens to add, `max_new_tokens`, at least 1.
        eos: The token that ends a sequence, `eos_token_id`, counted as part of it. None: all run to `steps`.
        alpha: `length_penalty`: 0 ranks by the plain sum and favours short sequences, larger favours long ones.

    Returns:
        New tokens and score of up to `beams` sequences, the best first.

    Raises:
        ValueError: If the prompt is empty, or `beams` or `steps` is below 1.
    """
    if prompt.ndim != 1 or len(prompt) == 0:
        raise ValueError(f"prompt {tuple(prompt.shape)} is not (T,) with a token in it")
    if beams < 1 or steps < 1:
        raise ValueError(f"beams {beams} and steps {steps} are not both at least 1")
    tokens = prompt.unsqueeze(0)  # (1, T): equal beams would all find the same
    sums = torch.zeros(1, device=prompt.device)  # (K,)
    finished: list[tuple[list[int], float]] = []
    for step in range(1, steps + 1):
        logps = model(tokens)[:, -1].double().log_softmax(dim=-1)  # (K, V)
        vocabulary = logps.shape[1]
        totals = (sums.unsqueeze(1) + logps).flatten()  # (K V,)
        # One end token per beam at most: among the best 2 K there are K that go on.
        best = totals.topk(min(2 * beams, len(totals)))
        parents, chosen = best.indices // vocabulary, best.indices % vocabulary
        extended = torch.cat([tokens[parents], chosen.unsqueeze(1)], dim=1)  # (2 K, T + 1)
        ends = torch.tensor([step == steps or token == eos for token in chosen.tolist()], device=prompt.device)
        for rank in range(min(beams, len(chosen))):  # what does not make it into the best K is not kept
            if ends[rank] and best.values[rank] > -torch.inf:
                sequence = extended[rank, len(prompt) :].tolist()
                finished.append((sequence, best.values[rank].item() / step**alpha))
        finished = sorted(finished, key=lambda pair: -pair[1])[:beams]
        going = ((~ends) & (best.values > -torch.inf)).nonzero().flatten()[:beams]
        tokens, sums = extended[going], best.values[going]
        if len(going) == 0 or (
            len(finished) == beams and _hopeless(sums[0].item(), step, steps, alpha, finished[-1][1])
        ):
            break
    return finished


def _hopeless(total: float, step: int, steps: int, alpha: float, worst: float) -> bool:
    """Whether no continuation of a sum of log-probabilities can score above `worst`: sums only fall.

    If this one did not, its score would be highest at full length for a positive `alpha`, else at the next step.
    """
    return max(total / (step + 1) ** alpha, total / steps**alpha) <= worst


def sequence_score(model: Callable[[Tensor], Tensor], prompt: Tensor, new: list[int], alpha: float = 1.0) -> float:
    """The score of one continuation, from a single pass over it: what `beam_search` adds up step by step."""
    tokens = torch.cat([prompt, prompt.new_tensor(new)])  # (T + new,)
    with torch.no_grad():
        logps = model(tokens.unsqueeze(0))[0].double().log_softmax(dim=-1)  # (T + new, V)
    chosen = logps[len(prompt) - 1 : -1].gather(1, tokens[len(prompt) :].unsqueeze(1))
    return chosen.sum().item() / len(new) ** alpha


# --8<-- [end:core]


def demo() -> None:
    """The first token that looks best leads to a worse sequence: two beams find the better one."""
    table = torch.tensor([[0.0, 0.5, 0.4, 0.1], [0.4, 0.2, 0.2, 0.2], [0.9, 0.05, 0.03, 0.02], [0.7, 0.1, 0.1, 0.1]])
    for beams in (1, 2):
        sequence, score = beam_search(lambda tokens: table.log()[tokens], torch.tensor([0]), beams, steps=2, alpha=0.0)[
            0
        ]
        print(f"{beams} beam(s): {sequence}, probability {2.718281828**score:.2f}")


if __name__ == "__main__":
    demo()
