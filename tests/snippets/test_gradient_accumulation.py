"""Gradient accumulation against one backward pass over the whole batch, transformers, and ranks that take the mean."""

from contextlib import contextmanager

import pytest
import torch
import torch.nn.functional as F

from snippets.essence import gradient_accumulation as essence
from snippets.gradient_accumulation import accumulate, causal_lm_loss, count_items, split_batch, token_weights

V = 7


def rows(device, lengths=(9, 3, 2, 6), width=9, seed=0):
    """Sentences of several lengths; what follows them has no loss."""
    draw = torch.Generator().manual_seed(seed)
    tokens = torch.randint(V, (len(lengths), width), generator=draw).to(device)
    labels = tokens.clone()
    for row, length in enumerate(lengths):
        labels[row, length:] = -100
    return tokens, labels


def small_model(device):
    draw = torch.Generator().manual_seed(1)
    model = torch.nn.Sequential(torch.nn.Embedding(V, 5), torch.nn.Tanh(), torch.nn.Linear(5, V)).double()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=draw))
    return model.to(device)


def gradients(model, run):
    model.zero_grad()
    run()
    return torch.cat([parameter.grad.flatten() for parameter in model.parameters()])


def whole(model, batch):
    """By torch's own mean over all tokens that count."""
    tokens, labels = batch
    loss = F.cross_entropy(model(tokens)[:, :-1].flatten(0, 1), labels[:, 1:].flatten())
    loss.backward()
    return loss.detach()


@pytest.mark.parametrize("size", [1, 2, 3, 4, 9])
def test_gradient_and_loss_are_those_of_the_whole_batch(device, size):
    model, batch = small_model(device), rows(device)
    expected = gradients(model, lambda: whole(model, batch))
    pieces = split_batch(batch, size)
    assert len(pieces) == -(-4 // size)
    torch.testing.assert_close(gradients(model, lambda: accumulate(model, pieces)), expected)
    torch.testing.assert_close(accumulate(model, pieces), whole(model, batch))
    assert not accumulate(model, pieces).requires_grad


def test_a_mean_of_means_is_another_gradient_unless_all_are_as_long(device):
    """8, 2, 1 and 5 targets: the wrong way, so that the right one is seen to differ."""
    model = small_model(device)
    for lengths, same in (((9, 3, 2, 6), False), ((5, 5, 5, 5), True)):
        pieces = split_batch(rows(device, lengths), 1)
        right = gradients(model, lambda pieces=pieces: accumulate(model, pieces))
        wrong = gradients(
            model, lambda pieces=pieces: [(causal_lm_loss(model(x), y) / 4).backward() for x, y in pieces]
        )
        assert torch.allclose(right, wrong) == same


def test_one_token_with_a_loss_is_a_whole_batch_too(device):
    model, (tokens, labels) = small_model(device), rows(device, (2,))
    expected = F.cross_entropy(model(tokens)[0, :1], labels[0, 1:2])
    torch.testing.assert_close(causal_lm_loss(model(tokens), labels), expected)
    torch.testing.assert_close(accumulate(model, [(tokens, labels)]), expected.detach())


def test_gradients_are_added_to_what_is_there(device):
    model, pieces = small_model(device), split_batch(rows(device), 2)
    once = gradients(model, lambda: accumulate(model, pieces))
    twice = gradients(model, lambda: [accumulate(model, pieces) for _ in range(2)])
    torch.testing.assert_close(twice, 2 * once)


def test_ranks_that_take_the_mean_of_their_gradients_get_that_of_the_whole_batch(device):
    """Three ranks with other numbers of tokens each, as DistributedDataParallel has them."""
    model, batch = small_model(device), rows(device, (9, 3, 2, 6, 4, 2))
    expected = gradients(model, lambda: whole(model, batch))
    loss = whole(model, batch)
    ranks = [split_batch(piece, 1) for piece in split_batch(batch, 2)]
    items = torch.stack([count_items(pieces) for pieces in ranks]).sum()  # the all-reduce
    found, losses = [], []
    for pieces in ranks:
        found.append(gradients(model, lambda pieces=pieces: losses.append(accumulate(model, pieces, items, 3))))
    torch.testing.assert_close(torch.stack(found).mean(dim=0), expected)
    torch.testing.assert_close(torch.stack(losses).mean(), loss)


def test_all_but_the_last_backward_pass_run_without_synchronization(device):
    model, batch, seen, inside = small_model(device), rows(device), [], []

    @contextmanager
    def no_sync():
        inside.append(1)
        yield
        inside.pop()

    model[2].weight.register_hook(lambda grad: seen.append(len(inside)))
    accumulate(model, split_batch(batch, 1), no_sync=no_sync)
    assert seen == [1, 1, 1, 0]


@pytest.mark.parametrize("items", [None, 5, torch.tensor(11)])
def test_loss_is_that_of_transformers(device, items):
    from transformers.loss.loss_utils import ForCausalLMLoss

    tokens, labels = rows(device)
    logits = small_model(device)(tokens).float()
    expected = ForCausalLMLoss(logits, labels, V, num_items_in_batch=items)
    torch.testing.assert_close(causal_lm_loss(logits, labels, items), expected)


def test_steps_are_those_of_a_llama_of_transformers(device):
    """Its own loss, asked for by `num_items_in_batch`, over the same pieces."""
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=V, hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2,
        num_key_value_heads=1,
    )  # fmt: skip
    torch.manual_seed(0)
    llama = LlamaForCausalLM(config).to(device)
    pieces = split_batch(rows(device), 1)
    items = count_items(pieces)
    theirs = gradients(
        llama, lambda: [llama(input_ids=x, labels=y, num_items_in_batch=items).loss.backward() for x, y in pieces]
    )
    ours = gradients(llama, lambda: accumulate(lambda tokens: llama(input_ids=tokens).logits, pieces))
    torch.testing.assert_close(ours, theirs)


