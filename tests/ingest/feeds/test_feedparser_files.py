"""feedparser's own test files, from its source distribution; `make fuzz` brings it into .cache/."""

import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.feeds import from_xml
from ingest.feeds.parse import parse_feed
from tests.ingest.feed_checks import check_total

ARCHIVES = sorted((Path(__file__).parents[3] / ".cache").glob("feedparser-*.tar.gz"))


def files() -> Iterator[tuple[str, bytes]]:
    with tarfile.open(ARCHIVES[-1]) as archive:
        for member in archive:
            if member.isfile() and "/tests/" in member.name and member.name.endswith((".xml", ".gz", ".z")):
                content = archive.extractfile(member)
                assert content
                yield member.name, content.read()


@pytest.mark.slow
@pytest.mark.skipif(not ARCHIVES, reason="feedparser's source distribution is not in .cache/; `make fuzz` brings it")
def test_every_file_of_feedparsers_tests_passes_through(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each gives records and problems, and those that are read quickly give what feedparser makes of them."""
    read_plain, quick, count = from_xml.read_plain, 0, 0
    for name, content in files():
        check_total(content)
        count += 1
        if (found := parse_feed(content, name)).papers:
            monkeypatch.setattr(from_xml, "read_plain", lambda text: None)
            assert parse_feed(content, name) == found, name
            monkeypatch.setattr(from_xml, "read_plain", read_plain)
            quick += 1
    assert count > 2000 < count + quick
