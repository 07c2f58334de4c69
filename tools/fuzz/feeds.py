"""Fuzzes what reads feeds; see `make fuzz`. Any bytes give records, which can be archived, and problems."""

import sys
from datetime import date

import atheris

with atheris.instrument_imports(include=["ingest"]):
    from tests.ingest.feed_checks import check_total


def test_one_input(content: bytes) -> None:
    """What atheris calls."""
    check_total(content, date(2026, 11, 21))


if __name__ == "__main__":
    atheris.Setup(sys.argv, test_one_input)
    atheris.Fuzz()
