"""Python as Pyodide loads it: bytecode by pyodide-build, torch as a wheel, the lock that names them."""

import csv
import hashlib
import io
import json
import sys
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest

from ingest.tree import Strange
from publish.runtime import compile, pack, packages
from publish.runtime.assets import AssetError, read_lock
from publish.runtime.build import LOCK
from publish.runtime.compile import compiled, unzipped, zipped
from tests.publish.test_assets import Project, project

__all__ = ["project"]
NAME = "pack-1-py2.py3-none-any.whl"
SOURCES = {"pack/__init__.py": b'"""Doc."""\nx = 1\n', "one.py": b"def f():\n    return 2\n"}
WHEEL = zipped({**SOURCES, "types.pyi": b"x: int\n", "data.txt": b"text"})


@pytest.fixture(scope="module")
def compiler() -> None:
    if compile.compiler() is None:
        pytest.skip("no Python 3.13, or no pyodide-build for it")


def test_bytecode_stands_where_its_source_would(compiler: None, tmp_path: Path) -> None:
    """What only compilers and type checkers read goes; lines are kept, columns are not."""
    name, content = compiled(NAME, WHEEL, 0, tmp_path)
    assert name == "pack-1-cp313-none-any.whl"
    files = unzipped(content)
    assert list(files) == ["data.txt", "one.pyc", "pack/__init__.pyc"]
    for path in ("one.pyc", "pack/__init__.pyc"):
        assert files[path][:8] == compile.MAGIC + b"\3\0\0\0"  # PEP 552: by hash, and no time
    assert b"Doc." in files["pack/__init__.pyc"]
    assert b"Doc." not in unzipped(compiled(NAME, WHEEL, 2, tmp_path)[1])["pack/__init__.pyc"]


def test_compiled_bytes_depend_on_the_archive_alone(
    compiler: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, again = compiled(NAME, WHEEL, 0, tmp_path / "a"), compiled(NAME, WHEEL, 0, tmp_path / "b")
    assert first == again
    assert {info.date_time for info in zipfile.ZipFile(io.BytesIO(first[1])).infolist()} == {compile.EPOCH}
    monkeypatch.setattr(compile, "run", lambda *_, **__: pytest.fail("compiled anew"))
    assert compiled(NAME, WHEEL, 0, tmp_path / "a") == first


def test_what_is_no_valid_python_is_named(compiler: None, tmp_path: Path) -> None:
    with pytest.raises(AssetError, match=r"old-1-py3-none-any\.whl cannot be compiled: .*SyntaxError"):
        compiled("old-1-py3-none-any.whl", zipped({"old.py": b"print 1\n"}), 0, tmp_path)


def test_wheels_go_as_bytecode_where_the_lock_says_so(compiler: None, project: Project) -> None:
    (project.folder / "wheel").write_bytes(WHEEL)
    package = {"depends": [], "imports": ["pack"]}
    project.pin("as-bytecode", WHEEL, {"file": "wheel"}, to=f"py/{NAME}", package=package, optimize=0)
    project.pin("as-it-is", WHEEL, {"file": "wheel"}, package=package)
    assert project.build("--strict") == 0
    made = project.at("py/pack-1-cp313-none-any.whl").read_bytes()
    assert project.at("py/as-it-is").read_bytes() == WHEEL
    locked = json.loads(project.at("py/pyodide-lock.json").read_text("utf-8"))["packages"]
    assert locked["as-bytecode"]["file_name"] == "pack-1-cp313-none-any.whl"
    assert locked["as-bytecode"]["sha256"] == hashlib.sha256(made).hexdigest()
    assert "py/pack-1-cp313-none-any.whl" in project.manifest["groups"]["core"]["files"]


@pytest.mark.parametrize("found", ["none", "a shim", "another Python"])
def test_without_a_python_3_13_everything_stays_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, found: str
) -> None:
    """None on the path, one of pyenv's shims that stands for none, or one whose bytecode Pyodide would refuse."""
    monkeypatch.setenv("HOME", str(tmp_path))
    path = {"none": None, "a shim": "/bin/false", "another Python": sys.executable}[found]
    monkeypatch.setattr("shutil.which", lambda name: path)
    monkeypatch.setattr(compile, "MAGIC", b"none")
    monkeypatch.setattr(compile, "python_313", compile.python_313.__wrapped__)
    monkeypatch.setattr(compile, "compiler", compile.compiler.__wrapped__)
    assert compiled(NAME, WHEEL, 0, tmp_path) == (NAME, WHEEL)
    assert not list(tmp_path.iterdir())


