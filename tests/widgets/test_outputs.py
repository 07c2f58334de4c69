"""Every widget at its default, its extremes and its middle: by real torch, and the same numbers by the browser's."""

import json
import os
import re
import subprocess
import sys

import pytest

from tests.browser.torch_api.pair import PACKAGE
from widgets import _form, _outputs

NAMES = _outputs.names()
POSITIONS = ("default", "low", "middle", "high")
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")
OTHER = """
import json, sys
from widgets import _outputs
assert "browser" in sys.modules["torch"].__file__ if "torch" in sys.modules else True
script = _outputs.script(sys.argv[1], "en")
found = {}
for position in sys.argv[2:]:
    shown = _outputs.run(script.at(position))
    found[position] = [shown.text, shown.pictures]
import torch
print(json.dumps([torch.__file__, found]))
"""


def alike(mine, other, what):
    """The same texts, with numbers that differ by no more than the last digit that is written."""
    assert NUMBER.sub("#", mine) == NUMBER.sub("#", other), what
    for a, b in zip(NUMBER.findall(mine), NUMBER.findall(other), strict=True):
        digits = len(a.partition(".")[2].partition("e")[0])
        assert float(b) == pytest.approx(float(a), abs=1.01 * 10**-digits, rel=2e-3), (what, a, b)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("language", _form.LANGUAGES)
def test_committed_output_is_what_the_code_shows(name, language):
    kept, now = _outputs.kept(name, language), _outputs.run(_outputs.script(name, language).code)
    alike(kept.text, now.text, "text")
    assert list(kept.pictures) == list(now.pictures)
    for key in kept.pictures:
        alike(kept.pictures[key], now.pictures[key], key)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_real_torch_and_the_browsers_show_the_same(name):
    """In a process of its own, since only one `torch` fits into one."""
    environment = {**os.environ, "PYTHONPATH": f"{PACKAGE.parent}{os.pathsep}{_outputs.ROOT}"}
    command = [sys.executable, "-c", OTHER, name, *POSITIONS]
    printed = subprocess.check_output(command, env=environment, text=True, cwd=_outputs.ROOT)
    place, found = json.loads(printed)
    assert place.startswith(str(PACKAGE))
    for position in POSITIONS:
        shown = _outputs.run(_outputs.script(name, "en").at(position))
        text, pictures = found[position]
        assert list(pictures) == list(shown.pictures)
        if name == "training" and position in ("middle", "high"):
            continue  # hundreds of steps: rounding has grown, and what is drawn is that of one machine
        alike(shown.text, text, position)
        for key, svg in shown.pictures.items():
            alike(svg, pictures[key], f"{position} {key}")


def test_picture_of_a_key_takes_the_place_of_the_one_before():
    code = "from browser.plot import lines\nfor n in range(3):\n    lines([0, n + 1], key='loss')\nlines([1, 2])"
    assert list(_outputs.run(code).pictures) == ["loss", "1"]
