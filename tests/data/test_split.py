"""Splits: disjoint, complete, whole groups, in order of time, every class in every training part."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sevenfold.core.context import Streams
from sevenfold.core.dataset import Column, Kind, Schema
from sevenfold.core.errors import DataError, RequestError
from sevenfold.core.state import pack, unpack
from sevenfold.core.task import Goal, Target, Task
from sevenfold.data.split import Split, plan_split
from sevenfold.data.split.clock import boundary
from sevenfold.data.split.count import count_folds
from sevenfold.data.split.deal import deal

KINDS = {pl.Float64: Kind.NUMBER, pl.String: Kind.CATEGORY, pl.Datetime: Kind.DATE, pl.Boolean: Kind.FLAG}


def schema_of(table: pl.DataFrame) -> Schema:
    return Schema(
        tuple(
            Column(name, next(kind for dtype, kind in KINDS.items() if table[name].dtype == dtype))
            for name in table.columns
        )
    )


def plan(
    table: pl.DataFrame, labels: np.ndarray, goal: Goal = Goal.BINARY, seed: int = 0, rows=None, **settings
) -> Split:
    named = {key: settings.pop(key) for key in ("time", "group") if key in settings}
    classes = int(labels.max()) + 1 if goal.is_classification else 0
    target = Target(goal, labels.astype(np.float64), classes)
    task = Task(goal, "y", "log_loss", tuple(range(classes)), **named)
    rows = np.arange(table.height) if rows is None else rows
    return plan_split(table, schema_of(table), task, target, rows, Streams(seed), **settings)


def numbers(rows: int, seed: int = 0) -> pl.DataFrame:
    return pl.DataFrame({"x": np.random.default_rng(seed).normal(size=rows)})


def times(rows: int, step_seconds: float = 3600) -> pl.Series:
    start = datetime(2024, 1, 1)
    return pl.Series(
        "when", [start + timedelta(seconds=step_seconds * i) for i in range(rows)], dtype=pl.Datetime("us")
    )


def assert_sound(split: Split, rows: np.ndarray, complete: bool = True) -> None:
    assert len(np.intersect1d(split.train, split.test)) == 0
    assert np.all(np.diff(split.train) > 0) and np.all(np.diff(split.test) > 0)
    if complete:
        np.testing.assert_array_equal(np.union1d(split.train, split.test), rows)
    assert split.folds
    for fold in split.folds:
        assert len(fold.train) and len(fold.valid)
        assert len(np.intersect1d(fold.train, fold.valid)) == 0
        assert np.isin(fold.train, split.train).all() and np.isin(fold.valid, split.train).all()


@settings(max_examples=40, deadline=None)
@given(
    counts=st.lists(st.integers(1, 40), min_size=2, max_size=5),
    seed=st.integers(0, 100),
    given_test=st.booleans(),
    folds=st.sampled_from([None, 2, 3, 10]),
)
def test_classes_are_spread_and_always_known_in_training(counts, seed, given_test, folds):
    counts[0] += 20
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)), counts))
    split = plan(numbers(len(labels), seed), labels, Goal.MULTICLASS, seed, given_test=given_test, folds=folds)
    assert_sound(split, np.arange(len(labels)))
    assert (len(split.test) == 0) == given_test
    for fold in split.folds:
        assert set(labels[fold.train]) == set(labels)
    per_repeat = len(split.folds) // split.repeats
    validated = np.concatenate([fold.valid for fold in split.folds[:per_repeat]])
    assert len(np.unique(validated)) == len(validated)
    train_counts = np.bincount(labels[split.train])
    for code, count in enumerate(train_counts):
        if count >= per_repeat:
            in_valid = [int((labels[fold.valid] == code).sum()) for fold in split.folds[:per_repeat]]
            assert max(in_valid) - min(in_valid) <= 2, "a class is spread evenly"
        if count > 1:
            assert (labels[validated] == code).sum() >= count - 1


def test_test_share_is_kept_in_each_class():
    labels = np.repeat([0, 1, 2], [700, 250, 50])
    split = plan(numbers(1000), labels, Goal.MULTICLASS)
    np.testing.assert_array_equal(np.bincount(labels[split.test]), [140, 50, 10])


def test_a_class_of_one_row_is_always_in_training():
    labels = np.zeros(60, dtype=int)
    labels[30:59] = 1
    labels[59] = 2
    split = plan(numbers(60), labels, Goal.MULTICLASS)
    assert 59 in split.train
    assert all(59 in fold.train for fold in split.folds)
    assert any("always in training" in reason for reason in split.reasons)


def test_only_labelled_rows_are_used():
    rows = np.array([1, 3, 4, 8, 9, 12, 15, 20, 21, 22, 25, 26])
    split = plan(numbers(30), np.tile([0, 1], 6), rows=rows)
    assert_sound(split, rows)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1000), groups=st.integers(8, 60))
def test_groups_are_whole(seed, groups):
    stream = np.random.default_rng(seed)
    group = stream.integers(0, groups, 300)
    labels = stream.integers(0, 2, 300)
    table = numbers(300, seed).with_columns(g=pl.Series([f"g{i}" for i in group]))
    split = plan(table, labels, seed=seed, group="g")
    assert_sound(split, np.arange(300))
    assert split.strategy == "group" and split.column == "g"
    for left, right in [(split.train, split.test), *((f.train, f.valid) for f in split.folds)]:
        assert not set(group[left]) & set(group[right])
    assert 20 <= len(split.test) <= 110


def test_stratified_groups_keep_the_rates_near():
    stream = np.random.default_rng(1)
    group = np.repeat(np.arange(200), 5)
    labels = np.repeat(stream.random(200) < 0.3, 5).astype(int)
    split = plan(numbers(1000).with_columns(g=pl.Series(map(str, group))), labels, group="g")
    for fold in split.folds:
        assert abs(labels[fold.valid].mean() - labels.mean()) < 0.05


def test_rows_without_a_group_are_groups_of_their_own():
    group = [None] * 50 + [f"g{i % 10}" for i in range(50)]
    split = plan(numbers(100).with_columns(g=pl.Series(group)), np.tile([0, 1], 50), group="g")
    assert_sound(split, np.arange(100))
    assert 5 <= (split.test < 50).sum() <= 15


@settings(max_examples=30, deadline=None)
@given(
    rows=st.integers(40, 400),
    seed=st.integers(0, 50),
    ties=st.integers(1, 7),
    gap_hours=st.sampled_from([0, 3, 10]),
    given_test=st.booleans(),
)
def test_time_is_ordered_with_its_gap(rows, seed, ties, gap_hours, given_test):
    stream = np.random.default_rng(seed)
    hours = stream.permutation(np.arange(rows) // ties)
    when = pl.Series("when", [datetime(2024, 1, 1) + timedelta(hours=int(h)) for h in hours], dtype=pl.Datetime("us"))
    gap = gap_hours * 3600.0 or None
    try:
        split = plan(
            numbers(rows).with_columns(when),
            stream.normal(size=rows),
            Goal.REGRESSION,
            seed,
            time="when",
            gap_seconds=gap,
            given_test=given_test,
        )
    except DataError:
        assert rows / ties < 3 * gap_hours, "only a gap that eats the training rows is refused"
        return
    assert_sound(split, np.arange(rows), complete=not gap)
    pairs = [(f.train, f.valid) for f in split.folds]
    if not given_test:
        pairs.append((split.train, split.test))
    for earlier, later in pairs:
        assert hours[later].min() - hours[earlier].max() >= max(1, gap_hours)
    lengths = [len(fold.train) for fold in split.folds]
    assert lengths == sorted(lengths)


def test_group_and_time_together_learn_from_no_tested_group():
    stream = np.random.default_rng(0)
    group = stream.permutation(np.repeat(np.arange(100), 3))
    table = numbers(300).with_columns(times(300), g=pl.Series(map(str, group)))
    split = plan(table, stream.integers(0, 2, 300), time="when", group="g")
    for earlier, later in [(split.train, split.test), *((f.train, f.valid) for f in split.folds)]:
        assert not set(group[earlier]) & set(group[later])
        assert earlier.max() < later.min()


def test_a_class_that_comes_later_drops_early_folds():
    labels = np.tile([0, 1], 100)
    labels[120::5] = 2
    split = plan(numbers(200).with_columns(times(200)), labels, Goal.MULTICLASS, time="when")
    assert all(set(labels[fold.train]) == {0, 1, 2} for fold in split.folds)
    assert any("left out" in reason for reason in split.reasons)


def test_a_time_of_plain_numbers_orders_too():
    split = plan(pl.DataFrame({"year": np.repeat(np.arange(2000.0, 2020.0), 10)}), np.tile([0, 1], 100), time="year")
    assert set(split.test) == set(range(160, 200))


def test_a_gap_over_plain_numbers_is_refused():
    with pytest.raises(RequestError, match="no meaning"):
        plan(pl.DataFrame({"year": np.arange(50.0)}), np.tile([0, 1], 25), time="year", gap_seconds=60)


def test_a_gap_without_time_is_refused():
    with pytest.raises(RequestError, match="needs a split by time"):
        plan(numbers(50), np.tile([0, 1], 25), gap_seconds=60)


def test_a_time_of_words_is_refused():
    with pytest.raises(RequestError, match="cannot be put in order"):
        plan(pl.DataFrame({"w": ["a", "b"] * 20}), np.tile([0, 1], 20), time="w")


@pytest.mark.parametrize("role", ["time", "group"])
def test_a_column_that_is_not_there_is_refused(role):
    with pytest.raises(RequestError, match="not in the data"):
        plan(numbers(20), np.tile([0, 1], 10), **{role: "nowhere"})


def test_rows_in_order_of_a_date_are_split_by_time_with_the_reason():
    split = plan(numbers(200).with_columns(times(200)), np.random.default_rng(0).integers(0, 2, 200))
    assert split.strategy == "time" and split.column == "when"
    assert [finding.code for finding in split.findings] == ["time-order"]
    assert "--drop when" in split.findings[0].advice
    assert split.test.min() > split.train.max()


@pytest.mark.parametrize("seed", range(3))
def test_a_date_in_no_order_leaves_the_split_random(seed):
    when = times(300).sample(300, shuffle=True, seed=seed)
    split = plan(numbers(300).with_columns(when), np.random.default_rng(seed).integers(0, 2, 300))
    assert split.strategy == "stratified" and not split.findings


def test_a_date_along_which_the_target_moves_is_a_finding():
    stream = np.random.default_rng(0)
    order = stream.permutation(600)
    table = numbers(600).with_columns(times(600)[order])
    split = plan(table, np.sin(order / 60) + stream.normal(0, 0.3, 600), Goal.REGRESSION)
    assert split.strategy == "shuffled"
    assert [finding.code for finding in split.findings] == ["time-order"]


def test_a_given_test_that_follows_in_time_makes_the_split_one_by_time():
    table = numbers(300).with_columns(times(300).sample(300, shuffle=True, seed=0))
    later = times(400)[300:]
    split = plan(
        table, np.tile([0, 1], 150), given_test=True, test_table=pl.DataFrame({"x": np.zeros(100), "when": later})
    )
    assert split.strategy == "time" and len(split.test) == 0 and len(split.train) == 300


def test_a_given_test_of_the_same_period_keeps_the_split_random():
    labels = np.random.default_rng(0).integers(0, 2, 300)
    test = numbers(100).with_columns(times(300)[::3])
    split = plan(numbers(300).with_columns(times(300)), labels, given_test=True, test_table=test)
    assert split.strategy == "stratified"
    assert any("same period" in reason for reason in split.reasons)


def drifting(rows: int, start: float, seed: int) -> tuple[pl.DataFrame, np.ndarray]:
    """A random walk's rows: neighbours are alike, and the level rises from `start`."""
    generator = np.random.default_rng(seed)
    level = start + np.arange(rows) / 1000
    wave = np.sin(np.arange(rows) / 30)
    labels = (wave + generator.normal(0, 0.3, rows) > 0).astype(int)
    return pl.DataFrame({"x": wave + generator.normal(0, 0.3, rows), "level": level}), labels


