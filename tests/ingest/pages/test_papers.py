"""What pages say of papers: which are picked and why, what is folded, what moved; and their data."""

import gzip
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from xml.etree import ElementTree

import pytest

from ingest.feeds.records import decode
from ingest.feeds.weeks import Weeks
from ingest.kept import Kept, hash_of
from ingest.model import Concept, Paper, Source, Week
from ingest.pages.digest import digest_of
from ingest.pages.papers import ON_PAGE
from ingest.pages.ranking import moves, picks, ranked, score, why
from ingest.pages.render import render
from ingest.pictures import Pictures
from ingest.wiki import Records, Wiki

CONCEPTS = tuple(
    Concept(name, f"{name.upper()}：说明", (name,), "组", "一句话。", "", False, f"docs/topics/{name}.md", english=name)
    for name in ("rlhf", "lora", "rag")
)
MONDAY = date(2026, 11, 23)


def paper(number: int, votes: int = 0, code: str = "", topics: tuple[str, ...] = (), day: date = MONDAY) -> Paper:
    url = f"https://arxiv.org/abs/2611.{number:05}"
    return Paper(
        f"arxiv:2611.{number:05}", f"On {number}", url, f"2611.{number:05}", "", ("Ada Roe",), day, "arXiv",
        votes=votes, code=code, topics=topics, authority="arXiv v1",
    )  # fmt: skip


def pages_of(*weeks: Week, kept: Kept | None = None) -> dict[str, str]:
    pictures: Pictures = {}
    return render(Wiki(Records(weeks=weeks, concepts=CONCEPTS, groups={"组": "Group"}), {}, {}), pictures, kept=kept)


# --- ranking ---------------------------------------------------------------------------------------------------------


def test_votes_code_concepts_and_sources_speak_for_a_paper() -> None:
    plain = paper(1)
    assert score(plain) == 0
    better = [
        paper(1, votes=1), paper(1, code="https://github.com/a/b"), paper(1, topics=("rlhf",)),
        replace(plain, also=("Hugging Face",)),
    ]  # fmt: skip
    assert all(score(one) > 0 for one in better)
    assert score(paper(1, votes=100)) > score(paper(1, votes=10)) > score(paper(1, votes=1))
    assert score(replace(paper(1, votes=1000), withdrawn=True)) == 0


def test_a_week_has_ten_picks_three_of_one_concept_and_none_without_a_reason() -> None:
    many = [paper(at, votes=100 - at, topics=("rlhf",) if at < 8 else ("lora",) if at < 12 else ()) for at in range(40)]
    chosen = picks(Week("2026-W48", tuple(many)))
    assert len(chosen) == 10
    assert [one.topics for one in chosen].count(("rlhf",)) == 3
    assert list(chosen) == ranked(chosen)
    assert picks(Week("2026-W48", tuple(paper(at) for at in range(5)))) == ()


def test_the_reasons_are_said() -> None:
    one = replace(paper(1, votes=17, topics=("rlhf", "gone")), also=("Hugging Face",))
    assert why(one, {"rlhf": "RLHF"}) == ("17 票", "谈到 RLHF", "2 个来源都收")


def week(number: int, counts: dict[str, int], whole: int = 40) -> Week:
    topics = [(name,) for name, count in counts.items() for _ in range(count)]
    topics += [()] * (whole - len(topics))
    return Week(f"2026-W{number}", tuple(paper(at + number * 100, topics=of) for at, of in enumerate(topics)))


def moved_in(weeks: Sequence[Week]) -> tuple[list[tuple[str, int, float]], str]:
    return moves([(digest.count, digest.topics) for digest in map(digest_of, weeks)])


def test_what_moved_is_told_against_the_weeks_before() -> None:
    before = {"rlhf": 3, "lora": 12, "rag": 4}
    weeks = [week(48, {"rlhf": 12, "lora": 3, "rag": 4}), *(week(number, before) for number in (47, 46, 45, 44))]
    moved, too_little = moved_in(weeks)
    assert (moved, too_little) == ([("lora", 3, 12.0), ("rlhf", 12, 3.0), ("rag", 4, 4.0)], "")
    half = [week(48, {"rlhf": 6, "lora": 6}, 20), *weeks[1:]]  # of half as many papers
    assert moved_in(half)[0][0] == ("rlhf", 6, 1.5)


@pytest.mark.parametrize(
    ("weeks", "said"),
    [
        ((), "还比不出"),
        ((week(48, {"rlhf": 20}),), "还比不出"),
        ((week(48, {"rlhf": 5}, 5), week(47, {}), week(46, {})), "只收录了 5 篇"),
        ((week(48, {}), week(47, {}), week(46, {})), "没有哪个概念"),
    ],
)
def test_where_there_is_little_that_is_said(weeks: tuple[Week, ...], said: str) -> None:
    moved, too_little = moved_in(weeks)
    assert moved == [] and said in too_little


