"""CLIP's loss against transformers' CLIPModel, by hand, and in its limits."""

import math

import pytest
import torch
from transformers import CLIPConfig, CLIPModel

from snippets.clip_loss import INITIAL_LOG_SCALE, class_embeddings, clip_loss, hold_scale, similarities, zero_shot
from snippets.essence import clip_loss as essence


@pytest.fixture(scope="module")
def model():
    """A tiny CLIP with random weights."""
    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    text = {"vocab_size": 20, "max_position_embeddings": 8, "eos_token_id": 19, "bos_token_id": 0, "pad_token_id": 1}
    vision = {"image_size": 8, "patch_size": 4}
    config = CLIPConfig(text_config=sizes | text, vision_config=sizes | vision, projection_dim=12)
    return CLIPModel(config).eval()


@pytest.mark.parametrize("batch", [1, 2, 5])
def test_loss_logits_and_gradients_equal_transformers(device, model, batch):
    model.to(device)
    ids = torch.randint(2, 19, (batch, 6), device=device)
    ids[:, -1] = 19
    output = model(input_ids=ids, pixel_values=torch.randn(batch, 3, 8, 8, device=device), return_loss=True)
    images, texts = output.image_embeds.detach(), output.text_embeds.detach()
    log_scale = model.logit_scale
    torch.testing.assert_close(similarities(images, texts, log_scale), output.logits_per_image)
    loss = clip_loss(images, texts, log_scale)
    torch.testing.assert_close(loss, output.loss)
    ours, theirs = (torch.autograd.grad(value, log_scale, retain_graph=True)[0] for value in (loss, output.loss))
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-4)


def test_initial_scale_is_the_papers(model):
    assert model.logit_scale.item() == pytest.approx(INITIAL_LOG_SCALE, abs=1e-3)  # transformers rounds it
    assert math.exp(INITIAL_LOG_SCALE) == pytest.approx(1 / 0.07)


def test_loss_by_hand(device):
    """u = (3, 0), (0, 1); v = (1, 0), (1, 1)·k. Cosines: row 0: 1, h; row 1: 0, h, with h = 1/sqrt 2; τ = 2.

    Images: log(1 + e^(2h - 2)) and log(1 + e^(0 - 2h)); texts: log(1 + e^(0 - 2)) and log(1 + e^(2h - 2h)) = log 2.
    """
    images = torch.tensor([[3.0, 0.0], [0.0, 1.0]], device=device)
    texts = torch.tensor([[1.0, 0.0], [5.0, 5.0]], device=device)
    h = 0.5**0.5
    by_image = (math.log1p(math.exp(2 * h - 2)) + math.log1p(math.exp(-2 * h))) / 2
    by_text = (math.log1p(math.exp(-2)) + math.log(2)) / 2
    loss = clip_loss(images, texts, torch.tensor(math.log(2), device=device))
    assert loss.item() == pytest.approx((by_image + by_text) / 2, rel=1e-5)


def test_loss_is_symmetric_and_blind_to_lengths(device):
    images, texts = torch.randn(2, 6, 4, device=device, dtype=torch.float64)
    scale = torch.tensor(1.5, device=device, dtype=torch.float64)
    loss = clip_loss(images, texts, scale)
    torch.testing.assert_close(clip_loss(texts, images, scale), loss)
    lengths = torch.rand(6, 1, device=device, dtype=torch.float64) + 0.1
    torch.testing.assert_close(clip_loss(images * lengths, texts / lengths, scale), loss)


def test_loss_of_one_pair_is_zero_and_of_equal_embeddings_log_b(device):
    one = torch.randn(1, 4, device=device)
    scale = torch.tensor(2.0, device=device)
    assert clip_loss(one, -one, scale).item() == 0
    assert clip_loss(one.expand(8, 4), one.expand(8, 4), scale).item() == pytest.approx(math.log(8), rel=1e-5)


def test_scale_is_held_at_100_and_can_come_back(device):
    """Texts that fit worse than chance want a smaller scale, also from 100 and from beyond."""
    images = torch.eye(3, device=device)
    log_scale = torch.tensor(math.log(1000.0), device=device, requires_grad=True)
    clip_loss(images, images.roll(1, 0), log_scale).backward()
    assert log_scale.grad.item() > 100  # the logarithm's own derivative is the scale
    with torch.no_grad():
        log_scale -= 1e-6 * log_scale.grad
    hold_scale(log_scale)
    assert log_scale.item() == pytest.approx(math.log(100))
    assert log_scale.requires_grad
    log_scale.grad = None
    clip_loss(images, images.roll(1, 0), log_scale).backward()
    assert log_scale.grad.item() > 50
    small = torch.tensor(2.0, device=device)
    hold_scale(small)
    assert small.item() == 2.0


