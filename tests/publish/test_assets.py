"""The runtime's build: pins, sources, what is written, and what happens when something cannot be had."""

import hashlib
import io
import json
import re
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from publish.__main__ import main
from publish.runtime import assets, pack, packages
from publish.runtime.assets import AssetError, read_lock
from publish.runtime.build import LOCK
from publish.runtime.compile import unzipped

NUMPY = "3db3c4f3e0448f4d62a85c262692f1260ccd8a91335442bd2442f21ffeddb558"  # as pyodide 0.28.3's own lock has it
CORE = b"core of the runtime"
WHEEL = b"numpy for it"
PYODIDE = {"platform": "emscripten_4_0_9", "version": "0.28", "python": "3.13.2", "abi_version": "2025_0"}


class Server:
    """A folder served on localhost; counts what is asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.asked = folder, []
        outer = self

        class Handler(SimpleHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append(self.path)
                super().do_GET()

            def log_message(self, format: str, *args: Any) -> None:
                """Silence."""

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
        self.url = f"http://127.0.0.1:{self.http.server_port}"


@pytest.fixture
def server(tmp_path) -> Iterator[Server]:
    (tmp_path / "served").mkdir()
    made = Server(tmp_path / "served")
    thread = threading.Thread(target=made.http.serve_forever, daemon=True)
    thread.start()
    yield made
    made.http.shutdown()
    thread.join()
    made.http.server_close()


class Project:
    """A lock of the test's own, its cache and its output."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.out, self.cache = folder, folder / "out", folder / "cache"
        self.runtimes = {
            "numpy": {
                "index": "py/",
                "groups": ["core"],
                "optional": ["plots"],
                "packages": ["numpy"],
                "warm": [],
                "shim": False,
            }
        }
        self.files: list[dict[str, Any]] = []

    def pin(self, name: str, content: bytes, *sources: dict[str, str], group: str = "core", **more: Any) -> None:
        self.files.append(
            {
                "name": name,
                "version": "1",
                "group": group,
                "to": f"py/{name}",
                "bytes": len(content),
                "sha256": hashlib.sha256(content).hexdigest(),
                "sources": list(sources),
                **more,
            }
        )

    def build(self, *options: str) -> int:
        lock = self.folder / "lock.json"
        data = {"runtime": "numpy", "runtimes": self.runtimes, "pyodide": PYODIDE, "files": self.files}
        lock.write_text(json.dumps(data), encoding="utf-8")
        return main(["runtime", "--lock", str(lock), "--out", str(self.out), "--cache", str(self.cache), *options])

    def at(self, path: str) -> Path:
        """Where a file of the runtime was written."""
        return self.out / self.manifest["files"][path]["at"]

    @property
    def manifest(self) -> dict[str, Any]:
        return json.loads((self.out / "manifest.json").read_text(encoding="utf-8"))


@pytest.fixture
def project(tmp_path, monkeypatch) -> Project:
    """A project whose own part never changes: snippets and scripts may be edited while the tests run."""
    monkeypatch.setattr(packages, "cell", lambda cache: {"run_cell.py": b""})
    monkeypatch.setattr(pack, "scripts", lambda: {"worker.js": b"// worker"})
    return Project(tmp_path)