@pytest.mark.parametrize("seed", range(3))
def test_test_rows_that_go_on_where_training_ends_make_the_split_one_by_order(seed):
    table, labels = drifting(2000, 0.0, seed)
    later, _ = drifting(500, 2.0, seed + 10)
    split = plan(table, labels, given_test=True, test_table=later)
    assert split.strategy == "time" and split.column is None
    assert any("order of the rows" in reason for reason in split.reasons)
    for fold in split.folds:
        assert fold.train.max() < fold.valid.min()


@pytest.mark.parametrize("seed", range(3))
def test_test_rows_drawn_at_random_or_from_before_keep_the_split_random(seed):
    table, labels = drifting(2500, 0.0, seed)
    drawn = np.zeros(2500, bool)
    drawn[np.random.default_rng(seed).choice(2500, 500, replace=False)] = True
    assert (
        plan(table.filter(~drawn), labels[~drawn], given_test=True, test_table=table.filter(drawn)).strategy != "time"
    )
    assert plan(table[500:], labels[500:], given_test=True, test_table=table[:500]).strategy != "time"
    ascending = np.argsort(labels, kind="stable")
    later = table[2000:].with_columns(pl.col("level") + 9)
    assert plan(table[ascending], labels[ascending], given_test=True, test_table=later).strategy != "time"


