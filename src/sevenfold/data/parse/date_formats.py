"""Finding out how a column of strings writes its dates, day before month or month before day."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sevenfold.data.parse.dates import read_dates, read_format

if TYPE_CHECKING:
    import polars as pl

_STILL = "day and month cannot be told apart for certain: the part that never changes is taken for the day"

READABLE_SHARE = 0.95
"""At least this share of the values must read as dates for the column to be one of dates."""

PROBED = 400
"""Distinct values whose shape is looked at; the formats found are then tried on all."""

_MONTH = (
    r"(?i:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sep(?:tember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_WEEKDAY = r"(?P<weekday>(?i:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?i:day)?)(?P<after>,? )"
_TIME = (
    r"(?P<join>[T ]|, )(?P<hour>\d{1,2}):\d{2}(?P<second>:\d{2}(?P<fraction>\.\d{1,9})?)?"
    r"(?P<half>(?P<space> ?)[AaPp][Mm])?"
    r"(?P<zone>\s?(?:[Zz]|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{2}))?"
)
_DAYS = (
    re.compile(r"(?P<Y>\d{4})(?P<s>[-/.])\d{1,2}(?P=s)\d{1,2}"),
    re.compile(r"\d{1,2}(?P<s>[-/. ])\d{1,2}(?P=s)(?P<year>\d{4}|\d{2})"),
    re.compile(rf"\d{{1,2}}(?P<s>[-/. ]?)(?P<month>{_MONTH})(?P<s2>[-/. ]|, |)(?P<year>\d{{4}}|\d{{2}})"),
    re.compile(rf"(?P<month>{_MONTH})(?P<s>[-/. ])\d{{1,2}}(?P<s2>, |,| |-|/)(?P<year>\d{{4}})"),
    re.compile(r"(?P<compact>(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]))"),
    re.compile(r"(?P<Y>(?:19|20)\d{2})(?P<s>[-/])(?:0[1-9]|1[0-2])"),
    re.compile(rf"(?P<month>{_MONTH})(?P<s>[-/ ])(?P<year>\d{{4}}|\d{{2}})"),
)


@dataclass(frozen=True)
class DateNotation:
    """How dates are written.

    Args:
        parse: keys for `read_dates`.
        share: share of the values that read as dates by it, in [0, 1].
        notes: what a person should know.
    """

    parse: dict[str, Any]
    share: float
    notes: tuple[str, ...] = ()


def recognise(values: pl.Series, counts: pl.Series) -> DateNotation | None:
    """The formats by which most of a column's values read as dates, or None.

    Args:
        values: (distinct,) stripped strings without missing ones, in the order in which they first occur.
        counts: (distinct,) how often each occurs.
    """
    probe = values.gather_every(max(1, len(values) // PROBED)).to_list()
    found: dict[str, int] = {}
    for value in probe:
        for form in shapes(value):
            found[form] = found.get(form, 0) + 1
    if not found or max(found.values()) < 0.02 * len(probe):
        return None
    formats = sorted(found, key=lambda form: (-found[form], form))
    formats, ambiguous, order_note = _settle_order(values, counts, formats)
    reading = read_dates(values, {"formats": formats}).values
    share = float(counts.filter(reading.is_not_null()).sum() or 0) / float(counts.sum() or 1)
    if share < READABLE_SHARE:
        return None
    parse: dict[str, Any] = {"formats": formats}
    if ambiguous:
        parse["ambiguous"] = True
    notes = ["as " + ", ".join(f"'{form}'" for form in formats), *([order_note] if order_note else [])]
    if any("%#z" in form for form in formats):
        notes.append("told in UTC" + ("" if all("%#z" in form for form in formats) else ", and so is what has no zone"))
    return DateNotation(parse, share, tuple(notes))


def shapes(value: str) -> list[str]:
    """The strftime formats that a value may be of; two where day and month could change places."""
    weekday = re.match(_WEEKDAY, value)
    head, rest = "", value
    if weekday:
        head = ("%A" if len(weekday["weekday"]) > 3 else "%a") + weekday["after"]
        rest = value[weekday.end() :]
    for index, pattern in enumerate(_DAYS):
        match = pattern.match(rest)
        if match is None:
            continue
        time = _time_of(rest[match.end() :])
        if time is None:
            continue
        return [head + day + time for day in _day_formats(index, match)]
    return []


def _day_formats(index: int, match: re.Match[str]) -> list[str]:
    parts = match.groupdict()
    s = parts.get("s") or ""
    year = "%Y" if len(parts.get("year") or "0000") == 4 else "%y"
    month = "%b" if len(parts.get("month") or "") == 3 else "%B"
    if index == 0:
        return [f"%Y{s}%m{s}%d"]
    if index == 1:
        return [f"%d{s}%m{s}{year}", f"%m{s}%d{s}{year}"]
    if index == 2:
        return [f"%d{s}{month}{parts['s2']}{year}"]
    if index == 3:
        return [f"{month}{s}%d{parts['s2']}{year}"]
    if index == 4:
        return ["%Y%m%d"]
    return [f"%Y{s}%m"] if index == 5 else [f"{month}{s}{year}"]


def _time_of(text: str) -> str | None:
    """The format of what follows the day, "" for nothing, None for what is no time."""
    if not text:
        return ""
    match = re.fullmatch(_TIME, text)
    if match is None:
        return None
    hour = "%I" if match["half"] else "%H"
    out = f"{match['join']}{hour}:%M" + (":%S" if match["second"] else "") + ("%.f" if match["fraction"] else "")
    if match["half"]:
        out += f"{match['space']}%p"
    if match["zone"]:
        named = match["zone"].strip().upper() in ("UTC", "GMT")
        out += "%#z" if named or match["zone"] == match["zone"].lstrip() else " %#z"
    return out


def _settle_order(values: pl.Series, counts: pl.Series, formats: list[str]) -> tuple[list[str], bool, str]:
    """Decide day-month or month-day by the whole column: formats in the order to try, whether it is ambiguous, why."""
    day_first = [form for form in formats if form.find("%d") < form.find("%m") and form[:1] == "%" and "%d" in form]
    month_first = [form.replace("%d", "%_").replace("%m", "%d").replace("%_", "%m") for form in day_first]
    if not day_first:
        return formats, False, ""
    certain = [form for form in formats if form not in day_first and form not in month_first]
    first = values.str.extract(r"^(?:[A-Za-z]+,? )?([0-9]{1,2})[-/. ]", 1).cast(int, strict=False)
    second = values.str.extract(r"^(?:[A-Za-z]+,? )?[0-9]{1,2}[-/. ]([0-9]{1,2})", 1).cast(int, strict=False)
    rows_day = int(counts.filter((first.is_between(13, 31)).fill_null(False)).sum() or 0)
    rows_month = int(counts.filter((second.is_between(13, 31)).fill_null(False)).sum() or 0)
    if rows_day and not rows_month:
        return [*day_first, *certain], False, "the day stands first: the first part goes beyond 12"
    if rows_month and not rows_day:
        return [*month_first, *certain], False, "the month stands first: the second part goes beyond 12"
    if rows_day and rows_month:
        leading, other = (day_first, month_first) if rows_day >= rows_month else (month_first, day_first)
        note = f"mixed: {rows_day} values surely have the day first and {rows_month} the month, the rest as most do"
        return [*leading, *other, *certain], True, note
    return _by_order(values, day_first, month_first, certain, first, second)


def _by_order(
    values: pl.Series,
    day_first: list[str],
    month_first: list[str],
    certain: list[str],
    first: pl.Series,
    second: pl.Series,
) -> tuple[list[str], bool, str]:
    """No part goes beyond 12: a part that never changes is the day, or the reading that runs in time order is right."""
    if first.n_unique() == 1 < second.n_unique():
        return (
            [*day_first, *certain],
            True,
            _STILL,
        )
    if second.n_unique() == 1 < first.n_unique():
        return (
            [*month_first, *certain],
            True,
            _STILL,
        )
    by_day, by_month = (_rises(values, forms) for forms in (day_first, month_first))
    if max(by_day, by_month) >= 0.9 and abs(by_day - by_month) > 0.05:
        leading = day_first if by_day > by_month else month_first
        which = "day" if by_day > by_month else "month"
        return (
            [*leading, *certain],
            True,
            f"day and month cannot be told apart for certain; with the {which} first the rows run in time order",
        )
    leading = month_first if all("/" in form for form in day_first) else day_first
    which = "month" if leading is month_first else "day"
    return (
        [*leading, *certain],
        True,
        f"day and month cannot be told apart: read with the {which} first; edit the schema if that is wrong",
    )


def _rises(values: pl.Series, formats: list[str]) -> float:
    """Share of steps from one value to the next that do not go back in time."""
    steps = read_format(values, formats[0]).drop_nulls().diff().drop_nulls().dt.total_microseconds()
    return float((steps >= 0).mean() or 0.0) if len(steps) else 0.0  # type: ignore[arg-type]