def stamps(folder: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def test_build_writes_what_the_lock_pins_and_a_manifest_of_it(project, server):
    (server.folder / "core.wasm").write_bytes(CORE)
    (server.folder / "numpy.whl").write_bytes(WHEEL)
    project.pin("core.wasm", CORE, {"url": f"{server.url}/core.wasm"})
    package = {"depends": [], "imports": ["numpy"]}
    project.pin("numpy", WHEEL, {"url": f"{server.url}/numpy.whl"}, to="py/numpy.whl", package=package)
    assert project.build("--strict") == 0
    assert project.at("py/core.wasm").read_bytes() == CORE
    manifest = project.manifest
    assert manifest["installed"] and manifest["packages"] == ["numpy"]
    core = manifest["groups"]["core"]
    assert {"py/core.wasm", "py/numpy.whl", "py/pyodide-lock.json", *manifest["archives"]} == set(core["files"])
    assert core["bytes"] == sum(project.at(path).stat().st_size for path in core["files"])
    for path, entry in manifest["files"].items():
        digest = hashlib.sha256((project.out / entry["at"]).read_bytes()).hexdigest()
        assert digest == entry["sha256"] and digest[:12] in entry["at"], path
    packages = json.loads(project.at("py/pyodide-lock.json").read_text(encoding="utf-8"))["packages"]
    assert packages["numpy"]["file_name"] == "numpy.whl"
    [archive] = manifest["archives"]
    assert re.fullmatch(r"wiki-[0-9a-f]{12}\.zip", archive) and set(manifest["scripts"]) == {"worker.js"}


def test_a_second_build_asks_nobody_and_touches_nothing(project, server):
    (server.folder / "core.wasm").write_bytes(CORE)
    project.pin("core.wasm", CORE, {"url": f"{server.url}/core.wasm"})
    assert project.build() == 0
    before, asked = stamps(project.out), len(server.asked)
    assert project.build() == 0
    assert stamps(project.out) == before
    assert len(server.asked) == asked == 1


def test_a_damaged_file_in_the_cache_is_fetched_again(project, server):
    (server.folder / "core.wasm").write_bytes(CORE)
    project.pin("core.wasm", CORE, {"url": f"{server.url}/core.wasm"})
    project.build()
    (project.cache / hashlib.sha256(CORE).hexdigest()).write_bytes(b"rotten")
    assert project.build() == 0
    assert len(server.asked) == 2
    assert project.at("py/core.wasm").read_bytes() == CORE


def test_a_wrong_hash_names_file_both_hashes_and_source_and_the_next_source_is_used(project, server, monkeypatch):
    (server.folder / "bad").write_bytes(b"tampered")
    (server.folder / "good").write_bytes(CORE)
    project.pin("core.wasm", CORE, {"url": f"{server.url}/bad"}, {"url": f"{server.url}/good"})
    told: list[str] = []
    lock = project.folder / "lock.json"
    assert project.build() == 0
    fetcher = assets.Fetcher(project.folder / "empty", project.folder, told.append)
    assert fetcher.get(read_lock(lock).assets[0]) == CORE
    [line] = told
    for part in ("core.wasm", f"{server.url}/bad", *(hashlib.sha256(it).hexdigest() for it in (b"tampered", CORE))):
        assert part in line


def test_wrong_bytes_everywhere_are_an_error_and_install_nothing(project, server, capsys):
    (server.folder / "bad").write_bytes(b"tampered")
    project.pin("core.wasm", CORE, {"url": f"{server.url}/bad"})
    assert project.build() == 1
    assert "error: core.wasm" in capsys.readouterr().err
    assert not project.manifest["installed"]
    assert not (project.out / "py").exists()
    assert not (project.cache / hashlib.sha256(CORE).hexdigest()).exists()


def test_with_no_source_reachable_the_build_succeeds_and_the_manifest_says_why(project, server, capsys):
    project.pin("core.wasm", CORE, {"url": f"{server.url}/missing"}, {"file": "nowhere"})
    assert project.build() == 0
    assert "warning: core.wasm" in capsys.readouterr().err
    manifest = project.manifest
    assert not manifest["installed"]
    assert "core.wasm" in manifest["reason"] and "status 404" in manifest["reason"]
    assert manifest["hint"] == "python -m publish runtime"
    assert manifest["groups"]["core"] == {"installed": False, "bytes": 0, "gzip": 0, "files": []}
    assert (
        project.out / project.manifest["scripts"]["worker.js"]
    ).is_file()  # the cell's own scripts are there to say so
    assert project.build("--strict") == 1


def test_an_optional_group_that_is_missing_leaves_the_rest_running(project, server):
    (server.folder / "core.wasm").write_bytes(CORE)
    project.pin("core.wasm", CORE, {"url": f"{server.url}/core.wasm"})
    package = {"depends": [], "imports": ["plots"]}
    project.pin("plots", b"wheel", {"url": f"{server.url}/missing"}, group="plots", package=package)
    assert project.build() == 0
    manifest = project.manifest
    assert manifest["installed"] and not manifest["groups"]["plots"]["installed"]
    assert set(manifest["imports"].values()) == {"classics"}
    assert project.build("--strict") == 1


def test_a_host_that_does_not_answer_is_tried_once(project, server, monkeypatch):
    tried: list[str] = []

    def refuse(url: str, **_: Any) -> None:
        tried.append(url)
        raise assets.httpx.ConnectError("no route")

    monkeypatch.setattr(assets.httpx, "get", refuse)
    for number in range(3):
        project.pin(f"file{number}", CORE + bytes([number]), {"url": f"https://example.org/{number}"})
    assert project.build() == 0
    assert tried == ["https://example.org/0"]


def tarball(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def test_npm_and_pip_are_asked_once_for_an_archive(project, monkeypatch):
    commands: list[list[str]] = []

    def tool(command: list[str]) -> None:
        commands.append(command)
        if "pack" in command:
            folder = Path(command[command.index("--pack-destination") + 1])
            (folder / "runtime-1.tgz").write_bytes(tarball({"package/a": b"a", "package/b": b"b"}))
        else:
            folder = Path(command[command.index("--dest") + 1])
            with zipfile.ZipFile(folder / "carrier-1-py3-none-any.whl", "w") as wheel:
                wheel.writestr("data/c.whl", b"c")

    monkeypatch.setattr(assets, "run", tool)
    monkeypatch.setattr(assets.shutil, "which", lambda name: f"/usr/bin/{name}")
    for name in ("a", "b"):
        project.pin(name, name.encode(), {"npm": "runtime@1", "path": f"package/{name}"})
    project.pin("c", b"c", {"npm": "runtime@1", "path": "package/c"}, {"pypi": "carrier==1", "path": "data/c.whl"})
    assert project.build("--strict") == 0
    assert [command[-1] for command in commands] == ["runtime@1", "carrier==1"]
    assert [project.at(f"py/{name}").read_bytes() for name in "abc"] == [b"a", b"b", b"c"]


def test_without_npm_the_next_source_is_used(project, server, monkeypatch):
    (server.folder / "core").write_bytes(CORE)
    monkeypatch.setattr(assets.shutil, "which", lambda name: None)
    project.pin("core", CORE, {"npm": "runtime@1", "path": "package/core"}, {"url": f"{server.url}/core"})
    assert project.build("--strict") == 0


def test_another_folder_is_never_emptied(project, capsys):
    project.out.mkdir()
    (project.out / "diary.txt").write_text("mine", encoding="utf-8")
    assert project.build() == 2
    assert "manifest.json" in capsys.readouterr().err
    assert (project.out / "diary.txt").read_text(encoding="utf-8") == "mine"


def test_files_that_the_lock_no_longer_has_go(project, server):
    (server.folder / "core").write_bytes(CORE)
    project.pin("core", CORE, {"url": f"{server.url}/core"})
    project.build()
    project.files.clear()
    project.pin("new", CORE, {"url": f"{server.url}/core"})
    project.build()
    left = [project.at(path).name for path in ("py/new", "py/pyodide-lock.json")]
    assert sorted(path.name for path in (project.out / "py").iterdir()) == left


@pytest.mark.parametrize("to", ["../outside", "/etc/passwd", "py/../../x"])
def test_a_lock_cannot_write_outside_the_folder(project, to, capsys):
    project.pin("evil", CORE, {"file": "lock.json"}, to=to)
    assert project.build() == 2
    assert "outside" in capsys.readouterr().err


def test_an_unknown_runtime_is_named_with_those_there_are(project, capsys):
    assert project.build("--runtime", "torch") == 2
    assert "'torch'; there are numpy" in capsys.readouterr().err


def test_archives_depend_on_content_alone(tmp_path):
    files = {"b.py": b"b = 2\n", "a/__init__.py": b""}
    name, content = pack.archive("x", files)
    assert pack.archive("x", dict(reversed(files.items()))) == (name, content)
    assert pack.archive("x", {**files, "b.py": b"b = 3\n"})[0] != name
    assert list(unzipped(content)) == ["a/__init__.py", "b.py"]


def test_all_scripts_and_styles_are_copied():
    assert {"python/worker.js", "cell/cell.css", "search/dialog.js", "page/math.js", "offline/offline.js"} <= set(
        pack.scripts()
    )
    assert all(content == (pack.BROWSER / name).read_bytes() for name, content in pack.scripts().items())


def test_bare_specifiers_become_files_and_comments_go():
    source = b"""/** doc */
import { a } from '@codemirror/state';
import { b,
  c
} from "crelt";
export { d } from '@codemirror/state';
const text = "import x from 'left alone'"; // said
export const e = `// no comment ${a}`;
"""
    made = pack.module(source, {"@codemirror/state": "codemirror-state.js", "crelt": "crelt.js"}).decode()
    assert re.findall(r"from ?(['\"])(.*?)\1", made)[:3] == [
        ("'", "./codemirror-state.js"),
        ('"', "./crelt.js"),
        ("'", "./codemirror-state.js"),
    ]
    assert "'left alone'" in made and "`// no comment ${a}`" in made
    assert "doc" not in made and "said" not in made


def test_a_module_that_imports_something_unknown_is_refused():
    with pytest.raises(KeyError, match="elsewhere"):
        pack.module(b"import x from 'elsewhere';\n", {})


def test_the_projects_lock_pins_every_file_to_exact_versions():
    lock = read_lock(LOCK)
    assert {asset.group for asset in lock.assets} == {"core", "editor", "einops", "matplotlib", "tqdm"}
    assert len({asset.to for asset in lock.assets}) == len(lock.assets)
    for asset in lock.assets:
        assert re.fullmatch(r"[0-9a-f]{64}", asset.sha256)
        assert len(asset.sources) >= 2
        for source in asset.sources:
            if "url" in source:
                assert source["url"].startswith("https://")
                named = ("/v0.28.3/", f"@{asset.version}/", f"/{asset.name}-{asset.version}-")
                assert any(part in source["url"] for part in named)
            else:
                assert re.fullmatch(r"@?[\w./-]+(@|==)\d[\w.]*", source.get("npm") or source["pypi"])
    assert next(asset.sha256 for asset in lock.assets if asset.name == "numpy") == NUMPY


def test_a_lock_that_is_none_says_so(tmp_path):
    path = tmp_path / "lock.json"
    path.write_text('{"files": [{}]}', encoding="utf-8")
    with pytest.raises(AssetError, match="no lock file"):
        read_lock(path)
