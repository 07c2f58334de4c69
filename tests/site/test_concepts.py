"""The concept pages as a whole: the learning map, the order to read in, and pictures."""

import re

from tests.site.conftest import ROOT

TOPICS = {path.stem: path.read_text("utf-8") for path in (ROOT / "docs/topics").glob("*.md") if path.stem != "index"}
INDEX = (ROOT / "docs/topics/index.md").read_text("utf-8")


def bases(name):
    found = re.search(r"^builds_on: \[(.*)\]$", TOPICS[name], re.MULTILINE)
    return found[1].split(", ") if found else []


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