# --- pages -----------------------------------------------------------------------------------------------------------


def test_a_week_of_four_thousand_papers_is_one_light_page() -> None:
    words = "attention model language reward policy token retrieval graph sparse latent planning memory agent".split()
    papers = []
    for at in range(4000):
        title = " ".join(words[(at * step) % len(words)] for step in (1, 3, 5, 7, 11)) + f" {at * 7919 % 9973}"
        topics = (("rlhf", "lora", "rag")[at % 3],) if at % 2 else ()
        papers.append(replace(paper(at, votes=at % 50, topics=topics), title=title))
    pages = pages_of(Week("2026-W48", tuple(papers)))
    page = pages["papers/2026-w48.md"]
    assert len(gzip.compress(page.encode())) < 30_000  # the theme's own HTML comes to it
    assert len(re.findall(r"^1\. ", page, re.MULTILINE)) == 10
    assert page.count("<details") == 4
    assert 'href="../list/?week=2026-W48&amp;concept=rlhf"' in page
    assert len(json.loads(pages["papers/2026-w48.json"])["papers"]) == 4000


def test_the_front_page_shows_the_newest_week_and_says_when_there_is_little() -> None:
    pages = pages_of(
        Week("2026-W47", ()), Week("2026-W48", (paper(1, votes=9, topics=("rlhf",)),)), Week("undated", ())
    )
    front = pages["papers/index.md"]
    assert "最近收到论文的一周：2026 年 11 月 23–29 日" in front and "[On 1]" in front and "9 票 · 谈到 RLHF" in front
    assert "还比不出变化" in front
    assert "2026-w47" not in front and "papers/2026-w47.md" in pages  # its address stays
    assert "这一周没有收录论文" in pages["papers/2026-w47.md"]


def test_titles_are_inert_wherever_they_stand() -> None:
    evil = '</a><script>alert(1)</script> [x](javascript:a) {{ 7*7 }} "><img src=x onerror=y> --8<-- "a" `b` $c$'
    one, pick = replace(paper(1), title=evil), replace(paper(2, votes=9), title=evil, line=evil)
    papers = (one, pick, replace(paper(3), title=evil, published=None))
    pages = pages_of(Week("2026-W48", papers[:2]), Week("undated", papers[2:]))
    for name, text in pages.items():
        if name.endswith((".md", ".xml")):
            assert "<script>alert" not in text and "<img src=x" not in text, name


def test_undated_papers_stand_by_the_month_of_their_id() -> None:
    undated = Week("undated", (replace(paper(1), published=None), Paper("url:1", "A Post", "https://a.example/")))
    pages = pages_of(undated)
    assert "## 2026-11" in pages["papers/undated.md"] and "## 连月份也不知道" in pages["papers/undated.md"]
    assert "On 1" not in pages["papers/index.md"]


def test_every_concept_and_the_picks_have_a_feed() -> None:
    late = replace(paper(2, votes=9, topics=("rlhf",)), arrived=MONDAY + timedelta(days=20), line="We show it.")
    pages = pages_of(Week("2026-W48", (paper(1, topics=("rlhf",)), late)))
    feed, chosen = pages["papers/rlhf.xml"], pages["papers/picks.xml"]
    assert feed.count("<entry>") == 2 and chosen.count("<entry>") == 1
    assert "<updated>2026-12-13T00:00:00Z</updated>" in chosen  # when it came here
    assert "<published>2026-11-23T00:00:00Z</published>" in chosen
    assert "We show it." in chosen
    assert pages["papers/lora.xml"].count("<entry>") == 0


def test_a_post_without_author_is_its_sites_and_three_thousand_authors_are_twenty() -> None:
    post = replace(paper(1), authors=(), feed="OpenAI News")
    crowd = replace(paper(2), authors=tuple(f"A. Author{at}" for at in range(3000)))
    feed = pages_of(Week("2026-W48", (post, crowd)))["changes/papers.xml"]
    assert "<name>OpenAI News</name>" in feed and "<name>OpenLLM</name>" not in feed
    assert feed.count("<author>") == 21


def test_a_concepts_papers_stand_newest_first_with_the_picks_marked() -> None:
    liked = paper(3, votes=9, topics=("rlhf",), day=MONDAY + timedelta(days=1))
    weeks = [
        Week("2026-W47", (paper(1, topics=("rlhf",), day=MONDAY - timedelta(days=3)),)),
        Week("2026-W48", (paper(2, topics=("rlhf",)), liked)),
    ]
    page = pages_of(*weeks)["generated/topics/rlhf.md"]
    assert re.findall(r"\[On (\d)\]", page) == ["3", "2", "1"]
    assert next(line for line in page.split("\n") if "精选" in line).startswith(
        '- <span class="wiki-badge">精选</span> [On 3]'
    )
    assert "(../papers/rlhf.xml)" in page


