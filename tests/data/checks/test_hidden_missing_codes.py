"""The check on hidden missing codes: planted faults are found, clean data are silent."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from sevenfold.core.dataset import Kind
from sevenfold.core.report import Severity


def planted(seed, code, draw, share=0.02, rows=2000):
    stream = np.random.default_rng(seed)
    values = draw(stream, rows).astype(float)
    where = np.sort(stream.choice(rows, int(share * rows), replace=False))
    values[where] = code
    return pl.DataFrame({"x": values, "y": stream.choice(["a", "b"], rows)}), tuple(where.tolist())


AGES = lambda stream, rows: stream.integers(16, 80, rows)  # noqa: E731
WEIGHTS = lambda stream, rows: stream.normal(70, 9, rows)  # noqa: E731
COUNTS = lambda stream, rows: stream.poisson(3, rows)  # noqa: E731
MONEY = lambda stream, rows: stream.lognormal(8, 1, rows)  # noqa: E731


@pytest.mark.parametrize(
    ("code", "draw"),
    [
        (0, AGES), (-1, AGES), (999, AGES), (-999, AGES), (0, WEIGHTS), (-1, WEIGHTS), (9999, WEIGHTS),
        (99, COUNTS), (-1, COUNTS), (-9, COUNTS), (-999, MONEY), (9999999, MONEY),
    ],
)  # fmt: skip
def test_a_code_apart_is_found_with_its_rows(subject_of, findings_of, code, draw, seed):
    table, rows = planted(seed, code, draw, share=0.05)
    (finding,) = findings_of("hidden-missing-codes", subject_of(table))
    assert finding.rows == rows and finding.columns == ("x",) and finding.evidence["code"] == code


@pytest.mark.parametrize(
    "draw",
    [
        AGES,
        WEIGHTS,
        COUNTS,
        MONEY,
        lambda stream, rows: stream.normal(0, 1, rows),
        lambda stream, rows: stream.integers(-1, 2, rows),
        lambda stream, rows: stream.integers(0, 1000, rows),
        lambda stream, rows: stream.integers(90, 100, rows),
        lambda stream, rows: np.where(stream.random(rows) < 0.5, 0, stream.lognormal(8, 0.3, rows)),
        lambda stream, rows: stream.exponential(5, rows).round(),
        lambda stream, rows: stream.integers(-10, 40, rows),
        lambda stream, rows: np.minimum(stream.normal(80, 15, rows).round(), 99),
    ],
)
def test_honest_numbers_are_silent(subject_of, findings_of, draw, seed):
    table, _ = planted(seed, 0, draw, share=0.0)
    assert not findings_of("hidden-missing-codes", subject_of(table))


@pytest.mark.parametrize("word", ["?", " ", "N/A", "unknown", "-", "Missing"])
def test_words_for_missing(clean, subject_of, findings_of, word):
    cities = clean()["city"].to_list()
    cities[8] = cities[80] = word
    (finding,) = findings_of("hidden-missing-codes", subject_of(clean().with_columns(city=pl.Series(cities))))
    assert finding.rows == (8, 80) and finding.columns == ("city",) and finding.severity is Severity.WARNING


def test_a_short_sentence_is_no_word_for_missing(clean, subject_of, findings_of):
    texts = pl.Series([f"a sentence of number {i}" for i in range(1199)] + ["unknown"])
    table = clean().with_columns(text=texts)
    assert not findings_of("hidden-missing-codes", subject_of(table, kinds={"text": Kind.TEXT}))


def test_what_typing_has_read_as_missing_is_noted(clean, subject_of, findings_of):
    table = clean().with_columns(
        income=pl.when(pl.int_range(pl.len()).is_in([2, 5])).then(None).otherwise("income")
    )  # fmt: skip
    raw = table.select(pl.col("income").cast(pl.String).fill_null(" ?"))
    (finding,) = findings_of("hidden-missing-codes", subject_of(table, raw=raw))
    assert finding.severity is Severity.NOTE and finding.rows == (2, 5)
    assert finding.evidence["spellings"] == {" ?": 2}
