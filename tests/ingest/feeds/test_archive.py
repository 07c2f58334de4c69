"""The archive: nothing twice, nothing lost, the same bytes again."""

import itertools
import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.feeds import archive
from ingest.feeds.archive import merge_all
from ingest.feeds.records import decode, encode, settled, week_of
from ingest.model import Paper, Source, Week
from ingest.urls import paper_id

TODAY = date(2026, 11, 21)


def paper(
    url: str = "", arxiv: str = "", doi: str = "", day: date | None = None, title: str = "A Title", feed: str = "F"
) -> Paper:
    url = url or f"https://arxiv.org/abs/{arxiv}"
    return Paper(paper_id(url, arxiv, doi), title, url, arxiv, doi, (), day, feed)


def merge(weeks: tuple[Week, ...], papers: Iterable[Paper], today: date) -> tuple[Week, ...]:
    """The archive with the papers of one feed added."""
    return merge_all(weeks, [(tuple(papers), ())], today)[0]


def complete(weeks: tuple[Week, ...], papers: Iterable[Paper]) -> tuple[Week, ...]:
    """The archive with its gaps filled from papers, none added."""
    return merge_all(weeks, [((), tuple(papers))], date.min)[0]


def papers_of(weeks: tuple[Week, ...]) -> list[Paper]:
    return [one for week in weeks for one in week.papers]


def test_a_paper_goes_to_the_iso_week_of_its_publication() -> None:
    weeks = merge((), [paper(arxiv="9912.00001", day=date(2027, 1, 3))], TODAY)
    assert [week.name for week in weeks] == ["2026-W53"]


def test_an_undated_paper_waits_and_moves_when_its_day_is_known() -> None:
    undated, dated = paper(arxiv="9912.00001"), paper(arxiv="9912.00001", day=date(2024, 2, 20))
    weeks = merge((), [undated], TODAY)
    assert [week.name for week in weeks] == ["undated"]
    later = merge(weeks, [undated, dated], date(2026, 12, 25))
    assert [(week.name, len(week.papers)) for week in later] == [("2024-W08", 1), ("undated", 0)]  # its page stays
    assert papers_of(later) == [replace(undated, published=date(2024, 2, 20), arrived=TODAY)]


def test_one_paper_in_three_feeds_is_one_record() -> None:
    page = paper(url="https://journal.example/a", doi="10.5555/1", title="By DOI")
    preprint = paper(arxiv="9912.00001", title="By arXiv")
    both = paper(arxiv="9912.00001", doi="10.5555/1", title="By both")
    for order in ([page, preprint, both], [both, page, preprint], [preprint, page, both]):
        (kept,) = papers_of(merge((), order, TODAY))
        assert (kept.id, kept.arxiv_id, kept.doi) == ("arxiv:9912.00001", "9912.00001", "10.5555/1")


def test_a_bridge_between_two_archived_records_loses_neither() -> None:
    old = merge((), [paper(url="https://journal.example/a", doi="10.5555/1"), paper(arxiv="9912.00001")], TODAY)
    new = merge(old, [paper(arxiv="9912.00001", doi="10.5555/1")], TODAY)
    assert {one.id for one in papers_of(new)} == {"arxiv:9912.00001", "doi:10.5555/1"}


def test_two_arxiv_ids_are_two_papers_even_with_one_doi() -> None:
    weeks = merge((), [paper(arxiv="9912.00001", doi="10.5555/1"), paper(arxiv="9912.00002", doi="10.5555/1")], TODAY)
    assert len(papers_of(weeks)) == 2


def test_only_gaps_are_filled() -> None:
    bare = replace(paper(arxiv="9912.00001"), feed="First")
    full = replace(paper(arxiv="9912.00001", title="Other"), authors=("Ada Roe",), feed="Second", doi="10.5555/1")
    (kept,) = papers_of(merge(merge((), [bare], TODAY), [full], TODAY))
    assert kept == replace(bare, authors=("Ada Roe",), doi="10.5555/1", also=("Second",), arrived=TODAY)


def test_an_address_in_place_of_a_title_is_a_gap() -> None:
    untitled = paper(arxiv="9912.00001", title="https://arxiv.org/abs/9912.00001")
    (kept,) = papers_of(merge(merge((), [untitled], TODAY), [paper(arxiv="9912.00001", title="Known")], TODAY))
    assert kept.title == "Known"


