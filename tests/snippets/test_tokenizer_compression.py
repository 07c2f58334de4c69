"""Compression against counts by hand, Python's own UTF-8 and transformers' resizing."""

import random
from dataclasses import FrozenInstanceError

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from snippets.essence import tokenizer_compression as essence
from snippets.tokenizer_compression import Compression, encode, extend, extend_embedding, measure, utf8_length

PIECES = ["模", "模型", "语言模型", "语", "the", " the", "th"]


def decode(tokens: list[int], pieces: list[str]) -> str:
    """The text of tokens."""
    return b"".join(bytes([token]) if token < 256 else pieces[token - 256].encode() for token in tokens).decode()


def test_utf8_length_is_pythons_at_every_border():
    borders = [0, 0x7F, 0x80, 0x7FF, 0x800, 0x4E00, 0xFFFF, 0x10000, 0x1F600, 0x10FFFF]
    assert [utf8_length(code) for code in borders] == [len(chr(code).encode()) for code in borders]


def test_counts_by_hand():
    """大模型 the: 大 is no piece and costs 3 bytes, 模型 1, ' the' 1: 5 tokens for 7 characters and 9 + 4 bytes."""
    found = measure(lambda text: encode(text, PIECES), ["大模型 the"])
    assert found == Compression(tokens=5, characters=7, bytes=13)
    assert found.tokens_per_character == pytest.approx(5 / 7)
    assert found.bytes_per_token == pytest.approx(13 / 5)


def test_what_was_measured_does_not_change():
    with pytest.raises(FrozenInstanceError):
        measure(str.encode, ["a"]).tokens = 2


def test_texts_add_up():
    texts = ["大模型", "the", "", "😀é"]
    whole = measure(lambda text: encode(text, PIECES), texts)
    parts = [measure(lambda text: encode(text, PIECES), [text]) for text in texts if text]
    assert whole.tokens == sum(part.tokens for part in parts)
    assert whole.characters == sum(map(len, texts))
    assert whole.bytes == sum(len(text.encode()) for text in texts)


def test_without_pieces_tokens_are_the_bytes():
    text = "aé中😀"
    assert encode(text, []) == list(text.encode())
    assert measure(lambda text: encode(text, []), ["中文"]).tokens_per_character == 3


def test_longest_piece_wins():
    assert encode("语言模型", PIECES) == [258]
    assert encode("语言模", PIECES) == [259, *"言".encode(), 256]
    assert encode("th the", PIECES) == [262, 261]
    assert encode("them", PIECES) == [260, ord("m")]
    assert encode("", PIECES) == []


def test_encoding_can_be_undone_and_extension_never_lengthens_it():
    choose = random.Random(0)
    for _ in range(200):
        text = "".join(choose.choices("模型语言大the é", k=choose.randint(0, 20)))
        tokens = encode(text, PIECES)
        assert decode(tokens, PIECES) == text
        signs = extend([], ["大", "é"])
        assert len(encode(text, extend(PIECES, signs))) <= len(tokens)


def test_extension_keeps_numbers_and_drops_what_is_there():
    assert extend(["a", "b"], ["c", "b", "d", "c"]) == ["a", "b", "c", "d"]
    assert extend([], []) == []


def test_new_rows_are_means_by_hand(device):
    """Rows (0, 2), (4, 6), (8, 1): of tokens 0 and 1 (2, 4); of 2 alone (8, 1); of 0, 0, 2 (8/3, 5/3)."""
    weight = torch.tensor([[0.0, 2.0], [4.0, 6.0], [8.0, 1.0]], device=device)
    extended = extend_embedding(weight, [[0, 1], [2], [0, 0, 2]])
    expected = torch.tensor([[2.0, 4.0], [8.0, 1.0], [8 / 3, 5 / 3]], device=device)
    assert torch.equal(extended[:3], weight)
    torch.testing.assert_close(extended[3:], expected)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_dtype_and_device_stay(device, dtype):
    extended = extend_embedding(torch.ones(4, 2, device=device, dtype=dtype), [[0, 3]])
    assert (extended.dtype, extended.device.type, extended.shape) == (dtype, device.type, (5, 2))


def test_old_rows_are_those_of_transformers_resizing(device):
    config = LlamaConfig(
        vocab_size=300, hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=2, use_cache=False
    )
    model = LlamaForCausalLM(config).to(device)
    before = model.get_input_embeddings().weight.detach().clone()
    extended = extend_embedding(before, [encode(piece, []) for piece in ("模型", "语言")])
    model.resize_token_embeddings(302, mean_resizing=False)
    after = model.get_input_embeddings().weight
    assert after.shape == extended.shape
    assert torch.equal(after[:300], extended[:300])
    torch.testing.assert_close(extended[300], before[list("模型".encode())].mean(0))


def test_nothing_new_is_a_copy(device):
    weight = torch.randn(3, 2, device=device)
    extended = extend_embedding(weight, [])
    assert torch.equal(extended, weight)
    assert extended.data_ptr() != weight.data_ptr()


def test_gradients_are_right(device):
    weight = torch.randn(4, 3, device=device, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda weight: extend_embedding(weight, [[0, 1], [2, 2, 3]]), weight)


def test_nothing_to_count_is_refused():
    with pytest.raises(ValueError, match="no character"):
        measure(lambda text: encode(text, []), ["", ""])
    with pytest.raises(ValueError, match="new piece 1 has no parts"):
        extend_embedding(torch.ones(3, 2), [[0], []])


def test_essence_equals_the_module():
    pieces = ["a", "ab", "abc", "语言", "语言模型", "b"]
    for text in ("abcab", "语言模型abd语言", "大语言模型😀", "c"):
        assert essence.encode(text, pieces) == encode(text, pieces)
        found = measure(lambda text: encode(text, pieces), [text])
        assert essence.rate(text, pieces) == found.tokens_per_character
    weight, new = torch.randn(256 + len(pieces), 8), ["大语言", "abcd"]
    expected = extend_embedding(weight, [encode(piece, pieces) for piece in new])
    torch.testing.assert_close(essence.new_rows(weight, new, pieces), expected)
