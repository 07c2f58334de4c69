"""Whether there is a Pages site to deploy to, and at which address."""

import pytest

PAGES = "repos/o/r/pages"


@pytest.mark.parametrize("address", ["https://o.github.io/r/", "https://o.github.io", "https://wiki.example.org/"])
def test_address_is_what_pages_says(github, address):
    github.has(PAGES, {"build_type": "workflow", "html_url": address})
    assert github.run("pages").returncode == 0
    assert github.outputs == {"url": address.rstrip("/") + "/"}


def test_repository_without_pages_is_told_where_to_switch_it_on(github):
    done = github.run("pages")
    assert done.returncode == 0
    assert done.stdout.startswith("::notice::GitHub Pages 没有开启")
    assert "https://github.com/o/r/settings/pages" in done.stdout
    assert github.outputs == {"url": ""}
    assert "没有开启" in (github.folder / "summary").read_text("utf-8")


def test_pages_from_a_branch_are_left_alone(github):
    github.has(PAGES, {"build_type": "legacy", "html_url": "https://o.github.io/r/"})
    done = github.run("pages")
    assert (done.returncode, github.outputs) == (0, {"url": ""})
    assert "Source 选 GitHub Actions" in done.stdout


def test_other_failures_are_red(github):
    github.refuses(PAGES, "gh: Server Error (HTTP 502)")
    assert github.run("pages").returncode != 0
