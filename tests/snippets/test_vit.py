"""The vision transformer against transformers' with copied weights, torch's unfold, convolution and loops."""

import pytest
import torch
from torch import nn

from snippets.essence import vit as essence
from snippets.vit import ViT, patchify, resize_positions

SIZES = {
    "image_size": 12,
    "patch_size": 4,
    "num_channels": 3,
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 24,
}


@pytest.fixture
def pair(device):
    """Ours, and transformers' model with the same weights."""
    from transformers import ViTConfig, ViTForImageClassification

    torch.manual_seed(0)
    theirs = ViTForImageClassification(ViTConfig(**SIZES, num_labels=5, hidden_dropout_prob=0.0)).to(device)
    for weight in theirs.parameters():
        nn.init.normal_(weight, std=0.3)
    ours = ViT(**SIZES, num_labels=5).to(device)
    its = theirs.vit.embeddings
    with torch.no_grad():
        ours.projection.weight.copy_(its.patch_embeddings.projection.weight.flatten(1))
        ours.projection.bias.copy_(its.patch_embeddings.projection.bias)
        ours.cls_token.copy_(its.cls_token[0, 0])
        ours.position_embeddings.copy_(its.position_embeddings[0])
    for mine, its in zip(ours.layers, theirs.vit.layers, strict=True):
        attention = its.attention
        parts = (attention.q_proj, attention.k_proj, attention.v_proj)
        mine.self_attn.in_proj_weight.data = torch.cat([one.weight for one in parts])
        mine.self_attn.in_proj_bias.data = torch.cat([one.bias for one in parts])
        pairs = [
            (mine.self_attn.out_proj, attention.o_proj),
            (mine.linear1, its.mlp.fc1),
            (mine.linear2, its.mlp.fc2),
            (mine.norm1, its.layernorm_before),
            (mine.norm2, its.layernorm_after),
        ]
        for one, other in pairs:
            one.load_state_dict(other.state_dict())
    ours.layernorm.load_state_dict(theirs.vit.layernorm.state_dict())
    ours.classifier.load_state_dict(theirs.classifier.state_dict())
    return ours, theirs


def test_logits_and_features_are_those_of_transformers(pair, device):
    ours, theirs = pair
    images = torch.randn(2, 3, 12, 12, device=device)
    torch.testing.assert_close(ours(images), theirs(images).logits, atol=2e-5, rtol=1e-4)
    torch.testing.assert_close(ours.features(images), theirs.vit(images).last_hidden_state, atol=2e-5, rtol=1e-4)


@pytest.mark.parametrize("size", [(20, 20), (8, 8), (8, 24)])
def test_other_sizes_are_taken_as_transformers_takes_them(pair, device, size):
    ours, theirs = pair
    images = torch.randn(2, 3, *size, device=device)
    expected = theirs(images, interpolate_pos_encoding=True).logits
    torch.testing.assert_close(ours(images, interpolate_pos_encoding=True), expected, atol=2e-5, rtol=1e-4)


def test_gradients_are_those_of_transformers(pair, device):
    ours, theirs = pair
    images = torch.randn(2, 3, 12, 12, device=device)
    for model in pair:
        out = model(images)
        (out if isinstance(out, torch.Tensor) else out.logits).square().mean().backward()
    its = theirs.vit.embeddings
    for mine, other in (
        (ours.projection.weight.grad, its.patch_embeddings.projection.weight.grad.flatten(1)),
        (ours.cls_token.grad, its.cls_token.grad[0, 0]),
        (ours.position_embeddings.grad, its.position_embeddings.grad[0]),
        (ours.layers[0].linear1.weight.grad, theirs.vit.layers[0].mlp.fc1.weight.grad),
    ):
        torch.testing.assert_close(mine, other, atol=1e-5, rtol=1e-3)


@pytest.mark.parametrize("shape", [(2, 3, 8, 8), (1, 1, 4, 12), (2, 2, 12, 4)])
def test_patches_are_those_of_unfold_and_of_slices(device, shape):
    images = torch.randn(shape, device=device)
    found = patchify(images, 4)
    torch.testing.assert_close(found, nn.functional.unfold(images, 4, stride=4).mT, atol=0, rtol=0)
    n = 0
    for top in range(0, shape[2], 4):
        for left in range(0, shape[3], 4):
            assert torch.equal(found[:, n], images[:, :, top : top + 4, left : left + 4].flatten(1))
            n += 1
    assert n == found.shape[1]


def test_linear_map_of_patches_is_a_convolution_with_stride(device):
    convolution = nn.Conv2d(3, 6, 4, stride=4).to(device)
    images = torch.randn(2, 3, 8, 12, device=device)
    expected = convolution(images).flatten(2).mT
    found = nn.functional.linear(patchify(images, 4), convolution.weight.flatten(1), convolution.bias)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)


