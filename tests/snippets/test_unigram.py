"""Unigram against Hugging Face's tokenizers, against all cuts listed one by one, and through training."""

import math
import random
from collections import Counter

import pytest
import torch
from tokenizers import Tokenizer, models

from snippets.essence import unigram as essence
from snippets.unigram import count_words, em_step, expected_counts, forward, losses, sample, train, viterbi

WORDS = Counter({"▁low": 5, "▁lower": 2, "▁newest": 6, "▁widest": 3, "▁wider": 1})


def all_cuts(word: str, logp: dict[str, float]) -> list[list[str]]:
    """Every way to write a word in pieces."""
    if not word:
        return [[]]
    heads = (word[:end] for end in range(1, len(word) + 1))
    return [[head, *rest] for head in heads if head in logp for rest in all_cuts(word[len(head) :], logp)]


def probability(cut: list[str], logp: dict[str, float]) -> float:
    """The product of the pieces'."""
    return math.exp(sum(logp[piece] for piece in cut))


def random_pieces(seed: int) -> dict[str, float]:
    """Pieces over two letters with random probabilities; both letters are among them."""
    choose = random.Random(seed)
    pieces = {"a", "b", *("".join(choose.choices("ab", k=choose.randint(2, 4))) for _ in range(12))}
    weights = {piece: choose.random() + 0.01 for piece in sorted(pieces)}
    return {piece: math.log(weight / sum(weights.values())) for piece, weight in weights.items()}


def random_words(seed: int) -> dict[str, int]:
    """Words over two letters and how often they occur."""
    choose = random.Random(seed + 1000)
    return {"".join(choose.choices("ab", k=choose.randint(1, 9))): choose.randint(1, 5) for _ in range(6)}


def log_likelihood(words: dict[str, int], logp: dict[str, float]) -> float:
    """Of the corpus, from all cuts."""
    return sum(
        count * math.log(sum(probability(cut, logp) for cut in all_cuts(word, logp))) for word, count in words.items()
    )


@pytest.mark.parametrize("seed", range(5))
def test_viterbi_cuts_as_tokenizers_does_and_finds_the_best_of_all(seed):
    logp = random_pieces(seed)
    tokenizer = Tokenizer(models.Unigram([("?", -99.0), *logp.items()], unk_id=0))
    for word in random_words(seed):
        ours = viterbi(word, logp)
        assert "".join(ours) == word
        best = max(probability(cut, logp) for cut in all_cuts(word, logp))  # in another order they are as good
        assert probability(ours, logp) == pytest.approx(probability(tokenizer.encode(word).tokens, logp))
        assert probability(ours, logp) == pytest.approx(best)


@pytest.mark.parametrize("seed", range(5))
def test_sums_run_over_all_cuts(seed):
    logp = random_pieces(seed)
    gone = max(logp, key=len)
    for word in random_words(seed):
        cuts = all_cuts(word, logp)
        spared = [cut for cut in cuts if gone not in cut]
        assert math.exp(forward(word, logp, power=0.0)[-1]) == pytest.approx(len(cuts))
        assert math.exp(forward(word, logp)[-1]) == pytest.approx(sum(probability(cut, logp) for cut in cuts))
        half = sum(probability(cut, logp) ** 0.5 for cut in cuts)
        assert math.exp(forward(word, logp, power=0.5)[-1]) == pytest.approx(half)
        rest = sum(probability(cut, logp) for cut in spared)
        assert math.exp(forward(word, logp, without=gone)[-1]) == pytest.approx(rest)


@pytest.mark.parametrize("seed", range(5))
def test_expected_counts_average_over_all_cuts(seed):
    logp, words = random_pieces(seed), random_words(seed)
    expected = dict.fromkeys(logp, 0.0)
    for word, count in words.items():
        cuts = all_cuts(word, logp)
        total = sum(probability(cut, logp) for cut in cuts)
        for cut in cuts:
            for piece in cut:
                expected[piece] += count * probability(cut, logp) / total
    assert expected_counts(words, logp) == pytest.approx(expected)


