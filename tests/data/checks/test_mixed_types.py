"""The check on mixed types: planted faults are found, clean data are silent."""

from __future__ import annotations

import polars as pl
import pytest

from sevenfold.core.report import Severity


def spoiled(values, rows, word):
    words = [str(value) for value in values]
    for row in rows:
        words[row] = word
    return pl.Series(words)


def test_words_among_numbers_of_a_category(clean, subject_of, findings_of, seed):
    table = clean(seed)
    table = table.with_columns(price=spoiled(table["income"], (4, 40, 400), "on request"))
    (finding,) = findings_of("mixed-types", subject_of(table))
    assert finding.columns == ("price",) and finding.rows == (4, 40, 400) and finding.severity is Severity.WARNING


def test_words_that_typing_has_lost(clean, subject_of, findings_of):
    table = clean()
    raw = table.select(income=spoiled(table["income"], (4, 40), "a lot"))
    typed = table.with_columns(
        income=pl.when(pl.int_range(pl.len()).is_in([4, 40])).then(None).otherwise("income")
    )  # fmt: skip
    (finding,) = findings_of("mixed-types", subject_of(typed, raw=raw))
    assert finding.rows == (4, 40) and finding.severity is Severity.WARNING


def test_units_that_typing_can_read_are_a_note(clean, subject_of, findings_of):
    table = clean()
    raw = table.select(income=spoiled(table["income"], (4, 40), "EUR 12"))
    (finding,) = findings_of("mixed-types", subject_of(table, raw=raw))
    assert finding.severity is Severity.NOTE and "can be read" in finding.text


@pytest.mark.parametrize("missing", ["", "?", "n/a", "NULL"])
def test_missing_words_are_another_check(clean, subject_of, findings_of, missing):
    table = clean()
    table = table.with_columns(price=spoiled(table["income"], range(0, 100, 9), missing))
    assert not findings_of("mixed-types", subject_of(table))


def test_codes_of_digits_and_letters_are_silent(clean, subject_of, findings_of, seed):
    codes = pl.Series([f"{i}" if i % 3 else f"PC {i}" for i in range(1200)])
    ranges = pl.Series(["none", "1", "2 to 4", "more than 4"] * 300)
    assert not findings_of("mixed-types", subject_of(clean(seed).with_columns(ticket=codes, claims=ranges)))
