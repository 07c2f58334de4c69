"""The concept pages as a whole: the learning map, the order to read in, and pictures."""

import posixpath
import re
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest

from ingest.concepts import parse_concept
from ingest.learning_path import parse_path
from ingest.model import Source
from ingest.tree import Strange
from pictures.__main__ import FOLDER, MAKERS, SMALL, draw, shrink, write
from tests.site.conftest import ROOT

TOPICS = {path.stem: path.read_text("utf-8") for path in (ROOT / "docs/topics").glob("*.md") if path.stem != "index"}
PATH, _ = parse_path([Source("docs/topics/path.yml", (ROOT / "docs/topics/path.yml").read_text("utf-8"))])


def bases(name):
    return list(parse_concept(Source(f"docs/topics/{name}.md", TOPICS[name]))[0].builds_on)


def test_map_of_the_built_site_links_every_concept(site):
    linked = re.findall(r'<a id="map-(\w+)" xlink:href="\1/"', site.pages["topics/index.html"].text)
    assert set(linked) == TOPICS.keys()


def test_every_concept_says_what_to_read_before(site):
    for name in TOPICS:
        text = site.pages[f"topics/{name}/index.html"].text
        (before,) = re.findall(r"<p[^>]*>约 \d+ 分钟 · (?:先读：|不必先读别的页。)(.*?)</p>", text)
        assert re.findall(r'href="\.\./(\w+)/"', before) == bases(name), name


def turns(page):
    """Where a concept page says that its reader goes: back, and on."""
    nav = re.search(r'<nav class="wiki-turn".*?</nav>', page.text)
    found = dict(re.findall(r'<a rel="(\w+)" href="([^"]*)"', nav[0])) if nav else {}
    return [posixpath.basename(found.get(rel, "").rstrip("/")) for rel in ("prev", "next")]


def test_path_names_each_concept_after_what_it_builds_on():
    assert len(PATH.names) == len(set(PATH.names)) > 50 and set(PATH.names) <= TOPICS.keys()
    first = PATH.names
    late = [(name, base) for name in first for base in bases(name) if base in first[first.index(name) :]]
    assert late == []


def test_path_of_the_built_site_is_that_of_its_file_page_by_page(site):
    around = ["", *PATH.names, ""]
    for folder in ("topics", "en/topics"):
        for at, name in enumerate(PATH.names, 1):
            if page := site.pages.get(f"{folder}/{name}/index.html"):
                assert turns(page) == [around[at - 1], around[at + 1]], page.path
        for name in TOPICS.keys() - set(PATH.names):
            assert f"{folder}/{name}/index.html" not in site.pages or turns(
                site.pages[f"{folder}/{name}/index.html"]
            ) == ["", ""]
        text = site.pages[f"{folder}/index.html"].text
        listed = re.findall(
            r'<li>\s*<a data-wiki-concept="(\w+)"[^>]*href="'
            r'|<li>\s*<a [^>]*href="[^"]*" data-wiki-concept="(\w+)"',
            text,
        )
        assert [one or other for one, other in listed] == list(PATH.names)


def test_every_concept_page_lists_its_step_and_says_where_it_stands(site):
    steps = {name: step for step in PATH.steps for name in step.concepts}
    for name in TOPICS:
        place = re.search(r'<div class="wiki-place".*?</details>', site.pages[f"topics/{name}/index.html"].text)[0]
        listed = re.findall(r'<li data-wiki-concept="(\w+)">', place)
        assert name in listed and place.count('aria-current="page"') == 1
        if name in steps:
            assert listed == list(steps[name].concepts) and f"第 {steps[name].number} 步" in place


def test_every_page_of_the_site_has_a_tab_and_a_breadcrumb_but_the_home_pages(site):
    bare = {page.path for page in site.pages.values() if 'class="md-path"' not in page.text}
    tabless = {page.path for page in site.pages.values() if "md-tabs__item--active" not in page.text}
    # The English list of concepts is a tab of its own, as the Chinese one is.
    assert bare == {"404.html", "index.html", "en/index.html", "topics/index.html", "en/topics/index.html"}
    assert tabless == {"404.html"}


def test_contents_are_folded_below_the_title_where_a_page_has_some(site):
    for name in ("topics/lora/index.html", "talks/004/index.html", "guide/notes/index.html"):
        text = site.pages[name].text
        fold = re.search(r'</h1>\s*<details class="wiki-toc".*?</details>', text, re.DOTALL)[0]
        anchors = re.findall(r'href="#([^"]+)"', fold)
        assert len(anchors) > 2 and {unquote(anchor) for anchor in anchors} <= site.pages[name].ids


@pytest.mark.parametrize("name", MAKERS)
def test_picture_is_fresh_and_says_what_is_seen(name):
    """Fresh: its file holds what is drawn from the snippets of today."""
    text = draw(name)
    assert (FOLDER / f"{name}.html").read_text("utf-8") == text, "run make pictures"
    small = (ROOT / SMALL / f"{name}.html").read_text("utf-8")
    assert small == shrink(text) and "<text" not in small and "aria-label" not in small, "run make pictures"
    ElementTree.fromstring(small)
    figure = ElementTree.fromstring(text)
    (svg,) = figure.iter("{http://www.w3.org/2000/svg}svg")
    assert svg.get("role") == "img" and len(svg.get("aria-label")) > 20
    assert figure.find("figcaption").text == svg.get("aria-label") + "。"
    assert "style" not in text and "id=" not in text
    used = set(re.findall(r'(?:fill|stroke)="(\w+)"', text))
    assert used <= {"currentColor", "none", "black", "white"}, "a colour that does not follow the page"


def test_every_picture_is_on_its_page_once():
    assert {path.stem for path in FOLDER.iterdir()} == {
        path.stem for path in (ROOT / SMALL).iterdir()
    } == MAKERS.keys() and len(MAKERS) >= 25
    shown = {
        name: re.findall(r'^--8<-- "topics/pictures/(\w+)\.html"$', text, re.MULTILINE) for name, text in TOPICS.items()
    }
    assert {name: [name] for name in MAKERS} == {name: found for name, found in shown.items() if found}


def test_pictures_are_drawn_through_no_link(tmp_path):
    (tmp_path / "docs/topics").mkdir(parents=True)
    (tmp_path / "victim").mkdir()
    (tmp_path / "docs/topics/pictures").symlink_to(tmp_path / "victim")
    with pytest.raises(Strange, match="a link"):
        write(["lora"], tmp_path)
    assert list((tmp_path / "victim").iterdir()) == []