def test_a_revision_completes_a_record_and_never_makes_one() -> None:
    weeks = merge((), [paper(arxiv="9912.00001")], TODAY)
    revised = [replace(paper(arxiv="9912.00001"), authors=("Ada Roe",)), paper(arxiv="9801.00003")]
    assert [(one.id, one.authors) for one in papers_of(complete(weeks, revised))] == [
        ("arxiv:9912.00001", ("Ada Roe",))
    ]


LONG = "A Title That Two Works Hardly Share"


def by(name: str, one: Paper) -> Paper:
    return replace(one, authors=(name, "Wei Li"))


def test_http_and_https_and_a_closing_slash_are_one_page() -> None:
    pages = [paper(url=url) for url in ("http://a.example/b", "https://a.example/b", "https://a.example/b/")]
    assert len(papers_of(merge((), pages, TODAY))) == 1


@pytest.mark.parametrize("name", ["Ada Roe", "Roe, Ada", "A. ROE"])
def test_title_and_first_author_join_a_preprint_and_a_post_about_it(name: str) -> None:
    preprint = by("Ada Roe", paper(arxiv="9912.00001", title=LONG, feed="arXiv"))
    post = by(name, paper(url="https://lab.example/a", title=LONG.upper(), feed="Lab", day=TODAY))
    for batches in ([[preprint], [post]], [[post], [preprint]], [[preprint, post]]):
        weeks, _ = merge_all((), [(batch, ()) for batch in batches], TODAY)
        (kept,) = papers_of(weeks)
        assert (kept.id, kept.arxiv_id, kept.published) == ("arxiv:9912.00001", "9912.00001", TODAY)


@pytest.mark.parametrize(
    "other",
    [
        by("Bo Roy", paper(url="https://lab.example/a", title=LONG, feed="Lab")),
        by("Ada Roe", paper(url="https://lab.example/a", title="Short", feed="Lab")),
        by("Ada Roe", paper(url="https://lab.example/a", title=LONG, feed="arXiv")),  # a blog repeats its titles
        by("Ada Roe", paper(arxiv="9912.00002", title=LONG, feed="Lab")),
        by("Ada Roe", paper(url="https://lab.example/a", doi="10.5555/2", title=LONG, feed="Lab")),
    ],
)
def test_title_and_first_author_are_the_last_resort(other: Paper) -> None:
    one = by("Ada Roe", paper(arxiv="9912.00001", doi="10.5555/1", title=LONG, feed="arXiv"))
    assert len(papers_of(merge(merge((), [one], TODAY), [other], TODAY))) == 2
    short = replace(one, title=other.title) if other.title == "Short" else one
    assert len(papers_of(merge((), [short, other], TODAY))) == 2


def test_posts_without_ids_are_one_only_if_they_came_out_on_one_day() -> None:
    one = by("Ada Roe", paper(url="https://a.example/1", title=LONG, feed="A", day=TODAY))
    same = by("Ada Roe", paper(url="https://b.example/1", title=LONG, feed="B", day=TODAY))
    later = by("Ada Roe", paper(url="https://b.example/2", title=LONG, feed="B", day=date(2026, 11, 28)))
    weeks, new = merge_all((), [([one], ()), ([same, later], ())], TODAY)
    assert (len(papers_of(weeks)), sum(new)) == (2, 2)


