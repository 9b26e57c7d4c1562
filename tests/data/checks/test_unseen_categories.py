"""The check on unseen categories: planted faults are found, clean data are silent."""

from __future__ import annotations

import numpy as np
import polars as pl

from sevenfold.core.report import Severity


def test_levels_only_in_the_test_file(clean, subject_of, findings_of, seed):
    cities = clean(seed + 30, rows=400)["city"].to_list()
    cities[5] = cities[50] = "Riga"
    test = clean(seed + 30, rows=400).with_columns(city=pl.Series(cities))
    (finding,) = findings_of("unseen-categories", subject_of(clean(seed), test_table=test))
    assert finding.columns == ("city",) and finding.severity is Severity.NOTE
    assert finding.evidence["city"] == {"levels": ["Riga"], "share_of_test": 0.005, "test_rows": [5, 50]}


def test_many_rows_of_them_are_a_warning_but_not_among_rare_levels(clean, subject_of, findings_of):
    test = clean(30).with_columns(city=pl.lit("Riga"))
    (finding,) = findings_of("unseen-categories", subject_of(clean(), test_table=test))
    assert finding.severity is Severity.WARNING
    stream = np.random.default_rng(0)
    streets = [pl.Series([f"s{i}" for i in stream.integers(0, 5000, 1200)]) for _ in range(2)]
    train, test = (clean().with_columns(street=street) for street in streets)
    (finding,) = findings_of("unseen-categories", subject_of(train, test_table=test))
    assert finding.severity is Severity.NOTE


def test_known_levels_and_missing_ones_are_silent(clean, subject_of, findings_of, seed):
    test = clean(seed + 30).with_columns(city=pl.when(pl.int_range(pl.len()) % 3 == 0).then(None).otherwise("city"))
    assert not findings_of("unseen-categories", subject_of(clean(seed), test_table=test))


def test_a_single_row_is_counted_not_rounded_away(clean, subject_of, findings_of):
    cities = clean(30, rows=1200)["city"].to_list()
    cities[7] = "Riga"
    test = clean(30, rows=1200).with_columns(city=pl.Series(cities))
    (finding,) = findings_of("unseen-categories", subject_of(clean(), test_table=test))
    assert "'city' in 1 test row." in finding.text
