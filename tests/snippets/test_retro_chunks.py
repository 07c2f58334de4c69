"""RETRO's chunks against brute force, position by position, and against looking into the future."""

import pytest
import torch

from snippets.essence import retro_chunks as essence
from snippets.retro_chunks import chunked_cross_attention, nearest_chunks, with_continuation


def tensors(device, batch=2, heads=3, chunks=3, size=4, neighbours=2, tokens=5, width=6, dtype=torch.float64):
    """Query, key and value."""
    query = torch.randn(batch, heads, chunks * size, width, device=device, dtype=dtype)
    return query, *torch.randn(2, batch, heads, chunks, neighbours, tokens, width, device=device, dtype=dtype)


@pytest.mark.parametrize("sizes", [{}, {"size": 1}, {"chunks": 1}, {"chunks": 1, "size": 1}, {"tokens": 1}])
def test_attention_equals_one_position_at_a_time(device, sizes):
    query, key, value = tensors(device, **sizes)
    output, size = chunked_cross_attention(query, key, value), query.shape[2] // key.shape[2]
    assert output.shape == query.shape
    for position in range(query.shape[2]):
        known = (position + 1) // size  # chunks whose last token has come
        for row in range(query.shape[0]):
            for head in range(query.shape[1]):
                result = output[row, head, position]
                if known == 0:
                    assert result.tolist() == [0.0] * len(result)
                    continue
                keys, values = (x[row, head, known - 1].reshape(-1, x.shape[-1]) for x in (key, value))
                weights = (keys @ query[row, head, position] / keys.shape[-1] ** 0.5).softmax(dim=0)
                torch.testing.assert_close(result, weights @ values)


def test_neighbours_reach_their_chunks_last_token_and_those_before_the_next_chunks_last(device):
    """m = 4: chunk 0 is positions 0 to 3, its neighbours count from 3 to 6."""
    query, key, value = tensors(device)
    value.requires_grad_()
    output = chunked_cross_attention(query, key, value)
    reached = []
    for position in range(12):
        (gradient,) = torch.autograd.grad(output[:, :, position].sum(), value, retain_graph=True)
        reached.append(gradient.abs().amax(dim=(0, 1, 3, 4, 5)).nonzero().flatten().tolist())
    assert reached == [[]] * 3 + [[0]] * 4 + [[1]] * 4 + [[2]]


def test_equal_keys_give_the_mean_and_huge_scores_one_value(device):
    query, key, value = tensors(device, chunks=1, size=1)
    torch.testing.assert_close(chunked_cross_attention(query, key * 0, value), value.mean(dim=(3, 4)))
    sharp = chunked_cross_attention(query * 1e6, key, value)
    nearest = (key * query[:, :, :, None, None]).sum(-1).flatten(3).argmax(-1)  # (B, H, 1)
    expected = value.flatten(3, 4).take_along_dim(nearest[..., None, None], dim=3).squeeze(3)
    torch.testing.assert_close(sharp, expected)


def test_gradients_are_right(device):
    inputs = [x.requires_grad_() for x in tensors(device, 1, 1, 2, 2, 1, 2, 2)]
    assert torch.autograd.gradcheck(chunked_cross_attention, inputs)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_low_precision_differs_by_rounding(device, dtype):
    inputs = tensors(device, dtype=torch.float32)
    output = chunked_cross_attention(*(x.to(dtype) for x in inputs))
    assert output.dtype == dtype
    torch.testing.assert_close(output.float(), chunked_cross_attention(*inputs), atol=0.05, rtol=0.05)


def test_nearest_chunks_equal_sorted_distances_and_leave_the_own_document_out(device):
    queries, keys = torch.randn(5, 4, device=device), torch.randn(30, 4, device=device)
    own, documents = torch.arange(5, device=device) % 3, torch.arange(30, device=device) % 3
    found = nearest_chunks(queries, keys, 4, own, documents)
    for query, document, row in zip(queries, own, found, strict=True):
        foreign = [index for index in range(30) if documents[index] != document]
        expected = sorted(foreign, key=lambda index, query=query: (keys[index] - query).norm().item())[:4]
        assert row.tolist() == expected


def test_ties_go_to_the_earlier_chunk():
    zeros, order = torch.zeros(300, 2), torch.arange(300)
    assert nearest_chunks(zeros[:1], zeros, 300, torch.tensor([999]), order).tolist() == [order.tolist()]


