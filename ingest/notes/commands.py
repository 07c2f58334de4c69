"""The command that begins a note: `new`."""

import argparse
import re
import sys
from collections.abc import Sequence

from ingest import files
from ingest.reporting import report, usage

NUMBER = re.compile(r"\d{3,4}|番外\d{1,4}")


ACADEMIC = "### 学术"  # the template's section of papers


def new(options: argparse.Namespace, news: Sequence[str] | None = None) -> int:
    """Begin a note from talks/TEMPLATE.md.

    Args:
        options: The note's `number`, and `talks`.
        news: Items for its section of papers, in place of the template's sample.
    """
    number = options.number.zfill(3)
    if not NUMBER.fullmatch(number):
        return usage(f"{options.number!r} is no number of a talk, such as 005 or 番外02")
    target = options.talks / "notes" / f"{number}.md"
    if target.exists():
        print(f"{target} exists", file=sys.stderr)
        return 1
    template = options.talks / "TEMPLATE.md"
    sources, problems = files.read([template], options.talks.parent)
    if not sources:
        report(problems)
        return 2
    lines = sources[0].text.split("\n")
    if news and ACADEMIC in lines:
        begin = lines.index(ACADEMIC) + 2
        lines[begin : begin + 1] = news
    text = "\n".join(line if line.startswith("> ") else line.replace("NNN", number) for line in lines)
    files.write_text(target, text, options.talks.parent)
    print(f"{target}: fill in the date and every 提示, then `make check`")
    return 0
