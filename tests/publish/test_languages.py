"""Code is coloured in about as much time as there is code, in every language that a page by hand may name."""

import time

import pytest
import yaml
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

from ingest.guard import texts_of
from ingest.model import Source
from ingest.sure_code import LANGUAGES
from tests.ingest.test_growth import grows_too_fast
from tests.site.conftest import ROOT

# What the reader of some language takes the square of, or worse: Java, JavaScript, C++, INI, XML, R and others.
HOSTILE = (
    "a ",
    "a.",
    '\\"',
    'R"(',
    ": ",
    "&",
    "operator",
    "/*\n:",
    '//1e\\"',
    "a<",
    "[[",
    "<!--",
    "${",
    "'''",
    "(?",
    "`",
)


def lexer(language: str):
    """What colours a language on this site; None where nothing does."""
    base = yaml.load((ROOT / "mkdocs.base.yml").read_text("utf-8"), yaml.BaseLoader)
    [options] = [one["pymdownx.highlight"] for one in base["markdown_extensions"] if "pymdownx.highlight" in one]
    read_as = {one["name"]: one["lang"] for one in options["extend_pygments_lang"]}
    try:
        return get_lexer_by_name(read_as.get(language, language))
    except ClassNotFound:
        return None


@pytest.mark.parametrize("language", [name.replace("\\", "") for name in LANGUAGES.split("|")])
def test_language_is_read_in_linear_time(language):
    page = f"# A\n\n```{language}\n1\n```\n"
    assert texts_of([Source("docs/guide/a.md", page)]) == []
    if not (found := lexer(language)):
        return

    def read(text: str) -> None:
        for _ in found.get_tokens(text):
            pass

    for unit in HOSTILE:
        long = unit * (20_000 // len(unit))
        began = time.process_time()
        read(long)
        if time.process_time() - began > 0.2:  # most are not worth a second look
            assert not grows_too_fast(read, lambda size, unit=unit: unit * (size // len(unit))), unit


@pytest.mark.parametrize("language", ["perl", "mathematica"])
def test_others_are_refused(language):
    [problem] = texts_of([Source("docs/guide/a.md", f"# A\n\n```{language}\n1\n```\n")])
    assert (problem.line, problem.code) == (3, "X006")
