"""MinHash: the vectorised form against the plain one, against exact Jaccard, and against datasketch."""

import math
import random
import zlib
from itertools import combinations

import pytest
import torch
from datasketch import MinHash, MinHashLSH

from snippets.essence import minhash as essence
from snippets.minhash import candidates, hash_functions, jaccard, shingles, signature_plain, signatures, similarity


def texts(count: int = 40, seed: int = 0) -> list[str]:
    """Texts of 0 to 200 characters; every second one is its predecessor with some characters changed."""
    choose = random.Random(seed)
    found = []
    while len(found) < count:
        text = "".join(choose.choices("abcdef大模型数据😀 ", k=choose.choice([0, 1, 4, 5, 6, 60, 200])))
        other = list(text)
        for at in choose.sample(range(len(text)), k=len(text) // 20):
            other[at] = "X"
        found += [text, "".join(other)]
    return found[:count]


@pytest.mark.parametrize(("size", "width"), [(16, 5), (7, 1), (3, 8)])
def test_vectorised_signatures_equal_the_plain_ones(device, size, width):
    found = signatures(texts(), size, width, seed=3, device=device)
    assert found.dtype == torch.int32
    assert found.device.type == device.type
    assert found.tolist() == [signature_plain(text, size, width, seed=3) for text in texts()]


def test_defaults_of_both_forms_are_the_same(device):
    text = "大语言模型需要数据"
    assert signatures([text], device=device)[0].tolist() == signature_plain(text)
    assert len(signature_plain(text)) == 128
    assert signature_plain(text, width=5, seed=0) == signature_plain(text) != signature_plain(text, seed=1)


def test_texts_beyond_one_chunk_are_the_same(device):
    """One text longer than a whole chunk, and many that need several."""
    many = ["".join(random.Random(at).choices("abcd", k=400)) for at in range(200)] + ["ab" * 40_000 + "c"]
    found = signatures(many, size=4, device=device)
    for at in (0, 123, 199, 200):
        assert found[at].tolist() == signature_plain(many[at], size=4)


def test_hash_functions_are_one_to_one():
    a, b = hash_functions(200, seed=0)
    assert torch.equal(a, hash_functions(200)[0])
    assert a.dtype == b.dtype == torch.int32
    assert (a % 2 != 0).all()
    assert len(set(a.tolist())) == len(set(b.tolist())) == 200
    assert (a < 0).any() and (a > 0).any() and (b < 0).any() and (b > 0).any()


def test_hash_functions_are_drawn_evenly():
    """Of 20,000 numbers half are negative, and half in the middle of the range: 0.02 is more than five deviations."""
    for numbers in hash_functions(20_000):
        assert (numbers < 0).float().mean().item() == pytest.approx(0.5, abs=0.02)
        assert (numbers.abs() < 2**30).float().mean().item() == pytest.approx(0.5, abs=0.02)


def test_estimate_is_within_its_error_of_the_exact_similarity(device):
    """With 2,048 hashes the standard deviation is at most 0.011; over 200 pairs none is beyond four of them."""
    choose = random.Random(1)
    pairs = []
    for _ in range(200):
        text = choose.choices("abcdefgh大模型", k=80)
        rate = choose.choice([0.0, 0.02, 0.1, 0.2])
        other = [choose.choice("XYZ") if choose.random() < rate else sign for sign in text]
        pairs.append(("".join(text), "".join(other)))
    one, two = (signatures(side, size=2048, device=device) for side in zip(*pairs, strict=True))
    estimates = similarity(one, two).cpu()
    exact = torch.tensor([jaccard(*pair) for pair in pairs])
    deviation = (exact * (1 - exact) / 2048).sqrt()
    assert ((estimates - exact).abs() <= 4.5 * deviation + 1e-6).all()
    assert abs((estimates - exact).mean()) < 0.003
    assert exact.std() > 0.2


def test_estimate_equals_datasketchs_of_the_same_signatures():
    found = signatures(texts(20))
    sketches = [MinHash(num_perm=128, hashvalues=row.numpy().astype("uint32"), scheme="affine32") for row in found]
    for one, two in combinations(range(20), 2):
        assert similarity(found[one], found[two]).item() == pytest.approx(sketches[one].jaccard(sketches[two]))


def test_estimate_comes_as_near_as_datasketchs_own_hashes():
    one, two = "大语言模型需要大量干净的数据来训练，越多越好" * 2, "大语言模型需要许多干净的数据来训练，越多越好" * 2
    sketches = []
    for text in (one, two):
        sketch = MinHash(num_perm=1024)
        sketch.update_batch([shingle.encode() for shingle in shingles(text)])
        sketches.append(sketch)
    ours = similarity(*signatures([one, two], size=1024)).item()
    assert ours == pytest.approx(sketches[0].jaccard(sketches[1]), abs=0.08)
    assert ours == pytest.approx(jaccard(one, two), abs=0.06)


@pytest.mark.parametrize("bands", [2, 8, 16, 64, 128])
def test_candidates_are_those_of_datasketchs_index(bands):
    found = signatures(texts(60))
    index = MinHashLSH(num_perm=128, params=(bands, 128 // bands))
    sketches = [MinHash(num_perm=128, hashvalues=row.numpy().astype("uint32"), scheme="affine32") for row in found]
    for at, sketch in enumerate(sketches):
        index.insert(at, sketch)
    expected = {(one, two) for one, sketch in enumerate(sketches) for two in index.query(sketch) if one < two}
    assert candidates(found, bands) == expected
    assert expected


def test_share_of_candidates_follows_the_curve():
    """Signatures that agree in each row with probability s: 1 - (1 - s^r)^b of the pairs meet, r = 4, b = 4."""
    generator = torch.Generator().manual_seed(0)
    for s in (0.3, 0.7):
        one = torch.randint(10**6, (2000, 16), generator=generator)
        two = torch.where(torch.rand(2000, 16, generator=generator) < s, one, -one - 1)
        met = sum(bool(candidates(torch.stack(pair), bands=4)) for pair in zip(one, two, strict=True))
        assert met / 2000 == pytest.approx(1 - (1 - s**4) ** 4, abs=0.045)


def test_shingles_and_jaccard_by_hand():
    """abcd and abce by twos: ab, bc, cd and ab, bc, ce; two of four."""
    assert shingles("abcd", 2) == {"ab", "bc", "cd"}
    assert shingles("aaaa", 2) == {"aa"}
    assert shingles("ab", 4) == {"ab\0\0"}
    assert shingles("", 2) == {"\0\0"}
    assert jaccard("abcd", "abce", 2) == 0.5
    assert jaccard("abcdef", "abcdef") == 1
    assert len(shingles("abcdef")) == 2


def test_equal_texts_agree_and_strangers_do_not(device):
    same, twin, other = signatures(["abcdefg", "abcdefg", "hijklmn"], device=device)
    assert similarity(same, twin) == 1
    assert similarity(same, other) == 0


def test_signature_is_of_the_set_and_not_of_how_often(device):
    found = signatures(["ab" * 10, "ab" * 30], width=4, device=device)
    assert torch.equal(found[0], found[1])


def test_one_hash_and_one_band_are_enough(device):
    found = signatures(["abcdefg", "abcdefg", "hijklmn"], size=1, device=device)
    assert candidates(found, bands=1) == {(0, 1)}


def test_no_texts_have_no_signatures():
    assert signatures([]).shape == (0, 128)
    assert candidates(signatures([]), 16) == set()
    assert candidates(signatures(["a"]), 16) == set()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: signatures(["a"], size=0), "size 0"),
        (lambda: signatures(["a"], width=0), "width 0"),
        (lambda: shingles("a", 0), "width 0"),
        (lambda: candidates(torch.zeros(2, 10), 3), "size 10 is not divisible by bands 3"),
        (lambda: candidates(torch.zeros(2, 10), 0), "bands 0"),
    ],
)
def test_wrong_arguments_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_essence_equals_the_module():
    """The essence takes any hashes: here Python's own of the shingle and a number, and the module's signatures."""
    one, two = "大语言模型需要干净的数据", "大语言模型需要很多的数据"
    hashes = [lambda x, i=i: zlib.crc32(f"{i} {x}".encode()) for i in range(400)]
    a, b = shingles(one), shingles(two)
    assert essence.jaccard(a, b) == jaccard(one, two)
    assert abs(essence.estimate(essence.signature(a, hashes), essence.signature(b, hashes)) - jaccard(one, two)) < 0.1
    random.seed(0)
    texts = ["".join(random.choices("甲乙丙丁", k=12)) for _ in range(40)]
    found = signatures(texts, size=32)
    for bands in (4, 16, 32):
        assert essence.candidates(found.tolist(), bands) == candidates(found, bands)
    assert math.isclose(essence.estimate(found[0].tolist(), found[1].tolist()), float(similarity(found[0], found[1])))
    assert math.isclose(essence.caught(0.7, 8, 16), 1 - (1 - 0.7**8) ** 16)
