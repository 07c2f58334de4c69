"""What fuzzing found interesting is kept, and run in every test."""

from pathlib import Path

import pytest

from tests.ingest import feed_checks, note_checks
from tests.ingest.importing import document_checks

CORPUS = Path(__file__).parent / "corpus"


@pytest.mark.parametrize("path", sorted((CORPUS / "feeds").iterdir()), ids=lambda path: path.name[:8])
def test_feed_of_the_corpus(path: Path) -> None:
    feed_checks.check_total(path.read_bytes())


@pytest.mark.parametrize("path", sorted((CORPUS / "notes").iterdir()), ids=lambda path: path.name[:8])
def test_note_of_the_corpus(path: Path) -> None:
    note_checks.check_total(path.read_bytes())


@pytest.mark.parametrize("path", sorted((CORPUS / "documents").iterdir()), ids=lambda path: path.name[:12])
def test_document_of_the_corpus(path: Path) -> None:
    document_checks.check_total(path.read_bytes())