def test_as_many_chunks_as_are_asked_for_are_enough():
    one = torch.ones(1, 2)
    assert nearest_chunks(one, one, 1, torch.tensor([0]), torch.tensor([1])).tolist() == [[0]]


def test_continuation_ends_with_the_document():
    """Documents 0, 0, 1, 1: the second chunk is its document's last, and so is the fourth."""
    chunks, documents = torch.tensor([[1, 2], [3, 4], [5, 6], [7, 8]]), torch.tensor([0, 0, 1, 1])
    result = with_continuation(chunks, documents, torch.tensor([[2, 0], [3, 1]]), pad=-1)
    assert result.tolist() == [[[5, 6, 7, 8], [1, 2, 3, 4]], [[7, 8, -1, -1], [3, 4, -1, -1]]]
    assert with_continuation(chunks, documents, torch.tensor([1])).tolist() == [[3, 4, 0, 0]]


@pytest.mark.parametrize(("count", "documents"), [(0, [1, 1]), (2, [0, 1]), (3, [1, 1])])
def test_too_few_neighbours_are_refused(count, documents):
    with pytest.raises(ValueError, match=f"{count}"):
        nearest_chunks(torch.zeros(1, 2), torch.zeros(2, 2), count, torch.tensor([0]), torch.tensor(documents))


def test_one_query_with_too_few_is_enough_to_refuse():
    """Of the chunks of documents 0, 0, 1 the first query may use one, the second two."""
    with pytest.raises(ValueError, match="fewer than 2"):
        nearest_chunks(torch.zeros(2, 2), torch.zeros(3, 2), 2, torch.tensor([0, 1]), torch.tensor([0, 0, 1]))


def test_an_empty_database_is_refused_and_no_queries_find_nothing():
    none = torch.zeros(0, dtype=torch.long)
    with pytest.raises(ValueError, match="fewer than 1"):
        nearest_chunks(torch.zeros(1, 2), torch.zeros(0, 2), 1, torch.tensor([0]), none)
    assert nearest_chunks(torch.zeros(0, 2), torch.zeros(3, 2), 2, none, torch.arange(3)).shape == (0, 2)


@pytest.mark.parametrize(
    ("query", "key", "message"),
    [
        ((1, 1, 5, 2), (1, 1, 2, 1, 3, 2), "2 chunks do not divide 5"),
        ((1, 1, 4, 2), (1, 1, 0, 1, 3, 2), "0 chunks do not divide 4"),
        ((1, 1, 0, 2), (1, 1, 2, 1, 3, 2), "2 chunks do not divide 0"),
        ((1, 1, 4, 2), (1, 1, 2, 3, 2), "do not fit"),
        ((2, 1, 4, 2), (1, 1, 2, 1, 3, 2), "do not fit"),
        ((1, 1, 4, 3), (1, 1, 2, 1, 3, 2), "do not fit"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(query, key, message):
    with pytest.raises(ValueError, match=message):
        chunked_cross_attention(torch.zeros(query), torch.zeros(key), torch.zeros(key))


def test_keys_and_values_of_two_shapes_are_refused():
    with pytest.raises(ValueError, match="do not fit"):
        chunked_cross_attention(torch.zeros(1, 1, 4, 2), torch.zeros(1, 1, 2, 1, 3, 2), torch.zeros(1, 1, 2, 1, 1, 2))


def test_half_precision_scores_do_not_overflow(device):
    """64 entries of 40 make 102,400 before the division by 8; float16 ends at 65,504."""
    query = torch.full((1, 1, 2, 64), 40.0, device=device, dtype=torch.float16)
    key = torch.full((1, 1, 1, 1, 2, 64), 40.0, device=device, dtype=torch.float16)
    output = chunked_cross_attention(query, key, key)
    assert output.dtype == torch.float16
    assert output[0, 0].tolist() == [[0.0] * 64, [40.0] * 64]


def test_essence_equals_the_module():
    torch.manual_seed(0)
    for chunks, size in ((3, 4), (4, 1), (1, 5)):
        query = torch.randn(chunks * size, 8)
        key, value = torch.randn(2, chunks, 2, 3, 8)
        expected = chunked_cross_attention(query[None, None], key[None, None], value[None, None])[0, 0]
        torch.testing.assert_close(essence.chunked_cross_attention(query, key, value), expected)
