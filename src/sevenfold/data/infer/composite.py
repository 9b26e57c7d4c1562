"""Values made of several numbers, "190Nm@ 2000rpm", "120/80" or "52.5, 13.4": each becomes a column of its own."""

from __future__ import annotations

from dataclasses import replace

from sevenfold.core.dataset import Column, Kind
from sevenfold.data.infer.evidence import Evidence, percent
from sevenfold.data.names import says_key
from sevenfold.data.parse.numbers import TOKEN, read_numbers

LEAST_DISTINCT = 30
MOST_NUMBERS = 3
SHARE = 0.9
"""At least this share of the values must hold a number for it to become a column."""
_PUNCTUATION = r"^[#.:\-+]*$"


def split_numbers(evidence: Evidence, column: Column, taken: frozenset[str]) -> list[Column]:
    """The column, and after it one column for each number in its values where they are made of numbers.

    They are where at least 30 values differ, nearly each begins with a number and holds two or more, few patterns
    are left when the numbers are taken away, and something stronger than a point, a colon or a hyphen parts them
    (which would be a version, a phone number or a range).

    Args:
        evidence: the raw column.
        column: what it was taken for.
        taken: names that are no longer free.
    """
    fitting = column.kind in (Kind.CATEGORY, Kind.TEXT) or (column.kind is Kind.ID and not says_key(column.name))
    if not fitting or evidence.is_target or evidence.distinct.height < LEAST_DISTINCT:
        return [column]
    values, rows = evidence.distinct.get_column("value"), evidence.distinct.get_column("rows")
    begins = rows.filter(values.str.contains(r"^[^\p{L}0-9]{0,2}[0-9]")).sum()
    if int(begins or 0) < SHARE * evidence.present:
        return [column]
    patterns = values.str.replace_all(TOKEN, "#").str.to_lowercase()
    if patterns.n_unique() > max(3, 0.1 * len(values)) or patterns.str.contains(_PUNCTUATION).mean() > 0.1:  # type: ignore[operator]
        return [column]
    if float(values.str.contains(r"(^|[^0-9.,])0[0-9]").mean() or 0) > 0.05:  # type: ignore[arg-type]
        return [column]
    found: list[Column] = []
    for nth in range(1, MOST_NUMBERS + 1):
        parse = {"from": column.name, "nth": nth}
        read = read_numbers(values, parse).values
        share = int(rows.filter(read.is_not_null()).sum() or 0) / evidence.present
        name = f"{column.name} {nth}"
        if share < SHARE or name in taken:
            break
        if read.n_unique() > 1:
            said = f"number {nth} in '{column.name}', which {percent(share)} of its values hold"
            found.append(Column(name, Kind.NUMBER, said, parse))
    if len(found) < 2:
        return [column]
    names = " and ".join(f"'{one.name}'" for one in found)
    only_numbers = patterns.n_unique() == 1
    told = f"{column.reason}; made of numbers, which are in {names}" + (" entirely" if only_numbers else "")
    return [replace(column, reason=told, used=column.used and not only_numbers), *found]