def test_alike_neighbours_without_a_date_are_a_finding():
    stream = np.random.default_rng(0)
    labels = (np.cumsum(stream.random(2000) < 0.1) % 2).astype(int)
    split = plan(numbers(2000), labels)
    assert split.strategy == "stratified"
    assert [finding.code for finding in split.findings] == ["order-leakage"]


def test_copies_are_dealt_like_other_rows():
    base = numbers(200)
    split = plan(pl.concat([base, base[:60]]), np.tile([0, 1], 130))
    assert_sound(split, np.arange(260))
    assert any("new rows may repeat known ones" in reason for reason in split.reasons)
    assert not split.findings


@pytest.mark.parametrize("repeating", [False, True])
def test_a_given_test_file_says_whether_new_rows_repeat_known_ones(repeating):
    base = numbers(400)
    table = pl.concat([base[:200], base[:60]])
    test = base[:50] if repeating else base[200:]
    split = plan(table, np.tile([0, 1], 130), given_test=True, test_table=test)
    together = [
        (set(fold.valid) >= {row, row + 200}) or not ({row, row + 200} & set(fold.valid))
        for fold in split.folds
        for row in range(60)
    ]
    assert all(together) is not repeating
    assert any("kept on the same side" in reason for reason in split.reasons) is not repeating


