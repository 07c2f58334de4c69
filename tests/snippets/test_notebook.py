"""Every snippet's notebook: valid, alone, and it prints what it says."""

import contextlib
import io
import json
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from snippets.__main__ import main, names
from snippets._notebook import WIDGET
from widgets import _outputs

ROOT = Path(__file__).parents[2]
# Notebooks that hold each of the ten widgets; all of them are long.
WITH_WIDGETS = ["attention_scaling", "beam_search", "lora", "kv_cache", "gae", "rope", "bpe", "adamw"]
SHORT = ["sampling", "self_attention"]
# Each in a process of its own, in which torch is loaded already.
ALONE = """
import contextlib, io, json, os, sys
import torch
for path in sys.argv[1:]:
    if os.fork():
        assert os.wait()[1] == 0, path
        continue
    printed, expected, namespace = io.StringIO(), "", {"__name__": "__main__"}
    with contextlib.redirect_stdout(printed):
        for cell in json.load(open(path, encoding="utf-8"))["cells"]:
            if cell["cell_type"] == "code":
                exec("".join(cell["source"]), namespace)
                expected += "".join(line for output in cell["outputs"] for line in output["text"])
    drawing = sys.modules["browser.charts"].__file__
    print(json.dumps([printed.getvalue(), expected, drawing]))
    break
"""


@pytest.mark.parametrize("name", names())
def test_notebook_runs_by_itself_and_prints_what_it_holds(name, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path])
    assert main(["notebook", name, str(tmp_path)]) == 0
    path = tmp_path / f"{name}.ipynb"
    assert capsys.readouterr().out == f"{path}\n"
    made = nbformat.read(path, as_version=4)
    nbformat.validate(made)
    assert "MIT License" in made.cells[0].source
    namespace, expected, printed = {"__name__": "__main__"}, "", io.StringIO()
    with contextlib.redirect_stdout(printed):
        for cell in (cell for cell in made.cells if cell.cell_type == "code"):
            assert "from snippets" not in cell.source or "# @param" in "".join(one.source for one in made.cells)
            exec(compile(cell.source, f"<{name}>", "exec"), namespace)
            expected += "".join(output.text for output in cell.outputs)
    assert expected.strip()
    assert [line.rstrip() for line in printed.getvalue().splitlines()] == expected.splitlines()  # as on the page


@pytest.mark.parametrize("names", [SHORT, pytest.param(WITH_WIDGETS, marks=pytest.mark.slow)], ids=["short", "long"])
def test_notebooks_with_a_widget_need_nothing_of_this_repository(names, tmp_path):
    paths = [tmp_path / f"{name}.ipynb" for name in names]
    for name in names:
        main(["notebook", name, str(tmp_path)])
    run = [sys.executable, "-I", "-c", ALONE, *map(str, paths)]  # no folder of ours is searched for modules
    done = subprocess.run(run, stdout=subprocess.PIPE, text=True, cwd=tmp_path, check=True)
    told = [json.loads(line) for line in done.stdout.splitlines()]
    for path, (printed, expected, drawing) in zip(paths, told, strict=True):
        assert [line.rstrip() for line in printed.splitlines()] == expected.splitlines()
        assert not Path(drawing).is_relative_to(ROOT)
        form = json.loads(path.read_text("utf-8"))["cells"][-1]["source"]
        assert form[0].startswith("# @title ") and any("# @param " in line for line in form)


def test_every_widget_stands_in_a_notebook_that_is_run_alone():
    held = {found for name in WITH_WIDGETS + SHORT for found in widgets_of(name)}
    assert held == set(_outputs.names())


def widgets_of(name):
    return WIDGET.findall((ROOT / "docs" / "topics" / f"{name}.md").read_text("utf-8"))


@pytest.mark.parametrize("name", names())
def test_notebook_of_the_repository_is_fresh(name, tmp_path):
    """`make site` writes them, and Colab reads them from the repository: what counts is what git will commit."""
    main(["notebook", name, str(tmp_path)])
    place = f"docs/notebooks/{name}.ipynb"
    kept = subprocess.run(["git", "show", f":{place}"], cwd=ROOT, capture_output=True)
    if kept.returncode and subprocess.run(["git", "rev-parse"], cwd=ROOT, capture_output=True).returncode:
        pytest.skip("this is no checkout of git")
    assert kept.stdout == (tmp_path / f"{name}.ipynb").read_bytes(), f"to be mended by: git add {place}"
