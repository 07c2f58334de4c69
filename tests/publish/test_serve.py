"""The server: what it watches, what it says of its port, and that no build ends it."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import urlopen

import pytest

from publish.serve import changes, serve
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
