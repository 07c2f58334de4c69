"""A formula's own macros are put in as often as makes a formula that somebody would read."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RENDER = """
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
const source = readFileSync("browser/page/limits.js", "utf8");
const { limits } = await import("data:text/javascript," + encodeURIComponent(source));
const katex = createRequire(process.cwd() + "/")("./docs/assets/vendor/katex/katex.min.js");
const lengths = JSON.parse(process.argv[1]).map((tex) => {
  try { return katex.renderToString(tex, limits(tex)).length; } catch { return 0; }
});
console.log(JSON.stringify(lengths));
"""


def lengths(*formulas: str) -> list[int]:
    """How long each becomes as HTML, 0 where its source is shown."""
    if not (node := shutil.which("node")):
        pytest.skip("no node")
    command = [node, "--input-type=module", "--eval", RENDER, json.dumps(formulas)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    return json.loads(done.stdout)


def test_macros_that_multiply_are_shown_as_source() -> None:
    """1,200 letters took a browser seven seconds, 4,000 longer than anybody waits."""
    long = r"\def\a{" + "x" * 1000 + "}" + r"\a" * 100
    arguments = (
        r"\def\a#1{\b{#1#1#1#1#1#1#1#1#1}}\def\b#1{\c{#1#1#1#1#1#1#1#1#1}}\def\c#1{#1#1#1#1#1#1#1#1#1}\a{\a{\a x}}"
    )
    expanded = r"\def\a{xxxx}\edef\a{\a\a\a\a}\edef\a{\a\a\a\a}\edef\a{\a\a\a\a}\edef\a{\a\a\a\a}\edef\a{\a\a\a\a}\a"
    assert lengths(long, r"\newcommand{\a}" + long[6:], arguments, expanded) == [0, 0, 0, 0]


def test_macros_that_spare_words_are_put_in() -> None:
    assert min(lengths(r"\def\R{\mathbb R}x\in\R, y\in\R", r"\newcommand{\KL}{D_{\mathrm{KL}}}\KL(p)")) > 0
    assert min(lengths("x^{" * 300 + "}" * 300, r"\frac12+\dots " * 90)) > 10_000
