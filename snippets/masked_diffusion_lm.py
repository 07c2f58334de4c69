r"""Masked diffusion language models: text that appears everywhere at once

Noise for text: each token is a mask with probability t. A transformer without a causal mask guesses what is masked. The
cross-entropy of the guesses, divided by t, is on average an upper bound of -log p(text): unlike BERT's fixed 15 % this
trains a language model. To write, begin with masks alone, guess all, keep some of the guesses, and go on.

$$
-\log p_\theta(x) \le \mathbb{E}_{t, x_t} \Big[ \frac{1}{t} \sum_{i:\, x_t^i = \mathrm{M}} -\log p_\theta(x^i \mid x_t)
\Big] = \mathbb{E}_{l, x_l} \Big[ \frac{L}{l} \sum_{i:\, x_l^i = \mathrm{M}} -\log p_\theta(x^i \mid x_l) \Big]
$$

Papers: [LLaDA](https://arxiv.org/abs/2502.09992), equations 3 to 6; [MDLM](https://arxiv.org/abs/2406.07524).

Letters: `B` batch, `T` sequence, `V` vocabulary, `L` maskable tokens, `l` masked ones, `t` their share, `M` the mask.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor


# --8<-- [start:core]
def forward_process(
    tokens: Tensor,
    mask_id: int,
    maskable: Tensor | None = None,
    eps: float = 1e-3,
    generator: torch.Generator | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """Add noise: one chance for each text, and a coin for each token.

    Args:
        tokens: `(B, T)`.
        mask_id: The number of the mask.
        maskable: Bool or 0/1 `(B, T)`, False at prompts and padding. None: all may be masked.
        eps: The least chance, so that nothing is divided by 0.
        generator: Source of randomness on the tokens' device. None: torch's own.

    Returns:
        What the model reads, `(B, T)`.
        Where masks are, bool `(B, T)`.
        The chance that was drawn for each text, `(B, 1)`.

    Raises:
        ValueError: If `maskable` is not `(B, T)`.
    """
    allowed = _allowed(tokens, maskable)
    p_mask = eps + (1 - eps) * torch.rand(len(tokens), 1, generator=generator, device=tokens.device)  # (B, 1)
    masked = (torch.rand(tokens.shape, generator=generator, device=tokens.device) < p_mask) & allowed
    return tokens.masked_fill(masked, mask_id), masked, p_mask


def masked_diffusion_loss(
    logits: Tensor, tokens: Tensor, masked: Tensor, p_mask: Tensor, maskable: Tensor | None = None
) -> Tensor:
    """Equation 3, or 5 where prompts are not `maskable`: the bound by token, a scalar in float32 or wider.

    Args:
        logits: `(B, T, V)`; place i speaks of the token at i itself.
        tokens: What stood there `(B, T)`.
        masked: Where masks are, `(B, T)`.
        p_mask: From `forward_process`, `(B, 1)`.
        maskable: As there. Each text is divided by its number of them: all texts count the same.

    Raises:
        ValueError: If the shapes do not fit.
    """
    shapes = [tuple(x) for x in (logits.shape[:-1], masked.shape, tokens.shape, p_mask.shape)]
    if shapes != [*3 * [tokens.shape], (len(tokens), 1)]:
        raise ValueError(f"logits by place, masked, tokens, p_mask {shapes} are not three of (B, T), and (B, 1)")
    lengths = _allowed(tokens, maskable).sum(dim=1).clamp(min=1)  # (B,)
    return ((_surprise(logits, tokens, masked) / p_mask).sum(dim=1) / lengths).mean()


@torch.no_grad()
def nll_bound(
    model: Callable[[Tensor], Tensor],
    tokens: Tensor,
    mask_id: int,
    maskable: Tensor | None = None,
    samples: int = 128,
    generator: torch.Generator | None = None,
) -> Tensor:
    """An estimate of the bound of -log p for each text, `(B,)`, by equation 6: exactly `l` masks, which varies less.

    Args:
        model: Tokens `(B, T)`, masks among them, to logits `(B, T, V)`; asked `samples` times.
        tokens: As for `forward_process`.
        mask_id: As there.
        maskable: What is scored, `(B, T)`, at least one token a text; the rest is given. None: all.
        samples: How many numbers of masks are tried.
        generator: As there.

    Raises:
        ValueError: If `maskable` is not `(B, T)` or `samples` is below 1.
    """
    if samples < 1:
        raise ValueError(f"samples {samples} is below 1")
    allowed, total = _allowed(tokens, maskable), torch.zeros(len(tokens), device=tokens.device)
    lengths = allowed.sum(dim=1, keepdim=True)  # (B, 1), L
    for _ in range(samples):
        draws = torch.rand(tokens.shape, generator=generator, device=tokens.device).masked_fill(~allowed, torch.inf)
        count = 1 + (torch.rand(lengths.shape, generator=generator, device=tokens.device) * lengths).long()  # (B, 1), l
        masked = draws.argsort(dim=1).argsort(dim=1) < count  # (B, T), the l least draws
        logits = model(tokens.masked_fill(masked, mask_id))  # (B, T, V)
        total = total + (_surprise(logits, tokens, masked) * lengths / count).sum(dim=1)
    return total / samples


@torch.no_grad()
def generate(
    model: Callable[[Tensor], Tensor],
    prompt: Tensor,
    mask_id: int,
    steps: int,
    gen_length: int,
    block_length: int | None = None,
    temperature: float = 0.0,
    remasking: str = "low_confidence",
    generator: torch.Generator | None = None,
) -> Tensor:
    """Write, with the arguments of LLaDA's `generate`.

    Args:
        model: As for `nll_bound`; asked `steps` times.
        prompt: `(B, T)`; T may be 0.
        mask_id: The number of the mask, which is never written.
        steps: Passes in all; every block has the same number of them.
        gen_length: Tokens to write.
        block_length: Blocks are finished from left to right, in any order within. None: one block.
        temperature: 0 takes the likeliest token.
        remasking: Which guesses are kept: `low_confidence` the surest, `random` any.
        generator: Source of randomness on the prompt's device. None: torch's own.

    Returns:
        Prompt and text, `(B, T + gen_length)`.

    Raises:
        ValueError: If blocks or steps do not come out even, or there is no such remasking.
    """
    block_length = block_length or gen_length
    even = 0 < block_length <= gen_length and gen_length % block_length == 0 < steps <= gen_length
    if not even or steps * block_length % gen_length:
        raise ValueError(f"{gen_length} tokens in blocks of {block_length} in {steps} steps do not come out even")
    if remasking not in ("low_confidence", "random"):
        raise ValueError(f"remasking {remasking!r} is neither low_confidence nor random")
    each = steps * block_length // gen_length  # steps a block
    x = torch.cat([prompt, prompt.new_full((len(prompt), gen_length), mask_id)], dim=1)
    within = (torch.arange(x.shape[1], device=x.device) - prompt.shape[1]) // block_length  # (T,), below 0 the prompt
    for turn in range(steps):
        block, step = divmod(turn, each)
        logits = model(x).double().index_fill(2, x.new_tensor([mask_id]), -torch.inf)  # (B, T, V)
        guess = logits.argmax(dim=2)  # (B, T)
        if temperature > 0:
            warm = (logits / temperature).softmax(dim=2).flatten(0, 1)
            guess = torch.multinomial(warm, 1, generator=generator).view_as(x)
        sure = logits.softmax(dim=2).gather(2, guess.unsqueeze(2)).squeeze(2)  # (B, T)
        if remasking == "random":
            sure = torch.rand(x.shape, generator=generator, device=x.device)
        to_do = (x == mask_id) & (within == block)  # (B, T)
        count = block_length // each + (step < block_length % each)  # the same number in every step, or one more
        kept = sure.masked_fill(~to_do, -torch.inf).topk(count).indices  # (B, count)
        x = x.scatter(1, kept, guess.gather(1, kept))
    return x


def _surprise(logits: Tensor, tokens: Tensor, masked: Tensor) -> Tensor:
    """-log p of each masked token and 0 for the others, `(B, T)`, in float32 or wider."""
    logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
    return F.cross_entropy(logits.mT, tokens, reduction="none").masked_fill(~masked.bool(), 0.0)


def _allowed(tokens: Tensor, maskable: Tensor | None) -> Tensor:
    """Which tokens may be masked, bool `(B, T)`."""
    if maskable is not None and maskable.shape != tokens.shape:
        raise ValueError(f"maskable {tuple(maskable.shape)} does not fit tokens {tuple(tokens.shape)}")
    return torch.ones_like(tokens, dtype=torch.bool) if maskable is None else maskable.bool()


# --8<-- [end:core]


def demo() -> None:
    """Two texts, AB and BA, one mask after the other or both at once: who guesses both alone mixes them up."""
    torch.manual_seed(0)

    def model(x: Tensor) -> Tensor:
        """What is not seen is the other letter, or either: 0 is A, 1 is B, 2 the mask."""
        return torch.stack([x.flip(1) != 0, x.flip(1) != 1, x > 2], dim=2).float().log()

    for steps in (2, 1):
        a, b = generate(model, torch.zeros(1000, 0, dtype=torch.long), 2, steps, 2, temperature=1.0).unbind(1)
        print(f"{steps} steps: {(a != b).float().mean():.2f} of the texts are AB or BA")
    print(f"-log p(AB) is log 2 = 0.69; the bound {nll_bound(model, torch.tensor([[0, 1]]), 2).item():.2f}")


if __name__ == "__main__":
    demo()
