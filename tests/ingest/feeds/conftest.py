"""What tests of fetching share."""

from collections.abc import Iterator
from datetime import date

import pytest

from ingest.feeds import read
from ingest.feeds.parse import Feed, parse_feed
from tests.ingest.feed_server import FeedServer, feed_server


@pytest.fixture(scope="module")
def server() -> Iterator[FeedServer]:
    """One for the tests of a file."""
    with feed_server() as server:
        yield server


@pytest.fixture
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Feeds are parsed without a child to be started for each."""

    async def parse(self: object, content: bytes, source: str, charset: str, today: date) -> Feed:
        return parse_feed(content, source, charset, today)

    monkeypatch.setattr(read.Sandbox, "parse", parse)
