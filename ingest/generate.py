"""`ingest build`: `talks/` to `docs/`, by what the last build left.

Apart from the other commands: who makes the site needs nothing of what they load.
"""

import dataclasses
import os
import time

from ingest import files, pipeline
from ingest.addresses import OWNED
from ingest.feeds.weeks import Weeks
from ingest.forks import each_by
from ingest.pages.ways import Ways
from ingest.problems import Problem
from ingest.reporting import print_records, report, usage
from ingest.tree import Strange
from ingest.wiki import Records
from ingest.workspace import Workspace


def generate(space: Workspace, as_json: bool = False, jobs: int = 1) -> int:
    """Write the generated pages under docs/; an exit code.

    Args:
        space: The project's folders.
        as_json: Whether to say counts, problems and seconds as JSON.
        jobs: How many processes may work.

    Raises:
        CannotWrite: One of the folders is a link, or the disk refuses.
        OSError: A process was ended.
    """
    started = time.perf_counter()
    if not space.talks.is_dir():
        return usage(f"no such folder: {space.talks}")
    said = os.environ.get
    ways = Ways(said("REPO_URL", "").rstrip("/"), said("REPO_BRANCH") or "main", said("CONTACT", ""))
    settings = f"{ways} "
    problems: list[Problem] = []
    try:
        counts = space.last_counts(space.state(settings))
    except Strange as error:
        raise files.CannotWrite(None, f"cannot write {error.filename}: {error.strerror}") from error
    if counts:
        counts |= {"written": 0, "removed": 0}
    else:
        inputs, pictures, problems = space.read()
        kept = space.kept()
        kept.each = each_by(jobs)
        pages, records, found = pipeline.build(dataclasses.replace(inputs, ways=ways), kept)
        problems += found
        standing = {name: kept.digests[name] for name in kept.standing}
        done = files.write(space.docs, {**pages, **pictures}, OWNED, standing)
        problems += [Problem(name, 1, 1, "X002", "no build wrote this") for name in done.foreign]
        counts = _counts(records) | {"pages": len(pages), "written": done.written, "removed": done.removed}
        space.keep(kept, done.digests)
        if not problems:
            space.remember(space.state(settings), counts)
    seconds = time.perf_counter() - started
    if as_json:
        return print_records({**counts, "seconds": round(seconds, 3)}, problems)
    print(", ".join(f"{count} {name}" for name, count in counts.items()) + f" in {round(seconds, 3):.2f} s")
    return report(problems)


def _counts(records: Records) -> dict[str, int]:
    return {
        "talks": len(records.talks),
        "questions": len(records.questions),
        "papers": Weeks.of(records.weeks).papers,
        "topics": len(records.concepts),
        "snippets": len(records.snippets),
    }
