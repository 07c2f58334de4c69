"""The built site: its links, what it loads, and that both generators build the same."""

import gzip
import json
import os
import posixpath
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from publish.phrases import with_phrases
from tests.site.conftest import ROOT, WORDS, Page, Site
from tools.permalinks import published

BIN = Path(sys.executable).parent
QUIET = os.environ | {"NO_MKDOCS_2_WARNING": "1", "NO_COLOR": "1"}


def target(page, link):
    """Path in the site that a link leads to, and its anchor."""
    parts = urlsplit(link)
    path = (
        posixpath.normpath(posixpath.join(posixpath.dirname(page.path), unquote(parts.path)))
        if parts.path
        else page.path
    )
    if parts.path.endswith(("/", ".")) or parts.path == "":
        path = page.path if parts.path == "" else posixpath.normpath(posixpath.join(path, "index.html"))
    return path, unquote(parts.fragment)


def test_every_internal_link_leads_to_a_page_and_an_anchor(site):
    broken = []
    for page in site.pages.values():
        if page.path == "404.html":  # served at any depth, so its links start at the site's root
            continue
        for link in page.links:
            if urlsplit(link).scheme or link.startswith("//"):
                continue
            path, anchor = target(page, link)
            other = site.pages.get(path)
            if (other is None and not (site.folder / path).is_file()) or (other and anchor and anchor not in other.ids):
                broken.append((page.path, link))
    assert broken == []


def test_no_published_address_has_vanished(site):
    """People and search engines link to them: a page that moves leaves a redirect (`duplicate_of` for a question)."""
    listed = published()
    assert len(listed) > 200
    assert [address for address in listed if posixpath.normpath(f"{address}index.html") not in site.pages] == []


def test_no_page_loads_anything_from_another_host(site):
    foreign = [
        (page.path, address)
        for page in site.pages.values()
        for address in page.loads
        if urlsplit(address).netloc and not address.startswith("data:")
    ]
    assert foreign == []


def test_no_style_sheet_loads_anything_from_another_host(site):
    sheets = list(site.folder.rglob("*.css"))
    assert sheets
    for sheet in sheets:
        text = sheet.read_text("utf-8")
        assert "url(http" not in text.replace('"', "").replace("'", "") and "@import" not in text, sheet


def test_every_question_page_carries_its_data(site):
    asked = [
        page for name, page in site.pages.items() if re.fullmatch(r"qa/(?!page-|open/|ask/)[^/]+/index.html", name)
    ]
    assert asked
    for page in asked:
        if 'http-equiv="refresh"' not in page.text:  # a redirect asks nothing
            (content,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page.text)
            assert json.loads(content)["mainEntity"]["@type"] == "Question"


def test_every_page_has_one_title(site):
    odd = {page.path: page.titles for page in site.pages.values() if page.path != "404.html" and len(page.titles) != 1}
    assert odd == {}


HEAVY = {  # pages that show on purpose what many others have one of: all pictures, all widgets, all decisions
    **dict.fromkeys(("snippets/index.html", "en/snippets/index.html"), 100_000),
    **dict.fromkeys(("guide/widgets/index.html", "en/guide/widgets/index.html"), 60_000),
    "about/decisions/index.html": 80_000,
}


def test_no_page_weighs_more_than_40_kb_on_its_way(site):
    """Hosts send pages compressed. Lists that grow are paged or cut."""
    sizes = {path: len(gzip.compress(page.text.encode())) for path, page in site.pages.items()}
    assert {path: size for path, size in sizes.items() if size > HEAVY.get(path, 40_000)} == {}