def test_a_feed_that_gives_everything_one_name_takes_no_square_of_its_length(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Counter[str]()
    for name in ("_alike", "_agree"):
        real = getattr(archive, name)
        monkeypatch.setattr(archive, name, lambda *two, name=name, real=real: asked.update([name]) or real(*two))
    papers = [by("Ada Roe", paper(arxiv=f"9912.{n:05d}", doi="10.5555/1", title=LONG)) for n in range(1000)]
    papers += [by("Ada Roe", paper(url=f"https://a.example/{n}", title=LONG)) for n in range(1000)]
    assert len(papers_of(merge((), papers, TODAY))) == 2000
    assert 0 < asked["_alike"] < 500_000 > asked["_agree"] > 0


def test_versions_are_kept_in_order_and_a_revision_adds_its_own() -> None:
    tenth, second = (replace(paper(arxiv="9912.00001"), versions=(version,)) for version in ("v10", "v2"))
    weeks = complete(merge((), [tenth], TODAY), [second])
    (kept,) = papers_of(weeks)
    assert kept.versions == ("v2", "v10")
    assert decode(Source("undated.jsonl", encode(weeks[0]))) == (weeks[0], ())


def test_the_order_of_feeds_means_nothing_and_each_is_told_what_it_brought() -> None:
    first, second = paper(arxiv="9912.00001", title="First"), paper(arxiv="9912.00001", title="Second")
    batches = [([first], ()), ([second, paper(arxiv="9912.00002")], [first])]
    weeks, new = merge_all((), batches, TODAY)
    assert [one.title for one in papers_of(weeks)] == ["First", "A Title"]
    assert (new, merge_all((), batches[::-1], TODAY)) == ((1, 1), (weeks, (1, 1)))


KEYS = st.sampled_from(["1", "2", "3"])
PAPERS = st.lists(
    st.builds(
        lambda page, arxiv, doi, day, title: paper(
            f"https://a.example/{page}", arxiv and f"9912.0000{arxiv}", doi and f"10.5555/{doi}", day, title
        ),
        KEYS,
        st.one_of(st.just(""), KEYS),
        st.one_of(st.just(""), KEYS),
        st.one_of(st.none(), st.dates(date(2026, 10, 1), date(2026, 11, 30))),
        st.sampled_from(["A", "B"]),
    ),
    max_size=8,
)


@settings(deadline=None)  # other work may share the machine
@given(PAPERS, PAPERS, st.randoms())
def test_merging_is_idempotent_loses_nothing_and_ignores_order(
    archived: list[Paper], found: list[Paper], chance: random.Random
) -> None:
    old = merge((), archived, TODAY)
    new = merge(old, found, TODAY)
    assert merge(new, found, date(2027, 1, 1)) == new
    shuffled = chance.sample(found, len(found))
    assert merge(old, shuffled, TODAY) == new
    assert not Counter(one.id for one in papers_of(old)) - Counter(one.id for one in papers_of(new))
    before = {(one.id, one.title, one.url) for one in papers_of(old)}
    assert before <= {(one.id, one.title, one.url) for one in papers_of(new)}
    assert all(week.name == week_of(one.published) for week in new for one in week.papers)
    assert not unknown(found, papers_of(new))


def unknown(found: list[Paper], archived: list[Paper]) -> list[Paper]:
    """The papers that neither share a key with an archived one nor with one that does."""
    known = {key for one in archived for key in (one.arxiv_id, one.doi, one.url)} - {""}
    while near := [one for one in found if {one.arxiv_id, one.doi, one.url} & known]:
        known |= {key for one in near for key in (one.arxiv_id, one.doi, one.url)} - {""}
        found = [one for one in found if one not in near]
    return found


TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip)


@settings(deadline=None)  # other work may share the machine
@given(st.lists(st.tuples(TEXT, st.integers(0, 10**6), st.one_of(st.none(), st.dates()), st.lists(TEXT)), max_size=4))
def test_encoding_and_decoding_a_week_is_lossless(rows: list[tuple[str, int, date | None, list[str]]]) -> None:
    papers = [
        replace(paper(f"https://a.example/{n}", day=day, title=" ".join(title.split())), authors=tuple(names))
        for title, n, day, names in rows
    ]
    text = encode(Week("2026-W47", tuple(papers)))
    week, problems = decode(Source("talks/papers/2026-W47.jsonl", text))
    assert problems == ()
    assert Counter(week.papers) == Counter(papers)
    assert encode(week) == text


def test_a_line_has_fixed_keys_readable_text_and_no_empty_fields() -> None:
    one = replace(paper(arxiv="9912.00001", title="注意力", day=TODAY, feed=""), authors=("张三",))
    assert encode(Week("2026-W47", (one,))) == (
        '{"id": "arxiv:9912.00001", "title": "注意力", "url": "https://arxiv.org/abs/9912.00001", '
        '"arxiv_id": "9912.00001", "authors": ["张三"], "published": "2026-11-21"}\n'
    )


def test_lines_are_sorted_by_day_and_id() -> None:
    week = Week(
        "2026-W47", (paper(arxiv="9912.00002", day=TODAY), paper(arxiv="9912.00001", day=TODAY), paper("https://a.b/"))
    )
    ids = [line.split('"')[3][:5] for line in encode(week).splitlines()]
    assert ids == ["url:" + paper_id("https://a.b/")[4:5], "arxiv", "arxiv"]
    assert encode(Week(week.name, week.papers[::-1])) == encode(week)


