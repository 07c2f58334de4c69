"""Fuzzes what reads .docx, .html, .md, .txt and .pdf; see `make fuzz`. The first byte of an input chooses the kind."""

import sys

import atheris

with atheris.instrument_imports(include=["ingest"]):
    from tests.ingest.importing.document_checks import check_total


def test_one_input(content: bytes) -> None:
    """What atheris calls."""
    check_total(content)


if __name__ == "__main__":
    atheris.Setup(sys.argv, test_one_input)
    atheris.Fuzz()