def test_expected_counts_by_hand():
    """p(a) = p(b) = 1/2 · p(ab)... with p(a) = p(b) = 1/4, p(ab) = 1/2: a, b has 1/16 and ab has 1/2, that is 1 to 8.

    ab three times: 3 · 1/9 for a and for b, 3 · 8/9 for ab. One EM step: 1/3 + 1/3 + 8/3 = 10/3, so 0.1, 0.1, 0.8.
    """
    logp = {"a": math.log(0.25), "b": math.log(0.25), "ab": math.log(0.5)}
    assert expected_counts({"ab": 3}, logp) == pytest.approx({"a": 1 / 3, "b": 1 / 3, "ab": 8 / 3})
    fitted = {piece: math.exp(value) for piece, value in em_step({"ab": 3}, logp).items()}
    assert fitted == pytest.approx({"a": 0.1, "b": 0.1, "ab": 0.8})


@pytest.mark.parametrize("seed", range(5))
def test_em_never_lowers_the_likelihood(seed):
    logp, words = random_pieces(seed), random_words(seed)
    before = log_likelihood(words, logp)
    for _ in range(5):
        logp = em_step(words, logp)
        after = log_likelihood(words, logp)
        assert sum(map(math.exp, logp.values())) == pytest.approx(1)
        assert after >= before - 1e-6
        before = after


@pytest.mark.parametrize("seed", range(5))
def test_loss_is_what_the_corpus_loses_without_the_piece(seed):
    logp, words = random_pieces(seed), random_words(seed)
    whole = log_likelihood(words, logp)
    for piece, loss in losses(words, logp).items():
        if len(piece) == 1:
            assert loss == math.inf
        else:
            rest = {other: value for other, value in logp.items() if other != piece}
            assert loss == pytest.approx(whole - log_likelihood(words, rest), abs=1e-9)


@pytest.mark.parametrize("power", [0.0, 0.3, 1.0])
def test_cuts_are_drawn_by_their_probability(power):
    """Chi-square over the cuts of a word, 99.9 % of draws below `limit` (7 cuts, 6 degrees of freedom: 22.5)."""
    logp = {
        piece: math.log(p) for piece, p in {"a": 0.2, "b": 0.2, "ab": 0.15, "ba": 0.25, "aba": 0.1, "bab": 0.1}.items()
    }
    word, draws = "abab", 2000
    cuts = all_cuts(word, logp)
    weights = [probability(cut, logp) ** power for cut in cuts]
    generator = torch.Generator().manual_seed(0)
    seen = Counter(
        tuple(sample(word, logp, *({1.0: ()}.get(power, (power,))), generator=generator)) for _ in range(draws)
    )
    assert set(seen) <= {tuple(cut) for cut in cuts}
    expected = [draws * weight / sum(weights) for weight in weights]
    statistic = sum((seen[tuple(cut)] - mean) ** 2 / mean for cut, mean in zip(cuts, expected, strict=True))
    assert len(cuts) == 7
    assert statistic < 22.5


def test_same_generator_draws_the_same_cuts():
    logp = {"a": math.log(0.5), "aa": math.log(0.5)}
    one, two = (sample("a" * 40, logp, generator=torch.Generator().manual_seed(1)) for _ in range(2))
    assert one == two


def test_large_power_draws_the_best_cut():
    logp = {"a": math.log(0.25), "b": math.log(0.25), "ab": math.log(0.5)}
    assert all(sample("abab", logp, power=50.0) == ["ab", "ab"] for _ in range(20))


def test_training_reaches_the_size_and_keeps_the_signs():
    signs = {sign for word in WORDS for sign in word}
    for size in (len(signs), 16, 20):
        logp = train(WORDS, size)
        assert len(logp) == size
        assert signs <= set(logp)
        assert sum(map(math.exp, logp.values())) == pytest.approx(1)
        for word in WORDS:
            assert "".join(viterbi(word, logp)) == word