def test_items_are_counted_behind_the_first_token(device):
    """Rows of 9, 3, 2 and 6 tokens have 8, 2, 1 and 5 that are predicted."""
    batch = rows(device)
    assert [int(count_items([piece])) for piece in split_batch(batch, 1)] == [8, 2, 1, 5]
    assert int(count_items(split_batch(batch, 3))) == 16
    assert count_items([batch]).dtype == torch.int64
    assert int(count_items([batch], ignore_index=int(batch[1][0, 1]))) != 16


def test_another_label_can_be_ignored(device):
    model, (tokens, labels) = small_model(device), rows(device)
    other = labels.masked_fill(labels == -100, 0)
    other[:, 4] = 3
    expected = causal_lm_loss(model(tokens), other.masked_fill(other == 0, -100))
    torch.testing.assert_close(causal_lm_loss(model(tokens), other, ignore_index=0), expected)
    torch.testing.assert_close(accumulate(model, [(tokens, other)], ignore_index=0), expected.detach())


def test_nothing_with_a_loss_gives_zero_and_no_nan(device):
    model, (tokens, labels) = small_model(device), rows(device)
    nothing = torch.full_like(labels, -100)
    assert causal_lm_loss(model(tokens), nothing).item() == 0.0
    found = gradients(model, lambda: accumulate(model, [(tokens, nothing)]))
    assert found.abs().max() == 0.0
    assert accumulate(model, [(tokens, nothing)]).item() == 0.0
    pieces = [(tokens, labels), (tokens, nothing)]
    torch.testing.assert_close(accumulate(model, pieces), whole(model, (tokens, labels)))


def test_narrow_logits_are_counted_in_float32(device):
    tokens, labels = rows(device)
    logits = small_model(device)(tokens).to(torch.bfloat16)
    found = causal_lm_loss(logits, labels)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, causal_lm_loss(logits.float(), labels))


def test_weights_of_tokens_by_hand():
    """60 and 20 tokens: 1/80 each, or 1/120 and 1/40, three times as much for those of the short one."""
    assert token_weights([60, 20]) == [1 / 80, 1 / 80]
    assert token_weights([60, 20], by="batch") == [1 / 120, 1 / 40]
    assert token_weights([1]) == token_weights([1], "batch") == [1.0]


def test_sums_in_bfloat16_stand_still_at_256():
    """What the page says of gradients that are added up in bfloat16, which has 8 bits of precision."""
    total = torch.zeros((), dtype=torch.bfloat16)
    for _ in range(400):
        total += 1
    assert total.item() == 256


TOKENS = torch.zeros(2, 3, dtype=torch.long)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: split_batch((TOKENS, TOKENS), 0), "micro_batch_size 0"),
        (lambda: split_batch((TOKENS, TOKENS[:, 1:]), 1), r"\(2, 2\)"),
        (lambda: count_items([]), "no micro-batch"),
        (lambda: accumulate(lambda x: x, []), "no micro-batch"),
        (lambda: accumulate(lambda x: x, [(TOKENS, TOKENS)], 3, world_size=0), "world_size 0"),
        (lambda: accumulate(lambda x: x, [(TOKENS, TOKENS)], world_size=2), "num_items_in_batch of all ranks"),
        (lambda: token_weights([]), "counts"),
        (lambda: token_weights([3, 0]), "counts"),
        (lambda: token_weights([3], by="row"), "row"),
    ],
)
def test_wrong_arguments_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_essence_gives_what_the_module_gives(device):
    model, pieces = small_model(device), split_batch(rows(device), 1)
    expected = gradients(model, lambda: accumulate(model, pieces))
    before = torch.cat([parameter.detach().flatten() for parameter in model.parameters()])
    model.zero_grad()
    essence.step(model, pieces, torch.optim.SGD(model.parameters(), lr=1.0))
    after = torch.cat([parameter.detach().flatten() for parameter in model.parameters()])
    torch.testing.assert_close(before - after, expected)
    assert all(parameter.grad is None for parameter in model.parameters())
