"""Every concept page follows the one template, in both languages: its sections, what one will know, self-tests."""

import itertools
import re

import pytest

from ingest.concepts import parse_concept
from ingest.front_matter import front_matter
from ingest.lessons import parse_english
from ingest.model import Source
from tests.site.conftest import ROOT

TOPICS = {path.stem: path.read_text("utf-8") for path in (ROOT / "docs/topics").glob("*.md") if path.stem != "index"}
INDEX = (ROOT / "docs/topics/index.md").read_text("utf-8")
PATH = set(re.findall(r"\]\((\w+)\.md\)", INDEX.partition("## 学习路径")[2].partition("## ")[0]))
ENGLISH = {
    path.stem: path.read_text("utf-8") for path in (ROOT / "docs/en/topics").glob("*.md") if path.stem != "index"
}
# The sections that every page has or may have, in their order; others stand where the dots are.
ORDER = ["动手试一试", "在它之前", "想法", "公式", "代码", "…", "常见的坑", "后来的变化", "自测", "参考"]
CODE = ["动手试一试", "代码"]  # of pages with code alone, and of all of them
OLD = re.compile(r"容易踩的坑|注意(?!力)|易错处|要知道的")
FENCE = re.compile(r"^(`{3,}).*?^\1$", re.MULTILINE | re.DOTALL)
FOLD = re.compile(r'^\?\?\? question "[^\n]+"\n\n((?: {4}[^\n]*\n|\n)+)', re.MULTILINE)


def headings(body):
    return re.findall(r"^## (.*?)(?: \{[^}]*\})?$", FENCE.sub("", body), re.MULTILINE)


def out_of_order(found):
    """Sections that do not stand where the template has them."""
    places = [ORDER.index(title) if title in ORDER else ORDER.index("…") for title in found]
    return [title for title, place, before in zip(found[1:], places[1:], places, strict=False) if place < before]


def self_tests(section):
    """What is wrong with a page's questions to oneself."""
    answers = [answer.strip() for answer in FOLD.findall(section + "\n")]
    found = [f"{len(answers)} questions to oneself"] if len(answers) != 3 else []
    return found + [f"an answer of {len(answer)} letters" for answer in answers if len(answer) < 15]


def goes_back(section):
    """Months at which a list of what came later does not go on in time; an address may hold other dates."""
    items = re.sub(r"\]\([^)]*\)", "", section).split("\n- ")[1:]
    found = [month[0] for item in items if (month := re.search(r"20\d\d-\d\d", item))]
    return [month for before, month in itertools.pairwise(found) if month < before]


def part(body, title):
    return re.split(r"^## ", body.partition(f"\n## {title}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]


def faults(name):
    """What a Chinese page lacks of the template, or has beside it."""
    source = Source(f"docs/topics/{name}.md", TOPICS[name])
    concept, _ = parse_concept(source)
    _, body, _, _ = front_matter(source)
    found = headings(body)
    wanted = ["想法", "自测", "参考", *(CODE if concept.snippet else ())]
    said = [f"no section {title}" for title in wanted if title not in found]
    said += [f"section {title} is not in its place" for title in out_of_order(found)]
    said += [f"section {title}: 常见的坑" for title in found if OLD.search(title)]
    said += [] if len(concept.learn) == 3 else ["no learn"]
    start = re.match(rf'\s*# [^\n]+\n\n--8<-- "generated/before/{name}\.md"\n\n(.*?)^## ', body, re.M | re.S)
    said += [] if start and start[1].strip() and "$$" not in start[1] else ["no question at the head"]
    said += [f"后来的变化 goes back to {month}" for month in goes_back(part(body, "后来的变化"))]
    said += self_tests(part(body, "自测"))
    code, challenge = (f'\n--8<-- "generated/{kind}/{name}.md"\n' for kind in ("code", "challenge"))
    said += [f"no {code.strip()}"] if bool(concept.snippet) != (code in body) else []
    # Without code it holds what interviews ask, where somebody has marked such a question.
    said += [f"no {challenge.strip()}"] if concept.snippet and challenge not in body else []
    if concept.snippet:
        files = [f"snippets/{kind}/{concept.snippet}.py" for kind in ("essence", "challenges")]
        said += [f"no {file}" for file in files if not (ROOT / file).is_file()]
        said += ["the whole code, unfolded"] if f'--8<-- "{name}.py' in body else []
        said += ["the example is not what comes first"] if found[:1] != ["动手试一试"] else []
    return said


def faults_in_english(name):
    """The same of an English page."""
    page, _ = parse_english(Source(name, ENGLISH[name]))
    concept, _ = parse_concept(Source(name, TOPICS[name]))
    body = front_matter(Source(name, ENGLISH[name]))[1]
    found = headings(body)
    wanted = ["Try it", "The idea", "Code", "Check yourself", "References"]
    wanted = wanted if concept.snippet else [title for title in wanted if title not in ("Try it", "Code")]
    said = [f"no section {title}" for title in wanted if title not in found]
    said += ["sections in another order"] if [one for one in found if one in wanted] != wanted else []
    said += [] if len(page.learn) == 3 else ["no learn"]
    said += self_tests(part(body, "Check yourself"))
    kinds = ("before", *(("cell", "code", "challenge") if concept.snippet else ()))
    includes = [f'--8<-- "generated/en/{kind}/{name}.md"' for kind in kinds]
    said += [f"no {include}" for include in includes if body.count(include) != 1]
    return said if f"(../../topics/{name}.md)" in body else [*said, "no way to the Chinese page"]


def test_questions_of_interviews_stand_in_the_self_tests_of_their_concepts(site):
    found = {name: page.text for name, page in site.pages.items() if 'id="interview"' in page.text}
    assert len(found) > 10
    for name, text in found.items():
        asked = text.partition('id="interview"')[2].partition("<h2")[0]
        assert '<li><a href="../../qa/' in asked and text.index('id="自测"') < text.index('id="interview"'), name


@pytest.mark.parametrize("name", sorted(TOPICS))
def test_page_follows_the_template(name):
    assert faults(name) == []


@pytest.mark.parametrize("name", sorted(ENGLISH))
def test_english_page_follows_the_template(name):
    assert faults_in_english(name) == []


def test_every_page_of_the_path_is_in_english_too():
    assert PATH - ENGLISH.keys() == set()


def test_a_page_that_does_not_follow_the_template_is_told():
    assert out_of_order(["动手试一试", "想法", "在它之前"]) == ["在它之前"]
    assert out_of_order(["想法", "别的", "常见的坑", "自测", "参考"]) == []
    assert out_of_order(["常见的坑", "别的", "自测"]) == ["别的"]
    assert goes_back("\n- 甲（2024-07）\n- [乙](https://x.org/2020-01)（2024-07）\n- 无\n- 丙（2024-06）") == [
        "2024-06"
    ]
    assert self_tests('??? question "甲？"\n\n    ' + "答" * 20 + "\n") == ["1 questions to oneself"]
