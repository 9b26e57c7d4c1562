"""Columns that come with a type: what the type says, and where the values say more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sevenfold.core.dataset import Column, Kind
from sevenfold.data.infer.evidence import Evidence
from sevenfold.data.infer.labels import decide_words, is_text_like, levels_of
from sevenfold.data.infer.numeric import decide_numbers
from sevenfold.data.infer.strings import decide_strings
from sevenfold.data.parse.images import is_picture

if TYPE_CHECKING:
    pass


def decide(evidence: Evidence) -> Column:
    """What a column of any polars type is."""
    import polars as pl

    kind = evidence.raw.dtype
    if kind == pl.String or kind == pl.Object or isinstance(kind, pl.Categorical | pl.Enum):
        return decide_strings(_as_strings(evidence))
    if evidence.raw.null_count() == evidence.rows:
        return Column(evidence.name, Kind.CATEGORY, "no values at all", used=False)
    if kind == pl.Boolean:
        return _flag(evidence)
    if kind.is_numeric():
        return decide_numbers(evidence, {}, "")
    if kind in (pl.Duration, pl.Time):
        what = "durations" if kind == pl.Duration else "times of day"
        return Column(evidence.name, Kind.NUMBER, f"{what}, in seconds" + evidence.missing_note(words=False))
    if isinstance(kind, pl.Datetime) or kind == pl.Date:
        return _date(evidence)
    if isinstance(kind, pl.List | pl.Array):
        return _list(evidence)
    if kind == pl.Binary:
        return _bytes(evidence)
    return Column(evidence.name, Kind.TEXT, f"nested values ({kind}), which no model takes", used=False)


def _as_strings(evidence: Evidence) -> Evidence:
    import polars as pl

    from sevenfold.data.parse.reading import as_text

    if evidence.raw.dtype == pl.String:
        return evidence
    return Evidence(as_text(evidence.raw), as_text(evidence.sample), is_target=evidence.is_target)


def _flag(evidence: Evidence) -> Column:
    levels = levels_of(evidence, {})
    note = evidence.missing_note(words=False)
    if len(levels) == 1 and not note:
        return Column(evidence.name, Kind.FLAG, f"constant: always {levels[0]}", levels=levels, used=evidence.is_target)
    return Column(evidence.name, Kind.FLAG, "true or false" + note, levels=levels)


def _date(evidence: Evidence) -> Column:
    import polars as pl

    zone = getattr(evidence.raw.dtype, "time_zone", None)
    what = "days" if evidence.raw.dtype == pl.Date else "dates with times"
    told = f", told in UTC (they come in {zone})" if zone and zone != "UTC" else ""
    reason = what + told + evidence.missing_note(words=False)
    low, high = evidence.raw.min(), evidence.raw.max()
    if low == high and not evidence.raw.null_count():
        return Column(evidence.name, Kind.DATE, f"constant: always {low!s}", used=evidence.is_target)
    return Column(evidence.name, Kind.DATE, reason)


def _list(evidence: Evidence) -> Column:
    inner = evidence.raw.dtype.inner  # type: ignore[attr-defined]
    note = evidence.missing_note(words=False) if not inner.is_nested() else ""
    if inner.is_numeric():
        return Column(evidence.name, Kind.SEQUENCE, "lists of numbers" + note)
    if inner.is_nested():
        return Column(
            evidence.name, Kind.TEXT, f"nested values ({evidence.raw.dtype}), which no model takes", used=False
        )
    return Column(evidence.name, Kind.TEXT, "lists of words, read as one text" + note)


def _bytes(evidence: Evidence) -> Column:
    sample = evidence.raw.drop_nulls().head(1_000)
    share = float(is_picture(sample).mean() or 0.0)  # type: ignore[arg-type]
    if share >= 0.95:
        return Column(evidence.name, Kind.IMAGE, "encoded pictures, by their first bytes")
    if is_text_like(sample):
        return decide_words(_as_strings(evidence))
    return Column(evidence.name, Kind.IMAGE, "bytes that are neither pictures nor text", used=False)
