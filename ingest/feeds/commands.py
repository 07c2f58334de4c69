"""The command over feeds: `fetch`."""

import argparse
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

from ingest import files, guard
from ingest.concepts import parse_concept
from ingest.feeds.gist import matter
from ingest.matching import CONCEPTS, Matcher, prose_of
from ingest.reporting import report, show_progress

SURER = 2.0  # than of a question: a paper that is filed wrongly stands in a list


def fetch(options: argparse.Namespace) -> int:
    """Bring feeds into talks/papers/, or say how each one did."""
    from ingest.feeds.fetch import Settings, run_fetch  # only this command waits for httpx to be loaded
    from ingest.feeds.outcome import status
    from ingest.feeds.store import relink
    from ingest.web import Manners

    if problems := guard.before_feeds(options.talks):
        return 2 * report(problems, options.format)
    if options.relink:
        more, found = relink(options.talks / "papers", finder(options.docs))
        problems = found
        lines = [f"{more} papers of the archive have more concepts now, by their titles"]
    elif options.status:
        lines, told = status(options.talks, datetime.now(UTC))
        problems = [*told]
    else:
        manners = Manners(allow_private=options.allow_private)
        settings = Settings(manners, force=options.force, progress=show_progress, find=finder(options.docs))
        lines, told = run_fetch(options.feeds, options.talks, datetime.now(UTC), settings, options.since)
        problems = [*told]
    for line in lines:
        print(line)
    code = report(problems, options.format)
    return 2 if any(problem.code in ("F001", "P010") for problem in problems) else code


def finder(docs: Path) -> Callable[[str, str], tuple[str, ...]]:
    """What finds the concepts of the pages in `docs/topics/` in a title and an abstract.

    What the title names counts, and what the abstract names as the paper's matter; where there is only a title that
    names nothing, what it most likely means. An abstract is so long that it sounds like every page somewhere.
    """
    pages = [(docs / folder).glob("*.md") for folder in ("topics", "en/topics")]
    sources, english = (files.read([path for path in found if path.name != "index.md"], docs)[0] for found in pages)
    concepts = [concept for source in sources if (concept := parse_concept(source)[0])]
    matcher = Matcher(concepts, prose_of(sources), prose_of(english))

    def find(title: str, abstract: str) -> tuple[str, ...]:
        said, beside = matter(abstract)
        named, meant = matcher.found(title, said, aside=beside, surer=SURER)
        return named[:CONCEPTS] or (() if abstract else meant[:1])

    return find


def day(text: str) -> date:
    """A day as it is written on the command line."""
    return date.fromisoformat(text)
