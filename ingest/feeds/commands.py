"""The command over feeds: `fetch`."""

import argparse
from datetime import UTC, datetime

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
        settings = Settings(manners, force=options.force, progress=show_progress)
        lines, problems = run_fetch(options.feeds, options.talks, datetime.now(UTC), settings)
    for line in lines:
        print(line)
    code = report(problems)
    return 2 if any(problem.code in ("F001", "P010") for problem in problems) else code
