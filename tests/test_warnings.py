"""Which warnings fail a test: all, but for the deprecations that a dependency issues."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

ROOT = Path(__file__).parents[1]
STANDARD = """
    import warnings

    def old():
        warnings.warn("old in Python", DeprecationWarning, stacklevel=2)
"""
DEPENDENCY = """
    import warnings

    import standard

    def renamed():
        warnings.warn("renamed argument", FutureWarning, stacklevel=2)

    def inside():
        renamed()

    def behind():
        standard.old()

    def careless():
        warnings.warn("careless use", UserWarning, stacklevel=2)

    def call(function):
        function()
"""
TESTS = """
    import warnings

    import dependency
    import pytest
    import standard

    def test_shown_at_our_call():
        dependency.renamed()

    def test_shown_inside():
        dependency.inside()

    def test_shown_of_python_there():
        dependency.behind()

    def test_shown_where_expected():
        with pytest.warns(DeprecationWarning):
            standard.old()

    def test_fatal_of_python_here():
        standard.old()

    @pytest.mark.parametrize("category", [DeprecationWarning, PendingDeprecationWarning, FutureWarning, UserWarning])
    @pytest.mark.parametrize("stacklevel", [1, 2])
    def test_fatal_own(category, stacklevel):
        dependency.call(lambda: warnings.warn("our own", category, stacklevel=stacklevel))

    def test_fatal_of_another_kind():
        dependency.careless()
"""


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(dedent(text), "utf-8")


@pytest.mark.slow
def test_dependencys_deprecations_are_shown_and_all_else_fails(tmp_path):
    project, library = tmp_path / "project", tmp_path / "lib"
    write(library / "standard.py", STANDARD)
    write(library / "site-packages/dependency.py", DEPENDENCY)
    write(project / "tests/test_some.py", TESTS)
    write(project / "tests/test_own_import.py", "import standard\n\nstandard.old()\n")
    write(project / "tests/test_shown_import.py", "import dependency\n\ndependency.renamed()\n")
    shutil.copy(ROOT / "pyproject.toml", project)
    shutil.copy(ROOT / "tests/conftest.py", project / "tests")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-rA", "--continue-on-collection-errors", "-p", "no:cacheprovider"],
        cwd=project,
        env=os.environ | {"PYTHONPATH": f"{library}{os.pathsep}{library / 'site-packages'}", "COLUMNS": "200"},
        capture_output=True,
        text=True,
    )
    results = re.findall(r"^(PASSED|FAILED|ERROR) tests/(?:test_some.py::test_)?(\w+)", done.stdout, re.MULTILINE)
    assert len(results) == 4 + 1 + 8 + 1 + 1, done.stdout
    assert {(word, name.partition("_")[0]) for word, name in results} == {
        ("PASSED", "shown"),
        ("FAILED", "fatal"),
        ("ERROR", "test"),  # the module that warns when it is imported
    }, done.stdout
    assert "tests/test_own_import.py - DeprecationWarning: old in Python" in done.stdout
    assert done.stdout.count("FutureWarning: renamed argument") == 3, done.stdout  # in the summary
