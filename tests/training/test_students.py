"""What a student learns: soft labels as weighted rows, and rows made from others."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sevenfold.core.inputs import Block, Form, Inputs
from sevenfold.core.task import Goal, Target
from sevenfold.training.munge import munge
from sevenfold.training.students import behind, lesson

NOTHING = np.empty(0, np.int64)


def shares_of(rows: np.ndarray, target: Target, count: int) -> np.ndarray:
    """What each row's copies say together."""
    shares = np.zeros((count, target.classes))
    np.add.at(shares, (rows, target.codes), target.weights)
    return shares


@given(st.integers(2, 5), st.floats(0, 1), st.integers(0, 2**32 - 1))
def test_weighted_copies_of_a_row_are_its_soft_label(classes: int, trust: float, seed: int) -> None:
    stream = np.random.default_rng(seed)
    truth = Target(Goal.MULTICLASS, stream.integers(classes, size=12).astype(float), classes)
    answers = stream.dirichlet(np.ones(classes), size=20)
    sources = stream.integers(12, size=8)
    learned = lesson(truth, answers, sources, trust)
    told = shares_of(learned.rows, learned.target, 20)
    expected = answers.copy()
    expected[:12] = trust * answers[:12] + (1 - trust) * np.eye(classes)[truth.codes]
    np.testing.assert_allclose(told.sum(axis=1), 1.0)
    np.testing.assert_allclose(told, expected, atol=0.01 * classes)


def test_sample_weights_go_with_rows_and_with_those_made_from_them() -> None:
    truth = Target(Goal.BINARY, np.array([0.0, 1.0]), 2, np.array([1.0, 3.0]))
    learned = lesson(truth, np.array([[0.5, 0.5], [0.5, 0.5], [0.2, 0.8]]), np.array([1]), 1.0)
    np.testing.assert_allclose(
        shares_of(learned.rows, learned.target, 3), [[0.5, 0.5], [1.5, 1.5], [0.6, 2.4]], atol=1e-12
    )


def test_numbers_are_mixed_and_stay_in_the_range_of_the_true_ones() -> None:
    truth = Target(Goal.REGRESSION, np.array([0.0, 10.0]))
    learned = lesson(truth, np.array([4.0, 30.0, -5.0]), np.array([0]), 0.5)
    np.testing.assert_allclose(learned.target.values, [2.0, 10.0, 0.0])
    np.testing.assert_array_equal(learned.rows, [0, 1, 2])
    assert learned.target.weights is None
    weighted = lesson(
        Target(Goal.REGRESSION, np.array([0.0, 10.0]), 0, np.array([1.0, 2.0])), np.zeros(3), np.array([1]), 1
    )
    assert weighted.target.weights is not None
    np.testing.assert_allclose(weighted.target.weights, [1.0, 2.0, 2.0])


def test_without_trust_and_made_rows_the_labels_are_learned() -> None:
    truth = Target(Goal.MULTICLASS, np.array([2.0, 0.0, 1.0]), 3)
    learned = lesson(truth, np.full((3, 3), 1 / 3), NOTHING, 0.0)
    np.testing.assert_array_equal(learned.rows, [0, 1, 2])
    np.testing.assert_array_equal(learned.target.codes, truth.codes)


def table(rows: int = 400) -> pl.DataFrame:
    stream = np.random.default_rng(1)
    a = stream.normal(size=rows)
    return pl.DataFrame(
        {
            "a": a,
            "b": pl.Series(np.where(stream.random(rows) < 0.1, np.nan, 2 * a), nan_to_null=True),
            "whole": stream.integers(0, 5, size=rows).astype(float),
            "c": np.where(a > 0, "high", "low"),
            "flag": stream.random(rows) < 0.5,
            "when": pl.Series(stream.integers(0, 10**15, size=rows)).cast(pl.Datetime("us")),
            "empty": pl.Series([None] * rows, dtype=pl.Float64),
        }
    )


def test_made_rows_look_like_true_ones() -> None:
    true = table()
    made, sources = munge(true, 700, np.random.default_rng(0))
    assert made.schema == true.schema
    assert made.height == len(sources) == 700
    assert set(made["whole"]) <= set(true["whole"])
    assert set(made["c"]) == {"high", "low"}
    assert made["empty"].null_count() == 700
    assert not made["b"].is_nan().any()
    assert made["a"].min() >= true["a"].min() and made["a"].max() <= true["a"].max()
    # A neighbour is alike: what two columns have in common is kept.
    kept = made.filter(made["b"].is_not_null())
    assert np.corrcoef(kept["a"], kept["b"])[0, 1] > 0.9
    assert ((made["a"] > 0) == (made["c"] == "high")).mean() > 0.9
    # And something is new.
    assert 0.2 < (~made["a"].is_in(true["a"].implode())).mean() < 0.7


def test_made_rows_repeat_with_the_stream() -> None:
    one, _ = munge(table(50), 30, np.random.default_rng(5))
    again, _ = munge(table(50), 30, np.random.default_rng(5))
    other, _ = munge(table(50), 30, np.random.default_rng(6))
    assert one.equals(again)
    assert not one.equals(other)


@pytest.mark.parametrize("columns", [{"t": ["x", "y", "z"]}, {"n": [1.5, None, 2.5], "t": ["x", "y", "z"]}])
def test_few_rows_and_columns_that_tell_nothing_do(columns: dict[str, list[object]]) -> None:
    made, sources = munge(pl.DataFrame(columns), 7, np.random.default_rng(0))
    assert made.height == 7
    assert set(sources) == {0, 1, 2}


def test_inputs_are_put_behind_each_other() -> None:
    from scipy import sparse

    def inputs(rows: int) -> Inputs:
        numbers = Block(Form.NUMBERS, ("a",), np.full((rows, 1), float(rows)))
        counts = Block(Form.SPARSE, ("w1", "w2"), sparse.csr_matrix(np.full((rows, 2), float(rows))))
        return Inputs.of(rows, [numbers, counts])

    both = behind(inputs(2), inputs(3))
    assert both.rows == 5
    np.testing.assert_array_equal(both[Form.NUMBERS].values[:, 0], [2, 2, 3, 3, 3])
    np.testing.assert_array_equal(both[Form.SPARSE].values.toarray()[:, 1], [2, 2, 3, 3, 3])
