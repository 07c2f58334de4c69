"""Masking against transformers' collator and the proportions of the paper; the loss against transformers' BERT."""

import pytest
import torch
from tokenizers import Tokenizer, models
from transformers import BertConfig, BertForMaskedLM, DataCollatorForLanguageModeling, PreTrainedTokenizerFast

from snippets.essence import masked_lm as essence
from snippets.masked_lm import IGNORE, join_pair, mask_tokens, masked_lm_loss, next_sentence_pairs

V, PAD, CLS, SEP, MASK = 500, 0, 1, 2, 3


def batch(device: torch.device, rows: int = 200, length: int = 256) -> tuple[torch.Tensor, torch.Tensor]:
    """Rows of `[CLS] … [SEP] [PAD]` and what of them may be chosen."""
    tokens = torch.randint(4, V, (rows, length), device=device)
    tokens[:, 0], tokens[:, -3], tokens[:, -2:] = CLS, SEP, PAD
    return tokens, tokens > MASK


def shares(tokens: torch.Tensor, inputs: torch.Tensor, labels: torch.Tensor) -> list[float]:
    """Chosen of all; `[MASK]`, unchanged and other tokens of the chosen."""
    chosen = labels != IGNORE
    masked, same = (inputs == MASK)[chosen], (inputs == tokens)[chosen]
    return [float(part.float().mean()) for part in (chosen[tokens > MASK], masked, same, ~masked & ~same)]


def test_shares_are_those_of_the_paper_and_of_the_collator(device):
    """50,000 tokens, 7,500 chosen: four standard deviations are 0.0064 of all and 0.019 of the chosen."""
    tokens, maskable = batch(device)
    vocabulary = {"[PAD]": PAD, "[CLS]": CLS, "[SEP]": SEP, "[MASK]": MASK} | {f"t{at}": at for at in range(4, V)}
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(models.WordLevel(vocabulary, unk_token="[PAD]")),
        pad_token="[PAD]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
    )
    theirs = DataCollatorForLanguageModeling(tokenizer, mlm_probability=0.15)(
        [{"input_ids": row} for row in tokens.cpu()]
    )
    inputs, labels = mask_tokens(tokens, maskable, MASK, V)
    ours = shares(tokens, inputs, labels)
    reference = shares(tokens.cpu(), theirs["input_ids"], theirs["labels"])
    for our, their, share, atol in zip(
        ours, reference, (0.15, 0.8, 0.1, 0.1), (0.007, 0.02, 0.015, 0.015), strict=True
    ):
        assert our == pytest.approx(share, abs=atol)
        assert our == pytest.approx(their, abs=2 * atol)


def test_labels_are_the_tokens_and_the_rest_is_untouched(device):
    tokens, maskable = batch(device, rows=20)
    before = tokens.clone()
    inputs, labels = mask_tokens(tokens, maskable, MASK, V)
    chosen = labels != IGNORE
    assert torch.equal(tokens, before)
    assert torch.equal(labels[chosen], tokens[chosen])
    assert torch.equal(inputs[~chosen], tokens[~chosen])
    assert not chosen[~maskable].any()


def test_every_token_of_the_vocabulary_may_stand_in(device):
    tokens = torch.full((2000,), 5, device=device)
    inputs, _ = mask_tokens(tokens, tokens > 0, mask_token=4, vocabulary=7, probability=1.0)
    assert set(inputs.tolist()) == set(range(7))


def test_probabilities_zero_and_one_choose_none_and_all(device):
    tokens, maskable = batch(device, rows=4)
    inputs, labels = mask_tokens(tokens, maskable, MASK, V, probability=0.0)
    assert torch.equal(inputs, tokens)
    assert (labels == IGNORE).all()
    _, labels = mask_tokens(tokens, maskable, MASK, V, probability=1.0)
    assert torch.equal(labels != IGNORE, maskable)


def test_shares_end_where_they_should(device, monkeypatch):
    """Draws of exactly 0.15, 0.8 and 0.9: not chosen any more, not masked any more, random already."""
    draws = torch.tensor([[0.0, 0.0, 0.0, 0.15], [0.0, 0.8, 0.9, 0.0]], device=device)
    monkeypatch.setattr(torch, "rand", lambda *shape, **options: draws)
    tokens = torch.full((4,), 9, device=device)
    inputs, labels = mask_tokens(tokens, tokens > 0, mask_token=7, vocabulary=8)
    assert labels.tolist() == [9, 9, 9, IGNORE]
    assert (inputs == tokens).tolist() == [False, True, False, True]
    assert inputs[0] == 7


def test_generator_makes_it_repeatable(device):
    tokens, maskable = batch(device, rows=4)
    first, second = (
        mask_tokens(tokens, maskable, MASK, V, generator=torch.Generator(device).manual_seed(7)) for _ in range(2)
    )
    assert torch.equal(first[0], second[0])
    assert torch.equal(first[1], second[1])
    other = mask_tokens(tokens, maskable, MASK, V)
    assert not torch.equal(first[0], other[0])
    documents = [list("abcdefgh"), list("ijklmnop"), list("qrstuvwx")]
    one, same = (next_sentence_pairs(documents, torch.Generator().manual_seed(7)) for _ in range(2))
    assert one == same


def test_empty_batch_works(device):
    tokens = torch.zeros(0, 5, dtype=torch.long, device=device)
    inputs, labels = mask_tokens(tokens, tokens > 0, MASK, V)
    assert inputs.shape == labels.shape == (0, 5)


