"""From the shadow's answers and labels to a decision."""

import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "deployment"))

from tiny_parts import PARTS, contents, recommendation, table

from sevenfold.core.errors import DataError, RequestError
from sevenfold.core.task import Goal
from sevenfold.deployment.bundle import load, save
from sevenfold.deployment.hosting import Hosted
from sevenfold.deployment.traffic.shadow import Shadow
from sevenfold.monitoring.compare import compare
from sevenfold.monitoring.shadow import ShadowLog, read_pairs


def model_of(folder, name, made):
    save(folder / name, made)
    return load(folder / name, parts=PARTS)


def spoilt(made):
    """The same model, of opposite mind."""
    learned = made.predictor.members[0].pipelines[0].model
    learned.weights = -np.asarray(learned.weights)
    return made


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    good = model_of(folder, "good", contents(rows=200, members=1))
    bad = model_of(folder, "bad", spoilt(contents(rows=200, members=1)))
    return good, bad


def served(store, champion, challenger, rows, requests=60):
    """Let both answer `requests` requests of a few rows each."""
    log = ShadowLog(store)
    shadow = Shadow(Hosted(challenger, "m", "2"), log)
    hosted = Hosted(champion, "m", "1")
    size = rows.height // requests
    for number in range(requests):
        part = rows[number * size : (number + 1) * size].drop(champion.task.target)
        shadow.show(f"r{number}", hosted, champion.answer(part))
    shadow.close()
    log.close()
    assert shadow.failed == 0
    return store


@pytest.fixture(scope="module")
def rows():
    return table(300, seed=4)


@pytest.fixture(scope="module")
def store(models, rows, tmp_path_factory):
    good, bad = models
    return served(tmp_path_factory.mktemp("store"), bad, good, rows)


def labels_of(rows):
    numbers = range(rows.height)
    requests = [f"r{number // 5}" for number in numbers]
    return rows.select("bought").with_columns(request_id=pl.Series(requests), row=pl.Series([n % 5 for n in numbers]))


def test_pairs_tell_versions_and_both_answers(store, models, rows):
    pairs = list(read_pairs(store))
    assert len(pairs) == 300
    first = pairs[0]
    assert (first["id"], first["row"], first["key"]) == ("r0", 0, "k0")
    assert (first["served"]["version"], first["shadow"]["version"]) == ("1", "2")
    part = rows[:5].drop("bought")
    np.testing.assert_array_equal(first["served"]["probabilities"], models[1].predict_proba(part)[0])
    np.testing.assert_array_equal(first["shadow"]["probabilities"], models[0].predict_proba(part)[0])


def test_a_better_challenger_is_promoted_by_request_or_by_key(store, models, rows):
    good, bad = models
    found = compare(store, bad, good, labels_of(rows))
    assert (found.evidence.decision, found.evidence.rows, found.joined_by) == ("promote", 60, "request_id")
    assert found.rows == 300
    assert found.evidence.low > 0 and (found.loss, found.unlabelled, found.unmatched) == ("brier", 0, 0)
    by_key = compare(store, bad, good, rows.select("key", "bought"))
    assert by_key.joined_by == "key"
    assert by_key.evidence == found.evidence


def test_the_gain_is_the_difference_of_mean_losses(store, models, rows):
    good, bad = models
    truth = np.eye(2)[(rows["bought"] == "yes").to_numpy().astype(int)]
    data = rows.drop("bought")
    losses = [((model.predict_proba(data) - truth) ** 2).sum(axis=1) / 2 for model in (bad, good)]
    assert compare(store, bad, good, labels_of(rows)).evidence.gain == pytest.approx((losses[0] - losses[1]).mean())


def test_few_labels_leave_it_undecided_and_strange_ones_are_counted(store, models, rows):
    good, bad = models
    labels = pl.concat([labels_of(rows)[:6], labels_of(rows)[:2]])
    strange = pl.DataFrame({"bought": ["yes"], "request_id": ["other"], "row": [0]})
    found = compare(store, bad, good, pl.concat([labels, strange]))
    assert found.evidence.decision == "undecided"
    assert (found.evidence.rows, found.rows, found.unlabelled, found.unmatched) == (1, 5, 294, 1)


def test_a_worse_challenger_is_not_promoted(tmp_path, models, rows):
    good, bad = models
    store = served(tmp_path, good, bad, rows)
    assert compare(store, good, bad, labels_of(rows)).evidence.decision == "keep"


def test_numbers_are_compared_by_absolute_error_up_to_a_bound(tmp_path):
    good = model_of(tmp_path, "good", contents(Goal.REGRESSION, rows=200, members=1))
    bad = model_of(tmp_path, "bad", spoilt(contents(Goal.REGRESSION, rows=200, members=1)))
    rows = table(200, seed=6).with_columns(bought=pl.col("age") * 2)
    store = served(tmp_path / "store", bad, good, rows, requests=40)
    found = compare(store, bad, good, labels_of(rows))
    assert (found.evidence.decision, found.loss) == ("promote", "absolute error")
    assert found.bound is not None and found.bound > 50  # ages of 40 and more years, twice
    assert compare(store, bad, good, labels_of(rows), bound=10.0).bound == 10.0
    with pytest.raises(RequestError, match="how large"):
        compare(store, bad, good, labels_of(rows), bound=0.0)


def test_what_cannot_be_compared_is_told(tmp_path, store, models, rows):
    good, bad = models
    with pytest.raises(RequestError, match="no answers"):
        compare(tmp_path, bad, good, labels_of(rows))
    with pytest.raises(RequestError, match="no answers"):
        compare(store, good, bad, labels_of(rows))
    with pytest.raises(RequestError, match="which request"):
        compare(store, bad, good, rows.select("age", "bought"))
    with pytest.raises(DataError, match="lack the target"):
        compare(store, bad, good, rows.select("key", "age"))
    with pytest.raises(DataError, match="No label belongs"):
        compare(store, bad, good, pl.DataFrame({"request_id": ["x", "y"], "bought": ["yes", "no"]}))
    ranked = model_of(tmp_path, "ranked", recommendation())
    with pytest.raises(RequestError, match="row by row"):
        compare(store, ranked, good, labels_of(rows))
    three = model_of(tmp_path, "three", contents(Goal.MULTICLASS, ("a", "b", "c"), rows=100, members=1))
    with pytest.raises(RequestError, match="different questions"):
        compare(store, bad, three, labels_of(rows))


def test_a_torn_line_is_passed_over(tmp_path, models, rows):
    good, bad = models
    served(tmp_path, bad, good, rows)
    (segment,) = (tmp_path / "shadow").glob("*/*.jsonl")
    segment.write_bytes(segment.read_bytes()[:-7])
    with segment.open("ab") as file:
        file.write(b'\n["foreign"]\n{"id": "r"}\n')
    assert len(list(read_pairs(tmp_path))) == 299


def test_a_request_counts_once_and_when_it_cannot_grow_any_more():
    from sevenfold.monitoring.compare import _requests

    def runs(ids, rows):
        return [found.tolist() for found in _requests(ids, rows)]

    assert runs(["a", "b"], {"a": 1, "b": 1}) == [[0, 1], [1, 2]]
    assert runs(["a", "a", "b", "b"], {"a": 3, "b": 2}) == [[0, 2], [2, 4]]
    assert runs(["a", "a", "b"], {"a": 2, "b": 2}) == [[0], [2]]  # another label of b may follow
    assert runs(["a"], {"a": 2}) == [[], []]
