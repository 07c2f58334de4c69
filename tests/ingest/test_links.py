"""Asking whether addresses answer, of a real server on this machine; nothing else ever asks."""

import json
from datetime import date, timedelta

import pytest

from ingest import links
from ingest.cli import main
from ingest.links import check_links
from ingest.model import Source
from ingest.web import Manners
from tests.ingest.feed_server import feed_server

TODAY = date(2026, 11, 21)
OURS = Manners(patience=60, attempts=1, allow_private=True, trust_named=False, bodies=False)


@pytest.fixture
def server():
    with feed_server() as server:
        server.pages |= {
            "/here": lambda handler: handler.answer(200, b"x" * 100),
            "/moved": lambda handler: handler.answer(301, Location="/here"),
            "/endless": lambda handler: handler.endless(b"x"),
            "/bots": lambda handler: handler.answer(403),
        }
        yield server


def ask(server, tmp_path, *paths, today=TODAY, manners=OURS):
    text = "\n\n".join(f"[文]({server.url}{path})" for path in paths)
    return check_links([Source("a.md", text)], tmp_path / "links.json", today, manners)


def test_address_that_is_gone_is_reported_wherever_it_stands(server, tmp_path):
    heard, problems = ask(server, tmp_path, "/here", "/gone", "/moved", "/gone#part", "/endless")
    assert [(problem.path, problem.line, problem.code) for problem in problems] == [
        ("a.md", 3, "F006"),
        ("a.md", 7, "F006"),
    ]
    assert problems[0].message == f"{server.url}/gone: 404 Not Found"
    assert [url.removeprefix(server.url) for url, said in heard.items() if not said] == ["/here", "/moved", "/endless"]
    assert sorted(server.asked()) == ["/endless", "/gone", "/here", "/here", "/moved"]


def test_host_that_is_not_there_is_reported(server, tmp_path):
    _, [problem] = check_links([Source("a.md", "http://127.0.0.1:9/x")], tmp_path / "links.json", TODAY, OURS)
    assert problem.message.startswith("http://127.0.0.1:9/x: ")


def test_site_that_sends_programs_away_is_no_problem(server, tmp_path):
    heard, problems = ask(server, tmp_path, "/bots")
    assert (list(heard.values()), problems) == (["403 Forbidden"], [])


def test_answers_are_kept_for_a_while_and_failures_for_a_day(server, tmp_path):
    for days, again in ((0, ["/gone", "/here"]), (0, []), (1, ["/gone"]), (30, ["/gone", "/here"])):
        server.requests.clear()
        _, problems = ask(server, tmp_path, "/here", "/gone", today=TODAY + timedelta(days))
        assert sorted(server.asked()) == again
        assert len(problems) == 1
    (tmp_path / "links.json").write_text("[1]")
    ask(server, tmp_path, "/here")
    assert server.asked()[-1] == "/here"
    assert json.loads((tmp_path / "links.json").read_text()) == {f"{server.url}/here": ["2026-11-21", ""]}


def test_private_address_that_a_stranger_wrote_is_not_asked(server, tmp_path):
    manners = Manners(attempts=1, trust_named=False, bodies=False)
    _, [problem] = ask(server, tmp_path, "/here", manners=manners)
    assert "private address 127.0.0.1" in problem.message
    assert server.asked() == []


def test_command_asks_and_a_build_does_not(server, project, capsys, monkeypatch):
    note = project / "talks/notes/101.md"
    note.write_text(note.read_text("utf-8").replace("https://example.org/lora", f"{server.url}/gone"), "utf-8")
    question = project / "talks/questions/unmerge-lora.md"
    question.write_text(question.read_text("utf-8").replace("https://arxiv.org/abs/2106.09685v2", f"{server.url}/here"))
    places = [part for name in ("talks", "docs", "snippets") for part in (f"--{name}", str(project / name))]
    for command in ("check", "build"):
        assert main([command, *places]) == 0
    assert server.asked() == []
    assert main(["links", "--allow-private", *places]) == 1
    output = capsys.readouterr()
    assert "2 addresses: 1 do not answer, 0 will not say" in output.out
    assert f"talks/notes/101.md:11:1: F006 {server.url}/gone: 404 Not Found" in output.err
    monkeypatch.setattr(links, "_ask", None)
    assert main(["links", "--allow-private", *places]) == 1  # from memory


@pytest.mark.parametrize("kept", ["[" * 100_000, "[]", "a link"])
def test_memory_that_is_none_is_nothing(tmp_path, kept):
    memory = tmp_path / ".cache/links.json"
    memory.parent.mkdir()
    if kept == "a link":
        (tmp_path / "mine").write_text('{"https://a.b": ["2026-11-20", ""]}')
        memory.symlink_to(tmp_path / "mine")
    else:
        memory.write_text(kept)
    assert links._remembered(memory, TODAY) == {}
