"""What the search index stores, page by page."""

import gzip
import json
from itertools import accumulate
from pathlib import Path

import cbor2
import pytest

from publish.search import index
from publish.search.index import build, expand, rewritten
from publish.search.merge import columns, plain, read


def stored(text):
    """Words of a text as Pagefind takes them: without the dots."""
    return [word.strip("\u2e31\u2e32\u2e33\u2e34") for word in expand(text).split()]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("位置编码", ["位置", "置编", "编码", "码"]),
        ("熵", ["熵"]),
        ("用LoRA微调", ["用", "LoRA", "lo", "ra", "微调", "调"]),
        ("後來", ["後來", "來", "后来", "来"]),
        ("top_p", ["top_p", "topp", "top", "p"]),
        ("KV-Cache", ["KV-Cache", "kvcache", "kv", "cache"]),
        ("GPT-4", ["GPT-4", "gpt4", "gpt", "4"]),
        ("bf16 loss", ["bf16", "loss"]),
        ("Ｔｏｐ－Ｋ", ["Ｔｏｐ－Ｋ", "topk", "top", "k"]),
        ("a&amp;b &#39;x", ["a", "&amp;b", "&#39;x"]),
    ],
)
def test_text_is_stored_in_pairs_and_folded_words(text, words):
    assert stored(text) == words


@pytest.mark.parametrize(
    "text",
    [
        "用LoRA做 位置编码，top_p 采样；後來「KV-Cache」占 显存 24 GB。",
        "熵 H 与交叉熵\nＴｏｐ－Ｋ 和 FlashAttention-2，bf16",
        "顯存不夠",
    ],
)
def test_what_is_stored_reads_as_what_was_written(text):
    assert plain(" ".join(expand(text).split())) == " ".join(text.split())


def test_only_texts_of_the_article_are_rewritten():
    page = (
        '<html><nav>导航</nav><article class="md-content__inner md-typeset"><h1 title="位置">低秩</h1>'
        "<script>let 变量</script><p data-x='码>a'>b</p></article></html>"
    )
    made = rewritten(page)
    assert "导航" not in made and 'title="位置"' in made and "let 变量" in made
    assert '<h1 title="位置"> \u2e31低秩 \u2e31秩\u2e34 </h1>' in made
    assert rewritten("<html><body>没有正文</body></html>") == ""


def test_index_is_written_into_the_site(tmp_path):
    page = '<html lang="zh"><article class="md-content__inner"><h1>低秩</h1><p>LoRA</p></article></html>'
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "index.html").write_text(page, "utf-8")
    assert build(tmp_path) == 1
    entry = json.loads((tmp_path / "pagefind" / "pagefind-entry.json").read_text("utf-8"))
    assert [found["page_count"] for found in entry["languages"].values()] == [1]
    old, new = json.loads((tmp_path / "pagefind" / "traditional.json").read_text("utf-8"))
    assert new[old.index("詞")] == "词" and len(old) == len(new) > 2000


PAGES = {  # address: date, topics, aliases, text
    "a": ("2024-01-02", ["x"], "", "低秩 é"),
    "b": ("", [], "", "低秩 低秩"),
    "c": ("2024-03-01", ["x", "y"], "别名", "cafe 困惑"),
    "d": ("2024-01-02", ["y"], "", "困惑"),
    "e": ("2024-02-01", [], "", "低秩"),
}


def site_of(folder: Path) -> Path:
    for name, (date, topics, aliases, text) in PAGES.items():
        values = [("topic", topic) for topic in topics] + ([("date", date)] if date else [])
        spans = "".join(f'<span data-pagefind-filter="{key}[data-v]" data-v="{value}"></span>' for key, value in values)
        other = f'<p data-pagefind-meta="aliases">{aliases}</p>' if aliases else ""
        (folder / name).mkdir(parents=True)
        article = f'<article class="md-content__inner"><h1>{name}</h1>{spans}{other}<p>{text}</p></article>'
        (folder / name / "index.html").write_text(f"<html>{article}</html>", "utf-8")
    return folder


def texts(site: Path) -> list[dict]:
    """What the index holds of each page, by the pages' numbers."""
    return [json.loads(read(path)) for path in sorted((site / "pagefind" / "fragment").rglob("*.pf_fragment"))]


def places(site: Path) -> dict[str, list[str]]:
    """For each spelling of each word the addresses of its pages."""
    urls = [page["url"] for page in texts(site)]
    found: dict[str, list[str]] = {}
    for path in sorted((site / "pagefind" / "index").rglob("*.pf_index")):
        for word, pages, others in cbor2.loads(read(path))[0]:
            for spelling, those in [(word, pages), *others]:
                found.setdefault(spelling, []).extend(urls[at] for at in accumulate(step for step, *_ in those))
    return found


def test_pages_are_numbered_from_the_newest_on(tmp_path):
    build(site_of(tmp_path))
    assert [page["url"] for page in texts(tmp_path)] == ["/c/", "/e/", "/a/", "/d/", "/b/"]
    assert texts(tmp_path)[0]["content"] == "c别名cafe 困惑"
    assert places(tmp_path)["低秩"] == ["/e/", "/a/", "/b/"]
    assert not {letter for word in places(tmp_path) for letter in word} & set("\u2e31\u2e32\u2e33\u2e34")


def test_facets_are_columns_in_the_order_of_pages(tmp_path):
    build(site_of(tmp_path))
    facets = json.loads((tmp_path / "pagefind" / "facets.json").read_text("utf-8"))
    assert facets["topic"] == {"values": ["x", "y"], "pages": "0 1,,0,1,"}
    assert columns([])["kind"] == {"values": [], "pages": ""}


def test_site_in_parts_has_the_same_index_to_the_byte(tmp_path, monkeypatch):
    """Spellings with accents and fields that only one part has among it."""
    whole, parts = site_of(tmp_path / "whole"), site_of(tmp_path / "parts")
    build(whole)
    monkeypatch.setattr(index, "AT_ONCE", 2)
    build(parts)
    files = [path.relative_to(whole) for path in sorted((whole / "pagefind").rglob("*")) if path.is_file()]
    assert files == [path.relative_to(parts) for path in sorted((parts / "pagefind").rglob("*")) if path.is_file()]
    assert all((whole / path).read_bytes() == (parts / path).read_bytes() for path in files)
    assert places(parts)["é"] == ["/a/"]
    assert places(parts)["e"] == ["/e/"]


def test_built_again_nothing_of_before_is_left(tmp_path):
    build(site_of(tmp_path))
    (tmp_path / "a" / "index.html").unlink()
    assert build(tmp_path) == 4
    assert len(texts(tmp_path)) == 4


def test_file_of_another_format_is_refused(tmp_path):
    (tmp_path / "x.pf_meta").write_bytes(gzip.compress(b"something else"))
    with pytest.raises(ValueError, match=r"x\.pf_meta does not begin as files of Pagefind 1\.5 do"):
        read(tmp_path / "x.pf_meta")
