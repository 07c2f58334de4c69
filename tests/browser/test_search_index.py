"""What the search index stores, page by page."""

import json

import pytest

from browser.search_index import build, expand, rewritten


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
