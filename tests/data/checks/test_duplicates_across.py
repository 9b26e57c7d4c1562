"""The check on duplicate across test: planted faults are found, clean data are silent."""

from __future__ import annotations

import numpy as np
import polars as pl

from sevenfold.core.report import Severity


def test_copies_in_the_test_file(clean, subject_of, findings_of, seed):
    train, test = clean(seed), clean(seed + 50, rows=400)
    spoiled = pl.concat([test, train[[9, 3]]])
    (finding,) = findings_of("duplicate-across-test", subject_of(train, test_table=spoiled))
    assert finding.severity is Severity.NOTE
    assert finding.rows == (3, 9) and finding.evidence["test_rows"] == [400, 401]


def test_a_few_in_a_hundred_are_a_warning(clean, subject_of, findings_of):
    train = clean()
    spoiled = pl.concat([clean(50, rows=400), train[:8]])
    (finding,) = findings_of("duplicate-across-test", subject_of(train, test_table=spoiled))
    assert finding.severity is Severity.WARNING and "8 test rows (2.0%)" in finding.text


def test_a_large_share_is_an_error(clean, subject_of, findings_of):
    train = clean()
    spoiled = pl.concat([clean(50, rows=400), train[:100]])
    (finding,) = findings_of("duplicate-across-test", subject_of(train, test_table=spoiled))
    assert finding.severity is Severity.ERROR and finding.evidence["share_of_test"] == 0.2


def test_a_test_file_without_targets(clean, subject_of, findings_of):
    train = clean()
    test = pl.concat([clean(50, rows=100), train[:5]]).drop("y")
    (finding,) = findings_of("duplicate-across-test", subject_of(train, test_table=test))
    assert finding.evidence["test_rows"] == [100, 101, 102, 103, 104]


def test_coarse_inputs_agree_by_nature(subject_of, findings_of, seed):
    stream = np.random.default_rng(seed)

    def table(rows):
        return pl.DataFrame({name: stream.choice(list("abcd"), rows) for name in ("p", "q", "r", "y")})

    assert not findings_of("duplicate-across-test", subject_of(table(1000), test_table=table(300)))


def test_clean_files_are_silent(clean, subject_of, findings_of, seed):
    assert not findings_of("duplicate-across-test", subject_of(clean(seed), test_table=clean(seed + 50)))
