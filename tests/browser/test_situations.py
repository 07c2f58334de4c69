"""What learners paste, in the styles of public tutorials: the browser's torch prints what real torch prints.

The code is our own, one file each in `situations/`; it runs as a cell runs it, magics and last values included.
"""

import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from publish.runtime import pack, packages
from publish.runtime.assets import default_cache, read_lock
from publish.runtime.build import LOCK

FOLDER = Path(__file__).parent / "situations"
NAMES = sorted(path.stem for path in FOLDER.glob("*.py"))
NUMBER = re.compile(r"-?\d+\.\d+(?:e[-+]?\d+)?")
RUN = """
import json, os, sys, tempfile, warnings
root, site, shim, names = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]
sys.path[:0] = [*([shim] if shim else []), site, root]
warnings.simplefilter("ignore")
import random, numpy
from browser.python.run_cell import Cells
found = {}
for name in names:
    os.chdir(tempfile.mkdtemp())
    cells, told = Cells(), []
    with open(f"{root}/tests/browser/situations/{name}.py", encoding="utf-8") as file:
        code = file.read()
    for group, modules in json.loads(os.environ["ON_IMPORT"]).items():
        if set(modules) & set(cells.imports(code)):
            cells.came(group)
    answer = cells.run("page", "1", code, "", lambda event, fields: told.append(fields))
    text = "".join(one["text"] for one in told if one.get("stream") in ("stdout", "value"))
    found[name] = [text, answer.get("error", {}).get("traceback", "")]
print("\\n@@@" + json.dumps(found))
"""


def printed(tmp_path_factory, shim):
    """What each situation prints, and what it raises."""
    pytest.importorskip("torch")
    site = tmp_path_factory.mktemp("site")
    for place, content in packages.classics().items():
        (site / place).parent.mkdir(parents=True, exist_ok=True)
        (site / place).write_bytes(content)
    environment = {**os.environ, "MPLBACKEND": "agg", "ON_IMPORT": json.dumps({**pack.ON_IMPORT, "tqdm": ["tqdm"]})}
    environment |= {"PYTHONPATH": str(wheel("einops") or ""), "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
    root = Path(__file__).parents[2]
    folder = tmp_path_factory.mktemp("browser")
    if shim:
        (folder / "torch").symlink_to(root / "browser" / "torch")
    command = [sys.executable, "-c", RUN, str(root), str(site), str(folder) if shim else "", *NAMES]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert "@@@" in done.stdout, done.stderr
    return json.loads(done.stdout.rpartition("@@@")[2])


def wheel(name):
    """A package of the lock, where a build has fetched it."""
    asset = next(asset for asset in read_lock(LOCK).assets if asset.name == name)
    path = default_cache() / asset.sha256
    return path if path.is_file() and asset.to.endswith("-none-any.whl") else None


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    return printed(tmp_path_factory, True)


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    return printed(tmp_path_factory, False)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_situation_prints_what_real_torch_prints(name, ours, theirs):
    for package in re.findall(
        r"^(?:import|from) (einops|matplotlib|tqdm)\b", (FOLDER / f"{name}.py").read_text(), re.M
    ):
        if importlib.util.find_spec(package) is None and wheel(package) is None:
            pytest.skip(f"{package} is not installed here")
    (text, error), (expected, fault) = ours[name], theirs[name]
    assert not fault, fault
    assert not error, error
    assert NUMBER.sub("#", text) == NUMBER.sub("#", expected)
    numbers, wanted = (list(map(float, NUMBER.findall(one))) for one in (text, expected))
    assert numbers == pytest.approx(wanted, rel=2e-3, abs=2e-3)