@pytest.mark.parametrize(("rows", "folds", "repeats"), [(500, 5, 2), (5_000, 5, 1), (200_000, 3, 1), (1_500_000, 1, 1)])
def test_folds_by_size(rows, folds, repeats):
    count = count_folds(rows, None)
    assert (count.folds, count.repeats) == (folds, repeats) and f"{rows:,}" in count.reason


@pytest.mark.parametrize(("rows", "folds"), [(500, 10), (5_000, 5)])
def test_repeats_are_drawn_anew(rows, folds):
    split = plan(numbers(rows), np.random.default_rng(0).normal(size=rows), Goal.REGRESSION)
    assert len(split.folds) == folds
    assert_sound(split, np.arange(rows))
    assert len({fold.valid.tobytes() for fold in split.folds}) == folds


def test_a_single_hold_out_is_a_tenth():
    split = plan(numbers(2_000), np.tile([0, 1], 1_000), folds=1)
    assert len(split.folds) == 1 and 155 <= len(split.folds[0].valid) <= 165
    assert_sound(split, np.arange(2_000))


def test_small_regression_is_stratified_by_the_target():
    values = np.random.default_rng(0).lognormal(0, 1.5, 300)
    split = plan(numbers(300), values, Goal.REGRESSION, folds=5)
    middles = [np.median(values[fold.valid]) for fold in split.folds]
    assert max(middles) / min(middles) < 1.35


def test_the_stream_decides_and_nothing_else():
    labels = np.tile([0, 1], 200)
    one, again, other = (plan(numbers(400), labels, seed=seed) for seed in (3, 3, 4))
    assert one.digest == again.digest != other.digest


def test_a_split_is_plain_data():
    split = plan(numbers(200).with_columns(times(200)), np.tile([0, 1], 100))
    restored = Split.of_state(unpack(pack(split.state())))
    assert restored.digest == split.digest and restored.to_json() == split.to_json()


def test_too_few_rows_are_refused():
    with pytest.raises(DataError, match="too few rows"):
        plan(numbers(3), np.array([0, 1, 0]))


def test_one_group_for_each_class_is_refused():
    table = numbers(100).with_columns(g=pl.Series([str(i // 20) for i in range(100)]))
    with pytest.raises(DataError):
        plan(table, np.arange(100) // 20, Goal.MULTICLASS, group="g")


@settings(max_examples=50, deadline=None)
@given(sizes=st.lists(st.integers(1, 9), min_size=20, max_size=200), strata=st.integers(1, 6), parts=st.integers(2, 6))
def test_deal_comes_near_the_shares(sizes, strata, parts):
    stream = np.random.default_rng(0)
    sizes = np.array(sizes)
    dealt = deal(stream.integers(0, strata, len(sizes)), sizes, np.full(parts, 1 / parts), stream)
    rows = np.bincount(dealt, weights=sizes, minlength=parts)
    assert rows.max() - rows.min() <= 2 * sizes.max()


@given(st.lists(st.integers(0, 8), min_size=2, max_size=30), st.data())
def test_boundary_never_cuts_equal_times(values, data):
    times = np.sort(np.array(values, dtype=float))
    cut = boundary(times, data.draw(st.integers(0, len(times))))
    assert cut in (0, len(times)) or times[cut] != times[cut - 1]
