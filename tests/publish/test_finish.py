"""What the last step of a build writes into every page, the policy above all."""

import base64
import hashlib

import pytest

from publish.csp import META, policy
from publish.finish import finish


def digest(text):
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def test_policy_names_every_inline_script_and_no_other_host():
    pages = ["<script>a()</script><script src='x.js'></script>", '<script id="x">b()</script>', "<script>a()</script>"]
    found = policy(pages)
    assert found.count("sha256-") == 2
    assert digest("a()") in found and digest("b()") in found
    assert "unsafe-inline" not in found and "http" not in found and "'unsafe-eval'" not in found


def test_data_blocks_are_no_scripts():
    assert "sha256-" not in policy(['<script id="__config" type="application/json">{}</script>'])


@pytest.mark.parametrize("charset", ["", '\n<meta charset="utf-8">'])
def test_policy_stands_first_in_the_head_after_the_charset_and_once(tmp_path, charset):
    page = tmp_path / "a" / "index.html"
    page.parent.mkdir()
    page.write_text(f"<html><head>{charset}<title>甲</title></head></html>", "utf-8")
    assert finish(tmp_path) == 1
    first = page.read_text("utf-8")
    finish(tmp_path)
    assert page.read_text("utf-8") == first
    assert first.startswith(f'<html><head>{charset}<meta http-equiv="Content-Security-Policy"')
    assert len(META.findall(first)) == 1


def test_theme_is_not_told_to_ask_another_host(tmp_path):
    page = tmp_path / "index.html"
    page.write_text('<a href="https://github.com/a/b" class="md-source" data-md-component="source">b</a>', "utf-8")
    finish(tmp_path)
    assert page.read_text("utf-8") == '<a href="https://github.com/a/b" class="md-source">b</a>'


def test_themes_script_does_not_hold_up_the_page(tmp_path):
    page = tmp_path / "index.html"
    scripts = '<script src="assets/javascripts/bundle.a1.min.js"></script><script src="assets/a.js"></script>'
    page.write_text(scripts, "utf-8")
    finish(tmp_path)
    finish(tmp_path)
    assert page.read_text("utf-8") == scripts.replace("<script", "<script defer", 1)


def test_data_for_search_engines_moves_into_the_head(tmp_path):
    data = '<script type="application/ld+json">{"name": "\\u4e59"}</script>'
    page = tmp_path / "index.html"
    page.write_text(f"<html><head></head><body><article>{data}</article></body></html>", "utf-8")
    finish(tmp_path)
    finish(tmp_path)
    text = page.read_text("utf-8")
    assert text.endswith(f"{data}</head><body><article></article></body></html>")
    assert text.count(data) == 1