def test_runnable_blocks_stand_on_topics_and_where_they_are_embedded(site):
    runnable = {path: page.blocks for path, page in site.pages.items() if page.blocks}
    assert {f"topics/{name}/index.html" for name in ("self_attention", "lora", "gae", "dpo_loss", "sampling")} <= set(
        runnable
    )
    assert any(path.startswith("qa/") for path in runnable)
    assert any(path.startswith("talks/") for path in runnable)
    for guide in ("guide", "en/guide"):
        assert runnable.pop(f"{guide}/running/index.html")[0][0] == "runnable"  # it draws, and prints nothing
    for path, blocks in runnable.items():
        kinds = [kind for kind, _ in blocks]
        lesson = kinds[-1:] == ["challenge"]  # the last, and its reader is the first to see what it prints
        assert kinds[: len(kinds) - lesson] == ["runnable", "output"] * ((len(kinds) - lesson) // 2), path
        assert all(text.strip() for _, text in blocks), path


def copy_project(folder):
    """What a generator reads."""
    for name in ("docs", "snippets", "theme"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("runtime", "__pycache__"))
    for path in ROOT.glob("mkdocs*.yml"):
        shutil.copy(path, folder)


def test_no_title_may_end_a_line_inside_a_word(site):
    """Where it may, a browser shows in test_look.py, for some pages."""
    titled = re.compile(r'<(h[1-4]|a)\b[^>]*wiki-phrases[^>]*>(.*?)(?:<a class="headerlink|</\1>)', re.DOTALL)
    titles = (title for page in site.pages.values() for _, title in titled.findall(page.text))
    texts = {re.sub("<(?!wbr)[^>]*>", "", title) for title in titles}
    assert len(texts) > 1000
    torn = re.compile("|".join("(?:<wbr>)?".join(word) for word in sorted(WORDS, key=len, reverse=True)))
    assert [text for text in texts if any("<wbr>" in word for word in torn.findall(text))] == []


@pytest.mark.slow
def test_zensical_builds_the_same_pages_with_the_same_runnable_blocks(site, tmp_path):
    """Of the folders whose pages are made one like the other, every fifth."""
    copy_project(tmp_path)
    alike = (sorted((tmp_path / "docs" / name).glob("[!i]*.md")) for name in ("en/topics", "qa", "reference"))
    left_out = [path for paths in alike for at, path in enumerate(paths) if at % 5]
    for path in left_out:
        path.unlink()
    for config in ("mkdocs.yml", "mkdocs.en.yml"):
        command = [BIN / "zensical", "build", "--config-file", config]
        done = subprocess.run(command, cwd=tmp_path, env=QUIET, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    shutil.move(tmp_path / "site-en/en", tmp_path / "site/en")
    others = Site(tmp_path / "site").pages
    gone = {f"{path.relative_to(tmp_path / 'docs').with_suffix('')}/index.html" for path in left_out}
    assert set(others) == set(site.pages) - gone and len(others) > len(site.pages) / 3
    set_as_ours = {path: Page(path, with_phrases(page.text)) for path, page in others.items()}  # √d_k has its bar
    differing = [
        path
        for path, page in site.pages.items()
        if path in others
        and (page.blocks, [title.rstrip("#") for title in page.titles])
        != (set_as_ours[path].blocks, [title.rstrip("#") for title in set_as_ours[path].titles])
        and path != "404.html"
    ]
    assert differing == []


# What stands for itself on a page: code, formulas, scripts.
VERBATIM = re.compile(r"<(script|style|pre|code|svg)\b.*?</\1>|<(span|div) class=\"arithmatex\">.*?</\2>", re.DOTALL)
SYNTAX = re.compile(r"\{:\s|\{%|%\}|\{\{|\}\}|--8<--|\{ ?[.#][a-z][\w-]* ?\}")


def test_no_page_shows_the_syntax_it_was_written_in(site):
    """Neither templates' nor Markdown's: attributes with nothing to belong to, an include that found no file."""
    shown = {}
    for page in site.pages.values():
        text = re.sub(r"<[^>]*>", " ", VERBATIM.sub(" ", page.text))
        if found := SYNTAX.search(text):
            shown[page.path] = text[max(0, found.start() - 30) : found.end() + 30]
    assert shown == {}
