"""What passes between the process that fetches and the child that parses."""

import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.feeds.parse import Feed, parse_feed
from ingest.feeds.wire import decode_feed, encode_feed
from ingest.model import Paper
from ingest.problems import Problem

SAMPLES = sorted((Path(__file__).parent / "samples").iterdir())
FEED = Feed(
    "源",
    (Paper("url:a", "甲", "https://a.example/", authors=("Ada", "阿木"), published=date(2026, 11, 16), feed="源"),),
    (Paper("arxiv:2106.09685", "LoRA", "https://arxiv.org/abs/2106.09685", "2106.09685", versions=("v2",)),),
    (Problem("f", 1, 2, "P008", "half \ud800"),),
)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_feed_of_a_sample_comes_back_as_it_went(path):
    feed = parse_feed(path.read_bytes(), path.name)
    assert decode_feed(encode_feed(feed)) == feed


def test_every_field_comes_back():
    assert decode_feed(encode_feed(FEED)) == FEED


def changed(change):
    value = json.loads(encode_feed(FEED))
    change(value)
    return json.dumps(value).encode()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x80\x04N.",  # a pickle
        b"[" * 100_000,
        b"null",
        b"[]",
        changed(lambda value: value.append("more")),
        changed(lambda value: value.__setitem__(0, 7)),
        changed(lambda value: value[1][0].pop()),
        changed(lambda value: value[1][0].__setitem__(5, [{"name": "Ada"}])),
        changed(lambda value: value[1][0].__setitem__(6, "yesterday")),
        changed(lambda value: value[1][0].__setitem__(6, 7)),
        changed(lambda value: value[3][0].__setitem__(1, "1")),
        changed(lambda value: value.__setitem__(3, [7])),
    ],
)
def test_answer_that_is_no_feed_is_refused(content):
    with pytest.raises(ValueError):
        decode_feed(content)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=10) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)


@given(JSON)
def test_any_answer_is_a_feed_or_refused(value):
    try:
        feed = decode_feed(json.dumps(value).encode())
    except ValueError:
        return
    assert decode_feed(encode_feed(feed)) == feed