def test_loss_equals_transformers_bert(device):
    config = BertConfig(
        vocab_size=V,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        initializer_range=0.5,
    )
    model = BertForMaskedLM(config).eval().to(device)
    tokens, maskable = batch(device, rows=3, length=40)
    inputs, labels = mask_tokens(tokens, maskable, MASK, V)
    output = model(inputs, labels=labels)
    torch.testing.assert_close(masked_lm_loss(output.logits, labels), output.loss)


def test_loss_by_hand_counts_chosen_positions_alone(device):
    """Probabilities 1/2 and 1/8 at the chosen ones: (ln 2 + 3 ln 2) / 2 = 2 ln 2."""
    probabilities = torch.tensor([[[0.5, 0.5], [0.9, 0.1], [0.125, 0.875]]], device=device)
    labels = torch.tensor([[1, IGNORE, 0]], device=device)
    torch.testing.assert_close(masked_lm_loss(probabilities.log(), labels).exp(), torch.tensor(4.0, device=device))
    labels[0, 0] = IGNORE
    torch.testing.assert_close(masked_lm_loss(probabilities.log(), labels).exp(), torch.tensor(8.0, device=device))


def test_loss_without_a_chosen_position_is_zero(device):
    logits = torch.randn(1, 2, 3, device=device, dtype=torch.bfloat16, requires_grad=True)
    loss = masked_lm_loss(logits, torch.full((1, 2), IGNORE, device=device))
    loss.backward()
    assert loss.item() == 0
    assert loss.dtype == torch.float32
    assert not logits.grad.any()


def test_gradients_are_right(device):
    logits = torch.randn(2, 3, 4, device=device, dtype=torch.float64, requires_grad=True)
    labels = torch.tensor([[1, IGNORE, 0], [IGNORE, 3, IGNORE]], device=device)
    assert torch.autograd.gradcheck(lambda logits: masked_lm_loss(logits, labels), logits)


def test_pairs_are_successors_or_come_from_another_document():
    generator = torch.Generator().manual_seed(0)
    documents = [[f"{name}{at}" for at in range(count)] for name, count in (("a", 200), ("b", 300), ("c", 1), ("d", 0))]
    pairs = next_sentence_pairs(documents, generator)
    assert [first for first, _, _ in pairs] == documents[0][:-1] + documents[1][:-1]
    for first, second, is_next in pairs:
        if is_next:
            assert second == f"{first[0]}{int(first[1:]) + 1}"
        else:
            assert second[0] != first[0]
    assert sum(is_next for *_, is_next in pairs) == pytest.approx(249, abs=45)  # four standard deviations
    strangers = {second for _, second, is_next in pairs if not is_next}
    assert {second[0] for second in strangers} == {"a", "b", "c"}
    assert len(strangers) > 80


def test_a_draw_of_one_half_is_a_stranger(monkeypatch):
    monkeypatch.setattr(torch, "rand", lambda shape, generator: torch.full(shape, 0.5))
    assert next_sentence_pairs([["a", "b"], ["c"]]) == [("a", "c", False)]


def test_pair_is_joined_with_its_parts():
    tokens, parts = join_pair([7, 8], [9], CLS, SEP)
    assert tokens == [CLS, 7, 8, SEP, 9, SEP]
    assert parts == [0, 0, 0, 0, 1, 1]
    assert join_pair([], [], CLS, SEP) == ([CLS, SEP, SEP], [0, 0, 1])


@pytest.mark.parametrize("documents", [[], [["a", "b"]], [["a", "b"], []]])
def test_pairs_need_another_document(documents):
    with pytest.raises(ValueError, match="leave none to draw"):
        next_sentence_pairs(documents)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"probability": 1.1}, "1.1"), ({"probability": -0.1}, "-0.1"), ({"mask_token": 500}, "500")],
)
def test_wrong_arguments_are_refused(arguments, message):
    tokens = torch.zeros(1, 2, dtype=torch.long)
    with pytest.raises(ValueError, match=message):
        mask_tokens(tokens, tokens == 0, **{"mask_token": MASK, "vocabulary": V} | arguments)


def test_two_documents_and_a_mask_numbered_zero_are_enough(device):
    pairs = next_sentence_pairs([["a", "b"], ["c"]])
    assert [(first, second == "b") for first, second, _ in pairs] == [("a", pairs[0][2])]
    tokens = torch.full((50,), 5, device=device)
    inputs, _ = mask_tokens(tokens, tokens > 0, mask_token=0, vocabulary=6, probability=1.0)
    assert (inputs == 0).sum() > 25


def test_maskable_may_be_zeros_and_ones_of_the_right_shape(device):
    tokens = torch.randint(10, 100, (2, 50), device=device)
    maskable = torch.randint(2, (2, 50), device=device)
    _, labels = mask_tokens(tokens, maskable, 3, 100, probability=1.0)
    assert torch.equal(labels != IGNORE, maskable.bool())
    with pytest.raises(ValueError, match=r"maskable \(50,\) does not fit"):
        mask_tokens(tokens, maskable[0], 3, 100)


def test_essence_draws_and_measures_as_the_module():
    tokens, all_of_them = torch.randint(500, (16, 64)), torch.ones(16, 64, dtype=torch.bool)
    torch.manual_seed(3)
    expected = mask_tokens(tokens, all_of_them, mask_token=7, vocabulary=500)
    torch.manual_seed(3)
    found = essence.mask_tokens(tokens, 7, 500)
    assert all(torch.equal(a, b) for a, b in zip(found, expected, strict=True))
    logits = torch.randn(16, 64, 500)
    torch.testing.assert_close(essence.loss(logits, found[1]), masked_lm_loss(logits, found[1]))
