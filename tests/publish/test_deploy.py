"""The configurations of the page on deploying, run by real servers where they are installed."""

import http.client
import os
import re
import shutil
import socket
import subprocess
import time
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from publish import policy

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "docs/about/deploy.md", ROOT / "docs/en/about/deploy.md"]
POLICY = "default-src 'self'; script-src 'self' 'sha256-abc='"
HASHED = ["assets/javascripts/bundle.a5f9d56c.min.js", "runtime/torch-7cd20503216c.zip", "search/terms/0d404645ab.bin"]
CHECKED = ["index.html", "talks/index.html", "runtime/cell.js", "service_worker.js", "runtime/pyodide-0.28.3/a.wasm"]


def block(path, language):
    return re.search(rf"^```{language}\n(.*?)^```", path.read_text("utf-8"), re.DOTALL | re.MULTILINE)[1]


@pytest.fixture
def site(tmp_path):
    folder = tmp_path / "site"
    page = f'<html><meta http-equiv="Content-Security-Policy" content="{POLICY}">' + "x" * 2000
    for name in [*HASHED, *CHECKED, "404.html", "runtime/pyodide-0.28.3/pyodide.mjs", "data.json", ".built"]:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"{page}{name}", "utf-8")
    return folder


@contextmanager
def serving(command, port):
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert server.poll() is None, server.stderr.read()
            time.sleep(0.05)
        yield
    finally:
        server.terminate()
        server.communicate(timeout=20)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def nginx(tmp_path, site, port):
    (tmp_path / "policy").write_text(line_of("nginx", site), "utf-8")
    text = block(PAGES[0], "nginx").replace("/srv/wiki", str(site)).replace("/etc/nginx/wiki-policy.conf", "policy")
    text = text.replace("listen 80", f"listen 127.0.0.1:{port}")
    kinds = "\n".join(
        f"{name}_temp_path {tmp_path}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root; " if os.getuid() == 0 else ""  # the folder is the test's own
    around = f"{user}daemon off; pid {tmp_path}/pid; error_log stderr; events {{}}\nhttp {{ access_log off; {kinds}\n"
    config = tmp_path / "nginx.conf"
    config.write_text(f"{around}include /etc/nginx/mime.types;\n{text}}}\n", "utf-8")
    command = ["nginx", "-p", str(tmp_path), "-c", str(config)]
    tested = subprocess.run([*command, "-t"], capture_output=True, text=True)
    assert tested.returncode == 0, tested.stderr
    return command


def caddy(tmp_path, site, port):
    (tmp_path / "policy").write_text(line_of("caddy", site), "utf-8")
    text = (
        block(PAGES[0], "caddy")
        .replace("/srv/wiki", str(site))
        .replace("/etc/caddy/wiki-policy.caddy", f"{tmp_path}/policy")
    )
    config = tmp_path / "Caddyfile"
    text = text.replace("wiki.example.org", f"http://127.0.0.1:{port}")
    config.write_text("{\n\tadmin off\n}\n" + text, "utf-8")
    return ["caddy", "run", "--config", str(config), "--adapter", "caddyfile"]


def line_of(server, site):
    return policy.LINES[server].format(policy.policy((site / "index.html").read_text("utf-8"))) + "\n"


@pytest.mark.slow
@pytest.mark.parametrize("server", [nginx, caddy], ids=lambda server: server.__name__)
def test_servers_do_what_the_page_promises(tmp_path, site, server):
    if not shutil.which(server.__name__):
        pytest.skip(f"no {server.__name__} here")
    port = free_port()
    with serving(server(tmp_path, site, port), port):

        def ask(path, **headers):
            with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
                connection.request("GET", f"/{path}", headers=headers)
                answer = connection.getresponse()
                return answer, answer.read().decode("utf-8", "replace")

        for name in (*HASHED, *CHECKED):
            answer, text = ask(name.removesuffix("index.html"))
            assert (answer.status, text.endswith(name)) == (200, True), name
            assert answer.headers["Content-Security-Policy"] == f"{POLICY}; frame-ancestors 'self'"
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers.get_all("Cache-Control") == [
                "public, max-age=31536000, immutable" if name in HASHED else "no-cache"
            ], name
            assert answer.headers["ETag"]
        module, _ = ask("runtime/pyodide-0.28.3/pyodide.mjs")
        assert re.fullmatch(r"text/javascript(; charset=utf-8)?", module.headers["Content-Type"])
        assert ask("runtime/pyodide-0.28.3/a.wasm")[0].headers["Content-Type"] == "application/wasm"
        assert ask("")[0].headers["Content-Type"] == "text/html; charset=utf-8"
        part, text = ask(HASHED[1], Range="bytes=0-4")
        assert (part.status, text) == (206, "<html")
        same, _ = ask("", **{"If-None-Match": ask("")[0].headers["ETag"]})
        assert same.status == 304
        missing, text = ask("nowhere/")
        assert (missing.status, text.endswith("404.html")) == (404, True)
        missing, _ = ask("runtime/torch-000000000000.zip")
        assert missing.status == 404
        assert "max-age" not in missing.headers.get("Cache-Control", "")
        assert ask(".built")[0].status == 404
        assert ask("data.json", **{"Accept-Encoding": "gzip"})[0].headers["Content-Encoding"] == "gzip"
        moved, _ = ask("talks")
        assert moved.status in (301, 308)
        assert moved.headers["Location"].endswith("/talks/")


@pytest.mark.parametrize("language", ["nginx", "caddy"])
def test_both_languages_show_the_same_configuration(language):
    first, second = (block(path, language) for path in PAGES)
    assert first == second


def test_policy_is_printed_for_a_server(site, capsys):
    assert policy.main(["nginx", str(site)]) == 0
    line = capsys.readouterr().out
    assert line == f"add_header Content-Security-Policy \"{POLICY}; frame-ancestors 'self'\" always;\n"
    assert policy.main(["caddy", str(site)]) == 0
    assert capsys.readouterr().out.startswith('header Content-Security-Policy "default-src')


@pytest.mark.parametrize("text", [None, "<html>", '<meta http-equiv="Content-Security-Policy" content="a &quot; b">'])
def test_site_that_is_not_built_or_has_no_policy_is_said(tmp_path, capsys, text):
    if text is not None:
        (tmp_path / "index.html").write_text(text, "utf-8")
    assert policy.main(["nginx", str(tmp_path)]) == 1
    assert "make site" in capsys.readouterr().err
