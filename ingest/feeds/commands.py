"""The command over feeds: `fetch`."""

import argparse
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

from ingest import files
from ingest.concepts import parse_concept
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
    """What finds the concepts of the pages in `docs/topics/` in a title and an abstract."""
    sources, _ = files.read([path for path in (docs / "topics").glob("*.md") if path.name != "index.md"], docs)
    concepts = [concept for source in sources if (concept := parse_concept(source)[0])]
    matcher = Matcher(
        concepts, {source.path.rpartition("/")[2].removesuffix(".md"): prose_of(source) for source in sources}
    )
    return lambda title, abstract: matcher.find(title, abstract)[:CONCEPTS]


def day(text: str) -> date:
    """A day as it is written on the command line."""
    return date.fromisoformat(text)
