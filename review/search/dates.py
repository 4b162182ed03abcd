"""The dates of a limit, as PubMed writes them: 2010, 2010/05, 2010/05/31 and ranges of them."""

from __future__ import annotations

import re
from calendar import monthrange

_DAY = re.compile(r"(\d+)(?:[/.-](\d+))?(?:[/.-](\d+))?")
_LAST_YEAR = 9999


def wrong_dates(words: str) -> str | None:
    """What is wrong with a date or a range; None where nothing is, and for words such as `last 5 years`."""
    days = [_DAY.fullmatch(part.strip()) for part in words.split(":")]
    read = [tuple(int(number) for number in day.groups() if number) for day in days if day]
    for day in read:
        if wrong := _impossible(day):
            return f"{'/'.join(f'{number:02}' for number in day)}: {wrong}"
    if len(days) == len(read) == 2 and read[0] > (*read[1], *([99] * (3 - len(read[1])))):
        return "the range goes from late to early"
    return None


def _impossible(day: tuple[int, ...]) -> str | None:
    year, *rest = day
    if not 0 < year <= _LAST_YEAR:
        return "a year has four figures"
    if rest and not 1 <= rest[0] <= 12:
        return f"there is no month {rest[0]}"
    if len(rest) > 1 and not 1 <= rest[1] <= monthrange(year, rest[0])[1]:
        return f"the month has no day {rest[1]}"
    return None
