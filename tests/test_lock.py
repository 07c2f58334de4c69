"""The lock pins what pyproject.toml asks for, once for every Python and platform, and names no address."""

import itertools
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]
ORACLES = ROOT / "tools/oracles"
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
PYTHONS = ["3.11.0", "3.11.7", "3.12.1", "3.13.0", "3.14.0"]
PLATFORMS = [
    ("linux", "Linux", "posix", "x86_64"),
    ("linux", "Linux", "posix", "aarch64"),
    ("darwin", "Darwin", "posix", "arm64"),
    ("win32", "Windows", "nt", "AMD64"),
]


def environment(python, platform):
    """What markers are evaluated in."""
    names = ("sys_platform", "platform_system", "os_name", "platform_machine")
    implementation = {"implementation_name": "cpython", "platform_python_implementation": "CPython"}
    version = {"python_full_version": python, "python_version": python.rpartition(".")[0]}
    return default_environment() | dict(zip(names, platform, strict=True)) | implementation | version


ENVIRONMENTS = [environment(*pair) for pair in itertools.product(PYTHONS, PLATFORMS)]


def requirements(text):
    lines = (re.sub(r"(^|\s)#.*", "", line).strip() for line in text.splitlines())
    return [Requirement(line) for line in lines if line]


def lock(folder=ROOT):
    return requirements((folder / "constraints.txt").read_text("utf-8"))


def asked_for():
    """Every requirement that an install begins with, the build backend's among them."""
    project = PYPROJECT["project"]
    extras = itertools.chain.from_iterable(project["optional-dependencies"].values())
    lines = [*project["dependencies"], *extras, *PYPROJECT["build-system"]["requires"]]
    found = [*map(Requirement, lines), *requirements((ROOT / "constraints.in").read_text("utf-8"))]
    return [requirement for requirement in found if requirement.name != project["name"]]


def pins(pinned, requirement, environment):
    name = canonicalize_name(requirement.name)
    return [
        pin.specifier
        for pin in pinned
        if canonicalize_name(pin.name) == name and (pin.marker is None or pin.marker.evaluate(environment))
    ]


def version(specifier):
    [only] = specifier
    return Version(only.version)


def check(pinned, wanted, environment):
    """Each is pinned once, within its range."""
    for requirement in wanted:
        if requirement.marker is None or requirement.marker.evaluate(environment):
            found = pins(pinned, requirement, environment)
            assert len(found) == 1, (str(requirement), environment["python_full_version"], found)
            assert version(found[0]) in requirement.specifier, (str(requirement), str(found[0]))


@pytest.mark.parametrize("folder", [ROOT, ORACLES], ids=["project", "oracles"])
def test_lock_holds_exact_versions_and_no_address(folder):
    for pin in lock(folder):
        assert re.fullmatch(r"==[^*+]+", str(pin.specifier)), pin
        assert not (pin.url or pin.extras), pin
    text = (folder / "constraints.txt").read_text("utf-8")
    assert not re.search(r"://|^\s*-|--|/", text, re.MULTILINE)


def test_no_package_has_two_versions_anywhere():
    for folder, env in itertools.product((ROOT, ORACLES), ENVIRONMENTS):
        pinned = [pin for pin in lock(folder) if pin.marker is None or pin.marker.evaluate(env)]
        names = [canonicalize_name(pin.name) for pin in pinned]
        assert len(names) == len(set(names)), sorted(names)


@pytest.mark.parametrize("env", ENVIRONMENTS, ids=lambda env: f"{env['python_version']}-{env['platform_machine']}")
def test_all_that_is_asked_for_is_pinned_within_its_range(env):
    wanted = asked_for()
    assert {"torch", "mkdocs", "hatchling", "atheris", "uv", "zizmor"} <= {requirement.name for requirement in wanted}
    check(lock(), wanted, env)
    check(lock(ORACLES), requirements((ORACLES / "requirements.txt").read_text("utf-8")), env)


def test_pin_out_of_range_missing_or_double_is_seen():
    env = environment("3.12.1", PLATFORMS[0])
    wanted = requirements("some>=2,<3")
    check(requirements("some==2.1\nsome==2.0 ; python_full_version < '3.12'"), wanted, env)
    for text in ("some==3.0", "", "some==2.1 ; python_full_version < '3.12'", "some==2.1\nsome==2.2"):
        with pytest.raises(AssertionError):
            check(requirements(text), wanted, env)


def test_torchs_pin_takes_the_cpu_build_too():
    """A local version is one of the release it belongs to (PEP 440), so the index decides which build comes."""
    [torch] = [pin for pin in lock() if pin.name == "torch"]
    assert torch.marker is None
    assert Version(f"{version(torch.specifier)}+cpu") in torch.specifier
    [again] = [pin for pin in lock(ORACLES) if pin.name == "torch"]
    assert again == torch


def test_every_install_of_make_is_held_by_a_lock():
    targets = ["site", "check", "test", "oracles", "fuzz", "lock"]
    dry = ["make", "--dry-run", "--always-make", "--no-print-directory", *targets]
    said = subprocess.run(dry, cwd=ROOT, capture_output=True, text=True, check=True).stdout.replace("\\\n", "")
    installs = {line for line in said.splitlines() if "-m pip" in line}
    assert len(installs) == 7
    for line in installs:
        assert re.search(
            r"PIP_CONSTRAINT=(\S*)constraints\.txt PIP_BUILD_CONSTRAINT=\1constraints\.txt \S*python", line
        )
