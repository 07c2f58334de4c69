"""`make records`: what counts where, who is recorded, and whose record stays as it was."""

import json
from collections import Counter
from datetime import date

import pytest

from snippets import _records
from tools import records as tool
from tools.records import IN_BROWSER, Results, update

DAY = date(2026, 1, 2)


def report(nodeid, outcome="passed", when="call", properties=()):
    return pytest.TestReport(nodeid, ("", 0, ""), {}, outcome, None, when, user_properties=list(properties))


def hear(results, *nodeids, **kind):
    for nodeid in nodeids:
        results.pytest_runtest_logreport(report(nodeid, **kind))


@pytest.fixture
def results():
    """Two tests of lora and one of gae passed, and all of them in the browser too."""
    results = Results()
    lora = "tests/snippets/test_lora.py::test_it"
    hear(results, f"{lora}[cpu]", lora, "tests/snippets/test_gae.py::test_it", "tests/ingest/test_lora.py::test_it")
    told = [("browser", "Chromium 1"), ("passed in the browser", Counter(lora=3, gae=1))]
    hear(results, f"{IN_BROWSER}::test_all", properties=told)
    return results


@pytest.fixture
def file(tmp_path, monkeypatch):
    """A file of records that are to stay as they are."""
    path = tmp_path / "records.json"
    old = {"content": "old", "date": "2025-01-01", "machine": "", "browser": "", "passed": {"cpu": 1}}
    path.write_text(json.dumps({"gae": old, "rope": old, "no_snippet_any_more": old}), "utf-8")
    monkeypatch.setattr(_records, "FILE", path)
    return path


def test_passed_tests_count_where_they_ran(results):
    lora = "tests/snippets/test_lora.py::test_it"
    hear(results, f"{lora}[cuda-float16]", f"{lora}[1-cuda:0]")
    hear(results, lora, outcome="skipped")
    hear(results, lora, when="setup")
    assert results.passed["lora"] == {"cpu": 2, "cuda": 2, "browser": 3}
    assert results.passed["gae"] == {"cpu": 1, "browser": 1}


def test_one_snippets_record_leaves_the_others_alone(results, file):
    before = json.loads(file.read_text("utf-8"))
    assert update(["lora"], results, DAY) == []
    after = json.loads(file.read_text("utf-8"))
    lora = after.pop("lora")
    assert (lora["date"], lora["browser"], lora["passed"]) == ("2026-01-02", "Chromium 1", {"browser": 3, "cpu": 2})
    assert lora["content"] == _records.content_of("lora")
    assert "torch" in lora["machine"]
    assert after == {name: before[name] for name in ("gae", "rope")}  # the one that is gone is forgotten


@pytest.mark.parametrize("when", ["setup", "call", "teardown"])
def test_a_snippet_with_a_failed_test_keeps_the_record_it_had(results, file, when):
    hear(results, "tests/snippets/test_gae.py::test_other[cpu]", outcome="failed", when=when)
    assert update(["gae", "lora"], results, DAY) == ["gae: not recorded, 1 of its tests failed"]
    after = json.loads(file.read_text("utf-8"))
    assert (after["gae"]["content"], after["lora"]["date"]) == ("old", "2026-01-02")


def test_a_test_file_that_cannot_be_imported_is_a_failure(results, file):
    results.pytest_collectreport(pytest.CollectReport("tests/snippets/test_gae.py", "failed", None, []))
    assert update(["gae"], results, DAY) == ["gae: not recorded, 1 of its tests failed"]


@pytest.mark.parametrize("fault", ["in a test", "at its import"])
def test_a_failure_in_the_browser_is_nobodys_record(results, file, fault):
    before = file.read_text("utf-8")
    if fault == "in a test":
        hear(results, f"{IN_BROWSER}::test_all", outcome="failed")
    else:
        results.pytest_collectreport(pytest.CollectReport(IN_BROWSER, "failed", None, []))
    assert update(["lora"], results, DAY) == ["lora: not recorded, the run in the browser failed"]
    assert "lora" not in json.loads(before) and "lora" not in json.loads(file.read_text("utf-8"))


def test_what_did_not_run_is_not_in_the_record(file):
    results = Results()
    hear(results, "tests/snippets/test_lora.py::test_it")
    assert update(["lora", "rope"], results, DAY) == ["rope: not recorded, none of its tests ran"]
    lora = json.loads(file.read_text("utf-8"))["lora"]
    assert (lora["browser"], lora["passed"]) == ("", {"cpu": 1})


def test_command_runs_the_named_snippets_and_records_them(file, monkeypatch, capsys):
    asked = []

    def run(arguments, plugins):
        asked.extend(arguments)
        hear(plugins[0], "tests/snippets/test_lora.py::test_it")

    monkeypatch.setattr(pytest, "main", run)
    monkeypatch.setenv("WIKI_SNIPPETS", "")
    assert tool.main(["lora"]) == 0
    assert [argument for argument in asked if argument.startswith("tests/")] == [
        "tests/snippets/test_lora.py",
        IN_BROWSER,
    ]
    assert tool.main(["lora", "gae"]) == 1
    assert "gae: not recorded, none of its tests ran" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="2"):
        tool.main(["no_such_snippet"])
