"""The site for programs: twins of pages, llms.txt, and records as JSON lines."""

import json

import pytest

from publish.exports import llms, twin
from publish.memory import Memory, Project
from tests.ingest.test_growth import grows_too_fast
from tests.publish.conftest import made


@pytest.fixture
def site(tmp_path):
    """A project that looks built: what is known of its pages, and their sources."""
    texts = {
        "docs/topics/rope.md": (
            '---\ntitle: "RoPE：旋转"\nsummary: 一句。\n---\n\n# RoPE\n\n--8<-- "generated/before/rope.md"\n\n'
            '见[问答](../qa/a.md#x)与[别处](https://a.example/b.md){: .wiki-tag }与[源](rope.xml){ a="b" }\n\n'
            '```python\n--8<-- "rope.py:example"\nx = "<div>"  # { .kept }\n```\n'
        ),
        "docs/generated/before/rope.md": "先读 LoRA&#58; 低秩。<br><span>一行。</span>\n",
        "docs/generated/questions.jsonl": '{"id": "a"}\n',
        "docs/qa/a.md": "---\ntitle: 问\n---\n\n# 问？\n",
        "snippets/rope.py": '"""RoPE."""\n# --8<-- [start:example]\ny = 1\n# --8<-- [end:example]\nz = 2\n',
        "talks/papers/2026-W47.jsonl": '{"title": "older"}\n',
        "talks/papers/2026-W48.jsonl": '{"title": "newer"}\n',
        "talks/papers/undated.jsonl": '{"title": "undated"}\n',
    }
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    return Project(tmp_path, Memory(tmp_path / ".cache" / "publish.json", tmp_path / "site"))


NAMES = {"topics/rope.md": "topics/rope/index.html", "qa/a.md": "qa/a/index.html", "404.html": "404.html"}
KNOWN = {"names": NAMES, "pages": {"topics/rope.md": {"of": "1"}, "qa/a.md": {"of": "2"}}, "base": "https://w.example/"}


def test_a_twin_stands_alone(site):
    text = twin(site, "topics/rope.md", NAMES)
    assert text == (
        "# RoPE\n\n先读 LoRA: 低秩。 一行。\n\n"
        "见[问答](../../qa/a/index.md#x)与[别处](https://a.example/b.md)与[源](../rope.xml)\n\n"
        '```python\ny = 1\nx = "<div>"  # { .kept }\n```\n'
    )


def test_a_title_leads_nowhere_but_to_its_page(site):
    (site.root / "docs/qa/a.md").write_text('---\ntitle: "a](https://evil.example) [b"\n---\n\n# 问？\n', "utf-8")
    links = r"- [a\](https://evil.example) \[b](https://w.example/qa/a/index.md)"
    assert links in llms(site, KNOWN, NAMES).splitlines()


def test_all_is_written_and_only_what_changed_again(site, monkeypatch):
    from publish import exports

    names = exports.write(site, [KNOWN])
    assert names == {"topics/rope/index.md", "qa/a/index.md", "papers.jsonl", "questions.jsonl", "llms.txt"}
    papers = (site.site / "papers.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line)["title"] for line in papers] == ["newer", "older", "undated"]
    table = (site.site / "llms.txt").read_text("utf-8")
    assert table.startswith("# OpenLLM Wiki\n\n> ")
    assert "- [RoPE：旋转](https://w.example/topics/rope/index.md): 一句。" in table
    site.left = dict.fromkeys(names, 1)
    again = []
    read, pages = [], exports._pages
    monkeypatch.setattr(exports, "_pages", lambda project, names: read.extend(names) or pages(project, names))
    monkeypatch.setattr(exports, "twin", lambda project, source, known: again.append(source) or "")
    (site.root / "docs/qa/a.md").write_text("---\ntitle: 别的\n---\n", "utf-8")
    exports.write(site, [KNOWN | {"pages": KNOWN["pages"] | {"qa/a.md": {"of": "3"}}}])
    assert again == ["qa/a.md"] and read == ["docs/qa/a.md"]
    assert (site.site / "llms.txt").read_text("utf-8") == table.replace("[问]", "[别的]")


def test_an_include_leads_nowhere_else(site):
    (site.root / "docs/qa/a.md").write_text('--8<-- "../talks/papers/2026-W47.jsonl"\n--8<-- "/etc/passwd"\n', "utf-8")
    assert "older" not in twin(site, "qa/a.md", NAMES) and "root:" not in twin(site, "qa/a.md", NAMES)


def test_a_built_site_has_them_and_keeps_them(built, capsys):
    for name in ("llms.txt", "papers.jsonl", "questions.jsonl", "topics/rope/index.md", "en/topics/index.md"):
        assert (built / "site" / name).is_file(), name
    assert made(built) == 0
    assert (built / "site/topics/rope/index.md").read_text("utf-8").startswith("# ")


@pytest.mark.parametrize("part", ["<svg ", "</svg><svg", "<!-- ", "<div ", "{.a", "&#", "](a"])
def test_a_twin_is_made_in_time_that_grows_with_its_page(site, part):
    """A page of 1 MB whose code says `<svg` twenty thousand times took minutes."""

    def work(text):
        (site.root / "docs/qa/a.md").write_text(text, "utf-8")
        assert twin(site, "qa/a.md", NAMES)

    assert not grows_too_fast(work, lambda size: f"`{part * (size // len(part))}`")