def test_a_hand_written_line_needs_title_and_url_alone() -> None:
    text = '{"title": "LoRA", "url": "http://arxiv.org/pdf/2106.09685v2"}'
    week, problems = decode(Source("talks/papers/2026-W47.jsonl", text))
    assert problems == ()
    assert week.papers == (
        Paper("arxiv:2106.09685", "LoRA", "https://arxiv.org/abs/2106.09685", arxiv_id="2106.09685"),
    )


@pytest.mark.parametrize(
    ("line", "column", "said"),
    [
        ('{"title": a}', 11, "no JSON"),  # a fault that every Python places alike
        ("[]", 1, "a list where a record should be"),
        ('{"title": "a"}', 1, "a record without title or url"),
        ('{"title": 1, "url": "https://a.b"}', 1, "a title that is no text"),
        ('{"title": "a", "url": "https://a.b", "authors": "me"}', 1, "a value of authors"),
        ('{"title": "a", "url": "https://a.b", "versions": ["2"]}', 1, "a version that is not like v2"),
        ('{"title": "a", "url": "https://a.b", "votes": true}', 1, "votes that are no count"),
        ('{"title": "a", "url": "https://a.b", "withdrawn": 1}', 1, "a withdrawn that is neither"),
        ('{"title": "a", "url": "https://a.b", "note": "b"}', 1, "the unknown key note"),
        ('{"title": "a", "url": "https://a.b", "url": "b"}', 1, "a key that stands twice"),
        ('{"title": "a", "url": "javascript:alert(1)"}', 1, "a url that is no web address"),
        ('{"title": "a", "url": "https://a.b", "published": "soon"}', 1, "Invalid isoformat"),
        ('{"title": "\\ud800", "url": "https://a.b"}', 1, "half a surrogate pair"),
        ("[" * 100_000, 1, "maximum recursion"),
    ],
)
def test_a_bad_line_is_named_and_the_others_are_read(line: str, column: int, said: str) -> None:
    good = encode(Week("2026-W47", (paper(arxiv="9912.00001"),)))
    week, (problem,) = decode(Source("talks/papers/2026-W47.jsonl", f"{good}\n{line}\n{good}"))
    assert len(week.papers) == 2
    assert (problem.code, problem.line, problem.column) == ("P001", 3, column)
    assert problem.message.startswith(said)


@pytest.mark.parametrize("name", ["notes", "2026-W54", "2026-47", "2026-W5"])
def test_a_file_that_is_named_for_no_week_is_a_problem(name: str) -> None:
    _, (problem,) = decode(Source(f"talks/papers/{name}.jsonl", ""))
    assert problem.code == "P009"


@settings(deadline=None)  # other work may share the machine
@given(st.dates())
def test_every_day_has_a_week_that_a_file_can_be_named_for(day: date) -> None:
    assert decode(Source(f"{week_of(day)}.jsonl", "")) == (Week(week_of(day), ()), ())


# --- who knows best --------------------------------------------------------------------------------------------------

BLOG = replace(
    paper(arxiv="2611.10001", title="Wow, read this one!", day=date(2026, 11, 28), feed="Some Blog"),
    authors=("A Blogger",),
)
ARXIV = replace(
    paper(arxiv="2611.10001", title="A New Paper", day=date(2026, 11, 23), feed="cs.CL updates on arXiv.org"),
    authors=("Ada Roe", "Ben Wu"),
    authority="arXiv v1",
)
HF = replace(ARXIV, title="A new paper", feed="HF", published=date(2026, 11, 20), votes=12, authority="Hugging Face")
LATER = replace(ARXIV, title="A Newer Title", published=None, authority="arXiv v2", versions=("v2",))


@pytest.mark.parametrize("order", list(itertools.permutations([BLOG, ARXIV, HF])))
def test_arxiv_knows_best_whoever_comes_first(order: tuple[Paper, ...]) -> None:
    weeks: tuple[Week, ...] = ()
    for one in order:  # on three days
        weeks = merge(weeks, [one], TODAY)
    (kept,) = papers_of(weeks)
    assert (kept.title, kept.authors, kept.published) == (ARXIV.title, ARXIV.authors, ARXIV.published)
    assert kept.votes == 12
    assert {kept.feed, *kept.also} == {BLOG.feed, ARXIV.feed, HF.feed}
    assert [week.name for week in weeks if week.papers] == ["2026-W48"]
    together, _ = merge_all((), [([one], ()) for one in order], TODAY)
    assert replace(papers_of(together)[0], feed="", also=()) == replace(kept, feed="", also=())
    assert together == merge_all((), [([one], ()) for one in order[::-1]], TODAY)[0]


