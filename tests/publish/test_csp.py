"""The policy: what it allows, where it stands, and which pages are written for it."""

import base64
import hashlib

import pytest

from publish.csp import META, policy, with_policy, write_policy


@pytest.fixture(autouse=True)
def short_theme(monkeypatch):
    """A theme whose scripts are short."""
    monkeypatch.setattr("publish.csp.is_theirs", lambda text: text in ("a()", "b()", "c()"))


def digest(text):
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def test_policy_names_every_inline_script_of_the_theme_and_no_other_host():
    pages = ["<script>a()</script><script src='x.js'></script>", '<script id="x">b()</script>', "<script>a()</script>"]
    pages.append("<script>pwned()</script>")
    found = policy(pages)
    assert found.count("sha256-") == 2
    assert digest("a()") in found and digest("b()") in found
    assert "unsafe-inline" not in found and "http" not in found and "'unsafe-eval'" not in found


def test_data_blocks_are_no_scripts():
    assert "sha256-" not in policy(['<script id="__config" type="application/json">{}</script>'])


@pytest.mark.parametrize("charset", ["", '\n<meta charset="utf-8">'])
def test_policy_stands_first_in_the_head_after_the_charset_and_once(charset):
    page = f"<html><head>{charset}<title>甲</title></head><body><header></header></body></html>"
    first = with_policy(page, "default-src 'self'")
    tag = """<meta http-equiv="Content-Security-Policy" content="default-src 'self'">"""
    assert first == page.replace("<title>", f"{tag}<title>")
    assert with_policy(first, "default-src 'none'") == first.replace("'self'", "'none'")


@pytest.fixture
def pages(tmp_path):
    """Two pages, each with a script, and their policy."""
    for name in "ab":
        (tmp_path / f"{name}.html").write_text(f"<head></head><script>{name}()</script>", "utf-8")
    write_policy(tmp_path)
    return tmp_path


def test_every_page_lets_the_scripts_of_all_pages_run(pages):
    """Instant navigation runs the next page's scripts under the first page's policy."""
    for name in "ab":
        content = META.findall((pages / f"{name}.html").read_text("utf-8"))
        assert content == [policy(["<script>a()</script>", "<script>b()</script>"])]


def test_changed_page_with_known_scripts_is_written_alone(pages):
    changed, other = pages / "a.html", pages / "b.html"
    changed.write_text("<head></head>new<script>b()</script>", "utf-8")
    before = other.stat().st_mtime_ns
    write_policy(pages, [changed])
    assert META.findall(changed.read_text("utf-8")) == META.findall(other.read_text("utf-8"))
    assert other.stat().st_mtime_ns == before


def test_changed_page_with_a_new_script_changes_every_pages_policy(pages):
    changed = pages / "a.html"
    changed.write_text("<head></head><script>c()</script>", "utf-8")
    write_policy(pages, [changed])
    for name in "ab":
        (content,) = META.findall((pages / f"{name}.html").read_text("utf-8"))
        assert digest("b()") in content and digest("c()") in content and digest("a()") not in content
