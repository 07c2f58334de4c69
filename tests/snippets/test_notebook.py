"""Every snippet's notebook: valid, alone, and it prints what it says."""

import contextlib
import io
import subprocess
from pathlib import Path

import nbformat
import pytest

from snippets.__main__ import main, names

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", names())
def test_notebook_runs_by_itself_and_prints_what_it_holds(name, tmp_path, capsys):
    assert main(["notebook", name, str(tmp_path)]) == 0
    path = tmp_path / f"{name}.ipynb"
    assert capsys.readouterr().out == f"{path}\n"
    made = nbformat.read(path, as_version=4)
    nbformat.validate(made)
    assert "MIT License" in made.cells[0].source
    namespace, expected, printed = {"__name__": "__main__"}, "", io.StringIO()
    with contextlib.redirect_stdout(printed):
        for cell in (cell for cell in made.cells if cell.cell_type == "code"):
            assert "from snippets" not in cell.source
            exec(compile(cell.source, f"<{name}>", "exec"), namespace)
            expected += "".join(output.text for output in cell.outputs)
    assert expected.strip()
    assert [line.rstrip() for line in printed.getvalue().splitlines()] == expected.splitlines()  # as on the page


@pytest.mark.parametrize("name", names())
def test_notebook_of_the_repository_is_fresh(name, tmp_path):
    """`make site` writes them, and Colab reads them from the repository: what counts is what git will commit."""
    main(["notebook", name, str(tmp_path)])
    place = f"docs/notebooks/{name}.ipynb"
    kept = subprocess.run(["git", "show", f":{place}"], cwd=ROOT, capture_output=True)
    if kept.returncode and subprocess.run(["git", "rev-parse"], cwd=ROOT, capture_output=True).returncode:
        pytest.skip("this is no checkout of git")
    assert kept.stdout == (tmp_path / f"{name}.ipynb").read_bytes(), f"to be mended by: git add {place}"
