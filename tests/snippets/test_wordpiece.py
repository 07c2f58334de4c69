"""WordPiece: encoding against Hugging Face's tokenizers, training against numbers by hand and a second form."""

import math
import random
from fractions import Fraction
from itertools import pairwise

import pytest
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from snippets.essence import wordpiece as essence
from snippets.wordpiece import count_words, encode, encode_word, join, log_likelihood, merge, pieces_of, scores, train

TEXTS = [
    "Wordpieces are joined where letters belong together: quick, quiz, queen; never the merely frequent ones.",
    "low low low low low lower lower newest newest newest newest newest newest widest widest widest",
    "中文按字切，words 混在 text 里。2023 年 snake_case don't",
]


@pytest.mark.parametrize(
    "text", [*TEXTS, "queenly lowest 未 x", "quick!quick", "  ", "wider-newer", "ab" * 50 + "a", "ab" * 50]
)
def test_encoding_is_what_tokenizers_encodes(text):
    vocabulary = ["[UNK]", *train(count_words([*TEXTS, "ab" * 50]), size=130)]
    tokenizer = Tokenizer(models.WordPiece({piece: at for at, piece in enumerate(vocabulary)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=False, strip_accents=False)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    assert encode(text, vocabulary) == tokenizer.encode(text).tokens


def test_scores_by_hand():
    """low x5, lower x2, newest x6, widest x3.

    ##s and ##t stand 9 times each and 9 times together: 9 / (9 · 9) = 1/9. ##i and ##d stand in widest alone: 3 / (3 ·
    3) = 1/3, and so do w and ##i. l is 7 times before ##o, itself 7 times: 7 / (7 · 7) = 1/7. ##e stands 2 + 2 · 6 + 3
    = 17 times; with ##s 9 / (17 · 9) = 1/17.
    """
    corpus = [(pieces_of(word), count) for word, count in (("low", 5), ("lower", 2), ("newest", 6), ("widest", 3))]
    found = scores(corpus)
    assert found["##s", "##t"] == Fraction(1, 9)
    assert found["##i", "##d"] == found["w", "##i"] == Fraction(1, 3)
    assert found["l", "##o"] == Fraction(1, 7)
    assert found["##e", "##s"] == Fraction(1, 17)


def test_merges_by_hand():
    """1/3 goes first, of the two ##i ##d by the alphabet; then w ##id, 3 / (3 · 3). Of the rest l ##o has 1/7.

    Then lo, 7 times, with ##w, 7 + 6 = 13 times (newest has one): 7 / (7 · 13) = 1/13, below ##s ##t at 1/9.
    """
    words = {"low": 5, "lower": 2, "newest": 6, "widest": 3}
    vocabulary = train(words, size=15)
    signs = ["##d", "##e", "##i", "##o", "##r", "##s", "##t", "##w", "l", "n", "w"]
    assert vocabulary == [*signs, "##id", "wid", "lo", "##st"]


def test_score_orders_pairs_by_mutual_information():
    """log p(ab) / (p(a) p(b)) differs from the logarithm of the score by the constant log N, N pieces in all."""
    corpus = [(pieces_of(word), count) for word, count in count_words(TEXTS).items()]
    flat = [piece for pieces, count in corpus for piece in pieces * count]
    total = len(flat)
    for (a, b), score in scores(corpus).items():
        together = sum(count * list(pairwise(pieces)).count((a, b)) for pieces, count in corpus)
        information = math.log(together / total / (flat.count(a) / total * flat.count(b) / total))
        assert information == pytest.approx(math.log(score) + math.log(total))


def test_likelihood_by_hand():
    """a, b, a, b: 4 log 1/2. As ab, ab: one piece alone, log 1."""
    assert log_likelihood([(["a", "##b"], 2)]) == pytest.approx(4 * math.log(1 / 2))
    assert log_likelihood([(["ab"], 2)]) == 0
    assert log_likelihood([]) == 0


def test_highest_score_is_not_the_largest_gain_in_likelihood():
    """The papers' words, "increases the likelihood the most", are about the gain; it has the count as a factor.

    Merging n pairs ab of a and b pieces out of N, where both stay rarer than N: the gain is about n log (N score).
    On the corpus of the page it prefers s t, 9 times, to i d, 3 times, whose score is three times as high.
    """
    corpus = [(pieces_of(word), count) for word, count in (("low", 5), ("lower", 2), ("newest", 6), ("widest", 3))]
    found = scores(corpus)

    def gain(pair):
        return log_likelihood([(merge(pieces, pair), count) for pieces, count in corpus]) - log_likelihood(corpus)

    gains = {pair: gain(pair) for pair in found}
    assert max(gains, key=gains.get) == ("##s", "##t")
    assert max(found.values()) == found["##i", "##d"]
    wanted = {("##s", "##t"): 28.0, ("l", "##o"): 23.6, ("##e", "##s"): 16.3, ("##i", "##d"): 12.8}
    assert {pair: round(gains[pair], 1) for pair in wanted} == wanted


def test_training_equals_a_recount_of_the_words_in_its_own_pieces():
    """Each step again, on strings: the words are written anew with the pieces learned so far, in their order."""
    choose = random.Random(0)
    for _ in range(20):
        words = {"".join(choose.choices("abc", k=choose.randint(1, 7))): choose.randint(1, 5) for _ in range(6)}
        corpus = [(pieces_of(word), count) for word, count in words.items()]
        expected = sorted({piece for pieces, _ in corpus for piece in pieces})
        while len(expected) < 16 and any(len(pieces) > 1 for pieces, _ in corpus):
            found = scores(corpus)
            a, b = sorted(found, key=lambda pair: (-found[pair], pair))[0]
            marked = [(f" {' '.join(pieces)} ", count) for pieces, count in corpus]
            marked = [
                (text.replace(f" {a} {b} ", f" {a}\0{b} ").replace(f" {a} {b} ", f" {a}\0{b} "), n)
                for text, n in marked
            ]
            corpus = [(text.replace(f"{a}\0{b}", a + b[2:]).split(), count) for text, count in marked]
            if a + b[2:] not in expected:
                expected.append(a + b[2:])
        assert train(words, size=16) == expected


def test_training_ends_when_every_word_is_one_piece():
    assert train({"ab": 1}, size=100) == ["##b", "a", "ab"]
    assert train({}, size=3) == []


def test_vocabulary_of_signs_alone_is_not_merged():
    assert train({"ab": 5}, size=2) == ["##b", "a"]


def test_longest_piece_wins_from_the_left():
    assert encode_word("abcd", {"a", "ab", "abc", "##d", "##cd", "##bcd"}) == ["abc", "##d"]
    assert encode_word("ab", {"ab", "a", "##b"}) == ["ab"]


def test_word_with_a_gap_is_unknown_as_a_whole():
    """Longest match takes ab, finds nothing for c, and does not go back to a and ##bc."""
    assert encode_word("abc", {"a", "ab", "##bc"}) == ["[UNK]"]
    assert encode_word("abc", {"##abc", "abcd"}, unknown="?") == ["?"]
    assert encode("a b", ["a"], unknown="?") == ["a", "?"]


def test_word_that_is_too_long_is_unknown():
    assert encode_word("aaaa", {"a", "##a"}, longest=4) == ["a", "##a", "##a", "##a"]
    assert encode_word("aaaaa", {"a", "##a"}, longest=4) == ["[UNK]"]


def test_nothing_has_no_pieces():
    assert encode_word("", {"a"}) == []
    assert encode("", ["a"]) == []
    assert pieces_of("") == []


def test_join_and_merge():
    assert join("lo", "##w") == "low"
    assert join("##o", "##w") == "##ow"
    assert merge(["a", "##a", "##a", "##a", "##b"], ("##a", "##a")) == ["a", "##aa", "##a", "##b"]
    assert merge(["##aa", "##aa", "##aa"], ("##aa", "##aa")) == ["##aaaa", "##aa"]
    assert merge(["a", "##b", "##c"], ("##b", "##c")) == ["a", "##bc"]
    assert merge([], ("a", "##b")) == []


def test_size_below_the_signs_is_refused():
    with pytest.raises(ValueError, match="size 1 is below the 2 characters"):
        train({"ab": 1}, size=1)


def test_essence_equals_the_module():
    words = {"low": 5, "lower": 2, "newest": 6, "widest": 3}
    corpus = [(pieces_of(word), count) for word, count in words.items()]
    exact = scores(corpus)
    assert essence.scores(corpus) == {pair: float(score) for pair, score in exact.items()}
    vocabulary = train(words, size=20)
    for word in ("lowest", "newer", "slow", "widen", "w"):
        assert essence.encode(word, vocabulary) == encode_word(word, vocabulary)
