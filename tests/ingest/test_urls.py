"""One spelling for each page."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.urls import arxiv_id, canonical_url, doi_of, paper_id

LORA = "https://arxiv.org/abs/2106.09685"


@pytest.mark.parametrize(
    "url",
    [
        "http://arxiv.org/abs/2106.09685v1",
        "https://arxiv.org/pdf/2106.09685",
        "https://arxiv.org/pdf/2106.09685v2.pdf",
        "https://www.arxiv.org/html/2106.09685v2#S3",
        "HTTPS://ArXiv.org:443/abs/2106.09685?context=cs.CL",
        "http://export.arxiv.org/abs/2106.09685/",
        "https://doi.org/10.48550/arXiv.2106.09685",
        "https://link.zhihu.com/?target=https%3A//arxiv.org/pdf/2106.09685.pdf",
        "https://link.zhihu.com/?target=https%3A%2F%2Flink.zhihu.com%2F%3Ftarget%3Dhttp%253A%2F%2Farxiv.org%2Fabs%2F2106.09685",
        " https://arxiv.org/abs/2106.09685；",
        "https://arxiv.org/abs/2106.09685）。",
        "https://arxiv.org/abs/2106.09685\u200b",
    ],
)
def test_every_spelling_of_an_arxiv_paper_becomes_its_abstract_page(url: str) -> None:
    assert canonical_url(url) == LORA


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://arxiv.org/abs/hep-th/9901001v3", "https://arxiv.org/abs/hep-th/9901001"),
        ("https://arxiv.org/pdf/math.GT/0309136", "https://arxiv.org/abs/math/0309136"),
        ("https://arxiv.org/list/cs.CL/recent", "https://arxiv.org/list/cs.CL/recent"),
        ("https://arxiv.org/html/2402.12352v1/x1.png", "https://arxiv.org/html/2402.12352v1/x1.png"),
        ("https://notarxiv.org/abs/2106.09685", "https://notarxiv.org/abs/2106.09685"),
    ],
)
def test_arxiv_pages_that_are_old_or_no_paper(url: str, expected: str) -> None:
    assert canonical_url(url) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://Example.COM:443/A?utm_source=x&b=1&fbclid=2#c", "https://example.com/A?b=1#c"),
        ("http://example.com:80", "http://example.com/"),
        ("http://example.com:8080/", "http://example.com:8080/"),
        ("https://example.com/?q=a%20b&amp;gclid=1", "https://example.com/?q=a%20b"),
        ("https://example.com/a b", "https://example.com/a%20b"),
        ("https://example.com/a#:~:text=word", "https://example.com/a"),
        ("https://zh.wikipedia.org/wiki/注意力（消歧义）", "https://zh.wikipedia.org/wiki/注意力（消歧义）"),
        ("http://dx.doi.org/10.1145/3292500.3330701", "https://doi.org/10.1145/3292500.3330701"),
        (
            "https://www.bilibili.com/video/BV1xx?p=2&vd_source=a&spm_id_from=333&share_source=copy_web",
            "https://www.bilibili.com/video/BV1xx?p=2",
        ),
        (
            "https://mp.weixin.qq.com/s?__biz=B&mid=1&idx=1&sn=s&scene=1&from=singlemessage&isappinstalled=0#rd",
            "https://mp.weixin.qq.com/s?__biz=B&mid=1&idx=1&sn=s",
        ),
        ("https://zhuanlan.zhihu.com/p/640522290?from=groupmessage", "https://zhuanlan.zhihu.com/p/640522290"),
        ("https://x.com/a/status/1?s=20&t=abc", "https://x.com/a/status/1"),
    ],
)
def test_tracking_ports_and_case_go(url: str, expected: str) -> None:
    assert canonical_url(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/search?from=10&scene=2&t=3&s=4",  # a page number elsewhere
        "https://www.youtube.com/watch?v=abc&t=10",
        "https://link.zhihu.com/?target=javascript%3Aalert(1)",
        "https://en.wikipedia.org/wiki/Transformer_(deep_learning_architecture)",
        "mailto:someone@example.com",
        "http://[broken",
        "notes/004.md",
        "",
    ],
)
def test_what_means_something_stays(url: str) -> None:
    assert canonical_url(url).removesuffix("/") == url


_PARTS = """http:// HTTPS:// https://link.zhihu.com/?target= https%3A// EXAMPLE.com :443 :80 mp.weixin.qq.com/s?from=
arxiv.org/abs/ arxiv.org/pdf/ .pdf 2106.09685 v2 hep-th/9901001 doi.org/10.1/ 10.48550/arXiv. utm_source=x
& &amp; ? # 。 ） （ %20 %2520 İ"""
URL_PARTS = st.sampled_from([*_PARTS.split(), " ", "\n", "\u200b"])


@settings(deadline=None)  # other work may share the machine
@given(st.one_of(st.text(), st.lists(URL_PARTS, max_size=9).map("".join)))
def test_canonical_url_is_idempotent_and_encodable(text: str) -> None:
    once = canonical_url(text)
    assert canonical_url(once) == once
    once.encode()


@settings(deadline=None)  # other work may share the machine
@given(st.lists(URL_PARTS, max_size=9).map("".join))
def test_a_page_and_its_canonical_url_are_one_paper(text: str) -> None:
    assert paper_id(text) == paper_id(canonical_url(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://arxiv.org/abs/2604.26951v1", "2604.26951"),
        ("oai:arXiv.org:2607.11111v2", "2607.11111"),
        ("arXiv:2402.12352v1 Announce Type: new", "2402.12352"),
        ("https://huggingface.co/papers/2607.23193", "2607.23193"),
        ("https://ar5iv.labs.arxiv.org/html/1706.03762", "1706.03762"),
        ("10.48550/ARXIV.1706.03762", "1706.03762"),
        (" 0704.0001 ", "0704.0001"),
        ("cs.CL/0501001", "cs/0501001"),
        ("it costs 2607.11111 yuan", ""),
        ("2613.11111", ""),  # no month 13
        ("arXiv:2402.123456", ""),
        ("https://openai.com/index/2402.12352", ""),
        ("", ""),
    ],
)
def test_arxiv_id_is_found_without_its_version(text: str, expected: str) -> None:
    assert arxiv_id(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://doi.org/10.1145/3292500.3330701", "10.1145/3292500.3330701"),
        ("http://dx.doi.org/10.1000%2FABC(1)?x=1", "10.1000/abc(1)"),
        ("doi:10.1234/Example.", "10.1234/example"),
        ("10.1234/x", "10.1234/x"),
        ("https://dl.acm.org/doi/abs/10.1145/1?af=R", "10.1145/1"),
        ("version 10.1234/5 of it", ""),
        ("", ""),
    ],
)
def test_doi_is_found_in_lower_case(text: str, expected: str) -> None:
    assert doi_of(text) == expected


def test_paper_id_prefers_arxiv_then_doi_then_the_address() -> None:
    assert paper_id(LORA, "2106.09685", "10.1/x") == "arxiv:2106.09685"
    assert paper_id("https://doi.org/10.1/x", "", "10.1/x") == "doi:10.1/x"
    assert paper_id("https://a.com/p?utm_source=b") == paper_id("https://A.com/p")
    assert paper_id("https://a.com/p") != paper_id("https://a.com/q")
