"""The connector against transformers' LLaVA and Idefics3, torch's own pixel_unshuffle, and loops over tokens."""

from types import SimpleNamespace

import pytest
import torch
from torch import nn

from snippets.essence import vision_connector as essence
from snippets.vision_connector import Connector, expand_image_tokens, merge_image_features, pixel_shuffle


@pytest.mark.parametrize("scale", [1, 2, 3])
def test_shuffle_is_that_of_idefics3(device, scale):
    from transformers.models.idefics3.modeling_idefics3 import Idefics3Connector

    features = torch.randn(2, 36, 5, device=device)
    expected = Idefics3Connector.pixel_shuffle(SimpleNamespace(), features, scale)
    assert torch.equal(pixel_shuffle(features, scale), expected)


@pytest.mark.parametrize("grid", [(4, 6), (6, 4), (2, 2)])
def test_shuffle_is_pixel_unshuffle_of_the_picture_of_features(device, grid):
    """torch has channels outside and places in a square inside; ours are the other way round."""
    rows, columns = grid
    features = torch.randn(2, rows * columns, 3, device=device)
    picture = features.mT.reshape(2, 3, rows, columns)
    expected = nn.functional.pixel_unshuffle(picture, 2).view(2, 3, 4, -1).permute(0, 3, 2, 1).flatten(2)
    assert torch.equal(pixel_shuffle(features, 2, grid), expected)


def test_shuffle_by_hand(device):
    features = torch.arange(16, device=device).view(1, 16, 1)
    expected = [[0, 1, 4, 5], [2, 3, 6, 7], [8, 9, 12, 13], [10, 11, 14, 15]]
    assert pixel_shuffle(features, 2)[0].tolist() == expected


def test_projector_is_that_of_llava(device):
    from transformers.models.llava.modeling_llava import LlavaMultiModalProjector

    config = SimpleNamespace(
        vision_feature_layer=-2,
        vision_config=SimpleNamespace(hidden_size=8),
        text_config=SimpleNamespace(hidden_size=6),
        multimodal_projector_bias=True,
        projector_hidden_act="gelu",
    )
    theirs, ours = LlavaMultiModalProjector(config).to(device), Connector(8, 6).to(device)
    ours.load_state_dict(theirs.state_dict())
    features = torch.randn(2, 9, 8, device=device)
    torch.testing.assert_close(ours(features), theirs(features))


def test_connector_shuffles_before_it_projects(device):
    connector, features = Connector(4, 6, scale=2).to(device), torch.randn(2, 8, 4, device=device)
    found = connector(features, (2, 4))
    shuffled = pixel_shuffle(features, 2, (2, 4))
    torch.testing.assert_close(found, connector.linear_2(nn.functional.gelu(connector.linear_1(shuffled))))
    assert found.shape == (2, 2, 6)


def test_placeholders_are_as_many_as_vectors():
    assert expand_image_tokens([1, 9, 2, 9], 9, [3, 1]) == [1, 9, 9, 9, 2, 9]
    assert expand_image_tokens([1, 9, 2], 9, [0]) == [1, 2]
    assert expand_image_tokens([1, 2], 9, []) == [1, 2]


def test_vectors_stand_where_a_loop_puts_them(device):
    ids = torch.tensor([[9, 9, 1, 2, 9], [3, 9, 4, 5, 6]], device=device)
    embeds, features = torch.randn(2, 5, 4, device=device), torch.randn(2, 2, 4, device=device)
    found, rows = merge_image_features(ids, embeds, features, 9), iter(features.flatten(0, 1))
    for b in range(2):
        for t in range(5):
            assert torch.equal(found[b, t], next(rows) if ids[b, t] == 9 else embeds[b, t])
    expected = embeds.masked_scatter((ids == 9).unsqueeze(-1), features)  # as transformers has it
    assert torch.equal(found, expected)


def test_text_alone_stays_and_dtypes_are_the_texts(device):
    ids, embeds = torch.tensor([[1, 2]], device=device), torch.randn(1, 2, 4, device=device).bfloat16()
    assert merge_image_features(ids, embeds, torch.zeros(0, 3, 4, device=device), 9) is embeds
    found = merge_image_features(ids, embeds, torch.ones(1, 1, 4, device=device), 2)
    assert found.dtype == torch.bfloat16 and found[0, 1].tolist() == [1.0] * 4


def test_gradients_reach_words_and_images_at_their_places_alone(device):
    ids = torch.tensor([[1, 9, 9]], device=device)
    embeds = torch.randn(1, 3, 2, device=device, dtype=torch.float64, requires_grad=True)
    features = torch.randn(1, 2, 2, device=device, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x, h: merge_image_features(ids, x, h, 9), (embeds, features))
    merge_image_features(ids, embeds, features, 9).sum().backward()
    assert embeds.grad.tolist() == [[[1, 1], [0, 0], [0, 0]]] and features.grad.tolist() == [[[1, 1], [1, 1]]]
    patches = torch.randn(1, 4, 2, device=device, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: pixel_shuffle(x, 2), patches)


IDS, EMBEDS = torch.tensor([[1, 9, 9]]), torch.zeros(1, 3, 4)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: pixel_shuffle(torch.ones(1, 8, 2), 2), "8 patches are not a grid 3 x 3"),
        (lambda: pixel_shuffle(torch.ones(1, 9, 2), 2), "squares of 2"),
        (lambda: pixel_shuffle(torch.ones(1, 9, 2), 0), "squares of 0"),
        (lambda: pixel_shuffle(torch.ones(1, 12, 2), 2, (4, 3)), "4 x 3"),
        (lambda: pixel_shuffle(torch.ones(1, 12, 2), 2, (3, 4)), "3 x 4"),
        (lambda: expand_image_tokens([1, 9], 9, [1, 1]), "1 placeholders for 2 images"),
        (lambda: merge_image_features(IDS, EMBEDS, torch.ones(1, 3, 4), 9), "2 placeholders"),
        (lambda: merge_image_features(IDS, EMBEDS, torch.ones(1, 2, 3), 9), r"\(1, 2, 3\)"),
    ],
)
def test_wrong_arguments_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_essence_gives_what_the_module_gives():
    torch.manual_seed(0)
    connector, features = Connector(3, 4, scale=2), torch.randn(2, 16, 3)
    assert torch.equal(essence.pixel_shuffle(features, 2), pixel_shuffle(features, 2))
    one, two = connector.linear_1, connector.linear_2
    found = essence.project(pixel_shuffle(features, 2), one.weight, one.bias, two.weight, two.bias)
    torch.testing.assert_close(found, connector(features))
    ids, embeds, vectors = torch.tensor([[9, 1, 9], [9, 9, 2]]), torch.randn(2, 3, 4), torch.randn(2, 2, 4)
    assert torch.equal(essence.merge(ids, embeds, vectors, 9), merge_image_features(ids, embeds, vectors, 9))
