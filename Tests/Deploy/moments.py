"""The moments that schedule expressions stand for: Unix cron as Kubernetes reads it, and that of EventBridge Scheduler.

Both are read strictly; what one of them would read otherwise than a person is refused.
"""
import re
from datetime import datetime, timedelta, timezone

MONTHS = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split()
DAYS = "SUN MON TUE WED THU FRI SAT".split()


def field(text, low, high, names=()):
    """The numbers that a field allows."""
    allowed = set()
    for part in text.split(","):
        found = re.fullmatch(r"(\*|[0-9]+|[A-Z]{3})(?:-([0-9]+|[A-Z]{3}))?(?:/([1-9][0-9]*))?", part)
        if not found:
            raise ValueError(f"«{part}» is no part of a schedule")
        first, last, step = found.groups()

        def number(word):
            value = names.index(word) + (1 if names is MONTHS else 0) if word in names else int(word)
            if not low <= value <= high:
                raise ValueError(f"«{part}» is outside of {low}…{high}")
            return value
        start = low if first == "*" else number(first)
        end = number(last) if last else high if first == "*" or step else start
        if start > end:
            raise ValueError(f"«{part}» ends before it starts")
        allowed.update(range(start, end + 1, int(step or 1)))
    return allowed


def unix(expression):
    """:return: whether a moment is one of the schedule's"""
    parts = expression.split()
    if len(parts) != 5:
        raise ValueError(f"«{expression}» has not five fields")
    minute, hour, day, month, weekday = parts
    if day != "*" and weekday != "*":
        raise ValueError(f"«{expression}»: cron takes either day, a person would take both")
    if re.search("[0-9]", weekday):
        raise ValueError(f"«{expression}»: Sunday is 0 here and 1 at AWS; write it as a name")
    return matcher(field(minute, 0, 59), field(hour, 0, 23), field(day, 1, 31), field(month, 1, 12, MONTHS),
                   field(weekday, 0, 6, DAYS))


def eventbridge(expression):
    found = re.fullmatch(r"cron\((\S+) (\S+) (\S+) (\S+) (\S+) (\S+)\)", expression)
    if not found:
        raise ValueError(f"«{expression}» is not cron(…) with six fields")
    minute, hour, day, month, weekday, year = found.groups()
    if (day == "?") == (weekday == "?"):
        raise ValueError(f"«{expression}»: exactly one of the two days has to be ?")
    if year != "*":
        raise ValueError(f"«{expression}» ends with a year")
    return matcher(field(minute, 0, 59), field(hour, 0, 23), field(day.replace("?", "*"), 1, 31),
                   field(month, 1, 12, MONTHS), field(weekday.replace("?", "*"), 0, 6, DAYS))


def matcher(minutes, hours, days, months, weekdays):
    return lambda moment: (moment.minute in minutes and moment.hour in hours and moment.day in days
                           and moment.month in months and (moment.weekday() + 1) % 7 in weekdays)


def moments(matches, days=70):
    """All of a few weeks, from a fixed day on."""
    start = datetime(2027, 1, 1, tzinfo=timezone.utc)
    return [moment for moment in (start + timedelta(minutes=n) for n in range(days * 24 * 60)) if matches(moment)]


def longest_gap(found):
    return max((b - a).total_seconds() for a, b in zip(found, found[1:]))
