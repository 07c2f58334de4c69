"""The addresses that people wrote, asked whether they still answer; a command of its own, never part of a build.

An edge. What was found is kept for a while in a small file that may be deleted at any time.
"""

import asyncio
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from pathlib import Path

from ingest.files import write_text
from ingest.markup import links_in
from ingest.model import Link, Source
from ingest.problems import Problem
from ingest.tree import Tree
from ingest.web import Manners, NoResponse, Web, site_of

KEPT = {True: timedelta(days=30), False: timedelta(days=1)}  # by whether the address answered
UNTOLD = re.compile(r"(?:401|403|405|406|418|429|503|999)\b")  # what sites say to programs they do not like


def check_links(
    sources: Iterable[Source],
    memory: Path,
    today: date,
    manners: Manners,
    progress: Callable[[int, int, str], None] = lambda done, total, what: None,
) -> tuple[dict[str, str], list[Problem]]:
    """Ask every address once.

    Args:
        sources: Notes, questions and pages.
        memory: Where answers are kept: one that came for 30 days, one that failed for a day.
        today: The day to count from.
        manners: How servers are asked; a private address is one only where they allow it.
        progress: Told after each address how many are done, of how many, and which.

    Returns:
        What was heard by address, "" where it answered; and F006 for every place that names one that does not.

    Raises:
        CannotWrite: The memory cannot be written.
    """
    places = [
        (source.path, link) for source in sources for link in links_in(list(enumerate(source.text.split("\n"), 1)))
    ]
    known = _remembered(memory, today)
    wanted = sorted({_address(link) for _, link in places} - known.keys())
    heard = asyncio.run(_ask(wanted, manners, progress)) if wanted else {}
    known |= {url: (today, said) for url, said in heard.items()}
    kept = {url: [day.isoformat(), said] for url, (day, said) in sorted(known.items())}
    write_text(memory, json.dumps(kept, ensure_ascii=False, indent=1) + "\n", memory.parents[1])
    problems = [
        Problem(path, link.line, 1, "F006", f"{_address(link)}: {said}")
        for path, link in places
        if (said := known[_address(link)][1]) and not UNTOLD.match(said)
    ]
    return {_address(link): known[_address(link)][1] for _, link in places}, sorted(set(problems))


def _address(link: Link) -> str:
    return link.source.partition("#")[0]


def _remembered(memory: Path, today: date) -> dict[str, tuple[date, str]]:
    """What was heard of addresses not too long ago; nothing where the file is not there or is no such memory."""
    tree = Tree(memory.parents[1])
    try:
        kept: Mapping[str, tuple[str, str]] = json.loads(tree.read(memory.relative_to(tree.root).as_posix()))
        read = {url: (date.fromisoformat(day), str(said)) for url, (day, said) in kept.items()}
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        return {}
    return {url: (day, said) for url, (day, said) in read.items() if today - day < KEPT[not said]}


async def _ask(urls: list[str], manners: Manners, progress: Callable[[int, int, str], None]) -> dict[str, str]:
    """One request at a time for a site, several sites at a time."""
    heard: dict[str, str] = {}
    sites: dict[str, list[str]] = defaultdict(list)
    for url in urls:
        sites[site_of(url, manners)].append(url)
    several = asyncio.Semaphore(manners.hosts)

    async def ask_site(web: Web, mine: list[str]) -> None:
        async with several:
            for url in mine:
                try:
                    await web.get(url)
                    heard[url] = ""
                except NoResponse as error:
                    heard[url] = str(error)
                progress(len(heard), len(urls), url)

    async with Web(manners) as web, asyncio.TaskGroup() as group:
        for mine in sites.values():
            group.create_task(ask_site(web, mine))
    return heard
