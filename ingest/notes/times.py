"""The day and hour that a note's head names."""

import re
from datetime import date

HOURS = {name: hour for hour, name in enumerate("零 一 二 三 四 五 六 七 八 九 十 十一 十二".split())} | {"两": 2}
DATE = re.compile(r"(20\d\d)(?:\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})|(\d\d)(\d\d))(?!\d)")
CLOCK = re.compile(r"(?<!\d)([01]?\d|2[0-3])[:：]([0-5]\d)(?!\d)")
SPOKEN = re.compile(r"(?:(凌晨|早上|上午|中午|下午|晚上|晚)\s*)?(十[一二]?|[零一二两三四五六七八九]|\d{1,2})\s*点(半)?")


def parse_time(value: str) -> tuple[date | None, str]:
    """Date and `HH:MM` of a field such as `20230610 晚上十点`; None and "" for what is not said."""
    day = None
    if match := DATE.search(value):
        try:
            day = date(int(match[1]), int(match[2] or match[4]), int(match[3] or match[5]))
        except ValueError:
            pass  # no such day: as good as not said, and reported
    rest = value[match.end() :] if match else value
    spoken = SPOKEN.search(rest)
    if clock := CLOCK.search(rest):
        return day, f"{int(clock[1]):02}:{clock[2]}"
    if not spoken:
        return day, ""
    hour = HOURS[spoken[2]] if spoken[2] in HOURS else int(spoken[2])
    if spoken[1] in ("下午", "晚上", "晚") and hour < 12:
        hour += 12
    return day, f"{hour:02}:{30 if spoken[3] else 0:02}" if hour < 24 else ""


def date_fault(value: str) -> str:
    """Why no date can be read from a field's value."""
    if match := DATE.search(value):
        return f"{match[0]} is no day in {value!r}"
    if re.search(r"\d{1,2}\s*[月/.-]\s*\d{1,2}", value):
        return f"no year in {value!r}"
    return f"no date in {value!r}"
