"""The command over feeds: `fetch`."""

import argparse
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

from ingest import files
from ingest.concepts import fold, parse_concept
from ingest.link import CONCEPTS
from ingest.matching import Matcher, prose_of
from ingest.reporting import report, show_progress


def fetch(options: argparse.Namespace) -> int:
    """Bring feeds into talks/papers/, or say how each one did."""
    from ingest.feeds.fetch import Settings, run_fetch  # only this command waits for httpx to be loaded
    from ingest.feeds.outcome import status
    from ingest.web import Manners

    if options.status:
        lines, problems = status(options.talks, datetime.now(UTC))
    else:
        manners = Manners(allow_private=options.allow_private)
        settings = Settings(manners, force=options.force, progress=show_progress, find=finder(options.docs))
        lines, problems = run_fetch(options.feeds, options.talks, datetime.now(UTC), settings, options.since)
    for line in lines:
        print(line)
    code = report(problems, options.format)
    return 2 if any(problem.code in ("F001", "P010") for problem in problems) else code


def finder(docs: Path) -> Callable[[str, str], tuple[str, ...]]:
    """What finds the concepts of the pages in `docs/topics/` in a title and an abstract.

    What title or abstract name counts; where they name nothing, what the title most likely means. An abstract is so
    long that it sounds like every page somewhere.
    """
    sources, _ = files.read([path for path in (docs / "topics").glob("*.md") if path.name != "index.md"], docs)
    concepts = [concept for source in sources if (concept := parse_concept(source)[0])]
    matcher = Matcher(concepts, {Path(source.path).stem: prose_of(source) for source in sources})
    names = {concept.name: [_words(alias) for alias in concept.aliases] for concept in concepts}

    def find(title: str, abstract: str) -> tuple[str, ...]:
        said, meant = _words(f"{title} {abstract}"), matcher.find(title)
        found = dict.fromkeys((*meant, *(matcher.find(title, abstract) if abstract else ())))
        named = tuple(name for name in found if any(alias in said for alias in names[name]))
        return (named or meant[:1])[:CONCEPTS]

    return find


_WORD = re.compile("[a-z0-9]+|[\u4e00-\u9fff]")


def _words(text: str) -> str:
    """A text's words with a blank on either side of each, as names are compared."""
    return f" {' '.join(_WORD.findall(fold(text)))} "


def day(text: str) -> date:
    """A day as it is written on the command line."""
    return date.fromisoformat(text)
