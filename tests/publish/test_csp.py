"""The policy: what it allows, where it stands, and which pages are written for it."""

import base64
import hashlib

import pytest

from publish.csp import hashes, policy, with_policy


def digest(text):
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def test_policy_names_every_inline_script_and_no_other_host():
    pages = ["<script>a()</script><script src='x.js'></script>", '<script id="x">b()</script>', "<script>a()</script>"]
    found = policy(script for page in pages for script in hashes(page))
    assert found.count("sha256-") == 2
    assert digest("a()") in found and digest("b()") in found
    assert "unsafe-inline" not in found and "http" not in found and "'unsafe-eval'" not in found


def test_data_blocks_are_no_scripts():
    assert hashes('<script id="__config" type="application/json">{}</script>') == []


@pytest.mark.parametrize("charset", ["", '\n<meta charset="utf-8">'])
def test_policy_stands_first_in_the_head_after_the_charset_and_once(charset):
    page = f"<html><head>{charset}<title>甲</title></head><body><header></header></body></html>"
    first = with_policy(page, "default-src 'self'")
    tag = """<meta http-equiv="Content-Security-Policy" content="default-src 'self'">"""
    assert first == page.replace("<title>", f"{tag}<title>")
    assert with_policy(first, "default-src 'none'") == first.replace("'self'", "'none'")
    assert with_policy(first, "") == page
