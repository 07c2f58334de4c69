"""The scripts' types, written as JSDoc, hold: `tsc --checkJs --strict`, in pages and in workers.

TypeScript is pinned by its hash and fetched through npm, once; where there is no Node, or no way to fetch it, the
tests are skipped.
"""

import importlib.util
import io
import json
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from publish.runtime import pack
from publish.runtime.assets import Asset, Fetcher, Unreachable, default_cache, read_lock
from publish.runtime.build import LOCK

TYPESCRIPT = Asset(
    name="typescript",
    version="6.0.3",
    group="types",
    to="typescript.tgz",
    bytes=4515854,
    sha256="33cd0ee1beaa8c9e9d15a9da836c62ddea4c34a42d7c2d349dbc80d94165d22a",
    sources=({"npm": "typescript@6.0.3"},),
)
USED = ("package/lib/tsc.js", "package/lib/_tsc.js", "package/lib/lib.", "package/package.json")


def node() -> Path:
    """Playwright's Node, or the one on PATH."""
    spec = importlib.util.find_spec("playwright")
    places = [Path(spec.origin).parent / "driver" / name for name in ("node", "node.exe")] if spec else []
    found = next((path for path in places if path.is_file()), shutil.which("node"))
    if found is None:
        pytest.skip("no Node: neither Playwright's nor one on PATH")
    return Path(found)


@pytest.fixture(scope="module")
def tsc(tmp_path_factory):
    """Runs the compiler in a folder; what it complains about."""
    fetcher = Fetcher(default_cache(), Path(), lambda line: None)
    try:
        content = fetcher.get(TYPESCRIPT)
    except Unreachable as error:
        pytest.skip(f"TypeScript cannot be had: {error}")
    finally:
        fetcher.close()
    folder = tmp_path_factory.mktemp("typescript")
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        tar.extractall(folder, [one for one in tar if one.name.startswith(USED)], filter="data")
    command = [node(), folder / "package" / "lib" / "tsc.js", "--pretty", "false"]

    def run(place: Path, *options: str) -> list[str]:
        done = subprocess.run([*command, *options], cwd=place, capture_output=True, text=True, check=False)
        assert done.returncode == 0 or done.stdout, done.stderr
        return done.stdout.splitlines()

    return run


def test_types_of_every_script_hold_where_it_runs(tsc):
    checked: set[Path] = set()
    for configuration in ("tsconfig.json", "tsconfig.workers.json"):
        lines = tsc(pack.BROWSER, "--project", configuration, "--listFiles")
        files = {line for line in lines if Path(line).is_absolute()}
        assert [line for line in lines if line not in files] == []
        checked |= set(map(Path, files))
    assert set(pack.BROWSER.rglob("*.js")) <= checked


def test_manifest_as_the_build_writes_it_has_the_type_by_which_scripts_read_it(tsc, tmp_path):
    lock = read_lock(LOCK)
    groups = {name: ["a.zip"] for name in ("core", "matplotlib")}
    made = json.loads(pack.manifest(lock, {"a.zip": b""}, groups, ""))
    lacking = {name: value for name, value in made.items() if name != "warm"}
    lines = [
        f'import type {{ Manifest }} from "{pack.BROWSER.as_posix()}/python/protocol.js";',
        f"export const made: Manifest = {json.dumps(made)};",
        "// @ts-expect-error",
        f"export const lacking: Manifest = {json.dumps(lacking)};",
        "// @ts-expect-error",
        f"export const more: Manifest = {json.dumps({**made, 'more': 1})};",
    ]
    (tmp_path / "manifest.ts").write_text("\n".join(lines), "utf-8")
    configuration = {"extends": f"{pack.BROWSER.as_posix()}/tsconfig.json", "include": ["manifest.ts"]}
    (tmp_path / "tsconfig.json").write_text(json.dumps(configuration), "utf-8")
    assert tsc(tmp_path) == []
