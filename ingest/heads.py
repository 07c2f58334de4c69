"""What the head of an answer is believed."""

import email.utils
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

LONGEST_WAIT = 48 * 3600.0
# No page is older; builds that are to come out the same give every version one day of 1970 or 1980.
_FIRST = datetime(1991, 1, 1, tzinfo=UTC)


def validators(head: Mapping[str, str], now: datetime) -> tuple[str, str]:
    """ETag and Last-Modified by which a version is known again, each "" where it would fit every version."""
    etag, modified = (value if value.isascii() else "" for value in map(head.get, ("etag", "last-modified"), ("", "")))
    day = _time(modified)
    if not day or not _FIRST < day < now + timedelta(days=1):
        modified = ""
    return "" if etag == "*" else etag, modified


def retry_after(head: Mapping[str, str], now: datetime) -> float:
    """Seconds that a server asks to wait, as a number or as a date; 0 if it does not, 48 hours at most."""
    text = head.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), LONGEST_WAIT)
    until, there = _time(text), _time(head["date"]) if "date" in head else now  # its clock may be another
    return min(max((until - there).total_seconds(), 0.0), LONGEST_WAIT) if until and there else 0.0


def _time(text: str) -> datetime | None:
    """The time a header names; in UTC where it names no zone."""
    try:
        time = email.utils.parsedate_to_datetime(text)
        return time if time.tzinfo else time.replace(tzinfo=UTC)
    except (TypeError, ValueError, OverflowError):  # no date, or no time on Earth
        return None
