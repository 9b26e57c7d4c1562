from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from sevenfold.core.config import Plan
from sevenfold.core.dataset import Kind
from sevenfold.core.errors import DataError, RequestError
from sevenfold.core.task import Goal, Task
from sevenfold.data.clean import conform
from sevenfold.data.infer import infer
from sevenfold.data.target import Resolved, encode, resolve

DRAW = np.random.default_rng(3)


def resolved(target: list[object], name: str = "y", **plan: object) -> tuple[Resolved, pl.DataFrame]:
    frame = pl.DataFrame({"x": [float(i % 17) / 3 for i in range(len(target))], name: target}, strict=False)
    schema = infer(frame, target=name)
    return resolve(frame, schema, Plan.of({"target": name, **plan})), frame


def task(target: list[object], name: str = "y", **plan: object) -> Task:
    return resolved(target, name, **plan)[0].task


@pytest.mark.parametrize(
    ("target", "goal", "classes"),
    [
        (["yes", "no"] * 20, Goal.BINARY, ("no", "yes")),
        (["0", "1"] * 20, Goal.BINARY, (0, 1)),
        ([1, 2] * 20, Goal.BINARY, (1, 2)),
        ([-1, 1] * 20, Goal.BINARY, (-1, 1)),
        ([0.0, 1.0] * 20, Goal.BINARY, (0, 1)),
        ([True, False] * 20, Goal.BINARY, (False, True)),
        (["True", "False"] * 20, Goal.BINARY, (False, True)),
        (["'-1'", "'1'"] * 20, Goal.BINARY, ("'-1'", "'1'")),
        ([" <=50K", " >50K", " <=50K"] * 20, Goal.BINARY, ("<=50K", ">50K")),
        (["neg", "pos"] * 20, Goal.BINARY, ("neg", "pos")),
        (["b", "a", "c"] * 20, Goal.MULTICLASS, ("a", "b", "c")),
        ([3, 4, 5, 6, 7, 10] * 20, Goal.MULTICLASS, (3, 4, 5, 6, 7, 10)),
        (["3", "10", "4", "5", "6"] * 20, Goal.MULTICLASS, (3, 4, 5, 6, 10)),
        (["01", "02", "03"] * 20, Goal.MULTICLASS, ("01", "02", "03")),
    ],
)
def test_classes(target: list[object], goal: Goal, classes: tuple[object, ...]) -> None:
    found = task(target)
    assert (found.goal, found.classes) == (goal, classes)
    assert [type(label) for label in found.classes] == [type(label) for label in classes]


@pytest.mark.parametrize(
    ("target", "name"),
    [
        ([float(v) for v in DRAW.normal(size=100)], "y"),
        ([int(v) for v in DRAW.integers(0, 1000, 300)], "y"),
        ([int(v) for v in DRAW.integers(0, 8, 30)], "y"),
        ([0.5, 1.0, 1.5, 2.0] * 20, "y"),
        ([100, 1000, 10000] * 20, "y"),
        ([1, 2, 3, 4, 5] * 20, "rings"),
        ([0] * 500 + [1] * 200 + [2] * 80 + [3] * 30 + [4] * 8 + [5] * 2, "y"),
        ([f"{v} kg" for v in range(100)], "y"),
    ],
)
def test_amounts(target: list[object], name: str) -> None:
    found, _ = resolved(target, name)
    assert found.task.goal is Goal.REGRESSION
    assert found.schema[name].kind is Kind.NUMBER
    assert found.task.metric == "rmse"


def test_the_task_asked_for_wins() -> None:
    assert task([1, 2, 3, 4, 5] * 20, task="regression").goal is Goal.REGRESSION
    assert task([1, 2, 3, 4, 5] * 20, "rings", task="multiclass").classes == (1, 2, 3, 4, 5)
    assert task(["0", "1"] * 20, task="regression").goal is Goal.REGRESSION
    assert task(["a", "b"] * 9, metric="accuracy").metric == "accuracy"


@pytest.mark.parametrize(
    ("target", "plan", "error"),
    [
        (["a"] * 20, {}, DataError),
        ([None] * 20, {}, DataError),
        ([5.0] * 20, {}, DataError),
        (["?"] * 20, {}, DataError),
        ([f"name {chr(97 + i)}" for i in range(20)], {}, DataError),
        (["a", "b", "c"] * 9, {"task": "binary"}, RequestError),
        (["a", "b", "c"] * 9, {"task": "regression"}, RequestError),
        (["a", "b"] * 9, {"task": "binery"}, RequestError),
        (["a", "b"] * 9, {"drop": ["y"]}, RequestError),
        (["a", "b"] * 9, {"weight": "y"}, RequestError),
        (["a", "b"] * 9, {"time": "when"}, RequestError),
        (["a", "b"] * 9, {"group": "who"}, RequestError),
        (["a", "b"] * 9, {"sensitive": ["sex"]}, RequestError),
        (["a", "b"] * 9, {"task": "recommendation"}, RequestError),
        (["2019-01-01", "2019-01-02", "2020-01-01"] * 9, {}, RequestError),
    ],
)
def test_bad_requests(target: list[object], plan: dict[str, object], error: type[Exception]) -> None:
    with pytest.raises(error):
        resolved(target, **plan)


def test_a_target_that_is_not_there_suggests_a_near_name() -> None:
    frame = pl.DataFrame({"Survived": [0, 1], "Age": [1.0, 2.0]})
    with pytest.raises(RequestError, match="Did you mean 'Survived'"):
        resolve(frame, infer(frame), Plan(target="survived"))
    with pytest.raises(RequestError, match="No target"):
        resolve(frame, infer(frame), Plan())


