import threading

import numpy as np
import polars as pl
import pytest
from tiny_parts import PARTS, contents, recommendation, table, with_conformal

from sevenfold.core.errors import DataError, RequestError
from sevenfold.core.task import Goal
from sevenfold.deployment.bundle import load, save


def loaded(folder, made):
    save(folder / "m.sevenfold", made)
    return load(folder / "m.sevenfold", parts=PARTS)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return loaded(tmp_path_factory.mktemp("model"), contents())


RECORD = {"age": 31.5, "income": 20000.0, "city": "Rome", "member": True, "since": "2024-03-01 10:00:00"}


def test_a_record_a_list_and_a_frame_say_the_same(model):
    one = model.predict_proba(RECORD)
    np.testing.assert_array_equal(model.predict_proba([RECORD, RECORD]), np.concatenate([one, one]))
    np.testing.assert_array_equal(model.predict_proba(pl.DataFrame([RECORD])), one)


def test_pandas_and_arrow_frames_say_the_same(model):
    data = table(30, seed=3)
    expected = model.predict_proba(data)
    np.testing.assert_array_equal(model.predict_proba(data.to_pandas()), expected)
    np.testing.assert_array_equal(model.predict_proba(data.to_arrow()), expected)
    np.testing.assert_array_equal(model.predict_proba(data.lazy()), expected)


def test_a_row_alone_equals_the_row_in_a_batch(model):
    data = table(50, seed=4)
    batch = model.predict_proba(data)
    alone = np.concatenate([model.predict_proba(data[i]) for i in range(50)])
    np.testing.assert_array_equal(alone, batch)


def test_rows_of_mixed_types_read_as_each_does_alone(model):
    records = [
        RECORD,
        {**RECORD, "age": "31.5", "member": "true"},
        {**RECORD, "age": 31, "city": 5},
        {**RECORD, "age": None},
        {**RECORD, "age": "old"},
        {**RECORD, "member": 1},
    ]
    together = model.predict_proba(records)
    alone = np.concatenate([model.predict_proba(record) for record in records])
    np.testing.assert_array_equal(together, alone)
    np.testing.assert_array_equal(together[1], together[0])
    by_row = model.read(records).by_row()
    assert [[(v.column, v.code) for v in violations] for violations in by_row] == [
        [(v.column, v.code) for v in model.read(record).by_row()[0]] for record in records
    ]
    assert [v.code for v in by_row[4]] == ["unreadable"]


def test_shuffled_and_extra_columns_change_nothing(model):
    data = table(20, seed=5)
    shuffled = data.select(sorted(data.columns)).with_columns(more=pl.lit(1))
    np.testing.assert_array_equal(model.predict_proba(shuffled), model.predict_proba(data))
    assert {(v.column, v.row, v.code) for v in model.violations(shuffled)} == {("more", None, "extra-column")}


def test_a_missing_column_counts_as_missing_values_and_is_told(model):
    without = {k: v for k, v in RECORD.items() if k != "income"}
    np.testing.assert_array_equal(model.predict_proba(without), model.predict_proba({**RECORD, "income": None}))
    assert [(v.column, v.code) for v in model.violations(without)] == [("income", "missing-column")]


def test_a_record_that_lacks_what_others_have_is_told_so(model):
    without = {k: v for k, v in RECORD.items() if k != "income"}
    assert [(v.column, v.row, v.code) for v in model.violations([RECORD, without])] == [("income", 1, "missing-column")]


def test_more_than_half_of_the_columns_missing_is_an_error(model):
    with pytest.raises(DataError, match="half"):
        model.predict({"age": 3, "city": "Rome"})
    with pytest.raises(DataError, match="half"):
        model.predict([RECORD, {"age": 3}])
    with pytest.raises(DataError, match="half"):
        model.predict(pl.DataFrame({"x": [1]}))


def test_an_unseen_category_is_told_and_predicted(model):
    strange = {**RECORD, "city": "Atlantis"}
    assert model.predict(strange).shape == (1,)
    assert [(v.column, v.row, v.code, v.received) for v in model.violations(strange)] == [
        ("city", 0, "unseen-category", "Atlantis")
    ]


def test_every_violation_of_many_is_listed(model):
    records = [{**RECORD, "city": "Atlantis", "age": "x"} for _ in range(250)]
    violations = model.violations(records)
    assert len(violations) == 500
    assert {v.row for v in violations} == set(range(250))


def test_no_rows_give_no_predictions(model):
    assert model.predict([]).shape == (0,)
    assert model.predict_proba(table(3)[:0]).shape == (0, 2)


def test_the_decision_threshold_decides(model):
    data = table(300, seed=6)
    proba = model.predict_proba(data)[:, 1]
    assert ((proba >= 0.45) != (proba >= 0.5)).any()
    np.testing.assert_array_equal(model.predict(data), np.where(proba >= 0.45, "yes", "no"))


