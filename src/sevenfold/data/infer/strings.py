"""Columns of strings: numbers, dates or flags in writing, or words."""

from __future__ import annotations

from sevenfold.core.dataset import Column, Kind
from sevenfold.data.infer.evidence import Evidence, percent
from sevenfold.data.infer.labels import category, decide_words, levels_of
from sevenfold.data.infer.numeric import decide_numbers
from sevenfold.data.parse import date_formats, notation
from sevenfold.data.parse.flags import pair_of
from sevenfold.data.parse.sequences import SHAPE

LEADING_ZEROS = 0.01
"""From this share of values such as '007' on (two at least, or all), a column holds codes."""
FEW, FEW_READABLE = 20, 0.995
"""With fewer different values than this, what does not read as a number is a level: '1 car', '2 cars', '3 to 4'."""
WORD_CODES = 3
"""Up to so many words that come again and again in a column of numbers are taken for codes of missing."""


def decide_strings(evidence: Evidence) -> Column:
    """What a column of strings is."""
    values = evidence.values
    if not evidence.distinct.height:
        return _empty(evidence)
    pair = pair_of(evidence.distinct.get_column("value")) if evidence.distinct.height <= 10 else None
    if pair and (flag := _flag(evidence, pair)):
        return flag
    if values.height:
        for decide in (_date, _number, _sequence):
            column = decide(evidence)
            if column:
                return column
    return decide_words(evidence)


def _empty(evidence: Evidence) -> Column:
    levels = levels_of(evidence, {})
    if levels:
        return category(evidence)
    return Column(evidence.name, Kind.CATEGORY, "no values at all", used=False)


def _flag(evidence: Evidence, pair: tuple[str, str]) -> Column | None:
    levels = levels_of(evidence, {})
    if pair_of(levels) != pair:
        return None
    yes = [level for level in levels if level.lower() == pair[0]]
    no = [level for level in levels if level.lower() == pair[1]]
    reason = f"'{yes[0]}' and '{no[0]}' only" + evidence.missing_note(words=True)
    if len(levels) > 2:
        reason += f"; also written {', '.join(repr(level) for level in levels if level not in (yes[0], no[0]))}"
    found = tuple(dict.fromkeys("true" if level.lower() in (pair[0], "1", "1.0") else "false" for level in levels))
    return Column(evidence.name, Kind.FLAG, reason, {"true": [pair[0]], "false": [pair[1]]}, found)


def _number(evidence: Evidence) -> Column | None:
    import polars as pl

    values = evidence.values
    finite = values.filter(~pl.col("value").str.contains(r"(?i)^[+-]?inf(inity)?$"))
    texts, rows = finite.get_column("value"), finite.get_column("rows")
    total = int(rows.sum())
    zeros = rows.filter(texts.str.contains(r"^0[0-9]+$"))
    if int(zeros.sum()) > max(1, LEADING_ZEROS * total) or (total and int(zeros.sum()) == total):
        return None
    found = notation.recognise(texts, rows)
    words = int(evidence.distinct.get_column("rows").sum()) - int(values.get_column("rows").sum())
    if words >= 0.05 * evidence.present and values.height < 10:
        return None  # 'none', 1, 2, 3: a level, not a missing value
    few = values.height < FEW
    if found.share >= (FEW_READABLE if few else notation.READABLE_SHARE):
        why = list(found.notes)
        if found.share < 1:
            why.insert(0, f"{percent(found.share)} of the values read as numbers, the rest cannot be read")
        return decide_numbers(evidence, found.parse, ", ".join(why))
    return _with_word_codes(evidence, found)


def _with_word_codes(evidence: Evidence, found: notation.Notation) -> Column | None:
    """Numbers among which one word or a few come again and again: 'Varies', 'absent'."""
    if found.share < 0.8:
        return None
    import polars as pl

    from sevenfold.data.parse.numbers import read_numbers

    values = evidence.values
    read = read_numbers(values.get_column("value"), found.parse).values
    words = values.filter(read.is_null())
    if (
        words.height > WORD_CODES
        or values.height - words.height < 20
        or words.select((pl.col("rows") < 2).any()).item()
    ):
        return None
    codes = words.sort("rows", descending=True).get_column("value").to_list()
    said = ", ".join(f"'{code}'" for code in codes)
    why = [f"{percent(found.share)} of the values read as numbers, and {said} for the rest is taken for missing"]
    return decide_numbers(evidence, {**found.parse, "missing": codes}, ", ".join([*why, *found.notes]))


def _date(evidence: Evidence) -> Column | None:
    values = evidence.values
    found = date_formats.recognise(values.get_column("value"), values.get_column("rows"))
    if found is None or (found.parse["formats"] == ["%Y%m%d"] and (values.height < 5 or found.share < 0.995)):
        return None
    why = list(found.notes)
    if found.share < 1:
        why.append(f"{percent(1 - found.share)} of the values cannot be read")
    reason = "dates " + "; ".join(why) + evidence.missing_note(words=True)
    if evidence.values.height == 1 and evidence.whole.height == 1 and not evidence.is_target:
        constant = f"constant: always {values.get_column('value')[0]}"
        return Column(evidence.name, Kind.DATE, constant, found.parse, used=bool(evidence.raw.null_count()))
    return Column(evidence.name, Kind.DATE, reason, found.parse)


def _sequence(evidence: Evidence) -> Column | None:
    values = evidence.values
    if float(values.get_column("value").head(200).str.contains(SHAPE).mean() or 0) < 1:  # type: ignore[arg-type]
        return None
    shaped = values.get_column("rows").filter(values.get_column("value").str.contains(SHAPE)).sum()
    if shaped < notation.READABLE_SHARE * int(values.get_column("rows").sum()):
        return None
    return Column(evidence.name, Kind.SEQUENCE, "lists of numbers in brackets" + evidence.missing_note(words=True))
