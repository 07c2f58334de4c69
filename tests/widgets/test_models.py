"""The small models that widgets show do what the pages say of them."""

import random

import pytest
import torch

from snippets import bpe
from snippets.self_attention import attention
from widgets.models import blank, tokenizers, train_blank

SEEN_NEVER = 12345  # another seed than training's


@pytest.fixture(scope="module")
def filled():
    model = blank.load()
    ids, mask, blanks, answers, deciding = train_blank.batch(model, random.Random(SEEN_NEVER), 600)
    rows = torch.arange(len(ids))
    _, weights = attention(*model.heads(ids), mask)  # (B, H, T, T)
    return model(ids, mask)[rows, blanks].argmax(-1) == answers, weights[rows, :, blanks], deciding


def test_blanks_are_filled_rightly(filled):
    right, _, _ = filled
    assert right.float().mean() > 0.99


def test_some_head_looks_at_the_word_that_decides(filled):
    _, weights, deciding = filled
    assert (weights.argmax(-1) == deciding[:, None]).any(1).float().mean() > 0.9
    assert weights.gather(2, deciding[:, None, None].expand(-1, blank.HEADS, 1)).amax(1).mean() > 0.7


def test_weights_survive_being_written():
    model = blank.load()
    assert blank.dump(model) == blank.WEIGHTS.read_text("utf-8")


def test_text_becomes_at_most_twelve_words():
    assert blank.tokenize("我买了一_书 and two__ cats!") == [
        *"我买了一",
        blank.BLANK,
        "书",
        "and",
        "two",
        blank.BLANK,
        "cats",
        "!",
    ]
    assert len(blank.tokenize("字" * 50)) == 12
    assert blank.tokenize("") == []


def test_committed_merges_are_those_of_the_corpus():
    lines = tokenizers.CORPUS.read_text("utf-8").splitlines()
    assert bpe.train(bpe.count_words(lines), tokenizers.MERGES) == tokenizers.bpe_merges()


@pytest.mark.parametrize("merges", [0, 240, 500])
def test_every_text_is_cut_into_pieces_that_give_it_back(merges):
    text = "大模型 reads 🙂 ω"
    model = tokenizers.bpe_model(merges)
    assert model.decode(model.encode(text)) == text
    assert "".join(tokenizers.unigram_encode(text, merges)).replace("▁", " ").strip() == text
    assert tokenizers.wordpiece_encode(text, merges)
