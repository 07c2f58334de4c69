"""Labels by hand; one pass over a dialogue against a sample for each answer, through a transformers model."""

import math
from dataclasses import FrozenInstanceError

import pytest
import torch
import torch.nn.functional as F
from transformers import LlamaConfig, LlamaForCausalLM

from snippets.essence import multi_turn_loss as essence
from snippets.multi_turn_loss import IGNORE, Turn, collate, dialogue_loss, label_turns, split_by_answer

TURNS = [
    Turn("system", (3,), (30, 31)),
    Turn("user", (1,), (11, 12)),
    Turn("assistant", (2,), (21, 9)),
    Turn("user", (1,), (13,)),
    Turn("assistant", (2,), (22, 23, 9)),
]


@pytest.fixture
def model(device) -> LlamaForCausalLM:
    """A tiny LLaMA whose predictions differ clearly."""
    config = LlamaConfig(
        vocab_size=40,
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        initializer_range=0.5,
    )
    return LlamaForCausalLM(config).eval().to(device)


def test_labels_by_hand():
    x = IGNORE
    tokens, labels = label_turns(TURNS)
    assert tokens == [3, 30, 31, 1, 11, 12, 2, 21, 9, 1, 13, 2, 22, 23, 9]
    assert labels == [x, x, x, x, x, x, x, 21, 9, x, x, x, 22, 23, 9]
    assert label_turns(TURNS, "last") == (tokens, [x, x, x, x, x, x, x, x, x, x, x, x, 22, 23, 9])


def test_last_answer_counts_where_the_user_speaks_after_it_or_it_is_empty():
    tokens, labels = label_turns([*TURNS, Turn("user", (1,), (14,)), Turn("assistant", (2,), ())], "last")
    assert tokens[-3:] == [1, 14, 2]
    assert labels[-6:] == [22, 23, 9, IGNORE, IGNORE, IGNORE]


