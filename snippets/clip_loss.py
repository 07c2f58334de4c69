r"""CLIP: contrastive training of image and text, and classification without training

An image encoder and a text encoder learn one space: in a batch of pairs, each image must find its own text among all
texts, and each text its image. Afterwards any set of class names is a classifier: embed "a photo of a ..." for every
class and take the nearest.

$$
s_{ij} = \tau\, \hat u_i \cdot \hat v_j, \qquad
L = -\frac{1}{2B} \sum_{i} \Bigl( \log \frac{e^{s_{ii}}}{\sum_j e^{s_{ij}}}
  + \log \frac{e^{s_{ii}}}{\sum_j e^{s_{ji}}} \Bigr)
$$

Paper: [Learning Transferable Visual Models From Natural Language Supervision](https://arxiv.org/abs/2103.00020),
sections 2.3 and 3.1.

Letters: `B` pairs in a batch, `D` width of the shared space, `K` classes, `P` prompts a class; `u` images, `v` texts,
`τ` the learned scale, transformers' `logit_scale.exp()`: the inverse of a temperature.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional

# --8<-- [start:core]
INITIAL_LOG_SCALE = math.log(1 / 0.07)
MAX_SCALE = 100.0


def similarities(images: Tensor, texts: Tensor, log_scale: Tensor) -> Tensor:
    """Scaled cosines of all images with all texts.

    Args:
        images: Embeddings `(B, D)`, of any length.
        texts: Embeddings `(K, D)`.
        log_scale: Scalar `log τ`: learned as a logarithm it stays positive. `hold_scale` keeps it from growing.

    Returns:
        Logits `(B, K)`, in float32 or wider: at a scale of 100, bf16 tells cosines near 1 apart in steps of 1/256.

    Raises:
        ValueError: If the embeddings are not two matrices of one width.
    """
    if images.ndim != 2 or texts.ndim != 2 or images.shape[1] != texts.shape[1]:
        raise ValueError(f"images {tuple(images.shape)} and texts {tuple(texts.shape)} are not (B, D) and (K, D)")
    images, texts, log_scale = (x.to(torch.promote_types(x.dtype, torch.float32)) for x in (images, texts, log_scale))
    return log_scale.exp() * (functional.normalize(images, dim=1) @ functional.normalize(texts, dim=1).T)


@torch.no_grad()
def hold_scale(log_scale: Tensor) -> None:
    """Bring a scale above 100 back to 100, in place: to be called after each step of the optimizer.

    The paper's guard against instability. It is the parameter that is clipped: clipping its value inside of the loss
    would leave a scale beyond 100 without gradient, and there it would stay.
    """
    log_scale.clamp_(max=math.log(MAX_SCALE))


def clip_loss(images: Tensor, texts: Tensor, log_scale: Tensor) -> Tensor:
    """The symmetric loss of a batch of pairs: the mean of choosing a text for each image, and an image for each text.

    Args:
        images: Embeddings `(B, D)`.
        texts: Embeddings `(B, D)`; text `i` belongs to image `i`. All others count as wrong, true or not.
        log_scale: Scalar `log τ`.

    Returns:
        Scalar; `log B` if nothing is told apart.

    Raises:
        ValueError: If the batch is empty or the shapes differ.
    """
    if images.shape != texts.shape or len(images) == 0:
        raise ValueError(f"images {tuple(images.shape)} and texts {tuple(texts.shape)} are not as many pairs")
    logits = similarities(images, texts, log_scale)  # (B, B)
    own = torch.arange(len(images), device=logits.device)
    return (functional.cross_entropy(logits, own) + functional.cross_entropy(logits.T, own)) / 2


def class_embeddings(prompts: Tensor) -> Tensor:
    """One vector a class from several prompts: the mean of their directions, as a direction again.

    Args:
        prompts: Embeddings `(K, P, D)` of sentences such as "a photo of a dog" and "a drawing of a dog".

    Returns:
        Unit vectors `(K, D)`.

    Raises:
        ValueError: If there is no prompt.
    """
    if prompts.ndim != 3 or prompts.shape[1] == 0:
        raise ValueError(f"prompts {tuple(prompts.shape)} are not (K, P, D) with P at least 1")
    return functional.normalize(functional.normalize(prompts, dim=-1).mean(dim=1), dim=-1)


def zero_shot(images: Tensor, classes: Tensor, log_scale: Tensor) -> Tensor:
    """Probability of each class for each image: `(B, D)` and `(K, D)` to `(B, K)`."""
    return similarities(images, classes, log_scale).softmax(dim=1)


# --8<-- [end:core]


def demo() -> None:
    """Two linear encoders learn to match pairs that share a hidden cause."""
    torch.manual_seed(0)
    cause = torch.randn(32, 4)
    pixels, words = cause @ torch.randn(4, 12), cause @ torch.randn(4, 9)
    image_encoder, text_encoder = torch.nn.Linear(12, 8), torch.nn.Linear(9, 8)
    log_scale = torch.nn.Parameter(torch.tensor(INITIAL_LOG_SCALE))
    optimizer = torch.optim.Adam([*image_encoder.parameters(), *text_encoder.parameters(), log_scale], lr=0.02)
    for step in range(101):
        loss = clip_loss(image_encoder(pixels), text_encoder(words), log_scale)
        if step % 50 == 0:
            print(f"step {step}: loss {loss.item():.3f}, chance is {math.log(32):.3f}")
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        hold_scale(log_scale)


if __name__ == "__main__":
    demo()
