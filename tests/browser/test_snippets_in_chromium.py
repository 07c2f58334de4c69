"""The snippets' own test files, unchanged, in Pyodide in a real Chromium: the browser's torch where readers have it.

Of a test with many variants three run here, unless WIKI_SNIPPETS names the snippets, as `make records` does: all run
natively, and what a browser does otherwise (32-bit sizes, its C library) is not told by the fifth shape.
"""

import json
import os
from collections.abc import Callable
from importlib.metadata import distribution
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from publish.runtime import pack
from publish.runtime.assets import default_cache
from publish.runtime.build import build
from tests.browser.test_worker import LOCK, Tab, served
from tests.browser.torch_api.pair import ROOT
from tests.browser.torch_api.test_snippets import FILES, OPTIONS, verdict

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PYTEST = ("pytest", "pluggy", "iniconfig", "packaging", "pygments")  # this environment's own, all of them pure Python
AROUND = ("pyproject.toml", "tests/__init__.py", "tests/browser/__init__.py", "tests/snippets/trl.json")
VARIANTS = () if "WIKI_SNIPPETS" in os.environ else ("--variants", "3")
# Plain assertions take a third less time; the native run tells what a failed one compared.
RUN = f"""
import os, site, sys
os.chdir(site.getsitepackages()[0])
sys.dont_write_bytecode = True
import pytest
pytest.main({[*OPTIONS, *VARIANTS, "--assert=plain", *(f"tests/snippets/{name}" for name in FILES)]!r})
"""


@pytest.fixture(scope="module")
def chromium(optimizing: Browser) -> Browser:
    return optimizing


def what_tests_need() -> dict[str, bytes]:
    """What goes into site-packages beside torch and the snippets."""
    installed = [file for name in PYTEST for file in distribution(name).files or []]
    found = {
        file.as_posix(): file.locate().read_bytes()
        for file in installed
        if file.suffix == ".py" or file.name == "METADATA"
    }
    paths = [*AROUND, *(f"tests/browser/torch_api/{name}.py" for name in ("__init__", "foreign"))]
    paths += [f"tests/snippets/{name}" for name in ("conftest.py", *FILES)]
    paths += [path.relative_to(ROOT).as_posix() for path in sorted((ROOT / "snippets/essence").glob("*.py"))]
    return found | {path: (ROOT / path).read_bytes() for path in paths}


def test_snippets_own_tests_pass_in_pyodide(
    chromium: Browser, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """The archive goes the way of our own: the manifest lists it, and the worker unpacks it."""
    build(LOCK, tmp_path / "runtime", default_cache())
    manifest = json.loads((tmp_path / "runtime" / "manifest.json").read_text(encoding="utf-8"))
    if not manifest["installed"]:
        pytest.skip(f"the runtime cannot be had: {manifest['reason']}")
    name, content = pack.archive("tests", what_tests_need())
    (tmp_path / "runtime" / pack.at(name, content)).write_bytes(content)
    manifest["archives"].append(name)
    manifest["groups"]["core"]["files"].append(name)
    manifest["files"][name] = pack.entry(content) | {"at": pack.at(name, content)}
    for site in served(tmp_path):
        context = chromium.new_context()
        tab = Tab(context.new_page()).open(site.url)
        assert "result" in tab.load(**manifest)
        answer = tab.run(RUN, page="tests")
        assert "result" in answer, answer
        record_property("passed in the browser", dict(verdict(tab.printed())))  # what xdist can send
        record_property("browser", f"Chromium {chromium.version}, Pyodide")
        context.close()