def test_encoding_leaves_out_rows_without_a_target() -> None:
    found, frame = resolved(["yes", None, "no", "?", " yes ", "no"] * 5)
    table = conform(frame, found.schema).table
    target, rows = encode(table, found.task)
    assert rows.tolist()[:4] == [0, 2, 4, 5]
    assert target.values.tolist()[:4] == [1.0, 0.0, 1.0, 0.0]
    assert (target.classes, len(target)) == (2, 20)


@pytest.mark.parametrize("values", [[True, False], ["True", "False"], [0, 1], ["0", "1"], [0.0, 1.0], ["Yes", "No"]])
def test_labels_come_back_from_codes(values: list[object]) -> None:
    found, frame = resolved(values * 10)
    target, _ = encode(conform(frame, found.schema).table, found.task)
    labels = [found.task.classes[code] for code in target.codes]
    expected = [v == "True" if v in ("True", "False") else int(v) if v in ("0", "1") else v for v in values * 10]
    assert labels == expected


def test_a_new_class_or_an_empty_target_at_evaluation() -> None:
    found, _ = resolved(["a", "b", "c"] * 10)
    table = conform(pl.DataFrame({"x": [1.0, 2.0], "y": ["a", "z"]}), found.schema).table
    assert encode(table, found.task)[1].tolist() == [0]
    with pytest.raises(DataError, match="No row has a target"):
        encode(table.tail(1), found.task)
    with pytest.raises(DataError, match="not there"):
        encode(table.drop("y"), found.task)


def test_weights() -> None:
    frame = pl.DataFrame({"x": [1.5, 2.5, 3.5] * 5, "y": ["a", "b", None] * 5, "w": [1.0, 2.0, 0.5] * 5})
    found = resolve(frame, infer(frame, target="y"), Plan(target="y", weight="w"))
    target, _ = encode(conform(frame, found.schema).table, found.task)
    assert target.weights is not None
    assert target.weights.tolist() == [1.0, 2.0] * 5
    bad = conform(frame.with_columns(w=-pl.col("w")), found.schema).table
    with pytest.raises(DataError, match="weights"):
        encode(bad, found.task)


def ratings() -> pl.DataFrame:
    draw = np.random.default_rng(5)
    return pl.DataFrame(
        {
            "user_id": draw.integers(1, 40, 500),
            "movie_id": draw.integers(1, 60, 500),
            "rating": draw.integers(1, 6, 500),
            "timestamp": draw.integers(874_000_000, 893_000_000, 500),
        }
    )


def test_a_table_of_ratings_is_recognised() -> None:
    frame = ratings()
    found = resolve(frame, infer(frame, target="rating"), Plan(target="rating"))
    assert found.task.goal is Goal.RECOMMENDATION
    assert found.task.roles == {"user": "user_id", "item": "movie_id", "time": "timestamp"}
    assert found.task.metric == "ndcg@10"
    assert [found.schema[c].kind for c in ("user_id", "movie_id", "rating")] == [Kind.ID, Kind.ID, Kind.NUMBER]
    asked = resolve(frame, infer(frame, target="rating"), Plan(target="rating", task="multiclass"))
    assert asked.task.goal is Goal.MULTICLASS


def test_events_need_no_target() -> None:
    frame = ratings().drop("rating", "timestamp")
    found = resolve(frame, infer(frame), Plan())
    assert (found.task.goal, found.task.target) == (Goal.RECOMMENDATION, "")
    target, rows = encode(conform(frame, found.schema).table, found.task)
    assert target.values.tolist() == [1.0] * 500
    assert len(rows) == 500


def test_roles_name_users_and_items() -> None:
    frame = ratings().rename({"user_id": "u", "movie_id": "m"})
    plan = Plan(target="rating", role={"user": "u", "item": "m"})
    assert resolve(frame, infer(frame, target="rating", roles=plan.role), plan).task.goal is Goal.RECOMMENDATION


def test_a_folder_of_pictures_has_its_target() -> None:
    frame = pl.DataFrame({"image": [b"\x89PNG\r\n\x1a\n"] * 20, "label": ["cat", "dog"] * 10})
    found = resolve(frame, infer(frame), Plan())
    assert (found.task.target, found.task.goal) == ("label", Goal.BINARY)


def test_a_row_key_is_kept_beside_predictions() -> None:
    frame = pl.DataFrame({"customerID": range(100), "y": ["a", "b"] * 50})
    assert resolve(frame, infer(frame, target="y"), Plan(target="y")).task.id == "customerID"


def test_weight_and_time_are_read_as_amounts() -> None:
    frame = pl.DataFrame({"t": range(100), "w_id": [1, 2, 3, 4] * 25, "word": ["a", "b"] * 50, "y": ["a", "b"] * 50})
    schema = infer(frame, target="y")
    assert (schema["t"].kind, schema["w_id"].kind) == (Kind.ID, Kind.CATEGORY)
    found = resolve(frame, schema, Plan(target="y", time="t", weight="w_id"))
    assert (found.schema["t"].kind, found.schema["w_id"].kind) == (Kind.NUMBER, Kind.NUMBER)
    for part in ("time", "weight"):
        with pytest.raises(RequestError, match=f"--{part}"):
            resolve(frame, schema, Plan.of({"target": "y", part: "word"}))


def test_columns_that_may_play_a_part_are_named_and_not_taken() -> None:
    days = [f"2020-01-{day:02}" for day in range(1, 29)] * 4
    frame = pl.DataFrame({"made": days, "weight": [1.5, 2.5] * 56, "shop_id": [1, 2, 3, 4] * 28, "y": ["a", "b"] * 56})
    found = resolve(frame, infer(frame, target="y"), Plan(target="y"))
    assert (found.task.time, found.task.weight, found.task.group) == (None, None, None)
    for part in ("--time made", "--weight weight", "--group shop_id"):
        assert any(part in reason for reason in found.reasons)
