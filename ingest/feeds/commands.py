"""The command over feeds: `fetch`."""

import argparse
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

from ingest import files, guard
from ingest.concepts import fold, parse_concept
from ingest.matching import CONCEPTS, Matcher, prose_of
from ingest.reporting import report, show_progress


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

    What title or abstract name counts; where they name nothing, what the title most likely means. An abstract is so
    long that it sounds like every page somewhere.
    """
    pages = [(docs / folder).glob("*.md") for folder in ("topics", "en/topics")]
    sources, english = (files.read([path for path in found if path.name != "index.md"], docs)[0] for found in pages)
    concepts = [concept for source in sources if (concept := parse_concept(source)[0])]
    matcher = Matcher(concepts, prose_of(sources), prose_of(english))
    names = {concept.name: [_words(alias) for alias in concept.aliases] for concept in concepts}

    def find(title: str, abstract: str) -> tuple[str, ...]:
        said, meant = _words(f"{title} {abstract}"), matcher.find(title)
        found = dict.fromkeys((*meant, *(matcher.find(title, abstract) if abstract else ())))
        others = {name: [alias for other in found if other != name for alias in names[other]] for name in found}
        named = tuple(
            name
            for name in found
            # `post-training quantization` is of the latter: a name right before another is its adjective
            if any(
                alias in said and not any(alias + after[1:] in said for after in others[name]) for alias in names[name]
            )
        )
        return (named or meant[:1])[:CONCEPTS]

    return find


_WORD = re.compile("[a-z0-9]+|[\u4e00-\u9fff]")


def _words(text: str) -> str:
    """A text's words with a blank on either side of each, as names are compared."""
    return f" {' '.join(_WORD.findall(fold(text)))} "


def day(text: str) -> date:
    """A day as it is written on the command line."""
    return date.fromisoformat(text)
