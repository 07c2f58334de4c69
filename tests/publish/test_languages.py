"""Code is coloured in about as much time as there is code, in every language that a page by hand may name."""

import time

import pytest
import yaml
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

from ingest.guard import texts_of
from ingest.model import Source
from ingest.sure_code import LANGUAGES
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


def seconds(language: str, text: str) -> float:
    began = time.process_time()
    for _ in lexer(language).get_tokens(text):
        pass
    return time.process_time() - began


@pytest.mark.parametrize("language", [name.replace("\\", "") for name in LANGUAGES.split("|")])
def test_language_is_read_in_linear_time(language):
    page = f"# A\n\n```{language}\n1\n```\n"
    assert texts_of([Source("docs/guide/a.md", page)]) == []
    if not lexer(language):
        return
    for unit in HOSTILE:
        short, long = (unit * (size // len(unit)) for size in (5_000, 20_000))
        spent = seconds(language, long)
        assert spent < 0.2 or spent < 8 * seconds(language, short), unit


@pytest.mark.parametrize("language", ["perl", "mathematica"])
def test_others_are_refused(language):
    [problem] = texts_of([Source("docs/guide/a.md", f"# A\n\n```{language}\n1\n```\n")])
    assert (problem.line, problem.code) == (3, "X006")
