"""What a page does on its own with a long text that a link or an answer brings takes no square of it."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TIMES = """
import { changeOf } from "ROOT/cell/states.js";
import { Matcher } from "ROOT/search/words.js";
const matcher = Object.create(Matcher.prototype, { ids: { value: new Map() } });
const long = (part) => part.repeat(200_000);
for (const work of [
  () => changeOf(`${long("a")}!1`, `${long("a")}!2`),
  () => changeOf(`a${long(" ")}!1`, `a${long(" ")}!2`),
  () => matcher.findParts(long("A")),
  () => new Matcher([["a", [`${"的".repeat(28)}甲`]]]).find("的".repeat(42)), // four more took 13 times as long
]) {
  const began = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(began);
  console.log((user + system) / 1e6);
}
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="Node runs the modules")
def test_long_text_costs_a_page_no_square_of_it(tmp_path: Path) -> None:
    """200,000 letters took minutes."""
    shutil.copytree(ROOT / "browser", tmp_path / "browser", ignore=shutil.ignore_patterns("torch"))
    (tmp_path / "package.json").write_text('{"type": "module"}', "utf-8")
    script = TIMES.replace("ROOT", (tmp_path / "browser").as_uri())
    (tmp_path / "times.js").write_text(script, "utf-8")
    done = subprocess.run(["node", "times.js"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert all(float(line) < 2 for line in done.stdout.split()), done.stdout
