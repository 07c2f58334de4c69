"""When a paper appeared: what its arXiv id says of it, and which days nobody can mean."""

import re
from datetime import date, timedelta

EARLIEST = date(1950, 1, 1)
_ID = re.compile(r"(?:[a-z-]+/)?(\d\d)(\d\d)")
# A month's last papers are announced after a weekend and a holiday; its first were sent in before the month began, and
# some lay with arXiv's moderators for weeks.
_AFTER, _BEFORE = timedelta(days=4), timedelta(days=45)


def month_of(arxiv: str) -> date | None:
    """The first day of the month that an arXiv id names: `2402.12352` is of February 2024.

    None where it names none. Ids of four digits and a dot began in 2007, so that `9912.00001` is nobody's yet.
    """
    found = _ID.match(arxiv)
    if not found or ("/" not in arxiv and found[1] > "90"):
        return None
    return date(int(found[1]) + (1900 if found[1] > "90" else 2000), int(found[2]), 1)


def is_later(day: date | None, arxiv: str) -> bool:
    """Whether a day is later than that on which the paper with this id appeared."""
    month = month_of(arxiv)
    return bool(day and month and day > (month + timedelta(days=31)).replace(day=1) - timedelta(days=1) + _AFTER)


def refusal(day: date, arxiv: str, today: date | None) -> str:
    """Why no paper can have appeared on a day, or "".

    Args:
        day: As it was read.
        arxiv: The paper's arXiv id, or "".
        today: The day on which it was read, by the clock of somebody who may live a day ahead.
    """
    if today and day > today + timedelta(days=1):
        return "in the future"
    month = month_of(arxiv)
    if day < EARLIEST or (month and day < month - _BEFORE):
        return "too early"
    return ""