def test_without_pyodide_build_everything_stays_source_and_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def offline(command: list[str], **_: str) -> None:
        if "pip" in command:
            raise OSError("no network")

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(compile, "run", offline)
    monkeypatch.setattr(compile, "python_313", lambda: (sys.executable, "3.13"))
    monkeypatch.setattr(compile, "compiler", compile.compiler.__wrapped__)
    assert compiled(NAME, WHEEL, 0, tmp_path) == (NAME, WHEEL)
    assert "so Python goes as source: no network" in capsys.readouterr().err
    assert list((tmp_path / "openllm-wiki").iterdir()) == []


def test_torch_is_a_proper_wheel(tmp_path: Path) -> None:
    wheel = packages.torch_wheel(tmp_path)
    files = unzipped(wheel.read_bytes())
    version = wheel.name.split("-")[1]
    assert f'__version__ = "{version}"' in files["torch/__init__.py"].decode()
    head = message_from_bytes(files[f"torch-{version}.dist-info/METADATA"])
    assert (head["Name"], head["Version"], head["Requires-Dist"]) == ("torch", version, "numpy")
    assert b"Tag: py3-none-any\n" in files[f"torch-{version}.dist-info/WHEEL"]
    record = {row[0] for row in csv.reader(files[f"torch-{version}.dist-info/RECORD"].decode().splitlines())}
    assert record == set(files)
    modules = {
        f"torch/{path.relative_to(packages.BROWSER / 'torch')}" for path in packages.BROWSER.rglob("torch/**/*.py")
    }
    assert {path for path in files if path.startswith("torch/")} == modules


def test_what_no_page_imports_is_not_shipped(compiler: None, tmp_path: Path) -> None:
    """Our torch has grown; the first Run transfers no more than before, without what nobody imports in a page."""
    used = "encodings/cp1252 encodings/cp437 encodings/gbk pack/__init__ _pyrepl/__init__ _pyrepl/pager ssl"
    unused = "encodings/cp037 encodings/cp850 encodings/mac_greek numpy/f2py/__init__ _pyrepl/reader smtplib "
    unused += "asyncio/windows_events asyncio/proactor_events _ios_support _pydatetime _pyio"
    files = {f"{name}.py": b"" for name in f"{used} {unused}".split()}
    _, content = compiled(NAME, zipped(files), 0, tmp_path)
    assert sorted(unzipped(content)) == sorted(f"{name}.pyc" for name in used.split())


def test_our_own_torch_is_locked_beside_what_it_needs_under_the_hash_of_its_content(tmp_path: Path) -> None:
    lock = read_lock(LOCK)
    files = packages.own(lock, lock.assets, tmp_path)
    index = lock.runtimes[lock.runtime].index
    locked = json.loads(files[f"{index}pyodide-lock.json"])["packages"]
    assert set(locked) == {asset.name for asset in lock.assets if asset.package} | {"torch"}
    torch = locked["torch"]
    content = files[f"{index}{torch['file_name']}"]
    assert torch["sha256"] == hashlib.sha256(content).hexdigest()
    assert torch["file_name"].startswith(f"torch-{torch['sha256'][:12]}-") and torch["file_name"].endswith(".whl")
    assert (torch["depends"], torch["imports"]) == (["numpy"], ["torch"])
    assert packages.own(lock, lock.assets, tmp_path) == files


def test_what_every_start_imports_goes_as_bytecode(compiler: None, tmp_path: Path) -> None:
    lock = read_lock(LOCK)
    files = packages.own(lock, lock.assets, tmp_path)
    [torch] = [unzipped(content) for path, content in files.items() if path.endswith(".whl")]
    assert {path.rpartition(".")[2] for path in torch if path.startswith("torch/")} == {"pyc"}
    assert [path for path in packages.cell(tmp_path) if path.startswith("run_cell.")] == ["run_cell.pyc"]


def test_the_cell_comes_with_the_snippets(tmp_path: Path) -> None:
    names = set(packages.cell(tmp_path))
    assert {"snippets/__init__.py", "snippets/lora.py", "browser/plot.py", "browser/__init__.py"} <= names
    assert names & {"run_cell.py", "run_cell.pyc"}
    assert not [name for name in names if "__pycache__" in name]


def test_nothing_is_packed_by_a_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One may have come since the guard looked."""
    monkeypatch.setattr(pack, "ROOT", tmp_path / "project")
    (tmp_path / "project").mkdir()
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "project" / "lora.py").symlink_to(tmp_path / "secret")
    with pytest.raises(Strange):
        pack.read(tmp_path / "project" / "lora.py")
