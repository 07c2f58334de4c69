"""Days that no fetch saw, and the addresses by which sites give them back: templates such as arXiv's API."""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from ingest.limits import number_in

EARLIER = timedelta(days=5)  # what was announced on a day was sent in so long before: a weekend and two holidays
LONGEST = 92  # days that are asked for one by one
PAGE = 1_000  # entries asked for at a time; arXiv allows 2,000
_DAY, _WEEK = "{day}", "{week}"


def is_missed(covered: date, reached: date, weekends: bool) -> bool:
    """Whether a day lies between two that were seen.

    Args:
        covered: The last day that was seen.
        reached: The next one.
        weekends: Whether the site has anything to show on Saturdays and Sundays.
    """
    between = (covered + timedelta(days=number) for number in range(1, min((reached - covered).days, 10)))
    return any(weekends or day.weekday() < 5 for day in between)


def addresses(template: str, since: date, until: date) -> list[str]:
    """The addresses that together give what appeared from one day to another.

    Args:
        template: An address with `{from}` and `{to}` (times as arXiv's API has them: `202611270000`), `{day}`
            (`2026-11-27`) or `{week}` (`2026-W48`) in it. The last two are asked for one after the other.
        since: The first day.
        until: The last one.
    """
    if _DAY in template or _WEEK in template:
        days = [since + timedelta(days=number) for number in range((until - since).days + 1)][-LONGEST:]
        names = (_filled(template, day, day) for day in days)
        return list(dict.fromkeys(names))
    return [_filled(template, since, until)]


def _filled(template: str, since: date, until: date) -> str:
    year, week, _ = until.isocalendar()
    times = {"from": f"{since:%Y%m%d}0000", "to": f"{until:%Y%m%d}2359"}
    values = times | {"day": until.isoformat(), "week": f"{year}-W{week:02}"}
    return re.sub(r"\{(from|to|day|week)\}", lambda found: values[found[1]], template)


def is_template(text: str) -> bool:
    """Whether an address has a place for a day in it."""
    return _DAY in text or _WEEK in text or ("{from}" in text and "{to}" in text)


def next_page(url: str, start: int) -> str:
    """The address of a list's page that begins with an entry, as arXiv's API takes it."""
    parts = urlsplit(url)
    asked = dict(parse_qsl(parts.query, keep_blank_values=True))
    size = asked.get("max_results", "")
    asked |= {"start": str(start), "max_results": str(max(PAGE, number_in(size)))}
    return urlunsplit(parts._replace(query=urlencode(asked, safe=":[]()*/,")))


def days_of(listed: Iterator[date | None], today: date) -> date | None:
    """The newest day of those that are known and not ahead."""
    return max((day for day in listed if day and day <= today), default=None)
