"""Arithmetic of dates, on their ordinals: ages, months between two days, a day some months later."""

from __future__ import annotations

import calendar
from datetime import date

FIRST, LAST = date.min.toordinal(), date.max.toordinal()


def full_months(start: int, end: int) -> int:
    """Return the complete months from one day to another, negative when the second comes first."""
    if end < start:
        return -full_months(end, start)
    first, last = date.fromordinal(start), date.fromordinal(end)
    months = (last.year - first.year) * 12 + last.month - first.month
    return months if add_months(start, months) <= end else months - 1


def full_years(start: int, end: int) -> int:
    """Return the age in complete years on the day `end` of who was born on the day `start`."""
    months = full_months(start, end)
    return months // 12 if months >= 0 else -(-months // 12)


def add_months(day: int, months: int) -> int:
    """Return the same day some months later, or the last day of a shorter month; stay within the calendar."""
    start = date.fromordinal(day)
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    if not date.min.year <= year <= date.max.year:
        return FIRST if year < date.min.year else LAST
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(start.day, last)).toordinal()
