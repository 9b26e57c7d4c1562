"""Missing values that hide behind a number (-1, 999) or a word ("?", "unknown")."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from sevenfold.core.arrays import Floats, Ints
from sevenfold.core.dataset import Column, Kind
from sevenfold.core.report import Check, CheckSpec, Finding, Severity
from sevenfold.data.checks.base import DataSubject, shown
from sevenfold.data.checks.missing_words import MISSING_WORDS
from sevenfold.data.distances import as_numbers

if TYPE_CHECKING:
    import polars as pl

_NINES = (-9.0, -99.0, -999.0, -9999.0, -99999.0, 99.0, 999.0, 9999.0, 99999.0, 999999.0, 9999999.0, 99999999.0)
_FEWEST = 5
_STRUCTURAL_SHARE = 0.2  # a zero more common than this is a value of its own


class HiddenMissingCodes(Check[DataSubject]):
    """Codes that stand apart from all other values, and words that say missing."""

    spec: ClassVar[CheckSpec] = CheckSpec(
        "hidden-missing-codes",
        "Hidden codes for missing",
        "Numbers such as -1, 0 or 999 that stand apart from all others, and words such as '?': read as values, they "
        "bend every mean and every model.",
    )

    def run(self, subject: DataSubject) -> Sequence[Finding]:
        """A finding for each column and code."""
        findings: list[Finding] = []
        for column in subject.columns:
            values = subject.table.get_column(column.name)
            if column.kind is Kind.NUMBER:
                findings.extend(self._numbers(column.name, as_numbers(values)))
            elif column.kind in (Kind.CATEGORY, Kind.TEXT, Kind.ID):
                findings.extend(self._words(column, values))
            findings.extend(self._read_as_missing(column, values, subject))
        return findings

    def _numbers(self, name: str, values: Floats) -> list[Finding]:
        findings = []
        for code, impossible in _codes(values):
            rows = np.flatnonzero(values == code)
            what = "0" if code == 0 else f"{code:.0f}"
            findings.append(
                Finding(
                    self.spec.code,
                    Severity.WARNING,
                    f"'{name}' is {what} in {len(rows):,} rows and stands apart from all other values ({impossible}).",
                    (name,),
                    shown(rows),
                    why="Such a number often means 'not known'; read as a value it bends the scale of the column.",
                    advice=f"If {what} means missing in '{name}', replace it by an empty field.",
                    evidence={"code": code, "count": len(rows)},
                )
            )
        return findings

    def _words(self, column: Column, values: pl.Series) -> list[Finding]:
        name = column.name
        distinct = values.drop_nulls().unique()
        if len(distinct) == 0 or len(distinct) > 100_000:
            return []
        words = [word for word in distinct.to_list() if word.strip().lower() in MISSING_WORDS]
        if not words:
            return []
        rows = np.flatnonzero(values.is_in(words).fill_null(False).to_numpy())
        if column.kind is Kind.TEXT and len(rows) < max(_FEWEST, 0.001 * len(values)):
            return []  # one-word sentences, not a way of saying missing
        spelled = ", ".join(repr(word) for word in sorted(words)[:6])
        return [
            Finding(
                self.spec.code,
                Severity.WARNING,
                f"'{name}' says missing in words ({spelled}) in {len(rows):,} rows.",
                (name,),
                shown(rows),
                why="A word for missing becomes a category of its own and hides how much is missing.",
                advice="Replace these words by empty fields, unless being unknown is itself a meaningful answer.",
                evidence={"words": sorted(words)[:20], "count": len(rows)},
            )
        ]

    def _read_as_missing(self, column: Column, values: pl.Series, subject: DataSubject) -> list[Finding]:
        """What typing has read as missing already, said so that nobody is surprised."""
        name = column.name
        raw = subject.raw_text(column)
        if raw is None:
            return []
        read = raw.filter(values.is_null() & raw.is_not_null())
        if len(read) == 0:
            return []
        refused = {str(v.received) for v in subject.violations if v.column == name}
        counts = read.value_counts(sort=True, name="rows")
        spellings = {str(w): int(n) for w, n in counts.iter_rows() if w not in refused}
        if not spellings:
            return []
        total = sum(spellings.values())
        mask = values.is_null() & raw.is_in(list(spellings)).fill_null(False)
        rows = np.flatnonzero(mask.to_numpy())
        spelled = ", ".join(f"{word!r} {count:,} times" for word, count in list(spellings.items())[:6])
        return [
            Finding(
                self.spec.code,
                Severity.NOTE,
                f"'{name}': {total:,} values are read as missing: {spelled}.",
                (name,),
                shown(rows),
                why="Missing is spelled in this way in the file; were it read as a value, it would mislead.",
                advice="If one of these is a value, say so in the schema (missing codes of the column).",
                evidence={"spellings": spellings},
            )
        ]


def _codes(values: Floats) -> list[tuple[float, str]]:
    """Codes that stand apart, each with the reason."""
    present = values[~np.isnan(values)]
    found: list[tuple[float, str]] = []
    if len(present) < 50:
        return found
    distinct, counts = np.unique(present, return_counts=True)
    if len(distinct) < 8:
        return found
    for code in _NINES:
        at = int(np.searchsorted(distinct, code))
        if at >= len(distinct) or distinct[at] != code or counts[at] < _FEWEST or at not in (0, len(distinct) - 1):
            continue
        rest = present[present != code]
        low, high = float(rest.min()), float(rest.max())
        away = low - code if at == 0 else code - high
        spread = high - low
        sign_breaks = code < 0 <= low
        if away > spread or (away > 0.5 * spread and _spiked(counts, at)) or sign_breaks:
            found.append((code, f"they lie in {low:g} to {high:g}"))
    for code in (-1.0, 0.0):
        if distinct[0] == code and _FEWEST <= counts[0] <= _STRUCTURAL_SHARE * len(present):
            reason = _below_all(code, present, distinct, counts)
            if reason:
                found.append((code, reason))
    return found


def _below_all(code: float, present: Floats, distinct: Floats, counts: Ints) -> str:
    """Why -1 or 0, the smallest value, stands apart from the rest; empty where it does not."""
    rest = present[present != code]
    low = float(distinct[1])
    spread = float(np.quantile(rest, 0.95) - np.quantile(rest, 0.05))
    if spread <= 0:
        return ""
    spacing = float(np.median(np.diff(distinct[1:])))
    away = low - code
    if code == -1 and low >= 0:
        whole = bool((rest == np.floor(rest)).all())
        # The tail of whole numbers thins out towards its end; a code does not.
        no_tail = whole and low <= 1 and counts[0] * counts[2] > 1.5 * counts[1] ** 2
        if no_tail or (_spiked(counts, 0) and (whole or away > 0.05 * spread)):
            return f"they start at {low:g}"
    if low > 0 and away >= 0.15 * spread and away >= 5 * spacing:
        return f"they start at {low:g}"
    return ""


def _spiked(counts: Ints, at: int) -> bool:
    """Whether a value at the edge is commoner than its neighbours in value, which tails are not."""
    near = counts[1:6] if at == 0 else counts[-6:-1]
    return bool(counts[at] >= 3 * np.median(near))
