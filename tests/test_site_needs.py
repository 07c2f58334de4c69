"""`make site` installs what the site needs and no more: what builds it may import nothing else."""

import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions, requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
MODULES = (
    "ingest.cli publish.__main__ publish.build publish.exports publish.generator publish.search.index snippets._site"
)
PROGRAM = f"""
import importlib, sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {{blocked!r}}:
            raise ModuleNotFoundError(f"{{{{name}}}} is not installed by make site", name=name)
sys.meta_path.insert(0, Refuse())
for module in {MODULES.split()!r}:
    importlib.import_module(module)
"""


def installed_for_the_site():
    """Distributions that come with the project and its extra `site`, those that they need included."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    waiting = [Requirement(line) for line in [*project["dependencies"], *project["optional-dependencies"]["site"]]]
    found = set()
    while waiting:
        requirement = waiting.pop()
        if (name := canonicalize_name(requirement.name)) in found:
            continue
        found.add(name)
        needed = [Requirement(line) for line in requires(requirement.name) or ()]
        extras = requirement.extras or {""}
        waiting += [one for one in needed if not one.marker or any(one.marker.evaluate({"extra": e}) for e in extras)]
    return found


def test_site_is_built_by_what_it_installs_alone():
    wanted = installed_for_the_site()
    blocked = {
        module
        for module, owners in packages_distributions().items()
        if not {*map(canonicalize_name, owners)} & wanted
        and module not in {"pip", "setuptools", "_distutils_hack", *(path.stem for path in ROOT.iterdir())}
    }
    assert {"pytest", "markdownify"} <= blocked and "mkdocs" not in blocked
    command = [sys.executable, "-c", PROGRAM.format(blocked=blocked)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
