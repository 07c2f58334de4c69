"""Days and weeks as people say them."""

from datetime import date, timedelta

MONTHS = "January February March April May June July August September October November December".split()


def day_zh(day: date) -> str:
    """`2026 年 11 月 29 日`."""
    return f"{day.year} 年 {day.month} 月 {day.day} 日"


def day_en(day: date) -> str:
    """`29 November 2026`."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def week_zh(week: str) -> str:
    """An ISO week: `2026 年 7 月 27 日–8 月 2 日`; of one month `2026 年 11 月 16–22 日`."""
    first = date.fromisoformat(f"{week}-1")
    last = first + min(timedelta(days=6), date.max - first)  # somebody may have written 9999
    if first.year != last.year:
        return f"{day_zh(first)}–{day_zh(last)}"
    if first.month != last.month:
        return f"{day_zh(first)}–{last.month} 月 {last.day} 日"
    return f"{first.year} 年 {first.month} 月 {first.day}–{last.day} 日"


def short_week_zh(week: str) -> str:
    """A week where its year is said above: `11 月 16–22 日`."""
    first = date.fromisoformat(f"{week}-1")
    return week_zh(week).removeprefix(f"{first.year} 年 ")
