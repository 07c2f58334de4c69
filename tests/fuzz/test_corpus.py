"""What fuzzing found interesting is kept, and run in every test."""

from pathlib import Path

import pytest

from tests.ingest.feed_checks import check_total

CORPUS = Path(__file__).parent / "corpus"


@pytest.mark.parametrize("path", sorted((CORPUS / "feeds").iterdir()), ids=lambda path: path.name[:8])
def test_feed_of_the_corpus(path: Path) -> None:
    check_total(path.read_bytes())
