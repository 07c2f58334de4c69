"""Byte-level BPE against Hugging Face's tokenizers, against the plain form, and against numbers by hand."""

import random

import pytest
import regex
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from snippets.bpe import BPE, WORD, count_words, merge, train, train_plain
from snippets.essence import bpe as essence

TEXTS = [
    "Neighbours that stand together often become one token: tokenization, tokenizer, tokens.\n\n  It isn't magic.",
    "字节对编码把最常相邻的一对合成一个新的单位；字节级的编码没有不认识的字。字节对编码，字节对编码！",
    "aaaa aaaaa aaaaaa banana bananas 2023 2024 20240 __init__ ___ ... !!! 😀😀😀 café naïve",
    "    def train(self, words):\n        return self.words\n\tdef encode(self, words): pass",
]


def byte_order() -> list[str]:
    """The sign that stands for each byte in tokenizers' byte-level alphabet: printable Latin-1, then from 256 on."""
    printable = {*range(33, 127), *range(161, 173), *range(174, 256)}
    others = iter(range(256, 512))
    return [chr(byte) if byte in printable else chr(next(others)) for byte in range(256)]


def reference(merges: int) -> Tokenizer:
    """tokenizers, trained on the same texts."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=256 + merges,
        min_frequency=2,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(TEXTS, trainer)
    return tokenizer


def written(token: bytes) -> str:
    """A token as tokenizers writes it."""
    signs = byte_order()
    return "".join(signs[byte] for byte in token)


@pytest.mark.parametrize("learn", [train, train_plain])
def test_training_learns_what_tokenizers_learns(learn):
    """tokenizers numbers the bytes in the order of their signs, so ties fall as ours do once the bytes are renamed."""
    vocabulary = reference(merges=120).get_vocab()
    order = sorted(byte_order())
    rename = {byte: order.index(sign) for byte, sign in enumerate(byte_order())}
    words = {bytes(rename[byte] for byte in word): count for word, count in count_words(TEXTS).items()}
    tokenizer = BPE(learn(words, merges=120))
    ours = {"".join(order[byte] for byte in token): at for at, token in enumerate(tokenizer.vocabulary)}
    assert len(tokenizer.vocabulary) > 300
    assert ours == vocabulary


@pytest.mark.parametrize("text", [*TEXTS, "token字节对2025 unseen\u3000words 龘 \x00 \r\n x", " ", "a", "  a  b   "])
def test_encoding_is_what_tokenizers_encodes(text):
    merges = train(count_words(TEXTS), merges=150)
    ours = BPE(merges)
    names = [written(token) for token in ours.vocabulary]
    theirs = Tokenizer(
        models.BPE(vocab={name: at for at, name in enumerate(names)}, merges=[(names[a], names[b]) for a, b in merges])
    )
    theirs.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    assert ours.encode(text) == theirs.encode(text).ids
    assert ours.decode(ours.encode(text)) == text


def test_fast_training_equals_the_plain_form_where_pairs_overlap():
    """Two letters make ties and runs such as aaaa, where a pair overlaps with itself, as frequent as they can be."""
    choose = random.Random(0)
    for _ in range(150):
        letters = choose.choice([b"a", b"ab", b"abc", b"\x01\x02"])
        words = {
            bytes(choose.choices(letters, k=choose.randint(1, 12))): choose.randint(1, 4)
            for _ in range(choose.randint(1, 8))
        }
        assert train(words, merges=12) == train_plain(words, merges=12)


def test_long_word_encodes_as_merge_by_merge():
    choose = random.Random(1)
    word = bytes(choose.choices(b"ab", k=400))
    merges = train({word: 2}, merges=40)
    tokens = list(word)
    for at, pair in enumerate(merges):
        tokens = merge(tokens, pair, 256 + at)
    assert BPE(merges).encode_word(word) == tokens
    assert len(tokens) < 100


def test_merges_by_hand():
    """low x5, lower x2, newest x6, widest x3, each a word.

    es and st stand 9 times; (e, s) = (101, 115) is before (s, t), so 256 = es. Then (256, t) 9: 257 = est. Now lo and
    ow stand 7 times; (l, o) = (108, 111) is before (o, w): 258 = lo, and (258, w) 7: 259 = low.
    Then (e, w), (n, e) and (w, 257) stand 6 times; e is the smallest: 260 = ew.
    """
    words = {b"low": 5, b"lower": 2, b"newest": 6, b"widest": 3}
    expected = [(101, 115), (256, 116), (108, 111), (258, 119), (101, 119)]
    assert train(words, merges=5) == train_plain(words, merges=5) == expected
    tokenizer = BPE(expected)
    assert tokenizer.vocabulary[256:] == [b"es", b"est", b"lo", b"low", b"ew"]
    assert tokenizer.encode("lowest") == [259, 257]
    assert tokenizer.decode([259, 257]) == "lowest"


def test_earlier_merge_wins_over_the_longer_match():
    """With b+c learned before a+b, abc is a, bc, though ab stands first."""
    assert BPE([(98, 99), (97, 98)]).encode("abc") == [97, 256]


@pytest.mark.parametrize("learn", [train, train_plain])
def test_pair_seen_once_is_not_merged(learn):
    assert learn({b"ab": 1, b"cd": 1}, merges=5) == []
    assert learn({b"ab": 1, b"xab": 1}, merges=5) == [(97, 98)]


@pytest.mark.parametrize("learn", [train, train_plain])
def test_nothing_to_learn_gives_no_merges(learn):
    assert learn({}, merges=5) == []
    assert learn({b"a": 9}, merges=5) == []
    assert learn({b"abab": 9}, merges=0) == []


def test_words_carry_the_blank_in_front():
    words = count_words(["the cat, the\n hat it's 42!"])
    expected = [b"the", b" cat", b",", b" the", b"\n", b" hat", b" it", b"'s", b" 42", b"!"]
    assert words == dict.fromkeys(expected, 1)
    assert count_words(["a a", "a"]) == {b"a": 2, b" a": 1}


def test_without_merges_a_chinese_sign_is_three_tokens():
    tokenizer = BPE([])
    assert tokenizer.encode("中") == [0xE4, 0xB8, 0xAD]
    assert tokenizer.encode("") == []
    assert tokenizer.decode([]) == ""


def test_half_a_sign_decodes_to_the_replacement_character():
    assert BPE([]).decode([0xE4, 0xB8]) == "\ufffd"
    assert BPE([]).decode([0xE4, 0xB8, 0xAD]) == "中"


def test_merging_goes_from_left_to_right():
    assert merge([1, 1, 1], (1, 1), 9) == [9, 1]
    assert merge([1, 1, 1, 1, 2], (1, 1), 9) == [9, 9, 2]
    assert merge([2, 1, 2], (1, 2), 9) == [2, 9]
    assert merge([], (1, 2), 9) == []


@pytest.mark.parametrize("tokens", [[256], [-1], [65, 300, 66]])
def test_token_outside_the_vocabulary_is_refused(tokens):
    with pytest.raises(ValueError, match="not all below 256"):
        BPE([]).decode(tokens)


@pytest.mark.parametrize("merges", [[(97, 256)], [(97, 98), (257, 97)], [(-1, 97)]])
def test_merge_of_a_token_that_is_not_there_is_refused(merges):
    with pytest.raises(ValueError, match="not there yet"):
        BPE(merges)


def test_words_differ_from_gpt2s_at_numbers_that_are_no_decimal_digits_alone():
    """GPT-2 splits at \\p{N}, which `re` does not know: 2 and ² go together there, and apart here."""
    gpt2 = regex.compile(r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+")
    for text in ("x1 y22  z", "don't_stop 中文 3.14", "CO2 é ..."):
        assert WORD.findall(text) == gpt2.findall(text)
    assert (WORD.findall("2²"), gpt2.findall("2²")) == (["2", "²"], ["2²"])
    assert (WORD.findall("x½"), gpt2.findall("x½")) == (["x½"], ["x", "½"])


def test_essence_learns_and_encodes_as_the_module():
    words = count_words(TEXTS)
    merges = train(words, merges=60)
    assert essence.train(words, 60) == merges
    tokenizer = BPE(merges)
    for word in [*words, "字节对".encode(), b"aaaaaaa", b""]:
        assert essence.encode(word, merges) == tokenizer.encode_word(word)