def test_one_pass_gives_each_answer_the_losses_of_its_own_sample(device, model):
    """Token by token, and in sum: the mean over all answers is the mean over the samples' tokens."""
    tokens, labels = (part.to(device) for part in collate([label_turns(TURNS)]))
    logits = model(tokens).logits
    parts = split_by_answer(TURNS)
    assert [len(part) for part in parts] == [3, 5]
    samples = collate([label_turns(part, "last") for part in parts])
    part_tokens, part_labels = (part.to(device) for part in samples)
    mask = torch.tensor([[1] * 9 + [0] * 6, [1] * 15], device=device)
    part_logits = model(part_tokens, attention_mask=mask).logits
    for row in range(2):
        learned = part_labels[row] != IGNORE
        at = learned.nonzero().squeeze(-1) - 1
        torch.testing.assert_close(part_logits[row, at], logits[0, at], atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(dialogue_loss(logits, labels), dialogue_loss(part_logits, part_labels))


def test_loss_equals_transformers(device, model):
    tokens, labels = (part.to(device) for part in collate([label_turns(TURNS), label_turns(TURNS[1:3])]))
    output = model(tokens, labels=labels)
    torch.testing.assert_close(dialogue_loss(output.logits, labels), output.loss)


def test_average_over_samples_is_the_mean_of_their_losses(device):
    _, labels = (part.to(device) for part in collate([label_turns(TURNS), label_turns(TURNS[1:3])]))
    logits = torch.randn(*labels.shape, 40, device=device)
    each = [
        F.cross_entropy(row[:-1], label[1:], ignore_index=IGNORE) for row, label in zip(logits, labels, strict=True)
    ]
    torch.testing.assert_close(dialogue_loss(logits, labels, average="sample"), torch.stack(each).mean())
    assert not torch.allclose(dialogue_loss(logits, labels), torch.stack(each).mean())


def test_averages_by_hand(device):
    """Losses 1, 1, 1 in one sample and 5 in the other: by token 8/4 = 2, by sample (1 + 5)/2 = 3."""
    labels = torch.tensor([[0, 0, 0, 0], [IGNORE, IGNORE, 0, IGNORE]], device=device)
    logits = torch.zeros(2, 4, 2, device=device)
    for row, loss in ((0, 1.0), (1, 5.0)):
        logits[row, :, 1] = math.log(math.exp(loss) - 1)  # -log p(0) = log(1 + e^z) = loss
    assert dialogue_loss(logits, labels).item() == pytest.approx(2)
    assert dialogue_loss(logits, labels, average="sample").item() == pytest.approx(3)


def test_user_tokens_do_not_move_the_loss(device):
    _, labels = (part.to(device) for part in collate([label_turns(TURNS)]))
    logits = torch.randn(*labels.shape, 40, device=device, requires_grad=True)
    dialogue_loss(logits, labels).backward()
    moved = logits.grad.abs().sum(-1)[0, :-1] > 0
    assert torch.equal(moved, labels[0, 1:] != IGNORE)


def test_impossible_token_outside_the_answers_does_no_harm(device):
    """The user's token has logit -inf, and so has token 0, which padding may point at."""
    labels = torch.tensor([[IGNORE, IGNORE, 1, IGNORE]], device=device)
    logits = torch.tensor([[[-math.inf, 0.0, 0.0]] * 4], device=device)
    assert dialogue_loss(logits, labels).item() == pytest.approx(math.log(2))


@pytest.mark.parametrize("average", ["token", "sample"])
def test_gradients_are_right(device, average):
    labels = torch.tensor([[0, 1, IGNORE, 2], [IGNORE, 1, 1, IGNORE]], device=device)
    logits = torch.randn(2, 4, 3, device=device, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda logits: dialogue_loss(logits, labels, average), logits)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_16_bits_and_huge_logits_give_a_finite_float32(device, dtype):
    labels = torch.tensor([[0, 1, 0]], device=device)
    loss = dialogue_loss(torch.tensor([[[6e4, -6e4]] * 3], device=device).to(dtype), labels)
    assert loss.dtype == torch.float32
    assert loss.isfinite()


def test_collate_pads_on_the_right():
    tokens, labels = collate([([1, 2, 3], [IGNORE, 2, 3]), ([4], [4])], pad=7)
    assert tokens.tolist() == [[1, 2, 3], [4, 7, 7]]
    assert labels.tolist() == [[IGNORE, 2, 3], [4, IGNORE, IGNORE]]
    assert collate([([1, 2], [1, 2]), ([3], [3])])[0].tolist() == [[1, 2], [3, 0]]
    assert collate([])[0].shape == (0,)


def test_turns_do_not_change_once_said():
    with pytest.raises(FrozenInstanceError):
        TURNS[0].role = "user"


def test_dialogue_is_cut_after_each_answer():
    assert split_by_answer(TURNS) == [TURNS[:3], TURNS]
    assert split_by_answer(TURNS[:2]) == []


@pytest.mark.parametrize("turns", [[], TURNS[:2], [*TURNS[:2], Turn("assistant", (2,), ())]])
def test_dialogue_without_an_answer_is_refused(turns):
    with pytest.raises(ValueError, match="the assistant says nothing"):
        label_turns(turns)


def test_wrong_words_and_shapes_are_refused():
    with pytest.raises(ValueError, match="'first' is not all or last"):
        label_turns(TURNS, "first")
    logits, labels = torch.zeros(2, 3, 4), torch.tensor([[0, 1, 2], [3, IGNORE, IGNORE]])
    with pytest.raises(ValueError, match="'word' is not token or sample"):
        dialogue_loss(logits, labels, "word")
    with pytest.raises(ValueError, match=r"labels \(1, 3\) do not fit"):  # they would broadcast
        dialogue_loss(logits, labels[:1])


def test_sample_without_a_token_to_learn_does_not_count(device):
    logits = torch.randn(2, 3, 4, device=device)
    labels = torch.tensor([[0, 1, 2], [3, IGNORE, IGNORE]], device=device)
    for average in ("token", "sample"):
        torch.testing.assert_close(dialogue_loss(logits, labels, average), dialogue_loss(logits[:1], labels[:1]))
        assert dialogue_loss(logits[1:], labels[1:], average).item() == 0


def test_essence_equals_the_module():
    torch.manual_seed(0)
    turns = [
        Turn("system", (4,), (9, 9)),
        Turn("user", (1,), (10, 11)),
        Turn("assistant", (2,), (20, 3)),
        Turn("user", (1,), (12,)),
        Turn("assistant", (2,), (21, 22, 3)),
    ]
    x, m = essence.label([(turn.role, turn.header, turn.content) for turn in turns])
    tokens, labels = label_turns(turns)
    assert x == tokens
    assert [token if said else IGNORE for token, said in zip(x, m, strict=True)] == labels
    logits = torch.randn(len(x), 30)
    found = essence.dialogue_loss(logits, torch.tensor(x), torch.tensor(m))
    torch.testing.assert_close(found, dialogue_loss(logits[None], torch.tensor([labels])))