def test_a_later_version_corrects_and_an_earlier_one_does_not_undo_it() -> None:
    weeks = complete(merge((), [BLOG], TODAY), [LATER])
    for again in (ARXIV, replace(BLOG, versions=("v3",)), HF):
        weeks = merge(weeks, [again], TODAY)
    (kept,) = papers_of(weeks)
    assert (kept.title, kept.authority, kept.published) == ("A Newer Title", "arXiv v2", date(2026, 11, 23))


def test_what_is_withdrawn_is_marked_and_what_comes_back_is_not() -> None:
    weeks = complete(merge((), [ARXIV], TODAY), [replace(LATER, withdrawn=True)])
    assert papers_of(weeks)[0].withdrawn
    back = replace(LATER, authority="arXiv v3", versions=("v3",))
    assert not papers_of(complete(weeks, [back]))[0].withdrawn


def test_of_two_days_that_arxiv_gives_the_earlier_counts_in_any_order() -> None:
    interface = replace(ARXIV, published=date(2026, 11, 20), feed="arXiv API")
    for order in ([ARXIV, interface], [interface, ARXIV]):
        weeks, _ = merge_all((), [([one], ()) for one in order], TODAY)
        assert papers_of(weeks)[0].published == date(2026, 11, 20)


def test_a_site_knows_its_own_posts_better_than_who_links_them() -> None:
    link = paper(url="https://lab.example/a", title="Worth reading", day=date(2026, 11, 25), feed="Links")
    own = replace(link, title="Our Post", feed="Lab", authority="own", published=date(2026, 11, 24))
    for order in ([link, own], [own, link]):
        weeks, _ = merge_all((), [([one], ()) for one in order], TODAY)
        assert (papers_of(weeks)[0].title, papers_of(weeks)[0].published) == ("Our Post", date(2026, 11, 24))


def test_one_name_in_a_feed_is_one_post_whatever_token_its_link_carries() -> None:
    def post(token: str, title: str = "A Stable Title", path: str = "p/1") -> Paper:
        return replace(paper(url=f"https://a.example/{path}?s={token}", title=title, day=TODAY), guid="stable-1")

    weeks = merge(merge((), [post("abc")], TODAY), [post("def")], TODAY)
    assert [one.url for one in papers_of(weeks)] == ["https://a.example/p/1?s=abc"]
    renamed = merge(weeks, [post("ghi", title="A Stable Title (3 comments)")], TODAY)
    assert len(papers_of(renamed)) == 1
    others = merge(weeks, [post("ghi", title="Another Post", path="p/2")], TODAY)  # a feed that names all alike
    assert len(papers_of(others)) == 2


def test_the_acl_anthology_and_its_doi_are_one_paper() -> None:
    page = paper(url="https://aclanthology.org/2026.acl-long.1/", title="Paper at ACL", day=TODAY)
    doi = paper(url="https://doi.org/10.18653/v1/2026.acl-long.1", doi="10.18653/v1/2026.acl-long.1", day=TODAY)
    assert len(papers_of(merge((), [page, doi], TODAY))) == 1


def test_what_is_dated_ahead_is_told_and_taken_for_undated() -> None:
    good, bad = paper(arxiv="2611.10001", day=TODAY), paper(arxiv="9912.00001", day=date(2062, 11, 28))
    weeks = [Week("2026-W47", (good,)), Week("2062-W48", (bad,))]
    sources = [Source(f"talks/papers/{week.name}.jsonl", encode(week)) for week in weeks]
    found, problems = settled(weeks, sources, TODAY)
    assert [(week.name, len(week.papers)) for week in found] == [("2026-W47", 1), ("undated", 1)]
    assert [(problem.path, problem.code) for problem in problems] == [("talks/papers/2062-W48.jsonl", "P012")]
    assert papers_of(found)[1].published is None
    assert settled(weeks[:1], sources[:1], TODAY) == ((weeks[0],), [])
