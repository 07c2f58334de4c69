"""The table against `re.fullmatch` on all strings of a small vocabulary, and on JSON against jsonschema."""

import itertools
import json
import re

import pytest
import torch

from snippets.constrained_decoding import (
    EMPTY,
    either,
    letters,
    literal,
    many,
    mask_logits,
    then,
    token_table,
    tokens_to_end,
)
from snippets.essence import constrained_decoding as essence

VOCABULARY = ["<eos>", "a", "b", "ab", "ba", "bab", "c", ""]
SPELLED = range(1, 7)
LONGEST = 4
A, B = letters("a"), letters("b")
CASES = {
    "ab*": then(A, many(B)),
    "(ab|ba)+": many(either(literal("ab"), literal("ba")), 1),
    "(a|b){2,3}c?": then(many(either(A, B), 2, 3), many(letters("c"), 0, 1)),
    "[^a]*": many(letters("a", others=True)),
    "(a|b)*a(a|b)": then(many(either(A, B)), A, either(A, B)),
    "(a?b?)*": many(then(many(A, 0, 1), many(B, 0, 1))),
    "((ab)*|c)a": then(either(many(literal("ab")), letters("c")), A),
    "(a*)*c": then(many(many(A)), letters("c")),
    "a{2}": many(A, 2, 2),
    "": EMPTY,
}


def accepted(table, tokens):
    state = 0
    for token in (*tokens, 0):
        state = int(table[state, token])
        if state < 0:
            return False
    return state == len(table) - 1


@pytest.mark.parametrize("pattern", CASES)
def test_texts_that_pass_are_those_that_match(pattern):
    table = token_table(CASES[pattern], VOCABULARY, 0)
    for length in range(LONGEST + 1):
        for tokens in itertools.product(SPELLED, repeat=length):
            text = "".join(VOCABULARY[token] for token in tokens)
            assert accepted(table, tokens) == bool(re.fullmatch(pattern, text)), text


@pytest.mark.parametrize("pattern", CASES)
def test_a_token_is_allowed_if_and_only_if_some_text_goes_on_from_it(pattern):
    """By brute force: all that match among the sequences of up to six tokens, and what begins them."""
    table = token_table(CASES[pattern], VOCABULARY, 0)
    begins = {
        tokens[:cut]
        for length in range(7)
        for tokens in itertools.product((1, 2, 4, 6), repeat=length)  # a, b, ba, c
        if re.fullmatch(pattern, "".join(VOCABULARY[token] for token in tokens))
        for cut in range(length + 1)
    }
    few = token_table(CASES[pattern], [VOCABULARY[token] for token in (0, 1, 2, 4, 6)], 0)
    number = dict(zip((1, 2, 4, 6), range(1, 5), strict=True))
    for tokens in begins:
        if len(tokens) > 2:
            continue
        state = 0
        for token in tokens:
            state = int(few[state, number[token]])
        allowed = {token for token, place in number.items() if few[state, place] >= 0}
        assert allowed == {token for token in number if (*tokens, token) in begins}, tokens
    assert table.shape[1] == len(VOCABULARY)


def test_a_way_that_these_tokens_cannot_finish_is_not_entered():
    """After "b" only "c" would do, and no token spells it alone; "bc" does."""
    text = either(literal("bc"), literal("a"))
    table = token_table(text, ["<eos>", "a", "b"], 0)
    assert (table[0] >= 0).tolist() == [False, True, False]
    assert (token_table(text, ["<eos>", "a", "b", "bc"], 0)[0] >= 0).tolist() == [False, True, False, True]
    trap = either(literal("a"), then(B, many(B), letters("c")))  # b may be repeated for ever
    assert token_table(trap, ["<eos>", "a", "b"], 0)[0].tolist() == [-1, 1, -1]


def test_a_way_may_lead_back_to_the_start():
    table = token_table(many(literal("ab")), ["<eos>", "a", "b"], 0)
    assert table.tolist() == [[2, 1, -1], [-1, -1, 0], [2, -1, -1]]
    assert tokens_to_end(table).tolist() == [1, 2, 0]
    assert mask_logits(torch.zeros(1, 3), table, torch.tensor([1])).tolist() == [[-torch.inf, -torch.inf, 0.0]]
    with pytest.raises(ValueError, match="no text of these tokens"):
        token_table(literal("c"), ["<eos>", "a", "b"], 0)
    with pytest.raises(ValueError, match="no text of these tokens"):
        token_table(either(), ["<eos>", "a"], 0)


def test_special_tokens_are_never_allowed_but_the_end():
    """Whatever text they are shown with: the end's name is no text, nor is what has none."""
    table = token_table(many(letters("<>eos", others=False)), ["", "<eos>", "s"], 1)
    assert table.tolist() == [[-1, 1, 0], [-1, 1, -1]]


def test_equal_expressions_look_equal():
    """Or there would be ever more states: the language of (a|b)*a(a|b)(a|b) needs eight."""
    assert either(A, B) == either(B, A, B) == either(B, either(A, either()))
    assert then(then(A, B), A) == then(A, then(B, A)) == then(A, EMPTY, B, then(A, EMPTY))
    assert then(A, either()) == then(either(), A) == either()
    assert either(A) == A == many(A, 1, 1)
    assert many(A, 0, 0) == EMPTY == then()
    text = then(many(either(A, B)), A, either(A, B), either(A, B))
    assert len(token_table(text, ["<eos>", "a", "b"], 0)) == 8 + 1


