"""The check on id columns: planted faults are found, clean data are silent."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from sevenfold.core.dataset import Kind
from sevenfold.core.report import Severity


@pytest.mark.parametrize(
    "values",
    [
        lambda stream: np.arange(1200.0),
        lambda stream: np.sort(stream.choice(10**7, 1200, replace=False)).astype(float),
        lambda stream: stream.permutation(1200) + 5000.0,
        lambda stream: stream.choice(20_000, 1200, replace=False).astype(float),
        lambda stream: [f"K{i:05d}" for i in stream.permutation(1200)],
    ],
)
def test_keys_of_every_kind(clean, subject_of, findings_of, values, seed):
    table = clean(seed).with_columns(k=pl.Series(values(np.random.default_rng(seed))))
    (finding,) = findings_of("id-columns", subject_of(table))
    assert finding.columns == ("k",) and finding.severity is Severity.WARNING


def test_large_random_numbers_need_the_name_to_say_so(clean, subject_of, findings_of):
    values = pl.Series(np.random.default_rng(0).choice(10**12, 1200, replace=False).astype(float))
    assert findings_of("id-columns", subject_of(clean().with_columns(customer_id=values)))
    assert not findings_of("id-columns", subject_of(clean().with_columns(turnover=values)))


def test_a_key_stays_one_where_rows_are_copied(clean, subject_of, findings_of):
    table = clean().with_columns(k=pl.int_range(1200).cast(pl.Float64))
    (finding,) = findings_of("id-columns", subject_of(pl.concat([table, table[:60]])))
    assert finding.columns == ("k",)


def test_a_key_set_aside_is_a_note(clean, subject_of, findings_of):
    table = clean().with_columns(k=pl.int_range(1200).cast(pl.String))
    (finding,) = findings_of("id-columns", subject_of(table, kinds={"k": Kind.ID}, unused=("k",)))
    assert finding.severity is Severity.NOTE
    (finding,) = findings_of("id-columns", subject_of(table, kinds={"k": Kind.ID}, id="k"))
    assert finding.severity is Severity.NOTE


def test_measurements_are_silent(clean, subject_of, findings_of, seed):
    stream = np.random.default_rng(seed)
    table = clean(seed).with_columns(
        exact=pl.Series(stream.normal(size=1200)),
        whole=pl.Series(stream.integers(0, 50_000, 1200).astype(float)),
        text=pl.Series([f"a note about case {i}" for i in range(1200)]),
        user=pl.Series([f"u{i}" for i in stream.integers(0, 300, 1200)]),
    )
    assert not findings_of("id-columns", subject_of(table, kinds={"text": Kind.TEXT, "user": Kind.ID}))
