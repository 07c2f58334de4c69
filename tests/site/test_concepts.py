"""The concept pages as a whole: the learning map, the order to read in, and pictures."""

import re
from xml.etree import ElementTree

import pytest

from ingest.concepts import parse_concept
from ingest.model import Source
from ingest.tree import Strange
from pictures.__main__ import FOLDER, MAKERS, draw, write
from tests.site.conftest import ROOT

TOPICS = {path.stem: path.read_text("utf-8") for path in (ROOT / "docs/topics").glob("*.md") if path.stem != "index"}
INDEX = (ROOT / "docs/topics/index.md").read_text("utf-8")


def bases(name):
    return list(parse_concept(Source(f"docs/topics/{name}.md", TOPICS[name]))[0].builds_on)


def test_map_of_the_built_site_links_every_concept(site):
    linked = re.findall(r'<a xlink:href="(\w+)/">', site.pages["topics/index.html"].text)
    assert set(linked) == TOPICS.keys()


def test_every_concept_says_what_to_read_before(site):
    for name in TOPICS:
        text = site.pages[f"topics/{name}/index.html"].text
        (before,) = re.findall(r"<p[^>]*>(?:先读：|不必先读别的页。)(.*?)</p>", text)
        assert re.findall(r'href="\.\./(\w+)/"', before) == bases(name), name


def test_path_in_words_names_each_concept_after_what_it_builds_on():
    path = re.findall(r"\]\((\w+)\.md\)", INDEX.partition("## 学习路径")[2].partition("## ")[0])
    first = list(dict.fromkeys(path))
    late = [(name, base) for name in first for base in bases(name) if base in first[first.index(name) :]]
    assert late == []


@pytest.mark.parametrize("name", MAKERS)
def test_picture_is_fresh_and_says_what_is_seen(name):
    """Fresh: its file holds what is drawn from the snippets of today."""
    text = draw(name)
    assert (FOLDER / f"{name}.html").read_text("utf-8") == text, "run make pictures"
    figure = ElementTree.fromstring(text)
    (svg,) = figure.iter("{http://www.w3.org/2000/svg}svg")
    assert svg.get("role") == "img" and len(svg.get("aria-label")) > 20
    assert figure.find("figcaption").text == svg.get("aria-label") + "。"
    assert "style" not in text and "id=" not in text
    used = set(re.findall(r'(?:fill|stroke)="(\w+)"', text))
    assert used <= {"currentColor", "none", "black", "white"}, "a colour that does not follow the page"


def test_every_picture_is_on_its_page_once():
    assert {path.stem for path in FOLDER.iterdir()} == MAKERS.keys() and len(MAKERS) >= 25
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
