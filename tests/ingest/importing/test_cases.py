"""The cases of real documents that went wrong, each held."""

import pytest

from tools.bench.import_cases import CASES, examine


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.number}-{case.file}")
def test_document_loses_nothing_and_what_it_cannot_keep_is_said(case):
    assert examine(case).faults == []