def test_the_search_finds_what_the_page_shows_and_the_list_has_all() -> None:
    many = Week("2026-W48", tuple(paper(at, votes=at % 7) for at in range(ON_PAGE + 50)))
    pages = pages_of(many, Week("undated", tuple(replace(paper(at), published=None) for at in range(600, 602))))
    lines = [json.loads(line) for line in pages["generated/search/2026-w48.jsonl"].splitlines()]
    best = {one.title for one in ranked(many.papers)[: 10 + ON_PAGE]}
    assert {line["title"] for line in lines[1:]} == best
    assert len(json.loads(pages["papers/2026-w48.json"])["papers"]) == ON_PAGE + 50
    assert len(pages["generated/search/undated.jsonl"].splitlines()) == 3


def test_a_week_that_did_not_change_is_not_rendered_again() -> None:
    weeks = [Week("2026-W47", (paper(1),)), Week("2026-W48", (paper(2),))]
    first = Kept()
    pages = pages_of(*weeks, kept=first)
    again = Kept({name: (made_of, f"kept {name}") for name, made_of in first.made_of.items() if name in pages})
    changed = pages_of(weeks[0], Week("2026-W48", (paper(2), paper(3))), kept=again)
    assert changed["papers/2026-w47.md"] == "kept papers/2026-w47.md"
    assert "On 3" in changed["papers/2026-w48.md"]


def test_a_week_that_did_not_change_is_not_even_read() -> None:
    weeks = [week(number, {"rlhf": number - 40, "lora": 3}) for number in (46, 47, 48)]
    asked: list[str] = []

    def archive(*changed: Week) -> Weeks:
        held = {one.name: one for one in (*weeks, *changed)}

        def make(name: str) -> Week:
            asked.append(name)
            return held[name]

        return Weeks({name: hash_of(one) for name, one in held.items()}, make)

    def built(of: Weeks, kept: Kept, english: str = "Group") -> dict[str, str]:
        return render(Wiki(Records(weeks=of, concepts=CONCEPTS, groups={"组": english}), {}, {}), {}, kept=kept)

    first = Kept()
    pages = built(archive(), first)
    assert sorted(set(asked)) == ["2026-W46", "2026-W47", "2026-W48"] and len(asked) == 3
    asked.clear()
    new = Week("2026-W47", (*weeks[1].papers, paper(9, votes=50, topics=("rag",))))
    known = {name: (made_of, pages[name]) for name, made_of in first.made_of.items()}
    again = built(archive(new), Kept(known, first.results))
    assert asked == ["2026-W47"]
    assert again == built(archive(new), Kept())  # as if nothing had been kept
    assert "On 9" in again["generated/topics/rag.md"] and "On 9" in again["papers/2026-w47.md"]
    same = Kept(known, first.results)
    assert built(archive(), same) == pages
    of_all_weeks = {f"papers/{name}" for name in ("index.md", "list.md", "undated.md", "weeks.json", "rag.xml")}
    assert same.standing >= {*of_all_weeks, "papers/picks.xml", "generated/map.md", "generated/en/map.md"}
    assert built(archive(), Kept(known, first.results), "Other") == built(archive(), Kept(), "Other")


def test_the_lists_data_say_what_the_guide_says() -> None:
    one = replace(paper(1, votes=9, code="https://github.com/a/b", topics=("rlhf",)), also=("HF",), withdrawn=True)
    post = Paper("url:1", "A Post", "https://a.example/", published=MONDAY, feed="Blog")
    pages = pages_of(Week("2026-W48", (one, post)))
    data = json.loads(pages["papers/2026-w48.json"])
    assert data["week"] == "2026-W48"
    rows = {row[1]: row for row in data["papers"]}
    feeds = data["feeds"]
    assert rows["On 1"] == [
        "2026-11-23",
        "On 1",
        "2611.00001",
        ["rlhf"],
        [feeds.index("arXiv"), feeds.index("HF")],
        "https://github.com/a/b",
        9,
        2,
    ]
    assert rows["A Post"] == ["2026-11-23", "A Post", "https://a.example/", [], [feeds.index("Blog")], "", 0, 0]
    index = json.loads(pages["papers/weeks.json"])
    assert index["weeks"] == [["2026-W48", 2, [0], "2026 年 11 月 23–29 日"]]
    assert index["concepts"][0] == ["rlhf", "RLHF"]


def test_address_with_controls_does_not_end_a_feed():
    """A longer one than any page has stays as it is written."""
    address = f"http://a.b/{'c' * 3000}\x01\x0b\ufffe"
    record = json.dumps({"title": "a", "url": address, "published": str(MONDAY), "topics": ["lora"]})
    week, problems = decode(Source("talks/papers/2026-W48.jsonl", record))
    feed = pages_of(week)["papers/lora.xml"]
    assert (problems, "c" * 3000 in feed) == ((), True)
    ElementTree.fromstring(feed.encode())
