"""Every page shows what its code prints."""

import pytest

from snippets.__main__ import names
from tools import outputs

DOCS = outputs.ROOT / "docs"


@pytest.mark.parametrize("page", outputs.pages(DOCS), ids=lambda path: path.relative_to(DOCS).as_posix())
def test_page_shows_what_its_code_prints(page):
    assert outputs.problems(page) == []


def test_pages_of_all_snippets_have_runnable_code():
    found = {path.relative_to(DOCS).as_posix() for path in outputs.pages(DOCS)}
    assert {f"topics/{name}.md" for name in names()} <= found
