"""What theme/ gives the pages of a small site, under both generators, with and without a repository."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin
from xml.etree import ElementTree

import pytest
from bs4 import BeautifulSoup, Tag

from ingest.cli import main as ingest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
ADDRESS = "https://wiki.test/w/"
CARDS = f"{ADDRESS}assets/cards/"
REPOSITORY = "https://github.com/somebody/wiki"
HOSTILE = "</script><script>alert(1)</script> \"甲\" '乙' <!-- & \x85\u2028 \\ {{ 7 * 7 }} 😀"
TITLE, SUMMARY = 'A "plain" title & more', 'It says "so" & more.'
FOUND = {  # a built page of the small site -> the hand-written file that it comes from, if one does
    "": "index.md",
    "guide/open/": "guide/open.md",
    "topics/plain/": "topics/plain.md",
    "en/": "en/index.md",
    "en/guide/open/": "en/guide/open.md",
    "en/qa/": "en/qa/index.md",
    "en/qa/open/": "en/qa/open.md",
    "qa/": None,
    "qa/open/": None,
    "qa/asked/": None,
    "talks/": None,
    "people/": None,
    "papers/": None,
    "changes/": None,
}
TRANSLATED = {"", "guide/open/", "qa/", "qa/open/", "en/", "en/guide/open/", "en/qa/", "en/qa/open/"}
NO_PAGE = "404.html"
WRITTEN = {
    "docs/index.md": "---\ntitle: 甲站\ntranslated: true\nimage: assets/picture.png\n---\n\n# 甲站\n",
    "docs/en/index.md": "---\ntitle: Home of A\nimage: assets/picture.png\n---\n\n# Home of A\n",
    "docs/guide/open.md": "---\ntitle: 怎样\ndescription: 这样\ntranslated: true\n---\n\n# 怎样\n",
    "docs/en/guide/open.md": "# How\n",
    "docs/en/qa/index.md": "# Archive\n",
    "docs/en/qa/open.md": "# Open\n",
    "docs/topics/plain.md": f"---\ntitle: {TITLE}\nenglish: Plain\ngroup: 微调\nsummary: {SUMMARY}\n---\n\n# Plain\n",
    "docs/assets/picture.png": "",
    "talks/questions/asked.md": f"---\ndate: 2026-11-21\n---\n\n# {HOSTILE}\n\n## 回答\n\n{HOSTILE}\n\n—小河\n",
}


@dataclass(frozen=True)
class Built:
    """A small site, with the repository it was built for."""

    repository: str
    pages: dict[str, BeautifulSoup]
    folder: Path


def make(folder: Path, generator: str, repository: str) -> Built:
    """Build both languages of the small site."""
    for path in ROOT.glob("mkdocs*.yml"):
        shutil.copy(path, folder)
    shutil.copytree(ROOT / "theme", folder / "theme")
    for name, text in WRITTEN.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    ingest(["build", *(f"--{name}={folder / name}" for name in ("talks", "docs", "snippets"))])
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1", "SITE_URL": ADDRESS}
    for name, value in (("REPO_URL", repository), ("EDIT_URI", "edit/main/docs/")):
        environment.pop(name, None)  # unset is more than empty: Zensical then gives every page an `edit_url`
        if repository:
            environment[name] = value
    for config in ("mkdocs.yml", "mkdocs.en.yml"):
        command = [Path(sys.executable).parent / generator, "build", "--config-file", config]
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    shutil.move(folder / "site-en/en", folder / "site/en")
    paths = {path: path.relative_to(folder / "site").as_posix() for path in (folder / "site").rglob("*.html")}
    pages = {
        name.removesuffix("index.html"): BeautifulSoup(path.read_text("utf-8"), "html.parser")
        for path, name in paths.items()
    }
    return Built(repository, pages, folder / "site")


def resolved(name: str, link: Tag) -> str:
    """Where a link of a page leads."""
    return urljoin(ADDRESS if name == NO_PAGE else ADDRESS + name, str(link["href"]))


@pytest.fixture(scope="module", params=["mkdocs", "zensical"])
def generator(request):
    return request.param


@pytest.fixture(scope="module", params=[REPOSITORY, ""], ids=["repository", "no-repository"])
def built(request, generator, tmp_path_factory):
    return make(tmp_path_factory.mktemp("theme"), generator, request.param)


def test_site_has_the_pages_that_are_asked_about(built):
    assert built.pages.keys() >= FOUND.keys() | {NO_PAGE}


def test_no_script_is_asked_for_before_the_page_is_painted(built):
    for name, page in built.pages.items():
        scripts = page.find_all("script", src=True)  # `select` finds nothing in a template
        assert any("/bundle." in script["src"] for script in scripts), name
        assert any(script.get("type") == "module" for script in scripts), name
        assert {script.find_parent("template")["id"] for script in scripts} == {"__scripts"}, name


def test_colours_are_no_component_of_the_themes_script(built):
    """Which has every page styled three times anew at each visit: browser/page/palette.js does what it does."""
    for name, page in built.pages.items():
        assert not page.select("[data-md-component=palette]"), name
        choices = page.select("[data-wiki-palette] input")
        assert len(choices) == 3 and all(choice["data-md-color-primary"] == "custom" for choice in choices), name
        assert page.body["data-md-color-primary"] == "custom", name


def test_theme_is_not_told_to_ask_the_repositorys_host(built):
    for name, page in built.pages.items():
        assert not page.select("[data-md-component=source]"), name
        links = {link["href"] for link in page.select("a.md-source")}
        assert links == ({built.repository} if built.repository else set()), name


def test_hand_written_pages_alone_lead_to_their_editor(built):
    found = {name: [link["href"] for link in page.select("a[rel=edit]")] for name, page in built.pages.items()}
    written = {name: file for name, file in FOUND.items() if file and built.repository}
    assert {name: links for name, links in found.items() if links} == {
        name: [f"{REPOSITORY}/edit/main/docs/{file}"] for name, file in written.items()
    }


def test_question_tells_machines_what_it_holds_in_the_head_and_its_words_end_nothing(built):
    page = built.pages["qa/asked/"]
    (data,) = page.select("head > script[type='application/ld+json']")
    asked = json.loads(data.string)["mainEntity"]
    assert asked["name"].startswith(HOSTILE.partition("&")[0])
    assert all(word in asked["suggestedAnswer"][0]["text"] for word in HOSTILE.split())
    assert not [script for script in page.select("script") if (script.string or "").startswith("alert")]
    with_data = [name for name, other in built.pages.items() if other.select("[type='application/ld+json']")]
    assert with_data == ["qa/asked/"]


def test_switch_leads_to_the_same_page_where_there_is_one_else_to_what_says_that_there_is_none(built):
    for name, page in built.pages.items():
        links = {link["hreflang"]: resolved(name, link) for link in page.select("a.md-select__link")}
        place = name.removeprefix("en/") if name in TRANSLATED else ""
        note = f"{ADDRESS}{name}#in-english" if page.select("#in-english") else f"{ADDRESS}en/{place}"
        assert links == {"zh": ADDRESS + place, "en": note}, name
        assert bool(page.select("#in-english")) is (name not in TRANSLATED | {NO_PAGE}), name


def test_pages_in_both_languages_say_so(built):
    assert {name for name, page in built.pages.items() if page.select("head > meta[name=languages]")} == TRANSLATED


def test_no_link_has_the_theme_fetch_a_sitemap(built):
    """Its script asks for one beside the address of whatever `<link>` is an alternate and nothing else."""
    assert not [name for name, page in built.pages.items() if page.select("link[hreflang]")]
    assert not [
        page for page in built.pages.values() if [link for link in page.select("link") if link["rel"] == ["alternate"]]
    ]


def test_every_page_names_the_feeds(built):
    for name, page in built.pages.items():
        feeds = page.select("head > link[rel~=alternate][type='application/atom+xml']")
        places = [resolved(name, feed).removeprefix(ADDRESS) for feed in feeds]
        assert places == [f"changes/{kind}.xml" for kind in ("talks", "questions", "papers")], name
        if not name.startswith("en/"):
            titles = [ElementTree.parse(built.folder / place).findtext("{*}title") for place in places]
            assert [feed["title"] for feed in feeds] == titles, name


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("", {"title": "甲站", "type": "website", "locale": "zh_CN", "image": f"{ADDRESS}assets/picture.png"}),
        ("en/", {"title": "Home of A", "type": "website", "locale": "en_US", "image": f"{ADDRESS}assets/picture.png"}),
        (
            "guide/open/",
            {"title": "怎样", "description": "这样", "type": "article", "locale": "zh_CN", "image": f"{CARDS}site.png"},
        ),
        ("en/guide/open/", {"title": "How", "type": "article", "locale": "en_US", "image": f"{CARDS}site.png"}),
        (
            "topics/plain/",
            {
                "title": TITLE,
                "description": SUMMARY,
                "type": "article",
                "locale": "zh_CN",
                "image": f"{CARDS}plain.png",
            },
        ),
    ],
)
def test_shared_link_shows_what_the_page_is(built, name, expected):
    found = {meta["property"]: meta["content"] for meta in built.pages[name].select("head > meta[property]")}
    expected = {"url": ADDRESS + name, "site_name": "OpenLLM Wiki"} | expected
    expected.setdefault("description", found.get("og:description"))  # the site's, which the configuration has
    assert found == {f"og:{key}": value for key, value in expected.items()}
    assert found["og:description"]


def test_site_has_its_own_mark(built):
    for name, page in built.pages.items():
        assert len(page.select("header svg.wiki-logo")) == 1, name
        (icon,) = page.select("head > link[rel=icon]")
        assert resolved(name, icon) == f"{ADDRESS}assets/favicon.svg", name
    assert (built.folder / "assets" / "favicon.svg").is_file()


def test_every_page_can_be_shared_but_the_one_that_is_none(built):
    shared = {name for name, page in built.pages.items() if page.select("meta[property='og:title']")}
    assert shared == built.pages.keys() - {NO_PAGE}


@pytest.mark.parametrize(
    ("name", "tab", "trail"),
    [
        ("qa/asked/", "问答", ["", "qa/"]),
        ("qa/open/", "问答", ["", "qa/"]),
        ("en/qa/open/", "Q&A", ["en/", "en/qa/"]),
        ("", "首页", []),
    ],
)
def test_page_has_its_tab_and_a_trail_whether_the_navigation_names_it_or_not(built, name, tab, trail):
    page = built.pages[name]
    assert [item.text.strip() for item in page.select(".md-tabs__item--active")] == [tab]
    assert [resolved(name, link).removeprefix(ADDRESS) for link in page.select(".md-path a")] == trail


def test_page_in_chinese_alone_can_say_so_in_english(built):
    said = {name for name, page in built.pages.items() if page.select(".md-content > .wiki-english[lang=en][hidden]")}
    assert said == (built.pages.keys() - TRANSLATED - {NO_PAGE}) | {"en/"}  # which leads back to where one came from
