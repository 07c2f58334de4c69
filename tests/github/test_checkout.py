"""A clone holds the same bytes on every system, whatever git was told about line ends."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_file_is_checked_out_as_it_was_committed():
    command = ["git", "-c", "core.autocrlf=true", "ls-files", "--eol", "-z"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    rows = [line.split("\t") for line in listed if line]
    assert len(rows) > 500
    for kinds, name in rows:
        index, _, attributes = kinds.split(maxsplit=2)
        as_is = attributes.startswith("attr/-text")
        assert as_is or attributes.strip() == "attr/text=auto eol=lf", name
        assert as_is or index in ("i/lf", "i/none", "i/-text"), name
        assert as_is or not ("corpus" in Path(name).parts or Path(name).suffix in (".png", ".woff2")), name