def test_fewest_tokens_to_the_end():
    """Of "abab" by tokens a, b, ab: the start is two tokens and the end away; so many also after a b."""
    table = token_table(literal("abab"), ["<eos>", "a", "b", "ab"], 0)
    far = tokens_to_end(table)
    ways = [[], [1], [3], [3, 1], [3, 3], [3, 3, 0]]
    for way, expected in zip(ways, [3, 3, 2, 2, 1, 0], strict=True):
        state = 0
        for token in way:
            state = int(table[state, token])
        assert far[state] == expected
    table[0] = -1
    assert tokens_to_end(table)[0] == -1


def test_every_text_ends_in_time(device):
    """Random logits; the shortest has three letters, so five tokens are few and four just enough."""
    table = token_table(then(many(A, 3), B), ["<eos>", "a", "b"], 0).to(device)
    for limit in (5, 6, 9):
        tokens, states = torch.empty(50, 0, dtype=torch.long, device=device), torch.zeros(50, device=device).long()
        for written in range(limit):
            logits = mask_logits(torch.randn(50, 3, device=device), table, states, limit - written)
            token = logits.softmax(dim=-1).multinomial(1)
            states = table[states, token[:, 0]]
            tokens = torch.cat([tokens, token], dim=1)
        assert (states == len(table) - 1).all()
        texts = {"".join("\0ab"[token] for token in row).rstrip("\0") for row in tokens.tolist()}
        assert all(re.fullmatch("a{3,}b", text) for text in texts)
        assert max(map(len, texts)) == limit - 1
    with pytest.raises(ValueError, match="within 4"):
        mask_logits(torch.zeros(1, 3, device=device), table, states[:1] * 0, 4)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_mask_keeps_the_logits_that_are_allowed(device, dtype):
    table = token_table(CASES["(ab|ba)+"], VOCABULARY, 0).to(device)
    logits, states = torch.randn(3, 8, device=device, dtype=dtype), torch.tensor([0, 1, len(table) - 1], device=device)
    masked = mask_logits(logits, table, states)
    assert masked.dtype == dtype
    for row, state in enumerate(states.tolist()):
        for token in range(8):
            expected = logits[row, token].item() if table[state, token] >= 0 else float("-inf")
            assert masked[row, token].item() == expected
    assert masked[2].isfinite().tolist() == [True] + [False] * 7  # what is done is filled up with the end
    with pytest.raises(ValueError, match=r"\(3, 8\) are not \(2, 8\)"):
        mask_logits(logits, table, states[:2])


def test_json_by_this_table_is_what_jsonschema_takes():
    """Tokens chosen at random, a letter or many: each text parses, and fits the schema."""
    import jsonschema

    digit = letters("0123456789")
    inside = either(letters('"\\', others=True), then(letters("\\"), letters('"\\n')))
    text = then(
        literal('{"name": "'),
        many(inside, 0, 5),
        literal('", "age": '),
        either(literal("0"), then(letters("123456789"), many(digit, 0, 2))),
        literal(', "tags": ['),
        either(EMPTY, then(literal('"x"'), many(literal(', "x"'), 0, 2))),
        literal("]}"),
    )
    schema = {
        "type": "object",
        "properties": {
            "name": {"type": "string", "maxLength": 5},
            "age": {"type": "integer", "minimum": 0, "maximum": 999},
            "tags": {"type": "array", "items": {"const": "x"}, "maxItems": 3},
        },
        "required": ["name", "age", "tags"],
        "additionalProperties": False,
    }
    single = sorted(set('{}[]", :nameagtsx\\中0123456789'))
    vocabulary = ["<eos>", *single, '{"', '": "', '", "', '": ', "name", "age", "tags", "12", '"]}']
    table = token_table(text, vocabulary, 0)
    draw = torch.Generator().manual_seed(0)
    seen = set()
    for _ in range(60):
        state, written = 0, ""
        while state != len(table) - 1:
            logits = mask_logits(torch.randn(1, len(vocabulary), generator=draw), table, torch.tensor([state]))
            token = int(logits.argmax())
            state, written = int(table[state, token]), written + (vocabulary[token] if token else "")
        value = json.loads(written)
        jsonschema.validate(value, schema)
        seen.add(len(value["tags"]))
    assert seen == {0, 1, 2, 3}


def test_essence_gives_what_the_module_gives():
    """The automaton of (ab|ba)+ by hand: at the start, after an a, after a b, after a pair."""
    delta = {(0, "a"): 1, (0, "b"): 2, (1, "b"): 3, (2, "a"): 3, (3, "a"): 1, (3, "b"): 2}
    found = essence.table(delta, {3}, VOCABULARY, 0)
    table = token_table(CASES["(ab|ba)+"], VOCABULARY, 0)
    pairs, todo = {(0, 0)}, [(0, 0)]  # states are numbered in another order
    for mine, other in todo:
        assert (table[mine] >= 0).tolist() == (found[other] >= 0).tolist()
        for token in (table[mine] >= 0).nonzero().flatten().tolist():
            pair = (int(table[mine, token]), int(found[other, token]))
            todo += [] if pair in pairs else [pair]
            pairs.add(pair)
    assert len(pairs) == len(table) == len(found)
    logits = torch.randn(8)
    expected = mask_logits(logits[None], table, torch.zeros(1).long()).softmax(dim=-1)[0]
    torch.testing.assert_close(essence.step(logits, found, 0), expected)
