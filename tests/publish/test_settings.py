"""What a build says of settings that it lacks."""

import pytest

from publish.build import what_readers_lack


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({}, "by writing a file and handing it to you"),
        ({"REPO_URL": ""}, "CONTACT=somebody@example.org"),
        ({"CONTACT": "a@b.org"}, "by mail alone"),
    ],
)
def test_what_readers_miss_without_a_repository_is_said(environment, said):
    assert said in what_readers_lack(environment)
    assert "REPO_URL=https://github.com/OWNER/NAME" in what_readers_lack(environment)


def test_nothing_is_said_where_the_repository_is_known():
    assert what_readers_lack({"REPO_URL": "https://gitee.com/a/b"}) == ""
