"""The check on label noise: planted faults are found, clean data are silent."""

from __future__ import annotations

import numpy as np
import polars as pl


def islands(seed, apart, rows=1000):
    stream = np.random.default_rng(seed)
    codes = stream.integers(0, 3, rows)
    centres = np.array([[0, 0, 0], [apart, apart, 0], [0, apart, apart]], dtype=float)
    values = centres[codes] + stream.normal(size=(rows, 3))
    return pl.DataFrame({"u": values[:, 0], "v": values[:, 1], "w": values[:, 2], "y": [f"k{c}" for c in codes]})


def test_planted_mistakes_are_found(subject_of, findings_of, seed):
    table = islands(seed, 8.0)
    labels = table["y"].to_list()
    wrong = list(range(0, 1000, 40))
    for row in wrong:
        labels[row] = {"k0": "k1", "k1": "k2", "k2": "k0"}[labels[row]]
    (finding,) = findings_of("label-noise", subject_of(table.with_columns(y=pl.Series(labels))))
    found = set(finding.rows)
    assert len(found & set(wrong)) >= 0.8 * len(wrong) and len(found - set(wrong)) <= 2


def test_clear_and_overlapping_classes_are_silent(clean, subject_of, findings_of, seed):
    assert not findings_of("label-noise", subject_of(islands(seed, 8.0)))
    assert not findings_of("label-noise", subject_of(islands(seed, 1.5)))
    assert not findings_of("label-noise", subject_of(clean(seed)))