@pytest.mark.parametrize(
    ("classes", "kind"), [((3, 5, 7), "i"), ((False, True), "b"), ((0.5, 1.5, 2.5), "f"), (("a", 1, True), "O")]
)
def test_labels_keep_their_type(classes, kind, tmp_path):
    goal = Goal.BINARY if len(classes) == 2 else Goal.MULTICLASS
    model = loaded(tmp_path, contents(goal, classes))
    predicted = model.predict(table(60, seed=2))
    assert predicted.dtype.kind == kind
    assert set(predicted.tolist()) <= set(classes)
    assert model.classes.tolist() == list(classes)


def test_a_regression_has_values_and_no_probabilities(tmp_path):
    model = loaded(tmp_path, contents(Goal.REGRESSION))
    assert model.predict(RECORD).dtype == np.float64
    assert model.classes.tolist() == []
    with pytest.raises(RequestError, match="no probabilities"):
        model.predict_proba(RECORD)


def test_a_recommendation_scores_pairs_and_ranks_for_users(tmp_path):
    made = recommendation()
    model = loaded(tmp_path, made)
    pairs = made.golden.select("who", "what")
    assert model.predict(pairs).shape == (10,)
    best = model.predict([{"who": "u1"}, {"who": "nobody"}])
    assert best.shape == (2, 10)
    had = set(contents_of("u1"))
    assert not had & {item for item in best[0] if item is not None}
    popular = model.predict({"who": "nobody"})[0]
    assert list(best[1]) == list(popular)
    assert None not in popular


def contents_of(user):
    made = recommendation()
    feature = made.predictor.members[0].pipelines[0]
    row = feature.features[0].levels[0].index(user)
    return [item for item, had in zip(feature.features[0].levels[1], feature.model.had[row], strict=True) if had]


def test_rows_of_another_form_are_refused(model):
    with pytest.raises(RequestError, match="cannot be read"):
        model.predict("age=3")
    with pytest.raises(DataError, match="record"):
        model.predict([1, 2])


def test_threads_share_a_model(model):
    data = table(200, seed=7)
    expected = model.predict_proba(data)
    different = []

    def work():
        different.extend(
            not np.array_equal(model.predict_proba(data[i : i + 50]), expected[i : i + 50]) for i in range(20)
        )

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert different == [False] * 80


def test_explanations_add_up_and_are_the_same_alone_and_together(model):
    explained = model.explain([RECORD, {**RECORD, "city": "Oslo"}])
    assert len(explained) == 2
    proba = model.predict_proba(RECORD)[0, 1]
    first = explained[0]
    assert first["output"] == "yes"
    assert first["prediction"] == pytest.approx(proba)
    assert first["baseline"] + sum(first["contributions"].values()) == pytest.approx(proba)
    assert model.explain(RECORD)[0] == first


def test_sets_and_intervals_hold_the_truth_as_often_as_asked(tmp_path):
    save(tmp_path / "classes.sevenfold", with_conformal(contents()))
    model = load(tmp_path / "classes.sevenfold", parts=PARTS)
    data = table(2000, seed=90)
    for coverage in (0.8, 0.9, 0.95):
        sets = model.predict_set(data, coverage)
        assert np.mean([true in labels for true, labels in zip(data["bought"], sets, strict=True)]) > coverage - 0.03
    assert all(said in labels for said, labels in zip(model.predict(data), sets, strict=True))
    larger = model.predict_set(data, 0.95, by_class=True)
    assert {label for labels in larger for label in labels} == {"no", "yes"}
    assert model.predict_set(data[5], 0.95) == sets[5:6]
    save(tmp_path / "numbers.sevenfold", with_conformal(contents(Goal.REGRESSION)))
    numbers = load(tmp_path / "numbers.sevenfold", parts=PARTS)
    limits = numbers.predict_interval(data)
    truth = data["age"].to_numpy() * 2 + np.random.default_rng(4).normal(0, 1, 2000)
    assert 0.87 < ((limits[:, 0] <= truth) & (truth <= limits[:, 1])).mean() < 0.93
    with pytest.raises(RequestError, match="no sets"):
        numbers.predict_set(data)
    with pytest.raises(RequestError, match="no intervals"):
        model.predict_interval(data)
    with pytest.raises(RequestError, match="out of range"):
        model.predict_set(data, 1.0)


def test_a_bundle_without_scores_loads_and_says_so_when_asked(tmp_path):
    save(tmp_path / "m.sevenfold", contents())
    with pytest.raises(RequestError, match="how sure"):
        load(tmp_path / "m.sevenfold", parts=PARTS).predict_set(table(3))