def test_patches_by_hand(device):
    image = torch.arange(16, device=device).view(1, 1, 4, 4)
    assert patchify(image, 2)[0].tolist() == [[0, 1, 4, 5], [2, 3, 6, 7], [8, 9, 12, 13], [10, 11, 14, 15]]
    assert patchify(image.mT, 4)[0].tolist() == [image.mT.flatten().tolist()]  # memory in another order, too


def test_positions_stretch_as_a_picture_does(device):
    """A constant stays; a ramp along the rows stays one along the rows; CLS is not touched."""
    positions = torch.cat(
        [torch.full((1, 2), 9.0), torch.stack([torch.full((12,), 5.0), torch.arange(12) // 4], dim=1)]
    )
    found = resize_positions(positions.to(device), (3, 4), (6, 2))
    assert found.shape == (13, 2) and found[0].tolist() == [9.0, 9.0]
    torch.testing.assert_close(found[1:, 0], torch.full((12,), 5.0, device=device))
    ramp = found[1:, 1].view(6, 2)
    assert torch.equal(ramp[:, 0], ramp[:, 1]) and (ramp.diff(dim=0) > 0).all()
    assert ramp.mean().item() == pytest.approx(1.0, abs=1e-6)
    assert resize_positions(positions, (3, 4), (3, 4)) is positions


def test_without_positions_the_order_of_patches_is_not_seen(device):
    torch.manual_seed(0)
    model = ViT().to(device)
    images = torch.randn(2, 1, 12, 12, device=device)
    turned = images.roll(3, dims=2)  # by one row of patches: the same patches in another order
    assert not torch.allclose(model(images), model(turned), atol=1e-5)
    nn.init.zeros_(model.position_embeddings)
    torch.testing.assert_close(model(images), model(turned), atol=1e-5, rtol=1e-4)


def test_gradcheck_of_patches_and_positions(device):
    images = torch.randn(1, 2, 4, 4, device=device, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: patchify(x, 2), images)
    positions = torch.randn(5, 2, device=device, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: resize_positions(x, (2, 2), (3, 2)), positions)


IMAGES = torch.ones(1, 1, 12, 12)


def test_a_model_is_as_large_as_said_and_small_unless_said(device):
    plain, said = ViT(), ViT(12, 3, 1, 32, 2, 4, 64, 4, layer_norm_eps=0.5)
    assert [(n, w.shape) for n, w in plain.state_dict().items()] == [(n, w.shape) for n, w in said.state_dict().items()]
    assert said.layernorm.eps == said.layers[0].norm1.eps == 0.5 and plain.layernorm.eps == 1e-12
    assert plain.position_embeddings.std().item() == pytest.approx(0.02, rel=0.2)  # of 544 draws


def test_patches_of_one_pixel_are_the_pixels(device):
    images = torch.randn(2, 3, 2, 5, device=device)
    assert torch.equal(patchify(images, 1), images.flatten(2).mT)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: patchify(IMAGES[0], 3), r"\(1, 12, 12\)"),
        (lambda: patchify(IMAGES, 5), "squares of 5"),
        (lambda: patchify(IMAGES, 0), "squares of 0"),
        (lambda: patchify(IMAGES[..., :7], 4), r"\(1, 1, 12, 7\)"),
        (lambda: resize_positions(torch.ones(5, 2), (2, 3), (2, 2)), r"\(5, 2\) are not \(1 \+ 2 x 3, C\)"),
        (lambda: resize_positions(torch.ones(1, 5, 2), (2, 2), (2, 2)), r"\(1, 5, 2\)"),
        (lambda: ViT(image_size=13), "does not divide image_size 13"),
        (lambda: ViT()(torch.ones(1, 1, 15, 15)), "interpolate_pos_encoding"),
        (lambda: patchify(torch.ones(1, 1, 4, 6), 3), "in squares of 3"),
        (lambda: ViT().features(torch.ones(1, 1, 12, 15)), "see interpolate_pos_encoding"),
    ],
)
def test_wrong_arguments_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_essence_gives_what_the_module_gives():
    torch.manual_seed(0)
    model, images = ViT(), torch.randn(2, 1, 12, 12)
    torch.testing.assert_close(essence.patchify(images, 3), patchify(images, 3))
    positions = model.position_embeddings
    torch.testing.assert_close(essence.stretch(positions, (4, 4), (5, 3)), resize_positions(positions, (4, 4), (5, 3)))
    E, b = model.projection.weight.T, model.projection.bias
    encoder = nn.Sequential(*model.layers)
    found = essence.vit(images, 3, E, b, model.cls_token, positions, encoder, model.layernorm, model.classifier)
    torch.testing.assert_close(found, model(images), atol=1e-5, rtol=1e-4)
