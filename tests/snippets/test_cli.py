"""`python -m snippets`: what it prints, what it writes, and how it fails."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from snippets.__main__ import main, names

ROOT = Path(__file__).parents[2]


def test_list_names_every_snippet_with_its_title(capsys):
    assert main(["list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == names()
    assert {"dpo_loss", "gae", "lora", "sampling", "self_attention"} <= set(names())
    for line in lines:
        name, title = line.split(maxsplit=1)
        assert title == ast.get_docstring(ast.parse((ROOT / "snippets" / f"{name}.py").read_text())).splitlines()[0]


def test_show_prints_the_file_as_it_is(capsys):
    assert main(["show", "lora"]) == 0
    assert capsys.readouterr().out == (ROOT / "snippets" / "lora.py").read_text(encoding="utf-8")


def test_copy_writes_a_file_that_names_origin_and_licence_and_runs(tmp_path, capsys):
    assert main(["copy", "gae", str(tmp_path)]) == 0
    copied = tmp_path / "gae.py"
    assert capsys.readouterr().out == f"{copied}\n"
    first, _, rest = copied.read_text(encoding="utf-8").partition("\n")
    assert first.startswith("# ")
    assert "snippets/gae.py" in first
    assert "MIT" in first
    assert rest == (ROOT / "snippets" / "gae.py").read_text(encoding="utf-8")
    run = subprocess.run([sys.executable, "gae.py"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert run.stdout.startswith("lam")


def test_copy_goes_to_the_current_directory_by_default(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["copy", "sampling"]) == 0
    assert (tmp_path / "sampling.py").is_file()


@pytest.mark.parametrize(("command", "file"), [("copy", "lora.py"), ("notebook", "lora.ipynb")])
def test_a_file_that_is_there_is_left_alone_unless_forced(command, file, tmp_path, capsys):
    mine = tmp_path / file
    mine.write_text("mine")
    assert main([command, "lora", str(tmp_path)]) == 1
    assert mine.read_text() == "mine"
    assert f"error: {mine} is already there; --force overwrites it" in capsys.readouterr().err
    assert main([command, "lora", str(tmp_path), "--force"]) == 0
    assert "LoRALinear" in mine.read_text(encoding="utf-8")


@pytest.mark.parametrize("command", ["show", "copy", "notebook"])
def test_unknown_name_is_an_error_that_names_near_ones(command, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main([command, "self_atention"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("error: no snippet is called 'self_atention'; did you mean self_attention")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["zzzz", "__init__", "__main__", "../snippets/lora", ""])
def test_name_that_is_like_none_points_to_the_list(name, capsys):
    assert main(["show", name]) == 2
    assert capsys.readouterr().err.startswith(f"error: no snippet is called '{name}'; ")


def test_directory_that_is_not_there_is_an_error(tmp_path, capsys):
    assert main(["copy", "lora", str(tmp_path / "no" / "where")]) == 2
    assert "lora.py: No such file or directory" in capsys.readouterr().err


def test_file_in_place_of_the_directory_is_an_error(tmp_path, capsys):
    (tmp_path / "file").touch()
    assert main(["copy", "lora", str(tmp_path / "file")]) == 2
    assert "error: " in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [[], ["sell"], ["show"], ["notebook"], ["site"], ["new"], ["list", "x"], ["copy", "lora", ".", "more"]],
)
def test_wrong_usage_exits_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as exit_info:
        main(arguments)
    assert exit_info.value.code == 2
    assert "usage: python -m snippets" in capsys.readouterr().err


def test_command_line_does_not_load_torch():
    code = "import sys; from snippets.__main__ import main; main(['list']); sys.exit('torch' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert "lora" in run.stdout