def test_training_starts_with_what_is_counted_and_fits_twice():
    """In ab twice and b, a stands 2 times, b 3, ab 2: p = 2/7, 3/7, 2/7, and a, b to ab is as 6/49 to 14/49.

    Counts 2 · 0.3 for a, 2 · 0.3 + 1 for b, 2 · 0.7 for ab: p = 1/6, 4/9, 7/18, and now 2/27 to 7/18 is as 0.16 to
    0.84: counts 0.32, 1.32, 1.68 of 3.32 in all.
    """
    probabilities = {piece: math.exp(value) for piece, value in train({"ab": 2, "b": 1}, size=3).items()}
    assert probabilities == pytest.approx({"a": 8 / 83, "b": 33 / 83, "ab": 42 / 83})


def test_each_round_of_pruning_keeps_its_share(monkeypatch):
    sizes = []

    def spy(words, logp):
        sizes.append(len(logp))
        return losses(words, logp)

    monkeypatch.setattr("snippets.unigram.losses", spy)
    words = random_words(0)
    assert len(train(words, size=5)) == 5
    assert len(sizes) > 2
    assert sizes[1:] == [int(0.8 * size) for size in sizes[:-1]]


def test_training_prunes_what_the_corpus_misses_least():
    """newest is the most frequent word and is one piece in the end; wider, seen once, was never a seed."""
    logp = train(WORDS, size=16)
    assert viterbi("▁newest", logp) == ["▁newest"]
    assert "▁wider" not in logp
    assert train(WORDS, size=40).keys() >= logp.keys()


def test_training_stops_where_nothing_is_left_to_prune():
    assert train({"ab": 1}, size=10).keys() == {"a", "b"}
    assert train({}, size=3) == {}


def test_pieces_are_no_longer_than_asked():
    assert max(map(len, train({"abcdefgh": 5}, size=100, longest=3))) == 3
    assert max(map(len, train({"abcdefghij": 5}, size=100))) == 8


def test_words_are_divided_by_blanks():
    assert count_words(["ab  c\n", "c"]) == {"▁ab": 1, "▁c": 2}


def test_empty_word_has_one_empty_cut():
    assert viterbi("", {"a": -1.0}) == sample("", {"a": -1.0}) == []
    assert forward("", {"a": -1.0}) == [0.0]


def test_long_word_does_not_underflow():
    """e^-1600 is 0 in a float; its logarithm is not. An aa instead of a, a has e^-14 of it."""
    logp = {"a": -8.0, "aa": -30.0}
    word = "a" * 200
    assert forward(word, logp)[-1] == pytest.approx(-1600, abs=1e-3)
    assert viterbi(word, logp) == ["a"] * 200
    assert expected_counts({word: 1}, logp) == pytest.approx({"a": 200, "aa": 0}, abs=1e-3)


@pytest.mark.parametrize("cut", [viterbi, sample])
def test_sign_without_a_piece_is_refused(cut):
    with pytest.raises(ValueError, match="'abx' cannot be segmented"):
        cut("abx", {"a": -1.0, "b": -1.0})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"size": 2}, "below the 3"), ({"size": 9, "keep": 1.0}, "keep 1.0"), ({"size": 9, "keep": 0.0}, "keep 0.0")],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        train({"abc": 2}, **arguments)


def test_essence_equals_the_module():
    p = {"a": 0.2, "b": 0.25, "ab": 0.15, "ba": 0.1, "aba": 0.3}
    logp = {piece: math.log(share) for piece, share in p.items()}
    for word in ("abab", "ababa", "bbaab", "a"):
        assert essence.viterbi(word, p) == viterbi(word, logp)
        for alpha in (0.0, 0.5, 1.0):
            assert math.isclose(essence.total(word, p, alpha), math.exp(forward(word, logp, power=alpha)[-1]))
