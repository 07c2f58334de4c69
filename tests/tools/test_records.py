"""The gallery's table of what each snippet was tested with, and the plugin that writes it."""

import re
from collections import Counter
from datetime import date

import pytest

from snippets.__main__ import names
from tools.records import ENGLISH, TABLE, Records

COUNT = r"(\d+|未跑|not run)"
ROW = re.compile(rf"^\| \[.+\]\((?:\.\./)?topics/(\w+)\.md\) \| {COUNT} \| {COUNT} \| {COUNT} \|$", re.MULTILINE)


def report(nodeid, outcome="passed", when="call", properties=()):
    return pytest.TestReport(nodeid, ("", 0, ""), {}, outcome, None, when, user_properties=list(properties))


def rows(table):
    return {name: tuple(counts) for name, *counts in ROW.findall(table)}


def test_every_snippet_has_a_record_of_its_tests():
    """Write it anew with `make records`."""
    recorded = rows(TABLE.read_text("utf-8"))
    assert list(recorded) == names()
    assert all(cpu != "未跑" and browser != "未跑" for cpu, _, browser in recorded.values())
    english = ENGLISH.read_text("utf-8").replace("not run", "未跑")
    assert rows(english) == recorded and not re.search("[\u4e00-\u9fff]", english.replace("未跑", ""))


def test_passed_tests_count_where_they_ran():
    records = Records()
    lora = "tests/snippets/test_lora.py::test_it"
    for nodeid in (
        f"{lora}[cpu]",
        f"{lora}[cuda-float16]",
        f"{lora}[1-cuda:0]",
        lora,
        "tests/ingest/test_lora.py::test_it",
    ):
        records.pytest_runtest_logreport(report(nodeid))
    records.pytest_runtest_logreport(report(lora, "failed"))
    records.pytest_runtest_logreport(report(lora, "skipped"))
    records.pytest_runtest_logreport(report(lora, when="setup"))
    told = [("browser", "Chromium 1"), ("passed in the browser", Counter(lora=3, gae=1))]
    records.pytest_runtest_logreport(report("tests/browser/test_x.py::test_all", properties=told))
    table = records.table(date(2026, 1, 2))
    found = rows(table)
    assert (found["lora"], found["gae"]) == (("2", "2", "3"), ("未跑", "未跑", "1"))
    assert "2026-01-02" in table and "Chromium 1" in table


def test_a_run_with_a_failure_is_no_record(tmp_path, monkeypatch):
    monkeypatch.setattr("tools.records.TABLE", tmp_path / "tested.md")
    monkeypatch.setattr("tools.records.ENGLISH", tmp_path / "tested.en.md")
    Records().pytest_sessionfinish(pytest.ExitCode.TESTS_FAILED)
    assert not (tmp_path / "tested.md").exists()
    Records().pytest_sessionfinish(pytest.ExitCode.OK)
    for name in ("tested.md", "tested.en.md"):
        assert list(rows((tmp_path / name).read_text("utf-8"))) == names()
