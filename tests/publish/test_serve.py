"""The server: what it watches, what it says of its port, and that no build ends it."""

import os
import socket
import subprocess
import sys
import threading
import time
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from publish.serve import Quiet, changes, serve
from tests.publish.conftest import write

ROOT = Path(__file__).parents[2]


def test_port_that_is_taken_is_said_in_one_line_before_anything_is_built(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("publish.serve.update", lambda *_: pytest.fail("built"))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert serve(tmp_path, port) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and f"127.0.0.1:{port}" in said and "--port" in said
    assert serve(tmp_path, 70_000) == 2


def test_what_a_build_writes_is_no_change(tmp_path, monkeypatch):
    names = ["docs/qa/a.md", "docs/runtime/x.js", "docs/topics/rope.md", "talks/notes/007.md"]
    batches = [{(1, str(tmp_path / name))} for name in names]
    monkeypatch.setattr("publish.serve.watch", lambda *places, **options: iter(batches))
    found = [path.relative_to(tmp_path).as_posix() for batch in changes(tmp_path) for path in batch]
    assert found == names[2:]


@pytest.mark.parametrize("name", ["site", "docs/x", "talks/notes"])
def test_branch_with_a_link_is_neither_served_nor_watched(tmp_path, capsys, monkeypatch, name):
    """The server stood in a stranger's `site`, a home, before anything was looked at; the watch went through."""
    monkeypatch.setattr("publish.serve.update", lambda *_: pytest.fail("built"))
    monkeypatch.setattr("publish.serve.watch", lambda *_, **__: pytest.fail("watched"))
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).symlink_to(tmp_path.parent)
    assert serve(tmp_path, 0) == 2
    assert f"{name}:1:1: X001" in capsys.readouterr().err


def test_link_that_comes_later_ends_it(tmp_path, capsys, monkeypatch):
    def watch(*_, **__):
        (tmp_path / "docs/x").symlink_to(tmp_path.parent)
        yield {(1, str(tmp_path / "docs/x"))}

    (tmp_path / "docs").mkdir()
    builds = []
    monkeypatch.setattr("publish.serve.update", lambda *_: builds.append(1))
    monkeypatch.setattr("publish.serve.watch", watch)
    assert serve(tmp_path, 0) == 2 and builds == [1]
    assert "docs/x:1:1: X001" in capsys.readouterr().err


def test_no_link_is_served(tmp_path):
    for name in ("site/a/index.html", "site/b.txt", "other/index.html", "other/secret"):
        write(tmp_path, name, "secret" if "other" in name else "shown")
    for name in ("c", "d/e"):
        (tmp_path / "site" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "site" / name).symlink_to(tmp_path / "other")
    (tmp_path / "site/f").mkdir()
    (tmp_path / "site/f/index.html").symlink_to(tmp_path / "other/secret")
    (tmp_path / "here").symlink_to(tmp_path)  # the way to the project may be one
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path / "here/site")))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    found = {}
    for name in ("a", "a/", "b.txt", "c", "c/", "c/secret", "d/e/secret", "f/", "d/", "../other/secret"):
        try:
            found[name] = urlopen(f"http://127.0.0.1:{server.server_port}/{name}").read().decode()
        except HTTPError as error:
            found[name] = error.code
    server.shutdown()
    server.server_close()
    assert found == {name: "shown" if name in ("a", "a/", "b.txt") else 404 for name in found}


@pytest.mark.slow
def test_server_shows_what_changed_and_survives_a_page_that_does_not_build(project):
    # Without pages of snippets: no runtime has to be fetched for this, and nothing is searched.
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-c", SERVE]
    with subprocess.Popen(command, cwd=project, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            address = next(line for line in process.stdout if line.startswith("http://")).strip()

            def shown(page):
                return urlopen(f"{address}{page}").read().decode()

            def wait_for(page, text):
                until = time.monotonic() + 120
                while text not in shown(page):
                    assert time.monotonic() < until, f"{page} does not show {text}"
                    time.sleep(0.2)

            wait_for("talks/007/", "相对的距离")
            good = (project / "docs/topics/plain.md").read_text("utf-8")
            write(project, "docs/topics/plain.md", f'{good}\n--8<-- "generated/nowhere.md"\n')
            note = (project / "talks/notes/007.md").read_text("utf-8")
            write(project, "talks/notes/007.md", note.replace("距离", "位置"))
            wait_for("talks/007/", "相对的位置")
            assert "平" in shown("topics/plain/")
            write(project, "docs/topics/plain.md", f"{good}\n改了。\n")
            wait_for("topics/plain/", "改了。")
        finally:
            process.terminate()


SERVE = """
import sys
from pathlib import Path
from publish import serve

serve.BUILD = (*serve.BUILD, "--without", "runtime", "--without", "snippets", "--without", "search")
sys.exit(serve.serve(Path.cwd(), 0))
"""
