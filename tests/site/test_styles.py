"""The style sheet that all pages have in common: what it leaves out of the theme's, no page has."""

import gzip
import re

from publish.styles import LACKS, NAME

CLASS = re.compile(r'\sclass="([^"]*)"')


def test_no_page_has_what_the_sheet_leaves_out(site):
    has = {name for page in site.pages.values() for said in CLASS.findall(page.text) for name in said.split()}
    assert len(has) > 100
    assert sorted(name for name in has if LACKS.match(f".{name}")) == []


def test_every_page_names_this_one_sheet_alone_but_the_module_reference(site):
    for path, page in site.pages.items():
        if 'http-equiv="refresh"' in page.text and "<article" not in page.text:
            continue
        sheets = re.findall(r'<link rel="stylesheet" href="([^"]*)"', page.text)
        assert sheets[0].endswith(NAME), path
        assert [sheet.rpartition("/")[2] for sheet in sheets[1:]] in ([], ["_mkdocstrings.css"]), path


def test_sheet_is_light(site):
    """It stands before the first paint of every page. Its six parts weigh 42 kB."""
    assert len(gzip.compress((site.folder / NAME).read_bytes())) <= 30_000


def test_no_change_on_a_page_has_all_around_it_styled_anew(site):
    """As browsers do for anything after a sibling, and for all within what is looked into: `a + *`, `a:has(b) > *`."""
    heads = re.findall(r"[^{};]+(?=\{)", (site.folder / NAME).read_text("utf-8"))
    assert len(heads) > 500
    assert [head for head in heads if re.search(r"[+~] ?\*|:has\([^{}]*\)[^,{}]*[ >]\*", head)] == []