def test_gradients_are_right(device):
    images, texts = (torch.randn(4, 3, device=device, dtype=torch.float64, requires_grad=True) for _ in range(2))
    scale = torch.tensor(0.7, device=device, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(clip_loss, (images, texts, scale))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_low_precision_loss_is_finite_and_near(device, dtype):
    images, texts = torch.randn(2, 8, 16, device=device)
    scale = torch.tensor(math.log(100.0), device=device)
    loss = clip_loss(images.to(dtype), texts.to(dtype), scale.to(dtype))
    assert loss.dtype == torch.float32
    torch.testing.assert_close(loss, clip_loss(images, texts, scale), rtol=0.05, atol=0.5)


def test_a_zero_embedding_is_near_to_nothing(device):
    logits = similarities(torch.zeros(1, 4, device=device), torch.randn(3, 4, device=device), torch.tensor(1.0))
    assert logits.tolist() == [[0.0, 0.0, 0.0]]


def test_prompts_count_alike_whatever_their_length(device):
    """Directions (0.6, 0.8) and (0, -1): the mean is (0.3, -0.1), though one prompt is 250 times as long."""
    prompts = torch.tensor([[[300.0, 400.0], [0.0, -2.0]], [[0.0, -2.0], [0.0, -3.0]]], device=device)
    expected = torch.tensor([[3 / 10**0.5, -1 / 10**0.5], [0.0, -1.0]], device=device)
    torch.testing.assert_close(class_embeddings(prompts), expected)


def test_zero_shot_by_hand(device):
    """Cosines 1 and -1 with τ = 1: e / (e + 1/e) for the nearer class."""
    classes = torch.tensor([[1.0, 0.0], [-1.0, 0.0]], device=device)
    result = zero_shot(torch.tensor([[4.0, 0.0]], device=device), classes, torch.tensor(0.0, device=device))
    nearer = math.e / (math.e + 1 / math.e)
    assert result.flatten().tolist() == pytest.approx([nearer, 1 - nearer])


@pytest.mark.parametrize(
    ("images", "texts"), [((2, 3), (3, 3)), ((0, 3), (0, 3)), ((2, 3), (2, 4)), ((3,), (3,)), ((1, 2, 3), (1, 2, 3))]
)
def test_wrong_pairs_are_refused(images, texts):
    with pytest.raises(ValueError, match="images"):
        clip_loss(torch.zeros(images), torch.zeros(texts), torch.tensor(0.0))


@pytest.mark.parametrize("shape", [(2, 3), (2, 0, 3)])
def test_wrong_prompts_are_refused(shape):
    with pytest.raises(ValueError, match="prompts"):
        class_embeddings(torch.zeros(shape))


@pytest.mark.parametrize(("images", "texts"), [((1, 3), (1, 4)), ((1, 3, 2), (1, 3)), ((1, 3), (1, 3, 2))])
def test_embeddings_that_are_not_matrices_of_one_width_are_refused(images, texts):
    with pytest.raises(ValueError, match="not \\(B, D\\) and \\(K, D\\)"):
        similarities(torch.zeros(images), torch.zeros(texts), torch.tensor(0.0))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_logits_of_half_precision_are_taken_in_float32(device, dtype):
    """At a scale of 100, bfloat16 would round logits near 100 to multiples of 1/2."""
    images, texts = torch.randn(2, 8, 16, device=device).to(dtype)
    log_scale = torch.tensor(math.log(100.0), device=device)
    logits = similarities(images, texts, log_scale)
    torch.testing.assert_close(logits, similarities(images.float(), texts.float(), log_scale))


def test_essence_equals_the_module():
    torch.manual_seed(0)
    images, texts, prompts = torch.randn(6, 8), torch.randn(6, 8), torch.randn(3, 4, 8)
    log_scale = torch.tensor(INITIAL_LOG_SCALE)
    torch.testing.assert_close(essence.clip_loss(images, texts, log_scale), clip_loss(images, texts, log_scale))
    expected = zero_shot(images, class_embeddings(prompts), log_scale)
    torch.testing.assert_close(essence.zero_shot(images, prompts, log_scale), expected)
